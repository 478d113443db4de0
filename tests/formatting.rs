//! Formatting: the cases of `tests/format/*.md`, and what holds for any text at all.
//!
//! A case is a `deploy` block with its heading. The `formatted` block behind it is what becomes of it; without one it is
//! formatted already. Each result is formatted again, and must not change. `PHASEGATE_BLESS=1` rewrites the blocks.

use std::fs;
use std::path::{Path, PathBuf};

use phasegate::base::source::SourceFile;
use phasegate::base::span::FileId;
use phasegate::format::{Formatted, format};
use phasegate::syntax::elements::{Element, read};
use phasegate::syntax::tree::SyntaxKind;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

const EVERYTHING: &str = include_str!("samples/everything.deploy");

fn source(text: &str) -> SourceFile {
    SourceFile::new(FileId(0), "case.deploy", text)
}

fn formatted(text: &str) -> String {
    match format(&source(text)) {
        Ok(Formatted { text: result, .. }) => result.unwrap_or_else(|| text.to_owned()),
        Err(_) => panic!("refused:\n{text}"),
    }
}

/// A document as rows of text, blocks by their word.
struct Piece {
    word: String,
    text: String,
    place: String,
}

fn pieces(name: &str, document: &str) -> Vec<Piece> {
    let mut found = vec![Piece { word: String::new(), text: String::new(), place: String::new() }];
    let mut heading = String::new();
    for (index, line) in document.split_inclusive('\n').enumerate() {
        let inside = found.last().is_some_and(|piece| !piece.word.is_empty());
        let fence = line.trim_end().strip_prefix("```");
        match fence {
            Some(word) if !inside && !word.is_empty() => {
                if let Some(last) = found.last_mut() {
                    last.text.push_str(line);
                }
                let place = format!("{name}:{} {heading}", index + 1);
                found.push(Piece { word: word.to_owned(), text: String::new(), place });
                continue;
            }
            Some("") if inside => {
                found.push(Piece { word: String::new(), text: String::new(), place: String::new() });
            }
            _ => {}
        }
        if let (false, Some(title)) = (inside, line.strip_prefix('#')) {
            heading = title.trim_start_matches('#').trim().to_owned();
        }
        if let Some(last) = found.last_mut() {
            last.text.push_str(line);
        }
    }
    found
}

/// What is wrong in a document, and the document with what the formatter gives.
fn check_document(name: &str, document: &str) -> (Vec<String>, String, usize) {
    let mut failures = Vec::new();
    let mut blessed = String::new();
    let mut cases = 0;
    let pieces = pieces(name, document);
    for (index, piece) in pieces.iter().enumerate() {
        let expectation = pieces.get(index + 2).filter(|piece| piece.word == "formatted");
        match piece.word.as_str() {
            "deploy" => {
                cases += 1;
                let result = formatted(&piece.text);
                if formatted(&result) != result {
                    failures.push(format!("{}: formatted again it is\n{}", piece.place, formatted(&result)));
                }
                if expectation.is_none() && result != piece.text {
                    failures.push(format!("{}: it becomes\n{result}", piece.place));
                }
                blessed.push_str(&piece.text);
            }
            "formatted" => {
                let given = index.checked_sub(2).map(|before| formatted(&pieces[before].text)).unwrap_or_default();
                if given != piece.text {
                    failures.push(format!("{}\n--- expected\n{}--- given\n{given}", piece.place, piece.text));
                }
                blessed.push_str(&given);
            }
            _ => blessed.push_str(&piece.text),
        }
    }
    (failures, blessed, cases)
}

#[test]
fn the_literate_cases_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format");
    let bless = std::env::var_os("PHASEGATE_BLESS").is_some_and(|value| value == "1");
    let mut failures = Vec::new();
    let mut cases = 0;
    for path in files(&folder, "md") {
        let document = fs::read_to_string(&path).expect("a document that was just listed");
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (wrong, blessed, count) = check_document(&name, &document);
        cases += count;
        if bless {
            fs::write(&path, blessed).expect("a document that can be written");
        } else {
            failures.extend(wrong);
        }
    }
    assert!(cases > 25, "only {cases} cases found");
    assert!(failures.is_empty(), "{} of {cases} cases fail:\n\n{}\n", failures.len(), failures.join("\n\n"));
}

#[test]
fn a_case_that_does_not_hold_fails() {
    let (failures, blessed, _) =
        check_document("a.md", "# A\n\n```deploy\nuse  std.backup\n```\n\n```formatted\nuse std\n```\nend\n");
    assert_eq!(failures.len(), 1);
    assert!(blessed.contains("```formatted\nuse std.backup\n```\nend\n"), "{blessed}");
    assert_eq!(check_document("a.md", &blessed).0, Vec::<String>::new());
    assert_eq!(check_document("a.md", "```deploy\nuse  std.backup\n```\n").0.len(), 1);
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    paths.sort();
    paths
}

/// Every program of this package.
fn programs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["pipelines", "stdlib", "tests/samples", "tests/analysis"];
    let paths = folders.iter().flat_map(|folder| files(&root.join(folder), "deploy"));
    let programs: Vec<String> = paths.filter_map(|path| fs::read_to_string(path).ok()).collect();
    assert!(programs.len() > 10, "only {} programs found", programs.len());
    programs
}

fn is_comment(element: &&Element) -> bool {
    matches!(element.kind, SyntaxKind::Comment | SyntaxKind::DocComment)
}

fn is_blank(element: &Element) -> bool {
    matches!(element.kind, SyntaxKind::Whitespace | SyntaxKind::Newline)
}

fn texts<'a>(text: &'a str, elements: impl Iterator<Item = &'a Element>) -> Vec<&'a str> {
    elements.map(|element| &text[element.start as usize..element.end as usize]).collect()
}

fn comments(text: &str) -> Vec<String> {
    let read = read(&source(text));
    let found = read.elements.iter().filter(is_comment).cloned().collect::<Vec<_>>();
    texts(text, found.iter()).iter().map(|comment| comment.trim_end().replace("\r\n", "\n")).collect()
}

/// Every letter but white space (also what only looks like it), commas and the one sign that is written anew.
fn letters(text: &str) -> String {
    let is_blank = |letter: char| letter.is_whitespace() || "\u{200B}\u{2060}\u{FEFF}".contains(letter);
    text.replace('±', "+-").chars().filter(|letter| !is_blank(*letter) && *letter != ',').collect()
}

/// What holds for every text: nothing is lost, and formatting again changes nothing.
fn assert_sound(text: &str) {
    let result = formatted(text);
    assert_eq!(formatted(&result), result, "formatted again it changes:\n{text}");
    assert_eq!(comments(&result), comments(text), "{text}");
    let bare = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    assert_eq!(letters(result.strip_prefix('\u{FEFF}').unwrap_or(&result)), letters(bare), "{text}");
}

/// What holds for a text without faults: the same tokens, on lines that are not too long.
fn assert_canonical(text: &str) {
    assert_sound(text);
    let result = formatted(text);
    for line in result.lines() {
        let code = line.split("//").next().unwrap_or(line).trim_end();
        let unbreakable = code.contains('"') || line.trim_start().starts_with("//");
        assert!(code.chars().count() <= 100 || unbreakable, "too long: {line}");
        assert!(!line.ends_with(' ') || unbreakable, "blanks at the end of {line:?}");
    }
    assert!(!result.contains("\n\n\n"), "two empty lines:\n{result}");
    let tokens = |text: &str| -> Vec<String> {
        let read = read(&source(text));
        let leaves = read.elements.iter().enumerate().filter(|(index, element)| {
            element.next as usize == index + 1 && !is_blank(element) && !is_comment(element)
        });
        let leaves: Vec<Element> = leaves.map(|(_, element)| *element).collect();
        texts(text, leaves.iter()).iter().filter(|text| **text != ",").map(|text| (*text).to_owned()).collect()
    };
    assert_eq!(tokens(&result), tokens(text));
}

#[test]
fn every_program_of_this_package_is_formatted_soundly() {
    programs().iter().for_each(|program| assert_canonical(program));
}

#[test]
fn every_prefix_of_a_program_is_formatted_soundly() {
    for program in programs() {
        // All prefixes of a long program take long in a debug build: some of each are tried.
        let step = (program.len() / 24).max(1);
        let ends: Vec<usize> = program.char_indices().map(|(at, _)| at).collect();
        ends.iter().step_by(step).for_each(|end| assert_sound(&program[..*end]));
    }
}

#[test]
fn every_program_without_one_line_is_formatted_soundly() {
    for program in programs() {
        let lines: Vec<&str> = program.split_inclusive('\n').collect();
        for gone in (0..lines.len()).step_by(lines.len() / 6 + 1) {
            let kept = lines.iter().enumerate().filter(|(line, _)| *line != gone);
            assert_sound(&kept.map(|(_, line)| *line).collect::<String>());
        }
    }
}

/// Programs with a comment in every seventh gap between two tokens, each gap in its turn, of every kind.
#[test]
fn a_comment_in_any_gap_stays_there() {
    let read = read(&source(EVERYTHING));
    let mut ends: Vec<usize> = Vec::new();
    for (index, element) in read.elements.iter().enumerate() {
        if element.next as usize == index + 1 && !is_blank(element) && !is_comment(&element) {
            ends.push(element.end as usize);
        }
    }
    for (turn, comment) in
        ["/* why */", " // why\n", "\n  // why\n\n", " /* why */ ", "\n /* a\n b */\n"].iter().enumerate()
    {
        for first in (turn % 2..7).step_by(2) {
            let mut text = EVERYTHING.to_owned();
            ends.iter().skip(first).step_by(7).rev().for_each(|end| text.insert_str(*end, comment));
            assert_sound(&text);
        }
    }
}

/// Everything in one program that is as narrow or as wide as it can be.
#[test]
fn any_layout_of_a_program_is_formatted_to_the_same_text() {
    let lines: Vec<&str> = EVERYTHING.lines().map(str::trim_start).collect();
    assert_canonical(&lines.join("\n"));
    let wide: String = EVERYTHING.lines().map(|line| format!("\t   {line}  \n\n\n")).collect();
    assert_canonical(&wide);
    let names = EVERYTHING.replace("oncall", "oncall_and_everybody_else_who_has_something_to_say");
    assert_canonical(&names);
}

#[test]
fn lines_end_as_those_of_the_file_do() {
    let unix = formatted("pipeline p {\n wait  5m // why\n\n\n wait 6m\n}");
    assert_eq!(unix, "pipeline p {\n  wait 5m  // why\n\n  wait 6m\n}\n");
    let windows = formatted("\u{FEFF}pipeline p {\r\n wait  5m // why\r\n\r\n\r\n wait 6m\n}");
    assert_eq!(windows, format!("\u{FEFF}{}", unix.replace('\n', "\r\n")));
    assert_eq!(formatted(&windows), windows);
    assert_eq!(formatted("pipeline p {\r\n wait  5m // why\n\n\n wait 6m\n}"), unix);
}

#[test]
fn all_returns_before_a_line_feed_end_the_line() {
    let windows = formatted("pipeline p {\r\r\n wait  5m // why\r\r\r\n}\r\n");
    assert_eq!(windows, "pipeline p {\r\n  wait 5m  // why\r\n}\r\n");
    // What does not parse stays, but for how its lines end.
    for text in [
        "J\n\r\r\n\u{1}",
        "J \r \n\r\n\r x\r\t\n",
        "// a\r \n/* b\r \n\r\r\n */\r \n",
        "let a = \"\"\"\r\r\n x\r \n\r\"\"\"\r",
    ] {
        let once = formatted(text);
        assert_eq!(formatted(&once), once, "{text:?}");
    }
}

#[test]
fn what_is_not_utf_8_is_left_as_it_is() {
    let source = SourceFile::from_bytes(FileId(0), "a.deploy", b"use  std.backup // \xFF\n");
    let Ok(Formatted { text, diagnostics }) = format(&source) else { panic!("refused") };
    assert_eq!(text, None);
    assert_eq!(diagnostics.iter().map(|one| one.code.id()).collect::<Vec<_>>(), ["PG010"]);
}

#[test]
fn nothing_that_nests_is_feared() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("pipeline p {{ let x = {}a{} }}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("{ a: ", "}"), ("if a then b else ", "")] {
        assert_sound(&nested(open, close, 120));
        assert_sound(&nested(open, close, 5_000));
    }
    assert_sound(&format!("pipeline p {{ {} {} }}", "parallel {".repeat(120), "}".repeat(120)));
    assert_sound(&format!("pipeline p {{ let x = a{} }}", " + a".repeat(1_000)));
    assert_sound(&format!("pipeline p {{ let x = a{} }}", ".b[1](c)".repeat(300)));
}

/// Words and signs of the language, comments, and some that are not of it.
fn token() -> impl Strategy<Value = String> {
    let words: Vec<&str> = EVERYTHING.split_whitespace().collect();
    prop_oneof![
        8 => prop::sample::select(words).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["\r", "{", "}", "(", ")", "[", "]", "\"", "\"\"\"", "${", "r\"", "/*", "*/", "// c\n", "/* c */", "/// d\n", "/* a\n b */", "\\", "<", ">", "≤", "“", "\n", "\r\n", "\u{1D}", "\u{1E}", "\0", "ä", ",", ":", "=", "if", "5min", "¡", "±"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

fn gap() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(" "), 3 => Just("\n  "), 2 => Just("\n"), 1 => Just(""), 1 => Just("\n\n\n"), 1 => Just(" /* x */ "), 1 => Just(" // y\n")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_row_of_tokens_is_formatted_soundly(tokens in prop::collection::vec((token(), gap()), 0..60)) {
        let text: String = tokens.iter().flat_map(|(token, gap)| [token.as_str(), gap]).collect();
        assert_sound(&text);
    }

    #[test]
    fn any_edit_of_a_program_is_formatted_soundly(at in any::<prop::sample::Index>(), length in 0_usize..40, insert in token()) {
        let starts: Vec<usize> = EVERYTHING.char_indices().map(|(at, _)| at).collect();
        let from = at.index(starts.len());
        let to = starts.get(from + length).copied().unwrap_or(EVERYTHING.len());
        let mut text = EVERYTHING.to_owned();
        text.replace_range(starts[from]..to, &insert);
        assert_sound(&text);
    }

    #[test]
    fn any_white_space_is_formatted_soundly(gaps in prop::collection::vec(gap(), 40)) {
        let words = EVERYTHING.split_inclusive(' ').zip(gaps.iter().cycle());
        let text: String = words.flat_map(|(word, gap)| [word, gap.trim_start_matches('\n')]).collect();
        assert_sound(&text);
    }

    #[test]
    fn any_text_is_formatted_soundly(text in any::<String>()) {
        assert_sound(&text);
    }
}

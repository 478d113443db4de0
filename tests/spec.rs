//! Runs the literate cases: every `deploy` block of `tests/spec/*.md`, `docs/*.md` and `README.md` is checked.
//!
//! A case is one block, named by its heading. `//~ PG202` at the end of a line says that this code is reported on
//! this line, `//~^ PG202` that it is reported one line higher (`^^`: two); several codes may follow, and a text in
//! double quotes must stand in the message of the code before it. The marks are taken out before checking, lines
//! stay. Errors must match exactly; warnings must be there when expected, a code that is expected once must not be
//! reported elsewhere, and with `deploy strict` nothing else may be reported at all.
//!
//! `deploy slo.deploy` is a file that the other blocks under its heading may import. A block behind a case in which
//! `text` or `json` is followed by a word is what the program gives for it; `PHASEGATE_BLESS=1` rewrites those. `text
//! fixed` is the case with all sure fixes put in. Every fix of every case is tried by itself: what it is for must be
//! gone, and no new error may be there.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use phasegate::analysis::{analyze, fixes};
use phasegate::base::diagnostic::{Code, Diagnostic, Severity};
use phasegate::base::source::Sources;
use phasegate::report::diagnostics::text::Look;
use phasegate::report::diagnostics::{Summary, json, text};

/// The name under which a block is checked.
const ROOT: &str = "case.deploy";

#[test]
fn the_literate_cases_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("PHASEGATE_BLESS").is_some_and(|value| value == "1");
    let mut failures = Vec::new();
    let mut cases = 0;
    for path in documents(root) {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let document = fs::read_to_string(&path).expect("a document that was just listed");
        let outcome = check_document(&name, &document);
        cases += outcome.cases;
        if bless && outcome.blessed != document {
            fs::write(&path, &outcome.blessed).expect("a document that can be written");
        }
        failures.extend(outcome.failures.into_iter().filter(|failure| !(bless && failure.blessable)));
    }
    assert!(cases > 0, "no cases found");
    let words: Vec<String> = failures.into_iter().map(|failure| failure.words).collect();
    assert!(words.is_empty(), "{} of {cases} cases fail:\n\n{}\n", words.len(), words.join("\n\n"));
}

#[test]
fn every_code_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let everything: String = markdown(&folder).iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    let marks: Vec<&str> = everything.lines().filter_map(|line| line.split_once("//~")).map(|(_, mark)| mark).collect();
    let without = |code: &&Code| !NOT_HERE.contains(code) && !marks.iter().any(|mark| mark.contains(code.id()));
    let missing: Vec<&str> = Code::ALL.iter().filter(without).map(|code| code.id()).collect();
    assert!(missing.is_empty(), "no case in tests/spec reports {missing:?}");
}

/// Codes without a case here: a Markdown document is UTF-8 (`tests/command_line.rs` has bytes that are not).
const NOT_HERE: &[Code] = &[Code::PG010];

/// A fix that lets more be read may bring to light what could not be judged before; these do, in cases that are about
/// something else.
const BRINGS_TO_LIGHT: &[&str] = &["PG210 is silent about what could not be read"];

#[test]
fn every_fix_cures_what_it_is_for_and_nothing_new_is_wrong() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut failures = Vec::new();
    let mut tried = 0;
    for path in documents(root) {
        let text = fs::read_to_string(&path).expect("a document that was just listed");
        let document = read_document(&text);
        for (_, fence) in &document.fences {
            if !matches!(fence.info.as_str(), "deploy" | "deploy strict")
                || BRINGS_TO_LIGHT.contains(&fence.heading.as_str())
            {
                continue;
            }
            let case = Case::new(fence, &document);
            for diagnostic in case.diagnostics.iter().filter(|diagnostic| diagnostic.fix.is_some()) {
                tried += 1;
                let place = format!("{}:{} {}", path.display(), fence.line - 1, fence.heading);
                failures.extend(case.not_cured(diagnostic).map(|words| format!("{place}\n  {words}")));
            }
        }
    }
    assert!(tried > 40, "only {tried} fixes were found");
    assert!(failures.is_empty(), "{} of {tried} fixes fail:\n\n{}\n", failures.len(), failures.join("\n\n"));
}

fn documents(root: &Path) -> Vec<PathBuf> {
    let mut documents = markdown(&root.join("tests/spec"));
    documents.extend(markdown(&root.join("docs")));
    documents.push(root.join("README.md"));
    documents.retain(|path| path.is_file());
    documents
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    paths.sort();
    paths
}

struct Failure {
    words: String,
    /// Whether it is only an expectation block that is out of date.
    blessable: bool,
}

#[derive(Default)]
struct Outcome {
    cases: usize,
    failures: Vec<Failure>,
    /// The document with what the program gives in its expectation blocks.
    blessed: String,
}

/// A fenced block: its info string, its text and where the text begins.
struct Fence {
    info: String,
    text: String,
    line: usize,
    heading: String,
}

/// A document as a row of fences with the lines before each.
struct Document {
    fences: Vec<(String, Fence)>,
    rest: String,
}

fn read_document(text: &str) -> Document {
    let mut fences = Vec::new();
    let mut before = String::new();
    let mut heading = String::new();
    let mut lines = text.split_inclusive('\n').enumerate();
    while let Some((index, line)) = lines.next() {
        before.push_str(line);
        if let Some(title) = line.strip_prefix('#') {
            heading = title.trim_start_matches('#').trim().to_owned();
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut text = String::new();
        let mut closing = String::new();
        for (_, line) in lines.by_ref() {
            if line.trim_end() == "```" {
                closing = line.to_owned();
                break;
            }
            text.push_str(line);
        }
        let fence = Fence { info: info.trim().to_owned(), text, line: index + 2, heading: heading.clone() };
        fences.push((std::mem::take(&mut before), fence));
        before.push_str(&closing);
    }
    Document { fences, rest: before }
}

fn check_document(name: &str, text: &str) -> Outcome {
    let document = read_document(text);
    let mut outcome = Outcome::default();
    let mut last: Option<Case> = None;
    for (before, fence) in &document.fences {
        let place = format!("{name}:{} {}", fence.line - 1, fence.heading);
        let mut content = fence.text.clone();
        match fence.info.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["deploy"] | ["deploy", "strict"] => {
                let case = Case::new(fence, &document);
                outcome.cases += 1;
                let differences = case.differences(fence.info.ends_with("strict"));
                if !differences.is_empty() {
                    let words = format!("{place}\n{differences}");
                    outcome.failures.push(Failure { words, blessable: false });
                }
                last = Some(case);
            }
            [format @ ("text" | "json"), view, ..] => {
                content = match last.as_ref().map(|case| case.view(format, view)) {
                    Some(Ok(given)) => given,
                    Some(Err(message)) => {
                        outcome.failures.push(Failure { words: format!("{place}\n  {message}"), blessable: false });
                        content
                    }
                    None => content,
                };
                if content != fence.text {
                    let words = format!("{place}\n--- expected\n{}--- given\n{content}", fence.text);
                    outcome.failures.push(Failure { words, blessable: true });
                }
            }
            _ => {}
        }
        outcome.blessed.push_str(before);
        outcome.blessed.push_str(&content);
    }
    outcome.blessed.push_str(&document.rest);
    outcome
}

/// A program of a document, and what is expected of it.
struct Case {
    files: HashMap<String, String>,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    read: usize,
    expected: Vec<Expected>,
    /// Why it could not be checked at all.
    failed: Option<String>,
}

#[derive(Debug)]
struct Expected {
    line: usize,
    code: String,
    words: Option<String>,
}

impl Case {
    fn new(fence: &Fence, document: &Document) -> Self {
        let mut files: HashMap<String, String> = HashMap::new();
        for (_, other) in document.fences.iter().filter(|(_, other)| other.heading == fence.heading) {
            if let Some(file) = other.info.strip_prefix("deploy ").filter(|file| *file != "strict") {
                files.insert(file.to_owned(), other.text.clone());
            }
        }
        let (text, expected) = take_marks(&fence.text);
        files.insert(ROOT.to_owned(), text);
        Self::of(files, expected)
    }

    fn of(files: HashMap<String, String>, expected: Vec<Expected>) -> Self {
        let mut sources = Sources::default();
        let mut read = |path: &str| {
            files.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| format!("there is no file `{path}`"))
        };
        let (diagnostics, read, failed) = match analyze(&mut read, ROOT, &mut sources) {
            Ok(analysis) => (analysis.diagnostics, analysis.files.len(), None),
            Err(message) => (Vec::new(), 0, Some(message)),
        };
        Self { files, sources, diagnostics, read, expected, failed }
    }

    /// The same case with these fixed in their file; none when there is nothing to fix.
    fn with_fixes(&self, diagnostics: &[&Diagnostic]) -> Option<Self> {
        let file = self.sources.get(diagnostics.first()?.at.file)?;
        let fixed = fixes::apply(file, diagnostics)?;
        let mut files = self.files.clone();
        files.insert(file.name.clone(), fixed.text);
        Some(Self::of(files, Vec::new()))
    }

    /// What is wrong with the fix of a diagnostic, if anything.
    fn not_cured(&self, diagnostic: &Diagnostic) -> Option<String> {
        let about = format!("{}: {}", diagnostic.code.id(), diagnostic.message);
        let Some(after) = self.with_fixes(&[diagnostic]) else { return Some(format!("{about}: cannot be put in")) };
        let same = |case: &Self| {
            case.diagnostics
                .iter()
                .filter(|one| one.code == diagnostic.code && one.message == diagnostic.message)
                .count()
        };
        let text = &after.files[&self.sources.get(diagnostic.at.file)?.name];
        if same(&after) >= same(self) {
            return Some(format!("{about}: is still there\n{text}"));
        }
        let errors = |case: &Self| {
            let errors = case.diagnostics.iter().filter(|one| one.severity() == Severity::Error);
            errors.map(|one| format!("{}: {}", one.code.id(), one.message)).collect::<Vec<_>>()
        };
        let mut known = errors(self);
        let mut new = errors(&after);
        new.retain(|error| known.iter().position(|other| other == error).map(|index| known.remove(index)).is_none());
        (!new.is_empty()).then(|| format!("{about}: brings {new:?}\n{text}"))
    }

    /// The block with all sure fixes, until nothing changes.
    fn fixed(&self) -> String {
        let own = |case: &Self| {
            let fixable = case
                .diagnostics
                .iter()
                .filter(|one| one.fix.is_some() && case.sources.get(one.at.file).is_some_and(|file| file.name == ROOT));
            case.with_fixes(&fixable.collect::<Vec<_>>())
        };
        let mut last = own(self);
        for _ in 0..20 {
            match last.as_ref().and_then(own) {
                Some(next) => last = Some(next),
                None => break,
            }
        }
        last.as_ref().unwrap_or(self).files[ROOT].clone()
    }

    /// What is expected and not given, and the other way round, a line each.
    fn differences(&self, strict: bool) -> String {
        let mut words = self.failed.iter().map(|message| format!("  {message}\n")).collect::<String>();
        let mut unmatched: Vec<&Diagnostic> = self.diagnostics.iter().collect();
        for expected in &self.expected {
            let fits = |diagnostic: &&Diagnostic| {
                diagnostic.code.id() == expected.code
                    && self.line(diagnostic) == Some(expected.line)
                    && expected.words.as_ref().is_none_or(|words| diagnostic.message.contains(words.as_str()))
            };
            match unmatched.iter().position(fits) {
                Some(index) => drop(unmatched.remove(index)),
                None => {
                    let with = expected.words.as_ref().map(|words| format!(" with \"{words}\"")).unwrap_or_default();
                    let _ = writeln!(words, "  line {}: {} is not reported{with}", expected.line, expected.code);
                }
            }
        }
        let counts = |diagnostic: &&&Diagnostic| {
            strict
                || diagnostic.severity() == Severity::Error
                || self.expected.iter().any(|expected| expected.code == diagnostic.code.id())
        };
        for diagnostic in unmatched.iter().filter(counts) {
            let line = self.line(diagnostic).map_or("another file".to_owned(), |line| format!("line {line}"));
            let _ = writeln!(words, "  {line}: unexpected {}: {}", diagnostic.code.id(), diagnostic.message);
        }
        words
    }

    /// The line of a diagnostic in the block itself.
    fn line(&self, diagnostic: &Diagnostic) -> Option<usize> {
        let file = self.sources.get(diagnostic.at.file).filter(|file| file.name == ROOT)?;
        Some(file.line_column(diagnostic.at.span.start as usize).line)
    }

    fn view(&self, format: &str, view: &str) -> Result<String, String> {
        let look = Look { colour: false, unicode: true, width: 100, spoken: false };
        match (format, view) {
            ("text", "diagnostics") => {
                let drawn: String = self.diagnostics.iter().map(|one| text::render(&self.sources, one, look)).collect();
                Ok(drawn.trim_end().to_owned() + "\n")
            }
            ("json", "diagnostics") => {
                Ok(json::render(&self.sources, &self.diagnostics, Summary::new(&self.diagnostics, self.read)))
            }
            ("text", "fixed") => Ok(self.fixed()),
            _ => Err(format!("there is no view `{format} {view}`")),
        }
    }
}

/// The block without its marks, and what they say.
fn take_marks(block: &str) -> (String, Vec<Expected>) {
    let mut expected = Vec::new();
    let mut text = String::new();
    for (index, line) in block.lines().enumerate() {
        let (code, mark) = line.split_once("//~").map_or((line, ""), |(code, mark)| (code.trim_end(), mark));
        text.push_str(code);
        text.push('\n');
        let words = mark.trim_start_matches('^');
        let line = (index + 1).saturating_sub(mark.len() - words.len());
        for (position, piece) in words.split('"').enumerate() {
            if position % 2 == 1 {
                if let Some(last) = expected.last_mut() {
                    let last: &mut Expected = last;
                    last.words = Some(piece.to_owned());
                }
            } else {
                let codes = piece.split_whitespace();
                expected.extend(codes.map(|code| Expected { line, code: code.to_owned(), words: None }));
            }
        }
    }
    (text, expected)
}

/// The harness itself: without these a case that is never compared would look like one that holds.
mod can_fail {
    use super::{check_document, take_marks};

    fn failures(document: &str) -> Vec<String> {
        check_document("a.md", document).failures.into_iter().map(|failure| failure.words).collect()
    }

    #[test]
    fn marks_are_taken_out_and_lines_stay() {
        let (text, expected) = take_marks("wait 5 //~ PG202 \"a duration\" PG410\n//~^ PG001\n}\n");
        assert_eq!(text, "wait 5\n\n}\n");
        let found: Vec<(usize, &str)> = expected.iter().map(|one| (one.line, one.code.as_str())).collect();
        assert_eq!(found, [(1, "PG202"), (1, "PG410"), (1, "PG001")]);
        assert_eq!(expected[0].words.as_deref(), Some("a duration"));
    }

    #[test]
    fn an_expected_code_that_is_not_reported_fails() {
        let found = failures("# A\n\n```deploy\ntype A = { a: int } //~ PG202\n```\n");
        assert_eq!(found, ["a.md:3 A\n  line 1: PG202 is not reported\n"]);
    }

    #[test]
    fn an_error_that_is_not_expected_fails() {
        let found = failures("# A\n\n```deploy\ntype A = { a: nothing_known }\n```\n");
        assert!(found.len() == 1 && found[0].contains("line 1: unexpected PG111"), "{found:?}");
    }

    #[test]
    fn an_expectation_that_is_out_of_date_fails_and_can_be_blessed() {
        let document =
            "```deploy\ntype A = { a: nothing_known } //~ PG111\n```\n\n```json diagnostics\nold\n```\nend\n";
        let outcome = check_document("a.md", document);
        assert!(outcome.failures.len() == 1 && outcome.failures[0].blessable);
        assert!(outcome.blessed.contains("\"PG111\"") && outcome.blessed.ends_with("\n```\nend\n"));
        assert!(check_document("a.md", &outcome.blessed).failures.is_empty());
    }
}

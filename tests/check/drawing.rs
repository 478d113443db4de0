//! What `check` draws and says for people.

use std::fs;

use super::{command, folder_with, phasegate, standard_output};

const BAD: &str = "/// Waits.\npipeline p {\n  phase only { wait 5 }\n}\n";

/// Widths of the lines of a drawing; wide characters count twice.
fn widths(text: &str) -> Vec<usize> {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ff60}');
    text.lines().map(|line| line.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()).collect()
}

fn drawn(text: &str, columns: &str) -> String {
    let folder = folder_with(&[("a.deploy", text)]);
    let output = command(folder.path(), &["check"]).env("COLUMNS", columns).output().expect("the program starts");
    standard_output(&output)
}

/// The column of what stands below the fault, and of the fault itself.
fn caret_and_fault(drawing: &str, fault: &str) -> (usize, usize) {
    let column = |line: &str, at: usize| -> usize {
        line[..at]
            .chars()
            .map(|c| {
                if ('\u{2e80}'..='\u{a4cf}').contains(&c) {
                    2
                } else if ('\u{300}'..='\u{36f}').contains(&c) {
                    0
                } else {
                    1
                }
            })
            .sum()
    };
    let lines: Vec<&str> = drawing.lines().collect();
    let index = lines.iter().position(|line| line.contains(" │ ") && line.contains(fault)).expect(drawing);
    let below = lines[index + 1];
    let caret = below.find(['┬', '─']).expect(drawing);
    let mark = below[caret..].chars().next().expect("a mark");
    assert!(matches!(mark, '┬' | '─'), "{drawing}");
    (column(below, caret), column(lines[index], lines[index].rfind(fault).expect("there")))
}

#[test]
fn carets_stand_below_what_they_mean() {
    let before =
        ["", "\"世界世界\" == \"世界世界\" and ", "\"é\" == \"é\" and ", "\"e\u{301}e\u{301}\" == \"e\u{301}\" and "];
    for words in before {
        let text = format!("/// Gates.\npipeline p {{\n  phase only {{ gate {{ require {words}limitt > 2 }} }}\n}}\n");
        let drawing = drawn(&text, "100");
        let (caret, fault) = caret_and_fault(&drawing, "limitt");
        assert_eq!(caret, fault, "{drawing}");
    }
}

#[test]
fn tabs_and_windows_line_ends_are_drawn_as_spaces_and_nothing() {
    let text = "/// Waits.\r\npipeline p {\r\n\tphase only {\twait 5 }\r\n}\r\n";
    let drawing = drawn(text, "80");
    assert!(!drawing.contains('\r') && !drawing.contains('\t'), "{drawing:?}");
    let (caret, fault) = caret_and_fault(&drawing, "5 }");
    assert_eq!(caret, fault, "{drawing}");
}

#[test]
fn forty_columns_are_enough() {
    let text = format!(
        "/// Waits.\npipeline p {{\n  phase only {{ gate {{ require \"{}\" == limitt }} }}\n}}\n",
        "世".repeat(60)
    );
    let drawing = drawn(&text, "40");
    assert!(drawing.contains("limitt") && drawing.contains('…'), "{drawing}");
    let widest = widths(&drawing).into_iter().max().unwrap_or(0);
    assert!(widest <= 40, "{widest} columns:\n{drawing}");
    let (caret, fault) = caret_and_fault(&drawing, "limitt");
    assert_eq!(caret, fault, "{drawing}");
}

#[test]
fn a_word_without_room_beside_its_mark_is_said_below() {
    let text = "use std.shell\n\n/// Twice.\npipeline p {\n  param first_of_two: int = 1\n  param      first_of_two: int = 2\n  phase a { gate { require first_of_two > 1 } }\n}\n";
    let drawing = drawn(text, "40");
    let widest = widths(&drawing).into_iter().max().unwrap_or(0);
    assert!(widest <= 40, "{widest} columns:\n{drawing}");
    assert!(drawing.contains("first declared"), "{drawing}");
}

#[test]
fn no_width_panics() {
    for columns in ["0", "1", "7", "39", "161", "100000", "99999999999999999999", "-3", "x"] {
        assert!(drawn(BAD, columns).contains("PG202"), "{columns}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let folder = folder_with(&[("a.deploy", BAD)]);
    let run = |variables: &[(&str, &str)]| {
        let mut command = command(folder.path(), &["check"]);
        command.envs(variables.iter().copied());
        standard_output(&command.output().expect("the program starts")).contains('\u{1b}')
    };
    assert!(!run(&[]));
    assert!(run(&[("CLICOLOR_FORCE", "1")]));
    assert!(!run(&[("NO_COLOR", "1")]));
}

#[test]
fn a_screen_reader_gets_sentences() {
    let folder = folder_with(&[("a.deploy", BAD)]);
    let asked = standard_output(&phasegate(folder.path(), &["check", "--screen-reader"]));
    assert!(asked.starts_with("error PG202 unit-mismatch in file a.deploy, line 3, column 21: "), "{asked}");
    assert!(
        asked.contains("\nthe line is: phase only { wait 5 }\n") && asked.contains("1 error in 1 file\n"),
        "{asked}"
    );
    assert!(asked.is_ascii(), "{asked}");
    for variable in ["PHASEGATE_SCREEN_READER", "NO_GRAPHICS"] {
        let run = |value: &str| {
            let output = command(folder.path(), &["check"]).env(variable, value).output().expect("the program starts");
            standard_output(&output)
        };
        assert_eq!(run("1"), asked, "{variable}");
        assert_ne!(run("0"), asked, "{variable}");
    }
}

#[test]
fn the_last_lines_say_how_many_and_what_to_do() {
    let folder = folder_with(&[("a.deploy", "type A = { a: strin, b: nothing_known }\n")]);
    let text = standard_output(&phasegate(folder.path(), &["check"]));
    let expected = "2 errors in 1 file\n`phasegate explain PG111` says more\n`phasegate check --fix` fixes 1 of them\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn an_annotation_has_its_place_and_escapes_what_steers() {
    let folder = folder_with(&[]);
    fs::create_dir(folder.path().join("a,b")).expect("made");
    fs::write(folder.path().join("a,b/100%:x.deploy"), BAD).expect("written");
    let text = standard_output(&phasegate(folder.path(), &["check", "--format", "github"]));
    let expected =
        "::error file=a%2Cb/100%25%3Ax.deploy,line=3,endLine=3,col=21,endColumn=22,title=PG202 unit-mismatch::";
    assert!(text.starts_with(expected), "{text}");
    fs::write(folder.path().join("a,b/100%:x.deploy"), "pipeline p { phase a { wait 5m } }\n").expect("written");
    let text = standard_output(&phasegate(folder.path(), &["check", "--format", "github"]));
    assert!(text.starts_with("::warning file=") && text.contains("title=PG504 undocumented-pipeline::"), "{text}");
}

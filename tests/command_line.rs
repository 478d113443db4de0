//! The program from outside: what `check`, `explain` and wrong usage print, and how they exit.

#[path = "support/outside.rs"]
mod outside;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use outside::{command, folder_with, standard_error, standard_output};
use serde_json::Value;

const GOOD: &str = "/// Waits.\npipeline p {\n  phase only { wait 5m }\n}\n";
const BAD: &str = "/// Waits.\npipeline p {\n  phase only { wait 5 }\n}\n";
const WARNED: &str = "pipeline p {\n  phase only { wait 5m }\n}\n";

fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

#[test]
fn a_good_program_is_well() {
    let folder = folder_with(&[("a.deploy", GOOD)]);
    let output = phasegate(folder.path(), &["check", "a.deploy"]);
    assert_eq!(standard_output(&output), "no problems in 1 file\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_error_is_drawn_and_exits_1() {
    let folder = folder_with(&[("a.deploy", BAD)]);
    let output = phasegate(folder.path(), &["check", "a.deploy"]);
    let text = standard_output(&output);
    assert!(text.starts_with("PG202 unit-mismatch\n") && text.contains("a.deploy:3:21"), "{text}");
    assert!(text.contains("1 error in 1 file\n`phasegate explain PG202` says more\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "colours without a terminal");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn warnings_exit_0_unless_they_are_denied() {
    let folder = folder_with(&[("a.deploy", WARNED)]);
    assert_eq!(phasegate(folder.path(), &["check"]).status.code(), Some(0));
    let denied = phasegate(folder.path(), &["check", "--deny", "warnings"]);
    assert_eq!(denied.status.code(), Some(1));
    assert!(standard_output(&denied).contains("PG504"), "{}", standard_output(&denied));
}

#[test]
fn folders_are_walked_and_json_counts_their_files() {
    let folder = folder_with(&[("a.deploy", GOOD), ("inner/b.deploy", BAD), ("inner/notes.md", "wait 5")]);
    let output = phasegate(folder.path(), &["check", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["summary"], serde_json::json!({ "errors": 1, "warnings": 0, "files": 2 }));
    let diagnostic = &report["diagnostics"][0];
    assert_eq!((diagnostic["code"].as_str(), diagnostic["file"].as_str()), (Some("PG202"), Some("inner/b.deploy")));
    assert_eq!(diagnostic["start"], serde_json::json!({ "line": 3, "column": 21, "offset": 44 }));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_that_several_import_is_reported_once() {
    let slo = "type A = { a: strin }\n";
    let user = "use \"./slo.deploy\".{A}\ntype B = { b: A }\n";
    let folder = folder_with(&[("slo.deploy", slo), ("one.deploy", user), ("two.deploy", user)]);
    let output = phasegate(folder.path(), &["check", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["summary"], serde_json::json!({ "errors": 1, "warnings": 0, "files": 3 }));
}

#[test]
fn what_another_file_imports_is_used() {
    let slo = "metrics m from http(\"http://127.0.0.1:1/\") every 10s { e: ratio = json(\"e\") }\n\
               threshold healthy { require m.e < 1% }\n";
    let user = "use \"./slo.deploy\".{healthy}\n/// Holds.\npipeline p { phase a { hold 5m { require healthy } } }\n";
    let folder = folder_with(&[("slo.deploy", slo), ("user.deploy", user)]);
    let both = phasegate(folder.path(), &["check", "--deny", "warnings"]);
    assert_eq!((both.status.code(), standard_output(&both).as_str()), (Some(0), "no problems in 2 files\n"));
}

#[test]
fn an_unreadable_file_exits_2_and_the_others_are_checked() {
    let folder = folder_with(&[("a.deploy", BAD)]);
    let output = phasegate(folder.path(), &["check", "nowhere.deploy", "a.deploy"]);
    assert_eq!(standard_error(&output), "error: there is no file `nowhere.deploy`\n");
    assert!(standard_output(&output).contains("1 error in 1 file"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_folder_without_programs_is_said() {
    let folder = folder_with(&[]);
    let output = phasegate(folder.path(), &["check"]);
    assert_eq!(standard_error(&output), "warning: no `.deploy` files here\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn bytes_of_any_kind_are_reported_not_feared() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes: Vec<u8> = (0..=255u8).cycle().take(4096).collect();
    fs::write(folder.path().join("noise.deploy"), bytes).expect("written");
    let output = phasegate(folder.path(), &["check"]);
    assert!(standard_output(&output).contains("PG010"));
    assert_eq!((output.status.code(), standard_error(&output).as_str()), (Some(1), ""));
}

#[test]
fn a_line_of_a_megabyte_is_cropped() {
    let text = format!("type A = {{ a: {}strin }}\n", " ".repeat(1_000_000));
    let folder = folder_with(&[("long.deploy", &text)]);
    let output = phasegate(folder.path(), &["check"]);
    let text = standard_output(&output);
    assert!(text.contains("long.deploy:1:1000015") && text.len() < 2_000, "{} bytes", text.len());
}

#[test]
fn a_workflow_gets_annotations() {
    let folder = folder_with(&[("a.deploy", BAD)]);
    let output = phasegate(folder.path(), &["check", "--format", "github"]);
    let text = standard_output(&output);
    assert!(text.starts_with("::error file=a.deploy,line=3,endLine=3,col=21,"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let many = BAD.repeat(2_000);
    let folder = folder_with(&[("a.deploy", &many)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_phasegate"))
        .current_dir(folder.path())
        .arg("check")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut first = [0; 16];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("something is said");
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), standard_error(&output).as_str()), (Some(1), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let folder = folder_with(&[("a.deploy", GOOD)]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    let output = Command::new(env!("CARGO_BIN_EXE_phasegate"))
        .current_dir(folder.path())
        .arg("check")
        .stdout(full)
        .output()
        .expect("the program starts");
    assert!(standard_error(&output).starts_with("error: standard output could not be written: "));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_usage_exits_2_with_the_cure() {
    let folder = folder_with(&[]);
    for (arguments, cure) in [
        (["chekc", "a.deploy"], "check"),
        (["check", "--formt"], "--format"),
        (["check", "--deny=all"], "warnings"),
        (["explain", "PG2020"], "PG202"),
    ] {
        let output = phasegate(folder.path(), &arguments);
        let text = standard_error(&output);
        assert!(text.starts_with("error: ") && text.contains(cure), "{arguments:?}: {text}");
        assert_eq!((output.status.code(), standard_output(&output).as_str()), (Some(2), ""), "{arguments:?}");
    }
}

#[test]
fn every_code_is_explained_by_number_and_by_name() {
    let folder = folder_with(&[]);
    let by_number = phasegate(folder.path(), &["explain", "pg202"]);
    assert!(standard_output(&by_number).starts_with("PG202 unit-mismatch (error)\n"));
    let by_name = phasegate(folder.path(), &["explain", "unit-mismatch"]);
    assert_eq!(by_name.stdout, by_number.stdout);
    assert_eq!(by_name.status.code(), Some(0));
}

//! `--format json`, field by field as the language promises it.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{command, folder_with, phasegate, standard_error};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn report(folder: &std::path::Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = phasegate(folder, &[&["check", "--format", "json"], arguments].concat());
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}{}", standard_error(&output));
    (serde_json::from_str(&text).expect("JSON"), output.status.code())
}

#[test]
fn every_field_is_there_in_its_order() {
    let slo = "type A = { a: int }\n";
    let user = "use \"./slo.deploy\".{A}\n// ä世😀\ntype A = { b: int }\ntype B = { c: strin }\n";
    let folder = folder_with(&[("slo.deploy", slo), ("user.deploy", user)]);
    let (report, status) = report(folder.path(), &["user.deploy"]);
    assert_eq!(keys(&report), ["diagnostics", "summary"]);
    assert_eq!(report["summary"], json!({ "errors": 2, "warnings": 0, "files": 2 }));
    assert_eq!(keys(&report["summary"]), ["errors", "warnings", "files"]);
    let diagnostics = report["diagnostics"].as_array().expect("a list");
    let fields = ["code", "name", "severity", "message", "help", "file", "start", "end", "labels", "fix"];
    for diagnostic in diagnostics {
        assert_eq!(keys(diagnostic), fields);
        assert_eq!(
            (keys(&diagnostic["start"]), keys(&diagnostic["end"])),
            (vec!["line", "column", "offset"], vec!["line", "column", "offset"])
        );
    }
    let twice = diagnostics.iter().find(|one| one["code"] == "PG102").expect("PG102");
    assert_eq!(
        (&twice["name"], &twice["severity"], &twice["fix"]),
        (&json!("duplicate-name"), &json!("error"), &Value::Null)
    );
    assert_eq!(keys(&twice["labels"][0]), ["message", "file", "start", "end"]);
    let slip = diagnostics.iter().find(|one| one["code"] == "PG111").expect("PG111");
    let offset = user.find("strin").expect("there");
    let (start, end) = (
        json!({ "line": 4, "column": 15, "offset": offset }),
        json!({ "line": 4, "column": 20, "offset": offset + 5 }),
    );
    assert_eq!((&slip["start"], &slip["end"], &slip["labels"]), (&start, &end, &json!([])));
    assert_eq!(keys(&slip["fix"]), ["title", "edits"]);
    assert_eq!(slip["fix"]["edits"], json!([{ "start": start, "end": end, "text": "string" }]));
    assert_eq!(status, Some(1));
}

#[test]
fn columns_count_characters_and_offsets_bytes() {
    let text = "environment one { a = \"ä世😀\", b = 5min }\r\n";
    let folder = folder_with(&[("a.deploy", text)]);
    let (report, _) = report(folder.path(), &[]);
    let offset = text.find("5min").expect("there");
    let column = text[..offset].chars().count() + 1;
    assert_eq!(report["diagnostics"][0]["start"], json!({ "line": 1, "column": column, "offset": offset }));
    assert!(offset >= column + 5);
}

#[test]
fn a_label_names_its_own_file() {
    let slo = "metrics shop from http(\"http://127.0.0.1:1/\") every 10s { e: ratio = json(\"e\") }\n";
    let user = "use \"./slo.deploy\".{shop}\nmetrics shop from http(\"http://127.0.0.1:1/\") every 10s { e: ratio = json(\"e\") }\n";
    let folder = folder_with(&[("slo.deploy", slo), ("in/user.deploy", &user.replace("./slo", "../slo"))]);
    let (report, _) = report(folder.path(), &["in/user.deploy"]);
    for diagnostic in report["diagnostics"].as_array().expect("a list") {
        for label in diagnostic["labels"].as_array().expect("a list") {
            assert!(label["file"] == "in/user.deploy" || label["file"] == "slo.deploy", "{label}");
        }
    }
    assert_eq!(report["summary"]["files"], 2);
}

#[test]
fn warnings_are_counted_and_denied() {
    let folder = folder_with(&[("a.deploy", "pipeline p { phase a { wait 5m } }\n")]);
    let (found, status) = report(folder.path(), &[]);
    assert_eq!((&found["summary"], status), (&json!({ "errors": 0, "warnings": 1, "files": 1 }), Some(0)));
    assert_eq!(
        (&found["diagnostics"][0]["code"], &found["diagnostics"][0]["severity"]),
        (&json!("PG504"), &json!("warning"))
    );
    assert_eq!(report(folder.path(), &["--deny", "warnings"]).1, Some(1));
}

#[test]
fn a_missing_file_exits_2_and_the_others_are_there() {
    let folder = folder_with(&[("a.deploy", "type A = { a: strin }\n")]);
    let (found, status) = report(folder.path(), &["a.deploy", "nowhere.deploy"]);
    assert_eq!((&found["summary"], status), (&json!({ "errors": 1, "warnings": 0, "files": 1 }), Some(2)));
}

#[test]
fn nothing_wrong_is_an_empty_list() {
    let folder = folder_with(&[("a.deploy", "type A = { a: int }\n"), ("in/b.deploy", "")]);
    let (found, status) = report(folder.path(), &["."]);
    assert_eq!(
        (found, status),
        (json!({ "diagnostics": [], "summary": { "errors": 0, "warnings": 0, "files": 2 } }), Some(0))
    );
}

#[test]
fn the_order_is_that_of_files_and_places() {
    let bad = "type A = { a: strin, b: intt }\ntype B = { c: strin }\n";
    let folder = folder_with(&[("b.deploy", bad), ("a.deploy", bad), ("c/a.deploy", bad)]);
    let (first, _) = report(folder.path(), &[]);
    let places: Vec<(String, u64)> = first["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["file"].as_str().expect("text").to_owned(), one["start"]["offset"].as_u64().expect("a number")))
        .collect();
    let mut sorted = places.clone();
    sorted.sort();
    assert_eq!((places.len(), &places), (9, &sorted));
    assert_eq!(report(folder.path(), &[]).0, first);
}

#[test]
fn standard_input_is_a_program() {
    let folder = folder_with(&[("slo.deploy", "type A = { a: int }\n")]);
    let mut child = command(folder.path(), &["check", "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let text = "use \"./slo.deploy\".{A}\ntype B = { a: A, b: strin }\n";
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("the program ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["summary"], json!({ "errors": 1, "warnings": 0, "files": 2 }));
    assert_eq!(report["diagnostics"][0]["file"], "-");
}

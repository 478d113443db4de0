//! `phasegate test` from outside: what it prints for people, programs and build servers, and how it exits.

#[path = "support/outside.rs"]
mod outside;

use std::path::Path;
use std::process::Output;

use outside::{command, folder_with, standard_error, standard_output};
use serde_json::{Value, json};

const PROGRAM: &str = r#"use std.shell

metrics m from prometheus("http://prom") every 1m {
  load: float = query("load")
}

/// Watches.
pipeline watch {
  phase change { step set = shell("set") timeout 1m undo shell("unset") }
  phase soak after change {
    hold 10m { require m.load < 10 }
    rollback when m.load > 5 for 2m else "the load is high"
  }
}
"#;

const WELL: &str = r#"
test "all is well" {
  run watch()
  given m.load = 1
  expect outcome succeeded at 10m
}
"#;

const HIGH: &str = r#"
test "a <high> load & \"more\"" {
  run watch()
  given m.load from "series/high.csv"
  expect outcome succeeded
}
"#;

const SERIES: &str = "time,m.load\n0,1\n240,7\n";

fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn one(tests: &str) -> tempfile::TempDir {
    folder_with(&[("inner/a.deploy", &format!("{PROGRAM}{tests}")), ("inner/series/high.csv", SERIES)])
}

#[test]
fn tests_that_pass_exit_0() {
    let folder = one(WELL);
    let output = phasegate(folder.path(), &["test"]);
    assert_eq!(standard_output(&output), "inner/a.deploy\nok     all is well\n\n1 passed\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_failure_shows_its_place_the_nearest_that_happened_and_a_time_line() {
    let folder = one(&format!("{WELL}{HIGH}"));
    let output = phasegate(folder.path(), &["test", "inner/a.deploy"]);
    let text = standard_output(&output);
    assert!(text.contains("inner/a.deploy:25: expect outcome succeeded\n"), "{text}");
    assert!(text.contains("rolled_back at 6m because the load is high (m.load = 7)\n"), "{text}");
    assert!(text.contains("  4m  m.load = 7\n"), "{text}");
    assert!(text.contains("  6m  change.set: undone\n"), "{text}");
    assert!(text.ends_with("\n1 passed, 1 failed\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_filter_chooses_by_title() {
    let folder = one(&format!("{WELL}{HIGH}"));
    let output = phasegate(folder.path(), &["test", "--filter", "well"]);
    assert!(standard_output(&output).ends_with("\n1 passed\n"));
    assert_eq!(output.status.code(), Some(0));
    let none = phasegate(folder.path(), &["test", "--filter", "nothing"]);
    assert_eq!(standard_error(&none), "warning: no test whose title holds `nothing`\n");
}

#[test]
fn no_test_is_said_so() {
    let folder = one("");
    let output = phasegate(folder.path(), &["test"]);
    assert!(standard_error(&output).starts_with("warning: no test: write one as `test "));
    assert_eq!((standard_output(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn programs_with_errors_show_them_and_exit_1_and_what_cannot_be_read_exits_2() {
    let folder =
        folder_with(&[("a.deploy", "pipeline p { phase a { wait 5 } }\n"), ("b.deploy", &format!("{PROGRAM}{WELL}"))]);
    let output = phasegate(folder.path(), &["test"]);
    assert!(standard_error(&output).contains("PG202"), "{}", standard_error(&output));
    assert!(standard_output(&output).contains("ok     all is well"));
    assert_eq!(output.status.code(), Some(1));
    let missing = phasegate(folder.path(), &["test", "nowhere.deploy"]);
    assert_eq!(standard_error(&missing), "error: there is no file `nowhere.deploy`\n");
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(phasegate(folder.path(), &["test", "--format", "poem"]).status.code(), Some(2));
}

#[test]
fn json_has_the_run_of_each_test() {
    let folder = one(&format!("{WELL}{HIGH}"));
    let output = phasegate(folder.path(), &["test", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let tests = report["tests"].as_array().expect("a list");
    assert_eq!((tests[0]["title"].as_str(), tests[0]["passed"].as_bool()), (Some("all is well"), Some(true)));
    assert_eq!(tests[0]["failures"], json!([]));
    let keys: Vec<&String> = tests[0]["run"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["outcome", "at_s", "because", "phases", "traffic", "events"]);
    let run = &tests[1]["run"];
    assert_eq!((run["outcome"].as_str(), run["at_s"].as_i64()), (Some("rolled_back"), Some(360)));
    assert_eq!(run["phases"][0], json!({ "id": "change", "state": "undone", "started_s": 0, "ended_s": 0 }));
    let again = phasegate(folder.path(), &["test", "--format", "json"]);
    assert_eq!(output.stdout, again.stdout, "another order, or another run");
}

#[test]
fn junit_is_xml_with_a_suite_for_each_file() {
    let folder = one(&format!("{WELL}{HIGH}"));
    let output = phasegate(folder.path(), &["test", "--format", "junit"]);
    let text = standard_output(&output);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let root = document.root_element();
    assert_eq!(
        (root.tag_name().name(), root.attribute("tests"), root.attribute("failures")),
        ("testsuites", Some("2"), Some("1"))
    );
    let suite = root.first_element_child().expect("a suite");
    assert_eq!((suite.tag_name().name(), suite.attribute("name")), ("testsuite", Some("inner/a.deploy")));
    let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(
        cases.iter().map(|case| case.attribute("name")).collect::<Vec<_>>(),
        [Some("all is well"), Some("a <high> load & \"more\"")]
    );
    let failure = cases[1].first_element_child().expect("a failure");
    assert!(failure.attribute("message").is_some_and(|message| message.contains("rolled_back at 6m")), "{text}");
    assert!(failure.text().is_some_and(|text| text.contains("4m  m.load = 7")), "{text}");
}

#[test]
fn a_build_server_sees_a_file_that_cannot_be_tested_as_an_error() {
    let folder =
        folder_with(&[("a.deploy", "pipeline p { phase a { wait 5 } }\n"), ("b.deploy", &format!("{PROGRAM}{WELL}"))]);
    let output = phasegate(folder.path(), &["test", "--format", "junit"]);
    let text = standard_output(&output);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let root = document.root_element();
    let counts = ["tests", "failures", "errors"].map(|name| root.attribute(name).expect("a count"));
    assert_eq!(counts, ["2", "0", "1"], "{text}");
    let error = document.descendants().find(|node| node.has_tag_name("error")).expect("an error");
    assert!(error.attribute("message").is_some_and(|message| message.starts_with("a.deploy:1: PG202: ")), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn coverage_names_what_no_test_has_seen_and_can_be_asked_for() {
    let folder = one(WELL);
    let output = phasegate(folder.path(), &["test", "--coverage"]);
    let text = standard_output(&output);
    assert!(text.contains("inner/a.deploy: 25.0% of gates, triggers and undo paths\n"), "{text}");
    assert!(text.contains("inner/a.deploy:9: step `set` was never undone\n      | phase change { step set"), "{text}");
    assert!(text.contains("inner/a.deploy:12: `rollback when m.load > 5` was never fired\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
    let asked = phasegate(folder.path(), &["test", "--min-coverage", "50"]);
    assert!(standard_error(&asked).contains("25.0% of gates, triggers and undo paths, less than 50%"));
    assert_eq!(asked.status.code(), Some(1));
    let report = phasegate(folder.path(), &["test", "--coverage", "--format", "json"]);
    let report: Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(report["coverage"][0]["rows"]["triggers"], json!({ "reached": 0, "total": 1 }));
}

#[test]
fn what_need_not_be_tested_says_why() {
    let program = PROGRAM.replace("    hold 10m", "    // phasegate: allow(untested) seen in staging\n    hold 10m");
    let folder = folder_with(&[("a.deploy", &format!("{program}{WELL}"))]);
    let output = phasegate(folder.path(), &["test", "--coverage"]);
    let text = standard_output(&output);
    assert!(text.contains("this hold was never failed, which is allowed: seen in staging\n"), "{text}");
    assert!(text.contains("a.deploy: 33.3% of"), "{text}");
    assert_eq!(phasegate(folder.path(), &["check", "--deny", "warnings"]).status.code(), Some(0));
    let silent = PROGRAM.replace("    hold 10m", "    // phasegate: allow(untested)\n    hold 10m");
    let folder = folder_with(&[("a.deploy", &format!("{silent}{WELL}"))]);
    let checked = standard_output(&phasegate(folder.path(), &["check"]));
    assert!(checked.contains("PG502") && checked.contains("say why it is not tested"), "{checked}");
}

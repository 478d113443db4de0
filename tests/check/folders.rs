//! Several files at once: each is read as a part of what imports it, and every mistake is said once.

use super::{folder_with, phasegate, standard_output};

/// Codes with their files, in the order in which they are reported.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder_with(files);
    let output = phasegate(folder.path(), &["check", "--format", "json", "."]);
    let report: serde_json::Value = serde_json::from_str(&standard_output(&output)).expect("JSON");
    assert_eq!(report["summary"]["files"], files.len(), "{report}");
    let diagnostics = report["diagnostics"].as_array().expect("a list");
    let told = diagnostics.iter().map(|diagnostic| {
        let text = |key: &str| diagnostic[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("code"), text("file").trim_start_matches("./"))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

#[test]
fn a_mistake_in_a_shared_file_is_said_once() {
    let program = "use \"./shared.deploy\".{pause_a_while}\n/// D.\npipeline p { phase a { run pause_a_while() } }\n";
    let shared = "component pause_a_while { wait 5 }\n";
    let files = [("one.deploy", program), ("shared.deploy", shared), ("two.deploy", program)];
    assert_eq!(told(&files), ["PG202 shared.deploy"]);
}

#[test]
fn files_that_import_each_other_are_one_circle() {
    let first = "use \"./second.deploy\".{b}\ncomponent a { run b() }\n";
    let second = "use \"./first.deploy\".{a}\ncomponent b { wait 1s }\n/// D.\npipeline p { phase x { run a() } }\n";
    let told = told(&[("first.deploy", first), ("second.deploy", second)]);
    assert_eq!(told.iter().filter(|line| line.starts_with("PG105")).count(), 1, "{told:?}");
}

#[test]
fn an_import_in_a_comment_leaves_no_file_out() {
    let told = told(&[
        ("one.deploy", "/*\nuse \"./two.deploy\" as two\n*/\n/// D.\npipeline p { phase a { wait 1s } }\n"),
        ("two.deploy", "/// D.\npipeline q { phase a { wait 5 } }\n"),
    ]);
    assert_eq!(told, ["PG202 two.deploy"]);
}

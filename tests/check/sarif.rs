//! `--format sarif`: valid by the published schema, and true about the files.

use std::fs;
use std::path::Path;

use phasegate::base::diagnostic::Code;
use serde_json::{Value, json};

use super::{folder_with, phasegate, standard_error};

const BAD: &str = "/// Wäits.\npipeline p {\n  phase only { wait 5min }\n}\n";
const ALLOWED: &str = "use std.shell\n\n/// Asks.\npipeline p {\n  // phasegate: allow(PG413) somebody always answers\n  \
                       phase first { approve \"on call\" }\n}\n";

/// The problems that the published schema finds in a log.
fn invalid(log: &Value) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).expect("the schema")).expect("JSON");
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", schema).expect("a resource");
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("sarif.json", &mut schemas).expect("a schema");
    schemas.validate(log, index).err().map(|error| error.to_string())
}

fn check(folder: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = phasegate(folder, &[&["check", "--format", "sarif"], arguments].concat());
    let log: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", standard_error(&output));
    });
    assert_eq!(invalid(&log), None);
    (log, output.status.code())
}

#[test]
fn a_finding_has_its_rule_its_place_and_its_fix() {
    let folder = folder_with(&[("roll out/ä.deploy", BAD)]);
    let (log, status) = check(folder.path(), &[]);
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("PG005"), Some("error")));
    let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
    assert_eq!((rule["id"].as_str(), rule["name"].as_str()), (Some("PG005"), Some("InvalidNumberOrUnit")));
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "roll%20out/%C3%A4.deploy");
    assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    let region = json!({
        "startLine": 3, "startColumn": 21, "endLine": 3, "endColumn": 25,
        "charOffset": 44, "charLength": 4, "byteOffset": 45, "byteLength": 4,
    });
    assert_eq!(location["region"], region);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let change = &result["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "roll%20out/%C3%A4.deploy");
    assert_eq!(change["replacements"], json!([{ "deletedRegion": region, "insertedContent": { "text": "5m" } }]));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!((run["invocations"][0]["exitCode"].as_i64(), status), (Some(1), Some(1)));
}

#[test]
fn every_code_is_a_rule_with_its_words() {
    let folder = folder_with(&[("a.deploy", "")]);
    let (log, status) = check(folder.path(), &[]);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert_eq!(ids, Code::ALL.iter().map(|code| code.id()).collect::<Vec<_>>());
    for rule in rules {
        let words = rule["fullDescription"]["text"].as_str().unwrap_or_default();
        assert!(words.ends_with(['.', '?']), "{}: {words}", rule["id"]);
    }
    let unit = rules.iter().find(|rule| rule["id"] == "PG202").expect("a rule");
    assert_eq!(unit["shortDescription"]["text"], "Unit mismatch.");
    assert_eq!(unit["defaultConfiguration"]["level"], "error");
    assert!(unit["help"]["markdown"].as_str().is_some_and(|help| help.contains("```deploy\n")), "{unit}");
    assert_eq!((log["runs"][0]["results"].clone(), status), (json!([]), Some(0)));
}

#[test]
fn a_second_place_is_a_related_location() {
    let folder = folder_with(&[("a.deploy", "type A = { a: int }\ntype A = { b: int }\n")]);
    let (log, _) = check(folder.path(), &["a.deploy"]);
    let related = &log["runs"][0]["results"][0]["relatedLocations"];
    assert_eq!(related.as_array().map(Vec::len), Some(1));
    assert_eq!((&related[0]["id"], &related[0]["message"]["text"]), (&json!(1), &json!("first declared here")));
    assert_eq!(related[0]["physicalLocation"]["region"]["startLine"], 1);
}

#[test]
fn an_allowed_warning_is_there_and_suppressed() {
    let folder = folder_with(&[("a.deploy", &ALLOWED.replace("use std.shell\n\n", ""))]);
    let (log, status) = check(folder.path(), &["--deny", "warnings"]);
    let results = log["runs"][0]["results"].as_array().expect("results").clone();
    assert_eq!((results.len(), status), (1, Some(0)), "{results:?}");
    let suppression = &results[0]["suppressions"][0];
    assert_eq!((&results[0]["ruleId"], &suppression["kind"]), (&json!("PG413"), &json!("inSource")));
    assert_eq!(suppression["justification"], "somebody always answers");
    assert_eq!(suppression["location"]["physicalLocation"]["region"]["startLine"], 3);
}

#[test]
fn a_fingerprint_survives_lines_above_and_tells_repeats_apart() {
    let twice = "/// Waits.\npipeline p {\n  phase a { wait 5 }\n  phase b { wait 5min wait 5min }\n}\n";
    let folder = folder_with(&[("a.deploy", twice)]);
    let prints = |log: &Value| -> Vec<String> {
        let results = log["runs"][0]["results"].as_array().expect("results").clone();
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect()
    };
    let before = prints(&check(folder.path(), &[]).0);
    let distinct: std::collections::HashSet<&String> = before.iter().collect();
    assert_eq!((before.len(), distinct.len()), (3, 3), "{before:?}");
    fs::write(
        folder.path().join("a.deploy"),
        format!("// one more line\n\n{}", twice.replace("{ wait 5 }", "{   wait 5 }")),
    )
    .expect("written");
    assert_eq!(prints(&check(folder.path(), &[]).0), before);
}

#[test]
fn what_cannot_be_read_is_a_notification() {
    let folder = folder_with(&[("a.deploy", "")]);
    let (log, status) = check(folder.path(), &["nowhere.deploy", "a.deploy"]);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], status), (&json!(false), Some(2)));
    let notification = &invocation["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(notification, "there is no file `nowhere.deploy`");
}

#[test]
fn bytes_of_any_kind_give_a_valid_log() {
    let folder = folder_with(&[]);
    let bytes: Vec<u8> = (0..=255u8).cycle().take(4096).collect();
    fs::write(folder.path().join("noise [1](2).deploy"), bytes).expect("written");
    let (log, status) = check(folder.path(), &[]);
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result["ruleId"] == "PG010"));
    assert_eq!(status, Some(1));
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let folder = folder_with(&[("a.deploy", BAD)]);
    let (mut log, _) = check(folder.path(), &[]);
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    assert!(invalid(&log).is_some_and(|problem| problem.contains("startLine")));
}

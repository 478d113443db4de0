//! `--fix` and `--diff`.

use std::fs;
use std::path::Path;

use super::{folder_with, phasegate, standard_error, standard_output};

const SLIPS: &str = "use std.{flags, shell}\n\n/// Waits.\npipeline p {\n  phase only {\n    wait 5min\n    \
                     step shel(\"true\") effect reads timeout 1m\n    wait 5\n  }\n}\n";
const CURED: &str = "use std.shell\n\n/// Waits.\npipeline p {\n  phase only {\n    wait 5m\n    \
                     step shell(\"true\") effect reads timeout 1m\n    wait 5\n  }\n}\n";

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("a file")
}

#[test]
fn sure_fixes_are_put_in_and_the_rest_is_reported() {
    let folder = folder_with(&[("a.deploy", SLIPS)]);
    let output = phasegate(folder.path(), &["check", "--fix"]);
    let text = standard_output(&output);
    assert_eq!(read(folder.path(), "a.deploy"), CURED.replace("use std.shell", "use std.{shell}"));
    assert!(text.contains("fixed a.deploy:6:10 PG005: write `5m`\n"), "{text}");
    assert!(text.contains("fixed a.deploy:7:10 PG103: write `shell`\n"), "{text}");
    assert!(text.contains("fixed a.deploy:1:10 PG501: take `flags` out\n"), "{text}");
    assert!(text.contains("PG202 unit-mismatch") && text.contains("1 error in 1 file\n"), "{text}");
    assert!(text.ends_with("3 problems fixed in 1 file\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn when_all_is_fixed_all_is_well() {
    let folder = folder_with(&[("a.deploy", &SLIPS.replace("    wait 5\n", ""))]);
    let output = phasegate(folder.path(), &["check", "--fix", "--deny", "warnings"]);
    assert_eq!(output.status.code(), Some(0), "{}", standard_output(&output));
    let again = phasegate(folder.path(), &["check", "--fix"]);
    assert_eq!(standard_output(&again), "no problems in 1 file\n");
}

#[test]
fn a_diff_shows_and_writes_nothing() {
    let folder = folder_with(&[("a.deploy", SLIPS)]);
    let output = phasegate(folder.path(), &["check", "--diff"]);
    let text = standard_output(&output);
    assert!(text.starts_with("--- a.deploy\n+++ a.deploy\n@@ "), "{text}");
    assert!(text.contains("\n-    wait 5min\n") && text.contains("\n+    wait 5m\n"), "{text}");
    assert_eq!(standard_error(&output), "3 problems would be fixed in 1 file\n");
    assert_eq!((read(folder.path(), "a.deploy").as_str(), output.status.code()), (SLIPS, Some(1)));
}

#[test]
fn imported_files_are_fixed_too_and_line_ends_stay() {
    let slo = "metrics shop from http(\"http://127.0.0.1:1/\") every 10sec { e: ratio = json(\"e\") }\r\n\
               threshold healthy { require shop.e < 1% }\r\n";
    let user =
        "use \"./slo.deploy\".{heathy}\r\n\r\n/// Holds.\r\npipeline p { phase a { hold 5m { require healthy } } }\r\n";
    let folder = folder_with(&[("slo.deploy", slo), ("user.deploy", user)]);
    let output = phasegate(folder.path(), &["check", "--fix", "user.deploy"]);
    assert_eq!(output.status.code(), Some(0), "{}", standard_output(&output));
    assert_eq!(read(folder.path(), "slo.deploy"), slo.replace("10sec", "10s"));
    assert_eq!(read(folder.path(), "user.deploy"), user.replace("heathy", "healthy"));
}

#[test]
fn a_missing_import_is_added_with_the_line_ends_of_the_file() {
    let text = "/// Runs.\r\npipeline p { phase a { step shell(\"true\") effect reads timeout 1m } }\r\n";
    let folder = folder_with(&[("a.deploy", text)]);
    assert_eq!(phasegate(folder.path(), &["check", "--fix"]).status.code(), Some(0));
    assert_eq!(read(folder.path(), "a.deploy"), format!("use std.shell\r\n\r\n{text}"));
}

#[test]
fn what_is_not_utf_8_is_never_written() {
    let folder = folder_with(&[]);
    let bytes = b"/// W\xffits.\npipeline p { phase a { wait 5min } }\n";
    fs::write(folder.path().join("a.deploy"), bytes).expect("written");
    let output = phasegate(folder.path(), &["check", "--fix"]);
    assert_eq!(fs::read(folder.path().join("a.deploy")).expect("a file"), bytes);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn other_formats_give_what_remains_and_say_elsewhere_what_was_fixed() {
    let folder = folder_with(&[("a.deploy", SLIPS)]);
    let output = phasegate(folder.path(), &["check", "--fix", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["summary"]["errors"], 1);
    assert_eq!(standard_error(&output).lines().filter(|line| line.starts_with("fixed ")).count(), 3);
}

#[test]
fn standard_input_is_refused() {
    let folder = folder_with(&[]);
    let output = phasegate(folder.path(), &["check", "--fix", "-"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(standard_error(&output).starts_with("error: standard input cannot be fixed"));
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder_with(&[("real/a.deploy", "type A = { a: strin }\n")]);
    let real = folder.path().join("real/a.deploy");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("set");
    symlink("real/a.deploy", folder.path().join("link.deploy")).expect("linked");
    assert_eq!(phasegate(folder.path(), &["check", "--fix", "link.deploy"]).status.code(), Some(0));
    assert_eq!(read(folder.path(), "real/a.deploy"), "type A = { a: string }\n");
    assert_eq!(real.metadata().expect("there").permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link.deploy").symlink_metadata().expect("there").is_symlink());
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone_and_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder_with(&[("a.deploy", "type A = { a: strin }\n")]);
    let path = folder.path().join("a.deploy");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("set");
    let output = phasegate(folder.path(), &["check", "--fix"]);
    assert_eq!(read(folder.path(), "a.deploy"), "type A = { a: strin }\n");
    assert!(standard_error(&output).contains("`a.deploy` is read-only"), "{}", standard_error(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!told.contains("fixed"), "{told}");
    assert_eq!(output.status.code(), Some(2));
}

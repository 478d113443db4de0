//! `fmt` from outside: what it prints, what it writes, how it exits.

#[path = "support/outside.rs"]
mod outside;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use outside::{command, folder_with, standard_error, standard_output};

const UGLY: &str = "pipeline p{wait  5m}\n";
const NEAT: &str = "pipeline p { wait 5m }\n";
const BROKEN: &str = "pipeline p {\n  wait   5m\n  stepp   x = 1\n}\n";
const BROKEN_NEAT: &str = "pipeline p {\n  wait 5m\n  stepp   x = 1\n}\n";

fn fmt(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, &[&["fmt"], arguments].concat()).output().expect("the program starts")
}

fn fmt_input(input: &[u8], arguments: &[&str]) -> Output {
    let mut command = command(Path::new("."), &[&["fmt"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

#[test]
fn files_are_formatted_in_place_and_folders_walked() {
    let folder = folder_with(&[("a.deploy", UGLY), ("inner/b.deploy", NEAT), ("inner/c.txt", UGLY)]);
    let output = fmt(folder.path(), &[]);
    assert_eq!(
        (standard_output(&output).as_str(), standard_error(&output).as_str()),
        ("1 file formatted, 1 formatted already\n", "")
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((read(&folder, "a.deploy").as_str(), read(&folder, "inner/c.txt").as_str()), (NEAT, UGLY));
    let again = fmt(folder.path(), &["a.deploy", "inner"]);
    assert_eq!(standard_output(&again), "2 files formatted already\n");
}

#[test]
fn a_check_lists_what_would_change_and_writes_nothing() {
    let folder = folder_with(&[("a.deploy", UGLY), ("b.deploy", NEAT), ("inner/c.deploy", UGLY)]);
    let output = fmt(folder.path(), &["--check"]);
    assert_eq!(standard_output(&output), "a.deploy\ninner/c.deploy\n");
    assert_eq!(standard_error(&output), "2 files would change, 1 formatted already\n");
    assert_eq!((output.status.code(), read(&folder, "a.deploy").as_str()), (Some(1), UGLY));
    let well = fmt(folder.path(), &["--check", "b.deploy"]);
    assert_eq!((well.status.code(), standard_output(&well).as_str()), (Some(0), ""));
}

#[test]
fn a_diff_shows_what_would_change_and_writes_nothing() {
    let folder = folder_with(&[("a.deploy", UGLY)]);
    let output = fmt(folder.path(), &["--diff"]);
    assert_eq!(
        standard_output(&output),
        "--- a.deploy\n+++ a.deploy\n@@ -1 +1 @@\n-pipeline p{wait  5m}\n+pipeline p { wait 5m }\n"
    );
    assert_eq!((output.status.code(), read(&folder, "a.deploy").as_str()), (Some(0), UGLY));
    let both = fmt(folder.path(), &["--diff", "--check"]);
    assert_eq!((both.status.code(), standard_output(&both)), (Some(1), standard_output(&output)));
}

#[test]
fn a_diff_has_colours_only_where_they_are_wanted() {
    let folder = folder_with(&[("a.deploy", UGLY)]);
    let coloured = command(folder.path(), &["fmt", "--diff"]).env("CLICOLOR_FORCE", "1").output().expect("it starts");
    assert!(standard_output(&coloured).contains("\u{1b}[31m-pipeline"), "{}", standard_output(&coloured));
    let plain = command(folder.path(), &["fmt", "--diff"]).env("NO_COLOR", "1").output().expect("it starts");
    assert!(!standard_output(&plain).contains('\u{1b}'));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let output = fmt_input(UGLY.as_bytes(), &["-"]);
    assert_eq!(
        (output.status.code(), standard_output(&output).as_str(), standard_error(&output).as_str()),
        (Some(0), NEAT, "")
    );
    assert_eq!(standard_output(&fmt_input(NEAT.as_bytes(), &["-"])), NEAT);
    assert_eq!(standard_output(&fmt_input(b"", &["-"])), "");
    let check = fmt_input(UGLY.as_bytes(), &["-", "--check"]);
    assert_eq!((check.status.code(), standard_output(&check).as_str()), (Some(1), "<stdin>\n"));
    assert_eq!(fmt(Path::new("."), &["-", "a.deploy"]).status.code(), Some(2));
}

#[test]
fn a_syntax_error_is_reported_and_the_rest_formatted() {
    let input = fmt_input(BROKEN.as_bytes(), &["-"]);
    assert_eq!((input.status.code(), standard_output(&input).as_str()), (Some(1), BROKEN_NEAT));
    assert!(
        standard_error(&input).contains("PG001") && standard_error(&input).contains("<stdin>:3:3"),
        "{}",
        standard_error(&input)
    );
    let folder = folder_with(&[("a.deploy", BROKEN), ("b.deploy", UGLY)]);
    let output = fmt(folder.path(), &["."]);
    assert!(
        standard_error(&output).contains("PG001") && standard_error(&output).contains("a.deploy:3:3"),
        "{}",
        standard_error(&output)
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((read(&folder, "a.deploy").as_str(), read(&folder, "b.deploy").as_str()), (BROKEN_NEAT, NEAT));
}

#[test]
fn what_a_program_holds_is_handed_over_byte_for_byte() {
    let colours = "// \u{1b}[31mred\u{1b}[0m\npipeline p{ lock \"\u{1b}[1m\" }\n";
    let output = fmt_input(colours.as_bytes(), &["-"]);
    assert_eq!(standard_output(&output), "// \u{1b}[31mred\u{1b}[0m\npipeline p { lock \"\u{1b}[1m\" }\n");
}

#[test]
fn bytes_that_are_not_utf_8_stay_where_they_are() {
    let bytes = b"pipeline p{wait  5m} // \xFF\n";
    let input = fmt_input(bytes, &["-"]);
    assert_eq!((input.status.code(), input.stdout.as_slice()), (Some(1), bytes.as_slice()));
    assert!(standard_error(&input).contains("PG010"), "{}", standard_error(&input));
    let folder = folder_with(&[("b.deploy", UGLY)]);
    fs::write(folder.path().join("a.deploy"), bytes).expect("written");
    let output = fmt(folder.path(), &[]);
    assert!(standard_error(&output).contains("PG010"), "{}", standard_error(&output));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(folder.path().join("a.deploy")).expect("a file"), bytes);
    assert_eq!(read(&folder, "b.deploy"), NEAT);
}

#[test]
fn what_cannot_be_read_exits_2_and_the_others_are_formatted() {
    let folder = folder_with(&[("a.deploy", UGLY)]);
    let output = fmt(folder.path(), &["nowhere.deploy", "a.deploy"]);
    assert_eq!(standard_error(&output), "error: there is no file `nowhere.deploy`\n");
    assert_eq!((output.status.code(), read(&folder, "a.deploy").as_str()), (Some(2), NEAT));
    let empty = fmt(folder_with(&[]).path(), &[]);
    assert_eq!((empty.status.code(), standard_error(&empty).as_str()), (Some(0), "warning: no `.deploy` files here\n"));
}

#[test]
fn windows_line_ends_and_marks_stay() {
    let folder = folder_with(&[("a.deploy", "\u{FEFF}pipeline p {\r\n wait  5m\r\n}")]);
    assert_eq!(fmt(folder.path(), &[]).status.code(), Some(0));
    assert_eq!(read(&folder, "a.deploy"), "\u{FEFF}pipeline p {\r\n  wait 5m\r\n}\r\n");
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{NEAT, UGLY, fmt, folder_with, read, standard_error};

    #[test]
    fn permissions_and_links_stay() {
        let folder = folder_with(&[("real/a.deploy", UGLY)]);
        let file = folder.path().join("real/a.deploy");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("ours");
        symlink("real/a.deploy", folder.path().join("link.deploy")).expect("made");
        assert_eq!(fmt(folder.path(), &["link.deploy"]).status.code(), Some(0));
        assert_eq!(read(&folder, "real/a.deploy"), NEAT);
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o640);
        let link = fs::symlink_metadata(folder.path().join("link.deploy")).expect("there");
        assert!(link.file_type().is_symlink());
        let left: Vec<_> = fs::read_dir(folder.path().join("real")).expect("there").collect();
        assert_eq!(left.len(), 1, "a draft was left behind");
    }

    #[test]
    fn a_file_that_is_read_only_is_left_as_it_is() {
        let folder = folder_with(&[("a.deploy", UGLY), ("b.deploy", UGLY)]);
        let file = folder.path().join("a.deploy");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("ours");
        let output = fmt(folder.path(), &[]);
        assert_eq!(standard_error(&output), "error: `a.deploy` is read-only; it stays as it is\n");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!((read(&folder, "a.deploy").as_str(), read(&folder, "b.deploy").as_str()), (UGLY, NEAT));
        assert_eq!(fmt(folder.path(), &["--check", "a.deploy"]).status.code(), Some(1));
    }
}

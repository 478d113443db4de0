//! `fmt` from outside: what it prints, what it writes, how it exits.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const UGLY: &str = "pipeline p{wait  5m}\n";
const NEAT: &str = "pipeline p { wait 5m }\n";
const BROKEN: &str = "pipeline p {\n  wait   5m\n  stepp   x = 1\n}\n";
const BROKEN_NEAT: &str = "pipeline p {\n  wait 5m\n  stepp   x = 1\n}\n";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    command.current_dir(folder).arg("fmt").args(arguments).env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
    command
}

fn fmt(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn fmt_input(input: &[u8], arguments: &[&str]) -> Output {
    let mut command = command(Path::new("."), arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("a file")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn files_are_formatted_in_place_and_folders_walked() {
    let folder = folder_with(&[("a.deploy", UGLY), ("inner/b.deploy", NEAT), ("inner/c.txt", UGLY)]);
    let output = fmt(folder.path(), &[]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("1 file formatted, 1 formatted already\n", ""));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((read(&folder, "a.deploy").as_str(), read(&folder, "inner/c.txt").as_str()), (NEAT, UGLY));
    let again = fmt(folder.path(), &["a.deploy", "inner"]);
    assert_eq!(out(&again), "2 files formatted already\n");
}

#[test]
fn a_check_lists_what_would_change_and_writes_nothing() {
    let folder = folder_with(&[("a.deploy", UGLY), ("b.deploy", NEAT), ("inner/c.deploy", UGLY)]);
    let output = fmt(folder.path(), &["--check"]);
    assert_eq!(out(&output), "a.deploy\ninner/c.deploy\n");
    assert_eq!(err(&output), "2 files would change, 1 formatted already\n");
    assert_eq!((output.status.code(), read(&folder, "a.deploy").as_str()), (Some(1), UGLY));
    let well = fmt(folder.path(), &["--check", "b.deploy"]);
    assert_eq!((well.status.code(), out(&well).as_str()), (Some(0), ""));
}

#[test]
fn a_diff_shows_what_would_change_and_writes_nothing() {
    let folder = folder_with(&[("a.deploy", UGLY)]);
    let output = fmt(folder.path(), &["--diff"]);
    assert_eq!(
        out(&output),
        "--- a.deploy\n+++ a.deploy\n@@ -1 +1 @@\n-pipeline p{wait  5m}\n+pipeline p { wait 5m }\n"
    );
    assert_eq!((output.status.code(), read(&folder, "a.deploy").as_str()), (Some(0), UGLY));
    let both = fmt(folder.path(), &["--diff", "--check"]);
    assert_eq!((both.status.code(), out(&both)), (Some(1), out(&output)));
}

#[test]
fn a_diff_has_colours_only_where_they_are_wanted() {
    let folder = folder_with(&[("a.deploy", UGLY)]);
    let coloured = command(folder.path(), &["--diff"]).env("CLICOLOR_FORCE", "1").output().expect("it starts");
    assert!(out(&coloured).contains("\u{1b}[31m-pipeline"), "{}", out(&coloured));
    let plain = command(folder.path(), &["--diff"]).env("NO_COLOR", "1").output().expect("it starts");
    assert!(!out(&plain).contains('\u{1b}'));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let output = fmt_input(UGLY.as_bytes(), &["-"]);
    assert_eq!((output.status.code(), out(&output).as_str(), err(&output).as_str()), (Some(0), NEAT, ""));
    assert_eq!(out(&fmt_input(NEAT.as_bytes(), &["-"])), NEAT);
    assert_eq!(out(&fmt_input(b"", &["-"])), "");
    let check = fmt_input(UGLY.as_bytes(), &["-", "--check"]);
    assert_eq!((check.status.code(), out(&check).as_str()), (Some(1), "<stdin>\n"));
    assert_eq!(fmt(Path::new("."), &["-", "a.deploy"]).status.code(), Some(2));
}

#[test]
fn a_syntax_error_is_reported_and_the_rest_formatted() {
    let input = fmt_input(BROKEN.as_bytes(), &["-"]);
    assert_eq!((input.status.code(), out(&input).as_str()), (Some(1), BROKEN_NEAT));
    assert!(err(&input).contains("PG001") && err(&input).contains("<stdin>:3:3"), "{}", err(&input));
    let folder = folder_with(&[("a.deploy", BROKEN), ("b.deploy", UGLY)]);
    let output = fmt(folder.path(), &["."]);
    assert!(err(&output).contains("PG001") && err(&output).contains("a.deploy:3:3"), "{}", err(&output));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((read(&folder, "a.deploy").as_str(), read(&folder, "b.deploy").as_str()), (BROKEN_NEAT, NEAT));
}

#[test]
fn what_a_program_holds_is_handed_over_byte_for_byte() {
    let colours = "// \u{1b}[31mred\u{1b}[0m\npipeline p{ lock \"\u{1b}[1m\" }\n";
    let output = fmt_input(colours.as_bytes(), &["-"]);
    assert_eq!(out(&output), "// \u{1b}[31mred\u{1b}[0m\npipeline p { lock \"\u{1b}[1m\" }\n");
}

#[test]
fn bytes_that_are_not_utf_8_stay_where_they_are() {
    let bytes = b"pipeline p{wait  5m} // \xFF\n";
    let input = fmt_input(bytes, &["-"]);
    assert_eq!((input.status.code(), input.stdout.as_slice()), (Some(1), bytes.as_slice()));
    assert!(err(&input).contains("PG010"), "{}", err(&input));
    let folder = folder_with(&[("b.deploy", UGLY)]);
    fs::write(folder.path().join("a.deploy"), bytes).expect("written");
    let output = fmt(folder.path(), &[]);
    assert!(err(&output).contains("PG010"), "{}", err(&output));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(folder.path().join("a.deploy")).expect("a file"), bytes);
    assert_eq!(read(&folder, "b.deploy"), NEAT);
}

#[test]
fn what_cannot_be_read_exits_2_and_the_others_are_formatted() {
    let folder = folder_with(&[("a.deploy", UGLY)]);
    let output = fmt(folder.path(), &["nowhere.deploy", "a.deploy"]);
    assert_eq!(err(&output), "error: there is no file `nowhere.deploy`\n");
    assert_eq!((output.status.code(), read(&folder, "a.deploy").as_str()), (Some(2), NEAT));
    let empty = fmt(folder_with(&[]).path(), &[]);
    assert_eq!((empty.status.code(), err(&empty).as_str()), (Some(0), "warning: no `.deploy` files here\n"));
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

    use super::{NEAT, UGLY, err, fmt, folder_with, read};

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
        assert_eq!(err(&output), "error: `a.deploy` is read-only; nothing was changed\n");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!((read(&folder, "a.deploy").as_str(), read(&folder, "b.deploy").as_str()), (UGLY, NEAT));
        assert_eq!(fmt(folder.path(), &["--check", "a.deploy"]).status.code(), Some(1));
    }
}

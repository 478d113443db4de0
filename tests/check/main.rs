//! `check` from outside: its formats, fixes, watching, and what it draws.

mod drawing;
mod fixing;
mod folders;
mod json;
mod sarif;
mod watching;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in `folder` with nothing of the surroundings that changes how it draws.
fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    command.current_dir(folder).args(arguments);
    let steering =
        ["COLUMNS", "CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR", "NO_GRAPHICS", "PHASEGATE_SCREEN_READER", "TERM"];
    for name in steering {
        command.env_remove(name);
    }
    command
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

fn standard_output(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn standard_error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

//! The program as its users meet it: a process in a folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The program in `folder`, with nothing of the surroundings that changes how it draws.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    command.current_dir(folder).args(arguments);
    let steering =
        ["COLUMNS", "CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR", "NO_GRAPHICS", "PHASEGATE_SCREEN_READER", "TERM"];
    for name in steering {
        command.env_remove(name);
    }
    command
}

pub fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

pub fn standard_output(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub fn standard_error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

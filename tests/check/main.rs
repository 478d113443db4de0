//! `check` from outside: its formats, fixes, watching, and what it draws.

mod drawing;
mod fixing;
mod folders;
mod json;
#[path = "../support/outside.rs"]
mod outside;
mod sarif;
mod watching;

use std::path::Path;
use std::process::Output;

use outside::{command, folder_with, standard_error, standard_output};

/// Runs the program in `folder` with nothing of the surroundings that changes how it draws.
fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

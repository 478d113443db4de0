//! Whether a program is there, and words for a program that does not start.

use std::io;
use std::path::{Path, PathBuf};

use crate::adapters::net::NetContext;

/// Whether a program of this name can be started.
///
/// # Errors
/// When it cannot, in words for people.
pub fn look_for_program(name: &str, ctx: &NetContext) -> Result<(), String> {
    if is_path(name) {
        return match ctx.root.join(name) {
            path if !path.is_file() => Err(format!("there is no program `{name}`")),
            path if !is_executable(&path) => Err(format!("`{name}` is there, but it is not executable")),
            _ => Ok(()),
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&folders).flat_map(|folder| names(&folder, name));
    if candidates.any(|path| path.is_file() && is_executable(&path)) { Ok(()) } else { Err(not_installed(name)) }
}

pub fn describe_start_failure(program: &str, cwd: &str, ctx: &NetContext, error: &io::Error) -> String {
    let folder = ctx.root.join(cwd);
    if !folder.is_dir() {
        return format!("the folder `{cwd}` to run `{program}` in does not exist");
    }
    match error.kind() {
        io::ErrorKind::NotFound if is_path(program) => format!("there is no program `{program}`"),
        io::ErrorKind::NotFound => not_installed(program),
        io::ErrorKind::PermissionDenied => format!("`{program}` is there, but it is not executable"),
        io::ErrorKind::ArgumentListTooLong => format!("the arguments of `{program}` are longer than the system takes"),
        _ => format!("`{program}` could not be started: {error}"),
    }
}

fn not_installed(name: &str) -> String {
    format!("command `{name}` is not installed or not on PATH")
}

fn is_path(name: &str) -> bool {
    Path::new(name).components().count() > 1
}

#[cfg(unix)]
fn names(folder: &Path, name: &str) -> Vec<PathBuf> {
    vec![folder.join(name)]
}

#[cfg(windows)]
fn names(folder: &Path, name: &str) -> Vec<PathBuf> {
    let endings = std::env::var("PATHEXT").unwrap_or_else(|_| ".EXE;.CMD;.BAT;.COM".to_owned());
    let with_ending = endings.split(';').map(|ending| folder.join(format!("{name}{ending}")));
    with_ending.chain([folder.join(name)]).collect()
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(windows)]
fn is_executable(_path: &Path) -> bool {
    true
}

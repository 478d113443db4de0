//! The `.deploy` files of a program, from disk.
//!
//! Invariants: a file is read whole or not at all, and never more than [`LARGEST`] bytes of it; what cannot be read is
//! said in words that name the file.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::types::TypesBuilder;

use super::files::{Draft, Privacy};

/// No program written by people comes near it; devices that never end do.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// The bytes of the file at `path`.
///
/// # Errors
/// What is in the way, for people.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let about = path.metadata();
    if about.as_ref().is_ok_and(|about| is_named_pipe(path, about)) {
        return Err(format!("`{}` is a pipe, not a file: pipe it into `-`", path.display()));
    }
    let file = File::open(path).map_err(|error| describe(path, &error))?;
    // With room for what is there and for seeing that it ends, it is read in one go; a device has no length.
    let length = about.map_or(0, |about| about.len().min(LARGEST));
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 32);
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| describe(path, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("`{}` is larger than {} MiB: this is no program", path.display(), LARGEST / 1024 / 1024));
    }
    Ok(bytes)
}

/// Whether opening it would wait until somebody writes. What a shell puts in place of `<(…)` has its writer.
#[cfg(unix)]
fn is_named_pipe(path: &Path, about: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_of_shell = path.starts_with("/dev") || path.starts_with("/proc");
    !is_of_shell && about.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_named_pipe(_: &Path, _: &Metadata) -> bool {
    false
}

/// Gives the file at `path`, which held `before`, new content: all of it or nothing. Permissions and owner stay; of a
/// symbolic link the file it points to is written.
///
/// # Errors
/// What is in the way, for people: the file may not be written, or somebody else has written it since it was read.
pub fn replace(path: &Path, before: &[u8], content: &[u8]) -> Result<(), String> {
    let name = path.display();
    let refused = |error: io::Error| match error.kind() {
        ErrorKind::PermissionDenied => format!("`{name}` may not be written by this user; it stays as it is"),
        _ => format!("`{name}` cannot be written: {error}; it stays as it is"),
    };
    let target = path.canonicalize().map_err(refused)?;
    if target.metadata().map_err(refused)?.permissions().readonly() {
        return Err(format!("`{name}` is read-only; it stays as it is"));
    }
    OpenOptions::new().write(true).open(&target).map_err(refused)?;
    let mut draft = Draft::begin(&name.to_string(), target, Privacy::Ordinary).map_err(|failure| failure.message)?;
    draft.file().write_all(content).map_err(refused)?;
    if read(path)? != before {
        return Err(format!("`{name}` was changed by somebody else in the meantime; nothing was written"));
    }
    draft.commit(None).map_err(|failure| failure.message)
}

/// The programs that `paths` mean: files as they are, folders walked for `.deploy` without what git ignores. In
/// order, each once.
///
/// # Errors
/// One message for each path that is not there or cannot be walked, beside what was found.
#[must_use]
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let mut found = Vec::new();
    let mut complaints = Vec::new();
    for path in paths {
        if path.is_dir() {
            let (files, errors) = walk(path);
            found.extend(files);
            complaints.extend(errors);
        } else if let Err(error) = path.metadata() {
            complaints.push(describe(path, &error));
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    (found, complaints)
}

fn walk(folder: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let mut types = TypesBuilder::new();
    types.add("deploy", "*.deploy").expect("a literal glob");
    let types = types.select("deploy").build().expect("the type was just added");
    let mut files = Vec::new();
    let mut complaints = Vec::new();
    for entry in WalkBuilder::new(folder).types(types).sort_by_file_path(Path::cmp).build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) => files.push(tidy(entry.into_path())),
            Ok(_) => {}
            Err(error) => complaints.push(describe_walk(&error)),
        }
    }
    (files, complaints)
}

/// `a.deploy` instead of `./a.deploy`.
fn tidy(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path)
}

fn describe_walk(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithDepth { err, .. } => describe_walk(err),
        ignore::Error::WithPath { path, err } => match err.io_error() {
            Some(error) => describe(&tidy(path.clone()), error),
            None => format!("a folder cannot be walked: {error}"),
        },
        _ => format!("a folder cannot be walked: {error}"),
    }
}

fn describe(path: &Path, error: &io::Error) -> String {
    let name = path.display();
    match error.kind() {
        ErrorKind::NotFound => format!("there is no file `{name}`"),
        ErrorKind::PermissionDenied => format!("`{name}` may not be read by this user"),
        ErrorKind::IsADirectory => format!("`{name}` is a folder, not a file"),
        _ => format!("`{name}` cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{find, read};
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn folders_are_walked_for_programs_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.deploy", "a.deploy", "notes.md", "inner/c.deploy"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("inside")).expect("made");
            fs::write(path, "").expect("written");
        }
        let (files, complaints) = find(&[folder.path().to_path_buf(), folder.path().join("a.deploy")]);
        let names: Vec<&Path> = files.iter().map(|file| file.strip_prefix(folder.path()).expect("inside")).collect();
        assert_eq!(names, [Path::new("a.deploy"), Path::new("b.deploy"), Path::new("inner/c.deploy")]);
        assert_eq!(complaints, Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let (files, complaints) = find(&[PathBuf::from("nowhere.deploy")]);
        assert_eq!((files.len(), complaints), (0, vec!["there is no file `nowhere.deploy`".to_owned()]));
        assert_eq!(read(Path::new("nowhere.deploy")), Err("there is no file `nowhere.deploy`".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_nobody_writes_into_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe.deploy");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()));
        let message = read(&pipe).expect_err("nobody writes");
        assert!(message.ends_with("is a pipe, not a file: pipe it into `-`"), "{message}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_that_never_ends_is_refused() {
        let message = read(Path::new("/dev/zero")).expect_err("too large");
        assert!(message.contains("larger than 64 MiB"), "{message}");
    }
}

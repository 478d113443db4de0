//! Words for what goes wrong with files: what was tried, on which file, why, and what to do about it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::contract::effect::Failure;

pub type Performed<T> = Result<T, Failure>;

/// The system refused `doing` (`read`, `write`, …) with `name`.
#[must_use]
pub fn fault(doing: &str, name: &str, error: &io::Error) -> Failure {
    refusal(format!("cannot {doing} `{name}`: {}", reason(error)))
}

/// We refuse, before anything is changed.
#[must_use]
pub fn refusal(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), cancelled: false }
}

/// # Errors
/// When the effect is to end early.
pub fn check_cancel(cancel: &AtomicBool) -> Performed<()> {
    if cancel.load(Ordering::Relaxed) {
        return Err(Failure { message: "cancelled before it was done".to_owned(), cancelled: true });
    }
    Ok(())
}

/// The failure of a stream that stops with an error when it is cancelled.
#[must_use]
pub fn stream_fault(doing: &str, name: &str, error: &io::Error, cancel: &AtomicBool) -> Failure {
    match check_cancel(cancel) {
        Err(cancelled) => cancelled,
        Ok(()) => fault(doing, name, error),
    }
}

fn reason(error: &io::Error) -> String {
    let known = match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder",
        io::ErrorKind::PermissionDenied => "permission denied; check who owns the file and its folder",
        io::ErrorKind::StorageFull => "the disk is full; free some space and try again",
        io::ErrorKind::QuotaExceeded => "the disk quota is used up; free some space and try again",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::IsADirectory => "it is a folder, a file is needed",
        io::ErrorKind::NotADirectory => "a part of its path is a file, not a folder",
        io::ErrorKind::UnexpectedEof => "it ends too early",
        _ => return error.to_string(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::fault;

    #[test]
    fn a_full_disk_is_said_in_words() {
        let failure = fault("write", "a/b.json", &io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(failure.message, "cannot write `a/b.json`: the disk is full; free some space and try again");
    }
}

//! Locks between runs: `lock "name"` lets one run at a time through, across processes and crashes.
//!
//! A lock is a file that names its holder. It lasts as long as the run, not the process: a paused or interrupted run keeps
//! it. Who wants it looks whether that run is over; the file's own OS lock keeps two from looking at the same time.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::journal::SqliteJournal;
use super::state::{RunFolder, StateFolder};

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub run: RunFolder,
    /// The process that drives it, if one does.
    pub driven_by: Option<u32>,
    /// Its journal could not be read, so that nobody knows whether it is over.
    pub unreadable: Option<String>,
}

/// Takes lock `name` for `run`, unless another run that is not over holds it.
///
/// # Errors
/// When the lock cannot be looked at, in words for people. A lock that is held is no error but `Some(holder)`.
pub fn acquire(state: &StateFolder, name: &str, run: &RunFolder) -> Result<Option<Holder>, String> {
    let mut file = open(state, name)?;
    let failed = |error: std::io::Error| cannot_write(state, name, &error);
    file.lock().map_err(failed)?;
    if let Some(holder) = held_by(state, &mut file).filter(|holder| holder.run.id() != run.id()) {
        return Ok(Some(holder));
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
    file.write_all(run.id().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(None)
}

/// Who holds lock `name` now, without taking it.
///
/// # Errors
/// When the lock cannot be looked at, in words for people.
pub fn holder(state: &StateFolder, name: &str) -> Result<Option<Holder>, String> {
    let path = path(state, name);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("lock `{name}` (`{}`) could not be read: {error}", path.display())),
    };
    file.lock_shared().map_err(|error| format!("lock `{name}` (`{}`) could not be read: {error}", path.display()))?;
    Ok(held_by(state, &mut file))
}

fn open(state: &StateFolder, name: &str) -> Result<File, String> {
    let failed = |error: std::io::Error| cannot_write(state, name, &error);
    fs::create_dir_all(state.locks()).map_err(failed)?;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path(state, name)).map_err(failed)
}

fn cannot_write(state: &StateFolder, name: &str, error: &std::io::Error) -> String {
    format!(
        "lock `{name}` (`{}`) cannot be taken: {error}; see to its permissions and the disk",
        path(state, name).display()
    )
}

/// The run that the file names, unless it is over or gone.
fn held_by(state: &StateFolder, file: &mut File) -> Option<Holder> {
    let mut id = String::new();
    // What is no name of a run (too long, not UTF-8) holds nothing.
    Read::by_ref(file).take(4096).read_to_string(&mut id).ok()?;
    let run = state.runs().ok()?.into_iter().find(|run| run.id() == id.trim())?;
    let driven_by = run.driven_by();
    match SqliteJournal::read(&run.journal()).and_then(|journal| Ok((journal.ending()?, journal.last_at()?))) {
        Ok((Some(_), _)) => None,
        // Refused or killed before its first event: nothing was changed, nothing can go on.
        Ok((None, None)) if driven_by.is_none() => None,
        Ok(_) => Some(Holder { run, driven_by, unreadable: None }),
        Err(_) if driven_by.is_none() && !run.journal().exists() => None,
        Err(error) => Some(Holder { run, driven_by, unreadable: Some(error.to_string()) }),
    }
}

/// Readable, and never two names in one file: what is no plain letter goes, a digest of the whole comes.
fn path(state: &StateFolder, name: &str) -> PathBuf {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let readable: String = name.chars().filter(plain).take(60).collect();
    let digest = Sha256::digest(name.as_bytes());
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    state.locks().join(format!("{readable}-{short}.lock"))
}

//! The state folder `.phasegate`: one folder per run, and who drives it.
//!
//! Invariants: at most one process drives a run (an operating-system lock that dies with the process); names of runs come
//! from us only, so that no name from outside ever becomes part of a path unchecked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::base::suggest;
use crate::base::time::Timestamp;

/// Where runs, locks, backups and versions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// What `PHASEGATE_STATE` names, else `.phasegate` where we are.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var_os("PHASEGATE_STATE") {
            Some(folder) if !folder.is_empty() => Self::at(folder),
            _ => Self::at(".phasegate"),
        }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    #[must_use]
    pub fn switches(&self) -> PathBuf {
        self.root.join("switches")
    }

    /// The folder of a run that may or may not exist.
    #[must_use]
    pub fn run(&self, id: &str) -> RunFolder {
        RunFolder { id: id.to_owned(), path: self.root.join("runs").join(id) }
    }

    /// Every run, the oldest first. What was killed before it had a journal is none: nothing has happened in it.
    ///
    /// # Errors
    /// When the folder is there and cannot be read, in words for people.
    pub fn runs(&self) -> Result<Vec<RunFolder>, String> {
        let folder = self.root.join("runs");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("state folder `{}` could not be read: {error}", folder.display())),
        };
        let names = entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
        let mut ids: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        ids.sort_unstable_by(|left, right| age(left).cmp(&age(right)));
        Ok(ids.into_iter().map(|id| self.run(&id)).filter(|run| !run.is_stub()).collect())
    }

    /// The run of this name, or of the only name that begins so.
    ///
    /// # Errors
    /// When there is none or more than one, in words for people.
    pub fn find(&self, name: &str) -> Result<RunFolder, String> {
        let runs = self.runs()?;
        if let Some(run) = runs.iter().find(|run| run.id == name) {
            return Ok(run.clone());
        }
        let alike: Vec<&RunFolder> = runs.iter().filter(|run| !name.is_empty() && run.id.starts_with(name)).collect();
        match alike.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(unknown_run(name, &runs)),
            several => {
                let ids: Vec<String> = several.iter().map(|run| format!("`{}`", run.id)).collect();
                Err(format!("`{name}` is the beginning of {} runs: {}", ids.len(), ids.join(", ")))
            }
        }
    }

    /// Makes the folder of a new run: `20251121-1438-quickstart-7f3a`.
    ///
    /// # Errors
    /// When it cannot be made, in words for people.
    pub fn create_run(&self, pipeline: &str, mut now: Timestamp) -> Result<RunFolder, String> {
        let runs = self.root.join("runs");
        let failed = |error: std::io::Error| {
            format!(
                "state folder `{}` cannot be written: {error}; see to its permissions and the disk, or name another folder \
                 in PHASEGATE_STATE",
                self.root.display()
            )
        };
        fs::create_dir_all(&runs).map_err(failed)?;
        loop {
            let run = self.run(&run_id(pipeline, now));
            match fs::create_dir(&run.path) {
                Ok(()) => {
                    fs::create_dir(run.inbox()).map_err(failed)?;
                    fs::create_dir(run.output()).map_err(failed)?;
                    sync_folder(&runs);
                    return Ok(run);
                }
                // Another run began in the same millisecond.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    now = now.plus(Duration::from_millis(1));
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    id: String,
    path: PathBuf,
}

impl RunFolder {
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.db")
    }

    #[must_use]
    pub fn inbox(&self) -> PathBuf {
        self.path.join("inbox")
    }

    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.path.join("output")
    }

    /// A folder without a journal, and nothing in it that a run would have left.
    fn is_stub(&self) -> bool {
        let is_empty = || fs::read_dir(self.output()).map_or(true, |mut entries| entries.next().is_none());
        !self.journal().exists() && is_empty()
    }

    fn driver(&self) -> PathBuf {
        self.path.join("driver.lock")
    }

    /// The id of the process that drives the run now; `Some(0)` when it could not be read.
    #[must_use]
    pub fn driven_by(&self) -> Option<u32> {
        let mut file = File::open(self.driver()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // A process id is short; whatever else lies there is no reason to read on.
                let _ = Read::by_ref(&mut file).take(32).read_to_string(&mut text);
                Some(text.trim().parse().unwrap_or(0))
            }
            _ => None,
        }
    }

    /// Takes the right to drive the run; it lasts until it is dropped or this process dies.
    ///
    /// # Errors
    /// When another process drives it or the file cannot be written, in words for people.
    pub fn drive(&self) -> Result<Driving, String> {
        let path = self.driver();
        let failed = |error: std::io::Error| {
            let (id, path) = (&self.id, path.display());
            format!(
                "run `{id}` cannot be gone on with: `{path}` cannot be written: {error}; see to its permissions and the disk"
            )
        };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        // A process that only looks holds the lock for an instant: try for a little while.
        for attempt in 0..10 {
            match file.try_lock() {
                Ok(()) => {
                    file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
                    write!(file, "{}", std::process::id()).map_err(failed)?;
                    return Ok(Driving { _file: file });
                }
                Err(TryLockError::WouldBlock) if attempt < 9 => thread::sleep(Duration::from_millis(20)),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let process = self.driven_by().filter(|id| *id != 0).map_or(String::new(), |id| format!(" (process {id})"));
        Err(format!("run `{}` is driven by another process{process}", self.id))
    }
}

/// The right to drive a run.
#[derive(Debug)]
pub struct Driving {
    _file: File,
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_whole(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

/// A name made in a folder survives a power cut once the folder is synced. Some systems cannot; theirs is then the risk.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// The minute, the pipeline, and the milliseconds since the minute began: these take four digits.
fn run_id(pipeline: &str, now: Timestamp) -> String {
    let minute = jiff::Timestamp::from_microsecond(now.0)
        .map_or_else(|_| "00000000-0000".to_owned(), |time| time.strftime("%Y%m%d-%H%M").to_string());
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    let name: String = pipeline.chars().filter(plain).take(40).collect();
    let name = if name.is_empty() { "run" } else { &name };
    format!("{minute}-{name}-{:04x}", (now.0 / 1_000).rem_euclid(60_000))
}

/// Minute and milliseconds of a run's id, whatever its pipeline.
fn age(id: &str) -> (&str, &str, &str) {
    let minute = id.get(..13).unwrap_or(id);
    let (_, moment) = id.rsplit_once('-').unwrap_or((id, ""));
    (minute, moment, id)
}

fn unknown_run(name: &str, runs: &[RunFolder]) -> String {
    if runs.is_empty() {
        return format!("there is no run `{name}`: nothing has been run here yet");
    }
    let ids = runs.iter().map(|run| run.id.as_str());
    match suggest::nearest(name, ids) {
        Some(nearest) => format!("there is no run `{name}`; did you mean `{nearest}`?"),
        None => format!("there is no run `{name}`; `phasegate history` lists those there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::{StateFolder, Timestamp, run_id};

    #[test]
    fn run_ids_are_short_sortable_and_readable() {
        let at = Timestamp(1_763_735_912_570_000);
        assert_eq!(run_id("quickstart", at), "20251121-1438-quickstart-7f3a");
        assert_eq!(run_id("../../etc", at), "20251121-1438-etc-7f3a");
        assert!(run_id("p", Timestamp(at.0 + 1_000)) > run_id("p", at));
    }

    #[test]
    fn one_process_drives_a_run_and_everyone_sees_who() {
        let folder = tempfile::tempdir().unwrap();
        let run = StateFolder::at(folder.path()).create_run("p", Timestamp(0)).unwrap();
        assert_eq!(run.driven_by(), None);
        let driving = run.drive().unwrap();
        assert_eq!(run.driven_by(), Some(std::process::id()));
        let refusal = run.drive().unwrap_err();
        assert!(refusal.contains("is driven by another process"), "{refusal}");
        drop(driving);
        assert_eq!(run.driven_by(), None);
        run.drive().unwrap();
    }

    #[test]
    fn a_run_is_found_by_its_beginning_and_a_slip_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::at(folder.path());
        assert!(state.find("x").unwrap_err().contains("nothing has been run here yet"));
        let run = state.create_run("alpha", Timestamp(0)).unwrap();
        assert!(state.find("1970").is_err(), "without a journal it is no run");
        let other = state.create_run("beta", Timestamp(86_400_000_000)).unwrap();
        for run in [&run, &other] {
            std::fs::write(run.journal(), "").unwrap();
        }
        assert_eq!(state.find("19700101").unwrap(), run);
        assert!(state.find("1970").unwrap_err().contains("2 runs"));
        let slip = run.id().replace("alpha", "alhpa");
        assert!(state.find(&slip).unwrap_err().contains(&format!("did you mean `{}`", run.id())));
        assert!(state.find("../locks").unwrap_err().contains("there is no run"));
    }

    #[test]
    fn an_unwritable_state_folder_is_told_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refusal = StateFolder::at(file).create_run("p", Timestamp(0)).unwrap_err();
        assert!(refusal.contains("PHASEGATE_STATE"), "{refusal}");
    }
}

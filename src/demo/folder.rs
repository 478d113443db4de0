//! The folder of the world: the service's configuration, its feature flags, and a copy of the pipeline to read.
//! A fingerprint of it before and after a run proves what a rollback took back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The feature that the pipeline switches on.
pub const FEATURE: &str = "new_ranking";

/// Paths of the world's files.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// Notes every state that the files of a folder go through, as far as it lasts longer than a glance.
#[derive(Debug)]
pub struct FolderWatch {
    stop: CancellationToken,
    task: JoinHandle<io::Result<Vec<Fingerprint>>>,
}

/// How often the watch looks.
const GLANCE: Duration = Duration::from_millis(100);

/// What the files of the folder hold, in a form to compare and to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    pub config: String,
    pub flags: String,
}

impl Folder {
    /// Writes the files as they are before any rollout. `root` must be a folder of the demo alone: what an earlier one
    /// left in its `config` is removed.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be written.
    pub fn create(root: &Path) -> io::Result<Self> {
        let folder = Self { root: root.to_owned() };
        if folder.config().exists() {
            fs::remove_dir_all(folder.config())?;
        }
        fs::create_dir_all(folder.config())?;
        write_json(&folder.config().join("service.json"), &json!({ "release": "1.4.0", "ranking": "classic" }))?;
        write_json(&folder.config().join("limits.json"), &json!({ "connections": 512, "timeout_ms": 2000 }))?;
        write_json(&folder.flags(), &json!({ "flags": {} }))?;
        Ok(folder)
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder with the configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("config")
    }

    /// The file with the feature flags, in flagd's format.
    #[must_use]
    pub fn flags(&self) -> PathBuf {
        self.root.join("flags.json")
    }

    /// # Errors
    /// When a file cannot be read.
    pub fn fingerprint(&self) -> io::Result<Fingerprint> {
        Ok(Fingerprint { config: hash_folder(&self.config())?, flags: hash_file(&self.flags())? })
    }
}

impl FolderWatch {
    /// Watches from now on.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(folder: &Folder) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let seen = vec![folder.fingerprint()?];
        let task = tokio::spawn(watch(folder.clone(), seen, stop.clone()));
        Ok(Self { stop, task })
    }

    /// The states in order, the last of them as it is now; never two alike in a row.
    ///
    /// # Errors
    /// When a file cannot be read now.
    pub async fn stop(mut self) -> io::Result<Vec<Fingerprint>> {
        self.stop.cancel();
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for FolderWatch {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn watch(folder: Folder, mut seen: Vec<Fingerprint>, stop: CancellationToken) -> io::Result<Vec<Fingerprint>> {
    while timeout(GLANCE, stop.cancelled()).await.is_err() {
        // A file that is being replaced may be missing for a moment; the next look sees it.
        if let Ok(now) = folder.fingerprint() {
            note(&mut seen, now);
        }
    }
    note(&mut seen, folder.fingerprint()?);
    Ok(seen)
}

fn note(seen: &mut Vec<Fingerprint>, now: Fingerprint) {
    if seen.last() != Some(&now) {
        seen.push(now);
    }
}

fn write_json(path: &Path, value: &Value) -> io::Result<()> {
    fs::write(path, format!("{value:#}\n"))
}

fn hash_file(path: &Path) -> io::Result<String> {
    Ok(hex(&Sha256::digest(fs::read(path)?)))
}

/// The hash of every file's name and content, in the order of names.
///
/// # Errors
/// When a file cannot be read.
pub fn hash_folder(folder: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().into_owned();
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update(Sha256::digest(fs::read(&file)?));
    }
    Ok(hex(&hasher.finalize()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn a_fingerprint_tells_any_change_and_that_it_was_taken_back() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::create(temporary.path()).unwrap();
        let before = folder.fingerprint().unwrap();
        let service = folder.config().join("service.json");
        let text = std::fs::read(&service).unwrap();
        std::fs::write(&service, "{}").unwrap();
        assert_ne!(folder.fingerprint().unwrap().config, before.config);
        std::fs::write(&service, text).unwrap();
        assert_eq!(folder.fingerprint().unwrap(), before);
        std::fs::write(folder.config().join("more.json"), "").unwrap();
        assert_ne!(folder.fingerprint().unwrap(), before);
    }

    #[test]
    fn a_new_world_starts_from_the_same_files() {
        let temporary = tempfile::tempdir().unwrap();
        let first = Folder::create(temporary.path()).unwrap().fingerprint().unwrap();
        std::fs::write(temporary.path().join("config/left-over"), "x").unwrap();
        assert_eq!(Folder::create(temporary.path()).unwrap().fingerprint().unwrap(), first);
    }
}

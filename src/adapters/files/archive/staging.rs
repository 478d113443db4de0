//! The files of an archive, unpacked beside the target under numbers instead of names, made durable, then moved.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use tempfile::TempDir;

use super::entries::{Content, Entry, for_each};
use super::manifest::{ABSENT, MANIFEST};
use super::verify::{Inventory, TARGET_ITSELF};
use crate::adapters::files::draft::DRAFT_PREFIX;
use crate::adapters::files::failure::{Performed, check_cancel, fault, refusal, stream_fault};
use crate::adapters::files::hashing::{HashingWriter, stop_when_cancelled};
use crate::adapters::files::place::sync_folder;

/// Unpacked, durable, not yet in place. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Staging {
    target: PathBuf,
    folder: TempDir,
    staged: Vec<(PathBuf, Entry)>,
    folders: Vec<Entry>,
}

impl Staging {
    /// Unpacks `archive`, which has been verified, and compares again what is read: it may have been changed since.
    ///
    /// # Errors
    /// When the disk is full or not writable, when cancelled; nothing in the target has changed then.
    pub fn unpack(
        target: &Path,
        mut archive: File,
        name: &str,
        inventory: &Inventory,
        cancel: &AtomicBool,
    ) -> Performed<Self> {
        io::Seek::rewind(&mut archive).map_err(|error| fault("read", name, &error))?;
        let folder = tempfile::Builder::new().prefix(DRAFT_PREFIX).tempdir_in(target);
        let folder = folder.map_err(|error| fault("write into the folder", &target.display().to_string(), &error))?;
        let mut staging = Self { target: target.to_path_buf(), folder, staged: Vec::new(), folders: Vec::new() };
        for_each(archive, name, cancel, |entry, bytes| {
            if [MANIFEST, ABSENT].contains(&entry.name.as_str()) {
                return Ok(());
            }
            if entry.content == Content::Folder {
                staging.folders.push(entry);
                return Ok(());
            }
            let place = staging.folder.path().join(staging.staged.len().to_string());
            match &entry.content {
                Content::Link { to } => make_link(to, &place).map_err(|error| fault("write", &entry.name, &error))?,
                _ => {
                    let sha256 = unpack_file(&place, &entry, bytes, cancel)
                        .map_err(|error| stream_fault("write", &entry.name, &error, cancel))?;
                    if inventory.sums.get(&entry.name) != Some(&sha256) {
                        return Err(refusal(format!(
                            "`{name}` was changed while it was restored; nothing was restored"
                        )));
                    }
                }
            }
            staging.staged.push((place, entry));
            Ok(())
        })?;
        staging.sync(cancel)?;
        Ok(staging)
    }

    fn sync(&self, cancel: &AtomicBool) -> Performed<()> {
        // Side by side: the disk takes many requests at once much faster than one after another.
        self.staged.par_iter().try_for_each(|(place, entry)| {
            check_cancel(cancel)?;
            if entry.content != Content::File {
                return Ok(());
            }
            let file = File::open(place);
            file.and_then(|file| file.sync_all()).map_err(|error| fault("write", &entry.name, &error))
        })
    }

    /// Moves every file to its name. Not cancelled in the middle: what is left are renames.
    ///
    /// # Errors
    /// When the file system refuses one; those before it are in place.
    pub fn move_into_place(self) -> Performed<()> {
        for folder in &self.folders {
            self.make_folder(&folder.name)?;
        }
        let mut changed: BTreeSet<&str> = BTreeSet::new();
        for (place, entry) in &self.staged {
            let folder = entry.name.rsplit_once('/').map_or("", |(folder, _)| folder);
            if changed.insert(folder) {
                self.make_folder(folder)?;
            }
            let moved = move_file(place, &self.target.join(&entry.name), entry);
            moved.map_err(|error| fault("write", &entry.name, &error))?;
        }
        // The innermost first: the mode of an outer one may forbid to reach it.
        for entry in self.folders.iter().rev() {
            let place = self.target.join(&entry.name);
            let applied = File::open(&place).and_then(|folder| entry.attributes.apply(&folder));
            if cfg!(unix) {
                applied.map_err(|error| fault("set the mode of", &entry.name, &error))?;
            }
        }
        changed.into_iter().try_for_each(|folder| sync_folder(&self.target.join(folder), folder))?;
        // By now the folder is empty; that it cannot be removed harms nobody.
        let _left = self.folder.close().is_err();
        Ok(())
    }

    fn make_folder(&self, name: &str) -> Performed<()> {
        fs::create_dir_all(self.target.join(name)).map_err(|error| fault("make the folder", name, &error))
    }
}

/// Removes what was not there, and the folders that are empty then.
///
/// # Errors
/// When a file cannot be removed.
pub fn remove_absent(target: &Path, absent: &BTreeSet<String>) -> Performed<()> {
    for name in absent.iter().filter(|name| !name.ends_with('/')) {
        match fs::remove_file(target.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault("remove", name, &error)),
            _ => {}
        }
    }
    // The innermost first. A folder in which others have put something stays.
    for name in absent.iter().rev().filter(|name| name.ends_with('/') && *name != TARGET_ITSELF) {
        let _others_use_it = fs::remove_dir(target.join(name)).is_err();
    }
    if absent.contains(TARGET_ITSELF) {
        let _others_use_it = fs::remove_dir(target).is_err();
    }
    Ok(())
}

fn unpack_file(place: &Path, entry: &Entry, bytes: &mut dyn io::Read, cancel: &AtomicBool) -> io::Result<String> {
    let file = OpenOptions::new().write(true).create_new(true).open(place)?;
    let mut writer = HashingWriter::new(file);
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        stop_when_cancelled(cancel)?;
        let count = bytes.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        io::Write::write_all(&mut writer, buffer.get(..count).unwrap_or_default())?;
    }
    let (file, sum) = writer.finish();
    entry.attributes.apply(&file)?;
    Ok(sum.sha256)
}

fn move_file(from: &Path, to: &Path, entry: &Entry) -> io::Result<()> {
    match fs::rename(from, to) {
        // A folder of the target may be a file system of its own.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let file_name = from.file_name().unwrap_or_default().to_string_lossy();
            let beside = to.with_file_name(format!("{DRAFT_PREFIX}{file_name}"));
            match &entry.content {
                Content::Link { to } => make_link(to, &beside)?,
                Content::File | Content::Folder => {
                    fs::copy(from, &beside)?;
                    let file = OpenOptions::new().write(true).open(&beside)?;
                    entry.attributes.apply(&file)?;
                    file.sync_all()?;
                }
            }
            fs::rename(&beside, to)
        }
        other => other,
    }
}

#[cfg(unix)]
fn make_link(to: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, place)
}

#[cfg(not(unix))]
fn make_link(_: &str, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "symbolic links cannot be restored on this platform"))
}

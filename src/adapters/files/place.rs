//! Where the path of an effect leads, and what is there.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::{Performed, fault, refusal};

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// The file behind `path`: symbolic links at its end are followed, also to where nothing is yet.
///
/// # Errors
/// When the links lead in a circle or cannot be read.
pub fn follow(root: &Path, path: &str) -> Performed<PathBuf> {
    let mut place = root.join(path);
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&place) {
            Ok(metadata) if metadata.file_type().is_symlink() => {
                let link = fs::read_link(&place).map_err(|error| fault("read", path, &error))?;
                place = place.parent().unwrap_or(root).join(link);
            }
            Ok(_) => return Ok(place),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(place),
            Err(error) => return Err(fault("read", path, &error)),
        }
    }
    Err(refusal(format!("`{path}` leads in a circle of symbolic links")))
}

/// The regular file at `place`, `None` when nothing is there. `name` is what the user calls it.
///
/// # Errors
/// When something else is there (a folder, a device, a pipe): reading those may hang, replacing them surprises.
pub fn regular_file(place: &Path, name: &str) -> Performed<Option<Metadata>> {
    match fs::symlink_metadata(place) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_dir() => Err(refusal(format!("`{name}` is a folder, a file is needed"))),
        Ok(_) => Err(refusal(format!("`{name}` is no regular file but a device, a pipe or a socket"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault("look at", name, &error)),
    }
}

/// Opens a file for reading, also through a symbolic link.
///
/// # Errors
/// When it is not there, not readable, or no regular file.
pub fn open_file(place: &Path, name: &str) -> Performed<fs::File> {
    let metadata = fs::metadata(place).map_err(|error| fault("read", name, &error))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder, a file is needed" } else { "no regular file" };
        return Err(refusal(format!("`{name}` is {what}")));
    }
    fs::File::open(place).map_err(|error| fault("read", name, &error))
}

/// Reads a small text file, such as the metadata of a backup.
///
/// # Errors
/// As [`open_file`]; when it is not UTF-8 or larger than any of its kind.
pub fn read_small(place: &Path, name: &str) -> Performed<String> {
    const LARGEST: u64 = 64 << 20;
    let mut text = String::new();
    let read = open_file(place, name)?.take(LARGEST + 1).read_to_string(&mut text);
    read.map_err(|error| fault("read", name, &error))?;
    if text.len() as u64 > LARGEST {
        return Err(refusal(format!("`{name}` is too large to be what it should be")));
    }
    Ok(text)
}

/// The folders above `place` that are not there, the innermost first.
#[must_use]
pub fn missing_folders(place: &Path) -> Vec<PathBuf> {
    let above = place.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    above.take_while(|folder| fs::symlink_metadata(folder).is_err()).map(Path::to_path_buf).collect()
}

/// Makes what was done in `folder` (a file made, renamed or removed) survive a power cut.
///
/// # Errors
/// When the disk refuses.
pub fn sync_folder(folder: &Path, name: &str) -> Performed<()> {
    if !cfg!(unix) {
        // Elsewhere a folder cannot be opened, and renames are journaled by the file system.
        return Ok(());
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    match synced {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Err(fault("secure on disk the folder of", name, &error))
        }
        _ => Ok(()),
    }
}

//! The standard library as files that any editor can open: written once to a cache folder, read-only.

use std::fs;
use std::path::{Path, PathBuf};

use crate::analysis::stdlib::modules;

/// The file of a module; none where it cannot be written.
pub fn file_of(module: &str) -> Option<PathBuf> {
    let (_, text) = modules().iter().find(|(name, _)| *name == module)?;
    let folder = folder();
    let path = folder.join(format!("{module}.deploy"));
    if fs::read(&path).is_ok_and(|written| written == text.as_bytes()) {
        return Some(path);
    }
    fs::create_dir_all(&folder).ok()?;
    let draft = folder.join(format!(".{module}.{}", std::process::id()));
    fs::write(&draft, text).ok()?;
    let mut permissions = fs::metadata(&draft).ok()?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&draft, permissions).ok()?;
    fs::rename(&draft, &path).ok()?;
    Some(path)
}

/// Whether the file is one of the library: about it nothing is reported.
pub fn is_part(path: &Path) -> bool {
    path.starts_with(folder()) || path.parent().is_some_and(|parent| parent == super::convert::identity(&folder()))
}

fn folder() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = cache.or_else(home).unwrap_or_else(std::env::temp_dir);
    base.join("phasegate").join(concat!("stdlib-", env!("CARGO_PKG_VERSION")))
}

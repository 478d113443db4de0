//! The backups in a folder: listing them, and removing those whose time is over.

use std::fs;
use std::io;
use std::time::Duration;

use super::metadata::{Metadata, Places};
use crate::adapters::files::FilesContext;
use crate::adapters::files::draft::DRAFT_PREFIX;
use crate::adapters::files::failure::{Performed, fault};

/// A backup as the folder shows it.
#[derive(Debug)]
pub struct Listed {
    /// The archive, as a path below the root.
    pub archive: String,
    /// What it says of itself, or why that cannot be read.
    pub metadata: Result<Metadata, String>,
}

/// All backups in the folder `to`, the oldest first; those that cannot be read are last. A folder that is not there has
/// none.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(ctx: &FilesContext<'_>, to: &str) -> Performed<Vec<Listed>> {
    let entries = match fs::read_dir(ctx.root.join(to)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault("read the folder", to, &error)),
    };
    let mut listed = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fault("read the folder", to, &error))?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str().filter(|name| name.ends_with(".tar.zst")) else { continue };
        let places = Places::of_archive(&ctx.root, &format!("{}/{file_name}", to.trim_end_matches('/')))?;
        let metadata = places.load().map_err(|failure| failure.message);
        listed.push(Listed { archive: places.name, metadata });
    }
    listed.sort_by_key(|backup| {
        let time = backup.metadata.as_ref().map_or(jiff::Timestamp::MAX, |metadata| metadata.created_at);
        (time, backup.archive.clone())
    });
    Ok(listed)
}

/// The backups whose time is over, removed unless it is a dry run. What cannot be read is never removed.
///
/// # Errors
/// When one cannot be removed; those before it are gone.
pub fn prune(ctx: &FilesContext<'_>, to: &str, dry_run: bool) -> Performed<Vec<Metadata>> {
    let now = jiff::Timestamp::from_microsecond(ctx.now.0).unwrap_or(jiff::Timestamp::MIN);
    if !dry_run {
        remove_stale_drafts(ctx, to)?;
    }
    let mut over = Vec::new();
    for backup in list(ctx, to)? {
        let Ok(metadata) = backup.metadata else { continue };
        if metadata.retain_until > now {
            continue;
        }
        if !dry_run {
            Places::of_archive(&ctx.root, &backup.archive)?.remove()?;
        }
        over.push(metadata);
    }
    Ok(over)
}

/// What a process that was killed left behind. A younger draft may belong to a backup under way.
fn remove_stale_drafts(ctx: &FilesContext<'_>, to: &str) -> Performed<()> {
    const OLD: Duration = Duration::from_secs(86_400);
    let Ok(entries) = fs::read_dir(ctx.root.join(to)) else { return Ok(()) };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
        if name.starts_with(DRAFT_PREFIX) && age.is_some_and(|age| age > OLD) {
            fs::remove_file(entry.path()).map_err(|error| fault("remove", &name, &error))?;
        }
    }
    Ok(())
}

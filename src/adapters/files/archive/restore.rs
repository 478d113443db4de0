//! Bringing back what an archive holds. In this order, so that nothing is overwritten before all is known to be well:
//! the whole archive is verified; what stands in the way is looked at; an emergency backup of what is there now is made;
//! the files are unpacked beside and made durable; then each is moved into place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::create::{Order, build, finished};
use super::entries::Content;
use super::metadata::Places;
use super::staging::Staging;
use super::verify::{Checked, Inventory, TARGET_ITSELF, check};
use crate::adapters::files::FilesContext;
use crate::adapters::files::failure::{Performed, fault, refusal};
use crate::adapters::files::select::{Found, Kind, Selection};

/// As long as an ordinary backup by default.
const RETAIN_EMERGENCY: Duration = Duration::from_secs(90 * 86_400);

/// Performs `RestoreBackup`.
pub fn restore(ctx: &FilesContext<'_>, archive: &str, target: &str, emergency_id: &str, to: &str) -> Performed<Json> {
    let emergency = Places::of_id(&ctx.root, to, emergency_id)?;
    let checked = check(ctx, archive)?;
    let present = Present::look(ctx, target, &checked.inventory)?;
    // Done again after a crash: the first emergency backup is the true one.
    if finished(ctx, &emergency).is_none() {
        let order = Order {
            id: emergency_id,
            to,
            retain: RETAIN_EMERGENCY,
            sources: vec![target.to_owned()],
            selection: Selection { found: present.found.into_values().collect(), skipped: Vec::new() },
            absent: Some(present.absent),
        };
        build(ctx, &order)?;
    }
    let restored = checked.inventory.files();
    put(ctx, target, checked).map_err(|mut failure| {
        let name = &emergency.name;
        failure.message = format!("{}; what was there before is in `{name}`", failure.message);
        failure
    })?;
    Ok(json!({ "restored": restored, "emergency": emergency.name }))
}

/// Performs `RevertRestore`.
pub fn revert(ctx: &FilesContext<'_>, emergency: &str, target: &str, required: bool) -> Performed<Json> {
    let places = Places::of_archive(&ctx.root, emergency)?;
    if !places.is_complete() {
        if required {
            let message = "is not there any more, so the restore cannot be undone";
            return Err(refusal(format!("the emergency backup `{emergency}` {message}")));
        }
        return Ok(Json::Null);
    }
    let checked = check(ctx, emergency)?;
    Present::look(ctx, target, &checked.inventory)?;
    put(ctx, target, checked)?;
    Ok(Json::Null)
}

fn put(ctx: &FilesContext<'_>, target: &str, checked: Checked) -> Performed<()> {
    let Checked { places, archive, inventory, .. } = checked;
    let place = ctx.root.join(target);
    fs::create_dir_all(&place).map_err(|error| fault("make the folder", target, &error))?;
    let staging = Staging::unpack(&place, archive, &places.name, &inventory, ctx.cancel)?;
    staging.move_into_place()?;
    super::staging::remove_absent(&place, &inventory.absent)
}

/// What is in the target now where the archive wants to write.
struct Present {
    target: PathBuf,
    found: BTreeMap<String, Found>,
    absent: BTreeSet<String>,
    /// Folders by name, whether they are there.
    folders: BTreeMap<String, bool>,
}

impl Present {
    /// Looks at all places, and refuses when something is in the way or leads out of the target.
    fn look(ctx: &FilesContext<'_>, target: &str, inventory: &Inventory) -> Performed<Self> {
        let place = ctx.root.join(target);
        let mut present =
            Self { target: place, found: BTreeMap::new(), absent: BTreeSet::new(), folders: BTreeMap::new() };
        match fs::canonicalize(&present.target) {
            Ok(real) if real.is_dir() => present.target = real,
            Ok(_) => return Err(refusal(format!("the target `{target}` is no folder"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                present.absent.insert(TARGET_ITSELF.to_owned());
            }
            Err(error) => return Err(fault("read", target, &error)),
        }
        for entry in &inventory.entries {
            match &entry.content {
                Content::Folder => present.look_at_folder(&entry.name).map(|_| ())?,
                Content::File | Content::Link { .. } => present.look_at_file(&entry.name)?,
            }
        }
        // What the restore will remove is kept like what it will overwrite.
        for name in inventory.absent.iter().filter(|name| !name.ends_with('/')) {
            present.look_at_file(name)?;
        }
        Ok(present)
    }

    fn look_at_file(&mut self, name: &str) -> Performed<()> {
        let folder_is_there = name.rsplit_once('/').map_or(Ok(true), |(folder, _)| self.look_at_folder(folder))?;
        let metadata = if folder_is_there { self.metadata(name)? } else { None };
        match metadata {
            None => {
                self.absent.insert(name.to_owned());
            }
            Some(metadata) if metadata.is_file() => self.keep(name, Kind::File, metadata),
            Some(metadata) if metadata.file_type().is_symlink() => self.keep(name, Kind::Link, metadata),
            Some(metadata) if metadata.is_dir() => {
                let message = "is a folder, where the archive holds a file; move it away first, nothing was restored";
                return Err(refusal(format!("`{name}` in the target {message}")));
            }
            Some(_) => {
                let message = "is a device, a pipe or a socket; move it away first, nothing was restored";
                return Err(refusal(format!("`{name}` in the target {message}")));
            }
        }
        Ok(())
    }

    /// Whether the folder is there; it may be a link only to a folder below the target.
    fn look_at_folder(&mut self, name: &str) -> Performed<bool> {
        if let Some(known) = self.folders.get(name) {
            return Ok(*known);
        }
        let above = name.rsplit_once('/').map_or(Ok(true), |(folder, _)| self.look_at_folder(folder))?;
        let metadata = if above { self.metadata(name)? } else { None };
        let there = match metadata {
            None => {
                self.absent.insert(format!("{name}/"));
                false
            }
            Some(metadata) if metadata.is_dir() => {
                self.keep(name, Kind::Folder, metadata);
                true
            }
            Some(metadata) if metadata.file_type().is_symlink() => {
                let leads_inside = fs::canonicalize(self.target.join(name))
                    .is_ok_and(|real| real.starts_with(&self.target) && real.is_dir());
                if !leads_inside {
                    let message =
                        "is a symbolic link that does not lead to a folder inside of it; nothing was restored";
                    return Err(refusal(format!("`{name}` in the target {message}")));
                }
                true
            }
            Some(_) => {
                let message = "is a file, where the archive needs a folder; move it away first, nothing was restored";
                return Err(refusal(format!("`{name}` in the target {message}")));
            }
        };
        self.folders.insert(name.to_owned(), there);
        Ok(there)
    }

    fn metadata(&self, name: &str) -> Performed<Option<Metadata>> {
        match fs::symlink_metadata(self.target.join(name)) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault("look at", name, &error)),
        }
    }

    fn keep(&mut self, name: &str, kind: Kind, metadata: Metadata) {
        let place: &Path = &self.target;
        let found = Found { name: name.to_owned(), place: place.join(name), kind, metadata };
        self.found.insert(name.to_owned(), found);
    }
}

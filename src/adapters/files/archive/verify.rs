//! Checking an archive, every byte of it, before anything is done with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::AtomicBool;

use serde_json::{Value as Json, json};

use super::entries::{Content, Entry, for_each};
use super::manifest::{self, ABSENT, MANIFEST, name_fault};
use super::metadata::Places;
use crate::adapters::files::FilesContext;
use crate::adapters::files::failure::{Performed, refusal, stream_fault};
use crate::adapters::files::hashing::{copy_hashed, sha256_of};

/// More than a hundred bytes for each of a million files.
const LARGEST_MANIFEST: u64 = 256 << 20;
/// The target folder itself, in the list of what was not there.
pub const TARGET_ITSELF: &str = "./";

/// What a sound archive holds.
#[derive(Debug, Default)]
pub struct Inventory {
    pub entries: Vec<Entry>,
    /// Hash by name, of every file.
    pub sums: BTreeMap<String, String>,
    /// Of an emergency backup: what was not there.
    pub absent: BTreeSet<String>,
}

impl Inventory {
    /// Files and links.
    #[must_use]
    pub fn files(&self) -> usize {
        self.entries.iter().filter(|entry| entry.content != Content::Folder).count()
    }
}

/// A checked archive, open at its start.
#[derive(Debug)]
pub struct Checked {
    pub places: Places,
    pub archive: File,
    pub sha256: String,
    pub inventory: Inventory,
}

/// Performs `VerifyBackup`.
pub fn verify(ctx: &FilesContext<'_>, archive: &str) -> Performed<Json> {
    let checked = check(ctx, archive)?;
    Ok(json!({ "id": checked.places.id, "files": checked.inventory.files(), "sha256": checked.sha256 }))
}

/// Checks checksum file, archive, metadata, and every file against the manifest.
pub fn check(ctx: &FilesContext<'_>, archive: &str) -> Performed<Checked> {
    let places = Places::of_archive(&ctx.root, archive)?;
    // The hash of the whole comes first: what differs in one bit is not even unpacked.
    let (file, sum) = places.check(ctx.cancel)?;
    places.load()?;
    let handle = file.try_clone().map_err(|error| stream_fault("read", archive, &error, ctx.cancel))?;
    let inventory = read_inventory(handle, archive, ctx.cancel)?;
    Ok(Checked { places, archive: file, sha256: sum.sha256, inventory })
}

fn read_inventory(file: File, archive: &str, cancel: &AtomicBool) -> Performed<Inventory> {
    let mut found = Inventory::default();
    let mut expected = None;
    for_each(file, archive, cancel, |entry, bytes| {
        if expected.is_some() {
            return Err(damaged(archive, &format!("`{}` comes after the manifest", entry.name)));
        }
        match (entry.name.as_str(), &entry.content) {
            (MANIFEST, Content::File) => {
                let text = read_text(bytes, archive, cancel)?;
                expected = Some(manifest::parse(&text).map_err(|error| damaged(archive, &error))?);
            }
            (ABSENT, Content::File) => {
                let text = read_text(bytes, archive, cancel)?;
                found.sums.insert(ABSENT.to_owned(), sha256_of(text.as_bytes()));
                found.absent = serde_json::from_str(&text)
                    .map_err(|error| damaged(archive, &format!("its list of absent files is unreadable: {error}")))?;
            }
            (name, content) => {
                if *content == Content::File {
                    let sum = copy_hashed(&mut Bytes(bytes), &mut io::sink(), cancel);
                    let sum = sum.map_err(|error| stream_fault("read the archive", archive, &error, cancel))?;
                    found.sums.insert(name.to_owned(), sum.sha256);
                }
                found.entries.push(entry);
            }
        }
        Ok(())
    })?;
    let Some(expected) = expected else { return Err(damaged(archive, "it holds no manifest")) };
    compare(&found, &expected).and_then(|()| check_names(&found)).map_err(|message| damaged(archive, &message))?;
    Ok(found)
}

fn compare(found: &Inventory, expected: &BTreeMap<String, String>) -> Result<(), String> {
    for (name, sha256) in expected {
        match found.sums.get(name) {
            None => return Err(format!("`{name}` stands in the manifest but is missing")),
            Some(sum) if sum != sha256 => return Err(format!("`{name}` is not what the manifest says")),
            Some(_) => {}
        }
    }
    match found.sums.keys().find(|name| !expected.contains_key(*name)) {
        Some(name) => Err(format!("`{name}` does not stand in the manifest")),
        None => Ok(()),
    }
}

/// No name twice, and none below a file or a link: writing it would follow the link out of the folder.
fn check_names(found: &Inventory) -> Result<(), String> {
    let mut kinds = BTreeMap::new();
    for entry in &found.entries {
        if kinds.insert(entry.name.as_str(), &entry.content).is_some() {
            return Err(format!("it holds `{}` twice", entry.name));
        }
    }
    for entry in &found.entries {
        let mut above = entry.name.as_str();
        while let Some((folder, _)) = above.rsplit_once('/') {
            if kinds.get(folder).is_some_and(|content| **content != Content::Folder) {
                return Err(format!("`{}` lies below `{folder}`, which is no folder in it", entry.name));
            }
            above = folder;
        }
    }
    let bad = |name: &&String| *name != TARGET_ITSELF && name_fault(name.strip_suffix('/').unwrap_or(name)).is_some();
    match found.absent.iter().find(bad) {
        Some(name) => Err(format!("its list of absent files holds the name `{name}`")),
        None => Ok(()),
    }
}

fn read_text(bytes: &mut dyn Read, archive: &str, cancel: &AtomicBool) -> Performed<String> {
    let mut text = String::new();
    let read = bytes.take(LARGEST_MANIFEST + 1).read_to_string(&mut text);
    read.map_err(|error| stream_fault("read the archive", archive, &error, cancel))?;
    if text.len() as u64 > LARGEST_MANIFEST {
        return Err(damaged(archive, "its manifest is too large"));
    }
    Ok(text)
}

fn damaged(archive: &str, message: &str) -> crate::contract::effect::Failure {
    refusal(format!(
        "the backup `{archive}` is damaged or no backup: {message}; nothing was restored, use another backup"
    ))
}

/// A reader behind a pointer, as a sized one.
struct Bytes<'a>(&'a mut dyn Read);

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

//! What lies beside an archive: its metadata as JSON, and its checksum file. The checksum file covers both and is written
//! last, so a backup is complete when it is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::manifest;
use crate::adapters::files::draft::{Privacy, write_whole};
use crate::adapters::files::failure::{Performed, fault, refusal, stream_fault};
use crate::adapters::files::git::GitFacts;
use crate::adapters::files::hashing::{Sum, copy_hashed, sha256_of};
use crate::adapters::files::place::{open_file, read_small};

pub const FORMAT: u32 = 1;
const ENDING: &str = ".tar.zst";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Of this file; a newer one is not read.
    pub format: u32,
    pub id: String,
    pub created_at: jiff::Timestamp,
    /// `backup prune` removes it from then on.
    pub retain_until: jiff::Timestamp,
    /// File name of the archive.
    pub archive: String,
    pub sha256: String,
    /// Bytes of the archive.
    pub size: u64,
    /// Bytes of all files in it.
    pub content_size: u64,
    pub files: u64,
    pub folders: u64,
    pub links: u64,
    pub sources: Vec<String>,
    /// Sockets, pipes and devices, which have no content to keep.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// Made by a restore, of what it was about to overwrite.
    #[serde(default)]
    pub emergency: bool,
    pub git: Option<GitFacts>,
    pub made_by: String,
}

/// The three files of a backup.
#[derive(Debug, Clone)]
pub struct Places {
    pub id: String,
    pub archive: PathBuf,
    pub checksum: PathBuf,
    pub metadata: PathBuf,
    /// What the user calls the archive.
    pub name: String,
}

impl Places {
    /// Of the backup `id` in the folder `to`.
    ///
    /// # Errors
    /// When the id is no plain file name.
    pub fn of_id(root: &Path, to: &str, id: &str) -> Performed<Self> {
        let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '+' | '@');
        if id.is_empty() || id.starts_with('.') || !id.chars().all(plain) {
            return Err(refusal(format!("`{id}` is no id of a backup: letters, digits, `.`, `-` and `_` are allowed")));
        }
        let folder = if to.is_empty() { "." } else { to.trim_end_matches('/') };
        // All slashes: the root folder.
        let folder = if folder.is_empty() { "/" } else { folder };
        Ok(Self::beside(root, format!("{}/{id}{ENDING}", folder.trim_end_matches('/')), id.to_owned()))
    }

    /// Of the archive at this path.
    ///
    /// # Errors
    /// When it is not named like an archive.
    pub fn of_archive(root: &Path, archive: &str) -> Performed<Self> {
        let file_name = Path::new(archive).file_name().and_then(|name| name.to_str());
        match file_name.and_then(|name| name.strip_suffix(ENDING)).filter(|id| !id.is_empty()) {
            Some(id) => Ok(Self::beside(root, archive.to_owned(), id.to_owned())),
            None => Err(refusal(format!("`{archive}` is no backup: the name of an archive ends with `{ENDING}`"))),
        }
    }

    fn beside(root: &Path, name: String, id: String) -> Self {
        let archive = root.join(&name);
        let checksum = archive.with_file_name(format!("{id}{ENDING}.sha256"));
        let metadata = archive.with_file_name(format!("{id}.json"));
        Self { id, archive, checksum, metadata, name }
    }

    /// Writes metadata and checksum file of an archive that is in place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn complete(&self, metadata: &Metadata) -> Performed<()> {
        let mut text = serde_json::to_string_pretty(metadata).map_err(|error| refusal(error.to_string()))?;
        text.push('\n');
        let sums = [
            manifest::line(&metadata.sha256, &format!("{}{ENDING}", self.id)),
            manifest::line(&sha256_of(text.as_bytes()), &format!("{}.json", self.id)),
        ];
        write_whole(&format!("{}.json", self.id), self.metadata.clone(), text.as_bytes(), Privacy::Ordinary)?;
        let name = format!("{}.sha256", self.name);
        write_whole(&name, self.checksum.clone(), sums.concat().as_bytes(), Privacy::Ordinary)
    }

    /// Whether the backup was ever completed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.checksum.is_file() && self.archive.is_file()
    }

    /// Checks archive and metadata against the checksum file, every byte, and gives the archive opened at its start.
    ///
    /// # Errors
    /// When a file is missing or differs.
    pub fn check(&self, cancel: &AtomicBool) -> Performed<(fs::File, Sum)> {
        let mut archive = open_file(&self.archive, &self.name)?;
        let text = self.read_checksum()?;
        let sums = manifest::parse(&text)
            .map_err(|error| refusal(format!("the checksum file of `{}` is damaged: {error}", self.name)))?;
        let sum = copy_hashed(&mut archive, &mut io::sink(), cancel)
            .map_err(|error| stream_fault("read", &self.name, &error, cancel))?;
        self.compare(&sums, ENDING, &sum.sha256)?;
        let metadata = read_small(&self.metadata, &self.metadata_name())?;
        self.compare(&sums, ".json", &sha256_of(metadata.as_bytes()))?;
        io::Seek::rewind(&mut archive).map_err(|error| fault("read", &self.name, &error))?;
        Ok((archive, sum))
    }

    /// # Errors
    /// When there is none, or it is none of ours.
    pub fn load(&self) -> Performed<Metadata> {
        let text = read_small(&self.metadata, &self.metadata_name())?;
        let metadata: Metadata = serde_json::from_str(&text)
            .map_err(|error| refusal(format!("the metadata of `{}` are damaged: {error}", self.name)))?;
        if metadata.format > FORMAT {
            let message = "was made by a newer version of this program; use that one";
            return Err(refusal(format!("the backup `{}` {message}", self.name)));
        }
        Ok(metadata)
    }

    /// Removes all three; what is not there is well.
    ///
    /// # Errors
    /// When one of them cannot be removed.
    pub fn remove(&self) -> Performed<()> {
        // The checksum file first: without it the backup counts as incomplete.
        for place in [&self.checksum, &self.archive, &self.metadata] {
            match fs::remove_file(place) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(fault("remove", &self.name, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn compare(&self, sums: &std::collections::BTreeMap<String, String>, ending: &str, found: &str) -> Performed<()> {
        let file = format!("{}{ending}", self.id);
        match sums.get(&file) {
            Some(expected) if expected == found => Ok(()),
            Some(expected) => Err(refusal(format!(
                "the backup `{}` is damaged: the SHA-256 of `{file}` is {found}, but was {expected} when it was made; \
                 nothing was restored, use another backup",
                self.name
            ))),
            None => Err(refusal(format!("the checksum file of `{}` has no line for `{file}`", self.name))),
        }
    }

    fn read_checksum(&self) -> Performed<String> {
        if fs::symlink_metadata(&self.checksum).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let message =
                "has no checksum file beside it, so it cannot be trusted; a backup is three files, copy them all";
            return Err(refusal(format!("`{}` {message}", self.name)));
        }
        read_small(&self.checksum, &format!("{}.sha256", self.name))
    }

    fn metadata_name(&self) -> String {
        self.name.strip_suffix(ENDING).map_or_else(|| self.id.clone(), |stem| format!("{stem}.json"))
    }
}

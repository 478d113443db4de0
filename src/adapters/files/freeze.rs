//! Fingerprints of versions: which files, with which contents, from which commit.

use std::fs;
use std::sync::atomic::AtomicBool;

use indexmap::IndexMap;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::FilesContext;
use super::archive::manifest;
use super::draft::{Privacy, write_whole};
use super::failure::{Performed, fault, refusal, stream_fault};
use super::git::{GitFacts, git_facts};
use super::hashing::{Sum, hash_file, sha256_of};
use super::place::{follow, read_small};
use super::select::{Found, Kind, select};

pub const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Of this file; a newer one is not read.
    pub format: u32,
    pub version: String,
    /// SHA-256 over the lines `HASH  PATH` of all files, sorted by path: `sha256sum FILES… | sha256sum`.
    pub fingerprint: String,
    pub created_at: jiff::Timestamp,
    pub git: Option<GitFacts>,
    pub build: Build,
    pub files: IndexMap<String, FileFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    pub tool: String,
    pub os: String,
    pub arch: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub sha256: String,
    pub size: u64,
    /// Where a symbolic link points to; its hash is that of this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Performs `FreezeVersion`.
pub fn freeze(ctx: &FilesContext<'_>, version: &str, files: &[String], to: &str) -> Performed<Json> {
    let path = path_of(version, to)?;
    let fingerprint = take(ctx, version, files, to)?;
    let mut text = serde_json::to_string_pretty(&fingerprint).map_err(|error| refusal(error.to_string()))?;
    text.push('\n');
    write_whole(&path, follow(&ctx.root, &path)?, text.as_bytes(), Privacy::Ordinary)?;
    Ok(json!({ "fingerprint": fingerprint.fingerprint, "path": path, "files": fingerprint.files.len() }))
}

/// Where the fingerprint of a version lies.
///
/// # Errors
/// When the version is no plain name.
pub fn path_of(version: &str, to: &str) -> Performed<String> {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '+');
    if version.is_empty() || !version.chars().all(plain) {
        return Err(refusal(format!("`{version}` is no version: letters, digits, `.`, `-`, `_` and `+` are allowed")));
    }
    Ok(format!("{}/config_fingerprint_{version}.json", to.trim_end_matches('/')))
}

/// The fingerprint of the files as they are now; writes nothing.
///
/// # Errors
/// When a file is missing or cannot be read.
pub fn take(ctx: &FilesContext<'_>, version: &str, files: &[String], to: &str) -> Performed<Fingerprint> {
    let selection = select(&ctx.root, files, Some(&ctx.root.join(to)), ctx.cancel)?;
    if selection.files() == 0 {
        return Err(refusal("there is no file to take a fingerprint of; check `files`"));
    }
    let cancel = ctx.cancel;
    let content: Vec<&Found> = selection.found.iter().filter(|found| found.kind != Kind::Folder).collect();
    let facts = content.par_iter().map(|found| facts(found, cancel).map(|facts| (found.name.clone(), facts)));
    let files: IndexMap<String, FileFacts> = facts.collect::<Performed<Vec<_>>>()?.into_iter().collect();
    let lines: String = files.iter().map(|(name, facts)| manifest::line(&facts.sha256, name)).collect();
    Ok(Fingerprint {
        format: FORMAT,
        version: version.to_owned(),
        fingerprint: sha256_of(lines.as_bytes()),
        created_at: jiff::Timestamp::from_microsecond(ctx.now.0).unwrap_or(jiff::Timestamp::MIN),
        git: git_facts(&ctx.root),
        build: Build {
            tool: concat!("phasegate ", env!("CARGO_PKG_VERSION")).to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
        },
        files,
    })
}

/// Every version frozen into the folder `to`, the oldest first. A file that is no fingerprint is named with the reason.
///
/// # Errors
/// When the folder cannot be read; one that is not there has none.
pub fn list(ctx: &FilesContext<'_>, to: &str) -> Performed<Vec<Result<Fingerprint, String>>> {
    let entries = match fs::read_dir(ctx.root.join(to)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault("read the folder", to, &error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| fault("read the folder", to, &error))?.file_name();
        let version = name.to_str().and_then(|name| name.strip_prefix("config_fingerprint_")?.strip_suffix(".json"));
        if let Some(version) = version {
            found.push(load(ctx, version, to).map_err(|failure| failure.message));
        }
    }
    found.sort_by_key(|found| found.as_ref().map_or(jiff::Timestamp::MAX, |fingerprint| fingerprint.created_at));
    Ok(found)
}

/// The fingerprint of a version that was frozen into the folder `to`.
///
/// # Errors
/// When there is none, or it was made by a newer version of this program.
pub fn load(ctx: &FilesContext<'_>, version: &str, to: &str) -> Performed<Fingerprint> {
    let path = path_of(version, to)?;
    let text = read_small(&ctx.root.join(&path), &path)?;
    let fingerprint: Fingerprint =
        serde_json::from_str(&text).map_err(|error| refusal(format!("`{path}` is no fingerprint: {error}")))?;
    if fingerprint.format > FORMAT {
        return Err(refusal(format!("`{path}` was made by a newer version of this program; use that one")));
    }
    Ok(fingerprint)
}

fn facts(found: &Found, cancel: &AtomicBool) -> Performed<FileFacts> {
    let failed = |error: &std::io::Error| stream_fault("read", &found.name, error, cancel);
    if found.kind == Kind::Link {
        let to = fs::read_link(&found.place).map_err(|error| failed(&error))?.to_string_lossy().into_owned();
        return Ok(FileFacts { sha256: sha256_of(to.as_bytes()), size: to.len() as u64, link: Some(to) });
    }
    let Sum { size, sha256 } = hash_file(&found.place, cancel).map_err(|error| failed(&error))?;
    Ok(FileFacts { sha256, size, link: None })
}

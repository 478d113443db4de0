//! Slots: what a run keeps of a file before it changes it, in the run's own folder.
//!
//! Invariant: a slot counts as filled once its record is in place, which comes after its content; a filled slot stays,
//! so that an effect which is done again after a crash does not take its own work for what was there before.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::FilesContext;
use super::attributes::Attributes;
use super::draft::{Draft, Privacy, write_whole};
use super::failure::{Performed, fault, refusal, stream_fault};
use super::hashing::copy_hashed;
use super::place::{follow, missing_folders, regular_file, sync_folder};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "was", rename_all = "snake_case")]
enum Kept {
    /// Nothing was there, nor were so many of the folders above it.
    Absent { missing_folders: usize },
    /// A file; its content is beside the record.
    File { attributes: Attributes, sha256: String },
}

pub fn save(ctx: &FilesContext<'_>, path: &str, slot: &str) -> Performed<Json> {
    if load::<Kept>(ctx, slot)?.is_some() {
        return Ok(Json::Null);
    }
    let place = follow(&ctx.root, path)?;
    let kept = match regular_file(&place, path)? {
        None => Kept::Absent { missing_folders: missing_folders(&place).len() },
        Some(metadata) => {
            let mut file = File::open(&place).map_err(|error| fault("read", path, &error))?;
            let mut draft = Draft::begin(path, content_place(ctx, slot), Privacy::Private)?;
            let sum = copy_hashed(&mut file, draft.file(), ctx.cancel)
                .map_err(|error| stream_fault("keep a copy of", path, &error, ctx.cancel))?;
            draft.commit(None)?;
            Kept::File { attributes: Attributes::of(&metadata), sha256: sum.sha256 }
        }
    };
    fill(ctx, slot, &kept)?;
    Ok(Json::Null)
}

pub fn restore(ctx: &FilesContext<'_>, path: &str, slot: &str) -> Performed<Json> {
    let place = follow(&ctx.root, path)?;
    match load::<Kept>(ctx, slot)? {
        None => Err(refusal(format!("what was at `{path}` before is not in the run's folder any more"))),
        Some(Kept::Absent { missing_folders }) => remove_again(&place, path, missing_folders),
        Some(Kept::File { attributes, sha256 }) => {
            let mut content =
                File::open(content_place(ctx, slot)).map_err(|error| fault("read the kept copy of", path, &error))?;
            let mut draft = Draft::begin(path, place, Privacy::Private)?;
            let sum = copy_hashed(&mut content, draft.file(), ctx.cancel)
                .map_err(|error| stream_fault("restore", path, &error, ctx.cancel))?;
            if sum.sha256 != sha256 {
                return Err(refusal(format!("the kept copy of `{path}` is damaged; the file was left as it is")));
            }
            draft.commit(Some(attributes))
        }
    }?;
    Ok(Json::Null)
}

fn remove_again(place: &std::path::Path, path: &str, missing_folders: usize) -> Performed<()> {
    if regular_file(place, path)?.is_some() {
        fs::remove_file(place).map_err(|error| fault("remove", path, &error))?;
    }
    for folder in place.ancestors().skip(1).take(missing_folders) {
        // A folder that others use by now stays.
        if fs::remove_dir(folder).is_err() && folder.exists() {
            break;
        }
    }
    match place.ancestors().skip(1).find(|folder| folder.is_dir()) {
        Some(folder) => sync_folder(folder, path),
        None => Ok(()),
    }
}

/// What is kept under `slot`, `None` while it is not filled.
///
/// # Errors
/// When the record cannot be read or is no record.
pub fn load<T: DeserializeOwned>(ctx: &FilesContext<'_>, slot: &str) -> Performed<Option<T>> {
    let text = match fs::read_to_string(record_place(ctx, slot)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault("read the kept state", slot, &error)),
    };
    let record = serde_json::from_str(&text);
    record.map(Some).map_err(|error| refusal(format!("the kept state `{slot}` is damaged: {error}")))
}

/// Fills `slot`, durably.
///
/// # Errors
/// When the run's folder cannot be written.
pub fn fill(ctx: &FilesContext<'_>, slot: &str, record: &impl Serialize) -> Performed<()> {
    let text = serde_json::to_string(record).map_err(|error| refusal(error.to_string()))?;
    write_whole(slot, record_place(ctx, slot), text.as_bytes(), Privacy::Private)
}

fn record_place(ctx: &FilesContext<'_>, slot: &str) -> PathBuf {
    ctx.slots.join(format!("{}.json", file_name(slot)))
}

fn content_place(ctx: &FilesContext<'_>, slot: &str) -> PathBuf {
    ctx.slots.join(format!("{}.content", file_name(slot)))
}

/// One file name per slot, whatever letters it has.
fn file_name(slot: &str) -> String {
    let mut name = String::new();
    for byte in slot.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    if name.len() <= 200 { name } else { super::hashing::sha256_of(slot.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn slots_never_leave_their_folder_nor_meet() {
        assert_eq!(file_name("run-7/freeze.artifact/1"), "run-7%2ffreeze.artifact%2f1");
        let names = ["../x", "..", "a/b", "a%2fb", &"y".repeat(900)].map(file_name);
        for (at, name) in names.iter().enumerate() {
            assert!(!name.contains('/') && !name.starts_with('.') && name.len() <= 200, "{name}");
            assert!(!names[at + 1..].contains(name), "{name}");
        }
    }
}

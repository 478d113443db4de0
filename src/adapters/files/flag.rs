//! Flags in a file of flagd's format (<https://flagd.dev/schema/v0/flags.json>).
//!
//! Invariants: the file is changed by one rename, and nothing in it but the flag; what was there is durable in the run's
//! slot before that, so that an undo knows the truth even when the run died between doing and recording.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::FilesContext;
use super::draft::{Privacy, write_whole};
use super::failure::{Performed, check_cancel, fault, refusal};
use super::hashing::sha256_of;
use super::json_text::Object;
use super::place::{follow, regular_file, sync_folder};
use super::slot;

/// What a flag file is when we make it.
const EMPTY_FILE: &str = "{\n  \"$schema\": \"https://flagd.dev/schema/v0/flags.json\",\n  \"flags\": {}\n}\n";

/// Reading, changing and writing back are one: phases that run side by side may share a file.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub type Settings = IndexMap<String, String>;

/// What a slot keeps: the whole text (`None`: no file), the flag's own text in it, and the hash of the text we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    file: Option<String>,
    flag: Option<String>,
    after_sha256: String,
}

pub fn set(
    ctx: &FilesContext<'_>,
    file: &str,
    feature: &str,
    settings: Option<&Settings>,
    slot: &str,
) -> Performed<Json> {
    check_cancel(ctx.cancel)?;
    if feature.is_empty() {
        return Err(refusal("a flag needs a key, but `feature` is empty"));
    }
    let place = follow(&ctx.root, file)?;
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _between_processes = lock_folder(&place);
    let now = read(&place, file)?;
    let text = now.as_deref().unwrap_or(EMPTY_FILE);
    let flags = FlagFile::parse(file, text)?;
    let changed = match settings {
        Some(settings) => flags.set(feature, &definition(settings)),
        None => flags.remove(feature),
    };
    let changed = changed.ok_or_else(|| unreadable(file))?;
    let before = match slot::load::<Before>(ctx, slot)? {
        Some(before) => before,
        None => {
            let flag = flags.flag(feature).map(str::to_owned);
            let before = Before { file: now.clone(), flag, after_sha256: sha256_of(changed.as_bytes()) };
            slot::fill(ctx, slot, &before)?;
            before
        }
    };
    if changed != text {
        write_whole(file, place, changed.as_bytes(), Privacy::Ordinary)?;
    }
    Ok(json!({ "previous": before.flag.as_deref().map_or(Json::Null, parsed) }))
}

pub fn restore(
    ctx: &FilesContext<'_>,
    file: &str,
    feature: &str,
    slot: &str,
    previous: Option<&Json>,
) -> Performed<Json> {
    let place = follow(&ctx.root, file)?;
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _between_processes = lock_folder(&place);
    let now = read(&place, file)?;
    let restored = match (slot::load::<Before>(ctx, slot)?, previous) {
        // Nobody else has touched the file: it gets its own bytes back.
        (Some(before), _) if now.as_deref().is_some_and(|now| sha256_of(now.as_bytes()) == before.after_sha256) => {
            before.file
        }
        (Some(before), _) => put_back(file, now.as_deref(), feature, before.flag.as_deref(), before.file.is_none())?,
        (None, Some(Json::Null)) => put_back(file, now.as_deref(), feature, None, false)?,
        (None, Some(flag)) => put_back(file, now.as_deref(), feature, Some(&flag.to_string()), false)?,
        (None, None) => return Ok(Json::Null),
    };
    match restored {
        Some(text) if now.as_deref() == Some(text.as_str()) => {}
        Some(text) => write_whole(file, place, text.as_bytes(), Privacy::Ordinary)?,
        None if now.is_some() => {
            fs::remove_file(&place).map_err(|error| fault("remove", file, &error))?;
            sync_folder(place.parent().unwrap_or(&ctx.root), file)?;
        }
        None => {}
    }
    Ok(Json::Null)
}

/// The file's text with the flag as it was; `None` when the file goes away again.
fn put_back(
    file: &str,
    now: Option<&str>,
    feature: &str,
    flag: Option<&str>,
    was_absent: bool,
) -> Performed<Option<String>> {
    let Some(flag) = flag else {
        let Some(now) = now else { return Ok(None) };
        let text = FlagFile::parse(file, now)?.remove(feature).ok_or_else(|| unreadable(file))?;
        let only_ours = was_absent && parsed(&text) == parsed(EMPTY_FILE);
        return Ok((!only_ours).then_some(text));
    };
    let text = now.unwrap_or(EMPTY_FILE);
    FlagFile::parse(file, text)?.set_raw(feature, flag).map(Some).ok_or_else(|| unreadable(file))
}

/// On with these settings, off without any.
fn definition(settings: &Settings) -> Json {
    let variants =
        if settings.is_empty() { json!({ "on": true, "off": false }) } else { json!({ "on": settings, "off": {} }) };
    json!({ "state": "ENABLED", "variants": variants, "defaultVariant": "on" })
}

/// A text known to be a flagd file, and where its parts are.
struct FlagFile<'a> {
    text: &'a str,
    whole: Object,
    flags: Option<Object>,
}

impl<'a> FlagFile<'a> {
    fn parse(file: &str, text: &'a str) -> Performed<Self> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| refusal(format!("`{file}` is no JSON, so no flag in it can be changed: {error}")))?;
        let flags_are_map = json.get("flags").is_none_or(Json::is_object);
        if !json.is_object() || !flags_are_map {
            let message = "is no flag file of flagd: an object with an object `flags` is needed";
            return Err(refusal(format!("`{file}` {message}")));
        }
        let whole = Object::at(text, 0).ok_or_else(|| unreadable(file))?;
        let flags = whole.value("flags").and_then(|span| Object::at(text, span.start));
        Ok(Self { text, whole, flags })
    }

    fn flag(&self, feature: &str) -> Option<&'a str> {
        self.text.get(self.flags.as_ref()?.value(feature)?)
    }

    fn set(&self, feature: &str, definition: &Json) -> Option<String> {
        match &self.flags {
            Some(flags) => flags.with(self.text, feature, definition, 2),
            None => self.whole.with(self.text, "flags", &json!({ feature: definition }), 1),
        }
    }

    fn set_raw(&self, feature: &str, raw: &str) -> Option<String> {
        match &self.flags {
            Some(flags) => flags.with_raw(self.text, feature, raw, 2),
            None => self.set(feature, &parsed(raw)),
        }
    }

    fn remove(&self, feature: &str) -> Option<String> {
        self.flags.as_ref().map_or_else(|| Some(self.text.to_owned()), |flags| flags.without(self.text, feature))
    }
}

fn read(place: &Path, file: &str) -> Performed<Option<String>> {
    if regular_file(place, file)?.is_none() {
        return Ok(None);
    }
    match fs::read_to_string(place) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault("read", file, &error)),
    }
}

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}

fn unreadable(file: &str) -> crate::contract::effect::Failure {
    refusal(format!("`{file}` cannot be read as a flag file of flagd"))
}

/// Other processes of ours wait while we hold the folder. Where folders cannot be locked, only this process is ordered.
fn lock_folder(place: &Path) -> Option<fs::File> {
    if !cfg!(unix) {
        return None;
    }
    let folder = fs::File::open(place.parent()?).ok()?;
    folder.lock().ok().map(|()| folder)
}

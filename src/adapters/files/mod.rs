//! Effects on files: plain files, flags, backups, fingerprints of versions.
//!
//! Invariants: a file is never half written (drafts are moved into place); every failure says what was tried, on which
//! file, and why; every effect may be performed twice under one key without harm. Blocking: call it on a thread that may
//! block.

pub mod archive;
mod attributes;
mod draft;
mod failure;
mod flag;
pub mod freeze;
pub mod git;
mod hashing;
mod json_text;
mod place;
mod plain;
mod scores;
mod select;
mod slot;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome};

pub use draft::{Draft, Privacy};
pub use failure::Performed;

/// What performing an effect on files needs of its surroundings.
pub struct FilesContext<'a> {
    /// The folder that paths in effects are relative to.
    pub root: PathBuf,
    /// The folder of the run, where what was there before is kept.
    pub slots: PathBuf,
    /// The content of a secret by its name.
    pub secrets: &'a dyn Fn(&str) -> Result<String, String>,
    /// Set from another thread to end a long effect early.
    pub cancel: &'a AtomicBool,
    pub now: Timestamp,
}

/// Performs an effect on files; `None` when it is of another kind.
#[must_use]
pub fn perform(effect: &Effect, ctx: &FilesContext<'_>) -> Option<Outcome> {
    let performed = match effect {
        Effect::ReadFile { path } => plain::read(ctx, path),
        Effect::ScoreDocuments { rubric, files } => scores::score(ctx, rubric, files),
        Effect::ReadTail { path, lines } => plain::read_tail(ctx, path, *lines),
        Effect::SaveCopy { path, slot } => slot::save(ctx, path, slot),
        Effect::RestoreCopy { path, slot } => slot::restore(ctx, path, slot),
        Effect::WriteFile { path, content } => plain::write(ctx, path, content),
        Effect::CopyFile { from, to } => plain::copy(ctx, from, to),
        Effect::RemoveFile { path } => plain::remove(ctx, path),
        Effect::CreateBackup { id, source, to, retain } => archive::create::create(ctx, id, source, to, *retain),
        Effect::VerifyBackup { archive } => archive::verify::verify(ctx, archive),
        Effect::RestoreBackup { archive, target, emergency_id, to } => {
            archive::restore::restore(ctx, archive, target, emergency_id, to)
        }
        Effect::RevertRestore { emergency, target, required } => {
            archive::restore::revert(ctx, emergency, target, *required)
        }
        Effect::RemoveBackup { archive } => archive::metadata::Places::of_archive(&ctx.root, archive)
            .and_then(|places| places.remove())
            .map(|()| serde_json::Value::Null),
        Effect::FreezeVersion { version, files, to } => freeze::freeze(ctx, version, files, to),
        Effect::SetFlag { file, feature, settings, slot } => flag::set(ctx, file, feature, settings.as_ref(), slot),
        Effect::RestoreFlag { file, feature, slot, previous } => {
            flag::restore(ctx, file, feature, slot, previous.as_ref())
        }
        Effect::FindFiles { patterns } => select::find(ctx, patterns),
        Effect::FindBackup { which, from } => archive::find::find(ctx, which, from),
        Effect::RunProcess { .. }
        | Effect::HttpRequest { .. }
        | Effect::Socket { .. }
        | Effect::Connect { .. }
        | Effect::Switch { .. }
        | Effect::SendMail { .. }
        | Effect::Pause { .. } => return None,
    };
    Some(performed.map_or_else(Outcome::Failed, Outcome::Done))
}

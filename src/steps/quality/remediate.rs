//! `quality.remediate`
//!
//! All documents are scored and backed up before the first is touched; then each is read, corrected and written, one after the
//! other. What was done to a document is in the history, so that each reaction looks at one document only.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::fixes::{Fix, fixes};
use super::{floor, found, rubric, scored, summary};
use crate::contract::answer::{DocumentScore, TextAnswer, read_answer};
use crate::contract::effect::{Effect, History, Outcome, Reaction, TextPiece};
use crate::contract::registry::{Args, StepImpl};
use crate::eval::rubric::score_text;
use crate::model::rubric::Rubric;
use crate::steps::naming::file_name;
use crate::steps::protocol::{Attempt, answer, pass_json, restore_copies, settle, text, texts};

pub const REMEDIATE: StepImpl =
    StepImpl { name: "quality.remediate", react, undo: Some(|_, history| restore_copies(history)) };

/// How long the backup is kept.
const RETAIN: Duration = Duration::from_secs(90 * 86_400);
/// After those that find, score and back up.
const FIRST_DOCUMENT: usize = 3;

fn react(args: &Args, history: &History) -> Reaction {
    settle(remediate(args, history))
}

fn remediate(args: &Args, history: &History) -> Attempt {
    let (rubric, fixes) = (rubric(args)?, fixes(args)?);
    let floor = floor(args, &rubric)?;
    let files = match found(history, texts(args, "files")?)? {
        Ok(files) => files,
        Err(reaction) => return Ok(reaction),
    };
    let before = match scored(history, &rubric, &files)? {
        Ok(scores) => scores,
        Err(reaction) => return Ok(reaction),
    };
    match history.outcome(2) {
        None => {
            let (id, to) = (file_name(&history.key), text(args, "to")?);
            return Ok(Reaction::Perform(Effect::CreateBackup { id, source: files, to, retain: RETAIN }));
        }
        Some(Outcome::Failed(failure)) => return Err(failure.message.clone()),
        Some(Outcome::Done(_)) => {}
    }
    let work = Work { rubric: &rubric, fixes: &fixes, history };
    let (mut reads, mut next) = (Vec::with_capacity(files.len()), FIRST_DOCUMENT);
    for (at, file) in files.iter().enumerate() {
        reads.push(next);
        match work.go_on(next, at, file)? {
            Progress::Wants(effect) => return Ok(Reaction::Perform(effect)),
            Progress::Done { acts } => next += acts,
        }
    }
    report(&work, (&files, &before), &reads, floor)
}

/// How far a document is.
enum Progress {
    Wants(Effect),
    Done { acts: usize },
}

struct Work<'a> {
    rubric: &'a Rubric,
    fixes: &'a [Fix],
    history: &'a History,
}

impl Work<'_> {
    /// What the document whose acts begin at `first` needs next: to be read, to be kept, to be written.
    fn go_on(&self, first: usize, at: usize, file: &str) -> Result<Progress, String> {
        if self.history.outcome(first).is_none() {
            return Ok(Progress::Wants(Effect::ReadFile { path: file.to_owned() }));
        }
        let slot = format!("{}/{at}", self.history.key);
        let was_kept = match self.history.acts.get(first + 1).map(|act| &act.effect) {
            Some(Effect::SaveCopy { slot: kept, .. }) => *kept == slot,
            // The next document has begun: this one stays as it is.
            Some(_) => return Ok(Progress::Done { acts: 1 }),
            None => false,
        };
        let done = |act: usize| match self.history.outcome(act) {
            Some(Outcome::Failed(failure)) => Err(failure.message.clone()),
            outcome => Ok(outcome.is_some()),
        };
        let path = file.to_owned();
        if was_kept && done(first + 1)? && done(first + 2)? {
            return Ok(Progress::Done { acts: 3 });
        }
        let corrected = self.corrected(first, file)?;
        if !corrected.is_changed() {
            return Ok(Progress::Done { acts: 1 });
        }
        if !was_kept || !done(first + 1)? {
            return Ok(Progress::Wants(Effect::SaveCopy { path, slot }));
        }
        let content = vec![TextPiece::Plain(corrected.text)];
        Ok(Progress::Wants(Effect::WriteFile { path, content }))
    }

    /// The document with the fixes applied; one that would score less stays as it is.
    fn corrected(&self, read: usize, file: &str) -> Result<Corrected, String> {
        let outcome = self.history.outcome(read).ok_or_else(|| format!("`{file}` was not read"))?;
        let text = read_answer::<TextAnswer>(outcome)?.text;
        let before = score_text(self.rubric, file, text.as_bytes())?;
        let mut content: Json = serde_json::from_str(&text).map_err(|error| format!("`{file}` is no JSON: {error}"))?;
        let applied: Vec<String> =
            self.fixes.iter().filter(|fix| fix.apply(&mut content)).map(|fix| fix.title.clone()).collect();
        let corrected = format!("{content:#}\n");
        match score_text(self.rubric, file, corrected.as_bytes()) {
            Ok(after) if after.score >= before.score => {
                Ok(Corrected { text: corrected, before: before.score, after, fixes: applied })
            }
            _ => Ok(Corrected { text, before: before.score, after: before, fixes: Vec::new() }),
        }
    }
}

struct Corrected {
    text: String,
    before: f64,
    after: DocumentScore,
    /// The titles of those that changed it.
    fixes: Vec<String>,
}

impl Corrected {
    fn is_changed(&self) -> bool {
        !self.fixes.is_empty()
    }
}

fn report(work: &Work<'_>, (files, before): (&[String], &[DocumentScore]), reads: &[usize], floor: f64) -> Attempt {
    let (mut after, mut listed, mut changed) = (Vec::with_capacity(files.len()), Vec::new(), 0);
    for (file, read) in files.iter().zip(reads) {
        let corrected = work.corrected(*read, file)?;
        changed += usize::from(corrected.is_changed());
        listed.push(json!({
            "file": file, "before": corrected.before, "after": corrected.after.score, "fixes": corrected.fixes,
        }));
        after.push(corrected.after);
    }
    let archive = work.history.acts.get(2).and_then(answer).and_then(|answer| answer.get("archive"));
    Ok(pass_json(json!({
        "before": summary(before, floor), "after": summary(&after, floor),
        "changed": changed, "backup": archive, "documents": listed,
    })))
}

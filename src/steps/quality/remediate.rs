//! `quality.remediate`

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::fixes::{Fix, fixes};
use super::{Document, floor, found, read, rubric, scores, summary};
use crate::contract::effect::{Act, Effect, History, Reaction, TextPiece};
use crate::contract::registry::{Args, StepImpl};
use crate::eval::rubric::{Score, score};
use crate::model::rubric::Rubric;
use crate::steps::naming::file_name;
use crate::steps::protocol::{Attempt, answer, in_turn, pass_json, pass_without_output, settle, text, texts};

pub const REMEDIATE: StepImpl = StepImpl { name: "quality.remediate", react, undo: Some(undo) };

/// How long the backup is kept.
const RETAIN: Duration = Duration::from_secs(90 * 86_400);

fn react(args: &Args, history: &History) -> Reaction {
    settle(remediate(args, history))
}

fn remediate(args: &Args, history: &History) -> Attempt {
    let (rubric, fixes) = (rubric(args)?, fixes(args)?);
    let floor = floor(args, &rubric)?;
    let patterns = texts(args, "files")?;
    let files = match found(history, patterns.clone())? {
        Ok(files) => files,
        Err(reaction) => return Ok(reaction),
    };
    let documents = match read(history, &files)? {
        Ok(documents) => documents,
        Err(reaction) => return Ok(reaction),
    };
    let before = scores(&rubric, &documents)?;
    let corrected = corrected(&rubric, &fixes, documents, &before)?;
    let backup = Effect::CreateBackup {
        id: file_name(&history.key),
        source: files.clone(),
        to: text(args, "to")?,
        retain: RETAIN,
    };
    let reads = files.iter().map(|path| Effect::ReadFile { path: path.clone() });
    let writes = corrected.iter().enumerate().filter(|(_, it)| it.is_changed()).flat_map(|(at, it)| {
        let (path, slot) = (it.document.file.clone(), format!("{}/{at}", history.key));
        let content = vec![TextPiece::Plain(format!("{:#}\n", it.document.content))];
        [Effect::SaveCopy { path: path.clone(), slot }, Effect::WriteFile { path, content }]
    });
    let effects = std::iter::once(Effect::FindFiles { patterns }).chain(reads).chain([backup]).chain(writes);
    let archive = history.acts.get(files.len() + 1).and_then(answer).and_then(|answer| answer.get("archive")).cloned();
    in_turn(history, effects, |_| {
        let after: Vec<Score> = corrected.iter().map(|it| it.after.clone()).collect();
        let listed: Vec<Json> = corrected
            .iter()
            .zip(&before)
            .map(|(it, before)| {
                json!({
                    "file": it.document.file, "before": before.points, "after": it.after.points, "fixes": it.fixes,
                })
            })
            .collect();
        Ok(pass_json(json!({
            "before": summary(&before, floor), "after": summary(&after, floor),
            "changed": corrected.iter().filter(|it| it.is_changed()).count(),
            "backup": archive, "documents": listed,
        })))
    })
}

struct Corrected {
    document: Document,
    after: Score,
    /// The titles of those that changed it.
    fixes: Vec<String>,
}

impl Corrected {
    fn is_changed(&self) -> bool {
        !self.fixes.is_empty()
    }
}

/// Every document with the fixes applied; one that would score less stays as it is.
fn corrected(
    rubric: &Rubric,
    fixes: &[Fix],
    documents: Vec<Document>,
    before: &[Score],
) -> Result<Vec<Corrected>, String> {
    let corrected = documents.into_iter().zip(before).map(|(document, before)| {
        let mut content = document.content.clone();
        let applied = fixes.iter().filter(|fix| fix.apply(&mut content)).map(|fix| fix.title.clone()).collect();
        let after = score(rubric, &content);
        match after {
            Ok(after) if after.points >= before.points => {
                Ok(Corrected { document: Document { content, ..document }, after, fixes: applied })
            }
            _ => Ok(Corrected { document, after: before.clone(), fixes: Vec::new() }),
        }
    });
    corrected.collect()
}

/// Puts back every document that was kept before it was written, the last first.
fn undo(_: &Args, history: &History) -> Reaction {
    let kept = |act: &Act| match &act.effect {
        Effect::SaveCopy { path, slot } if answer(act).is_some() => {
            Some(Effect::RestoreCopy { path: path.clone(), slot: slot.clone() })
        }
        _ => None,
    };
    let restores: Vec<Effect> = history.done.iter().rev().filter_map(kept).collect();
    settle(in_turn(history, restores, |_| Ok(pass_without_output())))
}

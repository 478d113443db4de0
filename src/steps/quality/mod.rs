//! Documents scored by a rubric, and corrected.

pub mod evaluate;
mod fixes;
pub mod remediate;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::protocol::{argument, number};
use crate::contract::answer::{TextAnswer, read_answer};
use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::Args;
use crate::eval::rubric::{Score, score};
use crate::model::rubric::Rubric;

/// A document that was read.
struct Document {
    file: String,
    content: Json,
}

/// What the engine puts in the place of the rubric's name.
fn rubric(args: &Args) -> Result<Rubric, String> {
    let rubric = argument(args, "rubric")?.to_json();
    serde_json::from_value(rubric).map_err(|error| format!("the rubric cannot be read: {error}"))
}

fn floor(args: &Args, rubric: &Rubric) -> Result<f64, String> {
    let (floor, most) = (number(args, "floor")?, rubric.points().to_f64());
    if (0.0..=most).contains(&floor) {
        return Ok(floor);
    }
    Err(format!("a floor of {floor} cannot be: 0 to {most}, which is all that `{}` gives", rubric.name))
}

/// The names of all documents, once they are found.
fn found(history: &History, patterns: Vec<String>) -> Result<Result<Vec<String>, Reaction>, String> {
    #[derive(Deserialize)]
    struct Found {
        files: Vec<String>,
        missing: Vec<String>,
    }
    let Some(outcome) = history.outcome(0) else {
        return Ok(Err(Reaction::Perform(Effect::FindFiles { patterns })));
    };
    let found: Found = read_answer(outcome)?;
    if !found.missing.is_empty() || found.files.is_empty() {
        return Err(format!("there is no document at `{}`", found.missing.join("`, `")));
    }
    Ok(Ok(found.files))
}

/// The documents, once all are read: acts 1 to n.
fn read(history: &History, files: &[String]) -> Result<Result<Vec<Document>, Reaction>, String> {
    // What has been read is not looked at before all of it is there.
    if let Some(next) = files.get(history.ended().saturating_sub(1)) {
        if let Some(crate::contract::effect::Outcome::Failed(failure)) =
            history.outcome(history.ended().saturating_sub(1))
        {
            return Err(failure.message.clone());
        }
        return Ok(Err(Reaction::Perform(Effect::ReadFile { path: next.clone() })));
    }
    let mut documents = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let outcome = history.outcome(at + 1).ok_or_else(|| format!("`{file}` was not read"))?;
        let text = read_answer::<TextAnswer>(outcome)?.text;
        let content = serde_json::from_str(&text).map_err(|error| format!("`{file}` is no JSON: {error}"))?;
        documents.push(Document { file: file.clone(), content });
    }
    Ok(Ok(documents))
}

fn scores(rubric: &Rubric, documents: &[Document]) -> Result<Vec<Score>, String> {
    let scored = documents
        .iter()
        .map(|document| score(rubric, &document.content).map_err(|reason| format!("`{}`: {reason}", document.file)));
    scored.collect()
}

/// `{ mean, lowest, passed, failed, total }`
fn summary(scores: &[Score], floor: f64) -> Json {
    let count = scores.len().max(1) as f64;
    json!({
        "mean": scores.iter().map(|score| score.points).sum::<f64>() / count,
        "lowest": scores.iter().map(|score| score.points).fold(f64::INFINITY, f64::min),
        "passed": scores.iter().filter(|score| score.passed).count(),
        "failed": scores.iter().filter(|score| score.points < floor).count(),
        "total": scores.len(),
    })
}

fn mean_tiers(rubric: &Rubric, scores: &[Score]) -> IndexMap<String, f64> {
    let count = scores.len().max(1) as f64;
    let mean = |tier: &str| scores.iter().filter_map(|score| score.tiers.get(tier)).sum::<f64>() / count;
    rubric.tiers.iter().map(|tier| (tier.name.clone(), mean(&tier.name))).collect()
}

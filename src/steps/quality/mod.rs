//! Documents scored by a rubric, corrected, and made for tests.
//!
//! Documents are scored where they lie, in one effect: a run keeps the scores of ten thousand of them, not their content.

pub mod evaluate;
mod fixes;
pub mod generate;
pub mod remediate;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::protocol::{argument, number};
use crate::contract::answer::{DocumentScore, ScoresAnswer, read_answer};
use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::Args;
use crate::model::rubric::Rubric;

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

/// The score of every document, once they are scored: act 1.
fn scored(
    history: &History,
    rubric: &Rubric,
    files: &[String],
) -> Result<Result<Vec<DocumentScore>, Reaction>, String> {
    let Some(outcome) = history.outcome(1) else {
        let rubric = serde_json::to_value(rubric).map_err(|error| format!("the rubric cannot be written: {error}"))?;
        return Ok(Err(Reaction::Perform(Effect::ScoreDocuments { rubric, files: files.to_vec() })));
    };
    Ok(Ok(read_answer::<ScoresAnswer>(outcome)?.documents))
}

/// `{ mean, lowest, passed, failed, total }`
fn summary(scores: &[DocumentScore], floor: f64) -> Json {
    let count = scores.len().max(1) as f64;
    json!({
        "mean": scores.iter().map(|score| score.score).sum::<f64>() / count,
        "lowest": scores.iter().map(|score| score.score).fold(f64::INFINITY, f64::min),
        "passed": scores.iter().filter(|score| score.passed).count(),
        "failed": scores.iter().filter(|score| score.score < floor).count(),
        "total": scores.len(),
    })
}

fn mean_tiers(rubric: &Rubric, scores: &[DocumentScore]) -> IndexMap<String, f64> {
    let count = scores.len().max(1) as f64;
    let mean = |tier: &str| scores.iter().filter_map(|score| score.tiers.get(tier)).sum::<f64>() / count;
    rubric.tiers.iter().map(|tier| (tier.name.clone(), mean(&tier.name))).collect()
}

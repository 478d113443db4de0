//! `quality.evaluate`

use serde_json::json;

use super::{floor, found, mean_tiers, rubric, scored, summary};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, pass_json, settle, texts};

pub const EVALUATE: StepImpl = StepImpl { name: "quality.evaluate", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(evaluate(args, history))
}

fn evaluate(args: &Args, history: &History) -> Attempt {
    let rubric = rubric(args)?;
    let floor = floor(args, &rubric)?;
    let files = match found(history, texts(args, "files")?)? {
        Ok(files) => files,
        Err(reaction) => return Ok(reaction),
    };
    let mut scores = match scored(history, &rubric, &files)? {
        Ok(scores) => scores,
        Err(reaction) => return Ok(reaction),
    };
    let mut output = summary(&scores, floor);
    output["tiers"] = json!(mean_tiers(&rubric, &scores));
    scores.sort_by(|left, right| left.score.total_cmp(&right.score));
    output["documents"] = json!(scores);
    Ok(pass_json(output))
}

//! `quality.evaluate`

use serde_json::{Value as Json, json};

use super::{floor, found, mean_tiers, read, rubric, scores, summary};
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
    let documents = match read(history, &files)? {
        Ok(documents) => documents,
        Err(reaction) => return Ok(reaction),
    };
    let scores = scores(&rubric, &documents)?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| scores[*left].points.total_cmp(&scores[*right].points));
    let listed: Vec<Json> = order
        .into_iter()
        .map(|at| {
            let score = &scores[at];
            json!({
                "file": documents[at].file, "score": score.points, "passed": score.passed, "tiers": score.tiers,
                "short_of": score.short_of,
            })
        })
        .collect();
    let mut output = summary(&scores, floor);
    output["tiers"] = json!(mean_tiers(&rubric, &scores));
    output["documents"] = Json::Array(listed);
    Ok(pass_json(output))
}

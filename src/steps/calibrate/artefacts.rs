//! `calibrate.artefacts`

use serde_json::json;

use super::diagram::Diagram;
use super::samples::samples;
use crate::contract::answer::{TextAnswer, read_answer};
use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, in_turn, kept_and_written, pass_json, restore_copies, settle, text, whole};
use crate::steps::table::Table;

pub const ARTEFACTS: StepImpl =
    StepImpl { name: "calibrate.artefacts", react, undo: Some(|_, history| restore_copies(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(artefacts(args, history))
}

fn artefacts(args: &Args, history: &History) -> Attempt {
    let (path, to, title) = (text(args, "samples")?, text(args, "to")?, text(args, "title")?);
    let bins = whole(args, "bins", 2..=100)?;
    let Some(read) = history.outcome(0) else { return Ok(Reaction::Perform(Effect::ReadFile { path })) };
    let table = Table::read(&path, &read_answer::<TextAnswer>(read)?.text)?;
    let predictions: Vec<_> = samples(&path, &table)?.iter().map(super::samples::Sample::prediction).collect();
    let diagram = Diagram::of(&predictions, bins).ok_or_else(|| format!("`{path}` has no rows"))?;
    let named = |ending: &str| format!("{to}.{ending}");
    let files = [("json", diagram.json()), ("csv", diagram.csv()), ("svg", diagram.svg(&title))];
    let writes = files.into_iter().flat_map(|(ending, content)| kept_and_written(history, named(ending), content));
    in_turn(history, std::iter::once(Effect::ReadFile { path }).chain(writes), |_| {
        Ok(pass_json(json!({
            "samples": diagram.samples, "error": diagram.found.error, "greatest_error": diagram.found.greatest_error(),
            "brier": diagram.found.brier, "json": named("json"), "csv": named("csv"), "svg": named("svg"),
        })))
    })
}

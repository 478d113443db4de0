//! `calibrate.reliability`

use serde_json::json;

use super::diagram::Diagram;
use super::samples::{Sample, samples};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, pass_json, settle, text, whole, with_files};
use crate::steps::table::Table;

pub const RELIABILITY: StepImpl = StepImpl { name: "calibrate.reliability", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(reliability(args, history))
}

fn reliability(args: &Args, history: &History) -> Attempt {
    let (path, bins) = (text(args, "samples")?, whole(args, "bins", 2..=100)?);
    with_files(history, std::slice::from_ref(&path), |texts| {
        let samples = samples(&path, &Table::read(&path, &texts[0])?)?;
        let predictions: Vec<_> = samples.iter().map(Sample::prediction).collect();
        let diagram = Diagram::of(&predictions, bins).ok_or_else(|| format!("`{path}` has no rows"))?;
        Ok(pass_json(json!({
            "samples": diagram.samples, "error": diagram.found.error, "brier": diagram.found.brier,
            "diagram": diagram.bins(),
        })))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, History, RELIABILITY, Reaction};
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::Value;

    fn after(text: &str, bins: i64) -> Reaction {
        let args: Args = [("samples".to_owned(), Value::text("s.csv")), ("bins".to_owned(), Value::int(bins))].into();
        let effect = Effect::ReadFile { path: "s.csv".to_owned() };
        let acts = vec![Act { effect, outcome: Some(Outcome::Done(json!({ "text": text }))) }];
        (RELIABILITY.react)(&args, &History { acts, ..History::default() })
    }

    #[test]
    fn the_diagram_and_its_errors_are_the_output() {
        let Reaction::Finish(Verdict::Passed(Value::Json(found))) = after("probability,outcome\n0.25,0\n0.25,1\n", 2)
        else {
            panic!("it passes")
        };
        assert_eq!((found["samples"].as_u64(), found["error"].as_f64()), (Some(2), Some(0.25)));
        assert_eq!(found["diagram"], json!([{ "predicted": 0.25, "observed": 0.5, "samples": 2 }]));
    }

    #[test]
    fn outcomes_are_zero_or_one_and_bins_are_a_few() {
        assert!(matches!(after("probability,outcome\n0.2,2\n", 10), Reaction::Finish(Verdict::Failed(_))));
        assert!(matches!(after("probability,outcome\n", 10), Reaction::Finish(Verdict::Failed(_))));
        assert!(matches!(after("probability,outcome\n0.2,1\n", 1), Reaction::Finish(Verdict::Failed(_))));
    }
}

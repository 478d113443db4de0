//! `calibrate.isotonic`

use serde_json::json;

use super::samples::{Sample, curve, hold_out, samples};
use crate::contract::answer::{TextAnswer, read_answer};
use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::calibration::{Prediction, reliability};
use crate::stats::isotonic::{Knot, predict};
use crate::steps::protocol::{Attempt, duration, in_turn, kept_and_written, pass_json, restore_copies, settle, text};
use crate::steps::table::Table;

pub const ISOTONIC: StepImpl =
    StepImpl { name: "calibrate.isotonic", react, undo: Some(|_, history| restore_copies(history)) };

/// The bins of the errors before and after, as `calibrate.reliability` has them by default.
const BINS: usize = 10;

fn react(args: &Args, history: &History) -> Reaction {
    settle(isotonic(args, history))
}

fn isotonic(args: &Args, history: &History) -> Attempt {
    let (path, to, length) = (text(args, "samples")?, text(args, "to")?, duration(args, "holdout")?);
    let Some(read) = history.outcome(0) else { return Ok(Reaction::Perform(Effect::ReadFile { path })) };
    let table = Table::read(&path, &read_answer::<TextAnswer>(read)?.text)?;
    let samples = samples(&path, &table)?;
    let all: Vec<usize> = (0..samples.len()).collect();
    let (trained, measured) = if length.is_zero() {
        (all.clone(), all)
    } else {
        let parts = hold_out(&path, &table, length)?;
        (parts.trained, parts.held)
    };
    let knots = curve(&path, &samples, &trained)?;
    let effects = std::iter::once(Effect::ReadFile { path }).chain(kept_and_written(history, to, written(&knots)));
    in_turn(history, effects, |_| {
        let raw: Vec<Prediction> = measured.iter().map(|at| Sample::prediction(&samples[*at])).collect();
        let through: Vec<Prediction> = raw.iter().map(|(p, y)| (predict(&knots, *p), *y)).collect();
        let error = |of: &[Prediction]| reliability(of, BINS).map_or(0.0, |diagram| diagram.error);
        Ok(pass_json(json!({
            "samples": samples.len(), "fitted_on": trained.len(), "measured_on": measured.len(), "knots": knots.len(),
            "before": error(&raw), "after": error(&through),
        })))
    })
}

fn written(knots: &[Knot]) -> String {
    let (x, y): (Vec<f64>, Vec<f64>) = knots.iter().copied().unzip();
    format!("{}\n", json!({ "x": x, "y": y }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, History, ISOTONIC, Reaction};
    use crate::base::number::Number;
    use crate::contract::effect::{Act, Outcome, TextPiece};
    use crate::contract::value::{Unit, Value};

    fn named((name, value): (&str, Value)) -> (String, Value) {
        (name.to_owned(), value)
    }

    fn seconds(count: i64) -> Value {
        Value::Quantity(Number::from(count), Unit::Duration)
    }

    #[test]
    fn the_curve_is_measured_on_what_it_was_not_fitted_on() {
        let rows = "time,probability,outcome,weight\n0,0.2,0,1\n1,0.2,1,3\n10,0.2,1,1\n10,0.9,1,1\n";
        let act = |effect| Act { effect, outcome: Some(Outcome::Done(json!({ "text": rows }))) };
        let read = |length: i64| {
            let args: Args = [("samples", Value::text("s")), ("to", Value::text("c")), ("holdout", seconds(length))]
                .map(named)
                .into();
            let mut history = History { key: "k".to_owned(), ..History::default() };
            loop {
                match (ISOTONIC.react)(&args, &history) {
                    Reaction::Perform(effect) => history.acts.push(act(effect)),
                    Reaction::Finish(verdict) => return (history, verdict),
                }
            }
        };
        let (history, verdict) = read(5);
        let crate::contract::effect::Verdict::Passed(Value::Json(found)) = verdict else { panic!("{verdict:?}") };
        assert_eq!((found["fitted_on"].as_u64(), found["measured_on"].as_u64()), (Some(2), Some(2)));
        let Effect::WriteFile { content, .. } = &history.acts[2].effect else { panic!("it writes") };
        assert_eq!(content, &[TextPiece::Plain("{\"x\":[0.2],\"y\":[0.75]}\n".to_owned())]);
        assert!(
            matches!(read(60).1, crate::contract::effect::Verdict::Failed(reason) if reason.contains("nothing is left"))
        );
    }

    #[test]
    fn the_curve_is_written_after_what_was_there_is_kept() {
        let args: Args = [("samples", Value::text("s.csv")), ("to", Value::text("c.json")), ("holdout", seconds(0))]
            .map(named)
            .into();
        let rows = "probability,outcome\n0.2,0\n0.4,1\n0.6,0\n0.8,1\n";
        let mut acts = vec![Act {
            effect: Effect::ReadFile { path: "s.csv".to_owned() },
            outcome: Some(Outcome::Done(json!({ "text": rows }))),
        }];
        let react = |acts: &[Act]| {
            (ISOTONIC.react)(&args, &History { key: "k".to_owned(), acts: acts.to_vec(), ..History::default() })
        };
        let done = || Some(Outcome::Done(serde_json::Value::Null));
        let save = Effect::SaveCopy { path: "c.json".to_owned(), slot: "k/c.json".to_owned() };
        assert_eq!(react(&acts), Reaction::Perform(save.clone()));
        acts.push(Act { effect: save, outcome: done() });
        let content = "{\"x\":[0.2,0.4,0.6,0.8],\"y\":[0.0,0.5,0.5,1.0]}\n".to_owned();
        let write = Effect::WriteFile { path: "c.json".to_owned(), content: vec![TextPiece::Plain(content)] };
        assert_eq!(react(&acts), Reaction::Perform(write.clone()));
        acts.push(Act { effect: write, outcome: done() });
        let Reaction::Finish(crate::contract::effect::Verdict::Passed(Value::Json(found))) = react(&acts) else {
            panic!("it passes")
        };
        assert_eq!((found["samples"].as_u64(), found["knots"].as_u64()), (Some(4), Some(4)));
        assert!(found["after"].as_f64() < found["before"].as_f64(), "{found}");
        let undo = ISOTONIC.undo.expect("it has an undo");
        let restore = Effect::RestoreCopy { path: "c.json".to_owned(), slot: "k/c.json".to_owned() };
        assert_eq!(undo(&args, &History { done: acts, ..History::default() }), Reaction::Perform(restore));
    }
}

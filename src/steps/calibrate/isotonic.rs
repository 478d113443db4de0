//! `calibrate.isotonic`

use serde_json::json;

use super::predictions;
use crate::contract::answer::{TextAnswer, read_answer};
use crate::contract::effect::{Effect, History, Reaction, TextPiece};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::calibration::{Prediction, reliability};
use crate::stats::isotonic::{Knot, fit, predict};
use crate::steps::protocol::{Attempt, in_turn, pass_json, restore_copy, settle, text};

pub const ISOTONIC: StepImpl =
    StepImpl { name: "calibrate.isotonic", react, undo: Some(|_, history| restore_copy(history)) };

/// The bins of the errors before and after, as `calibrate.reliability` has them by default.
const BINS: usize = 10;

fn react(args: &Args, history: &History) -> Reaction {
    settle(isotonic(args, history))
}

fn isotonic(args: &Args, history: &History) -> Attempt {
    let (path, to) = (text(args, "samples")?, text(args, "to")?);
    let Some(read) = history.outcome(0) else { return Ok(Reaction::Perform(Effect::ReadFile { path })) };
    let predictions = predictions(&path, &read_answer::<TextAnswer>(read)?.text)?;
    let points: Vec<(f64, f64)> = predictions.iter().map(|(p, y)| (*p, f64::from(u8::from(*y)))).collect();
    let knots = fit(&points);
    let slot = history.key.clone();
    let effects = [
        Effect::ReadFile { path },
        Effect::SaveCopy { path: to.clone(), slot },
        Effect::WriteFile { path: to, content: vec![TextPiece::Plain(curve(&knots))] },
    ];
    in_turn(history, effects, |_| {
        let through: Vec<Prediction> = predictions.iter().map(|(p, y)| (predict(&knots, *p), *y)).collect();
        let error = |of: &[Prediction]| reliability(of, BINS).map_or(0.0, |diagram| diagram.error);
        Ok(pass_json(json!({
            "samples": predictions.len(), "knots": knots.len(), "before": error(&predictions), "after": error(&through),
        })))
    })
}

fn curve(knots: &[Knot]) -> String {
    let (x, y): (Vec<f64>, Vec<f64>) = knots.iter().copied().unzip();
    format!("{}\n", json!({ "x": x, "y": y }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, History, ISOTONIC, Reaction};
    use crate::contract::effect::{Act, Outcome, TextPiece};
    use crate::contract::value::Value;

    #[test]
    fn the_curve_is_written_after_what_was_there_is_kept() {
        let args: Args =
            [("samples".to_owned(), Value::text("s.csv")), ("to".to_owned(), Value::text("c.json"))].into();
        let rows = "probability,outcome\n0.2,0\n0.4,1\n0.6,0\n0.8,1\n";
        let mut acts = vec![Act {
            effect: Effect::ReadFile { path: "s.csv".to_owned() },
            outcome: Some(Outcome::Done(json!({ "text": rows }))),
        }];
        let react = |acts: &[Act]| {
            (ISOTONIC.react)(&args, &History { key: "k".to_owned(), acts: acts.to_vec(), ..History::default() })
        };
        let done = || Some(Outcome::Done(serde_json::Value::Null));
        let save = Effect::SaveCopy { path: "c.json".to_owned(), slot: "k".to_owned() };
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
        let restore = Effect::RestoreCopy { path: "c.json".to_owned(), slot: "k".to_owned() };
        assert_eq!(undo(&args, &History { done: acts, ..History::default() }), Reaction::Perform(restore));
    }
}

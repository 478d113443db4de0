//! `calibrate.threshold`

use std::collections::HashSet;

use serde_json::json;

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::calibration::threshold as best;
use crate::steps::protocol::{Attempt, number, pass_json, settle, text, with_files};
use crate::steps::table::Table;

pub const THRESHOLD: StepImpl = StepImpl { name: "calibrate.threshold", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(threshold(args, history))
}

fn threshold(args: &Args, history: &History) -> Attempt {
    let (path, target) = (text(args, "samples")?, number(args, "target")?);
    if target <= 0.0 {
        return Err(format!("{target} results per query cannot be aimed at: more than 0"));
    }
    with_files(history, std::slice::from_ref(&path), |texts| {
        let table = Table::read(&path, &texts[0])?;
        let probabilities = table.probabilities(&path, "probability")?;
        let queries = table.column(&path, "query")?.collect::<HashSet<_>>().len();
        if queries == 0 {
            return Err(format!("`{path}` has no rows"));
        }
        let found = best(queries, &probabilities, target)
            .ok_or_else(|| format!("every threshold in `{path}` shows more results than {target} per query ask for"))?;
        Ok(pass_json(json!({ "queries": queries, "threshold": found.tau, "results_per_query": found.expected })))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, History, Reaction, THRESHOLD};
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_json;

    fn after(text: &str, target: i64) -> Reaction {
        let args: Args =
            [("samples".to_owned(), Value::text("s.csv")), ("target".to_owned(), Value::int(target))].into();
        let effect = Effect::ReadFile { path: "s.csv".to_owned() };
        let acts = vec![Act { effect, outcome: Some(Outcome::Done(json!({ "text": text }))) }];
        (THRESHOLD.react)(&args, &History { acts, ..History::default() })
    }

    #[test]
    fn the_threshold_that_comes_closest_is_found() {
        let rows = "query,probability\na,0.9\na,0.5\na,0.1\nb,0.8\nb,0.5\n";
        let expected = json!({ "queries": 2, "threshold": 0.5, "results_per_query": 2.0 });
        assert_eq!(after(rows, 2), pass_json(expected));
    }

    #[test]
    fn a_target_of_nothing_and_a_table_without_rows_are_refused() {
        assert!(matches!(after("query,probability\na,0.9\n", 0), Reaction::Finish(Verdict::Failed(_))));
        assert!(matches!(after("query,probability\n", 5), Reaction::Finish(Verdict::Failed(_))));
    }
}

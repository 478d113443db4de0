//! `calibrate.threshold`

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;

use super::samples::{curve, hold_out, samples};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::calibration::{Threshold, threshold as best};
use crate::stats::isotonic::predict;
use crate::steps::protocol::{Attempt, duration, number, pass_json, settle, text, whole, with_files};
use crate::steps::table::Table;

pub const THRESHOLD: StepImpl = StepImpl { name: "calibrate.threshold", react, undo: None };

/// More queries than this nobody asks in the time that a table spans.
const MOST_QUERIES: usize = 1_000_000_000;

fn react(args: &Args, history: &History) -> Reaction {
    settle(threshold(args, history))
}

fn threshold(args: &Args, history: &History) -> Attempt {
    let path = text(args, "samples")?;
    let (target, tolerance, manual) = (number(args, "target")?, number(args, "tolerance")?, number(args, "manual")?);
    let (length, asked) = (duration(args, "holdout")?, whole(args, "queries", 0..=MOST_QUERIES)?);
    if target <= 0.0 || tolerance < 0.0 {
        return Err(format!("{target} ± {tolerance} results per query cannot be aimed at: more than 0, ± 0 or more"));
    }
    if manual > 1.0 {
        return Err(format!("a threshold of {manual} cannot be: 0 to 1, or below 0 for none"));
    }
    with_files(history, std::slice::from_ref(&path), |texts| {
        let rows = rows(&path, &Table::read(&path, &texts[0])?, length)?;
        if asked != 0 && asked < rows.queries {
            return Err(format!("`{path}` has {} queries, more than the {asked} that were asked", rows.queries));
        }
        let queries = rows.queries.max(asked);
        let found = if manual >= 0.0 {
            let shown = rows.probabilities.iter().filter(|probability| **probability >= manual).count();
            Threshold { tau: manual, expected: shown as f64 / queries as f64 }
        } else {
            best(queries, &rows.probabilities, target).ok_or_else(|| {
                format!("every threshold in `{path}` shows more results than {target} per query ask for")
            })?
        };
        let in_band = (target - tolerance..=target + tolerance).contains(&found.expected);
        let how =
            if manual >= 0.0 { "set by hand".to_owned() } else { format!("argmin |E[1{{p ≥ τ}}] − {target}|") };
        let arithmetic = format!(
            "τ = {} ({how}), {} results per query in {}..{}: {}, {queries} queries, {} results, {} rows held out, {} \
             learnt from",
            found.tau,
            found.expected,
            target - tolerance,
            target + tolerance,
            if in_band { "yes" } else { "no" },
            rows.probabilities.len(),
            if rows.learnt == 0 { 0 } else { rows.probabilities.len() },
            rows.learnt,
        );
        Ok(pass_json(json!({
            "queries": queries, "threshold": found.tau, "results_per_query": found.expected, "in_band": in_band,
            "by_hand": manual >= 0.0, "learnt_from": rows.learnt, "arithmetic": arithmetic,
        })))
    })
}

/// What the threshold is solved on.
struct Rows {
    queries: usize,
    probabilities: Vec<f64>,
    /// Rows that the curve was fitted on, which are not among these.
    learnt: usize,
}

/// All rows; with a holdout those of its time, through the isotonic curve of the rows before.
fn rows(path: &str, table: &Table, length: Duration) -> Result<Rows, String> {
    let raw = table.probabilities(path, "probability")?;
    let names: Vec<&str> = table.column(path, "query")?.collect();
    if names.is_empty() {
        return Err(format!("`{path}` has no rows"));
    }
    if length.is_zero() {
        let queries = names.iter().collect::<HashSet<_>>().len();
        return Ok(Rows { queries, probabilities: raw, learnt: 0 });
    }
    let parts = hold_out(path, table, length)?;
    let knots = curve(path, &samples(path, table)?, &parts.trained)?;
    let queries = parts.held.iter().map(|at| names[*at]).collect::<HashSet<_>>().len();
    let probabilities = parts.held.iter().map(|at| predict(&knots, raw[*at])).collect();
    Ok(Rows { queries, probabilities, learnt: parts.trained.len() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, History, Reaction, THRESHOLD};
    use crate::base::number::Number;
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::{Unit, Value};

    fn after(text: &str, given: &[(&str, Value)]) -> Result<serde_json::Value, String> {
        let seconds = |count: i64| Value::Quantity(Number::from(count), Unit::Duration);
        let mut args: Args = [
            ("samples", Value::text("s.csv")),
            ("target", Value::int(2)),
            ("tolerance", Value::int(2)),
            ("holdout", seconds(0)),
            ("manual", Value::int(-1)),
            ("queries", Value::int(0)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        args.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let effect = Effect::ReadFile { path: "s.csv".to_owned() };
        let acts = vec![Act { effect, outcome: Some(Outcome::Done(json!({ "text": text }))) }];
        match (THRESHOLD.react)(&args, &History { acts, ..History::default() }) {
            Reaction::Finish(Verdict::Passed(Value::Json(found))) => Ok(found),
            Reaction::Finish(Verdict::Failed(reason)) => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    const ROWS: &str = "query,probability\na,0.9\na,0.5\na,0.1\nb,0.8\nb,0.5\n";

    #[test]
    fn the_threshold_that_comes_closest_is_found() {
        let found = after(ROWS, &[]).expect("a threshold");
        let figures = ["queries", "threshold", "results_per_query", "in_band"].map(|name| found[name].clone());
        assert_eq!(figures, [json!(2), json!(0.5), json!(2.0), json!(true)]);
        assert!(found["arithmetic"].as_str().is_some_and(|words| words.contains("2 queries, 5 results")), "{found}");
    }

    #[test]
    fn queries_without_a_result_count_and_what_is_out_of_reach_is_not_in_band() {
        let found = after(ROWS, &[("queries", Value::int(10)), ("tolerance", Value::int(1))]).expect("a threshold");
        assert_eq!((found["results_per_query"].as_f64(), found["in_band"].as_bool()), (Some(0.5), Some(false)));
        assert!(after(ROWS, &[("queries", Value::int(1))]).unwrap_err().contains("2 queries"));
    }

    #[test]
    fn a_threshold_set_by_hand_is_measured_and_not_solved() {
        let found = after(ROWS, &[("manual", Value::Quantity(Number::from_f64(0.8), Unit::One))]).expect("it passes");
        assert_eq!((found["threshold"].as_f64(), found["results_per_query"].as_f64()), (Some(0.8), Some(1.0)));
        assert_eq!(found["by_hand"], json!(true));
        assert!(after(ROWS, &[("manual", Value::int(2))]).is_err());
    }

    /// The curve of the first rows takes 0.4 to 1, so that both held out results are shown.
    #[test]
    fn with_a_holdout_the_curve_is_of_the_rows_before_and_the_threshold_of_those_in_it() {
        let rows = "time,query,probability,outcome\n0,a,0.2,0\n1,a,0.4,1\n100,b,0.4,0\n101,b,0.5,1\n";
        let holdout = Value::Quantity(Number::from(10), Unit::Duration);
        let found = after(rows, &[("holdout", holdout)]).expect("a threshold");
        assert_eq!((found["queries"].as_u64(), found["learnt_from"].as_u64()), (Some(1), Some(2)));
        assert_eq!((found["threshold"].as_f64(), found["results_per_query"].as_f64()), (Some(1.0), Some(2.0)));
    }

    #[test]
    fn a_target_of_nothing_and_a_table_without_rows_are_refused() {
        assert!(after("query,probability\na,0.9\n", &[("target", Value::int(0))]).is_err());
        assert!(after("query,probability\n", &[]).is_err());
    }
}

//! `bench.compare`

use std::collections::BTreeMap;

use serde_json::json;

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::student::two_sided;
use crate::steps::protocol::{Attempt, number, pass_json, settle, text, with_files};
use crate::steps::table::Table;

pub const COMPARE: StepImpl = StepImpl { name: "bench.compare", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(compare(args, history))
}

fn compare(args: &Args, history: &History) -> Attempt {
    let paths = [text(args, "baseline")?, text(args, "candidate")?];
    let (column, key, confidence) = (text(args, "column")?, text(args, "key")?, number(args, "confidence")?);
    if confidence <= 0.5 || confidence >= 1.0 {
        return Err(format!("a confidence of {confidence} cannot be: above 50% and below 100%"));
    }
    with_files(history, &paths, |texts| {
        let read = |at: usize| figures(&paths[at], &texts[at], &key, &column);
        let pairs = paired(&paths, &read(0)?, &read(1)?)?;
        let count = pairs.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
        let difference = mean(&|(before, after)| after - before);
        let squares = pairs.iter().map(|(before, after)| (after - before - difference).powi(2)).sum::<f64>();
        let margin = two_sided(confidence, count - 1.0) * (squares / (count - 1.0) / count).sqrt();
        Ok(pass_json(json!({
            "pairs": pairs.len(), "baseline_mean": mean(&|pair| pair.0), "candidate_mean": mean(&|pair| pair.1),
            "difference": difference, "low": difference - margin, "high": difference + margin,
            "arithmetic": format!(
                "candidate - baseline {difference}, interval {}..{}, level {}%, Student's t of the paired differences, {} \
                 pairs, all of both files",
                difference - margin,
                difference + margin,
                confidence * 100.0,
                pairs.len()
            ),
        })))
    })
}

fn figures(path: &str, text: &str, key: &str, column: &str) -> Result<BTreeMap<String, f64>, String> {
    let table = Table::read(path, text)?;
    let numbers = table.numbers(path, column)?;
    let mut figures = BTreeMap::new();
    for (name, number) in table.column(path, key)?.zip(numbers) {
        if figures.insert(name.to_owned(), number).is_some() {
            return Err(format!("`{path}` has several rows with the `{key}` `{name}`"));
        }
    }
    Ok(figures)
}

/// Baseline and candidate of each key.
fn paired(
    paths: &[String; 2],
    baseline: &BTreeMap<String, f64>,
    candidate: &BTreeMap<String, f64>,
) -> Result<Vec<(f64, f64)>, String> {
    for (at, (one, other)) in [(baseline, candidate), (candidate, baseline)].into_iter().enumerate() {
        if let Some(alone) = one.keys().find(|name| !other.contains_key(*name)) {
            return Err(format!("`{alone}` is in `{}` and not in `{}`", paths[at], paths[1 - at]));
        }
    }
    if baseline.len() < 2 {
        return Err(format!("{} pairs say nothing about what is usual: at least 2 are needed", baseline.len()));
    }
    Ok(baseline.iter().map(|(name, before)| (*before, candidate[name])).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, COMPARE, History, Reaction};
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::{Unit, Value};

    fn after(baseline: &str, candidate: &str) -> Reaction {
        let mut args: Args = [("baseline", "a"), ("candidate", "b"), ("column", "v"), ("key", "q")]
            .map(|(name, value)| (name.to_owned(), Value::text(value)))
            .into();
        args.insert("confidence".to_owned(), Value::Quantity(crate::base::number::Number::from_f64(0.95), Unit::Ratio));
        let act = |path: &str, text: &str| Act {
            effect: Effect::ReadFile { path: path.to_owned() },
            outcome: Some(Outcome::Done(json!({ "text": text }))),
        };
        (COMPARE.react)(&args, &History { acts: vec![act("a", baseline), act("b", candidate)], ..History::default() })
    }

    /// Differences 1, 2, 3, 4: a mean of 2.5, a deviation of 1.29099, and t(3; 97.5 %) = 3.18245.
    #[test]
    fn the_interval_is_that_of_the_mean_of_the_differences() {
        let reaction = after("q,v\na,1\nb,1\nc,1\nd,1\n", "q,v\nd,5\nc,4\nb,3\na,2\n");
        let Reaction::Finish(Verdict::Passed(Value::Json(found))) = reaction else { panic!("{reaction:?}") };
        assert_eq!((found["pairs"].as_u64(), found["difference"].as_f64()), (Some(4), Some(2.5)));
        let margin = 3.182_446 * 1.290_994 / 2.0;
        assert!((found["low"].as_f64().unwrap() - (2.5 - margin)).abs() < 1e-4, "{found}");
        assert!((found["high"].as_f64().unwrap() - (2.5 + margin)).abs() < 1e-4, "{found}");
    }

    #[test]
    fn rows_without_a_partner_and_too_few_rows_fail() {
        for (baseline, candidate, words) in [
            ("q,v\na,1\nb,1\n", "q,v\na,1\n", "`b` is in `a` and not in `b`"),
            ("q,v\na,1\n", "q,v\na,1\nb,1\n", "`b` is in `b` and not in `a`"),
            ("q,v\na,1\na,2\n", "q,v\na,1\n", "several rows"),
            ("q,v\na,1\n", "q,v\na,1\n", "at least 2"),
        ] {
            let reaction = after(baseline, candidate);
            let Reaction::Finish(Verdict::Failed(reason)) = &reaction else { panic!("{words}: {reaction:?}") };
            assert!(reason.contains(words), "{reason}");
        }
    }
}

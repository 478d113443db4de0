//! `bench.latencies`

use serde_json::{Value as Json, json};

use crate::base::number::Number;
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::latency::{Comparison, compare};
use crate::stats::quantiles::{Method, quantile};
use crate::steps::protocol::{Attempt, number, pass_json, settle, text, with_files};
use crate::steps::table::Table;

pub const LATENCIES: StepImpl = StepImpl { name: "bench.latencies", react, undo: None };

/// Fewer samples than this a side show nothing at any usual level.
const LEAST: usize = 5;

fn react(args: &Args, history: &History) -> Reaction {
    settle(latencies(args, history))
}

fn latencies(args: &Args, history: &History) -> Attempt {
    let paths = [text(args, "baseline")?, text(args, "candidate")?];
    let (column, effect, confidence) = (text(args, "column")?, number(args, "least")?, number(args, "confidence")?);
    if confidence <= 0.5 || confidence >= 1.0 || effect < 0.0 {
        return Err(format!("a confidence of {confidence} and a least effect of {effect} cannot be"));
    }
    with_files(history, &paths, |texts| {
        let side = |at: usize| Side::read(&paths[at], &texts[at], &column);
        let (before, after) = (side(0)?, side(1)?);
        let found = compare(&before.sorted, &after.sorted, effect, 1.0 - confidence)
            .ok_or("two sides of latencies above zero are wanted")?;
        let change = |q: &str| Some(after.at(q)? / before.at(q)? - 1.0);
        let noise = (found.ratio.high / found.ratio.low).sqrt() - 1.0;
        Ok(pass_json(json!({
            "baseline": before.figures(), "candidate": after.figures(),
            "ratio": found.ratio.estimate, "low": found.ratio.low, "high": found.ratio.high, "noise": noise,
            "change": found.change.name(), "p": found.p, "significant": found.is_significant,
            "p95_change": change("0.95"), "p99_change": change("0.99"),
            "arithmetic": words(&found, (&before, &after), (effect, confidence), noise),
        })))
    })
}

struct Side {
    sorted: Vec<f64>,
}

impl Side {
    fn read(path: &str, text: &str, column: &str) -> Result<Self, String> {
        let mut sorted = Table::read(path, text)?.numbers(path, column)?;
        if let Some(at) = sorted.iter().position(|value| *value <= 0.0) {
            return Err(format!("row {} of `{path}`: {} is no latency, which is above 0", at + 2, sorted[at]));
        }
        if sorted.len() < LEAST {
            return Err(format!("`{path}` has {} samples; below {LEAST} nothing can be said", sorted.len()));
        }
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Self { sorted })
    }

    /// Type 7.
    fn at(&self, q: &str) -> Option<f64> {
        quantile(&self.sorted, Number::parse(q)?, Method::LINEAR)
    }

    fn figures(&self) -> Json {
        let (p95, p99) = (self.at("0.95"), self.at("0.99"));
        json!({
            "samples": self.sorted.len(), "p50": self.at("0.5"), "p95": p95, "p99": p99,
            "tail": p99.zip(p95).map(|(p99, p95)| p99 / p95),
        })
    }
}

fn words(found: &Comparison, (before, after): (&Side, &Side), (effect, confidence): (f64, f64), noise: f64) -> String {
    let rounded = |value: f64| (value * 1e4).round() / 1e4;
    format!(
        "{}: candidate / baseline {}, bounds {}..{}, noise ±{}%, margin {}..{}, level {}%, p {}, Hodges-Lehmann on \
         logarithms with the interval of Mann-Whitney, quantiles of type 7, {} against {} samples",
        found.change.name(),
        rounded(found.ratio.estimate),
        rounded(found.ratio.low),
        rounded(found.ratio.high),
        rounded(noise * 100.0),
        rounded(1.0 / (1.0 + effect)),
        rounded(1.0 + effect),
        rounded(confidence * 100.0),
        rounded(found.p),
        after.sorted.len(),
        before.sorted.len(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Args, History, LATENCIES, Reaction};
    use crate::base::number::Number;
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::{Unit, Value};

    fn after(baseline: &str, candidate: &str) -> Result<Json, String> {
        let share = |value: f64| Value::Quantity(Number::from_f64(value), Unit::Ratio);
        let args: Args = [
            ("baseline", Value::text("a")),
            ("candidate", Value::text("b")),
            ("column", Value::text("ms")),
            ("least", share(0.05)),
            ("confidence", share(0.95)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let act = |path: &str, text: &str| Act {
            effect: Effect::ReadFile { path: path.to_owned() },
            outcome: Some(Outcome::Done(json!({ "text": text }))),
        };
        let acts = vec![act("a", baseline), act("b", candidate)];
        match (LATENCIES.react)(&args, &History { acts, ..History::default() }) {
            Reaction::Finish(Verdict::Passed(Value::Json(found))) => Ok(found),
            Reaction::Finish(Verdict::Failed(reason)) => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    fn column(values: impl Iterator<Item = f64>) -> String {
        std::iter::once("ms\n".to_owned()).chain(values.map(|value| format!("{value}\n"))).collect()
    }

    #[test]
    fn a_difference_is_told_from_noise() {
        let base = |scale: f64| column((0..60).map(move |n| (100.0 + f64::from(n * 7 % 13)) * scale));
        let slower = after(&base(1.0), &base(1.3)).expect("a comparison");
        assert_eq!((&slower["change"], &slower["significant"]), (&json!("slower"), &json!(true)));
        assert!((slower["p95_change"].as_f64().unwrap() - 0.3).abs() < 1e-9, "{slower}");
        assert_eq!(after(&base(1.0), &base(1.0)).expect("a comparison")["change"], "same");
        assert_eq!(after(&base(1000.0), &base(700.0)).expect("a comparison")["change"], "faster");
        let words = slower["arithmetic"].as_str().unwrap();
        for part in ["slower: candidate / baseline 1.3", "level 95%", "type 7", "60 against 60 samples", "noise ±"] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn what_is_no_latency_and_too_few_are_refused() {
        for (text, words) in [
            ("ms\n1\n2\n", "has 2 samples"),
            ("ms\n1\n2\n0\n3\n4\n", "row 4 of `a`: 0 is no latency"),
            ("ms\n1\nNaN\n", "row 3 of `a`"),
            ("ms\n1\ninf\n", "row 3 of `a`"),
            ("s\n1\n", "no column `ms`"),
        ] {
            let reason = after(text, "ms\n1\n1\n1\n1\n1\n").unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    }
}

//! `calibrate.drift`

use serde_json::{Value as Json, json};

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::drift::{binned, distance, kolmogorov_smirnov, quantile_edges, stability};
use crate::steps::protocol::{Attempt, number, pass_json, settle, text, texts, with_files};
use crate::steps::table::Table;

pub const DRIFT: StepImpl = StepImpl { name: "calibrate.drift", react, undo: None };

/// Bins of the population stability index, and the least share of one.
const BINS: u32 = 10;
const FLOOR: f64 = 1e-4;

fn react(args: &Args, history: &History) -> Reaction {
    settle(drift(args, history))
}

fn drift(args: &Args, history: &History) -> Attempt {
    let paths = [text(args, "reference")?, text(args, "current")?];
    let (wanted, limit) = (texts(args, "features")?, number(args, "limit")?);
    if limit <= 0.0 {
        return Err(format!("a limit of {limit} standard deviations cannot be: above 0"));
    }
    with_files(history, &paths, |read| {
        let tables = (Table::read(&paths[0], &read[0])?, Table::read(&paths[1], &read[1])?);
        let names = if wanted.is_empty() { tables.0.columns().to_vec() } else { wanted };
        let mut features = Vec::with_capacity(names.len());
        for name in names {
            features.push(feature(&paths, (&tables.0, &tables.1), name)?);
        }
        Ok(pass_json(verdict(&features, limit)))
    })
}

/// One feature then and now. Without a distance nobody knows, and the reason says why.
struct Feature {
    name: String,
    samples: (usize, usize),
    /// In standard deviations of the reference; infinite when that has none.
    deviations: Result<f64, String>,
    figures: Json,
}

fn feature(paths: &[String; 2], (then, now): (&Table, &Table), name: String) -> Result<Feature, String> {
    let figures = Json::Null;
    if !now.has(&name) {
        let reason = format!("`{}` has no column `{name}`", paths[1]);
        return Ok(Feature { name, samples: (0, 0), deviations: Err(reason), figures });
    }
    let known = |values: Vec<Option<f64>>| values.into_iter().flatten().collect::<Vec<f64>>();
    let reference = known(then.numbers_with_gaps(&paths[0], &name)?);
    let current = known(now.numbers_with_gaps(&paths[1], &name)?);
    let samples = (reference.len(), current.len());
    let Some(found) = distance(&reference, &current) else {
        let empty = &paths[usize::from(!reference.is_empty())];
        let deviations = Err(format!("`{empty}` has no value of `{name}`"));
        return Ok(Feature { name, samples, deviations, figures });
    };
    let edges = quantile_edges(&reference, BINS).unwrap_or_default();
    let index = stability(&binned(&reference, &edges), &binned(&current, &edges), FLOOR);
    let figures = json!({
        "errors": Some(found.in_errors).filter(|errors| errors.is_finite()), "stability_index": index,
        "ks_p": kolmogorov_smirnov(&reference, &current).map(|test| test.p_exact.unwrap_or(test.p_limit)),
    });
    Ok(Feature { name, samples, deviations: Ok(found.in_deviations), figures })
}

/// More than `limit`, or nobody knows: the fallback is to be taken.
fn verdict(features: &[Feature], limit: f64) -> Json {
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    let unknown = features.iter().find_map(|feature| feature.deviations.as_ref().err());
    let known = features.iter().filter_map(|feature| Some((feature, *feature.deviations.as_ref().ok()?)));
    let worst = known.max_by(|left, right| left.1.total_cmp(&right.1));
    let (verdict, reason) = match (worst, unknown) {
        (Some((feature, far)), _) if far > limit => ("drifted", words(feature, far, limit)),
        (_, Some(reason)) => ("unknown", reason.clone()),
        (Some((feature, far)), None) => ("steady", words(feature, far, limit)),
        (None, None) => ("unknown", "there is no feature to look at".to_owned()),
    };
    let listed: Vec<Json> = features
        .iter()
        .map(|feature| {
            json!({
                "name": feature.name, "reference": feature.samples.0, "current": feature.samples.1,
                "deviations": feature.deviations.as_ref().ok().copied().and_then(finite),
                "errors": feature.figures["errors"], "stability_index": feature.figures["stability_index"],
                "ks_p": feature.figures["ks_p"],
            })
        })
        .collect();
    json!({
        "verdict": verdict, "fallback": verdict != "steady", "drift": worst.and_then(|(_, far)| finite(far)),
        "reason": reason, "features": listed,
    })
}

fn words(feature: &Feature, far: f64, limit: f64) -> String {
    let (then, now) = feature.samples;
    let far = if far.is_finite() { ((far * 1e4).round() / 1e4).to_string() } else { "infinitely many".to_owned() };
    format!(
        "`{}` is {far} standard deviations of the reference away (limit {limit}; {now} samples against {then})",
        feature.name
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Args, DRIFT, History, Reaction};
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::Value;

    fn after(reference: &str, current: &str) -> Result<Json, String> {
        let args: Args = [
            ("reference", Value::text("then.csv")),
            ("current", Value::text("now.csv")),
            ("features", Value::List(Vec::new())),
            ("limit", Value::int(3)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let act = |path: &str, text: &str| Act {
            effect: Effect::ReadFile { path: path.to_owned() },
            outcome: Some(Outcome::Done(json!({ "text": text }))),
        };
        let acts = vec![act("then.csv", reference), act("now.csv", current)];
        match (DRIFT.react)(&args, &History { acts, ..History::default() }) {
            Reaction::Finish(Verdict::Passed(Value::Json(found))) => Ok(found),
            Reaction::Finish(Verdict::Failed(reason)) => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    const THEN: &str = "a,b\n1,10\n2,20\n3,30\n";

    /// The deviation of 1, 2, 3 is 1: exactly three is not more than three.
    #[test]
    fn the_feature_that_moved_furthest_decides_and_the_limit_is_strict() {
        let steady = after(THEN, "a,b\n5,20\n").expect("a verdict");
        assert_eq!((&steady["verdict"], &steady["fallback"]), (&json!("steady"), &json!(false)));
        assert_eq!(steady["drift"], json!(3.0));
        let drifted = after(THEN, "a,b\n2,20\n2,120\n").expect("a verdict");
        assert_eq!((&drifted["verdict"], &drifted["fallback"]), (&json!("drifted"), &json!(true)));
        assert!(drifted["reason"].as_str().is_some_and(|reason| reason.starts_with("`b` is 5 standard")), "{drifted}");
    }

    #[test]
    fn nobody_knows_and_the_fallback_is_taken_without_values() {
        for (current, words) in [("a,b\nnan,\n", "no value of `a`"), ("a\n2\n", "no column `b`"), ("a,b\n", "no value")]
        {
            let found = after(THEN, current).expect("a verdict");
            assert_eq!((&found["verdict"], &found["fallback"]), (&json!("unknown"), &json!(true)), "{found}");
            assert!(found["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{found}");
        }
        assert!(after(THEN, "a,b\nx,1\n").unwrap_err().contains("is no number"));
        assert!(after(THEN, "a,b\ninf,1\n").unwrap_err().contains("is no number"));
    }

    #[test]
    fn a_reference_without_a_spread_drifts_as_soon_as_anything_moves() {
        let found = after("a\n2\n2\n", "a\n2.5\n").expect("a verdict");
        assert_eq!((&found["verdict"], &found["drift"]), (&json!("drifted"), &Json::Null));
        assert!(found["reason"].as_str().is_some_and(|reason| reason.contains("infinitely many")));
    }
}

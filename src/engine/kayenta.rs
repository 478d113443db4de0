//! `kayenta(canary, stable, window, direction)`: the labels of Kayenta's judge over the samples of a window.
//!
//! A test of a fixed number of samples: for a gate, which looks once. Without data it is unknown, whatever the judge would
//! make of that.

use super::arguments::Arguments;
use super::metric::Metric;
use super::windows::{Measured, Measuring};
use crate::base::number::Number;
use crate::contract::value::{Unit, Value};
use crate::eval::Unknown;
use crate::model::expr::ExprKind;
use crate::stats::kayenta::{CONFIDENCE, Direction, Judgement, Label, Measure, Metric as Judged, band, classify};

pub fn kayenta(arguments: &Arguments<'_>) -> Measuring {
    let direction = arguments.named().value("direction");
    let direction = match direction.as_ref().and_then(Value::as_text).unwrap_or("increase") {
        "increase" => Direction::Increase,
        "decrease" => Direction::Decrease,
        "either" => Direction::Either,
        other => return Err(Unknown(format!("`{other}` is no direction: `increase`, `decrease` or `either`"))),
    };
    let metric = Judged {
        direction,
        replaces_nan: false,
        outlier_factor: None,
        measure: Measure::MeanRatio,
        is_critical: false,
        must_have_data: true,
        allowed: (1.0, 1.0),
        critical: (1.0, 1.0),
    };
    let (canary, stable) = (Side::of(arguments, "canary")?, Side::of(arguments, "stable")?);
    let judged = classify(&metric, &canary.values, &stable.values);
    let arithmetic = || format!("{}, {} against {}", words(&judged), canary.coverage, stable.coverage);
    if matches!(judged.label, Label::Nodata | Label::NodataFailMetric) {
        return Err(Unknown(arithmetic()));
    }
    let passes = judged.label == Label::Pass;
    let effect = judged.effect.map_or(Value::Null, |effect| Value::Quantity(Number::from_f64(effect), Unit::One));
    let fields = [
        ("label", Value::text(judged.label.name())),
        ("passes", Value::Bool(passes)),
        ("fails", Value::Bool(!passes)),
        ("effect", effect),
    ];
    let value = Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    Ok(Measured { value, arithmetic: if arguments.in_words { arithmetic() } else { String::new() } })
}

struct Side {
    values: Vec<f64>,
    coverage: String,
}

impl Side {
    fn of(arguments: &Arguments<'_>, name: &str) -> Result<Self, Unknown> {
        let Some(ExprKind::Metric { group, field }) = arguments.named().expr(name).map(|expr| &*expr.kind) else {
            return Err(Unknown(format!("`{name}` of `kayenta` is no metric")));
        };
        let (metric, at) = (Metric::new(arguments.scene, group, field)?, arguments.scene.at);
        let samples = metric.since(at.minus(arguments.named().duration("window")?), at)?;
        let values: Vec<f64> = samples.values.iter().map(|(_, value)| value.to_f64()).collect();
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(Unknown(format!("`{}` is {value} in the window", metric.name())));
        }
        Ok(Self { values, coverage: samples.coverage() })
    }
}

/// `High: canary - stable 12.5, interval 10.1..14.8, band ±3.125, mean ratio 1.12, level 98%, NetflixACAJudge-v1.0 (…)`
fn words(judged: &Judgement) -> String {
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    let interval = judged.shift.map_or_else(String::new, |found| {
        format!(
            ": canary - stable {}, interval {}..{}, band ±{}",
            rounded(found.estimate),
            rounded(found.low),
            rounded(found.high),
            rounded(band(&found))
        )
    });
    let effect = judged.effect.map_or_else(String::new, |effect| format!(", mean ratio {}", rounded(effect)));
    format!(
        "{}{interval}{effect}, level {}%, NetflixACAJudge-v1.0 (a rank test of a fixed number of samples)",
        judged.label.name(),
        100.0 * CONFIDENCE
    )
}

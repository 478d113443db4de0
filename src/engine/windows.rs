//! Functions over a metric's samples. A window is (t − D, t]; without a sample in it the result is unknown.

use std::time::Duration;

use super::scene::Scene;
use super::shifts;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::eval::{Evaluated, Unknown, World, evaluate};
use crate::model::expr::{Expr, ExprKind};

type Samples = Vec<(Timestamp, f64)>;

/// `None` when the function does not look at a metric.
pub fn call(scene: &Scene<'_>, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
    let (group, field) = args.iter().find_map(|(_, arg)| match &*arg.kind {
        ExprKind::Metric { group, field } => Some((group.as_str(), field.as_str())),
        _ => None,
    })?;
    if function == "last" {
        return Some(scene.metric(group, field));
    }
    if shifts::is_shift(function) {
        return Some(shifts::call(scene, function, args, (group, field)));
    }
    let windowed = matches!(
        function,
        "mean" | "min" | "max" | "sum" | "count" | "stddev" | "percentile" | "rate" | "increase" | "delta"
    );
    let window =
        args.iter().skip(1).find_map(|(_, arg)| evaluate(arg, scene).ok().and_then(|value| value.as_duration()));
    match window {
        Some(window) if windowed => Some(over(scene, function, args, (group, field), window)),
        // `min(a, b)` of metrics is the pure function over their latest values.
        _ if matches!(function, "abs" | "min" | "max" | "clamp" | "round" | "floor" | "ceil" | "sqrt") => None,
        _ => Some(Err(Unknown(format!("`{function}` over a metric is not supported by this version")))),
    }
}

fn over(
    scene: &Scene<'_>,
    function: &str,
    args: &[(String, Expr)],
    (group, field): (&str, &str),
    window: Duration,
) -> Evaluated {
    let index = scene.group_index(group).ok_or_else(|| Unknown(format!("there is no group `{group}`")))?;
    let start = scene.at.minus(window);
    let start = scene.not_before(index).map_or(start, |edge| start.max(Timestamp(edge.0 - 1)));
    let inside = scene.state.series.window(index, field, start, scene.at);
    let unit = inside.iter().find_map(|(_, value)| unit_of(value)).unwrap_or(Unit::One);
    let samples: Samples = inside.iter().filter_map(|(at, value)| Some((*at, value.as_number()?.to_f64()))).collect();
    if samples.is_empty() {
        return Err(Unknown(format!("`{group}.{field}` has no sample in the window")));
    }
    if function == "percentile" {
        return percentile(scene, args, &samples, unit);
    }
    let (amount, unit) = summarize(function, &samples, unit)
        .ok_or_else(|| Unknown(format!("`{function}` of `{group}.{field}` needs two samples in the window")))?;
    Ok(Value::Quantity(Number::from_f64(amount), unit))
}

fn unit_of(value: &Value) -> Option<Unit> {
    if let Value::Quantity(_, unit) = value { Some(*unit) } else { None }
}

fn summarize(function: &str, samples: &Samples, unit: Unit) -> Option<(f64, Unit)> {
    let values = || samples.iter().map(|(_, value)| *value);
    let count = samples.len() as f64;
    let mean = values().sum::<f64>() / count;
    let amount = match function {
        "mean" => mean,
        "min" => values().fold(f64::INFINITY, f64::min),
        "max" => values().fold(f64::NEG_INFINITY, f64::max),
        "sum" => values().sum(),
        "count" => return Some((count, Unit::One)),
        // The sample's own spread: divided by n, as Prometheus' stddev_over_time.
        "stddev" => (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt(),
        "delta" if samples.len() > 1 => samples.last()?.1 - samples.first()?.1,
        "increase" if samples.len() > 1 => increase(samples),
        "rate" if samples.len() > 1 => {
            let seconds = samples.last()?.0.since(samples.first()?.0).as_secs_f64();
            return Some((increase(samples) / seconds, Unit::Rate));
        }
        _ => return None,
    };
    Some((amount, unit))
}

/// What a counter grew by; a fall is a reset, from which it grew from zero.
fn increase(samples: &Samples) -> f64 {
    samples.windows(2).map(|pair| if pair[1].1 >= pair[0].1 { pair[1].1 - pair[0].1 } else { pair[1].1 }).sum()
}

/// Type 7 of Hyndman and Fan (1996); with `method: 1` the smallest sample that at least q of all do not exceed.
fn percentile(scene: &Scene<'_>, args: &[(String, Expr)], samples: &Samples, unit: Unit) -> Evaluated {
    let number = |name: &str| {
        let arg = args.iter().find(|(candidate, _)| candidate == name)?;
        evaluate(&arg.1, scene).ok()?.as_number()
    };
    let q = number("q").ok_or_else(|| Unknown("`percentile` needs a share".to_owned()))?.to_f64().clamp(0.0, 1.0);
    let mut values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let amount = if number("method").and_then(Number::to_i64) == Some(1) {
        let rank = (q * values.len() as f64).ceil().max(1.0) as usize - 1;
        values.get(rank).copied().map(Number::from_f64)
    } else {
        crate::eval::quantile(values.into_iter().map(Number::from_f64).collect(), q)
    };
    amount.map(|amount| Value::Quantity(amount, unit)).ok_or_else(|| Unknown("there is no sample".to_owned()))
}

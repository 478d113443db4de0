//! Functions that find shifts: baselines, weighted means, cumulative sums, burn rates.

use std::time::Duration;

use indexmap::IndexMap;

use super::scene::Scene;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::eval::{Evaluated, Unknown, evaluate};
use crate::model::expr::Expr;

/// Whether `function` is one of this file's.
pub fn is_shift(function: &str) -> bool {
    matches!(function, "ewma" | "baseline" | "drift" | "cusum" | "burn_rate")
}

/// The value of one of them over the samples of `group.field`.
pub fn call(scene: &Scene<'_>, function: &str, args: &[(String, Expr)], (group, field): (&str, &str)) -> Evaluated {
    let arguments = Arguments { scene, args };
    let block = scene.frame.map_or(scene.state.started_at, |frame| scene.state.frame(frame).started_at);
    let read = |from: Option<Timestamp>, to: Timestamp| samples(scene, (group, field), from, to);
    match function {
        "baseline" => {
            let window = arguments.duration("window")?;
            mean(&read(Some(block.minus(window)), block)?)
        }
        "burn_rate" => {
            let errors = mean(&read(Some(scene.at.minus(arguments.duration("over")?)), scene.at)?)?;
            let budget = 1.0 - arguments.number("objective")?;
            if budget <= 0.0 {
                return Err(Unknown("an objective of 100% leaves no error budget".to_owned()));
            }
            Ok(float(errors.as_number().map_or(f64::NAN, Number::to_f64) / budget))
        }
        "ewma" => ewma(&read(None, scene.at)?, arguments.duration("half_life")?),
        "drift" => {
            let last = scene_last(scene, group, field)?;
            standardize(last, &arguments).map(float)
        }
        _ => cusum(&read(Some(Timestamp(block.0 - 1)), scene.at)?, &arguments),
    }
}

struct Arguments<'a> {
    scene: &'a Scene<'a>,
    args: &'a [(String, Expr)],
}

impl Arguments<'_> {
    fn given(&self, name: &str) -> Option<Evaluated> {
        self.args.iter().find(|(candidate, _)| candidate == name).map(|(_, arg)| evaluate(arg, self.scene))
    }

    fn value(&self, name: &str) -> Evaluated {
        self.given(name).unwrap_or_else(|| Err(Unknown(format!("`{name}` is missing"))))
    }

    fn duration(&self, name: &str) -> Result<Duration, Unknown> {
        self.value(name)?.as_duration().ok_or_else(|| Unknown(format!("`{name}` is no duration")))
    }

    fn number(&self, name: &str) -> Result<f64, Unknown> {
        let number = self.value(name)?.as_number().map(Number::to_f64);
        number.ok_or_else(|| Unknown(format!("`{name}` is no number")))
    }

    fn number_or(&self, name: &str, default: f64) -> f64 {
        self.given(name).and_then(Result::ok).and_then(|value| value.as_number()).map_or(default, Number::to_f64)
    }
}

type Samples = (Vec<(Timestamp, f64)>, Unit);

/// The known samples in (from, to], none is unknown.
fn samples(
    scene: &Scene<'_>,
    (group, field): (&str, &str),
    from: Option<Timestamp>,
    to: Timestamp,
) -> Result<Samples, Unknown> {
    let index = scene.group_index(group).ok_or_else(|| Unknown(format!("there is no group `{group}`")))?;
    let inside = scene.state.series.window(index, field, from.unwrap_or(Timestamp(i64::MIN)), to);
    let unit =
        inside.iter().find_map(|(_, value)| if let Value::Quantity(_, unit) = value { Some(*unit) } else { None });
    let samples: Vec<_> = inside.iter().filter_map(|(at, value)| Some((*at, value.as_number()?.to_f64()))).collect();
    if samples.is_empty() {
        return Err(Unknown(format!("`{group}.{field}` has no sample in the window")));
    }
    Ok((samples, unit.unwrap_or(Unit::One)))
}

fn scene_last(scene: &Scene<'_>, group: &str, field: &str) -> Result<f64, Unknown> {
    let last = crate::eval::World::metric(scene, group, field)?;
    last.as_number().map(Number::to_f64).ok_or_else(|| Unknown(format!("`{group}.{field}` is no number")))
}

fn float(value: f64) -> Value {
    Value::Quantity(Number::from_f64(value), Unit::One)
}

fn mean((samples, unit): &Samples) -> Evaluated {
    let sum: f64 = samples.iter().map(|(_, value)| value).sum();
    Ok(Value::Quantity(Number::from_f64(sum / samples.len() as f64), *unit))
}

/// Weights halve with each half-life; it starts at the first sample.
fn ewma((samples, unit): &Samples, half_life: Duration) -> Evaluated {
    let mut samples = samples.iter();
    let Some((mut before, mut level)) = samples.next().copied() else {
        return Err(Unknown("there is no sample".to_owned()));
    };
    for (at, value) in samples {
        let lives = at.since(before).as_secs_f64() / half_life.as_secs_f64().max(f64::MIN_POSITIVE);
        let kept = 0.5f64.powf(lives);
        level = kept * level + (1.0 - kept) * value;
        before = *at;
    }
    Ok(Value::Quantity(Number::from_f64(level), *unit))
}

fn standardize(value: f64, arguments: &Arguments<'_>) -> Result<f64, Unknown> {
    let target = arguments.number("target").or_else(|_| arguments.number("mean"))?;
    let sigma = arguments.number("sigma")?;
    if sigma > 0.0 { Ok((value - target) / sigma) } else { Err(Unknown("`sigma` is not above zero".to_owned())) }
}

/// Tabular CUSUM (Page 1954; with headstart Lucas and Crosier 1982): C± = max(0, C± ± z − k), alarm while one is above h.
/// From the start of the block, missing samples skipped, without reset.
fn cusum((samples, _): &Samples, arguments: &Arguments<'_>) -> Evaluated {
    let (k, h) = (arguments.number_or("k", 0.5), arguments.number_or("h", 5.0));
    let headstart = arguments.number_or("headstart", 0.0);
    let side = arguments.given("side").and_then(Result::ok);
    let side = side.as_ref().and_then(Value::as_text).unwrap_or("both").to_owned();
    let (mut up, mut down) = (headstart, headstart);
    for (_, value) in samples {
        let z = standardize(*value, arguments)?;
        up = (up + z - k).max(0.0);
        down = (down - z - k).max(0.0);
    }
    let alarm = match side.as_str() {
        "up" => up > h,
        "down" => down > h,
        _ => up > h || down > h,
    };
    let fields = [("up", float(up)), ("down", float(down)), ("alarm", Value::Bool(alarm))];
    Ok(Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<IndexMap<_, _>>()))
}

//! Functions over a metric's samples: which there are, what they may read, and those over a window.
//!
//! A window is (t − D, t]; without a sample in it the result is unknown. Sums, means and differences are exact decimals.
//! A sample that is missing or NaN is none. Inside a ramp no sample from before the weight was set counts.

use std::cmp::Ordering;
use std::time::Duration;

use super::comparison;
use super::probes;
use super::scene::Scene;
use super::series::amount;
use super::shifts;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::eval::{Unknown, World, evaluate};
use crate::model::expr::{Expr, ExprKind};
use crate::plan::probes::probe_read;
use crate::plan::program::GroupIndex;

/// A value with how it was come by, for people: `5 of 5 samples`.
pub struct Measured {
    pub value: Value,
    pub arithmetic: String,
}

pub type Measuring = Result<Measured, Unknown>;

/// `None` when the function does not look at a metric.
pub fn call(scene: &Scene<'_>, function: &str, args: &[(String, Expr)]) -> Option<Measuring> {
    if let Some((group, probe)) = probe_read(function, args) {
        return Some(probes::call(scene, function, args, (&group, &probe)));
    }
    let (group, field) = args.iter().find_map(|(_, arg)| match &*arg.kind {
        ExprKind::Metric { group, field } => Some((group.as_str(), field.as_str())),
        _ => None,
    })?;
    let arguments = Arguments { scene, args };
    match function {
        "last" => Some(scene.metric(group, field).map(|value| Measured { value, arithmetic: String::new() })),
        "worse" => Some(comparison::worse(&arguments)),
        "ewma" | "baseline" | "drift" | "cusum" | "burn_rate" => {
            Some(Metric::new(scene, group, field).and_then(|metric| shifts::call(&arguments, function, &metric)))
        }
        "mean" | "min" | "max" | "sum" | "count" | "stddev" | "percentile" | "rate" | "increase" | "delta" => {
            // `min(a, b)` of metrics is the pure function over their latest values.
            let window = arguments.duration("window").ok()?;
            Some(Metric::new(scene, group, field).and_then(|metric| over(&arguments, function, &metric, window)))
        }
        _ => None,
    }
}

/// The arguments of a call, by name.
pub struct Arguments<'a> {
    pub scene: &'a Scene<'a>,
    pub args: &'a [(String, Expr)],
}

impl Arguments<'_> {
    pub fn expr(&self, name: &str) -> Option<&Expr> {
        self.args.iter().find(|(candidate, _)| candidate == name).map(|(_, arg)| arg)
    }

    pub fn value(&self, name: &str) -> Option<Value> {
        self.expr(name).and_then(|arg| evaluate(arg, self.scene).ok())
    }

    pub fn duration(&self, name: &str) -> Result<Duration, Unknown> {
        let duration = self.value(name).and_then(|value| value.as_duration());
        duration.ok_or_else(|| Unknown(format!("`{name}` is no duration")))
    }

    pub fn exact(&self, name: &str) -> Result<Number, Unknown> {
        let number = self.value(name).and_then(|value| value.as_number());
        number.ok_or_else(|| Unknown(format!("`{name}` is no number")))
    }

    pub fn number(&self, name: &str) -> Result<f64, Unknown> {
        self.exact(name).map(Number::to_f64)
    }

    pub fn number_or(&self, name: &str, default: f64) -> Result<f64, Unknown> {
        if self.expr(name).is_some() { self.number(name) } else { Ok(default) }
    }
}

/// A metric as a block sees it.
pub struct Metric<'a> {
    pub scene: &'a Scene<'a>,
    pub group: GroupIndex,
    pub field: &'a str,
    pub name: String,
}

/// The known samples of a stretch of time.
pub struct Samples {
    pub values: Vec<(Timestamp, Number)>,
    pub unit: Unit,
    /// How many there should have been.
    pub expected: u64,
}

impl Samples {
    /// `5 of 5 samples`
    pub fn coverage(&self) -> String {
        format!("{} of {} samples", self.values.len(), self.expected.max(self.values.len() as u64))
    }
}

impl<'a> Metric<'a> {
    pub fn new(scene: &'a Scene<'a>, group: &str, field: &'a str) -> Result<Self, Unknown> {
        let index = scene.group_index(group).ok_or_else(|| Unknown(format!("there is no group `{group}`")))?;
        Ok(Self { scene, group: index, field, name: format!("{group}.{field}") })
    }

    /// When the block began that the call stands in, or the weight was set that its ramp has now: no sample from before counts.
    pub fn begin(&self) -> Timestamp {
        let state = self.scene.state;
        let block = self.scene.frame.map_or(state.started_at, |frame| state.frame(frame).started_at);
        self.scene.not_before(self.group).map_or(block, |edge| edge.max(block))
    }

    /// The samples in (from, to], none of them from before the weight was set.
    pub fn since(&self, from: Timestamp, to: Timestamp) -> Result<Samples, Unknown> {
        let edge = self.scene.not_before(self.group);
        self.between(edge.map_or(from, |edge| from.max(before(edge))), to)
    }

    /// The samples in (from, to]; none is unknown.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Result<Samples, Unknown> {
        let samples = self.scene.state.series.between(self.group, self.field, from, to);
        let mut unit = Unit::One;
        let mut values = Vec::new();
        for (at, sample) in samples {
            if let Some((number, of)) = amount(sample) {
                unit = of;
                values.push((*at, number));
            }
        }
        if values.is_empty() {
            return Err(Unknown(format!("`{}` has no sample in the window", self.name)));
        }
        Ok(Samples { values, unit, expected: self.ticks(from, to) })
    }

    /// How often the group was to be sampled in (from, to].
    pub fn ticks(&self, from: Timestamp, to: Timestamp) -> u64 {
        let (start, every) = (self.scene.state.started_at, self.scene.plan.group(self.group).every);
        let until = |time: Timestamp| {
            if time < start { 0 } else { 1 + (time.since(start).as_micros() / every.as_micros().max(1)) as u64 }
        };
        until(to).saturating_sub(until(from))
    }
}

/// The last instant before another one.
pub fn before(at: Timestamp) -> Timestamp {
    Timestamp(at.0.saturating_sub(1))
}

fn over(arguments: &Arguments<'_>, function: &str, metric: &Metric<'_>, window: Duration) -> Measuring {
    let at = arguments.scene.at;
    let samples = metric.since(at.minus(window), at)?;
    if function == "percentile" {
        return percentile(arguments, &samples);
    }
    let (number, unit) = summarize(function, &samples)
        .ok_or_else(|| Unknown(format!("`{function}` of `{}` needs two samples in the window", metric.name)))?;
    Ok(Measured { value: Value::Quantity(number, unit), arithmetic: samples.coverage() })
}

fn summarize(function: &str, samples: &Samples) -> Option<(Number, Unit)> {
    let values = || samples.values.iter().map(|(_, value)| *value);
    let count = Number::from(i64::try_from(samples.values.len()).unwrap_or(i64::MAX));
    let sum = || values().fold(Number::ZERO, Number::add);
    let least = |wanted: Ordering| {
        values().reduce(|best, value| if value.compare(best) == Some(wanted) { value } else { best })
    };
    let (first, last) = (samples.values.first()?, samples.values.last()?);
    let number = match function {
        "mean" => sum().divide(count)?,
        "min" => least(Ordering::Less)?,
        "max" => least(Ordering::Greater)?,
        "sum" => sum(),
        "count" => return Some((count, Unit::One)),
        // The spread of the samples themselves: divided by n, as Prometheus' stddev_over_time.
        "stddev" => {
            let mean = sum().divide(count)?.to_f64();
            let squares: f64 = values().map(|value| (value.to_f64() - mean).powi(2)).sum();
            Number::from_f64((squares / count.to_f64()).sqrt())
        }
        "delta" if first.0 < last.0 => last.1.subtract(first.1),
        "increase" if first.0 < last.0 => increase(samples),
        "rate" if first.0 < last.0 => {
            let seconds = Value::duration(last.0.since(first.0)).as_number()?;
            return Some((increase(samples).divide(seconds)?, Unit::Rate));
        }
        _ => return None,
    };
    Some((number, samples.unit))
}

/// What a counter grew by; a fall is a reset, from which it grew from zero.
fn increase(samples: &Samples) -> Number {
    samples.values.windows(2).fold(Number::ZERO, |total, pair| {
        let fell = pair[1].1.compare(pair[0].1) == Some(Ordering::Less);
        total.add(if fell { pair[1].1 } else { pair[1].1.subtract(pair[0].1) })
    })
}

/// Type 7 of Hyndman and Fan (1996); with `method: 1` the smallest sample that at least q of all do not exceed.
fn percentile(arguments: &Arguments<'_>, samples: &Samples) -> Measuring {
    let q = arguments.exact("q")?;
    let method = arguments.number_or("method", 7.0)?;
    let values = samples.values.iter().map(|(_, value)| *value).collect();
    let amount = if method == 1.0 { crate::eval::nearest_rank(values, q) } else { crate::eval::quantile(values, q) };
    let amount = amount.ok_or_else(|| Unknown("there is no sample".to_owned()))?;
    let arithmetic = format!("type {method}, {}", samples.coverage());
    Ok(Measured { value: Value::Quantity(amount, samples.unit), arithmetic })
}

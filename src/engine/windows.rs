//! Functions over a metric's samples: which there are, what they may read, and those over a window.
//!
//! A window is (t − D, t]; without a sample in it the result is unknown. Sums, means and differences are exact decimals.
//! A sample that is missing or NaN is none. Inside a ramp no sample from before the weight was set counts.

use std::cmp::Ordering;
use std::time::Duration;

use super::carried::{Function, Key, Running};
use super::comparison;
use super::kayenta;
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
use crate::stats::window::{Keeps, Window};

/// A value with how it was come by, for people: `5 of 5 samples`.
pub struct Measured {
    pub value: Value,
    /// Empty where nobody wants it.
    pub arithmetic: String,
}

pub type Measuring = Result<Measured, Unknown>;

/// `None` when the function does not look at a metric.
pub fn call(arguments: &Arguments<'_>, function: &str) -> Option<Measuring> {
    let Arguments { scene, args, .. } = *arguments;
    if let Some((group, probe)) = probe_read(function, args) {
        return Some(probes::call(arguments, function, (&group, &probe)));
    }
    let (group, field) = arguments.metric()?;
    match function {
        "last" => Some(scene.metric(group, field).map(|value| Measured { value, arithmetic: String::new() })),
        "worse" => Some(comparison::worse(arguments)),
        "kayenta" => Some(kayenta::kayenta(arguments)),
        "ewma" | "baseline" | "drift" | "cusum" | "burn_rate" => {
            Some(Metric::new(scene, group, field).and_then(|metric| shifts::call(arguments, function, &metric)))
        }
        "mean" | "min" | "max" | "sum" | "count" | "stddev" | "percentile" | "rate" | "increase" | "delta" => {
            // `min(a, b)` of metrics is the pure function over their latest values.
            let window = arguments.duration("window").ok()?;
            Some(Metric::new(scene, group, field).and_then(|metric| over(arguments, function, &metric, window)))
        }
        _ => None,
    }
}

/// Whether `cusum(…)` alarms; `None` when the call looks at no metric.
pub fn alarm(arguments: &Arguments<'_>) -> Option<Result<bool, Unknown>> {
    let (group, field) = arguments.metric()?;
    Some(Metric::new(arguments.scene, group, field).and_then(|metric| shifts::alarm(arguments, &metric)))
}

/// The arguments of a call, by name.
pub struct Arguments<'a> {
    pub scene: &'a Scene<'a>,
    pub args: &'a [(String, Expr)],
    /// The arithmetic is wanted in words, too.
    pub in_words: bool,
}

impl<'a> Arguments<'a> {
    /// Group and field of the first metric among them.
    fn metric(&self) -> Option<(&'a str, &'a str)> {
        self.args.iter().find_map(|(_, arg)| match &*arg.kind {
            ExprKind::Metric { group, field } => Some((group.as_str(), field.as_str())),
            _ => None,
        })
    }

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
        Ok(Self { scene, group: index, field })
    }

    /// `search.p95`
    pub fn name(&self) -> String {
        format!("{}.{}", self.scene.plan.group(self.group).name, self.field)
    }

    /// What a function that runs on over this metric is carried under.
    pub fn key(&self, function: Function, edge: Timestamp) -> Key {
        Key { function, metric: (self.group, self.field.into()), other: None, edge, settings: [0; 6] }
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
            return Err(Unknown(format!("`{}` has no sample in the window", self.name())));
        }
        Ok(Samples { values, unit, expected: self.ticks(from, to) })
    }

    /// Feeds what is new after `from`, or after where it had got to, reads, and keeps where it is now.
    pub fn run_on<R>(
        &self,
        (key, from): (Key, Timestamp),
        fresh: impl FnOnce() -> Running,
        mut push: impl FnMut(&mut Running, Timestamp, Number),
        read: impl FnOnce(&mut Running) -> R,
    ) -> (R, Unit) {
        let (series, at) = (&self.scene.state.series, self.scene.at);
        let (mut last, mut running) = series.carried.take(&key, at).unwrap_or_else(|| (from, fresh()));
        for (time, sample) in series.between(self.group, self.field, last, at) {
            if let Some((value, _)) = amount(sample) {
                push(&mut running, *time, value);
            }
            last = *time;
        }
        let found = read(&mut running);
        series.carried.put(key, last, running);
        let latest = series.latest(self.group, self.field, at).and_then(|(_, sample)| amount(sample));
        (found, latest.map_or(Unit::One, |(_, unit)| unit))
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

fn over(arguments: &Arguments<'_>, function: &str, metric: &Metric<'_>, length: Duration) -> Measuring {
    let at = arguments.scene.at;
    let edge = arguments.scene.not_before(metric.group).map_or(Timestamp(i64::MIN), before);
    let from = at.minus(length).max(edge);
    let keeps = match function {
        "min" => Keeps::Extreme(Ordering::Less),
        "max" => Keeps::Extreme(Ordering::Greater),
        "mean" | "sum" => Keeps::Sum,
        "increase" | "rate" => Keeps::Growth,
        _ => Keeps::Samples,
    };
    let settings = [u64::try_from(length.as_micros()).unwrap_or(u64::MAX), keeps_number(keeps), 0, 0, 0, 0];
    let key = Key { settings, ..metric.key(Function::Window, edge) };
    let fresh = || Running::Window(Window::new(length, keeps));
    let push = |running: &mut Running, time: Timestamp, value: Number| {
        if let Running::Window(window) = running {
            window.push(time, value);
        }
    };
    let ((answer, count), unit) = metric.run_on((key, from), fresh, push, |running| {
        let Running::Window(window) = running else { return (None, 0) };
        window.move_to(at);
        let answer = if window.count() == 0 { None } else { Some(summarize(arguments, function, window)) };
        (answer, window.count() as u64)
    });
    let answer = answer.ok_or_else(|| Unknown(format!("`{}` has no sample in the window", metric.name())))??;
    let number = answer
        .ok_or_else(|| Unknown(format!("`{function}` of `{}` needs two samples in the window", metric.name())))?;
    let unit = match function {
        "count" => Unit::One,
        "rate" => Unit::Rate,
        _ => unit,
    };
    let value = Value::Quantity(number, unit);
    if !arguments.in_words {
        return Ok(Measured { value, arithmetic: String::new() });
    }
    let coverage = format!("{count} of {} samples", metric.ticks(from, at).max(count));
    let arithmetic = match function {
        "percentile" => format!("type {}, {coverage}", arguments.number_or("method", 7.0)?),
        _ => coverage,
    };
    Ok(Measured { value, arithmetic })
}

fn keeps_number(keeps: Keeps) -> u64 {
    match keeps {
        Keeps::Samples => 0,
        Keeps::Sum => 1,
        Keeps::Growth => 2,
        Keeps::Extreme(Ordering::Less) => 3,
        Keeps::Extreme(_) => 4,
    }
}

/// None where two samples are needed and there is one.
fn summarize(arguments: &Arguments<'_>, function: &str, window: &Window) -> Result<Option<Number>, Unknown> {
    Ok(match function {
        "mean" => window.mean(),
        "min" | "max" => window.extreme(),
        "sum" => Some(window.sum()),
        "count" => i64::try_from(window.count()).ok().map(Number::from),
        "stddev" => window.deviation().map(Number::from_f64),
        "delta" => window.delta(),
        "increase" => window.increase(),
        "rate" => window.increase().zip(window.seconds()).and_then(|(grown, seconds)| grown.divide(seconds)),
        _ => return percentile(arguments, window).map(Some),
    })
}

/// Type 7 of Hyndman and Fan (1996); with `method: 1` the smallest sample that at least q of all do not exceed.
fn percentile(arguments: &Arguments<'_>, window: &Window) -> Result<Number, Unknown> {
    let q = arguments.exact("q")?;
    let values = window.values().collect();
    let found = match arguments.number_or("method", 7.0)? {
        1.0 => crate::eval::nearest_rank(values, q),
        7.0 => crate::eval::quantile(values, q),
        other => return Err(Unknown(format!("`percentile` knows the methods 1 and 7, not {other}"))),
    };
    found.ok_or_else(|| Unknown("there is no sample".to_owned()))
}

//! Functions over a metric's samples: which there are, what they may read, and those over a window.
//!
//! A window is (t − D, t]; without a sample in it the result is unknown. Sums, means and differences are exact decimals.
//! A sample that is missing or NaN is none. Inside a ramp no sample from before the weight was set counts.

use std::cmp::Ordering;
use std::time::Duration;

use super::arguments::{Arguments, Named};
use super::carried::{Function, Key, Running};
use super::comparison;
use super::kayenta;
use super::metric::Metric;
use super::probes;
use super::shifts;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::value::{Unit, Value};
use crate::eval::{Unknown, World};
use crate::plan::probes::probe_read;
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
    let (group, field) = arguments.named().metric()?;
    match function {
        "last" => Some(scene.metric(group, field).map(|value| Measured { value, arithmetic: String::new() })),
        "worse" => Some(comparison::worse(arguments)),
        "kayenta" => Some(kayenta::kayenta(arguments)),
        "ewma" | "baseline" | "drift" | "cusum" | "burn_rate" => {
            Some(Metric::new(scene, group, field).and_then(|metric| shifts::call(arguments, function, &metric)))
        }
        _ => {
            let over = Over::of(arguments.named(), function)?;
            Some(Metric::new(scene, group, field).and_then(|metric| measured(&over?, &metric, arguments.in_words)))
        }
    }
}

/// Whether `cusum(…)` alarms; `None` when the call looks at no metric.
pub fn alarm(arguments: &Arguments<'_>) -> Option<Result<bool, Unknown>> {
    let (group, field) = arguments.named().metric()?;
    Some(Metric::new(arguments.scene, group, field).and_then(|metric| {
        let chart = shifts::Chart::of(arguments.named())?;
        chart.alarms(&metric)
    }))
}

/// What is asked about a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Over {
    asked: Asked,
    length: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    Mean,
    Extreme(Ordering),
    Sum,
    Count,
    Deviation,
    Rate,
    Increase,
    Delta,
    /// Type 7 of Hyndman and Fan (1996).
    Quantile(Number),
    /// The smallest sample that at least q of all do not exceed.
    NearestRank(Number),
}

impl Over {
    /// `None` when it is no function over a window.
    pub fn of(named: Named<'_>, function: &str) -> Option<Result<Self, Unknown>> {
        let asked = match function {
            "mean" => Asked::Mean,
            "min" => Asked::Extreme(Ordering::Less),
            "max" => Asked::Extreme(Ordering::Greater),
            "sum" => Asked::Sum,
            "count" => Asked::Count,
            "stddev" => Asked::Deviation,
            "rate" => Asked::Rate,
            "increase" => Asked::Increase,
            "delta" => Asked::Delta,
            "percentile" => match percentile(named) {
                Ok(asked) => asked,
                Err(unknown) => return Some(Err(unknown)),
            },
            _ => return None,
        };
        // `min(a, b)` of metrics is the pure function over their latest values.
        let length = named.duration("window").ok()?;
        Some(Ok(Self { asked, length }))
    }

    /// What it comes to, and over how many samples.
    pub fn read(&self, metric: &Metric<'_>) -> Result<((Number, Unit), u64), Unknown> {
        let (answer, count) = self.look(metric, |window| (self.summarize(window), window.count() as u64));
        if count == 0 {
            return Err(metric.is_empty());
        }
        let number = answer.ok_or_else(|| self.needs_two(metric))?;
        let unit = match self.asked {
            Asked::Count => Unit::One,
            Asked::Rate => Unit::Rate,
            _ => metric.unit(),
        };
        Ok(((number, unit), count))
    }

    /// About the same as a float, where that is less work; `None` also of a window without samples.
    pub fn rough(&self, metric: &Metric<'_>) -> Option<f64> {
        match self.asked {
            Asked::Mean => self.look(metric, |window| {
                let count = window.count();
                (count > 0).then(|| window.sum().to_f64() / count as f64)
            }),
            Asked::Extreme(_) => self.look(metric, |window| window.extreme().map(Number::to_f64)),
            _ => None,
        }
    }

    /// Brings the window up to now and looks at it.
    fn look<R: Default>(&self, metric: &Metric<'_>, read: impl FnOnce(&Window) -> R) -> R {
        let at = metric.scene.at;
        let edge = metric.edge();
        let from = at.minus(self.length).max(edge);
        let (keeps, number) = self.keeps();
        let settings = [u64::try_from(self.length.as_micros()).unwrap_or(u64::MAX), number, 0, 0, 0];
        let key = Key { settings, ..metric.key(Function::Window, edge) };
        let fresh = || Running::Window(Window::new(self.length, keeps));
        let push = |running: &mut Running, time: Timestamp, sample: &Held| {
            if let (Running::Window(window), Some((value, _))) = (running, sample.amount()) {
                window.push(time, value);
            }
        };
        metric.run_on((key, from), fresh, push, |running| {
            let Running::Window(window) = running else { return R::default() };
            window.move_to(at);
            read(window)
        })
    }

    /// What the window keeps, and the number of that among the settings of what is carried.
    fn keeps(&self) -> (Keeps, u64) {
        match self.asked {
            Asked::Mean | Asked::Sum => (Keeps::Sum, 1),
            Asked::Increase | Asked::Rate => (Keeps::Growth, 2),
            Asked::Extreme(Ordering::Less) => (Keeps::Extreme(Ordering::Less), 3),
            Asked::Extreme(wanted) => (Keeps::Extreme(wanted), 4),
            _ => (Keeps::Samples, 0),
        }
    }

    /// None where two samples are needed and there is one.
    fn summarize(&self, window: &Window) -> Option<Number> {
        match self.asked {
            Asked::Mean => window.mean(),
            Asked::Extreme(_) => window.extreme(),
            Asked::Sum => Some(window.sum()),
            Asked::Count => i64::try_from(window.count()).ok().map(Number::from),
            Asked::Deviation => window.deviation().map(Number::from_f64),
            Asked::Delta => window.delta(),
            Asked::Increase => window.increase(),
            Asked::Rate => window.increase().zip(window.seconds()).and_then(|(grown, seconds)| grown.divide(seconds)),
            Asked::Quantile(q) => crate::eval::quantile(window.values().collect(), q),
            Asked::NearestRank(q) => crate::eval::nearest_rank(window.values().collect(), q),
        }
    }

    fn needs_two(&self, metric: &Metric<'_>) -> Unknown {
        let function = match self.asked {
            Asked::Rate => "rate",
            Asked::Increase => "increase",
            Asked::Delta => "delta",
            _ => return Unknown("there is no sample".to_owned()),
        };
        Unknown(format!("`{function}` of `{}` needs two samples in the window", metric.name()))
    }
}

fn percentile(named: Named<'_>) -> Result<Asked, Unknown> {
    let q = named.exact("q")?;
    match named.number_or("method", 7.0)? {
        1.0 => Ok(Asked::NearestRank(q)),
        7.0 => Ok(Asked::Quantile(q)),
        other => Err(Unknown(format!("`percentile` knows the methods 1 and 7, not {other}"))),
    }
}

fn measured(over: &Over, metric: &Metric<'_>, in_words: bool) -> Measuring {
    let ((number, unit), count) = over.read(metric)?;
    let value = Value::Quantity(number, unit);
    if !in_words {
        return Ok(Measured { value, arithmetic: String::new() });
    }
    let at = metric.scene.at;
    let from = at.minus(over.length).max(metric.edge());
    let coverage = format!("{count} of {} samples", metric.ticks(from, at).max(count));
    let arithmetic = match over.asked {
        Asked::Quantile(_) => format!("type 7, {coverage}"),
        Asked::NearestRank(_) => format!("type 1, {coverage}"),
        _ => coverage,
    };
    Ok(Measured { value, arithmetic })
}

//! Functions that find shifts: baselines, weighted means, cumulative sums, burn rates.

use super::arguments::{Arguments, Named};
use super::carried::{Ewma, Function, Key, Running};
use super::metric::{Metric, Samples, before};
use super::windows::{Measured, Measuring};
use crate::base::number::Number;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::held::Held;
use crate::contract::value::{Unit, Value};
use crate::eval::Unknown;
use crate::stats::cusum::{Cusum, OnAlarm, Setting};

/// The value of one of them over the samples of a metric.
pub fn call(arguments: &Arguments<'_>, function: &str, metric: &Metric<'_>) -> Measuring {
    match function {
        "baseline" => baseline(arguments, metric),
        "burn_rate" => burn_rate(arguments, metric),
        "ewma" => ewma(arguments, metric),
        "drift" => drift(arguments, metric),
        _ => cusum(arguments, metric),
    }
}

fn float(value: f64) -> Value {
    Value::Quantity(Number::from_f64(value), Unit::One)
}

fn mean(samples: &Samples) -> Option<Number> {
    let sum = samples.values.iter().fold(Number::ZERO, |sum, (_, value)| sum.add(*value));
    sum.divide(Number::from(i64::try_from(samples.values.len()).ok()?))
}

/// The mean over the window before the block began.
fn baseline(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let begin = metric.block_began();
    let samples = metric.between(begin.minus(arguments.named().duration("window")?), begin)?;
    let mean = mean(&samples).ok_or_else(|| Unknown("there is no sample".to_owned()))?;
    Ok(Measured { value: Value::Quantity(mean, samples.unit), arithmetic: samples.coverage() })
}

/// The mean share of errors over the window, in error budgets: errors / (1 − objective), exactly.
fn burn_rate(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let at = arguments.scene.at;
    let samples = metric.since(at.minus(arguments.named().duration("over")?), at)?;
    let budget = Number::ONE.subtract(arguments.named().exact("objective")?);
    let no_budget = || Unknown("an objective of 100% leaves no error budget".to_owned());
    if budget.is_negative() || budget.is_zero() {
        return Err(no_budget());
    }
    let errors = mean(&samples).ok_or_else(no_budget)?;
    let rate = errors.divide(budget).ok_or_else(no_budget)?;
    let (errors, budget) = (Value::Quantity(errors, Unit::Ratio), Value::Quantity(budget, Unit::Ratio));
    let arithmetic = format!("{errors} of errors on a budget of {budget}, {}", samples.coverage());
    Ok(Measured { value: Value::Quantity(rate, Unit::One), arithmetic })
}

/// How many sigmas the latest sample is away from the mean; above or below.
fn drift(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let last = arguments.scene.latest(metric.place)?;
    let last = last.as_number().ok_or_else(|| Unknown(format!("`{}` is no number", metric.name())))?;
    let (mean, sigma) = (arguments.named().exact("mean")?, arguments.named().exact("sigma")?);
    if sigma.is_negative() || sigma.is_zero() {
        return Err(Unknown("`sigma` is not above zero".to_owned()));
    }
    let distance = last.subtract(mean).divide(sigma).ok_or_else(|| Unknown("`sigma` is zero".to_owned()))?;
    Ok(Measured { value: Value::Quantity(distance, Unit::One), arithmetic: "in sigmas".to_owned() })
}

/// A weighted mean: weights halve with each half-life, and it starts at the first sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted {
    /// In seconds.
    half_life: f64,
}

impl Weighted {
    pub fn of(named: Named<'_>) -> Result<Self, Unknown> {
        Ok(Self { half_life: named.duration("half_life")?.as_secs_f64() })
    }

    /// The mean, and of how many samples.
    pub fn read(&self, metric: &Metric<'_>) -> Result<((Number, Unit), u64), Unknown> {
        self.level(metric).map(|(level, samples)| ((Number::from_f64(level), metric.unit()), samples))
    }

    /// The same as a float.
    pub fn level(&self, metric: &Metric<'_>) -> Result<(f64, u64), Unknown> {
        let half_life = self.half_life;
        let from = metric.edge();
        let key = Key { settings: [half_life.to_bits(), 0, 0, 0, 0], ..metric.key(Function::Ewma, from) };
        let fresh = || Running::Ewma(Ewma::default());
        let push = |running: &mut Running, at: Timestamp, sample: &Held| {
            let (Running::Ewma(ewma), Some(value)) = (running, sample.float()) else { return };
            ewma.samples += 1;
            ewma.level = Some(match ewma.level {
                None => (at, value),
                Some((before, level)) => {
                    let kept = 0.5f64.powf(at.since(before).as_secs_f64() / half_life.max(f64::MIN_POSITIVE));
                    (at, kept * level + (1.0 - kept) * value)
                }
            });
        };
        let ewma = metric.run_on((key, from), fresh, push, |running| match running {
            Running::Ewma(ewma) => Some(*ewma),
            _ => None,
        });
        match ewma {
            Some(Ewma { level: Some((_, level)), samples }) => Ok((level, samples)),
            _ => Err(Unknown(format!("`{}` has no sample yet", metric.name()))),
        }
    }
}

fn ewma(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let ((number, unit), samples) = Weighted::of(arguments.named())?.read(metric)?;
    let arithmetic = if arguments.in_words { format!("{samples} samples") } else { String::new() };
    Ok(Measured { value: Value::Quantity(number, unit), arithmetic })
}

fn cusum(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let asked = Chart::of(arguments.named())?;
    let chart = asked.read(metric)?;
    let fields =
        [("up", float(chart.up)), ("down", float(chart.down)), ("alarm", Value::Bool(asked.sides.alarm(&chart)))];
    let value = Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    let arithmetic = if arguments.in_words { arithmetic(&chart, asked.setting, metric) } else { String::new() };
    Ok(Measured { value, arithmetic })
}

/// Tabular CUSUM (Page 1954; with headstart Lucas and Crosier 1982): C± = max(0, C± ± z − k), alarm while one is above h.
/// From the start of the block, missing samples skipped, without reset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chart {
    setting: Setting,
    sides: Sides,
    /// Before its first sample; none when there is no such chart.
    fresh: Option<Cusum>,
}

/// Which of the sums may alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sides {
    Both,
    Up,
    Down,
}

impl Sides {
    fn alarm(self, chart: &Cusum) -> bool {
        (self != Self::Down && chart.is_high()) || (self != Self::Up && chart.is_low())
    }
}

impl Chart {
    pub fn of(named: Named<'_>) -> Result<Self, Unknown> {
        let setting = Setting {
            target: named.number("target")?,
            sigma: named.number("sigma")?,
            k: named.number_or("k", 0.5)?,
            h: named.number_or("h", 5.0)?,
            headstart: named.number_or("headstart", 0.0)?,
            on_alarm: OnAlarm::Continue,
        };
        let side = named.value("side");
        let sides = match side.as_ref().and_then(Value::as_text) {
            Some("up") => Sides::Up,
            Some("down") => Sides::Down,
            _ => Sides::Both,
        };
        Ok(Self { setting, sides, fresh: Cusum::new(setting) })
    }

    pub fn alarms(&self, metric: &Metric<'_>) -> Result<bool, Unknown> {
        self.look(metric, |chart| self.sides.alarm(chart))
    }

    /// The chart with all samples since the block began.
    fn read(&self, metric: &Metric<'_>) -> Result<Cusum, Unknown> {
        self.look(metric, |chart| *chart)
    }

    /// Brings the chart up to now and looks at it; without samples there is nothing to be seen.
    fn look<R>(&self, metric: &Metric<'_>, see: impl FnOnce(&Cusum) -> R) -> Result<R, Unknown> {
        let fresh = self.fresh.ok_or_else(|| {
            Unknown(format!("`cusum` of `{}` has a `sigma` that is not above zero, or a negative limit", metric.name()))
        })?;
        let begin = metric.begin();
        let Setting { target, sigma, k, h, headstart, .. } = self.setting;
        let settings = [target, sigma, k, h, headstart].map(f64::to_bits);
        let key = Key { settings, ..metric.key(Function::Cusum, begin) };
        let begun = || Running::Cusum(Box::new(fresh));
        let push = |running: &mut Running, _: Timestamp, sample: &Held| {
            if let (Running::Cusum(chart), Some(value)) = (running, sample.float()) {
                chart.push(value);
            }
        };
        let seen = metric.run_on((key, before(begin)), begun, push, |running| match running {
            Running::Cusum(chart) if chart.samples > 0 => Some(see(chart)),
            _ => None,
        });
        seen.ok_or_else(|| Unknown(format!("`{}` has no sample since the block began", metric.name())))
    }
}

/// `C+ 6.2, C- 0, k 0.5, h 5, 12 of 12 samples, shifted by 1.3 sigma since 8 samples (7m)`
fn arithmetic(chart: &Cusum, setting: Setting, metric: &Metric<'_>) -> String {
    let rounded = |value: f64| (value * 1e3).round() / 1e3;
    let expected = metric.ticks(before(metric.begin()), metric.scene.at).max(chart.samples);
    let mut words = format!(
        "C+ {}, C- {}, k {}, h {}, {} of {expected} samples",
        rounded(chart.up),
        rounded(chart.down),
        setting.k,
        rounded(setting.h),
        chart.samples,
    );
    if let Some(shift) = chart.shift().filter(|_| chart.is_high() || chart.is_low()) {
        let count = chart.since_change();
        let since = metric.every().saturating_mul(u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX));
        words.push_str(&format!(
            ", shifted by {} sigma for {count} samples (since {} ago)",
            rounded(shift),
            format_duration(since)
        ));
    }
    words
}

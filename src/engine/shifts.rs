//! Functions that find shifts: baselines, weighted means, cumulative sums, burn rates.

use super::carried::{Ewma, Function, Key, Running};
use super::windows::{Arguments, Measured, Measuring, Metric, Samples, before};
use crate::base::number::Number;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::value::{Unit, Value};
use crate::eval::{Unknown, World};
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
    let state = arguments.scene.state;
    let begin = arguments.scene.frame.map_or(state.started_at, |frame| state.frame(frame).started_at);
    let samples = metric.between(begin.minus(arguments.duration("window")?), begin)?;
    let mean = mean(&samples).ok_or_else(|| Unknown("there is no sample".to_owned()))?;
    Ok(Measured { value: Value::Quantity(mean, samples.unit), arithmetic: samples.coverage() })
}

/// The mean share of errors over the window, in error budgets: errors / (1 − objective), exactly.
fn burn_rate(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let at = arguments.scene.at;
    let samples = metric.since(at.minus(arguments.duration("over")?), at)?;
    let budget = Number::ONE.subtract(arguments.exact("objective")?);
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
    let group = &arguments.scene.plan.group(metric.group).name;
    let last = arguments.scene.metric(group, metric.field)?;
    let last = last.as_number().ok_or_else(|| Unknown(format!("`{}` is no number", metric.name())))?;
    let (mean, sigma) = (arguments.exact("mean")?, arguments.exact("sigma")?);
    if sigma.is_negative() || sigma.is_zero() {
        return Err(Unknown("`sigma` is not above zero".to_owned()));
    }
    let distance = last.subtract(mean).divide(sigma).ok_or_else(|| Unknown("`sigma` is zero".to_owned()))?;
    Ok(Measured { value: Value::Quantity(distance, Unit::One), arithmetic: "in sigmas".to_owned() })
}

/// Weights halve with each half-life; it starts at the first sample.
fn ewma(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let half_life = arguments.duration("half_life")?.as_secs_f64();
    let from = arguments.scene.not_before(metric.group).map_or(Timestamp(i64::MIN), before);
    let key = Key { settings: [half_life.to_bits(), 0, 0, 0, 0, 0], ..metric.key(Function::Ewma, from) };
    let fresh = || Running::Ewma(Ewma::default());
    let push = |running: &mut Running, at: Timestamp, value: Number| {
        let (Running::Ewma(ewma), value) = (running, value.to_f64()) else { return };
        ewma.samples += 1;
        ewma.level = Some(match ewma.level {
            None => (at, value),
            Some((before, level)) => {
                let kept = 0.5f64.powf(at.since(before).as_secs_f64() / half_life.max(f64::MIN_POSITIVE));
                (at, kept * level + (1.0 - kept) * value)
            }
        });
    };
    let (ewma, unit) = metric.run_on((key, from), fresh, push, |running| match running {
        Running::Ewma(ewma) => Some(*ewma),
        _ => None,
    });
    match ewma {
        Some(Ewma { level: Some((_, level)), samples }) => {
            let arithmetic = if arguments.in_words { format!("{samples} samples") } else { String::new() };
            Ok(Measured { value: Value::Quantity(Number::from_f64(level), unit), arithmetic })
        }
        _ => Err(Unknown(format!("`{}` has no sample yet", metric.name()))),
    }
}

/// Tabular CUSUM (Page 1954; with headstart Lucas and Crosier 1982): C± = max(0, C± ± z − k), alarm while one is above h.
/// From the start of the block, missing samples skipped, without reset.
fn cusum(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Measuring {
    let (chart, setting) = chart(arguments, metric)?;
    let fields =
        [("up", float(chart.up)), ("down", float(chart.down)), ("alarm", Value::Bool(alarms(arguments, &chart)))];
    let value = Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    let at = arguments.scene.at;
    let arithmetic = if arguments.in_words { arithmetic(&chart, setting, (metric, at)) } else { String::new() };
    Ok(Measured { value, arithmetic })
}

/// Whether a `cusum(…)` alarms, without the rest of what it gives.
pub fn alarm(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Result<bool, Unknown> {
    chart(arguments, metric).map(|(chart, _)| alarms(arguments, &chart))
}

fn alarms(arguments: &Arguments<'_>, chart: &Cusum) -> bool {
    let side = arguments.value("side");
    let side = side.as_ref().and_then(Value::as_text).unwrap_or("both");
    (side != "down" && chart.is_high()) || (side != "up" && chart.is_low())
}

/// The chart with all samples since the block began.
fn chart(arguments: &Arguments<'_>, metric: &Metric<'_>) -> Result<(Cusum, Setting), Unknown> {
    let setting = Setting {
        target: arguments.number("target")?,
        sigma: arguments.number("sigma")?,
        k: arguments.number_or("k", 0.5)?,
        h: arguments.number_or("h", 5.0)?,
        headstart: arguments.number_or("headstart", 0.0)?,
        on_alarm: OnAlarm::Continue,
    };
    let chart = Cusum::new(setting).ok_or_else(|| {
        Unknown(format!("`cusum` of `{}` has a `sigma` that is not above zero, or a negative limit", metric.name()))
    })?;
    let begin = metric.begin();
    let Setting { target, sigma, k, h, headstart, .. } = setting;
    let [target, sigma, k, h, headstart] = [target, sigma, k, h, headstart].map(f64::to_bits);
    let key = Key { settings: [target, sigma, k, h, headstart, 0], ..metric.key(Function::Cusum, begin) };
    let fresh = || Running::Cusum(Box::new(chart));
    let push = |running: &mut Running, _: Timestamp, value: Number| {
        if let Running::Cusum(chart) = running {
            chart.push(value.to_f64());
        }
    };
    let (chart, _) = metric.run_on((key, before(begin)), fresh, push, |running| match running {
        Running::Cusum(chart) => Some(**chart),
        _ => None,
    });
    let chart = chart.ok_or_else(|| Unknown("there is no chart".to_owned()))?;
    if chart.samples == 0 {
        return Err(Unknown(format!("`{}` has no sample since the block began", metric.name())));
    }
    Ok((chart, setting))
}

/// `C+ 6.2, C- 0, k 0.5, h 5, 12 of 12 samples, shifted by 1.3 sigma since 8 samples (7m)`
fn arithmetic(chart: &Cusum, setting: Setting, (metric, at): (&Metric<'_>, Timestamp)) -> String {
    let rounded = |value: f64| (value * 1e3).round() / 1e3;
    let expected = metric.ticks(before(metric.begin()), at).max(chart.samples);
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
        let every = metric.scene.plan.group(metric.group).every;
        let since = every.saturating_mul(u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX));
        words.push_str(&format!(
            ", shifted by {} sigma for {count} samples (since {} ago)",
            rounded(shift),
            format_duration(since)
        ));
    }
    words
}

//! Amounts and times as all views of a simulation say them.

use std::time::Duration;

use super::Simulated;
use crate::base::number::Number;
use crate::base::time::format_duration;
use crate::contract::value::{Unit, Value};
use crate::sim::simulate::summary::{Share, Spread};

/// `120ms`: three digits are enough in a chart.
#[must_use]
pub fn amount(value: f64, unit: Unit) -> String {
    if value == 0.0 || !value.is_finite() {
        return Value::Quantity(Number::from_f64(if value.is_finite() { 0.0 } else { value }), unit).to_string();
    }
    let scale = 10_f64.powi(2 - value.abs().log10().floor().clamp(-12.0, 12.0) as i32);
    let rounded = (value * scale).round() / scale;
    // Nobody reads microseconds behind milliseconds.
    let rounded = if unit == Unit::Duration && rounded.abs() >= 0.01 { (rounded * 1e3).round() / 1e3 } else { rounded };
    Value::Quantity(Number::from_f64(rounded), unit).to_string()
}

/// `26h10m`: hours are not made days, as tests write them.
#[must_use]
pub fn clock(since: Duration) -> String {
    let hours = since.as_secs() / 3_600;
    let rest = since.saturating_sub(Duration::from_secs(hours * 3_600));
    match (hours, rest.is_zero()) {
        (0, _) => format_duration(rest),
        (hours, true) => format!("{hours}h"),
        (hours, false) => format!("{hours}h{}", format_duration(rest)),
    }
}

/// A time that is not to the second.
#[must_use]
pub fn about(seconds: f64) -> String {
    let unit = [3_600.0, 60.0, 1.0].into_iter().find(|unit| seconds >= unit * 48.0).unwrap_or(1.0);
    let time = Duration::try_from_secs_f64((seconds / unit).round() * unit);
    time.map_or_else(|_| "an unknown time".to_owned(), clock)
}

/// `12.3%`, with a digit more where it is small.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let scale: f64 = if percent != 0.0 && percent.abs() < 1.0 { 100.0 } else { 10.0 };
    format!("{}%", (percent * scale).round() / scale)
}

/// `93.1% (91.3..94.5)`; of nothing there is no share.
#[must_use]
pub fn interval(share: Share) -> String {
    if share.of == 0 {
        return "none of 0".to_owned();
    }
    let bare = |share: f64| percent(share).trim_end_matches('%').to_owned();
    format!("{} ({}..{})", percent(share.value()), bare(share.low), bare(share.high))
}

/// `10m (5m..42m)`: the median, and where the middle eight tenths lie.
#[must_use]
pub fn spread(spread: &Spread) -> String {
    let median = about(spread.median);
    if spread.p10 == spread.p90 { median } else { format!("{median} ({}..{})", about(spread.p10), about(spread.p90)) }
}

/// `search_rollout in production`
#[must_use]
pub fn pipeline(simulated: &Simulated<'_>) -> String {
    let plan = &simulated.setup.plan;
    let place = plan.environment.as_ref().map_or(String::new(), |environment| format!(" in {environment}"));
    format!("{}{place}", plan.pipeline)
}

/// What has to be known to read the result.
#[must_use]
pub fn notes(simulated: &Simulated<'_>) -> Vec<String> {
    let setup = simulated.setup;
    let mut notes = Vec::new();
    if !setup.silent.is_empty() {
        let paused = simulated.first.end.name() == "paused";
        let effect = if paused { ", and the run pauses for want of data" } else { "" };
        notes.push(format!("no samples of {}{effect}", listed(&setup.silent)));
    }
    for assumed in &setup.assumed {
        notes.push(format!(
            "`{}` at {} is taken as met: nobody gave `{}` (say `given step …` in a model)",
            assumed.condition, assumed.place, assumed.output
        ));
    }
    if simulated.runs.len() > 1 && !setup.is_random() {
        notes.push("nothing goes by chance, so all runs are the same".to_owned());
    }
    notes.extend(setup.notes.iter().cloned());
    notes
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 6;
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

/// The changes for the worse that were simulated, in sentences.
#[must_use]
pub fn shifts(simulated: &Simulated<'_>) -> Vec<String> {
    let plan = &simulated.setup.plan;
    let told = simulated.setup.shifts.iter().map(|shift| {
        let group = plan.groups.iter().find(|group| group.name == shift.group);
        let field = group.and_then(|group| group.fields.iter().find(|field| field.field == shift.field));
        let unit = field.and_then(|field| field.ty.unit()).unwrap_or(Unit::One);
        let sign = if shift.by >= 0.0 { "+" } else { "" };
        let sigmas = shift.sigmas.map_or(String::new(), |sigmas| format!(" ({sign}{:.1} sigma)", sigmas));
        format!("{}.{} {sign}{}{sigmas} from {}", shift.group, shift.field, amount(shift.by, unit), clock(shift.at))
    });
    told.collect()
}

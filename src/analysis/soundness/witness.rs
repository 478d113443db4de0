//! The shortest series of samples that shows a claim, as a time line: `api.p95 = 1.2s at 0m, 1m, 2m`.

use std::time::Duration;

use crate::base::time::format_duration;

use super::exact::Fraction;
use super::linear::Variable;
use super::machine::{Rhythm, Run};
use super::table::Table;

/// Samples of the same value, long enough for a run.
pub struct TimeLine {
    /// `api.p95 = 1.2s at 0m, 1m, 2m`
    pub words: String,
    /// From the first sample to the last.
    pub lasts: Duration,
}

/// Instants that are written out; of more the last one follows behind dots.
const MOST_INSTANTS: u64 = 4;

#[must_use]
pub fn time_line(values: &str, run: Run, rhythm: &Rhythm) -> Option<TimeLine> {
    let every = *rhythm.every.first()?;
    let steps = match run {
        Run::Time(time) => u64::try_from(time.as_micros().div_ceil(every.as_micros().max(1))).ok()?,
        Run::Samples(samples) => samples.saturating_sub(1),
    };
    let instant = |step: u64| u32::try_from(step).ok().map(|step| every.saturating_mul(step));
    let shown = (0..=steps.min(MOST_INSTANTS - 1)).map(|step| instant(step).map(|at| clock(at, every)));
    let mut instants: Vec<String> = shown.collect::<Option<_>>()?;
    let lasts = instant(steps)?;
    if steps >= MOST_INSTANTS {
        instants.truncate(3);
        instants.push("…".to_owned());
        instants.push(clock(lasts, every));
    }
    Some(TimeLine { words: format!("{values} at {}", instants.join(", ")), lasts })
}

/// `0m` on a time line of minutes.
fn clock(at: Duration, every: Duration) -> String {
    if at.is_zero() && every.as_secs().is_multiple_of(60) { "0m".to_owned() } else { format_duration(at) }
}

/// `api.p95 = 1.2s, api.p99 = 3s`, of the variables that are told about.
#[must_use]
pub fn values(table: &Table, point: &[(Variable, Fraction)], told: &[Variable]) -> Option<String> {
    let known = point.iter().filter(|(variable, _)| told.contains(variable));
    let words = known.map(|(variable, value)| table.assignment(*variable, *value));
    words.collect::<Option<Vec<_>>>().map(|words| words.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Rhythm, Run, time_line};

    fn told(run: Run, every: u64) -> String {
        let rhythm = Rhythm { every: vec![Duration::from_secs(every)], lag: Duration::ZERO, groups: Vec::new() };
        time_line("x = 1", run, &rhythm).expect("short").words
    }

    #[test]
    fn a_time_line_counts_from_zero_and_leaves_the_middle_out() {
        assert_eq!(told(Run::Time(Duration::from_secs(120)), 60), "x = 1 at 0m, 1m, 2m");
        assert_eq!(told(Run::Time(Duration::from_secs(90)), 60), "x = 1 at 0m, 1m, 2m");
        assert_eq!(told(Run::Samples(1), 60), "x = 1 at 0m");
        assert_eq!(told(Run::Samples(4), 10), "x = 1 at 0s, 10s, 20s, 30s");
        assert_eq!(told(Run::Samples(9), 10), "x = 1 at 0s, 10s, 20s, …, 1m20s");
    }
}

//! The samples of one metric, as its courses say.
//!
//! What goes by chance is a function of well, metric and time. A process that goes on from its last value is carried along
//! from tick to tick, and gone through anew when somebody looks back: the result is the same.

use std::time::Duration;

use super::model::{Micros, Model, State, micros};
use super::noise::Well;
use super::recording::Series;
use super::script::{Course, Noise, Origin};
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::samples::Sample;
use crate::contract::value::Value;

/// Reads the courses of one metric, each sample behind the one before if it can be helped.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    gaps: Vec<(Micros, Option<Micros>)>,
    values: Option<&'a Course>,
    well: Well,
    name: String,
    place: usize,
    state: State,
}

impl<'a> Feed<'a> {
    pub(super) fn new(courses: &'a [Course], title: &str, (group, field): (&str, &str)) -> Self {
        let gaps = courses.iter().filter_map(|course| match course {
            Course::Missing { from, to } => Some((micros(*from), to.map(micros))),
            Course::Values { .. } | Course::Model(_) => None,
        });
        let values = courses.iter().rev().find(|course| !matches!(course, Course::Missing { .. }));
        let well = Well::new(&[title, group, field]);
        let state = match values {
            Some(Course::Model(model)) => State::new(model, well),
            _ => State::default(),
        };
        Self { gaps: gaps.collect(), values, well, name: format!("{group}.{field}"), place: 0, state }
    }

    /// The value at an instant of a run that began at `start`, or why there is none.
    pub fn sample(&mut self, start: Timestamp, at: Timestamp) -> Held {
        let since = u64::try_from(at.0.saturating_sub(start.0)).unwrap_or(0);
        if self.gaps.iter().any(|(from, to)| *from <= since && to.is_none_or(|to| since < to)) {
            return Held::missing("missing, as given");
        }
        match self.values {
            Some(Course::Model(model)) => match &model.recorded {
                None => model.sample(&mut self.state, (since, 0.0)),
                Some(series) => match self.recorded(model, series, since) {
                    Ok(recorded) => model.sample(&mut self.state, (since, recorded)),
                    Err(reason) => Held::missing(reason),
                },
            },
            Some(Course::Values { series, noise, origin }) => self.given((series, *noise, *origin), since, at),
            Some(Course::Missing { .. }) | None => Held::missing(format!("nothing is given for `{}`", self.name)),
        }
    }

    /// The recorded value that a model stands on.
    #[inline(never)]
    fn recorded(&mut self, model: &Model, series: &Series, since: Micros) -> Result<f64, String> {
        let seen = Duration::from_micros(model.seen_at(since).unwrap_or_default());
        match held(series, &mut self.place, folded(seen, model.repeats))? {
            Value::Quantity(number, _) => Ok(number.to_f64()),
            other => Err(format!("`{other}` is no quantity")),
        }
    }

    #[inline(never)]
    fn given(&mut self, (series, noise, origin): Values<'_>, since: Micros, at: Timestamp) -> Held {
        let repeats = if let Origin::Recorded { repeats } = origin { repeats } else { None };
        let value = held(series, &mut self.place, folded(Duration::from_micros(since), repeats));
        let noisy = |value| match noise {
            Some(noise) => shaken(value, noise, self.well.normal(at.0.cast_unsigned())),
            None => value,
        };
        value.map(noisy).into()
    }
}

/// What is given of a course of values.
type Values<'v> = (&'v Series, Option<Noise>, Origin);

/// The time within a recording that begins anew after `repeats`.
fn folded(since: Duration, repeats: Option<Duration>) -> Duration {
    match repeats.map(|repeats| repeats.as_micros()).filter(|repeats| *repeats > 0) {
        Some(repeats) => Duration::from_micros(u64::try_from(since.as_micros() % repeats).unwrap_or(0)),
        None => since,
    }
}

/// The value that holds at a time.
fn held(series: &Series, place: &mut usize, since: Duration) -> Sample {
    if series.get(*place).is_none_or(|(time, _)| *time > since) {
        *place = series.partition_point(|(time, _)| *time <= since).saturating_sub(1);
    }
    while series.get(*place + 1).is_some_and(|(time, _)| *time <= since) {
        *place += 1;
    }
    let value = series.get(*place).filter(|(time, _)| *time <= since).and_then(|(_, value)| value.clone());
    value.ok_or_else(|| "the recording has no value here".to_owned())
}

/// Whole numbers stay whole.
fn shaken(value: Value, noise: Noise, draw: f64) -> Value {
    match value {
        Value::Quantity(number, unit) => {
            let moved = number.to_f64() + noise.deviation * draw;
            Value::Quantity(Number::from_f64(if noise.whole { moved.round() } else { moved }), unit)
        }
        other => other,
    }
}

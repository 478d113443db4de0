//! What is given, resolved against a plan: how steps answer, how metrics go, what people do and when.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value as Json;

use super::files::GivenFiles;
use super::noise;
use super::recording::Series;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::registry::Sample;
use crate::contract::value::Value;
use crate::engine::turn::Answer;
use crate::plan::program::NodeIndex;

/// 2025-01-06T10:00:00Z, a Monday.
pub const START: Timestamp = Timestamp(1_736_157_600_000_000);

#[derive(Debug, Clone)]
pub struct Script {
    pub title: String,
    pub start: Timestamp,
    pub(super) steps: HashMap<NodeIndex, Behaviour>,
    pub(super) undos: HashMap<NodeIndex, Behaviour>,
    pub(super) courses: HashMap<(String, String), Vec<Course>>,
    /// By time; those of one instant as they were written.
    pub(super) deeds: Vec<(Timestamp, Deed)>,
    pub(super) files: GivenFiles,
}

/// How a step or an undo answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviour {
    /// Its raw output, as far as it is given.
    pub output: Option<Json>,
    pub fails: Option<Fails>,
    pub takes: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    Always,
    Times(u32),
}

impl Fails {
    /// Whether the attempt of this number (from 1) fails.
    pub fn fails(self, attempt: u32) -> bool {
        match self {
            Self::Always => true,
            Self::Times(times) => attempt <= times,
        }
    }
}

/// One line about a metric. The last line about values counts, and gaps before all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Course {
    Values { series: Series, noise: Option<Noise> },
    Missing { from: Duration, to: Option<Duration> },
}

/// A standard deviation in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    pub deviation: f64,
    /// The metric is a whole number.
    pub whole: bool,
}

/// What somebody does, or what befalls the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Of these phases.
    Approve {
        phases: Vec<String>,
        by: String,
    },
    Resume {
        by: String,
    },
    /// Of these nodes.
    Resolve {
        nodes: Vec<String>,
        answer: Answer,
    },
    Crash,
}

impl Script {
    /// The value of a metric at an instant, or why there is none.
    pub fn sample(&self, group: &str, field: &str, at: Timestamp) -> Sample {
        let nothing = || format!("nothing is given for `{group}.{field}`");
        let courses = self.courses.get(&(group.to_owned(), field.to_owned())).ok_or_else(nothing)?;
        let since = at.since(self.start);
        let missing = |course: &Course| match course {
            Course::Missing { from, to } => *from <= since && to.is_none_or(|to| since < to),
            Course::Values { .. } => false,
        };
        if courses.iter().any(missing) {
            return Err("missing, as given".to_owned());
        }
        let values = courses.iter().rev().find_map(|course| match course {
            Course::Values { series, noise } => Some((series, *noise)),
            Course::Missing { .. } => None,
        });
        let (series, noise) = values.ok_or_else(nothing)?;
        let place = series.partition_point(|(time, _)| *time <= since);
        let value = place.checked_sub(1).and_then(|place| series[place].1.clone());
        let value = value.ok_or_else(|| "the recording has no value here".to_owned())?;
        Ok(match noise {
            Some(noise) => shaken(value, noise, noise::normal(&self.title, group, field, at)),
            None => value,
        })
    }

    /// The instants from which a metric goes another way than before, noise apart.
    pub(super) fn turning_points(&self) -> BTreeSet<Timestamp> {
        let points = self.courses.values().flatten().flat_map(|course| match course {
            Course::Values { series, .. } => series.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            Course::Missing { from, to } => std::iter::once(*from).chain(*to).collect(),
        });
        points.map(|at| self.start.plus(at)).collect()
    }

    /// The metrics that are given, with their turning points.
    pub fn given_metrics(&self) -> impl Iterator<Item = (&str, &str, Vec<Duration>)> {
        self.courses.iter().map(|((group, field), courses)| {
            let points = courses.iter().flat_map(|course| match course {
                Course::Values { series, .. } => series.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
                Course::Missing { from, to } => std::iter::once(*from).chain(*to).collect(),
            });
            (group.as_str(), field.as_str(), points.collect())
        })
    }
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

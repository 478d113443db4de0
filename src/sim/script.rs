//! What is given, resolved against a plan: how steps answer, how metrics go, what people do and when.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::feed::Feed;
use super::files::GivenFiles;
use super::model::Model;
use super::recording::Series;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::engine::turn::Answer;
use crate::plan::program::NodeIndex;

/// 2025-01-06T10:00:00Z, a Monday.
pub const START: Timestamp = Timestamp(1_736_157_600_000_000);

/// By group and field.
pub(super) type Courses = HashMap<(String, String), Vec<Course>>;

#[derive(Debug, Clone)]
pub struct Script {
    pub title: String,
    pub start: Timestamp,
    pub(super) steps: HashMap<NodeIndex, Behaviour>,
    pub(super) undos: HashMap<NodeIndex, Behaviour>,
    /// Shared, since they may hold recordings.
    pub(super) courses: Arc<Courses>,
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
    Values {
        series: Series,
        noise: Option<Noise>,
        origin: Origin,
    },
    /// How it goes by chance.
    Model(Model),
    Missing {
        from: Duration,
        to: Option<Duration>,
    },
}

/// Where the values of a metric come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Each is written, and so is when it changes.
    Written,
    /// Some begin anew after so long.
    Recorded { repeats: Option<Duration> },
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
    /// What is given for a metric.
    #[must_use]
    pub fn feed(&self, group: &str, field: &str) -> Option<Feed<'_>> {
        let courses = self.courses.get(&(group.to_owned(), field.to_owned()))?;
        Some(Feed::new(courses, &self.title, (group, field)))
    }

    /// The value of a metric at an instant, or why there is none.
    pub fn sample(&self, group: &str, field: &str, at: Timestamp) -> Held {
        match self.feed(group, field) {
            Some(mut feed) => feed.sample(self.start, at),
            None => Held::missing(format!("nothing is given for `{group}.{field}`")),
        }
    }

    /// The instants from which a metric goes another way than before, noise apart.
    pub(super) fn turning_points(&self) -> BTreeSet<Timestamp> {
        self.courses.values().flatten().flat_map(turns).map(|at| self.start.plus(at)).collect()
    }

    /// The last of them.
    pub(super) fn last_turn(&self) -> Option<Timestamp> {
        self.courses.values().flatten().flat_map(turns).max().map(|at| self.start.plus(at))
    }

    /// Samples may be missing, and come back, at any time.
    pub(super) fn has_random_gaps(&self) -> bool {
        self.courses.values().flatten().any(|course| matches!(course, Course::Model(model) if model.has_random_gaps()))
    }

    /// The metrics that are given, with their turning points.
    pub fn given_metrics(&self) -> impl Iterator<Item = (&str, &str, Vec<Duration>)> {
        self.courses
            .iter()
            .map(|((group, field), courses)| (group.as_str(), field.as_str(), courses.iter().flat_map(turns).collect()))
    }
}

fn turns(course: &Course) -> Vec<Duration> {
    match course {
        Course::Values { series, .. } => series.iter().map(|(at, _)| *at).collect(),
        Course::Model(model) => model.turns(),
        Course::Missing { from, to } => std::iter::once(*from).chain(*to).collect(),
    }
}

//! A metric as a block sees it: its samples, as far as they count there.

use std::time::Duration;

use super::carried::{CallId, Function, Key, Running};
use super::scene::Scene;
use super::series::Place;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::value::Unit;
use crate::eval::Unknown;

#[derive(Clone, Copy)]
pub struct Metric<'a> {
    pub scene: &'a Scene<'a>,
    pub place: Place,
    /// The call that reads it, where that is known.
    pub call: Option<CallId>,
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
    pub fn new(scene: &'a Scene<'a>, group: &str, field: &str) -> Result<Self, Unknown> {
        let place = scene.state.series.place(group, field);
        let place = place.ok_or_else(|| Unknown(format!("there is no metric `{group}.{field}`")))?;
        Ok(Self { scene, place, call: None })
    }

    /// `search.p95`
    pub fn name(&self) -> String {
        self.scene.metric_name(self.place)
    }

    /// How often it is sampled.
    pub fn every(&self) -> Duration {
        self.scene.plan.group(self.place.group).every
    }

    /// What a function that runs on over this metric is carried under.
    pub fn key(&self, function: Function, edge: Timestamp) -> Key {
        Key { function, metric: self.place, other: None, edge, settings: [0; 5] }
    }

    /// When the block began that the call stands in.
    pub fn block_began(&self) -> Timestamp {
        let state = self.scene.state;
        self.scene.frame.map_or(state.started_at, |frame| state.frame(frame).started_at)
    }

    /// When the block began, or the weight was set that its ramp has now: no sample from before counts.
    pub fn begin(&self) -> Timestamp {
        let block = self.block_began();
        self.not_before().map_or(block, |edge| edge.max(block))
    }

    /// Samples before this were taken under another weight.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.scene.not_before(self.place.group)
    }

    /// The last instant whose sample was taken under another weight.
    pub fn edge(&self) -> Timestamp {
        self.not_before().map_or(Timestamp(i64::MIN), before)
    }

    /// The samples in (from, to], none of them from before the weight was set.
    pub fn since(&self, from: Timestamp, to: Timestamp) -> Result<Samples, Unknown> {
        self.between(from.max(self.edge()), to)
    }

    /// The samples in (from, to]; none is unknown.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Result<Samples, Unknown> {
        let mut unit = Unit::One;
        let mut values = Vec::new();
        for (at, sample) in self.scene.state.series.between(self.place, from, to) {
            if let Some((number, of)) = sample.amount() {
                unit = of;
                values.push((*at, number));
            }
        }
        if values.is_empty() {
            return Err(self.is_empty());
        }
        Ok(Samples { values, unit, expected: self.ticks(from, to) })
    }

    pub fn is_empty(&self) -> Unknown {
        Unknown(format!("`{}` has no sample in the window", self.name()))
    }

    /// Feeds what is new after `from`, or after where it had got to, missing samples included, reads, and keeps where it is
    /// now.
    pub fn run_on<R>(
        &self,
        (key, from): (Key, Timestamp),
        fresh: impl FnOnce() -> Running,
        mut push: impl FnMut(&mut Running, Timestamp, &Held),
        read: impl FnOnce(&mut Running) -> R,
    ) -> R {
        let (series, at) = (&self.scene.state.series, self.scene.at);
        series.carried.go_on(
            (self.call, &key, at),
            || (from, fresh()),
            |last, running| {
                for (time, sample) in series.between(self.place, *last, at) {
                    push(running, *time, sample);
                    *last = *time;
                }
                read(running)
            },
        )
    }

    /// The unit of the latest sample.
    pub fn unit(&self) -> Unit {
        let latest = self.scene.state.series.latest(self.place, self.scene.at);
        latest.and_then(|(_, sample)| sample.amount()).map_or(Unit::One, |(_, unit)| unit)
    }

    /// How often the group was to be sampled in (from, to].
    pub fn ticks(&self, from: Timestamp, to: Timestamp) -> u64 {
        let (start, every) = (self.scene.state.started_at, self.every());
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

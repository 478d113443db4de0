//! The samples of one run: per group and field, as long as something may still look at them.
//!
//! Invariants: the ticks of a field rise. A second sample of one tick takes the place of the first; one that comes from before
//! the latest is dropped. A field that the plan knows has the same place in every run of it.

mod keep;

use std::collections::VecDeque;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::carried::Carried;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::samples::Samples;
use crate::plan::program::{GroupIndex, Plan};

use keep::Keep;

/// Samples kept for a function that looks back to the start of its block.
const LONG_HISTORY: usize = 100_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Series {
    groups: Vec<GroupSeries>,
    /// Where functions that run on from sample to sample have got to.
    pub(super) carried: Carried,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct GroupSeries {
    name: String,
    /// Those that are read, those computed from them, and last what a journal has beside the plan.
    fields: IndexMap<String, FieldSeries, FxBuildHasher>,
    latest: Option<Timestamp>,
    /// Names that were found to be those of the fields, in their order.
    #[serde(skip)]
    order: Option<Arc<[String]>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct FieldSeries {
    samples: VecDeque<(Timestamp, Held)>,
    keep: Keep,
}

/// Where the samples of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub group: GroupIndex,
    /// Among the fields of the group that are read and those computed from them.
    pub field: u32,
}

impl Series {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let groups = plan.groups.iter().map(|group| {
            let read = group.fields.iter().map(|field| &field.field);
            let names = read.chain(group.derived.iter().map(|derived| &derived.field));
            let fields = names.map(|name| (name.clone(), FieldSeries::default())).collect();
            GroupSeries { name: group.name.clone(), fields, latest: None, order: None }
        });
        let mut series = Self { groups: groups.collect(), carried: Carried::default() };
        for expr in keep::conditions(plan) {
            keep::widen(expr, &mut series);
        }
        series
    }

    fn keep_of(&mut self, group: &str, field: &str) -> Option<&mut Keep> {
        let group = self.groups.iter_mut().find(|candidate| candidate.name == group)?;
        group.fields.get_mut(field).map(|series| &mut series.keep)
    }

    /// How many samples are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.iter().flat_map(|group| group.fields.values()).map(|field| field.samples.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether these can be the samples of a run by this plan.
    pub(super) fn fits(&self, plan: &Plan) -> bool {
        let fresh = Self::new(plan);
        let places = |group: &GroupSeries, fresh: &GroupSeries| {
            let same = group
                .fields
                .iter()
                .zip(&fresh.fields)
                .all(|((name, it), (expected, fresh))| name == expected && it.keep == fresh.keep);
            same && group.name == fresh.name && group.fields.len() >= fresh.fields.len()
        };
        self.groups.len() == fresh.groups.len()
            && self.groups.iter().zip(&fresh.groups).all(|(it, new)| places(it, new))
    }

    /// Where the samples of a field are; none of a field that the plan does not know.
    #[must_use]
    pub fn place(&self, group: &str, field: &str) -> Option<Place> {
        let index = self.groups.iter().position(|candidate| candidate.name == group)?;
        let field = self.groups[index].fields.get_index_of(field)?;
        Some(Place { group: GroupIndex(u32::try_from(index).ok()?), field: u32::try_from(field).ok()? })
    }

    /// `p95`
    #[must_use]
    pub fn name(&self, place: Place) -> &str {
        let group = self.groups.get(place.group.0 as usize);
        group.and_then(|group| group.fields.get_index(place.field as usize)).map_or("", |(name, _)| name)
    }

    /// Takes in the samples of a group at a tick.
    pub fn take(&mut self, group: GroupIndex, tick: Timestamp, samples: &Samples) {
        let Some(series) = self.groups.get_mut(group.0 as usize) else { return };
        series.take(tick, samples);
    }

    /// Takes in one sample of a field, with its place in the group: fields that are read, then those computed from them.
    pub fn push(&mut self, group: GroupIndex, tick: Timestamp, field: (usize, &str), sample: Held) {
        if let Some(series) = self.groups.get_mut(group.0 as usize) {
            series.push(tick, field, sample);
        }
    }

    /// The newest sample.
    #[must_use]
    #[inline]
    pub fn newest(&self, place: Place) -> Option<&(Timestamp, Held)> {
        self.samples(place)?.back()
    }

    /// The latest sample at or before `at`.
    #[must_use]
    pub fn latest(&self, place: Place, at: Timestamp) -> Option<(Timestamp, &Held)> {
        let samples = self.samples(place)?;
        let (time, held) = match samples.back() {
            Some(latest) if latest.0 <= at => latest,
            _ => samples.get(upto(samples, samples.len(), at).checked_sub(1)?)?,
        };
        Some((*time, held))
    }

    /// When the group was last sampled.
    #[must_use]
    pub fn latest_tick(&self, group: GroupIndex) -> Option<Timestamp> {
        self.groups.get(group.0 as usize).and_then(|series| series.latest)
    }

    /// The samples in (from, to], missing ones included.
    pub fn between(&self, place: Place, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &(Timestamp, Held)> {
        let samples = self.samples(place).unwrap_or(const { &VecDeque::new() });
        let end = upto(samples, samples.len(), to);
        // Mostly one or none, for which a range of the deque would be much ado.
        (upto(samples, end, from)..end).filter_map(|place| samples.get(place))
    }

    fn samples(&self, place: Place) -> Option<&VecDeque<(Timestamp, Held)>> {
        let group = self.groups.get(place.group.0 as usize)?;
        group.fields.get_index(place.field as usize).map(|(_, series)| &series.samples)
    }
}

impl GroupSeries {
    fn take(&mut self, tick: Timestamp, samples: &Samples) {
        self.latest = self.latest.max(Some(tick));
        if !self.has_order_of(samples) {
            let samples = samples.iter().enumerate();
            return samples.for_each(|(place, (field, sample))| self.push(tick, (place, field), sample.clone()));
        }
        for (series, sample) in self.fields.values_mut().zip(samples.held()) {
            series.push(tick, sample.clone());
        }
    }

    /// Whether each of the samples is that of the field in the same place. Samples that share their names need no second look.
    fn has_order_of(&mut self, samples: &Samples) -> bool {
        if self.order.as_ref().is_some_and(|order| Arc::ptr_eq(order, samples.names())) {
            return true;
        }
        let mut fields = self.fields.keys();
        let same = !samples.names().is_empty() && samples.names().iter().all(|name| fields.next() == Some(name));
        self.order = same.then(|| Arc::clone(samples.names()));
        same
    }

    fn push(&mut self, tick: Timestamp, (place, field): (usize, &str), sample: Held) {
        self.latest = self.latest.max(Some(tick));
        let series = match self.fields.get_index_mut(place) {
            Some((name, series)) if name == field => series,
            _ => self.fields.entry(field.to_owned()).or_default(),
        };
        series.push(tick, sample);
    }
}

impl FieldSeries {
    fn push(&mut self, tick: Timestamp, sample: Held) {
        let Self { samples, keep } = self;
        match samples.back_mut() {
            Some(latest) if latest.0 > tick => return,
            Some(latest) if latest.0 == tick || keep.is_latest_only() => return *latest = (tick, sample),
            _ => {}
        }
        samples.push_back((tick, sample));
        while samples.len() > LONG_HISTORY {
            samples.pop_front();
        }
        if !keep.all {
            // The newest one at or before the edge stays: it may be the latest one for a while.
            let edge = tick.minus(keep.window);
            while samples.get(1).is_some_and(|(time, _)| *time <= edge) {
                samples.pop_front();
            }
        }
    }
}

/// How many of the first `count` samples are at or before a time: most look at the latest ones.
fn upto(samples: &VecDeque<(Timestamp, Held)>, count: usize, at: Timestamp) -> usize {
    const NEAR: usize = 4;
    for near in 0..NEAR {
        match count.checked_sub(near + 1).and_then(|last| samples.get(last)) {
            Some((time, _)) if *time > at => {}
            _ => return count.saturating_sub(near),
        }
    }
    samples.partition_point(|(time, _)| *time <= at).min(count)
}

#[cfg(test)]
mod tests {
    use super::{FieldSeries, GroupSeries, Held, Keep, Place, Series};
    use crate::base::time::Timestamp;
    use crate::contract::value::Value;
    use crate::plan::program::GroupIndex;

    const GROUP: GroupIndex = GroupIndex(0);
    const PLACE: Place = Place { group: GROUP, field: 0 };

    fn series() -> Series {
        let field = FieldSeries { keep: Keep { all: true, ..Keep::default() }, ..FieldSeries::default() };
        let fields = [("p95".to_owned(), field)].into_iter().collect();
        Series { groups: vec![GroupSeries { fields, ..GroupSeries::default() }], ..Series::default() }
    }

    fn held(value: i64) -> Held {
        Held::from(Ok(Value::int(value)))
    }

    #[test]
    fn a_window_leaves_out_its_beginning_and_holds_its_end() {
        let mut series = series();
        (1..=4).for_each(|at| series.push(GROUP, Timestamp(at), (0, "p95"), held(at)));
        let inside: Vec<i64> = series.between(PLACE, Timestamp(1), Timestamp(3)).map(|(at, _)| at.0).collect();
        assert_eq!(inside, [2, 3]);
        assert_eq!(series.between(PLACE, Timestamp(3), Timestamp(1)).count(), 0);
        assert_eq!(series.latest(PLACE, Timestamp(9)).map(|(at, _)| at.0), Some(4));
        assert_eq!(series.latest(PLACE, Timestamp(0)), None);
    }

    #[test]
    fn a_second_sample_of_a_tick_replaces_the_first_and_one_from_the_past_is_dropped() {
        let mut series = series();
        for (at, value) in [(1, 1), (2, 2), (2, 5), (1, 9)] {
            series.push(GROUP, Timestamp(at), (0, "p95"), held(value));
        }
        let values: Vec<_> = series.between(PLACE, Timestamp(0), Timestamp(9)).map(|(_, it)| it.clone()).collect();
        assert_eq!(values, [held(1), held(5)]);
    }
}

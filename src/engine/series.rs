//! The samples of one run: per group and field, as long as something may still look at them.
//!
//! Invariant: the ticks of a field rise. A second sample of one tick takes the place of the first; one that comes from before the
//! latest is dropped.

use std::collections::VecDeque;
use std::time::Duration;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use serde::{Deserialize, Serialize};

use super::carried::Carried;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::registry::Sample;
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind};
use crate::plan::program::{Group, GroupIndex, NodeKind, Plan};

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
    fields: IndexMap<String, VecDeque<(Timestamp, Sample)>, FxBuildHasher>,
    latest: Option<Timestamp>,
    keep: Keep,
}

impl GroupSeries {
    fn new(group: &Group) -> Self {
        let names = group.fields.iter().map(|field| &field.field).chain(group.derived.iter().map(|it| &it.field));
        Self { fields: names.map(|name| (name.clone(), VecDeque::new())).collect(), ..Self::default() }
    }
}

/// How far back something in the plan looks.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Keep {
    window: Duration,
    all: bool,
}

impl Series {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut groups: Vec<GroupSeries> = plan.groups.iter().map(GroupSeries::new).collect();
        for expr in conditions(plan) {
            widen(plan, expr, &mut groups);
        }
        Self { groups, carried: Carried::default() }
    }

    /// How many samples are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.iter().flat_map(|group| group.fields.values()).map(VecDeque::len).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether these can be the samples of a run by this plan; what is kept is decided by the plan anew.
    pub(super) fn fits(&self, plan: &Plan) -> bool {
        self.groups.len() == plan.groups.len()
    }

    /// The sample of a field, with its place in the group: fields that are read, then those computed from them.
    pub fn push(&mut self, group: GroupIndex, tick: Timestamp, (place, field): (usize, &str), sample: Sample) {
        let Some(series) = self.groups.get_mut(group.0 as usize) else { return };
        series.latest = Some(series.latest.map_or(tick, |latest| latest.max(tick)));
        let keep = series.keep;
        let samples = match series.fields.get_index_mut(place) {
            Some((name, samples)) if name == field => samples,
            _ => series.fields.entry(field.to_owned()).or_default(),
        };
        match samples.back_mut() {
            Some((latest, held)) if *latest == tick => *held = sample,
            Some((latest, _)) if *latest > tick => return,
            _ => samples.push_back((tick, sample)),
        }
        // The newest one at or before the edge stays: it may be the latest one for a while.
        let edge = tick.minus(keep.window);
        while samples.len() > LONG_HISTORY || (!keep.all && samples.get(1).is_some_and(|(time, _)| *time <= edge)) {
            samples.pop_front();
        }
    }

    /// The latest sample at or before `at`.
    #[must_use]
    pub fn latest(&self, group: GroupIndex, field: &str, at: Timestamp) -> Option<&(Timestamp, Sample)> {
        let samples = self.field(group, field)?;
        samples.get(upto(samples, at).checked_sub(1)?)
    }

    /// When the group was last sampled.
    #[must_use]
    pub fn latest_tick(&self, group: GroupIndex) -> Option<Timestamp> {
        self.groups.get(group.0 as usize).and_then(|series| series.latest)
    }

    /// The samples in (from, to], missing ones included.
    pub fn between(
        &self,
        group: GroupIndex,
        field: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &(Timestamp, Sample)> {
        let samples = self.field(group, field).map(|samples| {
            let (first, end) = (upto(samples, from), upto(samples, to));
            samples.range(first..end.max(first))
        });
        samples.into_iter().flatten()
    }

    fn field(&self, group: GroupIndex, field: &str) -> Option<&VecDeque<(Timestamp, Sample)>> {
        self.groups.get(group.0 as usize)?.fields.get(field)
    }
}

/// How many samples are at or before a time: most look at the latest ones.
fn upto(samples: &VecDeque<(Timestamp, Sample)>, at: Timestamp) -> usize {
    const NEAR: usize = 4;
    let behind = samples.iter().rev().take(NEAR).take_while(|(time, _)| *time > at).count();
    if behind < NEAR { samples.len() - behind } else { samples.partition_point(|(time, _)| *time <= at) }
}

/// The number a sample holds. A NaN is no sample; infinities are.
#[must_use]
pub fn amount(sample: &Sample) -> Option<(Number, Unit)> {
    match sample {
        Ok(Value::Quantity(Number::Float(float), _)) if float.is_nan() => None,
        Ok(Value::Quantity(number, unit)) => Some((*number, *unit)),
        _ => None,
    }
}

fn conditions(plan: &Plan) -> Vec<&Expr> {
    let triggers = plan.blocks.iter().flat_map(|block| &block.triggers).map(|trigger| &trigger.condition.expr);
    let nodes = plan.nodes.iter().flat_map(|node| match &node.kind {
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => {
            conditions.iter().map(|condition| &condition.expr).collect()
        }
        NodeKind::Step(step) => step.call.args.iter().map(|(_, arg)| arg).collect(),
        _ => Vec::new(),
    });
    let derived = plan.groups.iter().flat_map(|group| &group.derived).map(|derived| &derived.expr);
    triggers.chain(nodes).chain(derived).collect()
}

/// Widens what is kept for each function call in `expr` that looks back.
fn widen(plan: &Plan, expr: &Expr, groups: &mut [GroupSeries]) {
    if let ExprKind::Call(function, args) = &*expr.kind {
        let windows = args.iter().filter_map(|(_, arg)| arg.as_literal().and_then(Value::as_duration));
        let window = windows.max().unwrap_or(Duration::ZERO);
        // From the start of a block, and from the window before it.
        let all = matches!(function.as_str(), "ewma" | "cusum" | "baseline" | "worse" | "failures");
        let read = |name: &str| plan.groups.iter().position(|candidate| candidate.name == name);
        for (_, arg) in args {
            let group = match &*arg.kind {
                ExprKind::Metric { group, .. } => read(group),
                _ => crate::plan::probes::probe_read(function, args).and_then(|(group, _)| read(&group)),
            };
            if let Some(at) = group {
                groups[at].keep.window = groups[at].keep.window.max(window);
                groups[at].keep.all |= all;
            }
        }
    }
    for child in expr.children() {
        widen(plan, child, groups);
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupSeries, Series};
    use crate::base::time::Timestamp;
    use crate::contract::value::Value;
    use crate::plan::program::GroupIndex;

    const GROUP: GroupIndex = GroupIndex(0);

    fn series() -> Series {
        let mut series = Series { groups: vec![GroupSeries::default()], ..Series::default() };
        series.groups[0].keep.all = true;
        series
    }

    #[test]
    fn a_window_leaves_out_its_beginning_and_holds_its_end() {
        let mut series = series();
        (1..=4).for_each(|at| series.push(GROUP, Timestamp(at), (0, "p95"), Ok(Value::int(at))));
        let inside: Vec<i64> = series.between(GROUP, "p95", Timestamp(1), Timestamp(3)).map(|(at, _)| at.0).collect();
        assert_eq!(inside, [2, 3]);
        assert_eq!(series.between(GROUP, "p95", Timestamp(3), Timestamp(1)).count(), 0);
        assert_eq!(series.latest(GROUP, "p95", Timestamp(9)).map(|(at, _)| at.0), Some(4));
        assert_eq!(series.latest(GROUP, "p95", Timestamp(0)), None);
    }

    #[test]
    fn a_second_sample_of_a_tick_replaces_the_first_and_one_from_the_past_is_dropped() {
        let mut series = series();
        for (at, value) in [(1, 1), (2, 2), (2, 5), (1, 9)] {
            series.push(GROUP, Timestamp(at), (0, "p95"), Ok(Value::int(value)));
        }
        let values: Vec<_> =
            series.between(GROUP, "p95", Timestamp(0), Timestamp(9)).map(|(_, it)| it.clone()).collect();
        assert_eq!(values, [Ok(Value::int(1)), Ok(Value::int(5))]);
    }
}

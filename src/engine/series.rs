//! The samples of one run: per group and field, as long as something may still look at them.

use std::collections::VecDeque;
use std::time::Duration;

use indexmap::IndexMap;

use crate::base::time::Timestamp;
use crate::contract::registry::Sample;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::plan::program::{GroupIndex, NodeKind, Plan};

/// Samples kept for a function that looks back to the start of its block.
const LONG_HISTORY: usize = 100_000;

#[derive(Debug, Clone, Default)]
pub struct Series {
    groups: Vec<GroupSeries>,
}

#[derive(Debug, Clone, Default)]
struct GroupSeries {
    fields: IndexMap<String, VecDeque<(Timestamp, Sample)>>,
    latest: Option<Timestamp>,
    keep: Keep,
}

/// How far back something in the plan looks.
#[derive(Debug, Clone, Copy, Default)]
struct Keep {
    window: Duration,
    all: bool,
}

impl Series {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut groups: Vec<GroupSeries> = plan.groups.iter().map(|_| GroupSeries::default()).collect();
        for expr in conditions(plan) {
            widen(plan, expr, &mut groups);
        }
        Self { groups }
    }

    pub fn push(&mut self, group: GroupIndex, tick: Timestamp, field: &str, sample: Sample) {
        let Some(series) = self.groups.get_mut(group.0 as usize) else { return };
        series.latest = Some(series.latest.map_or(tick, |latest| latest.max(tick)));
        let keep = series.keep;
        let samples = series.fields.entry(field.to_owned()).or_default();
        samples.push_back((tick, sample));
        // The newest one at or before the edge of the window stays: `increase` and `delta` need it.
        let edge = tick.minus(keep.window);
        while samples.len() > LONG_HISTORY || (!keep.all && samples.get(1).is_some_and(|(time, _)| *time <= edge)) {
            samples.pop_front();
        }
    }

    /// The latest sample at or before `at`.
    #[must_use]
    pub fn latest(&self, group: GroupIndex, field: &str, at: Timestamp) -> Option<&(Timestamp, Sample)> {
        self.field(group, field)?.iter().rev().find(|(time, _)| *time <= at)
    }

    /// When the group was last sampled.
    #[must_use]
    pub fn latest_tick(&self, group: GroupIndex) -> Option<Timestamp> {
        self.groups.get(group.0 as usize).and_then(|series| series.latest)
    }

    /// The known samples in (from, to].
    #[must_use]
    pub fn window(&self, group: GroupIndex, field: &str, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Value)> {
        let Some(samples) = self.field(group, field) else { return Vec::new() };
        let inside = samples.iter().filter(|(time, _)| *time > from && *time <= to);
        inside.filter_map(|(time, sample)| sample.as_ref().ok().map(|value| (*time, value.clone()))).collect()
    }

    fn field(&self, group: GroupIndex, field: &str) -> Option<&VecDeque<(Timestamp, Sample)>> {
        self.groups.get(group.0 as usize)?.fields.get(field)
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
        let all = matches!(function.as_str(), "ewma" | "cusum" | "baseline" | "worse" | "drift");
        for (_, arg) in args {
            if let ExprKind::Metric { group, .. } = &*arg.kind
                && let Some(at) = plan.groups.iter().position(|candidate| candidate.name == *group)
            {
                groups[at].keep.window = groups[at].keep.window.max(window);
                groups[at].keep.all |= all;
            }
        }
    }
    for child in expr.children() {
        widen(plan, child, groups);
    }
}

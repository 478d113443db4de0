//! How long everything takes at least and at most, and when it starts.
//!
//! What is known is counted: holds, waits, deadlines and timeouts. A step without a timeout may take for ever, so what
//! holds it has no upper end. Pauses are not foreseen.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use crate::plan::program::{BlockIndex, Item, NodeIndex, NodeKind, PhaseIndex, Plan, Step};

/// The shortest and the longest time; no longest when there is no end to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub min: Duration,
    pub max: Option<Duration>,
}

impl Span {
    pub const NOTHING: Self = Self { min: Duration::ZERO, max: Some(Duration::ZERO) };

    #[must_use]
    pub fn exactly(duration: Duration) -> Self {
        Self { min: duration, max: Some(duration) }
    }

    /// One after the other.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let max = self.max.zip(next.max).map(|(max, next)| max.saturating_add(next));
        Self { min: self.min.saturating_add(next.min), max }
    }

    /// Side by side.
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        Self { min: self.min.max(other.min), max: self.max.zip(other.max).map(|(max, other)| max.max(other)) }
    }

    #[must_use]
    pub fn times(self, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self { min: self.min.saturating_mul(count), max: self.max.map(|max| max.saturating_mul(count)) }
    }
}

/// When each phase starts and how long each node takes.
#[derive(Debug)]
pub struct Timing {
    nodes: Vec<Span>,
    starts: Vec<Span>,
    /// The phases whose known time decides how long the run takes.
    pub critical_path: Vec<PhaseIndex>,
    pub total: Span,
}

impl Timing {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut nodes = vec![Span::NOTHING; plan.nodes.len()];
        for phase in &plan.phases {
            let span = block_span(plan, phase.body, &mut nodes);
            nodes[phase.node.0 as usize] = span;
        }
        let starts = find_starts(plan, &nodes);
        let mut timing = Self { nodes, starts, critical_path: Vec::new(), total: Span::NOTHING };
        timing.total = timing.find_total(plan);
        timing.critical_path = timing.find_critical_path(plan);
        timing
    }

    #[must_use]
    pub fn node(&self, node: NodeIndex) -> Span {
        self.nodes[node.0 as usize]
    }

    /// The earliest and the latest instant a phase of the DAG starts at, from the start of the run.
    #[must_use]
    pub fn start(&self, phase: PhaseIndex) -> Span {
        self.starts[phase.0 as usize]
    }

    fn find_total(&self, plan: &Plan) -> Span {
        plan.dag()
            .fold(Span::NOTHING, |total, (index, phase)| total.beside(self.start(index).then(self.node(phase.node))))
    }

    /// The longest path by known time, then by the time it may take, then by its length.
    fn find_critical_path(&self, plan: &Plan) -> Vec<PhaseIndex> {
        let mut best: Vec<(Weight, Option<PhaseIndex>)> = Vec::with_capacity(plan.phases.len());
        let mut end: Option<(Weight, PhaseIndex)> = None;
        for (index, phase) in plan.dag() {
            let before = phase.after.iter().filter(|before| !plan.phase(**before).skipped);
            let longest = before.map(|before| (best[before.0 as usize].0, *before)).max_by_key(|(weight, _)| *weight);
            let weight = longest.map_or(Weight::default(), |(weight, _)| weight).plus(self.node(phase.node));
            best.push((weight, longest.map(|(_, before)| before)));
            if !phase.skipped && end.is_none_or(|(longest, _)| weight > longest) {
                end = Some((weight, index));
            }
        }
        let mut path = Vec::new();
        let mut at = end.map(|(_, index)| index);
        while let Some(index) = at {
            path.push(index);
            at = best[index.0 as usize].1;
        }
        path.reverse();
        path
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Weight {
    min: Duration,
    unbounded: bool,
    max: Duration,
    phases: usize,
}

impl Weight {
    fn plus(self, span: Span) -> Self {
        Self {
            min: self.min.saturating_add(span.min),
            unbounded: self.unbounded || span.max.is_none(),
            max: self.max.saturating_add(span.max.unwrap_or_default()),
            phases: self.phases + 1,
        }
    }
}

fn block_span(plan: &Plan, block: BlockIndex, nodes: &mut [Span]) -> Span {
    let block = plan.block(block);
    let mut span = Span::NOTHING;
    for item in &block.items {
        let inner = match item {
            Item::Block(inner) => block_span(plan, *inner, nodes),
            Item::Node(node) => {
                let inner = node_span(plan, *node, nodes);
                nodes[node.0 as usize] = inner;
                inner
            }
        };
        span = if block.parallel { span.beside(inner) } else { span.then(inner) };
    }
    span
}

fn node_span(plan: &Plan, node: NodeIndex, nodes: &mut [Span]) -> Span {
    match &plan.node(node).kind {
        NodeKind::Phase | NodeKind::Gate(_) => Span::NOTHING,
        NodeKind::Hold { duration, .. } | NodeKind::Wait(duration) => Span::exactly(*duration),
        NodeKind::Approve { within, .. } => Span { min: Duration::ZERO, max: *within },
        NodeKind::Ramp { weights, body, .. } => block_span(plan, *body, nodes).times(weights.len()),
        NodeKind::Step(step) => step_span(step),
    }
}

/// Every attempt may take the whole timeout, with the pauses between them.
fn step_span(step: &Step) -> Span {
    if step.is_switched_off() {
        return Span::NOTHING;
    }
    let attempts = step.timeout.map(|timeout| timeout.saturating_mul(step.retry.saturating_add(1)));
    Span { min: Duration::ZERO, max: attempts.map(|attempts| attempts.saturating_add(pauses(step))) }
}

fn pauses(step: &Step) -> Duration {
    let (mut pause, last) = step.backoff;
    let mut sum = Duration::ZERO;
    for done in 0..step.retry {
        if pause >= last || pause.is_zero() {
            return sum.saturating_add(pause.min(last).saturating_mul(step.retry - done));
        }
        sum = sum.saturating_add(pause);
        pause = pause.saturating_mul(2);
    }
    sum
}

/// Ends of the phases that hold the places of a `max N at once`; none is an end that never comes.
type Slots = BinaryHeap<Reverse<(bool, Duration)>>;

fn find_starts(plan: &Plan, nodes: &[Span]) -> Vec<Span> {
    let mut starts: Vec<Span> = Vec::with_capacity(plan.phases.len());
    let mut slots: HashMap<&str, (Slots, Slots)> = HashMap::new();
    for phase in &plan.phases {
        let end = |before: &PhaseIndex| starts[before.0 as usize].then(nodes[plan.phase(*before).node.0 as usize]);
        let mut start = phase.after.iter().map(end).fold(Span::NOTHING, Span::beside);
        if let Some(at_once) = phase.at_once.filter(|_| !phase.skipped) {
            let (first, last) = slots.entry(&phase.name).or_default();
            let takes = nodes[phase.node.0 as usize];
            start.min = wait_for_slot(first, at_once, Some(start.min), Some(takes.min)).unwrap_or(start.min);
            start.max = wait_for_slot(last, at_once, start.max, takes.max);
        }
        starts.push(start);
    }
    starts
}

/// The start of what wants a place from `ready` on and keeps it for `takes`.
fn wait_for_slot(
    slots: &mut Slots,
    places: usize,
    ready: Option<Duration>,
    takes: Option<Duration>,
) -> Option<Duration> {
    let mut start = ready;
    if slots.len() >= places
        && let Some(Reverse((never, free))) = slots.pop()
    {
        start = if never { None } else { start.map(|start| start.max(free)) };
    }
    let end = start.zip(takes).map(|(start, takes)| start.saturating_add(takes));
    slots.push(Reverse((end.is_none(), end.unwrap_or_default())));
    start
}

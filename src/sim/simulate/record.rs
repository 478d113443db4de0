//! What is kept of one run of many: its end, phases and traffic, which guards watched and which of them fired.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::story::{End, Story};
use super::super::verdict::causes;
use crate::base::time::Timestamp;
use crate::engine::event::Event;
use crate::engine::state::PhaseStatus;
use crate::plan::program::{NodeIndex, NodeKind, Plan};

/// Something that may stop a run: a trigger, a gate, a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    pub kind: GuardKind,
    /// `canary.trigger1`, `bench.gate1`
    pub id: String,
    /// `rollback when search.p99 > …`, or what is required.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardKind {
    Trigger,
    Gate,
    Hold,
}

impl GuardKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Gate => "gate",
            Self::Hold => "hold",
        }
    }
}

/// The guards of a plan, in the order of the plan; triggers first.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    pub all: Vec<Guard>,
    triggers: BTreeMap<String, usize>,
    nodes: BTreeMap<NodeIndex, usize>,
}

impl Guards {
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut guards = Self::default();
        for trigger in plan.blocks.iter().flat_map(|block| &block.triggers) {
            let text = format!("{} when {}", trigger.action.name(), trigger.condition.text);
            guards.triggers.insert(trigger.id.clone(), guards.all.len());
            guards.all.push(Guard { kind: GuardKind::Trigger, id: trigger.id.clone(), text });
        }
        for (index, node) in (0_u32..).map(NodeIndex).zip(&plan.nodes) {
            let (kind, conditions) = match &node.kind {
                NodeKind::Gate(conditions) => (GuardKind::Gate, conditions),
                NodeKind::Hold { conditions, .. } => (GuardKind::Hold, conditions),
                _ => continue,
            };
            let required: Vec<&str> = conditions
                .iter()
                .filter(|condition| !condition.warns)
                .map(|condition| condition.text.as_str())
                .collect();
            if !required.is_empty() {
                guards.nodes.insert(index, guards.all.len());
                guards.all.push(Guard { kind, id: node.id.clone(), text: required.join("; ") });
            }
        }
        guards
    }
}

/// One run, as it is reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// From 0.
    pub number: u64,
    pub outcome: &'static str,
    /// From the start of the run, as all times here.
    pub at: Duration,
    pub because: Option<String>,
    /// Metrics, nodes and triggers that decided.
    pub causes: Vec<String>,
    pub phases: Vec<PhaseRecord>,
    pub traffic: Vec<Weight>,
    pub events: usize,
    /// By the place of the guard: it watched, or was looked at.
    pub watched: Vec<bool>,
    /// By the place of the guard: when it fired or failed first.
    pub fired: Vec<Option<Duration>>,
    /// What met the bad version; none when it never became bad.
    pub met: Option<Met>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PhaseRecord {
    pub id: String,
    pub state: &'static str,
    pub started: Option<Duration>,
    pub ended: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    pub at: Duration,
    pub target: String,
    pub weight: f64,
}

/// How many requests met the bad version.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Met {
    /// As if all requests had met it for so many seconds.
    pub seconds: f64,
    /// Of the requests from the change for the worse to the end of the run.
    pub share: f64,
    /// From the change until no request met it any more; none: some still do.
    pub until: Option<Duration>,
}

impl Record {
    #[must_use]
    pub fn of(story: &Story, number: u64, guards: &Guards, onset: Option<Duration>) -> Self {
        let since = |at: Timestamp| at.since(story.script.start);
        let causes = causes(story);
        let decided = matches!(story.end, End::Ended { .. } | End::Paused { .. }) && !causes.reason.is_empty();
        let phases = story.plan.dag().map(|(index, phase)| {
            let state = story.state.phase(index);
            PhaseRecord {
                id: phase.id.clone(),
                state: state.status.name(),
                started: state.started_at.map(since),
                ended: state.ended_at.map(since),
            }
        });
        let traffic = traffic(story);
        let end = since(story.end.at());
        let (watched, fired) = watch(story, guards);
        Self {
            number,
            outcome: story.end.name(),
            at: end,
            because: decided.then_some(causes.reason),
            causes: causes.names,
            phases: phases.collect(),
            met: onset.and_then(|onset| met(&traffic, onset, end)),
            traffic,
            events: story.count,
            watched,
            fired,
        }
    }

    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.phases.iter().any(|phase| phase.state == PhaseStatus::Undone.name())
    }
}

fn traffic(story: &Story) -> Vec<Weight> {
    let weights = story.events.iter().filter_map(|recorded| match &recorded.event {
        Event::WeightSet { target, weight, .. } | Event::WeightRestored { target, weight, .. } => {
            Some(Weight { at: recorded.at.since(story.script.start), target: target.clone(), weight: weight.to_f64() })
        }
        _ => None,
    });
    weights.collect()
}

fn watch(story: &Story, guards: &Guards) -> (Vec<bool>, Vec<Option<Duration>>) {
    let mut watched = vec![false; guards.all.len()];
    let mut fired = vec![None; guards.all.len()];
    for frame in &story.state.frames {
        for trigger in &story.plan.block(frame.block).triggers {
            if let Some(place) = guards.triggers.get(&trigger.id) {
                watched[*place] = true;
            }
        }
    }
    for recorded in &story.events {
        let since = recorded.at.since(story.script.start);
        match &recorded.event {
            Event::NodeStarted { node, .. } => {
                guards.nodes.get(node).into_iter().for_each(|place| watched[*place] = true);
            }
            Event::NodeFailed { node, .. } => {
                let place = guards.nodes.get(node);
                place.into_iter().for_each(|place| fired[*place] = fired[*place].or(Some(since)));
            }
            Event::TriggerFired { trigger, .. } => {
                let place = guards.triggers.get(trigger);
                place.into_iter().for_each(|place| fired[*place] = fired[*place].or(Some(since)));
            }
            _ => {}
        }
    }
    (watched, fired)
}

/// The weight from the change on, summed up over time; of several targets the greatest weight counts.
fn met(traffic: &[Weight], onset: Duration, end: Duration) -> Option<Met> {
    let length = end.checked_sub(onset)?.as_secs_f64();
    let mut weights: BTreeMap<&str, f64> = BTreeMap::new();
    let (mut seconds, mut before, mut since) = (0.0, 0.0, onset);
    let mut until = Some(onset);
    let steps = traffic.iter().map(|step| (step.at, Some(step))).chain([(end, None)]);
    for (at, step) in steps {
        seconds += before * at.saturating_sub(since).as_secs_f64();
        since = since.max(at);
        if let Some(step) = step {
            weights.insert(&step.target, step.weight);
            let now = weights.values().copied().fold(0.0, f64::max);
            if now == 0.0 && before > 0.0 {
                until = Some(at.max(onset));
            } else if now > 0.0 {
                until = None;
            }
            before = now;
        }
    }
    let share = if length > 0.0 { seconds / length } else { before };
    Some(Met { seconds, share, until: until.map(|until| until.saturating_sub(onset)) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Met, Weight, met};

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    fn weights(steps: &[(u64, f64)]) -> Vec<Weight> {
        steps.iter().map(|(at, weight)| Weight { at: minutes(*at), target: "t".to_owned(), weight: *weight }).collect()
    }

    #[test]
    fn what_meets_the_bad_version_is_the_weight_from_the_change_on() {
        // A quarter from minute 10, the change at 20, back at 30: ten minutes of a quarter.
        let found = met(&weights(&[(10, 0.25), (30, 0.0)]), minutes(20), minutes(30));
        assert_eq!(found, Some(Met { seconds: 150.0, share: 0.25, until: Some(minutes(10)) }));
        // Never taken back, and everything from minute 30 on.
        let found = met(&weights(&[(10, 0.25), (30, 1.0)]), minutes(20), minutes(40));
        assert_eq!(found, Some(Met { seconds: 750.0, share: 0.625, until: None }));
        // Bad before anybody met it.
        let found = met(&weights(&[(10, 0.5), (20, 0.0)]), minutes(0), minutes(40)).expect("it was bad");
        assert_eq!((found.seconds, found.share), (300.0, 0.125));
        assert_eq!(met(&weights(&[]), minutes(20), minutes(10)), None);
    }
}

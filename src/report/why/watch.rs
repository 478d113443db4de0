//! Goes through a journal once more and watches conditions: each look at them, and how they stood when something was decided.

use std::collections::BTreeMap;
use std::time::Duration;

use super::course::{Comparisons, Course};
use crate::base::time::Timestamp;
use crate::engine::event::{Event, ExecId, FrameId, Recorded};
use crate::engine::exec::Detail;
use crate::engine::judge::Judge;
use crate::engine::scene::Scene;
use crate::engine::state::State;
use crate::plan::program::{Condition, GroupIndex, NodeKind, Plan};

/// Conditions that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An execution of a hold or a gate.
    Exec(ExecId),
    /// A trigger, in whichever frame its block runs: block and index.
    Trigger(u32, u32),
}

/// One condition, watched.
#[derive(Debug, Clone)]
pub struct Watched {
    /// As it stood last, or when it had fired.
    pub judge: Judge,
    /// How often it was looked at: good, bad, unknown.
    pub looks: [u32; 3],
    /// The longest time it was bad in a row, and the most evaluations.
    pub longest: (Duration, u32),
    /// When its block began.
    pub since: Option<Timestamp>,
    pub courses: Vec<Course>,
}

/// Of a gate so many samples before its judgement are shown.
const BEFORE_A_GATE: usize = 60;

struct Watch<'p> {
    condition: &'p Condition,
    comparisons: Comparisons<'p>,
    judge: Judge,
    looks: [u32; 3],
    longest: (Duration, u32),
    since: Option<Timestamp>,
}

/// Watches the conditions at `places`.
#[must_use]
pub fn watch(plan: &Plan, base: &State, events: &[Recorded], places: &[Place]) -> BTreeMap<Place, Vec<Watched>> {
    let mut state = base.clone();
    let mut watches: BTreeMap<Place, Vec<Watch<'_>>> = BTreeMap::new();
    let known = known_execs(base, events);
    for place in places {
        watches.insert(*place, conditions(plan, &known, *place).into_iter().map(Watch::new).collect());
    }
    let mut frames: BTreeMap<u32, Vec<FrameId>> = BTreeMap::new();
    let mut listed = 0;
    for recorded in events {
        state.apply(plan, recorded);
        for frame in &state.frames[listed..] {
            frames.entry(frame.block.0).or_default().push(frame.id);
        }
        listed = state.frames.len();
        for (place, watches) in &mut watches {
            match place {
                Place::Exec(id) => look_at_exec(plan, &state, (*id, recorded), watches),
                Place::Trigger(block, index) => {
                    let frames = frames.get(block).map(Vec::as_slice).unwrap_or_default();
                    look_at_trigger(plan, &state, (frames, *index, recorded), watches);
                }
            }
        }
    }
    let done = |watches: Vec<Watch<'_>>| watches.into_iter().map(Watch::done).collect();
    watches.into_iter().map(|(place, watches)| (place, done(watches))).collect()
}

/// The node of each execution.
fn known_execs(base: &State, events: &[Recorded]) -> BTreeMap<ExecId, u32> {
    let before = base.execs.iter().map(|exec| (exec.id, exec.node.0));
    let begun = events.iter().filter_map(|recorded| match &recorded.event {
        Event::NodeStarted { node, exec, .. } => Some((*exec, node.0)),
        _ => None,
    });
    before.chain(begun).collect()
}

fn conditions<'p>(plan: &'p Plan, execs: &BTreeMap<ExecId, u32>, place: Place) -> Vec<(&'p Condition, bool)> {
    match place {
        Place::Exec(exec) => {
            match execs.get(&exec).and_then(|node| plan.nodes.get(*node as usize)).map(|it| &it.kind) {
                Some(NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. }) => {
                    conditions.iter().map(|condition| (condition, false)).collect()
                }
                _ => Vec::new(),
            }
        }
        Place::Trigger(block, index) => {
            let block = plan.blocks.get(block as usize);
            let trigger = block.and_then(|block| block.triggers.get(index as usize));
            trigger.map(|trigger| (&trigger.condition, true)).into_iter().collect()
        }
    }
}

fn look_at_exec(plan: &Plan, state: &State, (id, recorded): (ExecId, &Recorded), watches: &mut [Watch<'_>]) {
    let Some(exec) = state.execs.get(id.0 as usize) else {
        return watches.iter_mut().for_each(|watch| watch.sampled(plan, state, None, recorded));
    };
    match &exec.detail {
        Detail::Hold(hold) => {
            for (watch, judge) in watches.iter_mut().zip(&hold.judges) {
                watch.take(plan, state, (exec.frame, exec.started_at), judge);
            }
        }
        Detail::Gate(_) if exec.ended_at.is_none() => {
            watches.iter_mut().for_each(|watch| watch.sampled(plan, state, Some(exec.frame), recorded));
        }
        _ => {}
    }
}

fn look_at_trigger(
    plan: &Plan,
    state: &State,
    (frames, index, recorded): (&[FrameId], u32, &Recorded),
    watches: &mut [Watch<'_>],
) {
    let fired = |id: FrameId| matches!(&recorded.event, Event::TriggerFired { frame, index: which, .. } if *frame == id && *which == index);
    for frame in frames.iter().map(|id| state.frame(*id)).filter(|frame| !frame.ended || fired(frame.id)) {
        if let Some(judge) = frame.judges.get(index as usize) {
            watches.iter_mut().for_each(|watch| watch.take(plan, state, (frame.id, frame.started_at), judge));
        }
    }
}

impl<'p> Watch<'p> {
    fn new((condition, bad_when): (&'p Condition, bool)) -> Self {
        Self {
            condition,
            comparisons: Comparisons::of(&condition.expr, bad_when),
            judge: Judge::default(),
            looks: [0; 3],
            longest: (Duration::ZERO, 0),
            since: None,
        }
    }

    /// Takes in an evaluation, if there was one.
    fn take(&mut self, plan: &Plan, state: &State, (frame, since): (FrameId, Timestamp), judge: &Judge) {
        self.since = self.since.or(Some(since));
        if judge.last == self.judge.last && judge.seen == self.judge.seen {
            self.judge.fired |= judge.fired;
            return;
        }
        let look = judge.last.filter(|last| Some(*last) != self.judge.last);
        let seen_before = std::mem::take(&mut self.judge.evidence);
        self.longest = (self.longest.0.max(judge.held), self.longest.1.max(judge.count));
        self.judge = judge.clone();
        let Some((at, verdict)) = look else {
            // Only its counters moved. By now the sample it looked at may have made room for a newer one.
            self.judge.evidence = seen_before;
            return;
        };
        let kind = match verdict {
            Some(false) => 0,
            Some(true) => 1,
            None => 2,
        };
        self.looks[kind] += 1;
        let scene = Scene { plan, state, frame: Some(frame), at };
        self.comparisons.look(&scene);
        // Of a good one the engine keeps no words.
        self.judge.evidence = scene.seen(self.condition, &judge.evidence);
    }

    /// Looks at each sample of what a gate reads: a gate itself looks once.
    fn sampled(&mut self, plan: &Plan, state: &State, frame: Option<FrameId>, recorded: &Recorded) {
        let at = match &recorded.event {
            Event::Sampled { group, tick, .. } if self.reads(*group) => *tick,
            Event::GateJudged { .. } if frame.is_some() && !self.condition.reads.is_empty() => recorded.at,
            _ => return,
        };
        self.comparisons.look(&Scene { plan, state, frame, at });
        self.comparisons.keep_last(BEFORE_A_GATE);
    }

    fn reads(&self, group: GroupIndex) -> bool {
        self.condition.reads.iter().any(|read| read.group == group)
    }

    fn done(self) -> Watched {
        Watched {
            judge: self.judge,
            looks: self.looks,
            longest: self.longest,
            since: self.since,
            courses: self.comparisons.into_courses(),
        }
    }
}

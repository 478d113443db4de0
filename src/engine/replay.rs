//! Decides a recorded run once more: the facts of its journal go in, and every decision has to come out as it stands there.
//!
//! Facts are what came from outside: the start, samples, outcomes, commands, and when anything happened. All other events are
//! decisions. That a process ended and another went on is no event of its own: where a decision does not come out, it is tried
//! whether it does after a recovery there. Pure; the journal is not touched.

use super::event::{EffectKey, Event, Recorded};
use super::state::State;
use super::turn::{Answer, Command, Decision, Engine, Input};
use crate::contract::registry::Registry;
use crate::contract::types::encode;
use crate::plan::program::{GroupIndex, NodeIndex, NodeKind, Plan};

/// So many events at most are folded anew to try a recovery.
const CHECKPOINT: usize = 4_096;

/// What came of deciding a journal anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Events that came out as they stand in the journal.
    pub events: u64,
    /// Turns that were taken for them.
    pub turns: u64,
    /// The events before which another process went on with the run.
    pub recoveries: Vec<u64>,
    /// How many events the last turn decides that the journal does not hold any more: it was cut inside of a turn.
    pub cut: usize,
    pub divergence: Option<Divergence>,
}

/// Where a decision is another one now.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The number of the event.
    pub seq: u64,
    pub journal: Recorded,
    /// What is decided now; none: nothing.
    pub decided: Option<Recorded>,
}

/// Decides `events` anew, which follow upon `from`: a run without a past, or a snapshot of one.
#[must_use]
pub fn replay(plan: &Plan, registry: &Registry, from: &State, events: &[Recorded]) -> Replayed {
    let mut replay = Replay {
        plan,
        registry,
        events,
        engine: Engine::restored(plan, registry, from.clone()),
        checkpoint: (0, from.clone()),
        replayed: Replayed { events: 0, turns: 0, recoveries: Vec::new(), cut: 0, divergence: None },
    };
    replay.take_up();
    let mut next = 0;
    while next < events.len() {
        match replay.one_turn(next) {
            Ok(count) => next += count,
            Err(divergence) => {
                replay.replayed.divergence = Some(*divergence);
                break;
            }
        }
    }
    replay.replayed.events = next as u64;
    replay.replayed
}

struct Replay<'a> {
    plan: &'a Plan,
    registry: &'a Registry,
    events: &'a [Recorded],
    engine: Engine<'a>,
    /// A state from which the present one can be folded: how many events it holds, and itself.
    checkpoint: (usize, State),
    replayed: Replayed,
}

/// A turn did not come out: after how many events, and what was decided instead.
struct Mismatch {
    matched: usize,
    divergence: Box<Divergence>,
}

impl Replay<'_> {
    /// A state without work in hand is looked at as whoever left it there had done.
    fn take_up(&mut self) {
        let (plan, state) = (self.plan, &mut self.engine.state);
        if !state.started {
            return;
        }
        let now = state.last_at;
        for (index, (group, sampling)) in (0u32..).zip(plan.groups.iter().zip(&mut state.live.sampling)) {
            let latest = state.series.latest_tick(GroupIndex(index));
            sampling.next = Some(latest.map_or(state.started_at, |latest| latest.plus(group.every)));
        }
        state.enqueue_everything(plan);
        if !self.engine.turn(Input::Tick, now).events.is_empty() {
            self.engine = Engine::restored(self.plan, self.registry, self.checkpoint.1.clone());
        }
    }

    /// How many events the next turn explains.
    fn one_turn(&mut self, at: usize) -> Result<usize, Box<Divergence>> {
        if let Some(beside) = self.events.get(at).filter(|recorded| recorded.event.is_beside()) {
            self.engine.state.apply(self.plan, beside);
            return Ok(1);
        }
        let first = match self.attempt(at) {
            Ok(count) => return Ok(count),
            Err(first) => first,
        };
        // A recovery came before it; or, in a journal cut inside of a turn, behind the events that did come out.
        let mut best = (first.matched, first.divergence);
        for skipped in [0, first.matched] {
            match self.recovered(at + skipped) {
                Ok(count) => {
                    self.replayed.recoveries.push(self.events[at + skipped].seq);
                    return Ok(skipped + count);
                }
                Err(mismatch) if skipped + mismatch.matched > best.0 => {
                    best = (skipped + mismatch.matched, mismatch.divergence);
                }
                Err(_) => {}
            }
            if first.matched == 0 {
                break;
            }
        }
        Err(best.1)
    }

    /// The turn that event `at` begins, from the present state.
    fn attempt(&mut self, at: usize) -> Result<usize, Mismatch> {
        let Some(first) = self.events.get(at) else { return Ok(0) };
        let input = input(self.plan, &self.events[at..]);
        if let Input::Sampled { group, tick, .. } = &input
            && let Some(sampling) = self.engine.state.live.sampling.get_mut(group.0 as usize)
        {
            // When it was asked for is not in the journal.
            sampling.in_flight = Some(*tick);
        }
        let decision = self.engine.turn(input, first.at);
        self.compare(at, decision)
    }

    /// A recovery before event `at`, on a state that is folded anew, and what follows upon it.
    fn recovered(&mut self, at: usize) -> Result<usize, Mismatch> {
        let Some(first) = self.events.get(at) else { return Ok(0) };
        let (mut behind, mut state) = (self.checkpoint.0, self.checkpoint.1.clone());
        for recorded in &self.events[behind..at] {
            state.apply(self.plan, recorded);
            behind += 1;
        }
        debug_assert_eq!(behind, at, "a checkpoint is never ahead");
        self.engine = Engine::restored(self.plan, self.registry, state);
        let decision = self.engine.turn(Input::Recover, first.at);
        if decision.events.is_empty() { self.attempt(at) } else { self.compare(at, decision) }
    }

    fn compare(&mut self, at: usize, decision: Decision) -> Result<usize, Mismatch> {
        let journal = &self.events[at..];
        let pairs = journal.iter().zip(&decision.events);
        let matched = pairs.take_while(|(journal, decided)| is_same(journal, decided)).count();
        let whole = decision.events.len().min(journal.len());
        if matched == whole && matched > 0 {
            self.replayed.turns += 1;
            self.replayed.cut = decision.events.len() - matched;
            self.keep_checkpoint(at + matched);
            return Ok(matched);
        }
        let seq = journal[matched].seq;
        let decided = decision.events.into_iter().nth(matched);
        let divergence = Box::new(Divergence { seq, journal: journal[matched].clone(), decided });
        Err(Mismatch { matched, divergence })
    }

    fn keep_checkpoint(&mut self, behind: usize) {
        if behind - self.checkpoint.0 >= CHECKPOINT && self.replayed.cut == 0 {
            self.checkpoint = (behind, self.engine.state().as_folded(self.plan));
        }
    }
}

/// Bit for bit: what cannot be told apart by its value (a number and its writing) is by its text.
fn is_same(journal: &Recorded, decided: &Recorded) -> bool {
    let text = |recorded: &Recorded| serde_json::to_string(recorded).ok();
    journal == decided || text(journal).is_some_and(|journal| Some(journal) == text(decided))
}

/// The fact that the first of these events is, or that time went on.
fn input(plan: &Plan, events: &[Recorded]) -> Input {
    let event = events.first().map(|recorded| &recorded.event);
    match event {
        Some(Event::RunStarted { run_id, actor, jobs }) => {
            Input::Start { run_id: run_id.clone(), actor: actor.clone(), jobs: *jobs }
        }
        Some(Event::Sampled { group, tick, values }) => {
            Input::Sampled { group: *group, tick: *tick, values: values.clone() }
        }
        Some(Event::EffectEnded { key, outcome, .. }) => Input::EffectEnded { key: *key, outcome: outcome.clone() },
        Some(Event::NoticeEnded { notice, outcome }) => {
            Input::EffectEnded { key: EffectKey::Notice(*notice), outcome: outcome.clone() }
        }
        Some(Event::OperatorActed { command, actor, reason }) => match self::command(plan, command, &events[1..]) {
            Some(command) => {
                Input::Operator { command: Box::new(command), actor: actor.clone(), reason: reason.clone() }
            }
            None => Input::Tick,
        },
        _ => Input::Tick,
    }
}

/// A command as it was given: its word, and what the events behind it say of its object.
fn command(plan: &Plan, word: &str, behind: &[Recorded]) -> Option<Command> {
    let id = |node: &NodeIndex| plan.nodes.get(node.0 as usize).map(|node| node.id.clone());
    match (word, behind.first().map(|recorded| &recorded.event)) {
        ("approve", Some(Event::Approved { node, .. })) => {
            Some(Command::Approve { node: id(node), groups: Vec::new() })
        }
        ("approve", _) => Some(Command::Approve { node: None, groups: Vec::new() }),
        ("resolve", Some(Event::Resolved { node, answer, .. })) => {
            let answer = [Answer::Done, Answer::Redo, Answer::Undo].into_iter().find(|known| known.name() == answer)?;
            Some(Command::Resolve { node: id(node)?, answer, output: given(plan, *node, &behind[1..]) })
        }
        ("pause", _) => Some(Command::Pause),
        ("resume", _) => Some(Command::Resume),
        ("abort", _) => Some(Command::Abort),
        ("rollback", _) => Some(Command::Rollback),
        _ => None,
    }
}

/// The output that a person gave a step: raw, as it was given.
fn given(plan: &Plan, index: NodeIndex, behind: &[Recorded]) -> Option<serde_json::Value> {
    let NodeKind::Step(step) = &plan.nodes.get(index.0 as usize)?.kind else { return None };
    let next = behind.iter().find(|recorded| !matches!(recorded.event, Event::CauseCleared { .. }))?;
    match &next.event {
        Event::NodePassed { node, output, .. } if *node == index => Some(encode(output, &step.output)),
        _ => None,
    }
}

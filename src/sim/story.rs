//! A run in a scripted world, from its beginning to its end: how it is led through it, and what is left of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Simulation;
use super::people::{self, Run};
use super::script::{Deed, Script};
use super::watch::Watched;
use super::world::{Performed, ScriptedWorld};
use crate::base::time::Timestamp;
use crate::contract::registry::Registry;
use crate::engine::event::{Event, PauseCause, Recorded, RunOutcome};
use crate::engine::exec::{Detail, ExecStatus};
use crate::engine::judge::Judge;
use crate::engine::state::{PhaseStatus, State};
use crate::model::phase::MissingPolicy;
use crate::plan::places::Places;
use crate::plan::program::{Plan, Sustain, Trigger};

/// A gap that comes by chance is waited for no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 86_400);
/// Turns after which a run is given up: a month at a sample a second has fewer.
const MOST_TURNS: u32 = 5_000_000;

/// A run in a scripted world, from its beginning to its end.
#[derive(Debug)]
pub struct Story {
    pub plan: Arc<Plan>,
    pub places: Places,
    pub script: Arc<Script>,
    /// All that happened, in order, but the samples.
    pub events: Vec<Recorded>,
    /// How many events there were, samples included.
    pub count: usize,
    pub state: State,
    pub performed: Vec<Performed>,
    pub end: End,
    /// What people did to no avail, with the reason.
    pub refusals: Vec<(Timestamp, String)>,
    /// By the place of the expectation.
    pub(super) watched: Vec<Watched>,
}

/// Where a run has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Ended {
        outcome: RunOutcome,
        at: Timestamp,
    },
    /// Since `at`, and nothing given will resume it.
    Paused {
        at: Timestamp,
    },
    /// It waits for something that nobody has given: an approval without a deadline.
    Waiting {
        at: Timestamp,
    },
    /// It was given up.
    Endless {
        at: Timestamp,
    },
}

impl End {
    #[must_use]
    pub fn at(self) -> Timestamp {
        match self {
            Self::Ended { at, .. } | Self::Paused { at } | Self::Waiting { at } | Self::Endless { at } => at,
        }
    }

    /// `rolled_back`, `paused`; `running` for what has not ended.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ended { outcome, .. } => outcome.name(),
            Self::Paused { .. } => "paused",
            Self::Waiting { .. } | Self::Endless { .. } => "running",
        }
    }
}

/// Who looks on while a run goes through its world.
pub(super) trait Onlooker {
    /// Takes in what has just happened.
    fn see(&mut self, run: &Run<'_>);

    /// Nothing that may still happen matters.
    fn has_seen_enough(&self) -> bool {
        false
    }

    /// What people do about what has just happened.
    fn deeds(&mut self) -> Vec<(Timestamp, Deed)> {
        Vec::new()
    }
}

/// What is left of a simulation.
pub(super) struct Happened {
    /// Without the samples.
    pub events: Vec<Recorded>,
    pub count: usize,
    pub state: State,
    pub performed: Vec<Performed>,
    pub refusals: Vec<(Timestamp, String)>,
}

/// Lets a run go through its world, to its end or until nothing will move it any more.
pub(super) fn live<'a>(
    plan: &'a Plan,
    script: &'a Script,
    registry: &'a Registry,
    onlooker: &mut dyn Onlooker,
) -> (Happened, End) {
    let mut run: Run<'a> = Simulation::start(plan, registry, ScriptedWorld::new(plan, script), script.start);
    let mut deeds = Deeds::new(script);
    let last = script.last_turn();
    if !deeds.crashes {
        run.forget_samples();
    }
    let mut refusals = Vec::new();
    let mut turns = 0u32;
    let mut end = None;
    onlooker.see(&run);
    deeds.add(onlooker.deeds());
    while !run.is_over() && !onlooker.has_seen_enough() && end.is_none() {
        let next = run.next_at();
        if let Some((at, deed)) = deeds.due(next) {
            let (after, refusal) = people::act(run, registry, (at, &deed), |run| onlooker.see(run));
            run = after;
            refusals.extend(refusal.map(|refusal| (at, refusal)));
        } else if next.is_none() {
            break;
        } else if next.is_some_and(|next| next > run.now()) && deeds.is_empty() && is_settled(&run, script, last) {
            end = standstill(&run);
            if end.is_none() {
                run.step();
            }
        } else {
            run.step();
        }
        onlooker.see(&run);
        deeds.add(onlooker.deeds());
        turns = turns.saturating_add(1);
        if turns > MOST_TURNS {
            end = Some(End::Endless { at: run.now() });
        }
    }
    let end = end.unwrap_or_else(|| ended(&run));
    let count = run.count;
    let (state, world, events) = run.into_parts();
    let events = events.into_iter().filter(|event| !matches!(event.event, Event::Sampled { .. })).collect();
    (Happened { events, count, state, performed: world.performed, refusals }, end)
}

/// Nothing that is given goes another way any more. Gaps at random end as well, but not what else has stopped a run.
fn is_settled(run: &Run<'_>, script: &Script, last: Option<Timestamp>) -> bool {
    let now = run.now();
    let state = run.state();
    let wants_data =
        |cause: &PauseCause| matches!(cause, PauseCause::MissingForTrigger(..) | PauseCause::MissingForHold(..));
    let may_end = state.paused_since.is_some_and(|since| now.since(since) < LONGEST_WAIT)
        && state.pause.iter().all(wants_data)
        && script.has_random_gaps();
    last.is_none_or(|last| last <= now) && !may_end
}

/// What is still to be done, by time; at one instant as it was written.
struct Deeds {
    queue: BTreeMap<(Timestamp, usize), Deed>,
    next: usize,
    /// The engine is killed at least once: another one goes on from everything that was recorded.
    crashes: bool,
}

impl Deeds {
    fn new(script: &Script) -> Self {
        let crashes = script.deeds.iter().any(|(_, deed)| *deed == Deed::Crash);
        let mut deeds = Self { queue: BTreeMap::new(), next: 0, crashes };
        deeds.add(script.deeds.clone());
        deeds
    }

    fn add(&mut self, deeds: Vec<(Timestamp, Deed)>) {
        for (at, deed) in deeds {
            self.queue.insert((at, self.next), deed);
            self.next += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The first one, when nothing else happens before it.
    fn due(&mut self, next: Option<Timestamp>) -> Option<(Timestamp, Deed)> {
        let first = self.queue.first_entry().filter(|first| next.is_none_or(|next| next >= first.key().0))?;
        let ((at, _), deed) = first.remove_entry();
        Some((at, deed))
    }
}

fn ended(run: &Run<'_>) -> End {
    let end = run.events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::RunEnded { outcome, .. } => Some(End::Ended { outcome: *outcome, at: recorded.at }),
        _ => None,
    });
    let state = run.state();
    match (end, state.paused_since) {
        (Some(end), _) if state.outcome.is_some() => end,
        (_, Some(at)) if state.is_paused() => End::Paused { at },
        _ => End::Waiting { at: run.now() },
    }
}

/// Where the run has come to, when nothing that is given will move it any more.
fn standstill(run: &Run<'_>) -> Option<End> {
    let state = run.state();
    if run.is_expecting() || !state.is_forward() {
        return None;
    }
    let end = match state.paused_since.filter(|_| state.is_paused()) {
        Some(at) => End::Paused { at },
        None if waits_for_people(run) => End::Waiting { at: run.now() },
        None => return None,
    };
    (!trigger_under_way(run)).then_some(end)
}

/// All that is left waits for somebody without a deadline.
fn waits_for_people(run: &Run<'_>) -> bool {
    let state = run.state();
    let mut running = state.running().peekable();
    let waits = running.peek().is_some()
        && running.all(|exec| {
            exec.status == ExecStatus::Running && matches!(exec.detail, Detail::Approve { deadline: None, .. })
        });
    let delayed = |phase: &crate::engine::state::PhaseState| {
        phase.status == PhaseStatus::Waiting && phase.delayed_until.is_some()
    };
    waits && run.plan.timeout.is_none() && !state.phases.iter().any(delayed)
}

/// Whether a trigger may still fire without anything else being given.
fn trigger_under_way(run: &Run<'_>) -> bool {
    let open = run.state().frames.iter().filter(|frame| !frame.ended);
    open.into_iter().any(|frame| {
        let triggers = run.plan.block(frame.block).triggers.iter().zip(&frame.judges);
        triggers.into_iter().any(|(trigger, judge)| is_under_way(trigger, judge, run.now().since(frame.started_at)))
    })
}

fn is_under_way(trigger: &Trigger, judge: &Judge, elapsed: Duration) -> bool {
    let condition = &trigger.condition;
    if condition.reads.is_empty() || judge.fired {
        return false;
    }
    let warming = match condition.after {
        Some(Sustain::Time(time)) => elapsed < time,
        Some(Sustain::Samples(samples)) => judge.seen < samples,
        None => false,
    };
    let verdict = judge.last.map(|(_, verdict)| verdict);
    let breach = condition.missing == MissingPolicy::Breach && !judge.is_missing();
    warming || verdict == Some(Some(true)) || (verdict == Some(None) && breach)
}

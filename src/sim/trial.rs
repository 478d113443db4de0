//! One test: its plan, its world, its run in virtual time, and what became of what it expects.

use std::time::Duration;

use super::Simulation;
use super::composites;
use super::constants::Constants;
use super::given::{self, Recordings};
use super::people::{self, Run};
use super::script::Script;
use super::stand_in;
use super::verdict::{self, Failure};
use super::watch::{Watch, Watched};
use super::world::{Performed, ScriptedWorld};
use crate::base::source::Sources;
use crate::base::time::Timestamp;
use crate::contract::registry::Registry;
use crate::engine::event::{Event, Recorded, RunOutcome};
use crate::engine::exec::{Detail, ExecStatus};
use crate::engine::judge::Judge;
use crate::engine::state::{PhaseStatus, State};
use crate::model::phase::MissingPolicy;
use crate::model::program::Program;
use crate::model::scenario::Test;
use crate::plan::build_launch;
use crate::plan::places::Places;
use crate::plan::program::{Plan, Sustain, Trigger};
use crate::plan::request::PlanError;

/// Turns after which a run is given up: a month at a sample a second has fewer.
const MOST_TURNS: u32 = 5_000_000;

/// A test with what came of it.
#[derive(Debug)]
pub struct Trial {
    pub failures: Vec<Failure>,
    /// None: there was nothing to run.
    pub story: Option<Story>,
}

/// A run in the world of a test, from its beginning to its end.
#[derive(Debug)]
pub struct Story {
    pub plan: Plan,
    pub places: Places,
    pub script: Script,
    /// All that happened, in order, but the samples.
    pub events: Vec<Recorded>,
    /// How many events there were, samples included.
    pub count: usize,
    pub state: State,
    pub performed: Vec<Performed>,
    pub end: End,
    /// What people did to no avail, with the reason.
    pub refusals: Vec<(Timestamp, String)>,
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

/// Runs a test of a program that has no errors.
#[must_use]
pub fn run(program: &Program, test: &Test, real: &Registry, recordings: &Recordings) -> Trial {
    let environment = test.launch.environment.as_deref();
    let environment = match environment {
        Some(name) => program.environments.get(name),
        None => program.environments.values().next(),
    };
    let constants = Constants::new(environment);
    let failed = |failures| Trial { failures, story: None };
    let files = match given::files(test, &constants) {
        Ok(files) => files,
        Err(failures) => return failed(failures),
    };
    let (mut plan, places) = match build_launch(program, &test.launch, &Sources::default(), &files) {
        Ok(built) => built,
        Err(errors) => return failed(errors.into_iter().map(|error| unplanned(test, error)).collect()),
    };
    composites::stand_in(&mut plan);
    let script = match given::script(program, test, (&plan, files), (&constants, recordings)) {
        Ok(script) => script,
        Err(failures) => return failed(failures),
    };
    let mut watch = Watch::new(test, &constants);
    let (happened, end, refusals) = live(&plan, &script, stand_in::registry(real), &mut watch);
    let Happened { events, state, performed } = happened;
    let reading = watch.reading.take();
    let watched = watch.watched;
    let count = events.len();
    let events = events.into_iter().filter(|event| !matches!(event.event, Event::Sampled { .. })).collect();
    let story = Story { plan, places, script, events, count, state, performed, end, refusals, watched };
    let failures = match reading {
        Some((at, reading)) => {
            let message = format!("`{}` reads `{}`, which nobody gave", reading.reader, reading.field);
            let around = Some(at);
            vec![Failure { at: test.at, expected: None, message, around }]
        }
        None => verdict::judge(test, &story, &constants),
    };
    Trial { failures, story: Some(story) }
}

fn unplanned(test: &Test, error: PlanError) -> Failure {
    let help = error.help.map_or(String::new(), |help| format!(" ({help})"));
    let message = format!("there is no plan: {}{help}", error.message);
    Failure { at: error.at.unwrap_or(test.launch.at), expected: None, message, around: None }
}

/// What is left of a simulation.
struct Happened {
    events: Vec<Recorded>,
    state: State,
    performed: Vec<Performed>,
}

fn live<'a>(
    plan: &'a Plan,
    script: &'a Script,
    registry: &'a Registry,
    watch: &mut Watch<'_>,
) -> (Happened, End, Vec<(Timestamp, String)>) {
    let mut run: Run<'a> = Simulation::start(plan, registry, ScriptedWorld::new(plan, script), script.start);
    watch.see(&run);
    let turning_points = script.turning_points();
    let mut deeds = script.deeds.iter().peekable();
    let mut refusals = Vec::new();
    let mut turns = 0u32;
    let mut end = None;
    while !run.is_over() && watch.reading.is_none() && end.is_none() {
        let next = run.next_at();
        let due = deeds.peek().filter(|(at, _)| next.is_none_or(|next| next >= *at));
        if let Some((at, deed)) = due.map(|due| (due.0, &due.1)) {
            deeds.next();
            let (after, refusal) = people::act(run, registry, (at, deed), |run| watch.see(run));
            run = after;
            refusals.extend(refusal.map(|refusal| (at, refusal)));
        } else if next.is_none() {
            break;
        } else if next.is_some_and(|next| next > run.now())
            && deeds.peek().is_none()
            && turning_points.last().is_none_or(|last| *last <= run.now())
        {
            end = standstill(&run);
            if end.is_none() {
                run.step();
            }
        } else {
            run.step();
        }
        watch.see(&run);
        turns = turns.saturating_add(1);
        if turns > MOST_TURNS {
            end = Some(End::Endless { at: run.now() });
        }
    }
    let end = end.unwrap_or_else(|| ended(&run));
    let (state, world, events) = run.into_parts();
    (Happened { events, state, performed: world.performed }, end, refusals)
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
    if run.is_expecting() || !state.is_forward() || trigger_under_way(run) {
        return None;
    }
    if state.is_paused() {
        return state.paused_since.map(|at| End::Paused { at });
    }
    let mut running = state.running().peekable();
    let waits = running.peek().is_some()
        && running.all(|exec| {
            exec.status == ExecStatus::Running && matches!(exec.detail, Detail::Approve { deadline: None, .. })
        });
    let delayed = |phase: &crate::engine::state::PhaseState| {
        phase.status == PhaseStatus::Waiting && phase.delayed_until.is_some()
    };
    let later = run.plan.timeout.is_some() || state.phases.iter().any(delayed);
    (waits && !later).then(|| End::Waiting { at: run.now() })
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

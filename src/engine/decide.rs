//! One turn: take in the input, then look at all that may have something to do until nothing has.
//!
//! At one instant samples come first, then conditions and triggers, then timers: whatever depends on metrics waits for the
//! samples that have been asked for.

use super::event::{Event, PauseCause};
use super::exec::ExecStatus;
use super::nodes;
use super::state::{Sampling, State, Work};
use super::turn::{Decision, Engine, Input, Request, record};
use super::{commands, finish, pause, phases, recover, triggers, undo};
use crate::base::time::Timestamp;
use crate::plan::program::{GroupIndex, Plan};

/// A turn under way.
pub(super) struct Turn<'t, 'a> {
    pub engine: &'t mut Engine<'a>,
    pub decision: Decision,
    pub now: Timestamp,
}

impl<'a> Turn<'_, 'a> {
    pub fn record(&mut self, event: Event) {
        record(self.engine, &mut self.decision, self.now, event);
    }

    pub fn request(&mut self, request: Request) {
        self.decision.requests.push(request);
    }

    pub fn plan(&self) -> &'a Plan {
        self.engine.plan
    }

    pub fn state(&self) -> &super::state::State {
        &self.engine.state
    }
}

pub(super) fn decide(engine: &mut Engine<'_>, inputs: impl IntoIterator<Item = Input>, now: Timestamp) -> Decision {
    // A clock that jumps back stands still until it has caught up.
    let now = now.max(engine.state.last_at);
    let inputs = inputs.into_iter();
    // Most inputs come to one event, and the last one to what follows from all.
    let events = Vec::with_capacity(inputs.size_hint().0 + 1);
    let mut turn = Turn { engine, decision: Decision { events, ..Decision::default() }, now };
    for input in inputs {
        take(&mut turn, input);
        settle(&mut turn);
    }
    drop_dead_timers(&mut turn);
    turn.decision.wake = next_wake(&turn);
    turn.decision
}

/// Asks, rings and works until nothing is left to do at this instant.
fn settle(turn: &mut Turn<'_, '_>) {
    while turn.state().started {
        ask_for_samples(turn);
        ring_timers(turn);
        if !work(turn) {
            break;
        }
    }
}

fn take(turn: &mut Turn<'_, '_>, input: Input) {
    match input {
        Input::Start { run_id, actor, jobs } => {
            if !turn.state().started {
                turn.record(Event::RunStarted { run_id, actor, jobs });
                start_sampling(turn);
            }
        }
        Input::Recover => {
            recover::recover(turn);
            start_sampling(turn);
        }
        Input::Tick => {}
        Input::EffectEnded { key, outcome } => nodes::act::effect_ended(turn, key, outcome),
        Input::Sampled { group, tick, values } => {
            let awaited = turn.state().live.sampling.get(group.0 as usize).and_then(|sampling| sampling.in_flight);
            if awaited == Some(tick) {
                if turn.state().is_forward() {
                    turn.record(Event::Sampled { group, tick, values });
                } else {
                    turn.engine.state.live.sampling[group.0 as usize].in_flight = None;
                }
            }
        }
        Input::Operator { command, actor, reason } => commands::obey(turn, *command, &actor, &reason),
    }
}

/// Works the queue until it is empty; false when there was nothing to do.
fn work(turn: &mut Turn<'_, '_>) -> bool {
    let mut worked = false;
    while let Some(work) = turn.engine.state.live.queue.pop_front() {
        worked = true;
        match work {
            Work::Phase(phase) => phases::look(turn, phase),
            Work::Frame(frame) => phases::advance(turn, frame),
            Work::Exec(exec) => nodes::look(turn, exec),
            Work::Run => {
                triggers::fire(turn);
                pause::look(turn);
                undo::look(turn);
            }
        }
        if turn.state().live.queue.is_empty() {
            finish::look(turn);
        }
    }
    worked
}

/// The first tick of a group is the start of the run, later ones follow its interval; missed ones are left out.
fn start_sampling(turn: &mut Turn<'_, '_>) {
    let plan = turn.plan();
    let (started_at, now) = (turn.state().started_at, turn.now);
    let State { live, series, .. } = &mut turn.engine.state;
    for (index, (group, sampling)) in (0u32..).zip(plan.groups.iter().zip(&mut live.sampling)) {
        let every = group.every.as_micros().max(1);
        let elapsed = now.since(started_at).as_micros();
        let micros = elapsed.div_ceil(every) * every;
        let next = Timestamp(started_at.0.saturating_add(i64::try_from(micros).unwrap_or(i64::MAX)));
        // One that was taken before a crash is not taken again.
        let taken = series.latest_tick(GroupIndex(index)).is_some_and(|latest| latest >= next);
        sampling.in_flight = None;
        sampling.next = Some(if taken { next.plus(group.every) } else { next });
    }
}

fn ask_for_samples(turn: &mut Turn<'_, '_>) {
    let Turn { engine, decision, now } = turn;
    let is_due = |sampling: &Sampling| sampling.next.is_some_and(|next| next <= *now);
    if !engine.state.live.sampling.iter().any(is_due) || !engine.state.is_forward() {
        return;
    }
    let started_at = engine.state.started_at;
    for (index, (group, sampling)) in (0u32..).zip(engine.plan.groups.iter().zip(&mut engine.state.live.sampling)) {
        let Some(next) = sampling.next.filter(|next| next <= now && sampling.in_flight.is_none()) else { continue };
        let every = group.every.as_micros().max(1);
        let ticks = now.since(started_at).as_micros() / every;
        let latest = started_at.0.saturating_add(i64::try_from(ticks * every).unwrap_or(i64::MAX));
        let tick = next.max(Timestamp(latest));
        *sampling = Sampling { in_flight: Some(tick), next: None };
        decision.requests.push(Request::Sample { group: GroupIndex(index), tick });
    }
}

fn ring_timers(turn: &mut Turn<'_, '_>) {
    let now = turn.now;
    while let Some((at, exec)) = turn.state().live.timers.first().copied().filter(|(at, _)| *at <= now) {
        turn.engine.state.live.timers.remove(&(at, exec));
        turn.engine.state.push(Work::Exec(exec));
    }
    while let Some((at, phase)) = turn.state().live.openings.first().copied().filter(|(at, _)| *at <= now) {
        turn.engine.state.live.openings.remove(&(at, phase));
        turn.engine.state.push(Work::Phase(phase));
    }
    phases::check_timeout(turn);
}

/// The timeouts of what has ended in time: among them the next one that counts would have to be looked for each turn.
fn drop_dead_timers(turn: &mut Turn<'_, '_>) {
    while let Some(timer) = turn.state().live.timers.first().copied() {
        let exec = turn.state().exec(timer.1);
        if exec.status == ExecStatus::Running || exec.undo.is_some() {
            return;
        }
        turn.engine.state.live.timers.remove(&timer);
    }
}

fn next_wake(turn: &Turn<'_, '_>) -> Option<Timestamp> {
    let state = turn.state();
    if state.outcome.is_some() || !state.started {
        return None;
    }
    let timers = state.live.timers.first();
    let forward = state.is_forward();
    let ticks = state.live.sampling.iter().filter(|_| forward).filter_map(|sampling| sampling.next).min();
    let deadline = turn.plan().timeout.filter(|_| forward).map(|timeout| state.started_at.plus(timeout));
    let deadline = deadline.filter(|deadline| *deadline > turn.now);
    let openings = state.live.openings.first().filter(|_| forward).map(|(at, _)| *at);
    [timers.map(|(at, _)| *at), openings, ticks, deadline].into_iter().flatten().min()
}

/// A cause to pause, unless it is one already.
pub(super) fn pause_for(turn: &mut Turn<'_, '_>, cause: PauseCause) {
    if !turn.state().pause.contains(&cause) {
        turn.record(Event::Paused { cause });
        finish::hook_on_pause(turn);
    }
}

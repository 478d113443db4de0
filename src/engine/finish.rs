//! The end of a run: outcome, hooks, last event.

use super::decide::Turn;
use super::event::{Afterwards, Event, RunOutcome};
use super::state::PhaseStatus;
use super::undo;
use crate::model::program::HookEvent;

/// Starts the first hook, or ends the run when nothing is left to do.
pub(super) fn look(turn: &mut Turn<'_, '_>) {
    let state = turn.state();
    if !state.started || state.outcome.is_some() || !state.live.running.is_empty() {
        return;
    }
    if state.is_forward() && start_hook(turn, HookEvent::Start) {
        return;
    }
    let Some(outcome) = outcome(turn) else { return };
    let waits = turn.state().notices.iter().any(Option::is_some) || turn.state().hooks.iter().any(|hook| !hook.ended);
    if waits {
        return;
    }
    for hook in hooks_of(outcome) {
        if start_hook(turn, *hook) {
            return;
        }
    }
    end(turn, outcome);
}

fn end(turn: &mut Turn<'_, '_>, outcome: RunOutcome) {
    let state = turn.state();
    let (reason, because) = match &state.stop {
        Some(stop) => (stop.reason.clone(), stop.because.clone()),
        None => (String::new(), Vec::new()),
    };
    let still_changed =
        if outcome == RunOutcome::Succeeded { Vec::new() } else { undo::still_changed(turn.plan(), state) };
    turn.record(Event::RunEnded { outcome, reason, because, still_changed });
}

/// Starts a hook that has not run yet; true when it is (now) running.
fn start_hook(turn: &mut Turn<'_, '_>, hook: HookEvent) -> bool {
    let Some(phase) = turn.plan().hook(hook) else { return false };
    match turn.state().hooks.iter().find(|state| state.hook == hook) {
        Some(state) => !state.ended,
        None => {
            turn.record(Event::HookStarted { hook, phase });
            true
        }
    }
}

/// `on pause` runs for each pause, unless it is running already.
pub(super) fn hook_on_pause(turn: &mut Turn<'_, '_>) {
    let running = turn.state().hooks.iter().any(|state| state.hook == HookEvent::Pause && !state.ended);
    if let Some(phase) = turn.plan().hook(HookEvent::Pause)
        && !running
        && turn.state().pause.len() == 1
    {
        turn.record(Event::HookStarted { hook: HookEvent::Pause, phase });
    }
}

fn hooks_of(outcome: RunOutcome) -> &'static [HookEvent] {
    match outcome {
        RunOutcome::Succeeded => &[HookEvent::Success, HookEvent::End],
        RunOutcome::Failed => &[HookEvent::Failure, HookEvent::End],
        RunOutcome::RolledBack | RunOutcome::RollbackFailed => &[HookEvent::Rollback, HookEvent::End],
        RunOutcome::Aborted => &[HookEvent::End],
    }
}

/// The outcome, once forward work and what had to be taken back are over.
fn outcome(turn: &mut Turn<'_, '_>) -> Option<RunOutcome> {
    let Some(then) = turn.state().stop.as_ref().map(|stop| stop.then) else {
        let state = turn.state();
        let over = turn.plan().dag().all(|(index, _)| {
            let phase = state.phase(index);
            match phase.status {
                PhaseStatus::Passed | PhaseStatus::Skipped => true,
                PhaseStatus::Failed | PhaseStatus::Undone => phase.settled,
                PhaseStatus::Waiting | PhaseStatus::Running => false,
            }
        });
        return over.then_some(RunOutcome::Succeeded);
    };
    if !undo::is_done(turn) {
        return None;
    }
    Some(match then {
        Afterwards::RollBack if undo::any_failed(turn.state()) => RunOutcome::RollbackFailed,
        Afterwards::RollBack => RunOutcome::RolledBack,
        Afterwards::Fail => RunOutcome::Failed,
        Afterwards::Abort => RunOutcome::Aborted,
    })
}

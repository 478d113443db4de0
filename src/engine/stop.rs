//! Stopping forward work: cancel what runs, and remember what comes afterwards.

use super::decide::Turn;
use super::event::{Afterwards, Direction, EffectKey, Event, ExecId, FrameId};
use super::exec::{Detail, Exec, ExecStatus, UndoStatus};
use super::phases;
use super::state::{PhaseStatus, State};
use super::turn::Request;
use crate::plan::program::PhaseIndex;

/// Asks the whole run to stop; the first to ask decides, but an abort goes before everything.
pub(super) fn stop(turn: &mut Turn<'_, '_>, then: Afterwards, reason: String, because: Vec<String>) {
    let state = turn.state();
    let running = state.outcome.is_none();
    let overruled = running && state.stop.as_ref().is_some_and(|stop| stop.then == then || then != Afterwards::Abort);
    if overruled {
        return;
    }
    turn.record(Event::StopRequested { then, reason, because });
    go_on(turn);
}

/// Cancels what still runs after a stop was asked for.
pub(super) fn go_on(turn: &mut Turn<'_, '_>) {
    let Some(then) = turn.state().stop.as_ref().filter(|_| turn.state().outcome.is_none()).map(|stop| stop.then) else {
        return;
    };
    let phases: Vec<PhaseIndex> = turn.plan().dag().map(|(index, _)| index).collect();
    for phase in phases {
        cancel_phase(turn, phase, "the run stops");
    }
    match then {
        Afterwards::Fail => fail_running_phases(turn),
        Afterwards::Abort => give_up_doubts(turn),
        Afterwards::RollBack => {}
    }
}

/// An aborted run asks nobody and takes nothing more back: what is still in doubt, an undo or a step of a hook, is given up,
/// and so is an undo that waits to be tried again.
fn give_up_doubts(turn: &mut Turn<'_, '_>) {
    for (id, direction) in given_up(turn.state()) {
        let exec = turn.state().exec(id);
        let (node, phase) = (exec.node, exec.phase);
        match direction {
            Direction::Undo => {
                let doubt = exec.undo.as_ref().is_some_and(|undo| undo.work.in_doubt);
                let reason = if doubt { IN_DOUBT } else { "the run was aborted before it was tried again" };
                turn.record(Event::UndoFailed { node, exec: id, reason: reason.to_owned() });
            }
            Direction::Forward => {
                turn.record(Event::NodeCancelled { node, exec: id });
                let name = turn.plan().node(node).id.clone();
                phases::fail(turn, phase, format!("{name}: {IN_DOUBT}"), vec![name]);
            }
        }
    }
}

const IN_DOUBT: &str = "in doubt when the run was aborted";

fn given_up(state: &State) -> Vec<(ExecId, Direction)> {
    let of = |exec: &Exec| match &exec.undo {
        Some(undo) if undo.status == UndoStatus::Running && (undo.work.in_doubt || !undo.work.in_flight) => {
            Some((exec.id, Direction::Undo))
        }
        _ if exec.forward.in_doubt => Some((exec.id, Direction::Forward)),
        _ => None,
    };
    state.running().filter_map(of).collect()
}

fn fail_running_phases(turn: &mut Turn<'_, '_>) {
    let state = turn.state();
    let running: Vec<PhaseIndex> = turn
        .plan()
        .dag()
        .map(|(index, _)| index)
        .filter(|index| state.phase(*index).status == PhaseStatus::Running)
        .collect();
    for phase in running {
        let event = Event::PhaseFailed {
            phase,
            reason: "cancelled: the run stops".to_owned(),
            because: Vec::new(),
            undo: false,
        };
        turn.record(event);
    }
}

/// Cancels every forward execution of a phase.
pub(super) fn cancel_phase(turn: &mut Turn<'_, '_>, phase: PhaseIndex, reason: &str) {
    let running: Vec<ExecId> = {
        let state = turn.state();
        let execs = state.phase(phase).execs.iter().copied();
        execs.filter(|exec| state.exec(*exec).status == ExecStatus::Running).collect()
    };
    for exec in running {
        cancel(turn, exec, reason);
    }
}

/// Cancels every forward execution in a frame and in those inside it.
pub(super) fn cancel_frame(turn: &mut Turn<'_, '_>, frame: FrameId, reason: &str) {
    let state = turn.state();
    let running = state.running().filter(|exec| exec.status == ExecStatus::Running);
    let inside = running.filter(|exec| state.frames_around(exec.frame).any(|around| around == frame));
    let inside: Vec<ExecId> = inside.map(|exec| exec.id).collect();
    for exec in inside {
        cancel(turn, exec, reason);
    }
}

/// Calls an execution off: at once when nothing is under way, else as soon as its effect has ended.
pub(super) fn cancel(turn: &mut Turn<'_, '_>, id: ExecId, reason: &str) {
    let exec = turn.state().exec(id);
    let node = exec.node;
    if !exec.forward.in_flight || exec.forward.in_doubt {
        return turn.record(Event::NodeCancelled { node, exec: id });
    }
    if exec.forward.cancel.as_ref().is_some_and(|cancel| !cancel.fails) {
        return;
    }
    // Setting a weight is short, and half of it would be worse: it is let to end.
    let key = EffectKey::Act { exec: id, direction: Direction::Forward, act: exec.forward.act_number() };
    let is_step = matches!(exec.detail, Detail::Step);
    turn.record(Event::CancelRequested {
        node,
        exec: id,
        direction: Direction::Forward,
        reason: reason.to_owned(),
        fails: false,
    });
    if is_step {
        turn.request(Request::Cancel { key });
    }
}

//! Rollback as a saga: weights first, then the undo of every change in reverse topological order, independent ones side by side.

use super::decide::Turn;
use super::event::{Afterwards, Direction, Event, ExecId};
use super::exec::{Detail, Exec, ExecStatus, UndoStatus};
use super::nodes::act::proceed as proceed_acts;
use super::nodes::{ramp, step};
use super::scene::Scene;
use super::state::{PhaseStatus, State};
use crate::base::number::Number;
use crate::contract::effect::{History, Reaction, Verdict};
use crate::contract::registry::Args;
use crate::contract::value::Value;
use crate::plan::program::{NodeKind, PhaseIndex, Plan};

/// Goes on with what has to be taken back, if anything has.
pub(super) fn look(turn: &mut Turn<'_, '_>) {
    let state = turn.state();
    let Some(stop) = state.stop.as_ref().filter(|_| state.outcome.is_none()) else { return };
    match stop.then {
        Afterwards::Abort => {}
        Afterwards::Fail => {
            restore_failed_weights(turn);
        }
        Afterwards::RollBack => {
            if !state.rolling_back {
                let reason = stop.reason.clone();
                turn.record(Event::RollbackStarted { reason });
            }
            if restore_weights_of(turn, None) {
                take_back_all(turn);
            }
        }
    }
}

/// Whether nothing is left to take back.
pub(super) fn is_done(turn: &mut Turn<'_, '_>) -> bool {
    match turn.state().stop.as_ref().map(|stop| stop.then) {
        Some(Afterwards::RollBack) => {
            turn.state().rolling_back
                && !turn.state().execs.iter().any(|exec| turn.state().needs_undo(turn.plan(), exec))
        }
        Some(Afterwards::Fail) => restore_failed_weights(turn),
        Some(Afterwards::Abort) | None => true,
    }
}

fn restore_failed_weights(turn: &mut Turn<'_, '_>) -> bool {
    let state = turn.state();
    let failed: Vec<PhaseIndex> = turn
        .plan()
        .dag()
        .map(|(index, _)| index)
        .filter(|index| state.phase(*index).status == PhaseStatus::Failed)
        .collect();
    // All of them are begun, whether or not another one is done.
    let mut done = true;
    for phase in failed {
        done &= restore_weights_of(turn, Some(phase));
    }
    done
}

/// Puts the weights of all ramps (of one phase) back; true once that is over. Of several ramps on one target only the
/// first one's weight is put back: the others' would send traffic to what is being taken back.
pub(super) fn restore_weights_of(turn: &mut Turn<'_, '_>, phase: Option<PhaseIndex>) -> bool {
    let state = turn.state();
    let ramps: Vec<ExecId> = state
        .execs
        .iter()
        .filter(|exec| phase.is_none_or(|phase| exec.phase == phase) && is_moved_ramp(exec))
        .filter(|exec| exec.undo.as_ref().is_none_or(|undo| undo.status == UndoStatus::Running))
        .map(|exec| exec.id)
        .collect();
    let mut done = true;
    for id in &ramps {
        let exec = turn.state().exec(*id);
        done = false;
        let first = ramps.iter().copied().find(|other| same_target(turn.plan(), turn.state().exec(*other), exec));
        let busy = ramps.iter().any(|other| {
            let other = turn.state().exec(*other);
            other.status == ExecStatus::Running && other.forward.in_flight && same_target(turn.plan(), other, exec)
        });
        if first == Some(*id) && exec.undo.is_none() && !busy {
            let (node, args) = (exec.node, exec.args.clone());
            turn.record(Event::UndoStarted { node, exec: *id, args });
        }
    }
    done
}

fn is_moved_ramp(exec: &Exec) -> bool {
    matches!(&exec.detail, Detail::Ramp(ramp) if ramp.before.is_some())
}

fn same_target(plan: &Plan, left: &Exec, right: &Exec) -> bool {
    match (&plan.node(left.node).kind, &plan.node(right.node).kind) {
        (NodeKind::Ramp { target: left, .. }, NodeKind::Ramp { target: right, .. }) => left == right,
        _ => false,
    }
}

/// Starts the undo of everything whose later changes are already taken back.
fn take_back_all(turn: &mut Turn<'_, '_>) {
    let phases: Vec<PhaseIndex> = turn.plan().dag().map(|(index, _)| index).collect();
    let mut cleared = vec![false; turn.plan().phases.len()];
    for phase in phases.into_iter().rev() {
        let after_cleared = turn.plan().phase(phase).before.iter().all(|next| cleared[next.0 as usize]);
        cleared[phase.0 as usize] = after_cleared && take_back_phase(turn, phase);
        let status = turn.state().phase(phase).status;
        if cleared[phase.0 as usize] && status != PhaseStatus::Undone && left_nothing(turn, phase) {
            turn.record(Event::PhaseUndone { phase });
        }
    }
}

/// Whether a change of this phase has been taken back.
pub(super) fn left_nothing(turn: &Turn<'_, '_>, phase: PhaseIndex) -> bool {
    let state = turn.state();
    let passed = |exec: &ExecId| state.exec(*exec).undo.as_ref().is_some_and(|undo| undo.status == UndoStatus::Passed);
    state.phase(phase).execs.iter().any(passed)
}

/// Takes back what a phase changed, the last first; what overlapped side by side. True once that is over.
pub(super) fn take_back_phase(turn: &mut Turn<'_, '_>, phase: PhaseIndex) -> bool {
    let (plan, state) = (turn.plan(), turn.state());
    let pending: Vec<&Exec> = state
        .phase(phase)
        .execs
        .iter()
        .map(|id| state.exec(*id))
        .filter(|exec| exec.status == ExecStatus::Running || state.needs_undo(plan, exec))
        .collect();
    let Some(latest_start) = pending.iter().map(|exec| exec.started_seq).max() else { return true };
    let ready: Vec<ExecId> = pending
        .iter()
        .filter(|exec| exec.status != ExecStatus::Running && exec.undo.is_none())
        .filter(|exec| exec.ended_seq.is_none_or(|ended| ended > latest_start))
        .map(|exec| exec.id)
        .collect();
    for id in ready {
        start(turn, id);
    }
    false
}

/// Starts the undo of a step.
pub(super) fn start(turn: &mut Turn<'_, '_>, id: ExecId) {
    let exec = turn.state().exec(id);
    let node = exec.node;
    let NodeKind::Step(step) = &turn.plan().node(node).kind else { return };
    let args = match &step.undo {
        Some(call) => {
            let scene = Scene { plan: turn.plan(), state: turn.state(), frame: Some(exec.frame), at: turn.now };
            step::arguments(call, &scene)
        }
        None => Ok(exec.args.clone()),
    };
    match args {
        Ok(args) => turn.record(Event::UndoStarted { node, exec: id, args }),
        Err(reason) => {
            turn.record(Event::UndoStarted { node, exec: id, args: Args::new() });
            turn.record(Event::UndoFailed { node, exec: id, reason });
        }
    }
}

/// Goes on with one undo.
pub(super) fn proceed(turn: &mut Turn<'_, '_>, id: ExecId) {
    let node = turn.state().exec(id).node;
    let outcome = match &turn.plan().node(node).kind {
        NodeKind::Ramp { .. } => shared_fate(turn, id).map_or_else(
            || {
                let next = restore_reaction(turn, id);
                proceed_acts(turn, (id, Direction::Undo), ramp::RESTORING, &|history| next(history))
            },
            Some,
        ),
        NodeKind::Step(step) => {
            let (plan, registry) = (turn.plan(), turn.engine.registry);
            let args = turn.state().exec(id).undo.as_ref().map(|undo| undo.args.clone()).unwrap_or_default();
            let react = |history: &History| match &step.undo {
                Some(call) => step::react(plan, registry, &call.name, &args, history),
                None => match registry.step(&step.call.name).and_then(|built_in| built_in.undo) {
                    Some(undo) => undo(&args, history),
                    None => Reaction::Finish(Verdict::Failed(format!("`{}` has no undo", step.call.name))),
                },
            };
            proceed_acts(turn, (id, Direction::Undo), step::attempts(step), &react)
        }
        _ => Some(Err("there is nothing to take back".to_owned())),
    };
    match outcome {
        None => {}
        Some(Ok(_)) => passed(turn, id),
        Some(Err(reason)) => failed(turn, id, &reason),
    }
}

/// What an earlier ramp on the same target came to that was put back while this one stood: there is nothing left to do for
/// this one, and what became of the first is what became of it. A ramp that began after the weight was back is on its own.
fn shared_fate(turn: &Turn<'_, '_>, id: ExecId) -> Option<Result<Value, String>> {
    let state = turn.state();
    let exec = state.exec(id);
    if exec.undo.as_ref().is_some_and(|undo| !undo.work.acts.is_empty() || undo.work.attempt > 1) {
        return None;
    }
    let earlier = state.execs.iter().take(id.0 as usize).filter(|other| is_moved_ramp(other));
    let in_scope = earlier.filter(|other| state.rolling_back || other.phase == exec.phase);
    let mut undone =
        in_scope.filter(|other| same_target(turn.plan(), other, exec)).filter_map(|other| other.undo.as_ref());
    let undo = undone.find(|undo| undo.ended_seq.is_some_and(|ended| ended > exec.started_seq))?;
    match &undo.status {
        UndoStatus::Running => None,
        UndoStatus::Passed => Some(Ok(Value::Null)),
        UndoStatus::Failed(reason) => Some(Err(reason.clone())),
    }
}

/// The reactions of a ramp's target, free of the turn they are used in.
fn restore_reaction(turn: &Turn<'_, '_>, id: ExecId) -> impl Fn(&History) -> Reaction + use<> {
    let exec = turn.state().exec(id).clone();
    let operations = match &turn.plan().node(exec.node).kind {
        NodeKind::Ramp { target, .. } => turn.engine.registry.target(&target.name).copied(),
        _ => None,
    };
    let before = if let Detail::Ramp(ramp) = &exec.detail { ramp.before } else { None };
    move |history| match (operations, before) {
        (Some(operations), Some(weight)) => (operations.set)(&exec.args, weight, history),
        _ => Reaction::Finish(Verdict::Failed("the ramp's target is unknown to this version".to_owned())),
    }
}

fn passed(turn: &mut Turn<'_, '_>, id: ExecId) {
    let exec = turn.state().exec(id);
    let node = exec.node;
    // Nothing was done for a ramp that shares the fate of an earlier one.
    let acted = exec.undo.as_ref().is_some_and(|undo| !undo.work.acts.is_empty());
    if let (Detail::Ramp(detail), NodeKind::Ramp { target, .. }) = (&exec.detail, &turn.plan().node(node).kind)
        && acted
    {
        let weight = detail.before.unwrap_or(Number::ZERO);
        turn.record(Event::WeightRestored { node, exec: id, target: ramp::describe(target), weight });
    }
    turn.record(Event::UndoPassed { node, exec: id });
}

fn failed(turn: &mut Turn<'_, '_>, id: ExecId, reason: &str) {
    let node = turn.state().exec(id).node;
    turn.record(Event::UndoFailed { node, exec: id, reason: reason.to_owned() });
}

/// Everything that the run changed and that is not taken back, by node id.
pub(super) fn still_changed(plan: &Plan, state: &State) -> Vec<String> {
    let left = state.execs.iter().filter(|exec| {
        let changes = match &plan.node(exec.node).kind {
            NodeKind::Step(step) => step.changes(),
            NodeKind::Ramp { .. } => is_moved_ramp(exec),
            _ => false,
        };
        let hook = plan.phase(exec.phase).hook.is_some();
        changes && !hook && exec.begun && exec.undo.as_ref().is_none_or(|undo| undo.status != UndoStatus::Passed)
    });
    let mut ids: Vec<String> = left.map(|exec| plan.node(exec.node).id.clone()).collect();
    ids.dedup();
    ids
}

/// Whether any undo failed.
pub(super) fn any_failed(state: &State) -> bool {
    state.execs.iter().any(|exec| matches!(exec.undo.as_ref().map(|undo| &undo.status), Some(UndoStatus::Failed(_))))
}

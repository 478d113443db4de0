//! What each kind of node does: one file per kind.

pub mod act;
mod approve;
mod gate;
pub mod hold;
pub mod ramp;
pub mod step;

use super::decide::Turn;
use super::event::{Direction, Event, ExecId, FrameId};
use super::exec::{Detail, ExecStatus, UndoStatus};
use super::phases;
use super::stop;
use super::undo;
use crate::contract::registry::Args;
use crate::contract::value::Value;
use crate::plan::program::{NodeIndex, NodeKind};

/// Starts a node of a frame.
pub(super) fn start(turn: &mut Turn<'_, '_>, node: NodeIndex, frame: FrameId, item: u32) {
    match &turn.plan().node(node).kind {
        NodeKind::Step(step) => step::start(turn, step, (node, frame, item)),
        NodeKind::Ramp { target, .. } => drop(begin(turn, (node, frame, item), target.args.clone())),
        _ => drop(begin(turn, (node, frame, item), Args::new())),
    }
}

fn begin(turn: &mut Turn<'_, '_>, (node, frame, item): (NodeIndex, FrameId, u32), args: Args) -> ExecId {
    let exec = ExecId(u32::try_from(turn.state().execs.len()).unwrap_or(u32::MAX));
    turn.record(Event::NodeStarted { node, exec, frame, item, args });
    exec
}

/// Looks at an execution again: something about it may have changed, or its time has come.
pub(super) fn look(turn: &mut Turn<'_, '_>, id: ExecId) {
    let exec = turn.state().exec(id);
    if exec.undo.as_ref().is_some_and(|undo| undo.status == UndoStatus::Running) {
        return undo::proceed(turn, id);
    }
    if exec.status != ExecStatus::Running || turn.state().outcome.is_some() {
        return;
    }
    match &exec.detail {
        Detail::Step => step::look(turn, id),
        Detail::Gate(_) => gate::look(turn, id),
        Detail::Hold(_) => hold::look(turn, id),
        Detail::Ramp(_) => ramp::look(turn, id),
        Detail::Wait { until } => {
            if turn.now < *until {
                let timer = (*until, id);
                turn.engine.state.live.timers.insert(timer);
            } else if !stands_still(turn, id) && !triggers_wait_for_samples(turn) {
                pass(turn, id, Value::Null);
            }
        }
        Detail::Approve { .. } => approve::look(turn, id),
    }
}

/// At one instant triggers come before the ends of waits: they still have a sample of this instant to judge.
fn triggers_wait_for_samples(turn: &Turn<'_, '_>) -> bool {
    let (state, plan) = (turn.state(), turn.plan());
    let blocks = state.live.watching.iter().map(|frame| plan.block(state.frame(*frame).block));
    let reads = blocks.flat_map(|block| &block.triggers).flat_map(|trigger| &trigger.condition.reads);
    state.sample_awaited(reads.map(|read| read.group), turn.now)
}

/// Whether a pause keeps this execution from going on; hooks are not kept.
fn stands_still(turn: &Turn<'_, '_>, id: ExecId) -> bool {
    let phase = turn.state().exec(id).phase;
    turn.state().is_paused() && turn.plan().phase(phase).hook.is_none()
}

fn pass(turn: &mut Turn<'_, '_>, id: ExecId, output: Value) {
    let node = turn.state().exec(id).node;
    turn.record(Event::NodePassed { node, exec: id, output });
}

/// The node failed, and with it the composite step that may fail, or its phase.
fn fail(turn: &mut Turn<'_, '_>, id: ExecId, reason: String, mut because: Vec<String>) {
    if let Some(frame) = turn.state().given_up_with(turn.plan(), id) {
        let node = turn.state().exec(id).node;
        turn.record(Event::NodeFailed { node, exec: id, reason });
        return stop::cancel_frame(turn, frame, "the step it is part of failed");
    }
    let exec = turn.state().exec(id);
    let (node, phase) = (exec.node, exec.phase);
    let name = turn.plan().node(node).id.clone();
    turn.record(Event::NodeFailed { node, exec: id, reason: reason.clone() });
    if !because.contains(&name) {
        because.push(name.clone());
    }
    let shown = match &turn.plan().node(node).title {
        Some(title) => format!("{name} \"{title}\""),
        None => name,
    };
    phases::fail(turn, phase, format!("{shown}: {reason}"), because);
}

/// The names of the metrics a condition reads.
pub(super) fn metric_names(turn: &Turn<'_, '_>, condition: &crate::plan::program::Condition) -> Vec<String> {
    let plan = turn.plan();
    condition.reads.iter().map(|read| format!("{}.{}", plan.group(read.group).name, read.field)).collect()
}

/// Only forward work is cancelled or timed out by these.
const FORWARD: Direction = Direction::Forward;

//! Phases and blocks: what may start, what is over, and what a failure means.

use super::decide::Turn;
use super::event::{Afterwards, Event, ExecId, FrameId};
use super::exec::{Detail, Exec, ExecStatus, Owner, UndoStatus};
use super::nodes;
use super::scene::Scene;
use super::state::PhaseStatus;
use super::{stop, undo};
use crate::contract::window::{Freeze, earliest};
use crate::eval::{Unknown, truth};
use crate::model::phase::FailurePolicy;
use crate::model::program::HookEvent;
use crate::plan::program::{BlockIndex, Item, NodeKind, PhaseIndex};

/// Starts a phase that is ready, or deals with one that failed.
pub(super) fn look(turn: &mut Turn<'_, '_>, phase: PhaseIndex) {
    let state = turn.state();
    if turn.plan().phase(phase).hook.is_some() || state.outcome.is_some() {
        return;
    }
    match state.phase(phase).status {
        PhaseStatus::Waiting if state.is_forward() && !state.is_paused() => start_if_ready(turn, phase),
        PhaseStatus::Failed | PhaseStatus::Undone if !state.phase(phase).settled => deal_with_failure(turn, phase),
        _ => {}
    }
}

fn start_if_ready(turn: &mut Turn<'_, '_>, index: PhaseIndex) {
    let (plan, state) = (turn.plan(), turn.state());
    let phase = plan.phase(index);
    if plan.hook(HookEvent::Start).is_some()
        && !state.hooks.iter().any(|hook| hook.hook == HookEvent::Start && hook.ended)
    {
        return;
    }
    let statuses = phase.after.iter().map(|before| (*before, state.phase(*before).status));
    let mut skipped_by = None;
    for (before, status) in statuses {
        match status {
            PhaseStatus::Waiting | PhaseStatus::Running => return,
            PhaseStatus::Failed | PhaseStatus::Undone if !state.phase(before).settled => return,
            PhaseStatus::Skipped => skipped_by = skipped_by.or(Some(before)),
            PhaseStatus::Passed | PhaseStatus::Failed | PhaseStatus::Undone => {}
        }
    }
    if let Some(before) = skipped_by {
        let reason = format!("`{}` was skipped", plan.phase(before).id);
        turn.record(Event::PhaseSkipped { phase: index, reason });
    } else if phase.skipped {
        turn.record(Event::PhaseSkipped { phase: index, reason: "switched off by its `when`".to_owned() });
    } else if !too_many_at_once(turn, index) && is_open(turn, index) {
        start(turn, index);
    }
}

/// Whether its windows are open and no freeze holds it back; otherwise it is looked at again when that has changed.
fn is_open(turn: &mut Turn<'_, '_>, index: PhaseIndex) -> bool {
    let plan = turn.plan();
    let phase = plan.phase(index);
    let freezes: &[Freeze] = if phase.changes { &plan.freezes } else { &[] };
    match earliest(&phase.windows, freezes, turn.now) {
        Ok((_, None)) => true,
        Ok((until, Some(waits_for))) => {
            if turn.state().phase(index).delayed_until != Some(until) {
                let reason = format!("waits for `{waits_for}`");
                turn.record(Event::PhaseDelayed { phase: index, until, reason });
            }
            turn.engine.state.live.openings.insert((until, index));
            false
        }
        Err(reason) => {
            turn.record(Event::PhaseStarted { phase: index });
            fail(turn, index, format!("it can never start: {reason}"), Vec::new());
            false
        }
    }
}

/// `max N at once` of the phases that one `for` expanded to.
fn too_many_at_once(turn: &Turn<'_, '_>, index: PhaseIndex) -> bool {
    let (plan, state) = (turn.plan(), turn.state());
    let phase = plan.phase(index);
    let Some(limit) = phase.at_once else { return false };
    let siblings = plan.dag().filter(|(_, other)| other.name == phase.name);
    siblings.filter(|(other, _)| state.phase(*other).status == PhaseStatus::Running).count() >= limit.max(1)
}

fn start(turn: &mut Turn<'_, '_>, index: PhaseIndex) {
    if let Some(when) = &turn.plan().phase(index).when {
        let scene = Scene { plan: turn.plan(), state: turn.state(), frame: None, at: turn.now };
        match truth(when, &scene) {
            Ok(true) => {}
            Ok(false) => {
                let reason = "its `when` is false".to_owned();
                return turn.record(Event::PhaseSkipped { phase: index, reason });
            }
            Err(Unknown(reason)) => {
                turn.record(Event::PhaseStarted { phase: index });
                return fail(turn, index, format!("its `when` is unknown: {reason}"), Vec::new());
            }
        }
    }
    turn.record(Event::PhaseStarted { phase: index });
}

/// Starts what comes next in a block, or ends it.
pub(super) fn advance(turn: &mut Turn<'_, '_>, id: FrameId) {
    loop {
        let (plan, state) = (turn.plan(), turn.state());
        let frame = state.frame(id);
        let in_hook = frame.phase.is_some_and(|phase| plan.phase(phase).hook.is_some());
        let may_start = in_hook || (state.is_forward() && !state.is_paused());
        if frame.ended || frame.owner == Owner::Run || !may_start {
            return;
        }
        let block = plan.block(frame.block);
        let Some(item) = block.items.get(frame.cursor as usize) else {
            if frame.open == 0 {
                end(turn, id);
            }
            return;
        };
        if !block.parallel && frame.open > 0 {
            return;
        }
        let position = frame.cursor;
        match item {
            Item::Block(block) => start_block(turn, *block, (id, position)),
            Item::Node(node) => {
                let is_step = matches!(plan.node(*node).kind, NodeKind::Step(_));
                if is_step && !in_hook && state.live.steps >= state.jobs {
                    turn.engine.state.live.throttled.push_back(id);
                    return;
                }
                nodes::start(turn, *node, id, position);
            }
        }
    }
}

/// Starts a block, or skips it when its `when` is false.
fn start_block(turn: &mut Turn<'_, '_>, block: BlockIndex, (parent, item): (FrameId, u32)) {
    let plan = turn.plan();
    let Some(when) = &plan.block(block).when else {
        return turn.record(Event::BlockStarted { block, parent, item });
    };
    let scene = Scene { plan, state: turn.state(), frame: Some(parent), at: turn.now };
    match (truth(when, &scene), turn.state().frame(parent).phase) {
        (Ok(true), _) => turn.record(Event::BlockStarted { block, parent, item }),
        (Err(Unknown(reason)), Some(phase)) if !plan.block(block).continues => {
            fail(turn, phase, format!("a `when` is unknown: {reason}"), Vec::new());
        }
        (Err(Unknown(reason)), _) => {
            let reason = format!("its `when` is unknown: {reason}");
            turn.record(Event::BlockSkipped { block, parent, item, reason });
        }
        (Ok(false), _) => {
            let reason = "its `when` is false".to_owned();
            turn.record(Event::BlockSkipped { block, parent, item, reason });
        }
    }
}

/// All items of a block are over.
fn end(turn: &mut Turn<'_, '_>, id: FrameId) {
    let frame = turn.state().frame(id);
    let Owner::Phase(phase) = frame.owner else { return turn.record(Event::BlockEnded { frame: id }) };
    match turn.plan().phase(phase).hook {
        Some(hook) => turn.record(Event::HookEnded { hook, phase, problem: None }),
        None => {
            turn.record(Event::PhasePassed { phase });
            wake_siblings(turn, phase);
        }
    }
}

/// A sibling of the same `for` may start now.
fn wake_siblings(turn: &mut Turn<'_, '_>, phase: PhaseIndex) {
    let plan = turn.plan();
    if plan.phase(phase).at_once.is_some() {
        let siblings = plan.dag().filter(|(_, other)| other.name == plan.phase(phase).name);
        let siblings: Vec<PhaseIndex> = siblings.map(|(index, _)| index).collect();
        siblings.into_iter().for_each(|index| turn.engine.state.push(super::state::Work::Phase(index)));
    }
}

/// Something in a phase failed, so the phase fails; of a hook only the hook ends.
pub(super) fn fail(turn: &mut Turn<'_, '_>, phase: PhaseIndex, reason: String, because: Vec<String>) {
    fail_with(turn, phase, (reason, because), false);
}

pub(super) fn fail_with(
    turn: &mut Turn<'_, '_>,
    phase: PhaseIndex,
    (reason, mut because): (String, Vec<String>),
    undo: bool,
) {
    if let Some(hook) = turn.plan().phase(phase).hook {
        stop::cancel_phase(turn, phase, "a step of the hook failed");
        return turn.record(Event::HookEnded { hook, phase, problem: Some(reason) });
    }
    if turn.state().phase(phase).status == PhaseStatus::Running {
        because.push(turn.plan().phase(phase).id.clone());
        turn.record(Event::PhaseFailed { phase, reason, because, undo });
        stop::cancel_phase(turn, phase, "the phase failed");
    }
}

/// After a failure: cancel what runs in the phase, put weights back, take changes back where asked, then apply the policy.
fn deal_with_failure(turn: &mut Turn<'_, '_>, index: PhaseIndex) {
    let plan = turn.plan();
    stop::cancel_phase(turn, index, "the phase failed");
    let policy = plan.phase(index).on_failure;
    let undo_first = turn.state().phase(index).undo_first;
    if turn.state().stop.is_some() {
        return;
    }
    if !undo_first && policy != Some(FailurePolicy::Continue) {
        turn.engine.state.phases[index.0 as usize].settled = true;
        return stop_the_run(turn, index, policy);
    }
    // The weight goes back at once, whatever the policy.
    if !undo::restore_weights_of(turn, Some(index)) || has_running(turn, index) {
        return;
    }
    if undo_first && !undo::take_back_phase(turn, index) {
        return;
    }
    if undo_first && turn.state().phase(index).status == PhaseStatus::Failed && undo::left_nothing(turn, index) {
        turn.record(Event::PhaseUndone { phase: index });
    }
    turn.engine.state.phases[index.0 as usize].settled = true;
    if policy == Some(FailurePolicy::Continue) {
        let next = plan.phase(index).before.clone();
        next.into_iter().for_each(|phase| turn.engine.state.push(super::state::Work::Phase(phase)));
        wake_siblings(turn, index);
        turn.engine.state.push(super::state::Work::Run);
    } else {
        stop_the_run(turn, index, policy);
    }
}

fn stop_the_run(turn: &mut Turn<'_, '_>, index: PhaseIndex, policy: Option<FailurePolicy>) {
    let state = turn.state();
    let undoable = state.can_roll_back(turn.plan());
    let then = match policy {
        Some(FailurePolicy::Rollback) => Afterwards::RollBack,
        None if undoable => Afterwards::RollBack,
        _ => Afterwards::Fail,
    };
    let phase = state.phase(index);
    let (reason, because) = (phase.reason.clone(), phase.because.clone());
    stop::stop(turn, then, reason, because);
}

fn has_running(turn: &Turn<'_, '_>, index: PhaseIndex) -> bool {
    let state = turn.state();
    // A step that is taken back by itself, after a crash, is waited for as well.
    let undoing = |exec: &Exec| {
        matches!(exec.detail, Detail::Step) && exec.undo.as_ref().is_some_and(|undo| undo.status == UndoStatus::Running)
    };
    let phase = state.phase(index);
    let mut execs = phase.execs.iter().map(|exec| state.exec(*exec));
    execs.any(|exec| exec.status == ExecStatus::Running || (!phase.undo_first && undoing(exec)))
}

/// Past its `timeout` every running phase fails, and with it what still waits for a window.
pub(super) fn check_timeout(turn: &mut Turn<'_, '_>) {
    let state = turn.state();
    let over = turn.plan().timeout.is_some_and(|timeout| turn.now >= state.started_at.plus(timeout));
    if !over || !state.is_forward() {
        return;
    }
    let running: Vec<PhaseIndex> = turn
        .plan()
        .dag()
        .map(|(index, _)| index)
        .filter(|index| state.phase(*index).status == PhaseStatus::Running)
        .collect();
    for phase in running {
        fail(turn, phase, "timeout".to_owned(), Vec::new());
    }
    let is_delayed = |index: &PhaseIndex| {
        let phase = turn.state().phase(*index);
        phase.status == PhaseStatus::Waiting && phase.delayed_until.is_some()
    };
    let delayed: Vec<PhaseIndex> = turn.plan().dag().map(|(index, _)| index).filter(is_delayed).collect();
    for phase in delayed {
        turn.record(Event::PhaseStarted { phase });
        fail(turn, phase, "timeout".to_owned(), Vec::new());
    }
}

/// Whether this execution may still do something forward.
pub(super) fn is_live(turn: &Turn<'_, '_>, exec: ExecId) -> bool {
    turn.state().is_running(exec)
}

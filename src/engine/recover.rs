//! Going on after a crash: what may be repeated is asked for again, the rest is put to a person. Never guessed.

use super::decide::{Turn, pause_for};
use super::event::{Direction, EffectKey, Event, ExecId, PauseCause};
use super::exec::{Detail, Exec, ExecStatus};
use super::state::PhaseStatus;
use super::turn::Request;
use super::{doubt, phases, stop};
use crate::contract::effect::{Effect, Failure, Outcome};
use crate::plan::program::{NodeKind, Plan};

/// Looks at every effect that was asked for and not answered, and at everything that may have something to do.
pub(super) fn recover(turn: &mut Turn<'_, '_>) {
    if !turn.state().started {
        return;
    }
    let plan = turn.plan();
    turn.engine.state.forget_work_in_hand(plan);
    let flying: Vec<(ExecId, Direction)> = turn
        .state()
        .running()
        .flat_map(|exec| [(exec, Direction::Forward), (exec, Direction::Undo)])
        .filter(|(exec, direction)| flying(exec, *direction).is_some())
        .map(|(exec, direction)| (exec.id, direction))
        .collect();
    for (id, direction) in flying {
        repeat_or_ask(turn, id, direction);
    }
    repeat_notices(turn);
    finish_what_was_begun(turn);
    // In one order, whether the state was folded from the first event or from a snapshot.
    turn.engine.state.live.queue.clear();
    turn.engine.state.enqueue_everything(plan);
}

/// A crash may have come between two events of one turn: between a failure and what it means.
fn finish_what_was_begun(turn: &mut Turn<'_, '_>) {
    if let Some((frame, index)) = turn.engine.state.unfinished.take() {
        turn.engine.state.frames[frame.0 as usize].judges[index as usize].fired = false;
    }
    let plan = turn.plan();
    let failed = turn.state().execs.iter().find_map(|exec| match (&exec.status, &plan.node(exec.node).kind) {
        (_, NodeKind::Step(step)) if step.continues => None,
        _ if turn.state().given_up_with(plan, exec.id).is_some() => None,
        (ExecStatus::Failed(reason), _) if turn.state().phase(exec.phase).status == PhaseStatus::Running => {
            Some((exec.phase, plan.node(exec.node).id.clone(), reason.clone()))
        }
        _ => None,
    });
    if let Some((phase, name, reason)) = failed {
        phases::fail(turn, phase, format!("{name}: {reason}"), vec![name]);
    }
    stop::go_on(turn);
}

fn flying(exec: &Exec, direction: Direction) -> Option<&Effect> {
    let work = match direction {
        Direction::Forward => &exec.forward,
        Direction::Undo => &exec.undo.as_ref()?.work,
    };
    if work.in_doubt { None } else { work.flying() }
}

fn repeat_or_ask(turn: &mut Turn<'_, '_>, id: ExecId, direction: Direction) {
    let exec = turn.state().exec(id);
    let Some(effect) = flying(exec, direction).cloned() else { return };
    let node = exec.node;
    let key = key(exec, direction);
    let cancelled =
        direction == Direction::Forward && exec.forward.cancel.is_some() && matches!(exec.detail, Detail::Step);
    if cancelled {
        let message = "interrupted while it was being cancelled".to_owned();
        let outcome = Outcome::Failed(Failure { message, cancelled: true });
        turn.record(Event::EffectEnded { node, key, outcome });
    } else if is_harmless(&effect) || may_repeat(turn.plan(), exec, direction) {
        ask_again(turn, id, direction);
    } else {
        turn.record(Event::InDoubt { node, exec: id, direction, effect: doubt::describe(&effect) });
        pause_for(turn, PauseCause::InDoubt(id));
    }
}

/// Asks for the effect that was under way once more, under its key; its attempt begins anew.
pub(super) fn ask_again(turn: &mut Turn<'_, '_>, id: ExecId, direction: Direction) {
    let exec = turn.state().exec(id);
    let Some(effect) = flying(exec, direction).cloned() else { return };
    let (node, key) = (exec.node, key(exec, direction));
    let effect = Box::new(effect);
    turn.record(Event::EffectRequested { node, key, effect: effect.clone() });
    turn.request(Request::Perform { key, effect });
}

/// The key of the effect that is under way.
fn key(exec: &Exec, direction: Direction) -> EffectKey {
    let act = match direction {
        Direction::Forward => exec.forward.act_number(),
        Direction::Undo => exec.undo.as_ref().map_or(0, |undo| undo.work.act_number()),
    };
    EffectKey::Act { exec: exec.id, direction, act }
}

/// Effects that may be performed twice under one key, whatever step asked for them.
fn is_harmless(effect: &Effect) -> bool {
    match effect {
        Effect::RunProcess { .. } | Effect::Socket { .. } => false,
        Effect::HttpRequest { method, .. } => matches!(method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE"),
        _ => true,
    }
}

fn may_repeat(plan: &Plan, exec: &Exec, direction: Direction) -> bool {
    match (&plan.node(exec.node).kind, direction) {
        (NodeKind::Step(step), Direction::Forward) => step.repeatable(),
        (NodeKind::Step(step), Direction::Undo) => step.undo.as_ref().is_none_or(|call| call.repeatable),
        // Setting a weight is absolute.
        _ => true,
    }
}

/// Telling twice is better than not at all: a channel gets the same message under the same key.
fn repeat_notices(turn: &mut Turn<'_, '_>) {
    let open = (0u32..).zip(&turn.state().notices).filter_map(|(notice, effect)| {
        let effect = effect.clone()?;
        Some(Request::Perform { key: EffectKey::Notice(notice), effect: Box::new(effect) })
    });
    let open: Vec<Request> = open.collect();
    open.into_iter().for_each(|request| turn.request(request));
}

//! Holds: good for as long as they say. Unknown never promotes.

use std::time::Duration;

use super::super::decide::Turn;
use super::super::event::{Event, ExecId};
use super::super::exec::Detail;
use super::super::scene::Scene;
use super::{fail, metric_names, pass};
use crate::contract::value::Value;
use crate::model::phase::MissingPolicy;
use crate::plan::program::{Condition, NodeKind};

/// Fails a hold that has been violated for long enough, passes one that has been good for its time.
pub fn look(turn: &mut Turn<'_, '_>, id: ExecId) {
    let plan = turn.plan();
    let NodeKind::Hold { duration, every, conditions } = &plan.node(turn.state().exec(id).node).kind else { return };
    look_on_time(turn, id, *every, conditions);
    if fail_if_violated(turn, id, conditions) || turn.state().is_paused() {
        return;
    }
    let state = turn.state();
    let exec = state.exec(id);
    let Detail::Hold(hold) = &exec.detail else { return };
    let held = state.held(exec, hold.paused, turn.now);
    if held < *duration {
        let end = (turn.now.plus(duration.saturating_sub(held)), id);
        turn.engine.state.live.timers.insert(end);
    } else if !waits_for_samples(turn, conditions) {
        end(turn, id, conditions);
    }
}

/// Judges what is due at this instant, and fails the hold when it is violated. Of another node nothing is due.
pub fn judge(turn: &mut Turn<'_, '_>, id: ExecId) {
    let plan = turn.plan();
    let NodeKind::Hold { every, conditions, .. } = &plan.node(turn.state().exec(id).node).kind else { return };
    look_on_time(turn, id, *every, conditions);
    fail_if_violated(turn, id, conditions);
}

/// Judges at the start of the hold, and then each `every`.
fn look_on_time(turn: &mut Turn<'_, '_>, id: ExecId, every: Option<Duration>, conditions: &[Condition]) {
    let now = turn.now;
    let exec = turn.state().exec(id);
    let (node, Detail::Hold(hold)) = (exec.node, &exec.detail) else { return };
    let Some(next) = hold.next_look else { return };
    if next > now || conditions.is_empty() || waits_for_samples(turn, conditions) || turn.state().is_paused() {
        return;
    }
    turn.record(Event::HoldJudged { node, exec: id });
    if let Some(every) = every {
        turn.engine.state.live.timers.insert((now.plus(every.max(Duration::from_millis(1))), id));
    }
}

/// At the end: everything required must be known, and good (or its violation shorter than its `for`).
fn end(turn: &mut Turn<'_, '_>, id: ExecId, conditions: &[Condition]) {
    let node = turn.state().exec(id).node;
    let overdue = matches!(&turn.state().exec(id).detail, Detail::Hold(hold) if hold.overdue);
    if !conditions.is_empty() && !overdue {
        turn.record(Event::HoldJudged { node, exec: id });
    }
    if fail_if_violated(turn, id, conditions) {
        return;
    }
    let Detail::Hold(hold) = &turn.state().exec(id).detail else { return };
    let known = hold.judges.iter().zip(conditions).all(|(judge, condition)| {
        // A breach for want of data is bad, and yet nothing is known: it does not end well before its `for` is over.
        let last = judge.last.and_then(|(_, verdict)| verdict).filter(|_| !judge.is_missing());
        condition.warns || last.is_some() || condition.missing == MissingPolicy::Ok
    });
    if known {
        pass(turn, id, Value::Null);
    }
}

fn fail_if_violated(turn: &mut Turn<'_, '_>, id: ExecId, conditions: &[Condition]) -> bool {
    let exec = turn.state().exec(id);
    let Detail::Hold(hold) = &exec.detail else { return false };
    let violated = hold
        .judges
        .iter()
        .zip(conditions)
        .find(|(judge, condition)| !condition.warns && judge.sustained(condition.sustain));
    let Some((judge, condition)) = violated else { return false };
    let facts = format!("`{}` is false: {}", condition.text, judge.evidence);
    let scene = Scene { plan: turn.plan(), state: turn.state(), frame: Some(exec.frame), at: turn.now };
    let reason = match &condition.reason {
        Some(reason) => format!("{} ({facts})", scene.words(reason)),
        None => facts,
    };
    let mut because = metric_names(turn, condition);
    because.extend(condition.reason.as_ref().map(|reason| scene.words(reason)));
    fail(turn, id, reason, because);
    true
}

/// At one instant samples come before conditions.
fn waits_for_samples(turn: &Turn<'_, '_>, conditions: &[Condition]) -> bool {
    let reads = conditions.iter().flat_map(|condition| &condition.reads).map(|read| read.group);
    turn.state().sample_awaited(reads, turn.now)
}

//! Effects of an execution, one after another, with timeouts and attempts; the same in both directions.

use std::time::Duration;

use super::super::decide::Turn;
use super::super::event::{Direction, EffectKey, Event, ExecId};
use super::super::exec::Work;
use super::super::turn::Request;
use crate::base::time::format_duration;
use crate::contract::effect::{History, Outcome, Reaction, Verdict};
use crate::contract::value::Value;
use crate::plan::program::NodeKind;

/// How often and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    pub retry: u32,
    pub backoff: (Duration, Duration),
    pub timeout: Option<Duration>,
}

impl Attempts {
    /// The pause behind attempt `attempt` (from 1): doubles from the first to the last.
    fn pause(self, attempt: u32) -> Duration {
        let factor = 1u32.checked_shl(attempt.saturating_sub(1).min(31)).unwrap_or(u32::MAX);
        self.backoff.0.saturating_mul(factor).min(self.backoff.1.max(self.backoff.0))
    }
}

/// Takes in the outcome of an effect, if that effect is under way.
pub fn effect_ended(turn: &mut Turn<'_, '_>, key: EffectKey, outcome: Outcome) {
    match key {
        EffectKey::Notice(notice) => {
            if turn.state().notices.get(notice as usize).is_some_and(Option::is_some) {
                turn.record(Event::NoticeEnded { notice, outcome });
            }
        }
        EffectKey::Act { exec, direction, act } => {
            let Some(state) = turn.state().execs.get(exec.0 as usize) else { return };
            let node = state.node;
            let awaited = turn
                .engine
                .state
                .work_mut(exec, direction)
                .is_some_and(|work| work.in_flight && work.act_number() == act);
            if awaited {
                turn.record(Event::EffectEnded { node, key, outcome });
            }
        }
    }
}

/// Goes on with an execution: asks for its next effect, or says how it ended. `None`: it is not over.
pub fn proceed(
    turn: &mut Turn<'_, '_>,
    (id, direction): (ExecId, Direction),
    attempts: Attempts,
    react: &dyn Fn(&History) -> Reaction,
) -> Option<Result<Value, String>> {
    let work = work(turn, id, direction)?;
    if work.in_doubt {
        return None;
    }
    if work.in_flight {
        time_out(turn, (id, direction), attempts);
        return None;
    }
    if work.acts.is_empty() && work.retry_at.is_some_and(|at| at > turn.now) {
        return None;
    }
    let timed_out = work.cancel.as_ref().filter(|cancel| cancel.fails).map(|cancel| cancel.reason.clone());
    let history = history(turn, id, direction);
    let reaction = match (timed_out, history.acts.last().and_then(|act| act.outcome.as_ref())) {
        (Some(reason), Some(Outcome::Failed(_))) => Reaction::Finish(Verdict::Failed(reason)),
        _ => react(&history),
    };
    match reaction {
        Reaction::Perform(effect) => {
            let act = work_number(turn, id, direction);
            let key = EffectKey::Act { exec: id, direction, act };
            let node = turn.state().exec(id).node;
            let effect = Box::new(effect);
            turn.record(Event::EffectRequested { node, key, effect: effect.clone() });
            turn.request(Request::Perform { key, effect });
            None
        }
        Reaction::Finish(Verdict::Passed(value)) => Some(Ok(value)),
        Reaction::Finish(Verdict::Failed(reason)) => attempt_failed(turn, (id, direction), attempts, reason),
    }
}

/// Another attempt if there is one left, else the end.
pub fn attempt_failed(
    turn: &mut Turn<'_, '_>,
    (id, direction): (ExecId, Direction),
    attempts: Attempts,
    reason: String,
) -> Option<Result<Value, String>> {
    let attempt = work(turn, id, direction)?.attempt;
    if attempt > attempts.retry {
        return Some(Err(reason));
    }
    let retry_at = turn.now.plus(attempts.pause(attempt));
    let node = turn.state().exec(id).node;
    turn.record(Event::AttemptFailed { node, exec: id, direction, attempt, reason, retry_at });
    None
}

fn work<'t>(turn: &'t Turn<'_, '_>, id: ExecId, direction: Direction) -> Option<&'t Work> {
    let exec = turn.state().exec(id);
    match direction {
        Direction::Forward => Some(&exec.forward),
        Direction::Undo => exec.undo.as_ref().map(|undo| &undo.work),
    }
}

fn work_number(turn: &Turn<'_, '_>, id: ExecId, direction: Direction) -> u32 {
    work(turn, id, direction).map_or(0, Work::act_number)
}

fn history(turn: &Turn<'_, '_>, id: ExecId, direction: Direction) -> History {
    let exec = turn.state().exec(id);
    let acts = work(turn, id, direction).map(|work| work.acts.clone()).unwrap_or_default();
    let undoing = direction == Direction::Undo;
    let node = turn.plan().node(exec.node);
    // A written undo is a step of its own; a built-in one finds what its step left under the same key.
    let written = matches!(&node.kind, NodeKind::Step(step) if step.undo.is_some());
    let suffix = if undoing && written { "/undo" } else { "" };
    History {
        key: format!("{}/{}/{}{suffix}", turn.state().run_id, node.id, exec.n),
        acts,
        done: if undoing { exec.forward.done().to_vec() } else { Vec::new() },
        output: if undoing { exec.output.clone() } else { None },
    }
}

fn time_out(turn: &mut Turn<'_, '_>, (id, direction): (ExecId, Direction), attempts: Attempts) {
    let Some(timeout) = attempts.timeout else { return };
    let Some(work) = work(turn, id, direction) else { return };
    if work.cancel.is_some() || turn.now < work.attempt_at.plus(timeout) {
        return;
    }
    let key = EffectKey::Act { exec: id, direction, act: work.act_number() };
    let node = turn.state().exec(id).node;
    let reason = format!("timed out after {}", format_duration(timeout));
    turn.record(Event::CancelRequested { node, exec: id, direction, reason, fails: true });
    turn.request(Request::Cancel { key });
}

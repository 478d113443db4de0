//! How samples reach the judges of triggers and holds. Part of the fold: the same journal gives the same judges.

use std::time::Duration;

use super::event::{ExecId, FrameId};
use super::exec::{Detail, Exec, Frame};
use super::judge::{Judge, MISSING_LIMIT};
use super::looks::Reader;
use super::scene::{Finding, Scene};
use super::state::{State, Work};
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::samples::Samples;
use crate::eval::{Unknown, evaluate};
use crate::plan::program::{Condition, Group, GroupIndex, NodeKind, Plan, Sustain, Trigger};

/// Takes in the samples of a group at a tick, and judges all that reads them.
pub fn sample(state: &mut State, plan: &Plan, group: GroupIndex, tick: Timestamp, samples: &Samples) {
    if let Some(sampling) = state.live.sampling.get_mut(group.0 as usize) {
        sampling.in_flight = None;
        sampling.next = Some(tick.plus(plan.group(group).every));
    }
    state.series.take(group, tick, samples);
    derive(state, plan, group, tick);
    watched(state, plan, Some(group), tick);
    let running = std::mem::take(&mut state.live.running);
    for id in running.iter() {
        if is_hold(state.exec(*id)) {
            sampled_hold(state, plan, *id, group, tick);
        }
    }
    // Triggers come first; a pause may be over.
    if state.is_paused() || state.paused_since.is_some() {
        state.push(Work::Run);
    }
    for id in running.iter() {
        if may_go_on(state, plan, state.exec(*id)) {
            state.live.queue.push_back(Work::Exec(*id));
        }
    }
    state.live.running = running;
}

/// Whether a sample may have given it something to do: gates and the ends of holds and waits may have waited for this one.
fn may_go_on(state: &State, plan: &Plan, exec: &Exec) -> bool {
    let now = state.last_at;
    match (&exec.detail, &plan.node(exec.node).kind) {
        (Detail::Gate(_), _) => true,
        (Detail::Wait { until }, _) => *until <= now,
        (Detail::Hold(hold), NodeKind::Hold { conditions, duration, .. }) => {
            let violated = |(judge, condition): (&Judge, &Condition)| judge.sustained(condition.sustain);
            hold.overdue
                || hold.next_look.is_some_and(|next| next <= now)
                || hold.judges.iter().zip(conditions).any(violated)
                || state.held(exec, hold.paused, now) >= *duration
        }
        // Answers and timers are what the others wait for.
        _ => false,
    }
}

/// Fields computed from others of the group.
fn derive(state: &mut State, plan: &Plan, group: GroupIndex, tick: Timestamp) {
    let Group { fields, derived, .. } = plan.group(group);
    for (place, derived) in (fields.len()..).zip(derived) {
        let scene = Scene { plan, state, frame: None, at: tick };
        let value = evaluate(&derived.expr, &scene).map_err(|Unknown(reason)| reason);
        state.series.push(group, tick, (place, &derived.field), Held::from(value));
    }
}

fn is_hold(exec: &Exec) -> bool {
    matches!(exec.detail, Detail::Hold(_))
}

/// Conditions that read no metric are looked at whenever a step has passed.
pub fn without_metrics(state: &mut State, plan: &Plan, at: Timestamp) {
    watched(state, plan, None, at);
}

/// Judges the triggers of all blocks that are open: those that read `group`, or (None) those that read nothing. Judging
/// opens and closes none.
fn watched(state: &mut State, plan: &Plan, group: Option<GroupIndex>, at: Timestamp) {
    let watching = std::mem::take(&mut state.live.watching);
    for frame in watching.iter() {
        triggers(state, plan, *frame, group, at);
    }
    state.live.watching = watching;
}

fn triggers(state: &mut State, plan: &Plan, frame: FrameId, group: Option<GroupIndex>, at: Timestamp) {
    let Frame { block, started_at, .. } = *state.frame(frame);
    if at < started_at {
        return;
    }
    let triggers = &plan.block(block).triggers;
    let counts = counts(state, plan, (frame, group), at);
    let mut readers = 0..;
    while let Some(reader) = readers.next().and_then(|place| state.looks.triggers(block).reading(group).get(place)) {
        let Reader { index, is_single, .. } = *reader;
        // Most are plainly false, and that needs no more than to be written down.
        if counts && reader.verdict(&state.series, at) == Some(false) {
            debug_assert!(is_plain(state, plan, (frame, at), &triggers[index].condition, false));
            state.frames[frame.0 as usize].judges[index].pass(at);
        } else if is_single || due(state, plan, &triggers[index].condition, at) {
            trigger_at(state, plan, (frame, index), &triggers[index], at);
        }
    }
}

/// Whether a sample of `at` counts in a frame: it was taken under the weight that its ramp has now.
fn counts(state: &State, plan: &Plan, (frame, group): (FrameId, Option<GroupIndex>), at: Timestamp) -> bool {
    let scene = Scene { plan, state, frame: Some(frame), at };
    group.and_then(|group| scene.not_before(group)).is_none_or(|edge| at >= edge)
}

/// What is plain to see is what comes of a longer look.
fn is_plain(
    state: &State,
    plan: &Plan,
    (frame, at): (FrameId, Timestamp),
    condition: &Condition,
    verdict: bool,
) -> bool {
    let scene = Scene { plan, state, frame: Some(frame), at };
    scene.is_settled(&condition.reads) && scene.judge(condition, !verdict).verdict == Some(verdict)
}

/// A block has begun: the sample of that instant may have come before, and is judged all the same. Under a weight it is
/// not: it was taken before the weight was set.
pub fn begun(state: &mut State, plan: &Plan, frame: FrameId, at: Timestamp) {
    if state.frame(frame).stage.is_some() {
        return;
    }
    for (index, trigger) in plan.block(state.frame(frame).block).triggers.iter().enumerate() {
        if has_just_come(state, &trigger.condition, at) && due(state, plan, &trigger.condition, at) {
            trigger_at(state, plan, (frame, index), trigger, at);
        }
    }
}

/// Whether something the condition reads was sampled at this very instant.
fn has_just_come(state: &State, condition: &Condition, at: Timestamp) -> bool {
    condition.reads.iter().any(|read| state.series.latest_tick(read.group) == Some(at))
}

fn trigger_at(state: &mut State, plan: &Plan, (frame, index): (FrameId, usize), trigger: &Trigger, at: Timestamp) {
    let condition = &trigger.condition;
    let Frame { block, started_at, .. } = *state.frame(frame);
    let scene = Scene { plan, state, frame: Some(frame), at };
    if !scene.is_settled(&condition.reads) {
        return;
    }
    let Finding { verdict, evidence, is_missing } = state.looks.triggers(block).judge(&scene, (index, condition), true);
    let judge = &mut state.frames[frame.0 as usize].judges[index];
    judge.evidence = evidence;
    let warm = match condition.after {
        Some(Sustain::Samples(samples)) => judge.seen + 1 >= samples,
        Some(Sustain::Time(duration)) => at >= started_at.plus(duration),
        None => true,
    };
    if warm {
        judge.count_sample(!is_missing);
        let bad = judge.with_policy(verdict, condition.missing);
        judge.observe(at, bad);
    } else {
        judge.seen = judge.seen.saturating_add(1);
    }
    if judge.calls(condition) {
        state.push(Work::Run);
    }
}

/// Of several groups, a condition is judged once at an instant: when the last of those that have a tick then has come.
/// Decided by ticks alone, never by what is under way, so that a replay decides the same.
fn due(state: &State, plan: &Plan, condition: &Condition, at: Timestamp) -> bool {
    condition.reads.iter().all(|read| {
        state.series.latest_tick(read.group).is_some_and(|latest| latest >= at)
            || !at.since(state.started_at).as_micros().is_multiple_of(plan.group(read.group).every.as_micros().max(1))
    })
}

fn sampled_hold(state: &mut State, plan: &Plan, id: ExecId, group: GroupIndex, tick: Timestamp) {
    let Exec { node, started_at, frame, .. } = *state.exec(id);
    let NodeKind::Hold { conditions, every, .. } = &plan.node(node).kind else { return };
    if tick < started_at {
        return;
    }
    let what = Look { at: tick, sample: true, judged: every.is_none() };
    leave_out_unseen(state, (id, state.looks.hold(node).every), tick);
    let counts = counts(state, plan, (frame, Some(group)), tick) && !state.is_paused();
    let mut readers = 0..;
    while let Some(reader) = readers.next().and_then(|place| state.looks.hold(node).reading(Some(group)).get(place)) {
        let Reader { index, is_single, .. } = *reader;
        let verdict = reader.verdict(&state.series, tick).filter(|_| counts);
        if verdict.is_some_and(|good| is_plain_look(state, (id, index), what, good)) {
            debug_assert!(is_plain(state, plan, (frame, tick), &conditions[index], verdict == Some(true)));
        } else if is_single || due(state, plan, &conditions[index], tick) {
            look(state, plan, (id, index), &conditions[index], what);
        }
    }
}

/// Writes down a sample of a hold that needs no more than that: one that is good, or that only counts.
fn is_plain_look(state: &mut State, (id, index): (ExecId, usize), look: Look, good: bool) -> bool {
    let Detail::Hold(hold) = &mut state.execs[id.0 as usize].detail else { return false };
    let judge = &mut hold.judges[index];
    let is_plain = !hold.overdue && (if look.judged { good } else { !judge.is_bad() });
    if is_plain && look.judged {
        judge.pass(look.at);
    } else if is_plain {
        judge.count_sample(true);
    }
    is_plain
}

/// A hold is good for as long as somebody looked. Between two of its samples lies more than missing data may take when the
/// process was gone or the clock was set: what is beyond that does not count, as if the run had been paused then.
fn leave_out_unseen(state: &mut State, (id, every): (ExecId, Option<Duration>), tick: Timestamp) {
    let Some(every) = every else { return };
    let (paused, started_at) = (state.is_paused(), state.exec(id).started_at);
    let Detail::Hold(hold) = &mut state.execs[id.0 as usize].detail else { return };
    let seen = hold.seen_at.unwrap_or(started_at);
    hold.seen_at = Some(seen.max(tick));
    let unseen = tick.since(seen).saturating_sub(every.saturating_mul(MISSING_LIMIT));
    if !paused && unseen > Duration::ZERO {
        hold.paused += unseen;
        hold.overdue = false;
        hold.judges.iter_mut().for_each(Judge::stand_still);
    }
}

/// Judges all conditions of a hold at an instant that is not a sample's.
pub fn hold(state: &mut State, plan: &Plan, id: ExecId, at: Timestamp) {
    let NodeKind::Hold { conditions, every, duration } = &plan.node(state.exec(id).node).kind else { return };
    for (index, condition) in conditions.iter().enumerate() {
        // The sample of the instant at which it begins may have come before.
        let sample = is_beginning(state, id, index, at) && has_just_come(state, condition, at);
        look(state, plan, (id, index), condition, Look { at, sample, judged: true });
    }
    let exec = state.exec(id);
    let Detail::Hold(hold) = &exec.detail else { return };
    let overdue = state.held(exec, hold.paused, at) >= *duration;
    if let Detail::Hold(hold) = &mut state.execs[id.0 as usize].detail {
        hold.overdue |= overdue;
        hold.next_look = every.map(|every| at.plus(every.max(Duration::from_millis(1))));
    }
}

/// The hold begins at this instant, and has counted no sample yet.
fn is_beginning(state: &State, id: ExecId, index: usize, at: Timestamp) -> bool {
    let exec = state.exec(id);
    let unseen = matches!(&exec.detail, Detail::Hold(hold) if hold.judges[index].seen == 0);
    unseen && exec.started_at == at && state.frame(exec.frame).stage.is_none()
}

#[derive(Clone, Copy)]
struct Look {
    at: Timestamp,
    /// It is a sample of what the condition reads: it counts as known or missing.
    sample: bool,
    /// It is an evaluation of the condition.
    judged: bool,
}

fn look(state: &mut State, plan: &Plan, (id, index): (ExecId, usize), condition: &Condition, look: Look) {
    let Exec { frame, node, .. } = *state.exec(id);
    let guards = state.looks.hold(node);
    let scene = Scene { plan, state, frame: Some(frame), at: look.at };
    if !scene.is_settled(&condition.reads) {
        return;
    }
    let Detail::Hold(hold) = &state.exec(id).detail else { return };
    // Between two evaluations a sample says no more than that there is one.
    let counts_only = look.sample && !look.judged && !hold.overdue;
    let known = counts_only && guards.knows(&scene, index);
    let found = if known { Finding::good(true) } else { guards.judge(&scene, (index, condition), false) };
    let Finding { verdict, evidence, is_missing } = found;
    let paused = state.is_paused();
    let Detail::Hold(hold) = &mut state.execs[id.0 as usize].detail else { return };
    let judge = &mut hold.judges[index];
    if !counts_only || is_missing {
        judge.evidence = evidence;
    }
    if look.sample {
        // Past its time a hold waits for a comparison that is still under way as it does for data: people are to know.
        judge.count_sample(!is_missing && (verdict.is_some() || !hold.overdue));
    }
    // While the run is paused a hold stands still; only whether its data are back matters.
    if (look.judged || hold.overdue) && !paused {
        let bad = judge.with_policy(verdict.map(|good| !good), condition.missing);
        judge.observe(look.at, bad);
    }
    if judge.calls(condition) {
        state.push(Work::Run);
    }
}

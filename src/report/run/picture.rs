//! A run at one instant, as lines: its phases, and of what is going on how far it is and what it looks at.

use std::time::Duration;

use super::amounts::{percent, spent};
use super::causes;
use crate::base::time::{Timestamp, format_duration};
use crate::engine::event::FrameId;
use crate::engine::exec::{Detail, Exec, ExecStatus, UndoStatus};
use crate::engine::judge::Judge;
use crate::engine::scene::Scene;
use crate::engine::state::{PhaseStatus, State};
use crate::plan::program::{Condition, NodeKind, PhaseIndex, Plan};

/// How wide the bar of a hold is.
const BAR: usize = 20;

/// Of more than so many phases only those that are not waiting are drawn.
const MOST_PHASES: usize = 30;

/// The picture of a run at `now`.
#[must_use]
pub fn draw(plan: &Plan, state: &State, now: Timestamp) -> Vec<String> {
    let width = plan.dag().map(|(_, phase)| phase.id.chars().count()).max().unwrap_or(0);
    let many = plan.dag().count() > MOST_PHASES;
    let mut lines = Vec::new();
    let mut left_out = 0usize;
    for (index, _) in plan.dag() {
        let quiet = matches!(state.phase(index).status, PhaseStatus::Waiting | PhaseStatus::Passed);
        if many && quiet {
            left_out += 1;
            continue;
        }
        lines.push(phase_line(plan, state, index, width, now));
        lines.extend(details(plan, state, index, now).into_iter().map(|line| format!("      {line}")));
    }
    if left_out > 0 {
        lines.push(format!("  … and {left_out} more, which passed or wait"));
    }
    lines.extend(state.pause.iter().flat_map(|cause| {
        let cause = causes::describe(plan, state, cause);
        let cure = cause.cure.map(|cure| format!("    to go on: {cure}"));
        std::iter::once(format!("  paused: {}", cause.why)).chain(cure)
    }));
    lines
}

fn phase_line(plan: &Plan, state: &State, index: PhaseIndex, width: usize, now: Timestamp) -> String {
    let phase = state.phase(index);
    let id = &plan.phase(index).id;
    let time = phase.started_at.map_or(String::new(), |started| spent(phase.ended_at.unwrap_or(now).since(started)));
    let weight = weight(state, phase.execs.iter().filter_map(|id| state.execs.get(id.0 as usize)));
    let reason = if phase.reason.is_empty() { String::new() } else { format!("  {}", phase.reason) };
    let line = format!("  {} {id:width$}  {:8} {time:>7}{weight}{reason}", mark(phase.status), phase.status.name());
    line.trim_end().to_owned()
}

fn mark(status: PhaseStatus) -> char {
    match status {
        PhaseStatus::Waiting => '·',
        PhaseStatus::Running => '▸',
        PhaseStatus::Passed => '✓',
        PhaseStatus::Failed => '✗',
        PhaseStatus::Skipped => '-',
        PhaseStatus::Undone => '↺',
    }
}

fn weight<'a>(state: &State, execs: impl Iterator<Item = &'a Exec>) -> String {
    let ramps = execs.filter_map(|exec| match &exec.detail {
        Detail::Ramp(ramp) => Some((exec, ramp)),
        _ => None,
    });
    let Some((exec, ramp)) = ramps.last() else { return String::new() };
    let back = exec.undo.as_ref().is_some_and(|undo| undo.status == UndoStatus::Passed);
    // With two ramps of one target the first takes it back to what was before both.
    let of_another = back && ramp.current.is_some_and(|stage| Some(stage.weight) != ramp.before);
    if of_another {
        return String::new();
    }
    let weight = if back { ramp.before } else { ramp.current.map(|stage| stage.weight).or(ramp.before) };
    let unsure = if state.outcome.is_none() && exec.forward.in_flight { " …" } else { "" };
    weight.map_or(String::new(), |weight| format!("  weight {}{unsure}", percent(weight)))
}

/// What goes on in a phase: steps, holds, gates that wait for a person, and the conditions that are watched.
fn details(plan: &Plan, state: &State, phase: PhaseIndex, now: Timestamp) -> Vec<String> {
    let mut lines: Vec<String> = state
        .running()
        .filter(|exec| exec.phase == phase)
        .filter_map(|exec| going_on(plan, state, exec, now))
        .collect();
    let running = state.phase(phase).status == PhaseStatus::Running && state.outcome.is_none();
    if running {
        for line in watched(plan, state, phase) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

fn going_on(plan: &Plan, state: &State, exec: &Exec, now: Timestamp) -> Option<String> {
    let node = plan.node(exec.node);
    let name = node.id.rsplit_once('.').map_or(node.id.as_str(), |(_, name)| name);
    if let Some(undo) = exec.undo.as_ref().filter(|undo| undo.status == UndoStatus::Running) {
        let doubt = if undo.work.in_doubt { "in doubt" } else { "undoing" };
        return Some(format!("{name}  {doubt}"));
    }
    if exec.status != ExecStatus::Running {
        return None;
    }
    match (&node.kind, &exec.detail) {
        (NodeKind::Step(step), _) => Some(step_line(name, &step.call.name, exec, now)),
        (NodeKind::Hold { duration, conditions, .. }, Detail::Hold(hold)) => {
            let held = state.held(exec, hold.paused, now).min(*duration);
            let evidence = conditions
                .iter()
                .zip(&hold.judges)
                .map(|(condition, judge)| seen((plan, state), Some(exec.frame), condition, judge));
            let evidence: Vec<String> = evidence.filter(|text| !text.is_empty()).collect();
            let evidence = if evidence.is_empty() { String::new() } else { format!("  {}", evidence.join(", ")) };
            Some(format!(
                "{name}  {}  {} of {}{evidence}",
                bar(held, *duration),
                spent(held),
                format_duration(*duration)
            ))
        }
        (NodeKind::Wait(duration), Detail::Wait { until }) => {
            let waited = duration.saturating_sub(until.since(now));
            Some(format!("{name}  {}  {} of {}", bar(waited, *duration), spent(waited), format_duration(*duration)))
        }
        (NodeKind::Approve { who, .. }, Detail::Approve { approved: true, .. }) => {
            Some(format!("{name}  approved ({who}): it goes on with the run"))
        }
        (NodeKind::Approve { who, by, .. }, Detail::Approve { deadline, .. }) => {
            let group = by.as_ref().map_or(String::new(), |group| format!(", group {group}"));
            let left = deadline.map_or(String::new(), |deadline| format!(", {} left", spent(deadline.since(now))));
            Some(format!("{name}  waits for approval ({who}{group}){left}: phasegate approve {}", state.run_id))
        }
        (NodeKind::Gate(_), Detail::Gate(gate)) if gate.undecided => {
            let unknown = gate.judgements.iter().filter(|judgement| judgement.verdict.is_none());
            let unknown: Vec<String> =
                unknown.map(|judgement| format!("`{}` {}", judgement.condition, judgement.evidence)).collect();
            Some(format!("{name}  cannot be decided: {}", unknown.join(", ")))
        }
        _ => None,
    }
}

fn step_line(name: &str, call: &str, exec: &Exec, now: Timestamp) -> String {
    let attempt = if exec.forward.attempt > 1 { format!(", attempt {}", exec.forward.attempt) } else { String::new() };
    let doing = if exec.forward.in_doubt {
        "in doubt"
    } else if exec.forward.cancel.is_some() {
        "stopping"
    } else if exec.forward.retry_at.is_some() {
        "waits to try again"
    } else {
        "running"
    };
    format!("{name}  {call} {doing} for {}{attempt}", spent(now.since(exec.started_at)))
}

/// The conditions of the triggers around what runs in this phase, with the values they saw last.
fn watched(plan: &Plan, state: &State, phase: PhaseIndex) -> Vec<String> {
    let scope = |frame: &&crate::engine::exec::Frame| {
        !frame.ended && (frame.phase == Some(phase) || (frame.phase.is_none() && frame.id == FrameId(0)))
    };
    let mut lines = Vec::new();
    for frame in state.frames.iter().filter(scope) {
        let triggers = &plan.block(frame.block).triggers;
        for (trigger, judge) in triggers.iter().zip(&frame.judges) {
            if judge.last.is_none() {
                continue;
            }
            let bad = judge.last.is_some_and(|(_, verdict)| verdict == Some(true));
            let warning = if bad { "  ← true" } else { "" };
            let evidence = seen((plan, state), Some(frame.id), &trigger.condition, judge);
            let evidence = if evidence.is_empty() { trigger.condition.text.clone() } else { evidence };
            lines.push(format!("{} when {}: {evidence}{warning}", trigger.action.name(), trigger.condition.text));
        }
    }
    lines
}

/// The values behind the latest evaluation.
fn seen((plan, state): (&Plan, &State), frame: Option<FrameId>, condition: &Condition, judge: &Judge) -> String {
    let Some((at, _)) = judge.last else { return judge.evidence.clone() };
    // The sample it looked at may have made room for a newer one since then.
    let at = at.max(state.last_at);
    Scene { plan, state, frame, at }.seen(condition, &judge.evidence)
}

/// `━━━━━─────`
fn bar(done: Duration, whole: Duration) -> String {
    let share = if whole.is_zero() { 1.0 } else { (done.as_secs_f64() / whole.as_secs_f64()).clamp(0.0, 1.0) };
    // Between 0 and the width of the bar.
    let filled = (share * BAR as f64).floor() as usize;
    format!("{}{}", "━".repeat(filled), "─".repeat(BAR - filled))
}

#[cfg(test)]
mod tests {
    use super::{Duration, bar};

    #[test]
    fn a_bar_fills_from_left_to_right_and_never_overflows() {
        let minute = Duration::from_secs(60);
        assert_eq!(bar(Duration::ZERO, minute), "─".repeat(20));
        assert_eq!(bar(minute / 2, minute), format!("{}{}", "━".repeat(10), "─".repeat(10)));
        assert_eq!(bar(minute * 2, minute), "━".repeat(20));
        assert_eq!(bar(Duration::ZERO, Duration::ZERO), "━".repeat(20));
    }
}

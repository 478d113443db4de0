//! How a run ended, or was left: the last words of `run` and what other programs get to know.

use std::time::Duration;

use serde::Serialize;

use super::amounts::{percent, spent};
use super::causes;
use crate::base::time::Timestamp;
use crate::engine::event::RunOutcome;
use crate::engine::exec::{Detail, Exec, UndoStatus};
use crate::engine::state::State;
use crate::plan::program::{NodeKind, Plan};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    pub run: String,
    pub pipeline: String,
    pub environment: Option<String>,
    /// `running`, `paused`, or the outcome.
    pub status: String,
    #[serde(skip)]
    pub outcome: Option<RunOutcome>,
    pub reason: String,
    #[serde(rename = "took_s", serialize_with = "seconds")]
    pub took: Duration,
    /// Changes that were made and not taken back, in order.
    pub changed: Vec<String>,
    /// Changes that were taken back, in order of their making.
    pub undone: Vec<String>,
    /// Changes that should have been taken back and were not.
    pub still_changed: Vec<String>,
}

/// Sums up a run as it stands at `now`.
#[must_use]
pub fn sum_up(plan: &Plan, state: &State, now: Timestamp) -> RunSummary {
    let end = if state.outcome.is_some() { state.last_at } else { now };
    let (mut changed, mut undone) = (Vec::new(), Vec::new());
    for exec in state.execs.iter().filter(|exec| changes(plan, exec)) {
        let names = if is_undone(exec) { &mut undone } else { &mut changed };
        let name = name(plan, exec);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    RunSummary {
        run: state.run_id.clone(),
        pipeline: plan.pipeline.clone(),
        environment: plan.environment.clone(),
        status: state.status().to_owned(),
        outcome: state.outcome,
        reason: state.reason.clone(),
        // Of a run that never began no time is known.
        took: if state.started { end.since(state.started_at) } else { Duration::ZERO },
        changed,
        undone,
        still_changed: state.still_changed.clone(),
    }
}

/// The last words, line by line.
#[must_use]
pub fn tell(plan: &Plan, state: &State, now: Timestamp) -> Vec<String> {
    let summary = sum_up(plan, state, now);
    let took = spent(summary.took);
    let mut lines = vec![match summary.outcome {
        Some(outcome) if summary.reason.is_empty() => format!("{} after {took}", phrase(outcome)),
        Some(outcome) => format!("{} after {took}: {}", phrase(outcome), summary.reason),
        None => format!("{} after {took}", summary.status),
    }];
    let mut list = |title: &str, names: &[String]| {
        if !names.is_empty() {
            lines.push(format!("  {title}: {}", names.join(", ")));
        }
    };
    list("changed", &summary.changed);
    list("taken back", &summary.undone);
    list("still changed", &summary.still_changed);
    if summary.outcome.is_none() {
        lines.extend(state.pause.iter().flat_map(|cause| {
            let cause = causes::describe(plan, state, cause);
            let cure = cause.cure.map(|cure| format!("  to go on: {cure}"));
            std::iter::once(format!("  paused: {}", cause.why)).chain(cure)
        }));
    }
    lines.push(format!("  details: phasegate status {0} · phasegate logs {0}", summary.run));
    lines
}

/// An outcome in a sentence.
#[must_use]
pub fn phrase(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Failed => "failed",
        RunOutcome::RolledBack => "rolled back",
        RunOutcome::RollbackFailed => "rollback failed",
        RunOutcome::Aborted => "aborted",
    }
}

fn changes(plan: &Plan, exec: &Exec) -> bool {
    match (&plan.node(exec.node).kind, &exec.detail) {
        (NodeKind::Step(step), _) => step.changes() && exec.begun && plan.phase(exec.phase).hook.is_none(),
        (_, Detail::Ramp(ramp)) => ramp.current.is_some(),
        _ => false,
    }
}

fn is_undone(exec: &Exec) -> bool {
    exec.undo.as_ref().is_some_and(|undo| undo.status == UndoStatus::Passed)
}

fn name(plan: &Plan, exec: &Exec) -> String {
    let id = &plan.node(exec.node).id;
    match &exec.detail {
        Detail::Ramp(ramp) if !is_undone(exec) => {
            ramp.current.map_or_else(|| id.clone(), |stage| format!("{id} (weight {})", percent(stage.weight)))
        }
        _ => id.clone(),
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

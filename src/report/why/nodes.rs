//! Why a node ran, was tried again, was skipped, was taken back, or is in doubt.

use super::{Part, Subject, verdicts};
use crate::base::time::{Timestamp, format_duration};
use crate::engine::event::{Direction, Event, ExecId, FrameId, Recorded};
use crate::engine::exec::{Detail, Exec, ExecStatus, UndoStatus};
use crate::engine::state::PhaseStatus;
use crate::model::phase::FailurePolicy;
use crate::model::signature::EffectClass;
use crate::plan::program::{BlockIndex, Item, NodeIndex, NodeKind, PhaseIndex, Plan, Step};
use crate::report::run::amounts::{percent, spent, time_of_day};
use crate::report::run::causes;

/// Everything that became of a node, one part for each of its executions.
#[must_use]
pub fn parts(subject: Subject<'_>, index: NodeIndex) -> Vec<Part> {
    let node = subject.plan.node(index);
    if let NodeKind::Phase = node.kind {
        return vec![phase(subject, node.phase)];
    }
    let execs: Vec<&Exec> = subject.state.execs.iter().filter(|exec| exec.node == index).collect();
    if execs.is_empty() {
        return vec![not_run(subject, index)];
    }
    execs.into_iter().map(|exec| of_exec(subject, exec)).collect()
}

/// What became of one execution.
#[must_use]
pub fn of_exec(subject: Subject<'_>, exec: &Exec) -> Part {
    let node = subject.plan.node(exec.node);
    match &node.kind {
        NodeKind::Gate(_) | NodeKind::Hold { .. } => verdicts::judged(subject, exec),
        NodeKind::Step(step) => self::step(subject, exec, step),
        NodeKind::Ramp { .. } => ramp(subject, exec),
        NodeKind::Approve { who, by, within, .. } => {
            let mut part = verdicts::part(subject, exec, "approve");
            let by = by.as_ref().map_or(String::new(), |by| format!(" by \"{by}\""));
            let within = within.map_or(String::new(), |within| format!(" within {}", format_duration(within)));
            part.source = format!("approve \"{who}\"{by}{within}");
            part.words.extend(history(subject, exec));
            part
        }
        NodeKind::Wait(duration) => {
            let mut part = verdicts::part(subject, exec, "wait");
            part.source = format!("wait {}", format_duration(*duration));
            part.words.extend(history(subject, exec));
            part
        }
        NodeKind::Phase => phase(subject, node.phase),
    }
}

/// Why it has not run: skipped by its `when` or its phase's, or never reached.
fn not_run(subject: Subject<'_>, index: NodeIndex) -> Part {
    let (plan, state) = (subject.plan, subject.state);
    let node = plan.node(index);
    let skipped = subject.events.iter().find(|recorded| is_skipped(plan, recorded, index));
    let phase = state.phase(node.phase);
    let id = &plan.phase(node.phase).id;
    let (verdict, words) = match (skipped, phase.status) {
        (Some(recorded), _) => ("skipped", skip_reason(recorded)),
        (None, PhaseStatus::Skipped) if phase.reason.is_empty() => ("not reached", never_started(subject, node.phase)),
        (None, PhaseStatus::Skipped) => ("skipped", format!("phase `{id}` was skipped: {}", phase.reason)),
        (None, PhaseStatus::Waiting) => ("not reached", waiting(subject, node.phase)),
        (None, PhaseStatus::Running) => ("not reached", format!("phase `{id}` has not come to it yet")),
        (None, _) => ("not reached", format!("phase `{id}` ended before it: {}", ended(subject, node.phase))),
    };
    Part {
        id: node.id.clone(),
        kind: node.kind.name(),
        at: skipped.map(|recorded| recorded.at),
        seq: skipped.map(|recorded| recorded.seq),
        verdict: verdict.to_owned(),
        source: match &node.kind {
            NodeKind::Step(step) => step.call.name.clone(),
            _ => String::new(),
        },
        words: vec![words],
        conditions: verdicts::unreached(&node.kind),
    }
}

fn ended(subject: Subject<'_>, index: PhaseIndex) -> String {
    let why = failure(subject, index).into_iter().next();
    why.unwrap_or_else(|| "it had nothing more to do".to_owned())
}

fn never_started(subject: Subject<'_>, index: PhaseIndex) -> String {
    let id = &subject.plan.phase(index).id;
    match &subject.state.stop {
        Some(stop) => format!("phase `{id}` never started: the run was stopped: {}", stop.reason),
        None => format!("phase `{id}` never started"),
    }
}

fn is_skipped(plan: &Plan, recorded: &Recorded, index: NodeIndex) -> bool {
    match &recorded.event {
        Event::NodeSkipped { node, .. } => *node == index,
        Event::BlockSkipped { block, .. } => holds(plan, *block, index),
        _ => false,
    }
}

fn holds(plan: &Plan, block: BlockIndex, index: NodeIndex) -> bool {
    plan.block(block).items.iter().any(|item| match item {
        Item::Node(node) => *node == index,
        Item::Block(inner) => holds(plan, *inner, index),
    })
}

fn skip_reason(recorded: &Recorded) -> String {
    match &recorded.event {
        Event::NodeSkipped { reason, .. } | Event::BlockSkipped { reason, .. } => reason.clone(),
        _ => String::new(),
    }
}

/// What a phase that has not started waits for.
fn waiting(subject: Subject<'_>, index: PhaseIndex) -> String {
    let (plan, state) = (subject.plan, subject.state);
    let phase = plan.phase(index);
    if let Some(until) = state.phase(index).delayed_until {
        return format!("phase `{}` {} until {until}", phase.id, state.phase(index).reason);
    }
    let open =
        |before: &&PhaseIndex| matches!(state.phase(**before).status, PhaseStatus::Waiting | PhaseStatus::Running);
    let open: Vec<String> =
        phase.after.iter().filter(open).map(|before| format!("`{}`", plan.phase(*before).id)).collect();
    match open.as_slice() {
        [] => format!("phase `{}` has not started", phase.id),
        open => format!("phase `{}` waits for {}", phase.id, open.join(", ")),
    }
}

fn step(subject: Subject<'_>, exec: &Exec, step: &Step) -> Part {
    let mut part = verdicts::part(subject, exec, "step");
    part.source = step.call.name.clone();
    let phase = &subject.plan.phase(exec.phase).id;
    part.words.push(match (&step.when, exec.frame == FrameId(0)) {
        (Some(_), _) => format!("it ran because phase `{phase}` came to it and its `when` was true"),
        (None, _) => format!("it ran because phase `{phase}` came to it"),
    });
    part.words.extend(history(subject, exec));
    part.words.extend(taken_back(subject, exec, step));
    if in_doubt(exec) {
        part.verdict = "in doubt".to_owned();
        let cause = causes::describe(subject.plan, subject.state, &crate::engine::event::PauseCause::InDoubt(exec.id));
        part.words.push(cause.why);
        part.words.push("it may not be repeated: it is neither `idempotent` nor known only to read or tell".to_owned());
        part.words.extend(cause.cure);
    }
    part
}

fn in_doubt(exec: &Exec) -> bool {
    exec.forward.in_doubt || exec.undo.as_ref().is_some_and(|undo| undo.work.in_doubt)
}

/// Whether it was taken back, and why or why not.
fn taken_back(subject: Subject<'_>, exec: &Exec, step: &Step) -> Option<String> {
    let stopped = subject.state.stop.as_ref();
    let why = stopped.map_or_else(|| subject.state.phase(exec.phase).reason.clone(), |stop| stop.reason.clone());
    match &exec.undo {
        Some(undo) => Some(match &undo.status {
            UndoStatus::Passed => format!("it was taken back, because {why}"),
            UndoStatus::Failed(reason) => format!("it was to be taken back, because {why}; that failed: {reason}"),
            UndoStatus::Running => format!("it is being taken back, because {why}"),
        }),
        None if !subject.state.rolling_back || !exec.begun => None,
        None => Some(match step.effect {
            EffectClass::Reads => "nothing to take back: it only reads".to_owned(),
            EffectClass::Tells => "it only tells: that is not taken back".to_owned(),
            EffectClass::Permanent => "it stays: its change is permanent".to_owned(),
            EffectClass::Changes if !step.can_undo() => "it stays: it has no undo".to_owned(),
            EffectClass::Changes => return None,
        }),
    }
}

fn ramp(subject: Subject<'_>, exec: &Exec) -> Part {
    let mut part = verdicts::part(subject, exec, "ramp");
    let node = subject.plan.node(exec.node);
    if let NodeKind::Ramp { target, weights, .. } = &node.kind {
        let weights: Vec<String> = weights.iter().map(|weight| percent(*weight)).collect();
        part.source = format!("ramp {} through {}", target.name, weights.join(", "));
    }
    if let Detail::Ramp(ramp) = &exec.detail
        && let Some(before) = ramp.before
    {
        part.words.push(format!("the weight was {} before it", percent(before)));
    }
    part.words.extend(history(subject, exec));
    if let Some(undo) = &exec.undo {
        let why = subject.state.stop.as_ref().map(|stop| stop.reason.as_str()).unwrap_or_default();
        let why = if why.is_empty() { subject.state.phase(exec.phase).reason.as_str() } else { why };
        part.words.push(match &undo.status {
            UndoStatus::Passed => format!("the weight went back, because {why}"),
            UndoStatus::Failed(reason) => format!("the weight was to go back, because {why}; that failed: {reason}"),
            UndoStatus::Running => format!("the weight is going back, because {why}"),
        });
    }
    part
}

fn phase(subject: Subject<'_>, index: PhaseIndex) -> Part {
    let (plan, state) = (subject.plan, subject.state);
    let (phase, it) = (plan.phase(index), state.phase(index));
    let decided = subject.events.iter().rev().find(|recorded| ends_phase(recorded, index));
    let mut words = Vec::new();
    if let Some(started) = it.started_at {
        let after: Vec<String> = phase.after.iter().map(|before| format!("`{}`", plan.phase(*before).id)).collect();
        let after =
            if after.is_empty() { "it waits for none".to_owned() } else { format!("{} came before", after.join(", ")) };
        let condition = if phase.when.is_some() { ", its `when` was true" } else { "" };
        words.push(format!("it started at {} ({after}{condition})", local(subject, started)));
    }
    words.extend(subject.events.iter().filter_map(|recorded| match &recorded.event {
        Event::PhaseDelayed { phase, until, reason } if *phase == index => {
            Some(format!("at {} it could have started, but {reason} until {until}", local(subject, recorded.at)))
        }
        _ => None,
    }));
    match it.status {
        PhaseStatus::Waiting => words.push(waiting(subject, index)),
        PhaseStatus::Skipped if it.reason.is_empty() => words.push(never_started(subject, index)),
        PhaseStatus::Skipped => words.push(format!("skipped: {}", it.reason)),
        _ => words.extend(failure(subject, index)),
    }
    Part {
        id: phase.id.clone(),
        kind: "phase",
        at: decided.map(|recorded| recorded.at).or(it.ended_at).or(it.started_at),
        seq: decided.map(|recorded| recorded.seq),
        verdict: it.status.name().to_owned(),
        source: phase.title.clone().map_or(String::new(), |title| format!("\"{title}\"")),
        words,
        conditions: Vec::new(),
    }
}

/// Why a phase failed and what that meant, if it failed by itself; else what cut it short or took it back.
fn failure(subject: Subject<'_>, index: PhaseIndex) -> Vec<String> {
    let (state, it) = (subject.state, subject.state.phase(index));
    let stop = state.stop.as_ref().map_or("", |stop| stop.reason.as_str());
    let failed = |recorded: &Recorded| matches!(&recorded.event, Event::PhaseFailed { phase, .. } if *phase == index);
    if subject.events.iter().any(failed) {
        let policy = policy(subject.plan.phase(index).on_failure, it.undo_first);
        return vec![format!("failed: {}", it.reason), policy.to_owned()];
    }
    match it.status {
        PhaseStatus::Failed => vec![format!("cut short when the run was stopped: {stop}")],
        PhaseStatus::Undone => vec![format!("taken back with the run: {stop}")],
        _ => Vec::new(),
    }
}

fn ends_phase(recorded: &Recorded, index: PhaseIndex) -> bool {
    match &recorded.event {
        Event::PhasePassed { phase }
        | Event::PhaseFailed { phase, .. }
        | Event::PhaseSkipped { phase, .. }
        | Event::PhaseUndone { phase } => *phase == index,
        _ => false,
    }
}

fn policy(policy: Option<FailurePolicy>, undone_first: bool) -> &'static str {
    match policy {
        _ if undone_first => "it was taken back by itself first, as `rollback phase` asks",
        Some(FailurePolicy::Continue) => "`on failure continue`: its changes stay and the run goes on",
        Some(FailurePolicy::Stop) => "`on failure stop`: the run stops and its changes stay",
        Some(FailurePolicy::Rollback) => "`on failure rollback`: the run is taken back",
        None => "it says nothing of failures: the run is taken back where it can be",
    }
}

/// What happened to an execution, in order.
fn history(subject: Subject<'_>, exec: &Exec) -> Vec<String> {
    let of = |recorded: &Recorded| {
        told(subject, recorded, exec.id).map(|words| format!("{} {words}", local(subject, recorded.at)))
    };
    subject.events.iter().filter_map(of).collect()
}

fn told(subject: Subject<'_>, recorded: &Recorded, id: ExecId) -> Option<String> {
    let began = subject.state.exec(id).started_at;
    Some(match &recorded.event {
        Event::NodeStarted { exec, .. } if *exec == id => "began".to_owned(),
        Event::NodePassed { exec, .. } if *exec == id => format!("passed after {}", spent(recorded.at.since(began))),
        Event::NodeFailed { exec, .. } if *exec == id => format!("failed after {}", spent(recorded.at.since(began))),
        Event::NodeCancelled { exec, .. } if *exec == id => "cancelled".to_owned(),
        Event::CancelRequested { exec, reason, .. } if *exec == id => format!("told to stop: {reason}"),
        Event::AttemptFailed { exec, direction, attempt, reason, retry_at, .. } if *exec == id => {
            let what = if *direction == Direction::Undo { "attempt of its undo" } else { "attempt" };
            format!("{what} {attempt} failed: {reason}; tried again at {}", local(subject, *retry_at))
        }
        Event::WeightSet { exec, weight, .. } if *exec == id => format!("weight {}", percent(*weight)),
        Event::WeightRestored { exec, weight, .. } if *exec == id => format!("weight back at {}", percent(*weight)),
        Event::ApprovalAsked { exec, deadline, .. } if *exec == id => match deadline {
            Some(deadline) => format!("asked for, until {}", local(subject, *deadline)),
            None => "asked for".to_owned(),
        },
        Event::Approved { exec, actor, reason, .. } if *exec == id => {
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            format!("approved by {actor}{reason}")
        }
        Event::UndoStarted { exec, .. } if *exec == id => "its undo began".to_owned(),
        Event::UndoPassed { exec, .. } if *exec == id => "its undo is done".to_owned(),
        Event::UndoFailed { exec, reason, .. } if *exec == id => format!("its undo failed: {reason}"),
        Event::InDoubt { exec, effect, .. } if *exec == id => {
            format!("in doubt: {effect} was under way when Phasegate ended")
        }
        Event::Resolved { exec, answer, actor, .. } if *exec == id => format!("resolved as {answer} by {actor}"),
        _ => return None,
    })
}

/// The time of day where the reader is.
#[must_use]
pub fn local(subject: Subject<'_>, at: Timestamp) -> String {
    time_of_day(at, subject.zone)
}

/// Whether an execution decided something that people want explained.
#[must_use]
pub fn is_verdict(subject: Subject<'_>, exec: &Exec) -> bool {
    let hook = subject.plan.phase(exec.phase).hook.is_some();
    let kind = &subject.plan.node(exec.node).kind;
    !hook
        && matches!(kind, NodeKind::Gate(_) | NodeKind::Hold { .. } | NodeKind::Approve { .. })
        && exec.status != ExecStatus::Cancelled
}

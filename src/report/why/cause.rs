//! The decisions that made the outcome of a run, in order, from the cause.

use super::nodes::{is_verdict, local, of_exec};
use super::{Part, Subject, triggers, verdicts};
use crate::base::counted::counted;
use crate::engine::event::{Event, ExecId, PauseCause, Recorded};
use crate::engine::exec::{Exec, ExecStatus};
use crate::plan::program::{NodeKind, PhaseIndex};
use crate::report::run::causes;
use crate::report::run::ending;
use crate::report::run::sentences::Teller;

/// Of a run that went well, so many verdicts are told one by one.
const MOST: usize = 40;

/// How the run stands or ended, in one line.
#[must_use]
pub fn headline(subject: Subject<'_>) -> String {
    let state = subject.state;
    let words = match state.outcome {
        Some(outcome) => ending::phrase(outcome).to_owned(),
        None => state.status().to_owned(),
    };
    let reason = if state.reason.is_empty() { String::new() } else { format!(": {}", state.reason) };
    let environment = subject.plan.environment.as_ref().map_or(String::new(), |name| format!(" in {name}"));
    format!("run {}: {}{environment} {words}{reason}", state.run_id, subject.plan.pipeline)
}

/// What decided, and what followed.
#[must_use]
pub fn parts(subject: Subject<'_>) -> Vec<Part> {
    let stop = subject.events.iter().rposition(|recorded| matches!(recorded.event, Event::StopRequested { .. }));
    match stop {
        Some(stop) => stopped(subject, stop),
        None if subject.state.is_paused() => paused(subject),
        None => well(subject),
    }
}

/// A run that was stopped: the verdict behind the stop, and all that followed.
fn stopped(subject: Subject<'_>, stop: usize) -> Vec<Part> {
    let cause = cause_of(subject, stop);
    let mut parts = explain(subject, cause);
    parts.push(aftermath(subject, cause));
    parts
}

/// The event that led to the stop: back through the failure of a phase to that of a node, or to a trigger or a person.
fn cause_of(subject: Subject<'_>, stop: usize) -> usize {
    let mut at = stop;
    let mut failed: Option<PhaseIndex> = None;
    for (number, recorded) in subject.events[..stop].iter().enumerate().rev() {
        match &recorded.event {
            Event::PhaseFailed { phase, reason, .. } if failed.is_none() && is_reason(subject, stop, reason) => {
                failed = Some(*phase);
                at = number;
            }
            Event::NodeFailed { exec, .. } if failed == Some(subject.state.exec(*exec).phase) => return number,
            Event::TriggerFired { reason, .. }
                if is_reason(subject, stop, reason) || failed_for(subject, at, reason) =>
            {
                return number;
            }
            // Only what happened in the same turn can have asked for it.
            Event::OperatorActed { .. } if failed.is_none() && number + 1 == stop => return number,
            _ => {}
        }
    }
    at
}

fn is_reason(subject: Subject<'_>, stop: usize, said: &str) -> bool {
    matches!(&subject.events[stop].event, Event::StopRequested { reason, .. } if reason == said)
}

fn failed_for(subject: Subject<'_>, at: usize, said: &str) -> bool {
    matches!(&subject.events[at].event, Event::PhaseFailed { reason, .. } if reason == said)
}

fn explain(subject: Subject<'_>, cause: usize) -> Vec<Part> {
    let recorded = &subject.events[cause];
    match &recorded.event {
        Event::NodeFailed { exec, .. } => vec![of_exec(subject, subject.state.exec(*exec))],
        Event::TriggerFired { trigger: id, .. } => {
            let found = triggers(subject.plan).into_iter().find(|(_, _, trigger)| trigger.id == *id);
            let parts = found.map(|(block, index, trigger)| verdicts::trigger(subject, (block, index), trigger));
            parts.unwrap_or_default().into_iter().filter(|part| part.seq == Some(recorded.seq)).collect()
        }
        Event::OperatorActed { command, actor, reason } => {
            let why =
                if reason.is_empty() { "no reason was given".to_owned() } else { format!("the reason: {reason}") };
            vec![plain_part(recorded, ("command", command), format!("given by {actor}"), vec![why])]
        }
        Event::PhaseFailed { phase, reason, .. } => {
            let id = &subject.plan.phase(*phase).id;
            vec![plain_part(recorded, ("phase", id), "failed".to_owned(), vec![format!("failed: {reason}")])]
        }
        Event::StopRequested { reason, because, .. } => {
            // An approval that nobody gave stops the run by itself.
            let execs = subject.state.execs.iter().rev();
            let named = execs.filter(|exec| matches!(subject.plan.node(exec.node).kind, NodeKind::Approve { .. }));
            let named = named.into_iter().find(|exec| because.contains(&subject.plan.node(exec.node).id));
            match named {
                Some(exec) => vec![Part { verdict: "expired".to_owned(), ..of_exec(subject, exec) }],
                None => vec![plain_part(
                    recorded,
                    ("run", &subject.state.run_id),
                    "stopped".to_owned(),
                    vec![reason.clone()],
                )],
            }
        }
        _ => Vec::new(),
    }
}

fn plain_part(recorded: &Recorded, (kind, id): (&'static str, &str), verdict: String, words: Vec<String>) -> Part {
    Part {
        id: id.to_owned(),
        kind,
        at: Some(recorded.at),
        seq: Some(recorded.seq),
        verdict,
        source: String::new(),
        words,
        conditions: Vec::new(),
    }
}

/// What followed upon the cause, up to the end, one sentence each.
fn aftermath(subject: Subject<'_>, cause: usize) -> Part {
    let teller = Teller { plan: subject.plan, state: subject.state, zone: subject.zone };
    let mut words = Vec::new();
    for recorded in &subject.events[cause + 1..] {
        let told = match &recorded.event {
            Event::RunEnded { outcome, still_changed, .. } => {
                let left = if still_changed.is_empty() {
                    String::new()
                } else {
                    format!("; still changed: {}", still_changed.join(", "))
                };
                vec![format!("the run ended: {}{left}", ending::phrase(*outcome))]
            }
            Event::StopRequested { reason, .. } => vec![format!("forward work was stopped: {reason}")],
            Event::PhaseFailed { .. }
            | Event::PhaseUndone { .. }
            | Event::NodeCancelled { .. }
            | Event::RollbackStarted { .. }
            | Event::WeightRestored { .. }
            | Event::UndoPassed { .. }
            | Event::UndoFailed { .. }
            | Event::InDoubt { .. }
            | Event::Resolved { .. }
            | Event::TriggerFired { .. }
            | Event::OperatorActed { .. }
            | Event::AttemptFailed { .. } => teller.tell(recorded),
            _ => Vec::new(),
        };
        words.extend(told.into_iter().map(|told| format!("{} {told}", local(subject, recorded.at))));
    }
    run_part(subject, "what followed", words)
}

/// What a paused run waits for.
fn paused(subject: Subject<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for cause in &subject.state.pause {
        let told = causes::describe(subject.plan, subject.state, cause);
        let words: Vec<String> =
            std::iter::once(told.why).chain(told.cure.map(|cure| format!("to go on: {cure}"))).collect();
        let concerned: Vec<Part> = match cause {
            PauseCause::Gate(exec) | PauseCause::InDoubt(exec) | PauseCause::MissingForHold(exec, _) => {
                exec_part(subject, *exec).into_iter().collect()
            }
            PauseCause::MissingForTrigger(frame, index) => {
                let block = subject.state.frames.get(frame.0 as usize).map(|frame| frame.block.0);
                of_trigger(subject, |at| Some(at.0) == block && at.1 == *index)
            }
            PauseCause::Trigger(id) => {
                let all = triggers(subject.plan);
                let known: Vec<(u32, u32)> = all
                    .iter()
                    .filter(|(_, _, trigger)| trigger.id == *id)
                    .map(|(block, index, _)| (*block, *index))
                    .collect();
                of_trigger(subject, |at| known.contains(&at))
            }
            PauseCause::Operator => Vec::new(),
        };
        let at = subject.state.paused_since;
        parts.push(Part {
            id: subject.state.run_id.clone(),
            kind: "run",
            at,
            seq: None,
            verdict: "paused".to_owned(),
            source: String::new(),
            words,
            conditions: Vec::new(),
        });
        parts.extend(concerned);
    }
    parts
}

fn exec_part(subject: Subject<'_>, id: ExecId) -> Option<Part> {
    subject.state.execs.get(id.0 as usize).map(|exec| of_exec(subject, exec))
}

fn of_trigger(subject: Subject<'_>, is_meant: impl Fn((u32, u32)) -> bool) -> Vec<Part> {
    let found = triggers(subject.plan).into_iter().filter(|(block, index, _)| is_meant((*block, *index)));
    found.flat_map(|(block, index, trigger)| verdicts::trigger(subject, (block, index), trigger)).collect()
}

/// A run that nothing stopped: the verdicts that let it go on, and the triggers that stayed quiet.
fn well(subject: Subject<'_>) -> Vec<Part> {
    let execs = subject.state.execs.iter();
    let decided: Vec<&Exec> = execs.filter(|exec| is_verdict(subject, exec) || let_pass(exec)).collect();
    let mut parts: Vec<Part> = decided.iter().take(MOST).map(|exec| of_exec(subject, exec)).collect();
    // One look at a time is enough here; whoever wants the course asks for the node.
    for weighed in parts.iter_mut().filter(|part| part.verdict == "passed").flat_map(|part| &mut part.conditions) {
        weighed.courses.clear();
    }
    parts.push(quiet(subject, decided.len()));
    parts
}

/// A failure that the run went on after.
fn let_pass(exec: &Exec) -> bool {
    matches!(exec.status, ExecStatus::Failed(_))
}

fn quiet(subject: Subject<'_>, decided: usize) -> Part {
    let fired = |id: &str| {
        let is_it =
            |recorded: &&Recorded| matches!(&recorded.event, Event::TriggerFired { trigger, .. } if trigger == id);
        subject.events.iter().filter(is_it).count()
    };
    let mut words = Vec::new();
    if decided > MOST {
        words.push(format!("{} more", counted(decided - MOST, "verdict")));
    }
    let all = triggers(subject.plan);
    let loud: Vec<String> = all
        .iter()
        .map(|(_, _, trigger)| (trigger, fired(&trigger.id)))
        .filter(|(_, times)| *times > 0)
        .map(|(trigger, times)| {
            format!("`{}` fired {} ({})", trigger.id, counted(times, "time"), trigger.action.name())
        })
        .collect();
    match (all.len(), loud.as_slice()) {
        (0, _) => words.push("no trigger was watched".to_owned()),
        (1, []) => words.push(format!("its trigger did not fire: `{}`", all[0].2.id)),
        (count, []) => words.push(format!("none of its {count} triggers fired")),
        (_, loud) => words.extend(loud.to_vec()),
    }
    run_part(subject, "", words)
}

/// A part about the run as a whole, as it stands at its end.
fn run_part(subject: Subject<'_>, source: &str, words: Vec<String>) -> Part {
    let end = subject.events.last();
    Part {
        id: subject.state.run_id.clone(),
        kind: "run",
        at: end.map(|recorded| recorded.at),
        seq: end.map(|recorded| recorded.seq),
        verdict: subject.state.outcome.map_or(subject.state.status(), |outcome| outcome.name()).to_owned(),
        source: source.to_owned(),
        words,
        conditions: Vec::new(),
    }
}

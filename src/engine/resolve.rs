//! What a person says of an effect in doubt: looked at first, refused in words, then carried out. Never guessed.

use super::decide::Turn;
use super::doubt::{self, Doubt};
use super::event::{Direction, Event, ExecId, PauseCause};
use super::exec::ExecStatus;
use super::nodes::step;
use super::turn::Answer;
use super::{phases, recover, undo};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::phase::FailurePolicy;
use crate::plan::program::{NodeKind, Plan, Step};

/// What is meant by a command to resolve.
pub(super) struct Meant {
    pub exec: ExecId,
    /// What the step gave, when it is said to have been done.
    output: Value,
}

/// The execution that is meant, when the answer fits it.
pub(super) fn check(
    turn: &Turn<'_, '_>,
    wanted: &str,
    answer: Answer,
    output: Option<&serde_json::Value>,
) -> Result<Meant, String> {
    let (plan, state) = (turn.plan(), turn.state());
    if let Some(outcome) = state.outcome {
        return Err(format!("the run is over ({}); nothing of it is in doubt", outcome.name()));
    }
    let doubts = doubt::doubts(state);
    let found = doubts.iter().find(|doubt| plan.node(doubt.exec.node).id == wanted);
    let doubt = found.ok_or_else(|| not_in_doubt(turn, &doubts, wanted))?;
    let output = suits(turn, doubt, answer, output)?;
    Ok(Meant { exec: doubt.exec.id, output })
}

fn not_in_doubt(turn: &Turn<'_, '_>, doubts: &[Doubt<'_>], wanted: &str) -> String {
    let (plan, state) = (turn.plan(), turn.state());
    let names: Vec<&str> = doubts.iter().map(|doubt| plan.node(doubt.exec.node).id.as_str()).collect();
    let others = match names.as_slice() {
        [] => "nothing is in doubt".to_owned(),
        names => format!("in doubt: `{}`", names.join("`, `")),
    };
    let Some(node) = plan.nodes.iter().find(|node| node.id == wanted) else {
        let near = Suggestion::of(wanted, names.iter().copied());
        let near =
            if near.is_empty() { Suggestion::of(wanted, plan.nodes.iter().map(|node| node.id.as_str())) } else { near };
        let question = near.question().map_or_else(String::new, |question| format!("; {question}"));
        return format!("there is no `{wanted}` in this run{question} ({others})");
    };
    let stands = match &node.kind {
        NodeKind::Phase => "is a phase, and only a step can be in doubt".to_owned(),
        _ => {
            let last = state.execs.iter().rev().find(|exec| plan.node(exec.node).id == wanted);
            let stands = match last.map(|exec| &exec.status) {
                None => "has not begun",
                Some(ExecStatus::Running) => "is running",
                Some(ExecStatus::Passed) => "has passed",
                Some(ExecStatus::Failed(_)) => "has failed",
                Some(ExecStatus::Cancelled) => "was cancelled",
            };
            format!("is not in doubt: it {stands}")
        }
    };
    format!("`{wanted}` {stands} ({others})")
}

/// The output to go on with, when this answer can be given.
fn suits(
    turn: &Turn<'_, '_>,
    doubt: &Doubt<'_>,
    answer: Answer,
    output: Option<&serde_json::Value>,
) -> Result<Value, String> {
    let plan = turn.plan();
    let id = &plan.node(doubt.exec.node).id;
    let forward = doubt.direction == Direction::Forward;
    if output.is_some() && !(forward && answer == Answer::Done) {
        return Err("an output goes with `done`, of a step that was going forward".to_owned());
    }
    let NodeKind::Step(step) = &plan.node(doubt.exec.node).kind else { return Ok(Value::Null) };
    match answer {
        Answer::Undo if forward && !can_be_taken_back(plan, doubt, step) => {
            let run = &turn.state().run_id;
            let (why, or) = match only_with(plan, doubt, step) {
                Some(whole) => (
                    format!("goes back only with the rest of `{whole}`"),
                    format!("take back all that the run changed: phasegate rollback {run}"),
                ),
                None => ("has no undo".to_owned(), format!("end the run as it is: phasegate abort {run}")),
            };
            Err(format!("`{id}` {why}: answer `done` if it took place, or `redo` to do it again; or {or}"))
        }
        Answer::Done if forward => given_output(turn, doubt, step, output),
        _ => Ok(Value::Null),
    }
}

/// Whether `undo` is an answer for a step that was going forward. What a hook does is never taken back.
#[must_use]
pub fn can_be_taken_back(plan: &Plan, doubt: &Doubt<'_>, step: &Step) -> bool {
    step.can_undo() && plan.phase(doubt.exec.phase).hook.is_none() && only_with(plan, doubt, step).is_none()
}

/// The composite step or switch that this step is a part of, when it has no way back but with all of it, and the failure of its
/// phase takes back nothing.
#[must_use]
pub fn only_with<'p>(plan: &Plan, doubt: &Doubt<'_>, step: &'p Step) -> Option<&'p str> {
    let leaves = matches!(plan.phase(doubt.exec.phase).on_failure, Some(FailurePolicy::Stop | FailurePolicy::Continue));
    doubt::undone_with(step).filter(|_| leaves)
}

/// The output that a person gave, read as the step's own would be; none may be missing that somebody reads.
fn given_output(
    turn: &Turn<'_, '_>,
    doubt: &Doubt<'_>,
    step: &Step,
    output: Option<&serde_json::Value>,
) -> Result<Value, String> {
    let id = &turn.plan().node(doubt.exec.node).id;
    match output {
        Some(serde_json::Value::Null) => Ok(Value::Null),
        Some(_) if step.output == Type::Nothing => Err(format!("`{id}` gives no output")),
        Some(json) => step::decoded(step, json)
            .map_err(|error| format!("that is no output of `{id}`: {error}; it has to be `{}`", step.output)),
        None => match doubt::readers(turn.plan(), doubt.exec.node).as_slice() {
            [] => Ok(Value::Null),
            readers => Err(format!(
                "the output of `{id}` is read by {}: say what it gave with `--output '{{…}}'` (`{}`), or `--output null` to \
                 let what reads it fail",
                quoted(readers),
                step.output
            )),
        },
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> =
        names.iter().map(|name| if name.contains('`') { name.clone() } else { format!("`{name}`") }).collect();
    names.join(", ")
}

/// Carries out what has been looked at.
pub(super) fn carry_out(turn: &mut Turn<'_, '_>, meant: Meant, answer: Answer, actor: &str) {
    let id = meant.exec;
    let exec = turn.state().exec(id);
    let Some(Doubt { direction, .. }) = doubt::of(exec) else { return };
    let node = exec.node;
    let word = answer.name().to_owned();
    turn.record(Event::Resolved { node, exec: id, answer: word, actor: actor.to_owned() });
    turn.record(Event::CauseCleared { cause: PauseCause::InDoubt(id), by: Some(actor.to_owned()) });
    match (answer, direction) {
        (Answer::Redo, _) => recover::ask_again(turn, id, direction),
        (Answer::Done, Direction::Forward) => turn.record(Event::NodePassed { node, exec: id, output: meant.output }),
        (Answer::Done, Direction::Undo) => turn.record(Event::UndoPassed { node, exec: id }),
        (Answer::Undo, Direction::Forward) => take_back(turn, id, actor),
        (Answer::Undo, Direction::Undo) => {
            turn.record(Event::UndoFailed { node, exec: id, reason: format!("{actor} gave it up after a crash") });
        }
    }
}

/// Takes the step back and fails its phase. Where the phase's policy leaves changes in place, this one goes all the same.
fn take_back(turn: &mut Turn<'_, '_>, id: ExecId, actor: &str) {
    let exec = turn.state().exec(id);
    let (node, phase) = (exec.node, exec.phase);
    let reason = format!("{actor} had it taken back after a crash");
    turn.record(Event::NodeFailed { node, exec: id, reason: reason.clone() });
    let name = turn.plan().node(node).id.clone();
    phases::fail(turn, phase, format!("{name}: {reason}"), vec![name]);
    if matches!(turn.plan().phase(phase).on_failure, Some(FailurePolicy::Stop | FailurePolicy::Continue)) {
        undo::start(turn, id);
    }
}

//! What is in doubt, for the person who has to say what became of it: the call, since when, and what each answer does.

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::amounts::{date_and_time, spent};
use crate::base::time::Timestamp;
use crate::contract::effect::Effect;
use crate::contract::registry::Args;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::engine::doubt::{Doubt, describe, doubts, readers, undone_with, without_password};
use crate::engine::event::Direction;
use crate::engine::resolve::{can_be_taken_back, only_with};
use crate::engine::scene::Scene;
use crate::engine::state::State;
use crate::eval::evaluate;
use crate::model::phase::FailurePolicy;
use crate::plan::program::{Call, NodeKind, Plan, Step};

/// One effect in doubt, in words. No secret's content is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubtReport {
    pub node: String,
    pub direction: Direction,
    /// The call with the arguments that were written: `shell(command: "make deploy")`.
    pub call: String,
    /// What was under way: ``the command `make deploy` ``.
    pub effect: String,
    pub begun_at: Timestamp,
    /// What the outside was handed to know it by: `PHASEGATE_KEY` of a command.
    pub key: Option<String>,
    /// The type of its output, when somebody reads it, and who does.
    pub output: Option<(String, Vec<String>)>,
    pub answers: Vec<AnswerReport>,
}

/// One answer that can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerReport {
    pub answer: &'static str,
    /// What it does, or why it cannot be given.
    pub does: String,
    /// The command line; none when it cannot be given.
    pub command: Option<String>,
}

/// All that is in doubt.
#[must_use]
pub fn list(plan: &Plan, state: &State) -> Vec<DoubtReport> {
    doubts(state).iter().filter_map(|doubt| report(plan, state, doubt)).collect()
}

fn report(plan: &Plan, state: &State, doubt: &Doubt<'_>) -> Option<DoubtReport> {
    let node = plan.node(doubt.exec.node);
    let NodeKind::Step(step) = &node.kind else { return None };
    let forward = doubt.direction == Direction::Forward;
    let call = if forward { call_text(&step.call, &doubt.exec.args) } else { undo_text(plan, state, doubt, step) };
    let readers = if forward && step.output != Type::Nothing { readers(plan, doubt.exec.node) } else { Vec::new() };
    let output = (!readers.is_empty()).then(|| (step.output.to_string(), readers));
    let answers = if forward {
        forward_answers(plan, state, doubt, step, output.is_some())
    } else {
        undo_answers(state, &node.id)
    };
    Some(DoubtReport {
        node: node.id.clone(),
        direction: doubt.direction,
        call,
        effect: describe(doubt.effect),
        begun_at: doubt.asked_at,
        key: key_of(doubt.effect),
        output,
        answers,
    })
}

fn key_of(effect: &Effect) -> Option<String> {
    match effect {
        Effect::RunProcess { key, .. } if !key.is_empty() => Some(key.clone()),
        _ => None,
    }
}

/// `shell(command: "x")`: what was written, not the defaults.
fn call_text(call: &Call, args: &Args) -> String {
    let written = call.args.iter().take(call.written).filter_map(|(name, _)| Some((name, args.get(name)?)));
    let shown = |value: &Value| match value {
        Value::Text(text) => Value::text(without_password(text)).to_string(),
        other => other.to_string(),
    };
    let written: Vec<String> = written.map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    format!("{}({})", call.name, written.join(", "))
}

fn undo_text(plan: &Plan, state: &State, doubt: &Doubt<'_>, step: &Step) -> String {
    let Some(call) = &step.undo else { return format!("the undo of `{}`", step.call.name) };
    let known = doubt.exec.undo.as_ref().map(|undo| undo.args.clone());
    let scene = Scene { plan, state, frame: Some(doubt.exec.frame), at: state.last_at };
    let args = known.unwrap_or_else(|| {
        let values = call.args.iter().filter_map(|(name, expr)| Some((name.clone(), evaluate(expr, &scene).ok()?)));
        values.collect()
    });
    call_text(call, &args)
}

fn command(state: &State, node: &str, answer: &str) -> String {
    format!("phasegate resolve {} {node} {answer}", state.run_id)
}

fn forward_answers(plan: &Plan, state: &State, doubt: &Doubt<'_>, step: &Step, is_read: bool) -> Vec<AnswerReport> {
    let node = &plan.node(doubt.exec.node).id;
    let output = if is_read { " --output '{…}'" } else { "" };
    let undo = if can_be_taken_back(plan, doubt, step) {
        let phase = plan.phase(doubt.exec.phase);
        let then = match phase.on_failure {
            Some(FailurePolicy::Stop) => "the run stops as failed",
            Some(FailurePolicy::Continue) => "the run goes on without it",
            Some(FailurePolicy::Rollback) | None => "the run is rolled back",
        };
        let how = match undone_with(step) {
            Some(whole) => format!("with the rest of `{whole}`"),
            None => format!("({})", undo_text(plan, state, doubt, step)),
        };
        let does = format!("take it back {how} and fail `{}`: {then}", phase.id);
        AnswerReport { answer: "undo", does, command: Some(command(state, node, "undo")) }
    } else {
        let does = match only_with(plan, doubt, step) {
            Some(whole) => {
                format!("cannot be: it goes back only with the rest of `{whole}`: phasegate rollback {}", state.run_id)
            }
            None => "cannot be: it has no undo".to_owned(),
        };
        AnswerReport { answer: "undo", does, command: None }
    };
    vec![
        AnswerReport {
            answer: "done",
            does: "it took place: take it as passed and go on".to_owned(),
            command: Some(format!("{}{output}", command(state, node, "done"))),
        },
        AnswerReport {
            answer: "redo",
            does: "it did not, or may be done twice: do it again".to_owned(),
            command: Some(command(state, node, "redo")),
        },
        undo,
    ]
}

fn undo_answers(state: &State, node: &str) -> Vec<AnswerReport> {
    let does = [
        ("done", "it has been taken back: go on"),
        ("redo", "it has not: take it back again"),
        ("undo", "give it up: it stays changed, and the rollback counts as failed"),
    ];
    does.into_iter()
        .map(|(answer, does)| AnswerReport {
            answer,
            does: does.to_owned(),
            command: Some(command(state, node, answer)),
        })
        .collect()
}

impl DoubtReport {
    /// For people, line by line.
    #[must_use]
    pub fn lines(&self, now: Timestamp) -> Vec<String> {
        let what = if self.direction == Direction::Undo { "the undo of " } else { "" };
        let begun = date_and_time(self.begun_at, &TimeZone::system());
        let mut lines = vec![
            format!("  in doubt: {what}`{}`, begun {begun}, {} ago", self.node, spent(now.since(self.begun_at))),
            format!("    call: {}", self.call),
        ];
        // A command's line is its call's argument.
        if !self.call.starts_with("shell(") && !self.call.starts_with("exec(") {
            lines.push(format!("    under way: {}", self.effect));
        }
        lines.extend(self.key.as_ref().map(|key| format!("    PHASEGATE_KEY of its process: {key}")));
        lines.extend(
            self.output.as_ref().map(|(ty, readers)| format!("    its output {ty} is read by {}", readers.join(", "))),
        );
        for AnswerReport { answer, does, command } in &self.answers {
            lines.push(format!("    {answer}  {does}"));
            lines.extend(command.as_ref().map(|command| format!("          {command}")));
        }
        lines
    }

    /// For machines.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let answers = self.answers.iter().map(
            |AnswerReport { answer, does, command }| json!({ "answer": answer, "does": does, "command": command }),
        );
        json!({
            "node": self.node,
            "undo": self.direction == Direction::Undo,
            "call": self.call,
            "effect": self.effect,
            "begun_at": self.begun_at.to_string(),
            "key": self.key,
            "output": self.output.as_ref().map(|(ty, _)| ty),
            "read_by": self.output.as_ref().map_or(&[][..], |(_, readers)| readers),
            "answers": answers.collect::<Vec<_>>(),
        })
    }
}

//! Effects whose outcome nobody knows: which they are, who waits for what they gave, and how they are called.
//!
//! Nothing here decides; what a person answers is carried out in `resolve`.

use super::event::Direction;
use super::exec::Exec;
use super::scene::find_step;
use super::state::State;
use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Program, describe_sealed};
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::UNDONE_WITH;
use crate::plan::program::{Condition, NodeIndex, NodeKind, PhaseIndex, Plan, Step, Trigger};

/// One effect in doubt.
#[derive(Debug, Clone, Copy)]
pub struct Doubt<'s> {
    pub exec: &'s Exec,
    pub direction: Direction,
    pub effect: &'s Effect,
    /// When it was asked for, the last time.
    pub asked_at: Timestamp,
}

/// All that is in doubt, in the order in which it was begun.
#[must_use]
pub fn doubts(state: &State) -> Vec<Doubt<'_>> {
    state.running().filter_map(of).collect()
}

/// What is in doubt of one execution.
#[must_use]
pub fn of(exec: &Exec) -> Option<Doubt<'_>> {
    let (direction, work) = match &exec.undo {
        Some(undo) if undo.work.in_doubt => (Direction::Undo, &undo.work),
        _ if exec.forward.in_doubt => (Direction::Forward, &exec.forward),
        _ => return None,
    };
    Some(Doubt { exec, direction, effect: work.flying()?, asked_at: work.asked_at })
}

/// The composite step or switch whose undo takes this step back as well: it has none that does anything by itself.
#[must_use]
pub fn undone_with(step: &Step) -> Option<&str> {
    let call = step.undo.as_ref().filter(|call| call.name == UNDONE_WITH)?;
    let (_, label) = call.args.first()?;
    if let Some(Value::Text(label)) = label.as_literal() { Some(label) } else { None }
}

/// Whoever reads the output of this step: nodes, phases and triggers by their ids, in the order of the plan.
#[must_use]
pub fn readers(plan: &Plan, step: NodeIndex) -> Vec<String> {
    let mut readers: Vec<String> = Vec::new();
    let mut note = |id: &str, here: PhaseIndex, exprs: Vec<&Expr>| {
        if exprs.iter().any(|expr| reads(plan, expr, Some(here), step)) && readers.last().is_none_or(|last| last != id)
        {
            readers.push(id.to_owned());
        }
    };
    for (index, phase) in (0u32..).map(PhaseIndex).zip(&plan.phases) {
        note(&phase.id, index, phase.when.iter().collect());
    }
    for node in &plan.nodes {
        note(&node.id, node.phase, expressions(&node.kind));
    }
    let phase = plan.node(step).phase;
    for block in &plan.blocks {
        note("the `when` of a step", phase, block.when.iter().collect());
        for Trigger { id, condition, .. } in &block.triggers {
            note(id, phase, of_condition(condition));
        }
    }
    readers
}

fn expressions(kind: &NodeKind) -> Vec<&Expr> {
    match kind {
        NodeKind::Step(step) => {
            let args = std::iter::once(&step.call).chain(&step.undo).flat_map(|call| &call.args).map(|(_, arg)| arg);
            args.chain(&step.when).collect()
        }
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => {
            conditions.iter().flat_map(of_condition).collect()
        }
        NodeKind::Phase | NodeKind::Ramp { .. } | NodeKind::Wait(_) | NodeKind::Approve { .. } => Vec::new(),
    }
}

fn of_condition(condition: &Condition) -> Vec<&Expr> {
    std::iter::once(&condition.expr).chain(&condition.reason).collect()
}

fn reads(plan: &Plan, expr: &Expr, here: Option<PhaseIndex>, step: NodeIndex) -> bool {
    match &*expr.kind {
        ExprKind::Output(output) => find_step(plan, here, output) == Some(step),
        _ => expr.children().into_iter().any(|child| reads(plan, child, here, step)),
    }
}

/// An effect for people, secrets by their names: ``the command `npm run bench` ``.
#[must_use]
pub fn describe(effect: &Effect) -> String {
    match effect {
        Effect::RunProcess { program: Program::Shell(line), .. } => format!("the command `{}`", describe_sealed(line)),
        // In a test every step is this one.
        Effect::RunProcess { program: Program::Argv(words), .. } if words.is_empty() => "a command".to_owned(),
        Effect::RunProcess { program: Program::Argv(words), .. } => {
            let words: Vec<String> = words.iter().map(describe_sealed).collect();
            format!("the command `{}`", words.join(" "))
        }
        Effect::HttpRequest { method, url, .. } => {
            format!("an HTTP {method} to `{}`", without_password(&describe_sealed(url)))
        }
        Effect::Socket { address, line } => format!("`{}` sent to `{address}`", line.trim_end()),
        _ => "an effect".to_owned(),
    }
}

/// `http://user:***@host/`: who wrote a password into an address wants it read by nobody else.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}:***@{host}{path}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Program, describe, without_password};
    use crate::contract::effect::TextPiece;

    #[test]
    fn effects_are_named_without_secrets() {
        let plain = |text: &str| TextPiece::Plain(text.to_owned());
        let line = vec![plain("push --token "), TextPiece::Secret("TOKEN".to_owned())];
        let effect = Effect::RunProcess { program: Program::Shell(line), cwd: ".".to_owned(), key: String::new() };
        assert_eq!(describe(&effect), "the command `push --token secret(\"TOKEN\")`");
        assert_eq!(without_password("http://ada:pass@host/x@y"), "http://ada:***@host/x@y");
        assert_eq!(without_password("http://host/a:b@c"), "http://host/a:b@c");
    }
}

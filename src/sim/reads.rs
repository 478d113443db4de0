//! Fields of step outputs that are read and that nobody gave.
//!
//! Follows an expression as it is evaluated: of a choice the side that is taken, of `a ?? b` the right side only where the
//! left one is absent; both sides of `and` and `or`, which look at both.

use serde_json::Value as Json;

use super::names;
use super::script::Script;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::engine::event::{Event, ExecId, Recorded};
use crate::engine::scene::Scene;
use crate::engine::state::State;
use crate::eval::{World, evaluate, truth};
use crate::model::expr::{Expr, ExprKind, Operator, OutputRef};
use crate::model::phase::{RETURN, STANDS};
use crate::plan::program::{Condition, NodeIndex, NodeKind, Plan, Step};

/// Who reads what.
pub(super) struct Reading {
    /// `bench.gate1`
    pub reader: String,
    /// `bench.now.p99`
    pub field: String,
}

/// The first field read by what has just happened that nobody gave.
pub(super) fn of_event(plan: &Plan, script: &Script, state: &State, recorded: &Recorded) -> Option<Reading> {
    let look = |reader: &str, exec: Option<ExecId>, exprs: &[&Expr]| {
        let frame = exec.and_then(|exec| state.execs.get(exec.0 as usize)).map(|exec| exec.frame);
        let scene = Scene { plan, state, frame, at: recorded.at };
        let field = exprs.iter().find_map(|expr| missing(expr, script, &scene))?;
        Some(Reading { reader: reader.to_owned(), field })
    };
    match &recorded.event {
        Event::GateJudged { node, exec, .. } | Event::HoldJudged { node, exec } => {
            let (NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. }) = &plan.node(*node).kind else {
                return None;
            };
            look(&plan.node(*node).id, Some(*exec), &expressions(conditions))
        }
        Event::NodeStarted { node, exec, .. } => {
            let step = names::step(plan, *node)?;
            // What a composite step returns is given, or made from what stands for its parts.
            if step.call.name == RETURN {
                return None;
            }
            let args = step.call.args.iter().map(|(_, arg)| arg).chain(&step.when);
            look(&plan.node(*node).id, Some(*exec), &args.collect::<Vec<_>>())
        }
        Event::NodeSkipped { node, .. } => {
            let when = names::step(plan, *node)?.when.as_ref()?;
            look(&plan.node(*node).id, None, &[when])
        }
        Event::UndoStarted { node, exec, .. } => {
            let undo = names::step(plan, *node)?.undo.as_ref()?;
            let args: Vec<&Expr> = undo.args.iter().map(|(_, arg)| arg).collect();
            look(&format!("the undo of {}", plan.node(*node).id), Some(*exec), &args)
        }
        Event::PhaseStarted { phase } | Event::PhaseSkipped { phase, .. } => {
            let phase = plan.phase(*phase);
            look(&phase.id, None, &[phase.when.as_ref()?])
        }
        Event::BlockStarted { block, .. } | Event::BlockSkipped { block, .. } => {
            look("a composite step", None, &[plan.block(*block).when.as_ref()?])
        }
        // Triggers that read outputs are looked at whenever a step has passed.
        Event::NodePassed { exec, .. } => watched(plan, state, *exec)
            .into_iter()
            .find_map(|(id, condition)| look(id, Some(*exec), &[&condition.expr])),
        _ => None,
    }
}

fn expressions(conditions: &[Condition]) -> Vec<&Expr> {
    conditions.iter().map(|condition| &condition.expr).collect()
}

/// The triggers without metrics around an execution.
fn watched<'p>(plan: &'p Plan, state: &State, exec: ExecId) -> Vec<(&'p str, &'p Condition)> {
    let phase = state.exec(exec).phase;
    let frames = state.frames.iter().filter(|frame| !frame.ended && frame.phase.is_none_or(|inner| inner == phase));
    let triggers = frames.flat_map(|frame| &plan.block(frame.block).triggers);
    let triggers = triggers.filter(|trigger| trigger.condition.reads.is_empty());
    triggers.map(|trigger| (trigger.id.as_str(), &trigger.condition)).collect()
}

/// The field that the evaluation of `expr` reads and that nobody gave.
fn missing(expr: &Expr, script: &Script, scene: &Scene<'_>) -> Option<String> {
    let inside = |inner: &Expr| missing(inner, script, scene);
    match &*expr.kind {
        ExprKind::If(parts) => {
            let (condition, then, otherwise) = &**parts;
            inside(condition).or_else(|| inside(if truth(condition, scene).ok()? { then } else { otherwise }))
        }
        ExprKind::Binary(Operator::Coalesce, left, right) => inside(left).or_else(|| {
            let absent = matches!(evaluate(left, scene), Ok(Value::Null | Value::Json(Json::Null)));
            if absent { inside(right) } else { None }
        }),
        ExprKind::Output(_) | ExprKind::Field(..) | ExprKind::Index(..) => match path(expr) {
            Some((output, path)) => not_given(output, &path, script, scene),
            None => expr.children().into_iter().find_map(inside),
        },
        _ => expr.children().into_iter().find_map(inside),
    }
}

/// One move into an output.
enum Part<'e> {
    Field(&'e str),
    Item,
}

fn path(expr: &Expr) -> Option<(&OutputRef, Vec<Part<'_>>)> {
    let mut parts = Vec::new();
    let mut inner = expr;
    loop {
        match &*inner.kind {
            ExprKind::Output(output) => {
                parts.reverse();
                return Some((output, parts));
            }
            ExprKind::Field(of, name) => {
                parts.push(Part::Field(name));
                inner = of;
            }
            ExprKind::Index(of, _) => {
                parts.push(Part::Item);
                inner = of;
            }
            _ => return None,
        }
    }
}

fn not_given(output: &OutputRef, path: &[Part<'_>], script: &Script, scene: &Scene<'_>) -> Option<String> {
    // Of a composite step nothing inside can be given, and what it returns is made from that.
    if output.step.contains('.') || matches!(scene.output(output), Err(_) | Ok(Value::Null)) {
        return None;
    }
    let node = scene.find_step(output)?;
    let step = names::step(scene.plan, node)?;
    let behaviour = script.steps.get(&node);
    let given = behaviour.and_then(|behaviour| behaviour.output.as_ref());
    if given.is_none() && (answers_itself(node, script, scene) || is_of_turn(step, scene)) {
        return None;
    }
    let mut words = scene.plan.node(node).id.clone();
    let (mut ty, mut at) = (&step.output, given);
    for part in path {
        (ty, at) = match (part, ty.plain()) {
            (Part::Field(name), Type::Record(record)) => {
                words.push_str(&format!(".{name}"));
                let inner = record.fields.get(*name)?;
                let found = at.and_then(|at| at.get(name));
                if found.is_none() {
                    let absent = matches!(inner.plain(), Type::Optional(_)) && at.is_some();
                    return (!absent).then_some(words);
                }
                (inner, found)
            }
            // What is there at an index is known when it is looked at.
            _ => return None,
        };
    }
    // Handed on as a whole a record is not read; what has no fields is.
    (at.is_none() && !matches!(ty.plain(), Type::Record(_))).then_some(words)
}

/// Given by a file that the step reads.
fn answers_itself(node: NodeIndex, script: &Script, scene: &Scene<'_>) -> bool {
    let execs = scene.state.execs.iter().filter(|exec| exec.node == node);
    let mut paths = execs.filter_map(|exec| exec.args.get("path").and_then(Value::as_text));
    let reads = names::step(scene.plan, node).is_some_and(|step| step.call.name.starts_with("read."));
    reads && paths.any(|path| script.files.get(path).is_some())
}

/// What the turn of a kill switch gives: a test knows how its switches stand.
fn is_of_turn(step: &Step, scene: &Scene<'_>) -> bool {
    let looks = |expr: &Expr| {
        let (output, _) = path(expr)?;
        Some(names::step(scene.plan, scene.find_step(output)?)?.call.name == STANDS)
    };
    let value = step.call.args.iter().flat_map(|(_, value)| value.children());
    step.call.name == RETURN && value.filter_map(looks).any(|looks| looks)
}

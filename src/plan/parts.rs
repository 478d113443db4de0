//! Walks over the parts of expressions, values and model blocks.

use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, OutputRef, Piece};
use crate::model::phase::{Block, Call, Condition, Phase, Statement, StatementKind, Step, Sustain};

/// Calls `visit` for the expression and everything inside it.
pub fn each_part(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    let mut open = vec![expr];
    while let Some(part) = open.pop() {
        visit(part);
        open.extend(part.children().into_iter().rev());
    }
}

/// Calls `visit` for the value and everything inside it.
pub fn each_value(value: &Value, visit: &mut dyn FnMut(&Value)) {
    visit(value);
    match value {
        Value::List(items) => items.iter().for_each(|item| each_value(item, visit)),
        Value::Record(fields) => fields.values().for_each(|field| each_value(field, visit)),
        Value::Range(low, high) => {
            each_value(low, visit);
            each_value(high, visit);
        }
        _ => {}
    }
}

/// How many parts an expression has and how deep they are nested; counts no further than `limit` parts.
pub fn measure(expr: &Expr, limit: usize) -> (usize, usize) {
    let (mut size, mut depth) = (0, 0);
    let mut open = vec![(expr, 1)];
    while let Some((part, level)) = open.pop() {
        size += 1;
        depth = depth.max(level);
        if size > limit {
            break;
        }
        open.extend(part.children().into_iter().map(|child| (child, level + 1)));
    }
    (size, depth)
}

/// The expression with every reference to an output put through `change`.
pub fn map_outputs(expr: &Expr, change: &mut dyn FnMut(&OutputRef) -> OutputRef) -> Expr {
    let mut inside = |inner: &Expr| map_outputs(inner, change);
    let kind = match &*expr.kind {
        ExprKind::Output(output) => ExprKind::Output(change(output)),
        ExprKind::Text(pieces) => ExprKind::Text(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => Piece::Text(text.clone()),
                    Piece::Value(value) => Piece::Value(inside(value)),
                })
                .collect(),
        ),
        ExprKind::List(items) => ExprKind::List(items.iter().map(inside).collect()),
        ExprKind::Record(fields) => ExprKind::Record(named(fields, inside)),
        ExprKind::Field(inner, name) => ExprKind::Field(inside(inner), name.clone()),
        ExprKind::Index(left, right) => ExprKind::Index(inside(left), inside(right)),
        ExprKind::Not(inner) => ExprKind::Not(inside(inner)),
        ExprKind::Negate(inner) => ExprKind::Negate(inside(inner)),
        ExprKind::Binary(operator, left, right) => ExprKind::Binary(*operator, inside(left), inside(right)),
        ExprKind::If(parts) => ExprKind::If(Box::new((inside(&parts.0), inside(&parts.1), inside(&parts.2)))),
        ExprKind::Call(function, args) => ExprKind::Call(function.clone(), named(args, inside)),
        ExprKind::Literal(_)
        | ExprKind::Local(_)
        | ExprKind::Environment(_)
        | ExprKind::Run(_)
        | ExprKind::StageWeight
        | ExprKind::Result
        | ExprKind::Metric { .. } => return expr.clone(),
    };
    Expr::new(kind, expr.ty.clone(), expr.at)
}

fn named(parts: &[(String, Expr)], mut inside: impl FnMut(&Expr) -> Expr) -> Vec<(String, Expr)> {
    parts.iter().map(|(name, part)| (name.clone(), inside(part))).collect()
}

/// Calls `visit` for every expression that stands in a phase, its own clauses included.
pub fn each_expression<'a>(phase: &'a Phase, visit: &mut dyn FnMut(&'a Expr)) {
    phase.title.iter().chain(&phase.when).chain(&phase.window).for_each(&mut *visit);
    if let Some(each) = &phase.each {
        visit(&each.list);
        each.at_once.iter().for_each(&mut *visit);
    }
    in_block(&phase.body, visit);
}

fn in_block<'a>(block: &'a Block, visit: &mut dyn FnMut(&'a Expr)) {
    block.composite.iter().filter_map(|composite| composite.when.as_ref()).for_each(&mut *visit);
    for statement in &block.statements {
        in_statement(statement, visit);
    }
    for trigger in &block.triggers {
        in_condition(&trigger.condition, visit);
    }
}

fn in_statement<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Expr)) {
    match &statement.kind {
        StatementKind::Step(step) => in_step(step, visit),
        StatementKind::Gate { title, conditions } => {
            title.iter().for_each(&mut *visit);
            conditions.iter().for_each(|condition| in_condition(condition, visit));
        }
        StatementKind::Hold { duration, every, conditions } => {
            visit(duration);
            every.iter().for_each(&mut *visit);
            conditions.iter().for_each(|condition| in_condition(condition, visit));
        }
        StatementKind::Ramp { target, weights, body } => {
            in_call(target, visit);
            weights.iter().for_each(&mut *visit);
            in_block(body, visit);
        }
        StatementKind::Approve { who, by, within, .. } => {
            visit(who);
            by.iter().chain(within).for_each(&mut *visit);
        }
        StatementKind::Wait(duration) => visit(duration),
        StatementKind::Parallel(block) | StatementKind::Scope(block) => in_block(block, visit),
    }
}

fn in_step<'a>(step: &'a Step, visit: &mut dyn FnMut(&'a Expr)) {
    in_call(&step.call, visit);
    step.undo.iter().for_each(|undo| in_call(undo, visit));
    step.timeout.iter().chain(&step.retry).chain(&step.backoff).chain(&step.when).for_each(visit);
}

fn in_call<'a>(call: &'a Call, visit: &mut dyn FnMut(&'a Expr)) {
    call.args.iter().for_each(|(_, arg)| visit(arg));
}

fn in_condition<'a>(condition: &'a Condition, visit: &mut dyn FnMut(&'a Expr)) {
    visit(&condition.expr);
    for sustain in condition.sustain.iter().chain(&condition.after) {
        let (Sustain::Time(length) | Sustain::Samples(length)) = sustain;
        visit(length);
    }
    condition.reason.iter().for_each(visit);
}

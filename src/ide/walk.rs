//! Ways through a tree: every statement with what it stands in, every expression.

use crate::base::span::Span;
use crate::syntax::ast::{
    Block, ConditionStatement, Expr, ExprKind, Item, ItemKind, Statement, StatementKind, StringPiece,
};

/// What stands right in an item.
#[must_use]
pub fn block_of(item: &Item) -> Option<&Block> {
    match &item.kind {
        ItemKind::Pipeline(pipeline) => Some(&pipeline.body),
        ItemKind::Component(component) => Some(&component.body),
        ItemKind::Threshold(threshold) => Some(&threshold.body),
        _ => None,
    }
}

/// What stands right in a statement.
#[must_use]
pub fn body_of(statement: &Statement) -> Option<&Block> {
    match &statement.kind {
        StatementKind::Phase(phase) => Some(&phase.body),
        StatementKind::Hook { body, .. }
        | StatementKind::Parallel(body)
        | StatementKind::Gate { body, .. }
        | StatementKind::Hold { body, .. }
        | StatementKind::Ramp { body, .. } => Some(body),
        _ => None,
    }
}

#[must_use]
pub fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The statements around a place, the outermost first.
#[must_use]
pub fn around(block: &Block, at: Span) -> Vec<&Statement> {
    let mut found = Vec::new();
    let mut block = Some(block);
    while let Some(statement) = block.and_then(|block| block.statements.iter().find(|one| holds(one.at, at))) {
        found.push(statement);
        block = body_of(statement);
    }
    found
}

/// Every statement of a block, each before those in it.
pub fn statements<'t>(block: &'t Block, visit: &mut dyn FnMut(&'t Statement)) {
    for statement in &block.statements {
        visit(statement);
        if let Some(body) = body_of(statement) {
            statements(body, visit);
        }
    }
}

/// The condition that a statement is about.
#[must_use]
pub fn condition_of(statement: &Statement) -> Option<&ConditionStatement> {
    match &statement.kind {
        StatementKind::Require(condition) | StatementKind::Warn(condition) => Some(condition),
        StatementKind::Trigger(trigger) => Some(&trigger.condition),
        _ => None,
    }
}

/// The calls that a statement makes itself.
#[must_use]
pub fn calls_of(statement: &Statement) -> Vec<&Expr> {
    match &statement.kind {
        StatementKind::Step(step) | StatementKind::Call(step) => {
            std::iter::once(&step.call).chain(&step.undo).collect()
        }
        StatementKind::Ramp { target: call, .. } | StatementKind::Run(call) => vec![call],
        _ => Vec::new(),
    }
}

/// What an expression is made of.
#[must_use]
pub fn children(expr: &Expr) -> Vec<&Expr> {
    match &*expr.kind {
        ExprKind::Field(inner, _) | ExprKind::Not(inner) | ExprKind::Negate(inner) | ExprKind::Group(inner) => {
            vec![inner]
        }
        ExprKind::Index(one, other) | ExprKind::Binary { left: one, right: other, .. } => vec![one, other],
        ExprKind::Call { callee, args } => std::iter::once(callee).chain(args.iter().map(|arg| &arg.value)).collect(),
        ExprKind::List(items) => items.iter().collect(),
        ExprKind::Record(fields) => fields.iter().map(|field| &field.value).collect(),
        ExprKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
        ExprKind::String(literal) => {
            let holes = literal.pieces.iter().filter_map(|piece| match piece {
                StringPiece::Interpolation(inner) => Some(inner),
                StringPiece::Text(_) => None,
            });
            holes.collect()
        }
        ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Broken => Vec::new(),
    }
}

/// The expressions around a place, the outermost first.
#[must_use]
pub fn expressions_around(expr: &Expr, at: Span) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut next = holds(expr.at, at).then_some(expr);
    while let Some(expr) = next {
        found.push(expr);
        next = children(expr).into_iter().find(|child| holds(child.at, at));
    }
    found
}

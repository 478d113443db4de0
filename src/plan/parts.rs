//! Walks over the parts of expressions and values.

use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, OutputRef, Piece};

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

//! What a part of an expression comes to, and the key by which the same part is known wherever it is written.

use std::fmt::Write;
use std::rc::Rc;

use crate::contract::types::Type;
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind, Piece};

use super::super::types::value_type;
use super::linear::{Linear, Variable};
use super::sets::{Atom, Formula};
use super::table::{Facts, Values};

/// What an expression comes to.
#[derive(Debug, Clone)]
pub enum Meaning {
    Known(Value),
    Sum(Rc<Linear>),
    Truth(Rc<Formula>),
    Thing(Variable),
}

/// A key that grew longer than this belongs to nothing else.
pub const LONGEST_KEY: usize = 600;

pub fn is_known(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Known(_))
}

/// The expression with its parts as literals.
pub fn with_known(expr: &Expr, parts: &[Meaning]) -> Option<Expr> {
    let mut literals = expr.children().into_iter().zip(parts).map(|(child, part)| match part {
        Meaning::Known(value) => Some(Expr::literal(value.clone(), child.ty.clone(), child.at)),
        _ => None,
    });
    let mut next = || literals.next().flatten();
    let kind = match &*expr.kind {
        ExprKind::Binary(operator, ..) => ExprKind::Binary(*operator, next()?, next()?),
        ExprKind::Field(_, name) => ExprKind::Field(next()?, name.clone()),
        ExprKind::Text(pieces) => {
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => Some(Piece::Text(text.clone())),
                Piece::Value(_) => next().map(Piece::Value),
            });
            ExprKind::Text(pieces.collect::<Option<_>>()?)
        }
        ExprKind::Index(..) => ExprKind::Index(next()?, next()?),
        ExprKind::List(items) => ExprKind::List(items.iter().map(|_| next()).collect::<Option<_>>()?),
        ExprKind::Record(fields) => {
            let fields = fields.iter().map(|(name, _)| Some((name.clone(), next()?)));
            ExprKind::Record(fields.collect::<Option<_>>()?)
        }
        ExprKind::Call(function, args) => {
            let args = args.iter().map(|(name, _)| Some((name.clone(), next()?)));
            ExprKind::Call(function.clone(), args.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some(Expr::new(kind, expr.ty.clone(), expr.at))
}

pub fn variables_of(meaning: &Meaning) -> Vec<Variable> {
    match meaning {
        Meaning::Known(_) => Vec::new(),
        Meaning::Sum(sum) => sum.terms.iter().map(|(variable, _)| *variable).collect(),
        Meaning::Thing(variable) => vec![*variable],
        Meaning::Truth(formula) => {
            let mut found = Vec::new();
            collect_variables(formula, &mut found);
            found
        }
    }
}

fn collect_variables(formula: &Formula, found: &mut Vec<Variable>) {
    match formula {
        Formula::Known(_) => {}
        Formula::Not(inner) => collect_variables(inner, found),
        Formula::All(parts) | Formula::Any(parts) => parts.iter().for_each(|part| collect_variables(part, found)),
        Formula::Atom(Atom::OneOf(variable, _)) => found.push(*variable),
        Formula::Atom(Atom::Zero(linear) | Atom::NotAboveZero { linear, .. }) => {
            found.extend(linear.terms.iter().map(|(variable, _)| *variable));
        }
    }
}

pub fn write_key(meaning: &Meaning, key: &mut String) {
    // Formatting into a `String` cannot fail.
    let _ = match meaning {
        Meaning::Known(value) => write!(key, "{value:?}"),
        Meaning::Thing(variable) => write!(key, "v{}", variable.0),
        Meaning::Sum(sum) => {
            let terms = sum.terms.iter().try_for_each(|(variable, factor)| write!(key, "v{}*{factor}+", variable.0));
            terms.and_then(|()| write!(key, "{}", sum.constant))
        }
        Meaning::Truth(formula) => {
            write_formula(formula, key);
            Ok(())
        }
    };
}

fn write_formula(formula: &Formula, key: &mut String) {
    if key.len() > LONGEST_KEY {
        return;
    }
    match formula {
        Formula::Known(truth) => key.push_str(if *truth { "true" } else { "false" }),
        Formula::Not(inner) => {
            key.push('!');
            write_formula(inner, key);
        }
        Formula::All(parts) | Formula::Any(parts) => {
            key.push(if matches!(formula, Formula::All(_)) { '&' } else { '|' });
            key.push('(');
            parts.iter().for_each(|part| {
                write_formula(part, key);
                key.push(';');
            });
            key.push(')');
        }
        Formula::Atom(atom) => key.push_str(&format!("{atom:?}")),
    }
}

/// What the type of an expression says about its values.
pub fn plain_facts(name: String, expr: &Expr) -> Facts {
    let ty = value_type(&expr.ty);
    let values = match ty {
        Type::Bool => Values::Truth,
        Type::Int => Values::Whole,
        Type::String | Type::Path | Type::Url | Type::Version => Values::Text,
        _ if ty.unit().is_some() => Values::Real,
        _ => Values::Other,
    };
    Facts {
        name,
        values,
        unit: ty.unit().unwrap_or(Unit::One),
        low: None,
        high: None,
        metrics: Vec::new(),
        steps: Vec::new(),
        is_free: false,
    }
}

/// A duration may be negative (a clock that is off, the time left), but not one that by its name was measured with a
/// stopwatch: a percentile, a latency.
pub fn is_measured_time(name: &str, expr: &Expr) -> bool {
    let is_percentile = name.strip_prefix('p').is_some_and(|rest| {
        let digits = rest.split('_').next().unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_measured = is_percentile || matches!(name, "latency" | "elapsed" | "took" | "response_time");
    is_measured && *value_type(&expr.ty) == Type::Duration
}

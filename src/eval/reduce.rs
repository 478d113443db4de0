//! Partial evaluation: puts in what a world knows now and leaves the rest of an expression for later.

use super::{Evaluated, Unknown, World, evaluate};
use crate::base::span::Location;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, Operator, Piece};

/// A part of an expression that should be known now and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub at: Location,
    pub message: String,
}

/// What reduction may look up. `None` leaves the reference for run time.
pub trait Known {
    /// The expression a local stands for.
    fn local(&self, id: crate::model::expr::LocalId) -> Option<Expr>;
    fn environment(&self, key: &str) -> Option<Evaluated>;
    /// A reading function (`read.json`, `env_var`, `secret`), with reduced arguments.
    fn read(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated>;
}

/// The expression with all that is known put in; what cannot be read is added to `problems` and left as it was.
pub fn reduce(expr: &Expr, known: &dyn Known, problems: &mut Vec<Problem>) -> Expr {
    if let ExprKind::If(parts) = &*expr.kind {
        return reduce_choice(expr, [&parts.0, &parts.1, &parts.2], known, problems);
    }
    let mut inside = |inner: &Expr| reduce(inner, known, problems);
    let kind = match &*expr.kind {
        ExprKind::Local(id) => return known.local(*id).unwrap_or_else(|| expr.clone()),
        ExprKind::Environment(key) => return looked_up(expr, known.environment(key), problems),
        ExprKind::Literal(_)
        | ExprKind::Run(_)
        | ExprKind::StageWeight
        | ExprKind::Result
        | ExprKind::Metric { .. }
        | ExprKind::Output(_)
        | ExprKind::If(..) => return expr.clone(),
        ExprKind::Text(pieces) => ExprKind::Text(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => Piece::Text(text.clone()),
                    Piece::Value(value) => known_piece(inside(value)),
                })
                .collect(),
        ),
        ExprKind::List(items) => ExprKind::List(items.iter().map(inside).collect()),
        ExprKind::Record(fields) => {
            ExprKind::Record(fields.iter().map(|(name, value)| (name.clone(), inside(value))).collect())
        }
        ExprKind::Field(inner, name) => ExprKind::Field(inside(inner), name.clone()),
        ExprKind::Index(left, right) => ExprKind::Index(inside(left), inside(right)),
        ExprKind::Not(inner) => ExprKind::Not(inside(inner)),
        ExprKind::Negate(inner) => ExprKind::Negate(inside(inner)),
        ExprKind::Binary(operator, left, right) => ExprKind::Binary(*operator, inside(left), inside(right)),
        ExprKind::Call(function, args) => {
            let args: Vec<_> = args.iter().map(|(name, value)| (name.clone(), inside(value))).collect();
            let constant = args.iter().all(|(_, value)| value.as_literal().is_some());
            if constant && let Some(answer) = known.read(function, &args) {
                return looked_up(expr, Some(answer), problems);
            }
            ExprKind::Call(function.clone(), args)
        }
    };
    fold(Expr::new(kind, expr.ty.clone(), expr.at))
}

/// A side that is not taken is not looked at: what it would read need not be there.
fn reduce_choice(expr: &Expr, parts: [&Expr; 3], known: &dyn Known, problems: &mut Vec<Problem>) -> Expr {
    let [condition, then, otherwise] = parts;
    let condition = reduce(condition, known, problems);
    match condition.as_literal().and_then(Value::as_bool) {
        Some(true) => reduce(then, known, problems),
        Some(false) => reduce(otherwise, known, problems),
        None => {
            let sides = (reduce(then, known, problems), reduce(otherwise, known, problems));
            Expr::new(ExprKind::If(Box::new((condition, sides.0, sides.1))), expr.ty.clone(), expr.at)
        }
    }
}

/// A constant inside a text is part of the text; a secret is not, it has no text.
fn known_piece(value: Expr) -> Piece {
    match value.as_literal() {
        Some(literal) if !matches!(literal, Value::Secret(_) | Value::Channel(_)) => {
            Piece::Text(super::plain_text(literal))
        }
        _ => Piece::Value(value),
    }
}

fn looked_up(expr: &Expr, answer: Option<Evaluated>, problems: &mut Vec<Problem>) -> Expr {
    match answer {
        Some(Ok(value)) => Expr::literal(value, expr.ty.clone(), expr.at),
        Some(Err(Unknown(message))) => {
            problems.push(Problem { at: expr.at, message });
            expr.clone()
        }
        None => expr.clone(),
    }
}

/// A constant where everything inside is one; what has no value (a division by zero) stays as it is.
fn fold(expr: Expr) -> Expr {
    let constant = expr.children().into_iter().all(|child| child.as_literal().is_some());
    if let ExprKind::Binary(operator, left, right) = &*expr.kind
        && let Some(decided) = decide_early(*operator, left, right)
    {
        return Expr::literal(decided, expr.ty.clone(), expr.at);
    }
    if constant && let Ok(value) = evaluate(&expr, &Nothing) {
        return Expr::literal(value, expr.ty.clone(), expr.at);
    }
    expr
}

/// `false and x`, `true or x`.
fn decide_early(operator: Operator, left: &Expr, right: &Expr) -> Option<Value> {
    let decisive = match operator {
        Operator::And => false,
        Operator::Or => true,
        _ => return None,
    };
    let decides = |side: &Expr| side.as_literal().and_then(Value::as_bool) == Some(decisive);
    (decides(left) || decides(right)).then_some(Value::Bool(decisive))
}

/// The value of an expression of constants alone.
///
/// # Errors
/// When it refers to anything outside itself, or has no value.
pub fn constant(expr: &Expr) -> Evaluated {
    evaluate(expr, &Nothing)
}

/// A world in which nothing is known but constants.
pub struct Nothing;

impl Nothing {
    fn unknown<T>() -> Result<T, Unknown> {
        Err(Unknown("this is only known while the run goes on".to_owned()))
    }
}

impl World for Nothing {
    fn local(&self, _: crate::model::expr::LocalId) -> Evaluated {
        Self::unknown()
    }
    fn environment(&self, _: &str) -> Evaluated {
        Self::unknown()
    }
    fn run(&self, _: crate::model::expr::RunField) -> Evaluated {
        Self::unknown()
    }
    fn output(&self, _: &crate::model::expr::OutputRef) -> Evaluated {
        Self::unknown()
    }
    fn metric(&self, _: &str, _: &str) -> Evaluated {
        Self::unknown()
    }
    fn stage_weight(&self) -> Evaluated {
        Self::unknown()
    }
    fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        // Reading functions and functions over metrics are not constants; everything else is pure.
        let reads = matches!(function, "read.json" | "read.text" | "env_var" | "secret");
        let metric = args.iter().any(|(_, arg)| matches!(arg.ty, crate::contract::types::Type::Metric(_)));
        (reads || metric).then(Self::unknown)
    }
}

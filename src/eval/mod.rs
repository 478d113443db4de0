//! Evaluates typed expressions against a world of outputs, samples and constants. Pure.
//!
//! Three-valued: an expression gives a value, or is unknown with a reason. In a condition unknown is a verdict of its own
//! (`false and unknown` is false, `true or unknown` is true); elsewhere it is an error that the caller words.

mod functions;
pub use functions::{nearest_rank, quantile};
mod operators;
pub use operators::arithmetic;
pub mod reduce;
pub mod rubric;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind, LocalId, Operator, OutputRef, Piece, RunField};

/// Why there is no value: no sample, a division by zero, a NaN, an output nobody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(pub String);

pub type Evaluated = Result<Value, Unknown>;

/// What an expression may refer to outside itself.
pub trait World {
    fn local(&self, id: LocalId) -> Evaluated;
    fn environment(&self, key: &str) -> Evaluated;
    fn run(&self, field: RunField) -> Evaluated;
    fn output(&self, output: &OutputRef) -> Evaluated;
    /// The latest value of a metric.
    fn metric(&self, group: &str, field: &str) -> Evaluated;
    /// The weight of the ramp around the expression.
    fn stage_weight(&self) -> Evaluated;
    /// A function that reads (`read.json`, `secret`) or looks at a metric's samples (`mean`); `None` when it is neither.
    fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated>;
    /// A local that is a JSON document, lent instead of copied: places in it are then looked up where it stands.
    fn lend(&self, _: LocalId) -> Option<&Json> {
        None
    }
    /// One field of what a call gives, where that is less work than all of them; `None` asks for the call.
    fn field_of_call(&self, _function: &str, _args: &[(String, Expr)], _field: &str) -> Option<Evaluated> {
        None
    }
}

/// The value of an expression.
///
/// # Errors
/// When it is unknown, with the reason for people.
pub fn evaluate(expr: &Expr, world: &dyn World) -> Evaluated {
    match &*expr.kind {
        ExprKind::Literal(value) => Ok(value.clone()),
        ExprKind::Text(pieces) => evaluate_text(pieces, world),
        ExprKind::List(items) => {
            items.iter().map(|item| evaluate(item, world)).collect::<Result<_, _>>().map(Value::List)
        }
        ExprKind::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), evaluate(value, world)?)));
            fields.collect::<Result<IndexMap<_, _>, _>>().map(Value::Record)
        }
        ExprKind::Local(id) => world.local(*id),
        ExprKind::Environment(key) => world.environment(key),
        ExprKind::Run(field) => world.run(*field),
        ExprKind::StageWeight => world.stage_weight(),
        ExprKind::Result => Err(Unknown("there is no result here".to_owned())),
        ExprKind::Metric { group, field } => world.metric(group, field).and_then(known_number),
        ExprKind::Output(output) => world.output(output),
        ExprKind::Field(inner, name) => match lent(expr, world) {
            Some(found) => Ok(Value::Json(found.clone())),
            None => evaluate_field(inner, name, world),
        },
        ExprKind::Index(inner, index) => match lent(expr, world) {
            Some(found) => Ok(Value::Json(found.clone())),
            None => operators::index(&evaluate(inner, world)?, &evaluate(index, world)?),
        },
        ExprKind::Not(inner) => truth(inner, world).map(|value| Value::Bool(!value)),
        ExprKind::Negate(inner) => operators::negate(&evaluate(inner, world)?),
        ExprKind::Binary(operator, left, right) => evaluate_binary(*operator, left, right, world),
        ExprKind::If(parts) => {
            let (condition, then, otherwise) = &**parts;
            if truth(condition, world)? { evaluate(then, world) } else { evaluate(otherwise, world) }
        }
        ExprKind::Call(function, args) => match world.call(function, args) {
            Some(answer) => answer.and_then(known_number),
            None => functions::call(function, args, world),
        },
    }
}

/// The place that fields and positions lead to in a document that the world lends. None: there is no such document, or the
/// way ends where the operators have words for it.
fn lent<'w>(expr: &Expr, world: &'w dyn World) -> Option<&'w Json> {
    static NOTHING: Json = Json::Null;
    match &*expr.kind {
        ExprKind::Local(id) => world.lend(*id),
        ExprKind::Field(inner, name) => {
            lent(inner, world)?.as_object().map(|fields| fields.get(name).unwrap_or(&NOTHING))
        }
        ExprKind::Index(inner, index) => {
            let place = lent(inner, world)?;
            match evaluate(index, world).ok()? {
                Value::Text(key) => place.get(key),
                position => operators::position(&position).and_then(|at| place.get(at)),
            }
        }
        _ => None,
    }
}

/// A condition: true, false, or unknown with the reason.
///
/// # Errors
/// When it is unknown.
pub fn truth(expr: &Expr, world: &dyn World) -> Result<bool, Unknown> {
    match evaluate(expr, world)? {
        Value::Bool(value) => Ok(value),
        Value::Json(serde_json::Value::Bool(value)) => Ok(value),
        other => Err(Unknown(format!("`{other}` is neither true nor false"))),
    }
}

fn known_number(value: Value) -> Evaluated {
    match &value {
        Value::Quantity(number, _) if !number.is_finite() => Err(Unknown(format!("the value is {number}"))),
        _ => Ok(value),
    }
}

fn evaluate_text(pieces: &[Piece], world: &dyn World) -> Evaluated {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Value(expr) => text.push_str(&plain_text(&evaluate(expr, world)?)),
        }
    }
    Ok(Value::Text(text))
}

/// A value inside an interpolated string: text without quotes, everything else as the language writes it.
#[must_use]
pub fn plain_text(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Json(serde_json::Value::String(text)) => text.clone(),
        Value::Time(time) => time.to_string(),
        other => other.to_string(),
    }
}

fn evaluate_field(inner: &Expr, name: &str, world: &dyn World) -> Evaluated {
    let answer = match &*inner.kind {
        ExprKind::Call(function, args) => world.field_of_call(function, args, name),
        _ => None,
    };
    match answer {
        Some(answer) => answer.and_then(known_number),
        None => operators::field(&evaluate(inner, world)?, name),
    }
}

fn evaluate_binary(operator: Operator, left: &Expr, right: &Expr, world: &dyn World) -> Evaluated {
    match operator {
        Operator::And => kleene(left, right, world, false),
        Operator::Or => kleene(left, right, world, true),
        Operator::Coalesce => match evaluate(left, world)? {
            Value::Null | Value::Json(serde_json::Value::Null) => evaluate(right, world),
            value => Ok(value),
        },
        _ => {
            let (left, right) = (evaluate(left, world)?, evaluate(right, world)?);
            operators::binary(operator, &left, &right).and_then(known_number)
        }
    }
}

/// `and` is decided by a false, `or` by a true, whatever the other side is.
fn kleene(left: &Expr, right: &Expr, world: &dyn World, decisive: bool) -> Evaluated {
    let (left, right) = (truth(left, world), truth(right, world));
    if left == Ok(decisive) || right == Ok(decisive) {
        return Ok(Value::Bool(decisive));
    }
    left.and(right).map(Value::Bool)
}

/// A bare number from raw JSON stands for any unit-less number.
fn quantity(value: &Value) -> Option<(crate::base::number::Number, Unit)> {
    match value {
        Value::Quantity(number, unit) => Some((*number, *unit)),
        Value::Json(serde_json::Value::Number(number)) => {
            number.as_f64().map(|number| (crate::base::number::Number::from_f64(number), Unit::One))
        }
        _ => None,
    }
}

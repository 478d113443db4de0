//! Arithmetic and comparison of values. Units were checked before; what does not fit is unknown, never a panic.

use std::cmp::Ordering;

use super::{Evaluated, Unknown, quantity};
use crate::base::number::Number;
use crate::contract::value::{Unit, Value};
use crate::contract::version;
use crate::model::expr::Operator;

/// Every operator but `and`, `or` and `??`.
pub fn binary(operator: Operator, left: &Value, right: &Value) -> Evaluated {
    match operator {
        Operator::Equal => Ok(Value::Bool(equal(left, right))),
        Operator::NotEqual => Ok(Value::Bool(!equal(left, right))),
        Operator::Less => compare(left, right).map(|order| Value::Bool(order == Ordering::Less)),
        Operator::LessEqual => compare(left, right).map(|order| Value::Bool(order != Ordering::Greater)),
        Operator::Greater => compare(left, right).map(|order| Value::Bool(order == Ordering::Greater)),
        Operator::GreaterEqual => compare(left, right).map(|order| Value::Bool(order != Ordering::Less)),
        Operator::In => contains(left, right).map(Value::Bool),
        Operator::NotIn => contains(left, right).map(|inside| Value::Bool(!inside)),
        Operator::Range => Ok(Value::Range(Box::new(left.clone()), Box::new(right.clone()))),
        Operator::PlusMinus => plus_minus(left, right),
        Operator::Add => same_unit(left, right, "add").map(|(a, b, unit)| Value::Quantity(a.add(b), unit)),
        Operator::Subtract => {
            same_unit(left, right, "subtract").map(|(a, b, unit)| Value::Quantity(a.subtract(b), unit))
        }
        Operator::Multiply => multiply(left, right),
        Operator::Divide => divide(left, right),
        Operator::And | Operator::Or | Operator::Coalesce => {
            Err(Unknown("a logical operator has no operands".to_owned()))
        }
    }
}

pub fn negate(value: &Value) -> Evaluated {
    match quantity(value) {
        Some((number, unit)) => Ok(Value::Quantity(number.negate(), unit)),
        None => Err(Unknown(format!("`{value}` has no sign"))),
    }
}

pub fn field(value: &Value, name: &str) -> Evaluated {
    match value {
        Value::Record(fields) => {
            fields.get(name).cloned().ok_or_else(|| Unknown(format!("there is no field `{name}`")))
        }
        Value::Json(serde_json::Value::Object(fields)) => {
            Ok(Value::Json(fields.get(name).cloned().unwrap_or(serde_json::Value::Null)))
        }
        // A field of an absent record is absent: the output of a skipped step.
        Value::Null => Ok(Value::Null),
        other => Err(Unknown(format!("`{other}` has no field `{name}`"))),
    }
}

pub fn index(value: &Value, index: &Value) -> Evaluated {
    let outside = || Unknown(format!("there is nothing at `[{index}]`"));
    match (value, index) {
        (Value::List(items), _) => position(index).and_then(|at| items.get(at)).cloned().ok_or_else(outside),
        (Value::Record(fields), Value::Text(key)) => fields.get(key).cloned().ok_or_else(outside),
        (Value::Json(json), Value::Text(key)) => json.get(key).cloned().map(Value::Json).ok_or_else(outside),
        (Value::Json(json), _) => {
            position(index).and_then(|at| json.get(at)).cloned().map(Value::Json).ok_or_else(outside)
        }
        _ => Err(outside()),
    }
}

pub fn position(index: &Value) -> Option<usize> {
    index.as_number().and_then(Number::to_i64).and_then(|at| usize::try_from(at).ok())
}

fn equal(left: &Value, right: &Value) -> bool {
    if let (Some((left, _)), Some((right, _))) = (quantity(left), quantity(right)) {
        return left == right;
    }
    match (left, right) {
        (Value::Json(left), Value::Json(right)) => left == right,
        (Value::Json(json), other) | (other, Value::Json(json)) => *json == other.to_json(),
        _ => left == right,
    }
}

/// Order of two values of one kind; numbers of any unit by amount, since units were checked before.
pub fn compare(left: &Value, right: &Value) -> Result<Ordering, Unknown> {
    if let (Some((left, _)), Some((right, _))) = (quantity(left), quantity(right)) {
        return left.compare(right).ok_or_else(|| Unknown("a value is not a number".to_owned()));
    }
    match (left, right) {
        (Value::Time(left), Value::Time(right)) => Ok(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Ok(compare_text(left, right)),
        (Value::Null, _) | (_, Value::Null) => Err(Unknown("a value is absent".to_owned())),
        _ => Err(Unknown(format!("`{left}` and `{right}` have no order"))),
    }
}

/// Versions by the rules of versions, other text by its letters.
fn compare_text(left: &str, right: &str) -> Ordering {
    version::compare(left, right).unwrap_or_else(|| left.cmp(right))
}

fn contains(item: &Value, container: &Value) -> Result<bool, Unknown> {
    match container {
        Value::Range(low, high) => {
            Ok(compare(item, low)? != Ordering::Less && compare(item, high)? != Ordering::Greater)
        }
        Value::List(items) => Ok(items.iter().any(|candidate| equal(item, candidate))),
        Value::Record(fields) => Ok(item.as_text().is_some_and(|key| fields.contains_key(key))),
        Value::Text(text) => Ok(item.as_text().is_some_and(|part| text.contains(part))),
        Value::Json(serde_json::Value::Array(items)) => {
            Ok(items.iter().any(|candidate| equal(item, &Value::Json(candidate.clone()))))
        }
        other => Err(Unknown(format!("`{other}` holds nothing"))),
    }
}

fn plus_minus(middle: &Value, spread: &Value) -> Evaluated {
    let (middle, spread, unit) = same_unit(middle, spread, "range")?;
    let spread = spread.abs();
    let end = |number| Box::new(Value::Quantity(number, unit));
    Ok(Value::Range(end(middle.subtract(spread)), end(middle.add(spread))))
}

fn same_unit(left: &Value, right: &Value, verb: &str) -> Result<(Number, Number, Unit), Unknown> {
    let unit = quantity(left)
        .zip(quantity(right))
        .and_then(|((left, unit), (right, other))| common(unit, other).map(|common| (left, right, common)));
    unit.ok_or_else(|| Unknown(format!("cannot {verb} `{left}` and `{right}`")))
}

/// The unit of what may be added; a bare number goes with any.
fn common(left: Unit, right: Unit) -> Option<Unit> {
    match (left, right) {
        (Unit::One, other) | (other, Unit::One) => Some(other),
        (left, right) => (left == right).then_some(left),
    }
}

fn multiply(left: &Value, right: &Value) -> Evaluated {
    let product = quantity(left).zip(quantity(right)).and_then(|(a, b)| arithmetic(Operator::Multiply, a, b));
    let (number, unit) = product.ok_or_else(|| Unknown(format!("cannot multiply `{left}` and `{right}`")))?;
    Ok(Value::Quantity(number, unit))
}

fn divide(left: &Value, right: &Value) -> Evaluated {
    let parts = quantity(left).zip(quantity(right)).filter(|((_, a), (_, b))| ratio(*a, *b).is_some());
    let (a, b) = parts.ok_or_else(|| Unknown(format!("cannot divide `{left}` by `{right}`")))?;
    let (number, unit) =
        arithmetic(Operator::Divide, a, b).ok_or_else(|| Unknown(format!("`{left}` is divided by zero")))?;
    Ok(Value::Quantity(number, unit))
}

/// The unit of a quotient.
fn ratio(left: Unit, right: Unit) -> Option<Unit> {
    match (left, right) {
        (left, right) if left == right => Some(Unit::One),
        (unit, Unit::One | Unit::Ratio) => Some(unit),
        (Unit::One, Unit::Duration) => Some(Unit::Rate),
        _ => None,
    }
}

/// The unit of a product; a part of a quantity is that quantity.
fn product(left: Unit, right: Unit) -> Option<Unit> {
    match (left, right) {
        (Unit::One, unit) | (unit, Unit::One) => Some(unit),
        (Unit::Ratio, unit) | (unit, Unit::Ratio) => Some(unit),
        (Unit::Rate, Unit::Duration) | (Unit::Duration, Unit::Rate) => Some(Unit::One),
        _ => None,
    }
}

/// The four rules over amounts; none where the units do not go together, of a division by zero and of other operators.
#[must_use]
pub fn arithmetic(operator: Operator, (a, left): (Number, Unit), (b, right): (Number, Unit)) -> Option<(Number, Unit)> {
    match operator {
        Operator::Add => common(left, right).map(|unit| (a.add(b), unit)),
        Operator::Subtract => common(left, right).map(|unit| (a.subtract(b), unit)),
        Operator::Multiply => product(left, right).map(|unit| (a.multiply(b), unit)),
        Operator::Divide => ratio(left, right).and_then(|unit| a.divide(b).map(|number| (number, unit))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::compare;
    use crate::contract::value::Value;

    #[test]
    fn versions_are_compared_by_their_numbers_and_other_text_by_its_letters() {
        let compared = |left: &str, right: &str| compare(&Value::text(left), &Value::text(right));
        assert_eq!(compared("v1.9.0", "v1.10.0"), Ok(Ordering::Less));
        assert_eq!(compared("2025.9", "2025.10"), Ok(Ordering::Less));
        assert_eq!(compared("b", "a"), Ok(Ordering::Greater));
    }
}

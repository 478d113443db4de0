//! The pure functions of the language, over values.

use std::cmp::Ordering;

use super::operators::compare;
use super::{Evaluated, Unknown, World, evaluate, plain_text};
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::model::expr::Expr;

/// Calls a pure function by name with arguments in the order of its declaration.
pub fn call(function: &str, args: &[(String, Expr)], world: &dyn World) -> Evaluated {
    let values = args.iter().map(|(_, arg)| evaluate(arg, world)).collect::<Result<Vec<Value>, _>>()?;
    let first = values.first().cloned().unwrap_or(Value::Null);
    let second = values.get(1);
    match function {
        "abs" => number(function, &first).map(|(value, unit)| Value::Quantity(value.abs(), unit)),
        "floor" | "ceil" | "sqrt" => rounding(function, &first),
        "round" => round(&first, second),
        "clamp" => clamp(&values),
        "min" => extreme(&values, Ordering::Less),
        "max" => extreme(&values, Ordering::Greater),
        "sum" | "mean" | "median" | "percentile" => aggregate(function, &values),
        "len" => length(&first),
        "keys" => {
            entries(&first).map(|entries| Value::List(entries.into_iter().map(|(key, _)| Value::Text(key)).collect()))
        }
        "values" => entries(&first).map(|entries| Value::List(entries.into_iter().map(|(_, value)| value).collect())),
        "time" => time(&first),
        "contains" => contains(&first, second),
        _ => text_function(function, &values),
    }
}

fn number(function: &str, value: &Value) -> Result<(Number, Unit), Unknown> {
    super::quantity(value).ok_or_else(|| Unknown(format!("`{function}` needs a number, not `{value}`")))
}

fn rounding(function: &str, value: &Value) -> Evaluated {
    let (amount, unit) = number(function, value)?;
    let float = amount.to_f64();
    let result = match function {
        "floor" => float.floor(),
        "ceil" => float.ceil(),
        _ if float < 0.0 => return Err(Unknown(format!("the square root of {value}"))),
        _ => float.sqrt(),
    };
    Ok(Value::Quantity(Number::from_f64(result), unit))
}

fn round(value: &Value, digits: Option<&Value>) -> Evaluated {
    let (amount, unit) = number("round", value)?;
    let digits = digits.and_then(Value::as_number).and_then(Number::to_i64).unwrap_or(0).clamp(-15, 15);
    let scale = 10f64.powi(i32::try_from(digits).unwrap_or(0));
    Ok(Value::Quantity(Number::from_f64((amount.to_f64() * scale).round() / scale), unit))
}

fn clamp(values: &[Value]) -> Evaluated {
    let [value, low, high] = values else { return Err(Unknown("`clamp` needs three values".to_owned())) };
    if compare(value, low)? == Ordering::Less {
        return Ok(low.clone());
    }
    Ok(if compare(value, high)? == Ordering::Greater { high.clone() } else { value.clone() })
}

/// Over its arguments, or over one list.
fn extreme(values: &[Value], wanted: Ordering) -> Evaluated {
    let values = if let [Value::List(items)] = values { items } else { values };
    let mut values = values.iter();
    let mut best = values.next().ok_or_else(|| Unknown("the list is empty".to_owned()))?;
    for value in values {
        if compare(value, best)? == wanted {
            best = value;
        }
    }
    Ok(best.clone())
}

fn aggregate(function: &str, values: &[Value]) -> Evaluated {
    let Some(Value::List(items)) = values.first() else {
        return Err(Unknown(format!("`{function}` needs a list")));
    };
    let unit = items.first().and_then(super::quantity).map_or(Unit::One, |(_, unit)| unit);
    let amounts =
        items.iter().map(|item| number(function, item).map(|(amount, _)| amount)).collect::<Result<Vec<_>, _>>()?;
    let sum = amounts.iter().fold(Number::ZERO, |total, amount| total.add(*amount));
    if function == "sum" {
        return Ok(Value::Quantity(sum, unit));
    }
    let count = Number::from(i64::try_from(amounts.len()).unwrap_or(i64::MAX));
    let result = match function {
        "mean" => sum.divide(count),
        "median" => quantile(amounts, Number::from_f64(0.5)),
        _ => quantile(amounts, values.get(1).and_then(Value::as_number).unwrap_or(Number::from_f64(0.5))),
    };
    result.map(|amount| Value::Quantity(amount, unit)).ok_or_else(|| Unknown("the list is empty".to_owned()))
}

/// Linear interpolation between order statistics (Hyndman and Fan 1996, type 7), at the decimal that was written.
#[must_use]
pub fn quantile(mut amounts: Vec<Number>, q: Number) -> Option<Number> {
    sort(&mut amounts);
    let last = i64::try_from(amounts.len().checked_sub(1)?).ok()?;
    let position = share(q).multiply(Number::from(last));
    let whole = position.to_f64().floor();
    let below = amounts.get(whole as usize)?;
    let fraction = position.subtract(Number::from(whole as i64));
    match amounts.get(whole as usize + 1) {
        Some(above) if !fraction.is_zero() => Some(below.add(above.subtract(*below).multiply(fraction))),
        _ => Some(*below),
    }
}

/// The smallest one that at least a share `q` of all do not exceed (type 1): the rank is ⌈n q⌉, of the decimal that was written.
#[must_use]
pub fn nearest_rank(mut amounts: Vec<Number>, q: Number) -> Option<Number> {
    sort(&mut amounts);
    let count = i64::try_from(amounts.len()).ok()?;
    let rank = share(q).multiply(Number::from(count)).to_f64().ceil().max(1.0);
    amounts.get(rank as usize - 1).copied()
}

fn share(q: Number) -> Number {
    if q.is_negative() {
        Number::ZERO
    } else if q.compare(Number::ONE) == Some(Ordering::Less) {
        q
    } else {
        Number::ONE
    }
}

fn sort(amounts: &mut [Number]) {
    amounts.sort_by(|left, right| left.compare(*right).unwrap_or(Ordering::Equal));
}

fn length(value: &Value) -> Evaluated {
    let length = match value {
        Value::List(items) => items.len(),
        Value::Record(fields) => fields.len(),
        Value::Text(text) => text.chars().count(),
        Value::Json(serde_json::Value::Array(items)) => items.len(),
        Value::Json(serde_json::Value::Object(fields)) => fields.len(),
        Value::Json(serde_json::Value::String(text)) => text.chars().count(),
        other => return Err(Unknown(format!("`{other}` has no length"))),
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn entries(value: &Value) -> Result<Vec<(String, Value)>, Unknown> {
    match value {
        Value::Record(fields) => Ok(fields.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        Value::Json(serde_json::Value::Object(fields)) => {
            Ok(fields.iter().map(|(key, value)| (key.clone(), Value::Json(value.clone()))).collect())
        }
        other => Err(Unknown(format!("`{other}` is no map"))),
    }
}

fn time(value: &Value) -> Evaluated {
    let parsed = value.as_text().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    parsed
        .map(|time| Value::Time(Timestamp(time.as_microsecond())))
        .ok_or_else(|| Unknown(format!("`{value}` is no time")))
}

fn contains(container: &Value, item: Option<&Value>) -> Evaluated {
    let item = item.cloned().unwrap_or(Value::Null);
    super::operators::binary(crate::model::expr::Operator::In, &item, container)
}

fn text_function(function: &str, values: &[Value]) -> Evaluated {
    let text = |at: usize| values.get(at).map(plain_text).unwrap_or_default();
    let answer = match function {
        "starts_with" => Value::Bool(text(0).starts_with(&text(1))),
        "ends_with" => Value::Bool(text(0).ends_with(&text(1))),
        "matches" => {
            let regex =
                regex::Regex::new(&text(1)).map_err(|error| Unknown(format!("the regex is invalid: {error}")))?;
            Value::Bool(regex.is_match(&text(0)))
        }
        "lower" => Value::Text(text(0).to_lowercase()),
        "upper" => Value::Text(text(0).to_uppercase()),
        "trim" => Value::Text(text(0).trim().to_owned()),
        "split" => Value::List(text(0).split(text(1).as_str()).map(Value::text).collect()),
        "join" => {
            let items = values.first().and_then(Value::as_list).unwrap_or_default();
            Value::Text(items.iter().map(plain_text).collect::<Vec<_>>().join(&text(1)))
        }
        "format" => Value::Text(format(&text(0), values.get(1..).unwrap_or_default())),
        _ => return Err(Unknown(format!("`{function}` cannot be called here"))),
    };
    Ok(answer)
}

/// Puts the values in place of each `{}` in order.
fn format(template: &str, values: &[Value]) -> String {
    let mut values = values.iter();
    let mut parts = template.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(&values.next().map_or_else(|| "{}".to_owned(), plain_text));
        text.push_str(part);
    }
    text
}

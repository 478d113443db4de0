//! How data from outside becomes one sample: a place in JSON, or a text, read as the type of a metrics field.
//!
//! Invariant: what comes out is one finite value of the type; all else is a reason.

use serde_json_path::JsonPath;

use super::samples::Sample;
use super::types::{Type, decode};
use super::value::Value;

/// The one value that `path` selects in `document`. The path is JSONPath; `$` may be left out.
///
/// # Errors
/// When the path is none, selects nothing or several values, or what it selects is no finite value of `ty`.
pub fn extract_json(document: &serde_json::Value, path: &str, ty: &Type) -> Sample {
    let compiled = compile_path(path)?;
    let nodes = compiled.query(document).all();
    match nodes.as_slice() {
        [] => Err(format!("`{path}` selects nothing in the answer")),
        [serde_json::Value::Null] if !is_optional(ty) => Err(format!("`{path}` is null in the answer")),
        [serde_json::Value::String(text)] => extract_text(text, ty).map_err(|reason| format!("`{path}`: {reason}")),
        [node] => decode(node, ty).map_err(|error| format!("`{path}`: {error}")).and_then(require_finite),
        several => Err(format!("`{path}` selects {} values, a sample is one", several.len())),
    }
}

/// A text (of a CSV cell, a Prometheus sample, a matched group) as a value of `ty`.
///
/// # Errors
/// When it is no finite value of the type.
pub fn extract_text(text: &str, ty: &Type) -> Sample {
    let trimmed = text.trim();
    if trimmed.is_empty() && !is_textual(ty) {
        return Err("there is no value, only an empty text".to_owned());
    }
    let raw = match (content_type(ty), trimmed) {
        (Type::Bool, "true" | "1") => true.into(),
        (Type::Bool, "false" | "0") => false.into(),
        _ if is_textual(ty) => text.into(),
        _ => trimmed.into(),
    };
    let decoded = decode(&raw, ty);
    decoded.map_err(|_| format!("expected `{ty}`, found `{}`", shortened(trimmed))).and_then(require_finite)
}

/// A JSONPath, `$` left out or not.
fn compile_path(path: &str) -> Result<JsonPath, String> {
    let trimmed = path.trim();
    let full = match trimmed.chars().next() {
        None => return Err("the JSONPath is empty".to_owned()),
        Some('$') => trimmed.to_owned(),
        Some('[' | '.') => format!("${trimmed}"),
        Some(_) => format!("$.{trimmed}"),
    };
    JsonPath::parse(&full).map_err(|error| format!("`{path}` is no JSONPath: {}", error.message()))
}

fn require_finite(value: Value) -> Sample {
    match &value {
        Value::Quantity(number, _) if !number.is_finite() => {
            Err(format!("the value is {number}, which is no finite number"))
        }
        _ => Ok(value),
    }
}

fn content_type(ty: &Type) -> &Type {
    match ty {
        Type::Encoded(encoded) => content_type(&encoded.0),
        Type::Optional(inner) | Type::Metric(inner) => content_type(inner),
        other => other,
    }
}

fn is_optional(ty: &Type) -> bool {
    match ty {
        Type::Optional(_) => true,
        Type::Encoded(encoded) => is_optional(&encoded.0),
        Type::Metric(inner) => is_optional(inner),
        _ => false,
    }
}

fn is_textual(ty: &Type) -> bool {
    content_type(ty).is_textual()
}

fn shortened(text: &str) -> String {
    const LETTERS: usize = 60;
    match text.char_indices().nth(LETTERS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{extract_json, extract_text};
    use crate::base::number::Number;
    use crate::contract::types::{Encoding, Type};
    use crate::contract::value::{Unit, Value};

    fn percent() -> Type {
        let factor = Number::parse("0.01").unwrap();
        Type::Encoded((Type::Ratio, Encoding { name: "%".into(), factor }).into())
    }

    #[test]
    fn a_path_selects_one_value_and_the_dollar_may_be_left_out() {
        let document = json!({ "p95": 0.12, "a": [{ "b": 3 }], "share": "5", "odd name": 1 });
        for (path, ty, expected) in [
            ("p95", Type::Float, Value::Quantity(Number::from_f64(0.12), Unit::One)),
            ("$.p95", Type::Duration, Value::Quantity(Number::from_f64(0.12), Unit::Duration)),
            (".a[0].b", Type::Int, Value::int(3)),
            ("a[?@.b > 2].b", Type::Int, Value::int(3)),
            ("['odd name']", Type::Int, Value::int(1)),
            ("share", percent(), Value::Quantity(Number::from_f64(0.05), Unit::Ratio)),
        ] {
            assert_eq!(extract_json(&document, path, &ty), Ok(expected), "{path}");
        }
        assert_eq!(extract_json(&json!(7), "$", &Type::Int), Ok(Value::int(7)));
    }

    #[test]
    fn whatever_is_not_one_value_has_a_reason_of_its_own() {
        let document = json!({ "none": null, "many": [1, 2], "word": "fast", "nan": "NaN", "obj": {} });
        for (path, reason) in [
            ("absent", "`absent` selects nothing in the answer"),
            ("none", "`none` is null in the answer"),
            ("many[*]", "`many[*]` selects 2 values, a sample is one"),
            ("many", "`many`: expected `float`, found a list"),
            ("obj", "`obj`: expected `float`, found an object"),
            ("word", "`word`: expected `float`, found `fast`"),
            ("nan", "`nan`: the value is NaN, which is no finite number"),
            ("", "the JSONPath is empty"),
        ] {
            assert_eq!(extract_json(&document, path, &Type::Float), Err(reason.to_owned()), "{path}");
        }
        assert!(extract_json(&document, "a[", &Type::Float).unwrap_err().starts_with("`a[` is no JSONPath"));
    }

    #[test]
    fn a_text_is_read_by_the_type_it_meets() {
        assert_eq!(extract_text(" 42 ", &Type::Int), Ok(Value::int(42)));
        assert_eq!(extract_text("1", &Type::Bool), Ok(Value::Bool(true)));
        assert_eq!(extract_text("5", &percent()), Ok(Value::Quantity(Number::from_f64(0.05), Unit::Ratio)));
        assert_eq!(extract_text("up", &Type::String), Ok(Value::text("up")));
        assert_eq!(extract_text("4.5", &Type::Int), Err("expected `int`, found `4.5`".to_owned()));
        assert_eq!(extract_text("", &Type::Float), Err("there is no value, only an empty text".to_owned()));
        assert!(extract_text("+Inf", &Type::Float).is_err());
    }
}

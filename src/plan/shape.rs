//! Raw JSON that meets a type, also inside lists and records.

use indexmap::IndexMap;

use crate::contract::types::{DecodeError, Type, decode};
use crate::contract::value::Value;

pub fn holds_json(value: &Value) -> bool {
    match value {
        Value::Json(_) => true,
        Value::List(items) => items.iter().any(holds_json),
        Value::Record(fields) => fields.values().any(holds_json),
        Value::Range(low, high) => holds_json(low) || holds_json(high),
        _ => false,
    }
}

pub fn wants_a_shape(ty: &Type) -> bool {
    match ty.plain() {
        Type::Json | Type::Error | Type::Nothing => false,
        Type::Optional(inner) | Type::Metric(inner) => wants_a_shape(inner),
        _ => true,
    }
}

/// The value with all JSON in it read as the type says.
pub fn shape(value: &Value, ty: &Type) -> Result<Value, DecodeError> {
    match (value, ty.plain()) {
        (Value::Json(raw), _) if wants_a_shape(ty) => decode(raw, ty),
        (_, Type::Optional(inner)) => shape(value, inner),
        (Value::List(items), Type::List(inner)) => {
            items.iter().map(|item| shape(item, inner)).collect::<Result<_, _>>().map(Value::List)
        }
        (Value::Record(fields), Type::Map(inner)) => shape_fields(fields, |_| Some(&**inner)),
        (Value::Record(fields), Type::Record(record)) => shape_fields(fields, |name| record.fields.get(name)),
        (Value::Range(low, high), Type::Range(inner)) => {
            Ok(Value::Range(Box::new(shape(low, inner)?), Box::new(shape(high, inner)?)))
        }
        _ => Ok(value.clone()),
    }
}

fn shape_fields<'t>(
    fields: &IndexMap<String, Value>,
    type_of: impl Fn(&str) -> Option<&'t Type>,
) -> Result<Value, DecodeError> {
    let shaped = fields.iter().map(|(name, field)| {
        let shaped = type_of(name).map_or_else(|| Ok(field.clone()), |ty| shape(field, ty))?;
        Ok((name.clone(), shaped))
    });
    shaped.collect::<Result<_, _>>().map(Value::Record)
}

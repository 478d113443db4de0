//! Types of the language, and how raw data becomes a value of one.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::value::{Unit, Value};
use crate::base::number::Number;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Bool,
    Int,
    Float,
    String,
    Path,
    Url,
    Regex,
    Version,
    Cron,
    Time,
    Duration,
    Ratio,
    Bytes,
    Rate,
    /// A quotient of like quantities: a `float` or a `ratio`, whichever it meets.
    Quotient,
    List(Box<Type>),
    Map(Box<Type>),
    Range(Box<Type>),
    Secret(Box<Type>),
    /// Shared: every expression has its type.
    Record(Arc<RecordType>),
    /// Untyped; must meet a type before it is used.
    Json,
    /// A value that changes while the run goes on.
    Metric(Box<Type>),
    /// `T?`
    Optional(Box<Type>),
    /// What `channel` declares.
    Channel,
    /// What `rubric` declares.
    Rubric,
    /// What `killswitch` declares.
    KillSwitch,
    /// A step without output.
    Nothing,
    /// `duration(ms)`: the type, and how raw data writes it. Equal in meaning to the plain type.
    Encoded(Arc<(Type, Encoding)>),
    /// The type of what is in error; it fits everything, so that one fault is reported once.
    Error,
}

/// A record type; a name only when it was declared with `type`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RecordType {
    pub name: Option<String>,
    pub fields: IndexMap<String, Type>,
}

/// How raw numbers write a quantity: `raw * factor` is the amount in the base unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// As written in the parentheses: `ms`, `%`, `MiB`.
    pub name: String,
    pub factor: Number,
}

impl From<RecordType> for Type {
    fn from(record: RecordType) -> Self {
        Self::Record(Arc::new(record))
    }
}

impl Type {
    /// Without the encoding on top.
    #[must_use]
    pub fn plain(&self) -> &Self {
        if let Self::Encoded(encoded) = self { encoded.0.plain() } else { self }
    }

    /// The unit of a quantity of this type, `None` for other types.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        match self.plain() {
            Self::Int | Self::Float | Self::Quotient => Some(Unit::One),
            Self::Duration => Some(Unit::Duration),
            Self::Ratio => Some(Unit::Ratio),
            Self::Bytes => Some(Unit::Bytes),
            Self::Rate => Some(Unit::Rate),
            _ => None,
        }
    }

    /// Whether a value of it is held as text.
    #[must_use]
    pub fn is_textual(&self) -> bool {
        matches!(self.plain(), Self::String | Self::Path | Self::Url | Self::Regex | Self::Version | Self::Cron)
    }
}

impl Type {
    /// For sentences: ``a `duration` ``, ``an `int` ``.
    #[must_use]
    pub fn with_article(&self) -> String {
        let name = self.to_string();
        let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} `{name}`")
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(inner) => write!(formatter, "list<{inner}>"),
            Self::Map(inner) => write!(formatter, "map<{inner}>"),
            Self::Range(inner) => write!(formatter, "range<{inner}>"),
            Self::Secret(inner) => write!(formatter, "secret<{inner}>"),
            Self::Metric(inner) => write!(formatter, "metric<{inner}>"),
            Self::Optional(inner) => write!(formatter, "{inner}?"),
            Self::Encoded(encoded) => write!(formatter, "{}({})", encoded.0, encoded.1.name),
            Self::Record(record) => match &record.name {
                Some(name) => formatter.write_str(name),
                None => {
                    let fields: Vec<String> = record.fields.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
                    write!(formatter, "{{ {} }}", fields.join(", "))
                }
            },
            other => formatter.write_str(simple_name(other)),
        }
    }
}

fn simple_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Float => "float",
        Type::String => "string",
        Type::Path => "path",
        Type::Url => "url",
        Type::Regex => "regex",
        Type::Version => "version",
        Type::Cron => "cron",
        Type::Time => "time",
        Type::Duration => "duration",
        Type::Ratio => "ratio",
        Type::Bytes => "bytes",
        Type::Rate => "rate",
        Type::Quotient => "number",
        Type::Json => "json",
        Type::Channel => "channel",
        Type::Rubric => "rubric",
        Type::KillSwitch => "killswitch",
        Type::Nothing => "nothing",
        _ => "?",
    }
}

/// Why raw data is no value of the type, with the path to it (`.p95`, `[2]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    pub path: String,
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            formatter.write_str(&self.message)
        } else {
            write!(formatter, "`{}`: {}", self.path.trim_start_matches('.'), self.message)
        }
    }
}

/// Reads raw JSON as a value of `ty`, through the encodings it declares. Fields that the type does not name are left out.
///
/// # Errors
/// When a field is missing (and not optional) or has another kind of data; the first such place is named.
pub fn decode(raw: &serde_json::Value, ty: &Type) -> Result<Value, DecodeError> {
    decode_at(raw, ty, "", None)
}

/// Raw JSON that [`decode`] reads as this value again. Numbers are texts, so that no digit is lost.
#[must_use]
pub fn encode(value: &Value, ty: &Type) -> serde_json::Value {
    let factor = if let Type::Encoded(encoded) = ty { Some(encoded.1.factor) } else { None };
    match (value, ty.plain()) {
        (Value::Null, _) => serde_json::Value::Null,
        (_, Type::Optional(inner) | Type::Metric(inner)) => encode(value, inner),
        (Value::Quantity(amount, _), _) => {
            let raw = factor.and_then(|factor| amount.divide(factor)).unwrap_or(*amount);
            raw.to_string().into()
        }
        (Value::List(items), Type::List(inner)) => items.iter().map(|item| encode(item, inner)).collect(),
        (Value::Record(fields), ty) => {
            let ty_of = |name: &String| match ty {
                Type::Record(record) => record.fields.get(name).unwrap_or(&Type::Json),
                Type::Map(inner) => inner,
                _ => &Type::Json,
            };
            fields.iter().map(|(name, value)| (name.clone(), encode(value, ty_of(name)))).collect()
        }
        (Value::Time(time), _) => match jiff::Timestamp::from_microsecond(time.0) {
            Ok(time) => time.to_string().into(),
            Err(_) => time.to_string().into(),
        },
        (other, _) => other.to_json(),
    }
}

fn decode_at(
    raw: &serde_json::Value,
    ty: &Type,
    path: &str,
    encoding: Option<&Encoding>,
) -> Result<Value, DecodeError> {
    match ty {
        Type::Encoded(encoded) => decode_at(raw, &encoded.0, path, Some(&encoded.1)),
        Type::Optional(_) if raw.is_null() => Ok(Value::Null),
        Type::Optional(inner) | Type::Metric(inner) => decode_at(raw, inner, path, encoding),
        Type::Json => Ok(Value::Json(raw.clone())),
        Type::Nothing => Ok(Value::Null),
        Type::Bool => raw.as_bool().map(Value::Bool).ok_or_else(|| mismatch(raw, ty, path)),
        Type::List(inner) => decode_list(raw, inner, path),
        Type::Map(inner) => decode_map(raw, inner, path),
        Type::Record(record) => decode_record(raw, record, path),
        Type::Time => raw
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(|time| Value::Time(crate::base::time::Timestamp(time.as_microsecond())))
            .ok_or_else(|| mismatch(raw, ty, path)),
        _ if ty.unit().is_some() => decode_quantity(raw, ty, path, encoding),
        _ if ty.is_textual() => {
            raw.as_str().map(|text| Value::Text(text.to_owned())).ok_or_else(|| mismatch(raw, ty, path))
        }
        _ => Err(mismatch(raw, ty, path)),
    }
}

fn decode_list(raw: &serde_json::Value, inner: &Type, path: &str) -> Result<Value, DecodeError> {
    let items = raw.as_array().ok_or_else(|| mismatch(raw, &Type::List(Box::new(inner.clone())), path))?;
    let decoded = items.iter().enumerate().map(|(at, item)| decode_at(item, inner, &format!("{path}[{at}]"), None));
    decoded.collect::<Result<_, _>>().map(Value::List)
}

fn decode_map(raw: &serde_json::Value, inner: &Type, path: &str) -> Result<Value, DecodeError> {
    let entries = raw.as_object().ok_or_else(|| mismatch(raw, &Type::Map(Box::new(inner.clone())), path))?;
    let decoded = entries
        .iter()
        .map(|(name, item)| decode_at(item, inner, &format!("{path}.{name}"), None).map(|value| (name.clone(), value)));
    decoded.collect::<Result<_, _>>().map(Value::Record)
}

fn decode_record(raw: &serde_json::Value, record: &RecordType, path: &str) -> Result<Value, DecodeError> {
    let entries = raw.as_object().ok_or_else(|| mismatch(raw, &Type::from(record.clone()), path))?;
    let decoded = record.fields.iter().map(|(name, ty)| {
        let path = format!("{path}.{name}");
        match entries.get(name) {
            Some(item) => decode_at(item, ty, &path, None).map(|value| (name.clone(), value)),
            None if matches!(ty.plain(), Type::Optional(_)) => Ok((name.clone(), Value::Null)),
            None => Err(DecodeError { path, message: "this field is missing".to_owned() }),
        }
    });
    decoded.collect::<Result<_, _>>().map(Value::Record)
}

fn decode_quantity(
    raw: &serde_json::Value,
    ty: &Type,
    path: &str,
    encoding: Option<&Encoding>,
) -> Result<Value, DecodeError> {
    let unit = ty.unit().unwrap_or(Unit::One);
    let number = match raw {
        serde_json::Value::Number(number) => {
            number.as_i64().map(Number::from).or_else(|| number.as_f64().map(Number::from_f64))
        }
        // Prometheus and CSV send numbers as text.
        serde_json::Value::String(text) => Number::parse(text.trim()),
        _ => None,
    };
    let number = number.ok_or_else(|| mismatch(raw, ty, path))?;
    if matches!(ty.plain(), Type::Int) && number.to_i64().is_none() {
        return Err(mismatch(raw, ty, path));
    }
    let amount = encoding.map_or(number, |encoding| number.multiply(encoding.factor));
    Ok(Value::Quantity(amount, unit))
}

fn mismatch(raw: &serde_json::Value, ty: &Type, path: &str) -> DecodeError {
    let found = match raw {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "true or false",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    };
    DecodeError { path: path.to_owned(), message: format!("expected `{ty}`, found {found}") }
}

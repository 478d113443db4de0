//! Values of the language at plan and run time.

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::number::Number;
use crate::base::time::{Timestamp, format_duration};

/// What a number measures. The amount is in the base unit named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A bare number.
    One,
    /// Seconds.
    Duration,
    /// A fraction: 5% is 0.05.
    Ratio,
    /// Bytes.
    Bytes,
    /// Per second.
    Rate,
}

/// A value. Two values are equal when they have the same unit and amount, whatever they were written as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// An optional field without a value.
    Null,
    Bool(bool),
    Quantity(Number, Unit),
    /// `string`, `path`, `url`, `regex`, `version`, `cron`.
    Text(String),
    Time(Timestamp),
    /// A secret by the name it is looked up with; the content is read where an effect is performed.
    Secret(String),
    /// A declared channel, by name.
    Channel(String),
    List(Vec<Value>),
    /// Records and maps.
    Record(IndexMap<String, Value>),
    /// Both ends inclusive.
    Range(Box<Value>, Box<Value>),
    /// Not yet met a type.
    Json(serde_json::Value),
}

impl Value {
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self::Quantity(Number::from(value), Unit::One)
    }

    #[must_use]
    pub fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// Seconds, exact to the microsecond.
    #[must_use]
    pub fn duration(value: Duration) -> Self {
        let micros = i64::try_from(value.as_micros()).unwrap_or(i64::MAX);
        let seconds = Number::from(micros).divide(Number::from(1_000_000)).unwrap_or(Number::ZERO);
        Self::Quantity(seconds, Unit::Duration)
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }

    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        if let Self::Quantity(number, _) = self { Some(*number) } else { None }
    }

    /// A duration as the standard library has it; `None` for other values and for negative ones.
    #[must_use]
    pub fn as_duration(&self) -> Option<Duration> {
        let Self::Quantity(seconds, Unit::Duration) = self else { return None };
        let micros = seconds.multiply(Number::from(1_000_000)).to_f64();
        // A float of microseconds is exact up to 285 years.
        (micros.is_finite() && micros >= 0.0).then(|| Duration::from_micros(micros.round() as u64))
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    #[must_use]
    pub fn as_record(&self) -> Option<&IndexMap<String, Value>> {
        if let Self::Record(fields) = self { Some(fields) } else { None }
    }

    /// Plain JSON, for request bodies, flag files and outputs: bare numbers, ratios (as fractions), bytes and rates are
    /// numbers, durations are seconds, secrets and channels are their names in angle brackets.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Quantity(number, _) => number_to_json(*number),
            Self::Text(text) => text.as_str().into(),
            Self::Time(time) => time.to_string().into(),
            Self::Secret(_) | Self::Channel(_) => self.to_string().into(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), value.to_json()));
                serde_json::Value::Object(fields.collect())
            }
            Self::Range(low, high) => serde_json::json!({ "from": low.to_json(), "to": high.to_json() }),
            Self::Json(json) => json.clone(),
        }
    }
}

fn number_to_json(number: Number) -> serde_json::Value {
    if let Some(integer) = number.to_i64() {
        return integer.into();
    }
    serde_json::Number::from_f64(number.to_f64()).map_or(serde_json::Value::Null, serde_json::Value::Number)
}

/// As the language writes it: `5%`, `1h30m`, `64MiB`, `"text"`, `[1, 2]`, `{ a: 1 }`.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Quantity(number, unit) => write_quantity(formatter, *number, *unit),
            Self::Text(text) => write!(formatter, "\"{}\"", escape(text)),
            Self::Time(time) => write!(formatter, "time(\"{time}\")"),
            Self::Secret(name) => write!(formatter, "secret(\"{}\")", escape(name)),
            Self::Channel(name) => formatter.write_str(name),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(Self::to_string).collect();
                write!(formatter, "[{}]", values.join(", "))
            }
            Self::Record(fields) if fields.is_empty() => formatter.write_str("{}"),
            Self::Record(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                write!(formatter, "{{ {} }}", fields.join(", "))
            }
            Self::Range(low, high) => write!(formatter, "{low}..{high}"),
            Self::Json(json) => write!(formatter, "{json}"),
        }
    }
}

fn write_quantity(formatter: &mut fmt::Formatter<'_>, number: Number, unit: Unit) -> fmt::Result {
    match unit {
        Unit::One => write!(formatter, "{number}"),
        Unit::Ratio => write!(formatter, "{}%", number.multiply(Number::from(100))),
        Unit::Rate => write!(formatter, "{number}/s"),
        Unit::Bytes => {
            // The largest that divides: the digits are fewest then.
            const UNITS: [(i64, &str); 8] = [
                (1 << 40, "TiB"),
                (1_000_000_000_000, "TB"),
                (1 << 30, "GiB"),
                (1_000_000_000, "GB"),
                (1 << 20, "MiB"),
                (1_000_000, "MB"),
                (1 << 10, "KiB"),
                (1_000, "KB"),
            ];
            let whole = number.to_i64();
            let fits = |size: i64| whole.is_some_and(|bytes| bytes != 0 && bytes % size == 0);
            match UNITS.iter().find(|(size, _)| fits(*size)) {
                Some((size, name)) => write!(formatter, "{}{name}", whole.unwrap_or(0) / size),
                None => write!(formatter, "{number}B"),
            }
        }
        Unit::Duration => match Value::Quantity(number.abs(), unit).as_duration() {
            Some(duration) if number.is_negative() => write!(formatter, "-{}", format_duration(duration)),
            Some(duration) => formatter.write_str(&format_duration(duration)),
            None => write!(formatter, "{number}s"),
        },
    }
}

/// The inside of a string literal of the language for this text.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '$' => escaped.push_str("\\$"),
            other if other.is_control() => escaped.push_str(&format!("\\u{{{:x}}}", other as u32)),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Number, Unit, Value};

    #[test]
    fn sizes_are_said_in_the_unit_with_the_fewest_digits() {
        let rows = [
            (0, "0B"),
            (512, "512B"),
            (10_000, "10KB"),
            (10_240, "10KiB"),
            (67_108_864, "64MiB"),
            (2_000_000_000, "2GB"),
            (6_500_000_000, "6500MB"),
            (6_500_000_001, "6500000001B"),
            (-2_000_000, "-2MB"),
        ];
        for (bytes, said) in rows {
            assert_eq!(Value::Quantity(Number::from(bytes), Unit::Bytes).to_string(), said);
        }
    }
}

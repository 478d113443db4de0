//! Reads the cases of a topic and holds what was computed against what is expected.

use std::fmt::Write;
use std::path::Path;

use phasegate::base::number::Number;
use serde_json::{Value, json};

/// Where the reference figures lie, from the root of the package.
const FOLDER: &str = "tests/reference-figures";

/// The input of a case, by field.
pub struct Input<'a>(pub &'a Value);

/// Holds every case of a topic against what `compute` gives for its operation and input. `None` means that there is no such
/// operation: that is allowed for cases of tier 2 that `left_out` names, and for nothing else.
pub fn hold(topic: &str, left_out: &[&str], compute: impl Fn(&str, &Input<'_>) -> Option<Value>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(format!("{topic}.json"));
    let text = std::fs::read_to_string(&path).expect("the topic has a file");
    let document: Value = serde_json::from_str(&text).expect("the file is JSON");
    let cases = document["cases"].as_array().expect("the file has cases");
    let mut faults = String::new();
    for case in cases {
        let (id, function) = (text_of(&case["id"]), text_of(&case["fn"]));
        match compute(function, &Input(&case["input"])) {
            None if case["tier"] == json!(2) && left_out.contains(&id) => {}
            None => writeln!(faults, "{id}: there is no `{function}`").expect("a text grows"),
            Some(found) => {
                let tolerance = (number(&case["tol"]["abs"]), number(&case["tol"]["rel"]));
                compare(&mut faults, id, (&case["expected"], &found), tolerance);
            }
        }
    }
    assert!(!cases.is_empty() && faults.is_empty(), "{topic}:\n{faults}");
}

fn compare(faults: &mut String, place: &str, (expected, found): (&Value, &Value), tolerance: (f64, f64)) {
    match (expected, found) {
        (Value::Object(fields), _) => {
            // What a table prints is there for the reader; the figure itself is beside it.
            for (name, value) in fields.iter().filter(|(name, _)| *name != "published") {
                compare(faults, &format!("{place}.{name}"), (value, &found[name.as_str()]), tolerance);
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (at, (item, other)) in items.iter().zip(others).enumerate() {
                compare(faults, &format!("{place}[{at}]"), (item, other), tolerance);
            }
        }
        (Value::Number(_), Value::Number(_)) => {
            let (e, x) = (number(expected), number(found));
            if (x - e).abs() > tolerance.0 + tolerance.1 * e.abs() {
                writeln!(faults, "{place}: expected {e}, found {x}").expect("a text grows");
            }
        }
        _ if expected == found => {}
        _ => writeln!(faults, "{place}: expected {expected}, found {found}").expect("a text grows"),
    }
}

/// A float in a result: what JSON has no number for is a text.
pub fn figure(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value == f64::INFINITY {
        json!("+Inf")
    } else if value == f64::NEG_INFINITY {
        json!("-Inf")
    } else {
        json!(value)
    }
}

pub fn figures(values: impl IntoIterator<Item = f64>) -> Value {
    values.into_iter().map(figure).collect()
}

pub fn interval((low, high): (f64, f64)) -> Value {
    figures([low, high])
}

/// The answer to what has to be refused.
pub fn refused() -> Value {
    json!({ "error": true })
}

/// A number, also one that is written as a text; NaN for what is missing.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) if text == "+Inf" => f64::INFINITY,
        Value::String(text) if text == "-Inf" => f64::NEG_INFINITY,
        Value::String(text) => text.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

impl Input<'_> {
    pub fn number(&self, name: &str) -> f64 {
        number(&self.0[name])
    }

    pub fn whole(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("`{name}` is no whole number"))
    }

    pub fn text(&self, name: &str) -> &str {
        text_of(&self.0[name])
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or_else(|| panic!("`{name}` is neither true nor false"))
    }

    pub fn list(&self, name: &str) -> &[Value] {
        self.0[name].as_array().unwrap_or_else(|| panic!("`{name}` is no list"))
    }

    pub fn numbers(&self, name: &str) -> Vec<f64> {
        self.list(name).iter().map(number).collect()
    }

    /// Zeros and ones.
    pub fn outcomes(&self, name: &str) -> Vec<bool> {
        self.list(name).iter().map(|value| number(value) == 1.0).collect()
    }

    /// So many of so many.
    pub fn share(&self, name: &str) -> (u64, u64) {
        let whole = |at: usize| self.list(name)[at].as_u64().expect("a whole number");
        (whole(0), whole(1))
    }

    /// The decimal as it is written.
    pub fn decimal(&self, name: &str) -> Number {
        decimal(&self.0[name])
    }

    pub fn decimal_at(&self, name: &str, at: usize) -> Number {
        decimal(&self.list(name)[at])
    }
}

pub fn decimal(value: &Value) -> Number {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Number::parse(&text).unwrap_or_else(|| panic!("`{text}` is no decimal"))
}

/// The stream of a seed: SplitMix64, as floats from 0 to 1.
pub fn stream(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
    })
}

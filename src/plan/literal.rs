//! Values as they are written on a command line, read by the type they are for.
//!
//! Quantities, lists and records are written as in the language. Text needs no quotes, a list of text no brackets:
//! `--set version=1.2.3 --set regions=eu,us`.

use indexmap::IndexMap;

use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::types::{RecordType, Type};
use crate::contract::value::{Unit, Value};
use crate::contract::version;

type Parsed = Result<Value, String>;

/// How deep lists and records may be nested.
const DEEPEST: usize = 64;

/// The value of type `ty` that `text` writes, or why it writes none.
pub fn parse(text: &str, ty: &Type) -> Parsed {
    match ty.plain() {
        Type::Optional(_) if text.trim() == "null" => Ok(Value::Null),
        Type::Optional(inner) => parse(text, inner),
        Type::Json => serde_json::from_str(text).map(Value::Json).map_err(|error| format!("it is no JSON: {error}")),
        Type::List(inner) if !text.trim_start().starts_with('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|item| parse(item, inner)).collect::<Result<_, _>>().map(Value::List)
        }
        textual if textual.is_textual() => check_text(text, textual),
        Type::Time => parse_time(text),
        plain => {
            let mut cursor = Cursor { text, at: 0, depth: 0 };
            let value = cursor.value(plain)?;
            cursor.skip_space();
            if cursor.rest().is_empty() { Ok(value) } else { Err(format!("expected {}", expected(plain))) }
        }
    }
}

fn parse_time(text: &str) -> Parsed {
    let time = text.trim().parse::<jiff::Timestamp>();
    time.map(|time| Value::Time(Timestamp(time.as_microsecond())))
        .map_err(|_| format!("expected {}", expected(&Type::Time)))
}

fn check_text(text: &str, ty: &Type) -> Parsed {
    let problem = match ty {
        Type::Version => version::invalid(text).map(|why| format!("it is no version: {why}")),
        Type::Url => url::Url::parse(text).err().map(|error| format!("it is no URL: {error}")),
        Type::Regex => regex::Regex::new(text).err().map(|error| format!("it is no regular expression: {error}")),
        _ => None,
    };
    problem.map_or_else(|| Ok(Value::text(text)), Err)
}

/// What a value of the type looks like, for people.
fn expected(ty: &Type) -> String {
    let example = match ty {
        Type::Bool => "`true` or `false`",
        Type::Int => "a whole number such as `42`",
        Type::Float | Type::Quotient => "a number such as `0.5`",
        Type::Duration => "a duration such as `10m` or `1h30m`",
        Type::Ratio => "a ratio such as `5%`",
        Type::Bytes => "an amount of bytes such as `64MiB`",
        Type::Rate => "a rate such as `10/s`",
        Type::Time => "a time such as `2025-01-06T10:00:00Z`",
        Type::List(_) => "a list such as `[a, b]`",
        Type::Map(_) | Type::Record(_) => "a record such as `{ name: value }`",
        Type::Secret(_) => "the name of a secret, as `secret(\"NAME\")`",
        _ => return format!("a value of type `{ty}`"),
    };
    example.to_owned()
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `word` if it comes next, after white space.
    fn take(&mut self, word: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|letter| !wanted(letter)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn value(&mut self, ty: &Type) -> Parsed {
        self.skip_space();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".to_owned());
        }
        let value = match ty.plain() {
            Type::Optional(inner) => {
                if self.take("null") {
                    Ok(Value::Null)
                } else {
                    self.value(inner)
                }
            }
            Type::Bool => match self.take_while(char::is_alphabetic) {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(format!("expected {}", expected(ty))),
            },
            Type::List(inner) => self.list(inner),
            Type::Map(inner) => self.record(ty, |_| Some((**inner).clone())),
            Type::Record(record) => self.declared_record(ty, record),
            Type::Range(inner) => self.range(inner),
            Type::Secret(_) => self.secret(),
            textual if textual.is_textual() => self.text(textual),
            Type::Time => self.text(&Type::String).and_then(|text| parse_time(text.as_text().unwrap_or_default())),
            plain => match plain.unit() {
                Some(unit) => self.quantity(plain, unit),
                None => Err(format!("a value of type `{plain}` cannot be given here")),
            },
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self, inner: &Type) -> Parsed {
        if !self.take("[") {
            return Err("expected a list such as `[a, b]`".to_owned());
        }
        let mut items = Vec::new();
        while !self.take("]") {
            items.push(self.value(inner)?);
            if !self.take(",") {
                return if self.take("]") { Ok(Value::List(items)) } else { Err("expected `,` or `]`".to_owned()) };
            }
        }
        Ok(Value::List(items))
    }

    /// `{ name: value, … }`; `type_of` says the type of a field, none when there is no such field.
    fn record(&mut self, ty: &Type, type_of: impl Fn(&str) -> Option<Type>) -> Parsed {
        if !self.take("{") {
            return Err(format!("expected {}", expected(ty)));
        }
        let mut fields = IndexMap::new();
        while !self.take("}") {
            let name = self.name()?;
            if !self.take(":") {
                return Err(format!("expected `:` after `{name}`"));
            }
            let field = type_of(&name).ok_or_else(|| format!("`{ty}` has no field `{name}`"))?;
            let value = self.value(&field)?;
            fields.insert(name, value);
            if !self.take(",") {
                return if self.take("}") { Ok(Value::Record(fields)) } else { Err("expected `,` or `}`".to_owned()) };
            }
        }
        Ok(Value::Record(fields))
    }

    fn declared_record(&mut self, ty: &Type, declared: &RecordType) -> Parsed {
        let value = self.record(ty, |name| declared.fields.get(name).cloned())?;
        let Value::Record(mut given) = value else { return Ok(value) };
        let mut fields = IndexMap::new();
        for (name, field) in &declared.fields {
            match given.swap_remove(name) {
                Some(value) => fields.insert(name.clone(), value),
                None if matches!(field.plain(), Type::Optional(_)) => fields.insert(name.clone(), Value::Null),
                None => return Err(format!("field `{name}` is missing")),
            };
        }
        Ok(Value::Record(fields))
    }

    fn name(&mut self) -> Result<String, String> {
        self.skip_space();
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let name = self.take_while(|letter| letter.is_alphanumeric() || letter == '_');
        if name.is_empty() { Err("expected the name of a field".to_owned()) } else { Ok(name.to_owned()) }
    }

    fn range(&mut self, inner: &Type) -> Parsed {
        let first = self.value(inner)?;
        if self.take("..") {
            return Ok(Value::Range(Box::new(first), Box::new(self.value(inner)?)));
        }
        if !self.take("+-") && !self.take("±") {
            return Err("expected a range such as `1..10` or `5 +- 2`".to_owned());
        }
        let spread = self.value(inner)?;
        match (first, spread) {
            (Value::Quantity(middle, unit), Value::Quantity(spread, _)) => {
                let end = |number| Box::new(Value::Quantity(number, unit));
                Ok(Value::Range(end(middle.subtract(spread)), end(middle.add(spread))))
            }
            _ => Err("`+-` needs numbers on both sides".to_owned()),
        }
    }

    /// Only the name of a secret: its content never stands on a command line.
    fn secret(&mut self) -> Parsed {
        let wrong = || format!("expected {}", expected(&Type::Secret(Box::new(Type::String))));
        if !self.take("secret(") {
            return Err(wrong());
        }
        let name = self.name()?;
        if self.take(")") { Ok(Value::Secret(name)) } else { Err(wrong()) }
    }

    fn text(&mut self, ty: &Type) -> Parsed {
        if self.rest().starts_with('"') {
            return self.quoted().and_then(|text| check_text(&text, ty));
        }
        let bare = self.take_while(|letter| !matches!(letter, ',' | ']' | '}' | '[' | '{' | '"')).trim_end();
        if bare.is_empty() { Err("expected text".to_owned()) } else { check_text(bare, ty) }
    }

    /// A string in quotes, with the escapes that JSON has.
    fn quoted(&mut self) -> Result<String, String> {
        let mut strings = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let text = strings.next().and_then(Result::ok).ok_or_else(|| "a string in quotes does not end".to_owned())?;
        self.at += strings.byte_offset();
        Ok(text)
    }

    fn quantity(&mut self, ty: &Type, unit: Unit) -> Parsed {
        let wrong = || format!("expected {}", expected(ty));
        let negative = self.take("-");
        let mut total = Number::ZERO;
        let mut last: Option<Number> = None;
        loop {
            let digits = self.digits();
            let amount = Number::parse(digits).filter(|_| !digits.is_empty()).ok_or_else(wrong)?;
            let factor = self.factor(unit).ok_or_else(wrong)?;
            // Parts of a duration fall: `1h30m`.
            if last.is_some_and(|last| factor.compare(last) != Some(std::cmp::Ordering::Less)) {
                return Err(wrong());
            }
            total = total.add(amount.multiply(factor));
            last = Some(factor);
            if unit != Unit::Duration || !self.rest().starts_with(|letter: char| letter.is_ascii_digit()) {
                break;
            }
        }
        let whole = matches!(ty, Type::Int) && total.to_i64().is_none();
        if whole || !total.is_finite() {
            return Err(wrong());
        }
        Ok(Value::Quantity(if negative { total.negate() } else { total }, unit))
    }

    /// `1_000`, `3.14`, `1e-3`; not the `..` of a range, not the `e` of a word.
    fn digits(&mut self) -> &'a str {
        let start = self.at;
        let digit = |letter: char| letter.is_ascii_digit() || letter == '_';
        self.take_while(digit);
        let digit_at = |rest: &str, at: usize| rest[at..].starts_with(|letter: char| letter.is_ascii_digit());
        if self.rest().starts_with('.') && digit_at(self.rest(), 1) {
            self.at += 1;
            self.take_while(digit);
        }
        let rest = self.rest();
        let exponent =
            if rest.starts_with(['e', 'E']) { 1 + usize::from(rest[1..].starts_with(['+', '-'])) } else { 0 };
        if exponent > 0 && digit_at(rest, exponent) {
            self.at += exponent;
            self.take_while(|letter| letter.is_ascii_digit());
        }
        &self.text[start..self.at]
    }

    /// What one of the unit that comes next is in the base unit.
    fn factor(&mut self, unit: Unit) -> Option<Number> {
        let word = match unit {
            Unit::One => return Some(Number::ONE),
            Unit::Rate => {
                self.take("/").then_some(())?;
                self.skip_space();
                let per = self.take_while(char::is_alphabetic);
                return Number::ONE.divide(duration_unit(per)?);
            }
            Unit::Ratio => self.take_while(|letter| letter == '%' || letter == 'p'),
            Unit::Duration | Unit::Bytes => self.take_while(char::is_alphabetic),
        };
        match unit {
            Unit::Ratio if matches!(word, "%" | "pp") => Number::ONE.divide(Number::from(100)),
            Unit::Duration => duration_unit(word),
            Unit::Bytes => bytes_unit(word),
            _ => None,
        }
    }
}

fn duration_unit(word: &str) -> Option<Number> {
    let micros = match word {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        "w" => 604_800_000_000,
        _ => return None,
    };
    Number::from(micros).divide(Number::from(1_000_000))
}

fn bytes_unit(word: &str) -> Option<Number> {
    let bytes = match word {
        "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    Some(Number::from(bytes))
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::parse;
    use crate::contract::types::{RecordType, Type};
    use crate::contract::value::{Unit, Value};

    fn list(inner: Type) -> Type {
        Type::List(Box::new(inner))
    }

    fn shown(text: &str, ty: &Type) -> String {
        parse(text, ty).map_or_else(|reason| format!("! {reason}"), |value| value.to_string())
    }

    #[test]
    fn values_are_read_by_their_type() {
        let record = Type::from(RecordType {
            name: Some("Limits".to_owned()),
            fields: [("p95".to_owned(), Type::Duration), ("note".to_owned(), Type::Optional(Box::new(Type::String)))]
                .into(),
        });
        let cases: Vec<(&str, Type, &str)> = vec![
            ("1.2.3", Type::Version, "\"1.2.3\""),
            ("v1.2", Type::Version, "\"v1.2\""),
            ("latest", Type::Version, "! it is no version: write it like `1.2.3` or `2.0.0-rc.1`"),
            ("a, b \"c\"", Type::String, "\"a, b \\\"c\\\"\""),
            ("http://127.0.0.1:1/x", Type::Url, "\"http://127.0.0.1:1/x\""),
            ("(", Type::Regex, "!"),
            ("1_000", Type::Int, "1000"),
            ("-3", Type::Int, "-3"),
            ("3.5", Type::Int, "! expected a whole number such as `42`"),
            ("1e-3", Type::Float, "0.001"),
            ("1h30m", Type::Duration, "1h30m"),
            ("1500ms", Type::Duration, "1s500ms"),
            ("30m1h", Type::Duration, "! expected a duration such as `10m` or `1h30m`"),
            ("5min", Type::Duration, "! expected a duration such as `10m` or `1h30m`"),
            ("10", Type::Duration, "! expected a duration such as `10m` or `1h30m`"),
            ("5%", Type::Ratio, "5%"),
            ("10pp", Type::Ratio, "10%"),
            ("0.05", Type::Ratio, "! expected a ratio such as `5%`"),
            ("64MiB", Type::Bytes, "64MiB"),
            ("10/s", Type::Rate, "10/s"),
            ("true", Type::Bool, "true"),
            ("yes", Type::Bool, "! expected `true` or `false`"),
            ("eu, us", list(Type::String), "[\"eu\", \"us\"]"),
            ("[\"a,b\", c d]", list(Type::String), "[\"a,b\", \"c d\"]"),
            ("5%,10%", list(Type::Ratio), "[5%, 10%]"),
            ("", list(Type::Int), "[]"),
            ("1..10", Type::Range(Box::new(Type::Int)), "1..10"),
            ("5 +- 2", Type::Range(Box::new(Type::Int)), "3..7"),
            ("{ margin: \"0.12\", min: 3 }", Type::Map(Box::new(Type::String)), "{ margin: \"0.12\", min: \"3\" }"),
            ("{ p95: 5ms }", record.clone(), "{ p95: 5ms, note: null }"),
            ("{ p96: 5ms }", record.clone(), "! `Limits` has no field `p96`"),
            ("{ note: x }", record, "! field `p95` is missing"),
            ("{\"a\": [1]}", Type::Json, "{\"a\":[1]}"),
            ("secret(\"TOKEN\")", Type::Secret(Box::new(Type::String)), "secret(\"TOKEN\")"),
            ("hunter2", Type::Secret(Box::new(Type::String)), "! expected the name of a secret, as `secret(\"NAME\")`"),
            ("2025-01-06T10:00:00Z", Type::Time, "time(\"2025-01-06T10:00:00.000Z\")"),
            ("null", Type::Optional(Box::new(Type::Int)), "null"),
            ("4", Type::Optional(Box::new(Type::Int)), "4"),
            ("x", Type::Channel, "! a value of type `channel` cannot be given here"),
        ];
        for (text, ty, wanted) in cases {
            let found = shown(text, &ty);
            assert!(found == wanted || (wanted == "!" && found.starts_with('!')), "{text} as {ty}: {found}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let mut ty = Type::Int;
        for _ in 0..200 {
            ty = list(ty);
        }
        assert_eq!(parse(&"[".repeat(200), &ty), Err("it is nested too deep".to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), which in 0usize..12) {
            let inner = [Type::Int, Type::Duration, Type::Ratio, Type::Bytes, Type::Bool, Type::String, Type::Time, Type::Rate];
            let ty = match which {
                8 => list(list(Type::Duration)),
                9 => Type::Map(Box::new(Type::Ratio)),
                10 => Type::Range(Box::new(Type::Bytes)),
                11 => Type::from(RecordType { name: None, fields: IndexMap::new() }),
                at => inner[at].clone(),
            };
            let _ = parse(&text, &ty);
        }

        #[test]
        fn a_duration_as_it_is_shown_is_read_back(micros in 0u64..10_000_000_000_000) {
            let value = Value::duration(std::time::Duration::from_micros(micros));
            prop_assert_eq!(parse(&value.to_string(), &Type::Duration), Ok(value));
        }

        #[test]
        fn bytes_as_they_are_shown_are_read_back(bytes in 0i64..i64::MAX / 2) {
            let value = Value::Quantity(bytes.into(), Unit::Bytes);
            prop_assert_eq!(parse(&value.to_string(), &Type::Bytes), Ok(value));
        }
    }
}

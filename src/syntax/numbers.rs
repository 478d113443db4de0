//! Numbers with their units: `1_000`, `1h30m`, `5%`, `64MiB`.

use crate::base::number::Number;

use super::ast::Unit;

/// A number that was read: durations in seconds, percents and points as fractions, sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) value: Number,
    pub(super) unit: Unit,
    pub(super) integer: bool,
}

/// Why digits are no number, and what was surely meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberFault {
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
    pub(super) instead: Option<String>,
}

const UNITS: &str = "durations end in `us`, `ms`, `s`, `m`, `h`, `d` or `w`, ratios in `%` or `pp`, sizes in `B`, `KB` … `TB` or `KiB` … `TiB`";

/// Seconds that can be counted in microseconds: some 292,000 years.
const LONGEST: i64 = i64::MAX / 1_000_000;

/// Reads a `number` token.
pub(super) fn read(text: &str) -> Result<Measured, NumberFault> {
    let read = read_parts(text)?;
    if read.unit == Unit::Duration && Number::from(LONGEST).subtract(read.value).is_negative() {
        let help = Some("the longest one is `15250284w`, that is 292,277 years");
        return Err(NumberFault { help, ..fault(format!("`{text}` is too long for a duration")) });
    }
    Ok(read)
}

fn read_parts(text: &str) -> Result<Measured, NumberFault> {
    let mut parts = parts(text);
    let Some((digits, unit)) = parts.next() else { return Err(fault(format!("`{text}` is not a number"))) };
    let first = measure(text, digits, unit)?;
    let mut rest = parts.peekable();
    if rest.peek().is_none() {
        return Ok(first);
    }
    compound(text, first, unit, rest)
}

/// `1h30m`: durations only, the larger unit first.
fn compound<'t>(
    text: &str,
    first: Measured,
    first_unit: &str,
    rest: impl Iterator<Item = (&'t str, &'t str)>,
) -> Result<Measured, NumberFault> {
    let (mut sum, mut integer, mut before) = (first.value, first.integer, first_unit);
    for (digits, unit) in rest {
        let part = measure(text, digits, unit)?;
        if part.unit == Unit::None {
            return Err(fault(format!("`{digits}` in `{text}` has no unit")));
        }
        if first.unit != Unit::Duration || part.unit != Unit::Duration {
            return Err(fault(format!("`{text}` is not a number: only durations have several parts")));
        }
        if duration_unit(unit).is_none_or(|size| duration_unit(before).is_none_or(|larger| !smaller(size, larger))) {
            return Err(fault(format!(
                "the parts of `{text}` are out of order: each unit must be smaller than the one before"
            )));
        }
        sum = sum.add(part.value);
        integer &= part.integer;
        before = unit;
    }
    Ok(Measured { value: sum, unit: Unit::Duration, integer })
}

fn smaller(size: (i64, i64), than: (i64, i64)) -> bool {
    i128::from(size.0) * i128::from(than.1) < i128::from(than.0) * i128::from(size.1)
}

/// Cuts `1h30m` into `("1", "h")`, `("30", "m")`.
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (digits, behind) = rest.split_at(digits_length(rest));
        let unit_length = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_length);
        rest = if digits.is_empty() && unit.is_empty() { "" } else { behind };
        Some((digits, unit))
    })
}

/// Bytes of `1_000.5e-3` at the start of `text`.
fn digits_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let run = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    let mut end = run(0);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1 + run(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end += 1 + sign + run(end + 1 + sign);
        }
    }
    end
}

fn measure(text: &str, digits: &str, unit: &str) -> Result<Measured, NumberFault> {
    let is_misplaced =
        || digits.ends_with('_') || digits.contains("__") || digits.contains("_.") || digits.contains("._");
    if digits.as_bytes().contains(&b'_') && is_misplaced() {
        let instead = (!unit.contains('.')).then(|| text.replace("__", "_").replace("_.", ".").replace("._", "."));
        let instead = instead.filter(|better| better != text && read(better).is_ok());
        return Err(NumberFault { instead, ..fault(format!("an underscore in `{text}` is not between digits")) });
    }
    let value = Number::parse(digits).filter(|value| value.is_finite());
    let Some(value) = value else { return Err(fault(format!("`{digits}` is too large for a number"))) };
    let integer = !digits.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    let scaled = |(times, by): (i64, i64)| {
        let product = if times == 1 { value } else { value.multiply(Number::from(times)) };
        if by == 1 { product } else { product.divide(Number::from(by)).unwrap_or(product) }
    };
    let (value, unit) = match unit {
        "" => (value, Unit::None),
        "%" => (scaled((1, 100)), Unit::Percent),
        "pp" => (scaled((1, 100)), Unit::Points),
        _ => match (duration_unit(unit), byte_unit(unit)) {
            (Some(size), _) => (scaled(size), Unit::Duration),
            (None, Some(size)) => (scaled((size, 1)), Unit::Bytes),
            (None, None) => return Err(unknown_unit(text, digits, unit)),
        },
    };
    Ok(Measured { value, unit, integer })
}

/// Whether a length of time may end with this: `ms`.
#[must_use]
pub fn is_duration_unit(text: &str) -> bool {
    duration_unit(text).is_some()
}

/// Seconds, as a fraction.
fn duration_unit(unit: &str) -> Option<(i64, i64)> {
    Some(match unit {
        "us" => (1, 1_000_000),
        "ms" => (1, 1_000),
        "s" => (1, 1),
        "m" => (60, 1),
        "h" => (3_600, 1),
        "d" => (86_400, 1),
        "w" => (604_800, 1),
        _ => return None,
    })
}

fn byte_unit(unit: &str) -> Option<i64> {
    Some(match unit {
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
    })
}

fn unknown_unit(text: &str, digits: &str, unit: &str) -> NumberFault {
    if unit.starts_with('.') {
        return NumberFault {
            help: Some("a version is a string: write it in quotes"),
            ..fault(format!("`{text}` is not a number"))
        };
    }
    let instead =
        meant_unit(unit).map(|meant| text.replacen(&format!("{digits}{unit}"), &format!("{digits}{meant}"), 1));
    let instead = instead.filter(|better| read(better).is_ok());
    NumberFault { help: Some(UNITS), instead, ..fault(format!("`{unit}` in `{text}` is not a unit")) }
}

/// What people write for a unit elsewhere.
pub(super) fn meant_unit(unit: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 37] = [
        ("min", "m"),
        ("mins", "m"),
        ("minute", "m"),
        ("minutes", "m"),
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("hr", "h"),
        ("hrs", "h"),
        ("hour", "h"),
        ("hours", "h"),
        ("day", "d"),
        ("days", "d"),
        ("wk", "w"),
        ("week", "w"),
        ("weeks", "w"),
        ("msec", "ms"),
        ("msecs", "ms"),
        ("millis", "ms"),
        ("millisecond", "ms"),
        ("milliseconds", "ms"),
        ("usec", "us"),
        ("micros", "us"),
        ("microseconds", "us"),
        ("µs", "us"),
        ("μs", "us"),
        ("percent", "%"),
        ("pct", "%"),
        ("byte", "B"),
        ("bytes", "B"),
        ("b", "B"),
        ("kb", "KB"),
        ("kib", "KiB"),
        ("mib", "MiB"),
        ("gib", "GiB"),
        ("tib", "TiB"),
    ];
    const LETTERS: [(&str, &str); 14] = [
        ("us", "us"),
        ("ms", "ms"),
        ("s", "s"),
        ("h", "h"),
        ("d", "d"),
        ("w", "w"),
        ("pp", "pp"),
        ("mb", "MB"),
        ("gb", "GB"),
        ("tb", "TB"),
        ("kb", "KB"),
        ("gib", "GiB"),
        ("tib", "TiB"),
        ("mib", "MiB"),
    ];
    let small = unit.to_lowercase();
    let known = NAMES.iter().chain(&LETTERS).find(|(name, _)| *name == small);
    known.map(|(_, meant)| *meant)
}

fn fault(message: String) -> NumberFault {
    NumberFault { message, help: None, instead: None }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::syntax::ast::Unit;

    #[test]
    fn every_example_of_the_language_is_read() {
        let rows = [
            ("42", 42.0, Unit::None),
            ("1_000", 1000.0, Unit::None),
            ("3.25", 3.25, Unit::None),
            ("1e-3", 0.001, Unit::None),
            ("250us", 0.00025, Unit::Duration),
            ("1500ms", 1.5, Unit::Duration),
            ("10s", 10.0, Unit::Duration),
            ("5m", 300.0, Unit::Duration),
            ("24h", 86_400.0, Unit::Duration),
            ("7d", 604_800.0, Unit::Duration),
            ("2w", 1_209_600.0, Unit::Duration),
            ("1h30m", 5400.0, Unit::Duration),
            ("5%", 0.05, Unit::Percent),
            ("99.9%", 0.999, Unit::Percent),
            ("10pp", 0.1, Unit::Points),
            ("512B", 512.0, Unit::Bytes),
            ("10KB", 10_000.0, Unit::Bytes),
            ("64MiB", 67_108_864.0, Unit::Bytes),
        ];
        for (text, value, unit) in rows {
            let found = read(text).unwrap_or_else(|fault| panic!("{text}: {}", fault.message));
            assert_eq!((found.value.to_f64(), found.unit), (value, unit), "{text}");
        }
        assert!(read("7").is_ok_and(|seven| seven.integer) && read("7.0").is_ok_and(|seven| !seven.integer));
    }

    #[test]
    fn units_of_other_languages_are_translated_when_it_is_sure_what_they_mean() {
        let rows = [
            ("5min", Some("5m")),
            ("10sec", Some("10s")),
            ("1h30min", Some("1h30m")),
            ("5µs", Some("5us")),
            ("5MS", Some("5ms")),
            ("10percent", Some("10%")),
            ("64mb", Some("64MB")),
            ("1__000", Some("1_000")),
            ("5M", None),
            ("5x", None),
            ("1h30", None),
            ("30m1h", None),
            ("1h1h", None),
            ("5%5%", None),
            ("1.2.3", None),
            ("1e999", None),
        ];
        for (text, instead) in rows {
            let fault = read(text).expect_err(text);
            assert_eq!(fault.instead.as_deref(), instead, "{text}");
        }
    }

    #[test]
    fn a_duration_that_cannot_be_counted_is_told() {
        for text in ["15250284w", "106751991d", "9223372036854s"] {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in ["15250285w", "106751992d", "99999999999w", "15250284w30d", "9e15s"] {
            let fault = read(text).expect_err(text);
            assert_eq!(fault.message, format!("`{text}` is too long for a duration"));
        }
    }
}

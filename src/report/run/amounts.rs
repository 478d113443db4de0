//! Durations, weights and times of day, as people read them.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::number::Number;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::value::Value;

/// `3m12s`, `1.4s`, `250ms`: no more digits than are of use.
#[must_use]
pub fn spent(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "0s".to_owned(),
        millis @ 1..1_000 => format!("{millis}ms"),
        millis @ 1_000..10_000 => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
        _ => format_duration(Duration::from_secs(duration.as_secs())),
    }
}

/// `25%`
#[must_use]
pub fn percent(weight: Number) -> String {
    format!("{}%", weight.multiply(Number::from(100)))
}

/// A value with six digits at most: more are of no use.
#[must_use]
pub fn rounded(value: &Value) -> String {
    match value {
        Value::Quantity(number, unit) => {
            let amount = number.to_f64();
            let digits = if amount == 0.0 { 0 } else { (5.0 - amount.abs().log10().floor()).clamp(0.0, 12.0) as i32 };
            let scale = 10f64.powi(digits);
            Value::Quantity(Number::from_f64((amount * scale).round() / scale), *unit).to_string()
        }
        other => other.to_string(),
    }
}

/// `12:00:03`
#[must_use]
pub fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone, "%H:%M:%S")
}

/// `2025-11-21 14:38:00`
#[must_use]
pub fn date_and_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone, "%Y-%m-%d %H:%M:%S")
}

fn zoned(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(time) => time.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::{Number, Timestamp, date_and_time, percent, spent, time_of_day};

    #[test]
    fn amounts_read_well() {
        assert_eq!(spent(Duration::from_millis(192_345)), "3m12s");
        assert_eq!(spent(Duration::from_millis(1_449)), "1.4s");
        assert_eq!(spent(Duration::from_micros(250_400)), "250ms");
        assert_eq!(spent(Duration::ZERO), "0s");
        assert_eq!(percent(Number::parse("0.05").unwrap()), "5%");
    }

    #[test]
    fn times_are_told_in_the_zone_of_the_reader_and_none_is_too_far() {
        let at = Timestamp(1_763_735_880_000_000);
        assert_eq!(date_and_time(at, &TimeZone::UTC), "2025-11-21 14:38:00");
        assert_eq!(time_of_day(at, &TimeZone::get("Europe/Berlin").unwrap()), "15:38:00");
        assert!(!time_of_day(Timestamp(i64::MAX), &TimeZone::UTC).is_empty());
    }
}

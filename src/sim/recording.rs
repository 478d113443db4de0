//! Recorded series: CSV with a column `time` and one for each metric.
//!
//! A time is RFC 3339 or seconds since 1970 (then the recording begins with its first row, when the run begins), or
//! seconds from the start of the run. A value holds until the next row, the last one to the end; an empty cell is a gap.

use std::time::Duration;

use crate::contract::extract::extract_text;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::steps::table::Table;

/// Values by their time from the start of the run, in order; none is a gap.
pub type Series = Vec<(Duration, Option<Value>)>;

/// Times from here on are seconds since 1970: no run lasts thirty years.
const ABSOLUTE: f64 = 1e9;

/// One metric of a recording: the column `group.field`, or `field`, or `value`.
///
/// # Errors
/// What is wrong with the recording, with its row.
pub fn read(path: &str, text: &str, (group, field): (&str, &str), ty: &Type) -> Result<Series, String> {
    let table = Table::read(path, text)?;
    let times: Vec<&str> = table.column(path, "time")?.collect();
    let full = format!("{group}.{field}");
    let names = [full.as_str(), field, "value"];
    let cells = names.iter().find_map(|name| table.column(path, name).ok());
    let cells = match cells {
        Some(cells) => cells,
        None => table.column(path, &full)?,
    };
    let mut first = None;
    let mut series: Series = Vec::with_capacity(times.len());
    for (row, (time, cell)) in times.into_iter().zip(cells).enumerate() {
        let place = |reason: String| format!("row {} of `{path}`: {reason}", row + 2);
        let seconds = match time_of(time).map_err(place)? {
            Time::Absolute(seconds) => seconds - *first.get_or_insert(seconds),
            Time::Offset(seconds) => seconds,
        };
        let at =
            Duration::try_from_secs_f64(seconds).map_err(|_| place(format!("`{time}` is before the first row")))?;
        if series.last().is_some_and(|(before, _)| *before >= at) {
            return Err(place(format!("`{time}` is not later than the row before")));
        }
        let value = if cell.trim().is_empty() {
            None
        } else {
            Some(extract_text(cell, ty).map_err(|reason| format!("row {} of `{path}`: {reason}", row + 2))?)
        };
        series.push((at, value));
    }
    Ok(series)
}

enum Time {
    Absolute(f64),
    Offset(f64),
}

fn time_of(text: &str) -> Result<Time, String> {
    let text = text.trim();
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()) {
        return Ok(if seconds >= ABSOLUTE { Time::Absolute(seconds) } else { Time::Offset(seconds) });
    }
    let time = text.parse::<jiff::Timestamp>();
    time.map(|time| Time::Absolute(time.as_duration().as_secs_f64()))
        .map_err(|_| format!("`{text}` is no time: write it like `2025-01-06T10:00:00Z`, or in seconds"))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::contract::types::Type;
    use crate::contract::value::Value;

    fn series(text: &str) -> Result<Vec<(u64, Option<String>)>, String> {
        let series = read("f.csv", text, ("search", "hits"), &Type::Int)?;
        let shown = |value: Value| value.to_string();
        Ok(series.into_iter().map(|(at, value)| (at.as_secs(), value.map(shown))).collect())
    }

    #[test]
    fn a_recording_begins_when_the_run_begins() {
        let wanted = Ok(vec![(0, Some("5".to_owned())), (90, None), (120, Some("7".to_owned()))]);
        let rows = "time,search.hits\n2024-05-01T00:00:00Z,5\n2024-05-01T02:01:30+02:00,\n2024-05-01T00:02:00Z,7\n";
        assert_eq!(series(rows), wanted);
        assert_eq!(series("time,hits\n0,5\n90,\n120,7\n"), wanted);
        assert_eq!(series("time,value\n1714521600,5\n1714521690,\n1714521720,7\n"), wanted);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_row() {
        let wrong = |text: &str| series(text).unwrap_err();
        assert_eq!(
            wrong("time,search.misses\n0,5\n"),
            "`f.csv` has no column `search.hits`; its columns are `time`, `search.misses`"
        );
        assert_eq!(wrong("time,hits\n60,5\n60,5\n"), "row 3 of `f.csv`: `60` is not later than the row before");
        assert!(wrong("time,hits\nnoon,5\n").starts_with("row 2 of `f.csv`: `noon` is no time"));
        assert_eq!(wrong("time,hits\n0,many\n"), "row 2 of `f.csv`: expected `int`, found `many`");
    }
}

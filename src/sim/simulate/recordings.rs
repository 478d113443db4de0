//! Whole recordings: CSV or JSON lines, with `time` and a column for each `group.metric`.
//!
//! A time is RFC 3339 with a zone, seconds since 1970 (from 1e9 on; from 1e12 on milliseconds), or counts from the start of the
//! run, in seconds or as `26h`. The first row of all recordings with absolute times is the start. A value is raw, as its type
//! encodes it (`120` for a `duration(ms)`), and holds until the next row; an empty cell, `null`, `NaN` and `Inf` are no
//! sample until the next row. Rows rise in time. A fault names file, line and column.

use indexmap::IndexMap;
use serde_json::Value as Json;
use std::time::Duration;

use super::rows::{Cell, Row, csv, json_lines};
use crate::base::suggest::nearest;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::extract::extract_text;
use crate::contract::types::{Type, decode};
use crate::contract::value::Value;
use crate::model::program::{FieldValue, Program};
use crate::sim::recording::Series;

/// Times from here on are seconds since 1970, and from there on milliseconds: no run lasts thirty years.
const SECONDS: f64 = 1e9;
const MILLISECONDS: f64 = 1e12;

/// What was recorded of some metrics, in time from the start of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recordings {
    pub series: IndexMap<(String, String), Series>,
    /// When the first row was, if it says so.
    pub start: Option<Timestamp>,
    /// Columns that are not used, with why.
    pub notes: Vec<String>,
}

/// A recording as it was handed in.
pub struct File<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    Absolute(Timestamp),
    Since(Duration),
}

type Timed = Vec<(Time, Option<Value>)>;

/// Reads recordings of a program's metrics.
///
/// # Errors
/// The first thing that is wrong in each file.
pub fn read(files: &[File<'_>], program: &Program) -> Result<Recordings, Vec<String>> {
    let mut found = Recordings::default();
    let mut faults = Vec::new();
    let mut columns: IndexMap<(String, String), (Timed, &str)> = IndexMap::new();
    for file in files {
        match read_file(file, program, &mut found.notes) {
            Ok(read) => {
                for (metric, series) in read {
                    let name = format!("{}.{}", metric.0, metric.1);
                    if let Some((_, before)) = columns.insert(metric, (series, file.name)) {
                        faults.push(format!("{}: `{name}` is in `{before}` too: give it once", file.name));
                    }
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let absolute = columns.values().flat_map(|(series, _)| series).filter_map(|(time, _)| match time {
        Time::Absolute(at) => Some(*at),
        Time::Since(_) => None,
    });
    found.start = absolute.min();
    let start = found.start.unwrap_or_default();
    let since = |time: Time| match time {
        Time::Absolute(at) => at.since(start),
        Time::Since(since) => since,
    };
    let series = columns.into_iter();
    let series = series
        .map(|(metric, (timed, _))| (metric, timed.into_iter().map(|(time, value)| (since(time), value)).collect()));
    found.series = series.collect();
    Ok(found)
}

/// How a recording goes on behind its last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// The last value holds.
    #[default]
    Hold,
    /// It begins anew.
    Repeat,
    /// There are no samples any more.
    Missing,
}

/// The length of a recording, its last row as long as the one before; none for a single row.
#[must_use]
pub fn length(series: &Series) -> Option<Duration> {
    let [.., (before, _), (last, _)] = series.as_slice() else { return None };
    Some(last.saturating_add(last.saturating_sub(*before)))
}

struct Column<'p> {
    metric: (String, String),
    ty: &'p Type,
}

fn read_file(
    file: &File<'_>,
    program: &Program,
    notes: &mut Vec<String>,
) -> Result<IndexMap<(String, String), Timed>, String> {
    let text = file.text.trim_start_matches('\u{feff}');
    let is_json = text.trim_start().starts_with('{');
    let rows = if is_json { json_lines(text) } else { csv(text) };
    let rows = rows.map_err(|fault| format!("{}:{fault}", file.name))?;
    let mut reader = Reader { file: file.name, program, columns: IndexMap::new(), found: IndexMap::new() };
    let mut before = None;
    for row in &rows {
        let time = reader.time(row, before)?;
        before = Some(time);
        for (name, cell) in &row.cells {
            if name != "time" {
                reader.cell(name, cell, time, notes)?;
            }
        }
    }
    if reader.found.is_empty() {
        let what = match (rows.is_empty(), reader.columns.is_empty()) {
            (true, _) => "no row",
            (false, true) => "no metric of this program",
            // Columns that are not read are those of computed metrics.
            (false, false) => "no metric but computed ones",
        };
        return Err(format!(
            "{}: there is {what} in it: `time` and a column for each `group.metric` that is read are wanted",
            file.name
        ));
    }
    Ok(reader.found)
}

struct Reader<'p> {
    file: &'p str,
    program: &'p Program,
    /// None: not to be read.
    columns: IndexMap<String, Option<Column<'p>>>,
    found: IndexMap<(String, String), Timed>,
}

impl<'p> Reader<'p> {
    fn fault(&self, cell: &Cell, reason: &str) -> String {
        format!("{}:{}:{}: {reason}", self.file, cell.line, cell.column)
    }

    fn time(&self, row: &Row, before: Option<Time>) -> Result<Time, String> {
        let Some((_, cell)) = row.cells.iter().find(|(name, _)| name == "time") else {
            return Err(format!("{}:{}:1: this row has no `time`", self.file, row.line));
        };
        let text = match &cell.content {
            Json::String(text) => text.trim().to_owned(),
            Json::Number(number) => number.to_string(),
            other => return Err(self.fault(cell, &format!("`{other}` is no time"))),
        };
        let time = parse_time(&text).map_err(|reason| self.fault(cell, &reason))?;
        let order = match (before, time) {
            (Some(Time::Absolute(before)), Time::Absolute(at)) => at.cmp(&before),
            (Some(Time::Since(before)), Time::Since(at)) => at.cmp(&before),
            (None, _) => return Ok(time),
            _ => {
                let reason =
                    format!("`{text}` counts from elsewhere than the rows before: give all from the start, or none");
                return Err(self.fault(cell, &reason));
            }
        };
        match order {
            std::cmp::Ordering::Greater => Ok(time),
            std::cmp::Ordering::Equal => Err(self.fault(cell, &format!("there is a row for `{text}` already"))),
            std::cmp::Ordering::Less => {
                Err(self.fault(cell, &format!("`{text}` is before the row above: rows rise in time")))
            }
        }
    }

    fn cell(&mut self, name: &str, cell: &Cell, time: Time, notes: &mut Vec<String>) -> Result<(), String> {
        if !self.columns.contains_key(name) {
            let column = self.column(name, cell, notes)?;
            self.columns.insert(name.to_owned(), column);
        }
        let Some(Some(column)) = self.columns.get(name) else { return Ok(()) };
        let value =
            value_of(&cell.content, column.ty).map_err(|reason| self.fault(cell, &format!("`{name}`: {reason}")))?;
        self.found.entry(column.metric.clone()).or_default().push((time, value));
        Ok(())
    }

    fn column(&self, name: &str, cell: &Cell, notes: &mut Vec<String>) -> Result<Option<Column<'p>>, String> {
        let known = || {
            let groups = self.program.groups.iter();
            groups.flat_map(|(group, fields)| fields.fields.keys().map(move |field| format!("{group}.{field}")))
        };
        let parts = name.split_once('.');
        let field = parts.and_then(|(group, field)| self.program.groups.get(group)?.fields.get(field));
        match (parts, field) {
            (Some((group, _)), Some(field)) if matches!(field.value, FieldValue::Derived(_)) => {
                notes.push(format!(
                    "{}: `{name}` is computed from the others of `{group}`; its column is not read",
                    self.file
                ));
                Ok(None)
            }
            (Some((group, metric)), Some(field)) => {
                Ok(Some(Column { metric: (group.to_owned(), metric.to_owned()), ty: &field.ty }))
            }
            _ => {
                let names: Vec<String> = known().collect();
                let help = match nearest(name, names.iter().map(String::as_str)) {
                    Some(meant) => format!("; did you mean `{meant}`?"),
                    None if names.is_empty() => "; this program has none".to_owned(),
                    None => format!("; there are `{}`", names.join("`, `")),
                };
                Err(self.fault(&cell.head(), &format!("the column `{name}` names no metric of this program{help}")))
            }
        }
    }
}

/// None: no sample.
fn value_of(content: &Json, ty: &Type) -> Result<Option<Value>, String> {
    let is_no_number = |text: &str| {
        let text = text.trim().trim_start_matches(['+', '-']).to_ascii_lowercase();
        text.is_empty() || (ty.unit().is_some() && ["nan", "inf", "infinity"].contains(&text.as_str()))
    };
    match content {
        Json::Null => Ok(None),
        Json::String(text) if is_no_number(text) => Ok(None),
        Json::String(text) => extract_text(text, ty).map(Some),
        other => decode(other, ty).map(Some).map_err(|error| error.to_string()),
    }
}

fn parse_time(text: &str) -> Result<Time, String> {
    let strange = || {
        format!(
            "`{text}` is no time: write `2025-01-06T10:00:00Z`, seconds since 1970, or seconds or `26h` from the start"
        )
    };
    if let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) {
        let micros = |scale: f64| Timestamp((number * scale).round() as i64);
        return match number {
            MILLISECONDS.. => Ok(Time::Absolute(micros(1e3))),
            SECONDS.. => Ok(Time::Absolute(micros(1e6))),
            0.0.. => Ok(Time::Since(Duration::from_micros((number * 1e6).round() as u64))),
            _ => Err(format!("`{text}` is before the start")),
        };
    }
    if let Some(since) = parse_duration(text) {
        return Ok(Time::Since(since));
    }
    let time = text.parse::<jiff::Timestamp>().map_err(|_| strange())?;
    Ok(Time::Absolute(Timestamp(time.as_microsecond())))
}

/// `1h30m`, as the language writes it.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 8] = [
        ("us", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3_600.0),
        ("d", 86_400.0),
        ("w", 604_800.0),
        ("", f64::NAN),
    ];
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let unit_end =
            rest[digits..].find(|letter: char| letter.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let (amount, unit) = (rest[..digits].parse::<f64>().ok()?, &rest[digits..unit_end]);
        let (_, factor) = UNITS.iter().find(|(name, factor)| *name == unit && factor.is_finite())?;
        seconds += amount * factor;
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds)
        .ok()
        .map(|time| Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
}

/// Which recordings end before the run does.
#[must_use]
pub fn ended_before(recordings: &Recordings, run: Duration) -> Vec<String> {
    let ended = recordings.series.iter().filter_map(|((group, field), series)| {
        let end = length(series)?;
        (end < run).then(|| format!("the recording of `{group}.{field}` ends after {}", format_duration(end)))
    });
    ended.collect()
}

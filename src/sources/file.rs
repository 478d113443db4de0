//! `file`: the last row of a CSV file or the last line of a JSONL file, as a job appends to it.
//!
//! A `time` column (or field) tells how old the last row is; a row that is too old is no sample. A last line that is
//! still being written is passed over for the one before it.

use serde_json::Value as Json;

use crate::base::time::{Timestamp, format_duration};
use crate::contract::answer::{TailAnswer, read_answer, start_of};
use crate::contract::effect::{Effect, Outcome};
use crate::contract::extract::{extract_json, extract_text};
use crate::contract::registry::{Args, FieldQuery, SourceImpl, SourceRequest, duration_argument, text_argument};
use crate::contract::samples::Sample;

pub const FILE: SourceImpl = SourceImpl { name: "file", requests, read };

/// Enough for a row half written and a blank line after it.
const TAIL_LINES: usize = 4;

fn requests(args: &Args, fields: &[FieldQuery]) -> Vec<SourceRequest> {
    let path = text_argument(args, "path").unwrap_or_default().to_owned();
    vec![((0..fields.len()).collect(), Effect::ReadTail { path, lines: TAIL_LINES })]
}

fn read(args: &Args, field: &FieldQuery, outcome: &Outcome, now: Timestamp) -> Sample {
    let tail: TailAnswer = read_answer(outcome)?;
    match field.extractor.as_str() {
        "json" => {
            let document = last_document(&tail)?;
            require_fresh(args, document.get("time"), now)?;
            extract_json(&document, text_argument(&field.args, "path")?, &field.ty)
        }
        _ => {
            let (header, row) = last_row(&tail)?;
            let cell = |name: &str| header.iter().position(|column| column == name).and_then(|at| row.get(at));
            require_fresh(args, cell("time").map(|text| Json::from(text.as_str())).as_ref(), now)?;
            let name = text_argument(&field.args, "name")?;
            let text = cell(name)
                .ok_or_else(|| format!("the file has no column `{name}`, its columns are {}", header.join(", ")))?;
            extract_text(text, &field.ty).map_err(|reason| format!("column `{name}`: {reason}"))
        }
    }
}

fn last_row(tail: &TailAnswer) -> Result<(Vec<String>, Vec<String>), String> {
    let header = split_csv(tail.first.trim_start_matches('\u{feff}'));
    if header.iter().all(String::is_empty) {
        return Err("the file is empty, expected a header and rows".to_owned());
    }
    let rows = tail.last.iter().rev().filter(|line| !line.trim().is_empty() && **line != tail.first);
    let mut narrowest = None;
    for row in rows.map(|line| split_csv(line)) {
        if row.len() == header.len() {
            return Ok((header, row));
        }
        narrowest.get_or_insert(row.len());
    }
    Err(match narrowest {
        None => "the file has a header and no rows yet".to_owned(),
        Some(cells) => format!("the last row has {cells} cells, the header {}", header.len()),
    })
}

fn last_document(tail: &TailAnswer) -> Result<Json, String> {
    let mut lines = tail.last.iter().rev().filter(|line| !line.trim().is_empty()).peekable();
    let last = *lines.peek().ok_or("the file has no lines yet")?;
    let documents = lines.filter_map(|line| serde_json::from_str::<Json>(line.trim()).ok());
    documents.into_iter().next().ok_or_else(|| format!("the last line is no JSON: {}", start_of(last)))
}

/// The cells of one line of CSV; quotes may enclose commas, and are doubled inside.
fn split_csv(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.trim_end_matches(['\r', '\n']).chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            other => cell.push(other),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

fn require_fresh(args: &Args, time: Option<&Json>, now: Timestamp) -> Result<(), String> {
    let Some(time) = time else { return Ok(()) };
    let written = time.as_str().map_or_else(|| time.to_string(), str::to_owned);
    let at = parse_time(&written)
        .ok_or_else(|| format!("`{}` in `time` is neither RFC 3339 nor seconds since 1970", start_of(&written)))?;
    let (age, limit) = (now.since(at), duration_argument(args, "max_age").unwrap_or(crate::sources::DEFAULT_MAX_AGE));
    let ahead = at.since(now);
    if ahead > limit {
        let ahead = format_duration(std::time::Duration::from_secs(ahead.as_secs()));
        return Err(format!("the last row is dated {ahead} ahead of now: one of the two clocks is wrong"));
    }
    if age > limit {
        let age = format_duration(std::time::Duration::from_secs(age.as_secs()));
        return Err(format!("the last row is {age} old, more than {}", format_duration(limit)));
    }
    Ok(())
}

/// RFC 3339, or seconds or milliseconds since 1970, told apart by their size.
fn parse_time(text: &str) -> Option<Timestamp> {
    const MILLISECONDS_FROM: f64 = 1e11;
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(time.as_microsecond()));
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let factor = if number >= MILLISECONDS_FROM { 1e3 } else { 1e6 };
    Some(Timestamp((number * factor) as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FILE, split_csv};
    use crate::base::time::Timestamp;
    use crate::contract::effect::{Effect, Outcome};
    use crate::contract::registry::{Args, FieldQuery};
    use crate::contract::samples::Sample;
    use crate::contract::types::Type;
    use crate::contract::value::Value;

    /// 2023-11-14T22:15:00Z
    const NOW: Timestamp = Timestamp(1_700_000_100_000_000);

    fn column(name: &str, first: &str, last: &[&str]) -> Sample {
        let args = Args::from([("name".to_owned(), Value::text(name))]);
        let field = FieldQuery { field: "x".into(), extractor: "column".into(), args, ty: Type::Int };
        (FILE.read)(&Args::new(), &field, &Outcome::Done(json!({ "first": first, "last": last })), NOW)
    }

    fn jsonl(path: &str, last: &[&str]) -> Sample {
        let args = Args::from([("path".to_owned(), Value::text(path))]);
        let field = FieldQuery { field: "x".into(), extractor: "json".into(), args, ty: Type::Int };
        (FILE.read)(&Args::new(), &field, &Outcome::Done(json!({ "first": "", "last": last })), NOW)
    }

    #[test]
    fn one_look_at_the_end_of_the_file_serves_all_fields() {
        let args = Args::from([("path".to_owned(), Value::text("m.csv"))]);
        let requests = (FILE.requests)(&args, &[]);
        assert_eq!(requests, [(vec![], Effect::ReadTail { path: "m.csv".into(), lines: 4 })]);
    }

    #[test]
    fn the_last_row_or_line_is_the_sample() {
        assert_eq!(column("errors", "time,errors", &["1700000040,1", "1700000099,2"]), Ok(Value::int(2)));
        assert_eq!(column("errors", "\u{feff}errors,p95\r", &["5,6\r", ""]), Ok(Value::int(5)));
        assert_eq!(
            jsonl("errors", &["{\"errors\": 1}", "{\"errors\": 2, \"time\": \"2023-11-14T22:14:00Z\"}"]),
            Ok(Value::int(2))
        );
    }

    #[test]
    fn a_line_half_written_is_passed_over() {
        assert_eq!(column("b", "a,b", &["1,2", "3"]), Ok(Value::int(2)));
        assert_eq!(jsonl("a", &["{\"a\": 1}", "{\"a\": 2, \"b"]), Ok(Value::int(1)));
    }

    #[test]
    fn a_row_that_is_too_old_is_no_sample_unless_it_may_be() {
        let reason = column("a", "time,a", &["2023-11-14T22:05:00Z,1"]);
        assert_eq!(reason, Err("the last row is 10m old, more than 5m".to_owned()));
        assert_eq!(
            column("a", "time,a", &["1699999500000,1"]),
            Err("the last row is 10m old, more than 5m".to_owned())
        );
        assert!(column("a", "time,a", &["yesterday,1"]).unwrap_err().contains("`yesterday` in `time` is neither"));
    }

    #[test]
    fn files_without_rows_and_unknown_columns_are_told() {
        for (sample, words) in [
            (column("a", "", &[]), "the file is empty"),
            (column("a", "a,b", &["a,b"]), "a header and no rows yet"),
            (column("c", "a,b", &["1,2"]), "no column `c`, its columns are a, b"),
            (column("a", "a,b", &["1,2,3"]), "the last row has 3 cells, the header 2"),
            (column("a", "a", &["x"]), "column `a`: expected `int`, found `x`"),
            (jsonl("a", &["{"]), "the last line is no JSON: {"),
            (jsonl("a", &[]), "the file has no lines yet"),
        ] {
            let reason = sample.unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn quoted_cells_may_hold_commas_and_quotes() {
        assert_eq!(split_csv("a, \"b,c\" ,\"say \"\"hi\"\"\",\r"), ["a", "b,c", "say \"hi\"", ""]);
        assert_eq!(split_csv("\"open,1"), ["open,1"]);
    }
}

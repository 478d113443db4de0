//! `simulate --record FROM..TO`: what Prometheus has of a pipeline's metrics, saved for `--metrics`.
//!
//! Each field is asked for with its own query at the interval of its group. A row stands wherever some group has a sample; a
//! group that is sampled less often keeps its value in between, since an empty cell is a gap.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::super::exit::Exit;
use super::super::load::{self, Selection};
use super::super::output;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::{Draft, Privacy};
use crate::adapters::http::{Request, perform_http};
use crate::adapters::net::NetContext;
use crate::adapters::secrets::Secrets;
use crate::base::counted::counted;
use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome};
use crate::plan::program::Plan;
use crate::runtime::ports::Clock;
use crate::session::executor::wait_for;
use crate::sim::simulate::recordings::parse_duration;
use crate::sources::prometheus_range::{self as prometheus, Range};

/// The samples of one field.
struct Column {
    name: String,
    range: Range,
    values: Vec<Option<String>>,
}

/// Saves the range `FROM..TO` of the metrics that a pipeline reads.
pub fn save((program, selection): (&str, &Selection), range: &str, out: &Path) -> Exit {
    let (from, to) = match parse_range(range, SystemClock::new().now()) {
        Ok(range) => range,
        Err(reason) => return refuse(&reason),
    };
    let loaded = match load::plan(program, selection) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let columns = match wait_for(read(&loaded.plan, (from, to))) {
        Ok(Ok(columns)) => columns,
        Ok(Err(reason)) | Err(reason) => return refuse(&reason),
    };
    if columns.is_empty() {
        return refuse("this pipeline reads no metric from Prometheus, so there is nothing to record");
    }
    let text = table(&columns);
    let name = out.display().to_string();
    let saved = Draft::begin(&name, out.to_path_buf(), Privacy::Ordinary).map_err(|failure| failure.message).and_then(
        |mut draft| {
            let written = draft.file().write_all(text.as_bytes());
            written.map_err(|error| format!("`{name}` cannot be written: {error}"))?;
            draft.commit(None).map_err(|failure| failure.message)
        },
    );
    if let Err(reason) = saved {
        return refuse(&reason);
    }
    for column in &columns {
        let found = column.values.iter().flatten().count();
        output::say(&format!("{}: {found} of {}\n", column.name, counted(column.values.len(), "sample")));
    }
    Exit::Well
}

fn refuse(reason: &str) -> Exit {
    output::complain(&format!("error: {reason}\n"));
    Exit::Usage
}

async fn read(plan: &Plan, (from, to): (Timestamp, Timestamp)) -> Result<Vec<Column>, String> {
    let ctx = NetContext::new(PathBuf::new(), Arc::new(Secrets::from_environment()));
    let mut columns = Vec::new();
    for group in plan.groups.iter().filter(|group| group.source == "prometheus") {
        for field in &group.fields {
            let range = Range { from, to, step: group.every };
            let name = format!("{}.{}", group.name, field.field);
            let mut values = Vec::new();
            for part in range.parts() {
                let outcome = ask(&prometheus::request(&group.args, field, part), &ctx).await;
                values.extend(prometheus::read(&outcome, part).map_err(|reason| format!("`{name}`: {reason}"))?);
            }
            columns.push(Column { name, range, values });
        }
    }
    Ok(columns)
}

async fn ask(effect: &Effect, ctx: &NetContext) -> Outcome {
    let Effect::HttpRequest { method, url, headers, body } = effect else {
        return Outcome::failed("this is no request");
    };
    perform_http(Request { method, url, headers, body: body.as_ref() }, ctx, &CancellationToken::new()).await
}

/// CSV, with times as seconds since 1970.
fn table(columns: &[Column]) -> String {
    let times: BTreeSet<Timestamp> =
        columns.iter().flat_map(|column| (0..column.values.len()).map(|place| time_of(column.range, place))).collect();
    let mut text = String::from("time");
    for column in columns {
        let _ = write!(text, ",{}", column.name);
    }
    text.push('\n');
    for time in times {
        let (seconds, micros) = (time.0.div_euclid(1_000_000), time.0.rem_euclid(1_000_000));
        let _ = if micros == 0 { write!(text, "{seconds}") } else { write!(text, "{seconds}.{micros:06}") };
        for column in columns {
            let step = column.range.step.as_micros().max(1);
            let place = usize::try_from(time.since(column.range.from).as_micros() / step).unwrap_or(usize::MAX);
            let value = column.values.get(place).and_then(Option::as_deref).unwrap_or_default();
            let _ = write!(text, ",{value}");
        }
        text.push('\n');
    }
    text
}

fn time_of(range: Range, place: usize) -> Timestamp {
    range.from.plus(range.step.saturating_mul(u32::try_from(place).unwrap_or(u32::MAX)))
}

/// `2025-01-06T10:00:00Z..2025-01-07T10:00:00Z`, `1736157600..now`, `24h..now`: durations are before now.
fn parse_range(text: &str, now: Timestamp) -> Result<(Timestamp, Timestamp), String> {
    let wanted = "write `--record 2025-01-06T10:00:00Z..2025-01-07T10:00:00Z`, or `--record 24h..now`";
    let (from, to) = text.split_once("..").ok_or_else(|| format!("`{text}` is no range of time: {wanted}"))?;
    let time = |text: &str| parse_moment(text.trim(), now).ok_or_else(|| format!("`{text}` is no time: {wanted}"));
    let (from, to) = (time(from)?, time(to)?);
    if from >= to { Err(format!("`{text}` ends before it begins: {wanted}")) } else { Ok((from, to)) }
}

fn parse_moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text == "now" {
        // To the second, as the samples are.
        return Some(Timestamp(now.0 - now.0.rem_euclid(1_000_000)));
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp(seconds.checked_mul(1_000_000)?));
    }
    if let Some(before) = parse_duration(text) {
        return Some(parse_moment("now", now)?.minus(before));
    }
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Column, Range, parse_range, table};
    use crate::base::time::Timestamp;

    const NOW: Timestamp = Timestamp(1_736_157_600_500_000);

    #[test]
    fn ranges_are_absolute_or_count_back_from_now() {
        let hour = 3_600_000_000;
        let now = Timestamp(1_736_157_600_000_000);
        assert_eq!(parse_range("1h..now", NOW), Ok((Timestamp(now.0 - hour), now)));
        assert_eq!(parse_range("2025-01-06T10:00:00Z..1736161200", NOW), Ok((now, Timestamp(now.0 + hour))));
        for wrong in ["yesterday", "noon..now", "now..1h"] {
            assert!(parse_range(wrong, NOW).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slow_group_keeps_its_value_between_its_samples() {
        let column = |name: &str, step: u64, values: &[Option<&str>]| Column {
            name: name.to_owned(),
            range: Range { from: Timestamp(0), to: Timestamp(120_000_000), step: Duration::from_secs(step) },
            values: values.iter().map(|value| value.map(str::to_owned)).collect(),
        };
        let fast = column("a.fast", 60, &[Some("1"), None, Some("3")]);
        let slow = column("b.slow", 120, &[Some("7"), Some("8")]);
        assert_eq!(table(&[fast, slow]), "time,a.fast,b.slow\n0,1,7\n60,,7\n120,3,8\n");
    }
}

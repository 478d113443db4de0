//! `history`: the runs there were.

use clap::Args as Arguments;
use jiff::tz::TimeZone;
use serde_json::json;

use super::exit::Exit;
use super::output;
use super::runs::{self, Format};
use crate::adapters::clock::SystemClock;
use crate::adapters::state::StateFolder;
use crate::report::run::amounts::{date_and_time, spent};
use crate::report::run::ending;
use crate::runtime::ports::Clock;
use crate::session::look::{self, Seen};
use crate::session::refusal::Refusal;

/// Lists the runs there were, the latest last.
#[derive(Debug, Arguments)]
pub struct Args {
    /// Only so many, the latest ones.
    #[arg(long, value_name = "N", default_value_t = 50)]
    last: usize,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    let runs = match StateFolder::from_environment().runs() {
        Ok(runs) => runs,
        Err(problem) => return runs::refuse(&Refusal::usage(problem)),
    };
    let shown = &runs[runs.len().saturating_sub(args.last)..];
    if shown.is_empty() && args.format == Format::Text {
        output::say("nothing has been run here yet\n");
    }
    let mut seen: Vec<Seen> = Vec::new();
    for run in shown {
        match look::see(run) {
            Ok(run) => seen.push(run),
            // One journal that cannot be read hides none of the others.
            Err(refusal) => output::complain(&refusal.to_string()),
        }
    }
    seen.sort_by_key(|seen| seen.meta.started_at);
    let width = seen.iter().map(|seen| seen.run.id().len()).max().unwrap_or(0);
    for seen in &seen {
        output::say(&format!("{}\n", line(seen, width, args.format)));
    }
    Exit::Well
}

fn line(seen: &Seen, width: usize, format: Format) -> String {
    let now = SystemClock::new().now();
    let summary = ending::sum_up(&seen.plan, &seen.state, now);
    if format == Format::Json {
        return json!({
            "run": seen.run.id(),
            "pipeline": seen.meta.pipeline,
            "environment": seen.meta.environment,
            "status": seen.standing.name(),
            "actor": seen.meta.actor,
            "started_at": seen.meta.started_at.to_string(),
            "took_s": summary.took.as_secs_f64(),
            "reason": summary.reason,
        })
        .to_string();
    }
    let started = date_and_time(seen.meta.started_at, &TimeZone::system());
    let environment = seen.meta.environment.as_deref().unwrap_or("-");
    let reason = if summary.reason.is_empty() { String::new() } else { format!("  {}", summary.reason) };
    let (id, words, took) = (seen.run.id(), seen.standing.words(), spent(summary.took));
    format!("{started}  {id:width$}  {environment:12}  {words:15} {took:>8}{reason}")
}

//! `status`: how a run stands.

use clap::Args as Arguments;
use jiff::tz::TimeZone;

use super::exit::Exit;
use super::output;
use super::runs::{self, Format};
use crate::adapters::clock::SystemClock;
use crate::adapters::state::{RunFolder, StateFolder};
use crate::report::run::amounts::{date_and_time, spent};
use crate::report::run::{ending, picture, restores};
use crate::runtime::ports::Clock;
use crate::session::look::{self, Seen, Standing};
use crate::session::record;
use crate::session::refusal::Refusal;

/// Shows how a run stands: its phases, what it waits for, and what to do about it.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name, or a bundle; else those that are going on, or the last one.
    run: Option<String>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    if let Some(bundle) = args.run.as_deref().filter(|name| record::is_bundle(name)) {
        return match show_bundled(bundle, args.format) {
            Ok(()) => Exit::Well,
            Err(refusal) => runs::refuse(&refusal),
        };
    }
    match choose(&StateFolder::from_environment(), args.run.as_deref()) {
        Ok(runs) if runs.is_empty() => {
            output::say(if args.format == Format::Json { "[]\n" } else { "nothing has been run here yet\n" });
            Exit::Well
        }
        Ok(runs) => show(&runs, args.format, args.run.is_some()),
        Err(refusal) => runs::refuse(&refusal),
    }
}

/// A run in a bundle stands as it stood when the bundle was made.
fn show_bundled(path: &str, format: Format) -> Result<(), Refusal> {
    let record = record::open(&StateFolder::from_environment(), path)?;
    let state = record.state();
    let (plan, at) = (&record.plan, state.last_at);
    match format {
        Format::Json => {
            let summary = serde_json::to_value(ending::sum_up(plan, &state, at));
            let summary = summary.map_err(|error| Refusal::new(error.to_string()))?;
            output::say(&format!("{summary}\n"));
        }
        Format::Text => {
            let environment = plan.environment.as_ref().map_or(String::new(), |name| format!(" in {name}"));
            let status = state.status().replace('_', " ");
            let mut lines = vec![
                format!("run {}: {}{environment}, {status} (as bundled)", state.run_id, plan.pipeline),
                format!(
                    "  started {} by {}",
                    date_and_time(record.meta.started_at, &TimeZone::system()),
                    record.meta.actor
                ),
            ];
            lines.extend(picture::draw(plan, &state, at));
            output::say(&format!("{}\n", lines.join("\n")));
        }
    }
    Ok(())
}

fn choose(state: &StateFolder, name: Option<&str>) -> Result<Vec<RunFolder>, Refusal> {
    if name.is_some() {
        return Ok(vec![look::choose(state, name)?]);
    }
    let open = look::open_runs(state)?;
    if open.is_empty() { Ok(state.runs()?.pop().into_iter().collect()) } else { Ok(open) }
}

/// One that cannot be read hides none of the others.
fn show(chosen: &[RunFolder], format: Format, named: bool) -> Exit {
    let mut exit = Exit::Well;
    let mut seen = Vec::new();
    for run in chosen {
        match look::see(run) {
            Ok(run) => seen.push(run),
            Err(refusal) => exit = runs::refuse(&refusal),
        }
    }
    let now = SystemClock::new().now();
    match format {
        Format::Text => {
            let texts: Vec<String> = seen.iter().map(|seen| text(seen, now)).collect();
            output::say(&texts.join("\n"));
        }
        Format::Json => {
            let mut objects = seen.iter().map(|seen| seen.to_json(now));
            let json = match objects.next() {
                Some(only) if named => only,
                first => first.into_iter().chain(objects).collect(),
            };
            output::say(&format!("{json}\n"));
        }
    }
    exit
}

fn text(seen: &Seen, now: crate::base::time::Timestamp) -> String {
    let id = seen.run.id();
    let environment = seen.meta.environment.as_ref().map_or(String::new(), |name| format!(" in {name}"));
    let started = date_and_time(seen.meta.started_at, &TimeZone::system());
    let mut lines = vec![
        format!("run {id}: {}{environment}, {}", seen.meta.pipeline, seen.standing.words()),
        format!("  started {started} by {}, {}", seen.meta.actor, duration(seen, now)),
    ];
    // What stands still is drawn as it was when it was left.
    let at = if seen.standing.is_over() || seen.standing == Standing::Interrupted { seen.state.last_at } else { now };
    lines.extend(picture::draw(&seen.plan, &seen.state, at));
    match seen.standing {
        Standing::Over(_) => lines.extend(ending::tell(&seen.plan, &seen.state, now)),
        Standing::Interrupted if seen.doubts.is_empty() => {
            lines.push(format!("  its process is gone; go on with it: phasegate resume {id}"));
        }
        Standing::Interrupted => lines.push("  its process is gone; it goes on when this is answered:".to_owned()),
        Standing::NeverBegan => lines.push("  its process was gone before anything was changed".to_owned()),
        Standing::Running(_) | Standing::Waiting(_) | Standing::Paused => {}
    }
    lines.extend(seen.repeats.iter().map(|node| format!("  then `{node}`, which was running, is asked for again")));
    lines.extend(seen.restores.iter().flat_map(|restore| restores::lines(id, restore)));
    lines.extend(seen.doubts.iter().flat_map(|doubt| doubt.lines(now)));
    format!("{}\n", lines.join("\n"))
}

fn duration(seen: &Seen, now: crate::base::time::Timestamp) -> String {
    if seen.standing == Standing::NeverBegan {
        return format!("{} ago", spent(now.since(seen.meta.started_at)));
    }
    let took = ending::sum_up(&seen.plan, &seen.state, now).took;
    if seen.standing.is_over() { format!("took {}", spent(took)) } else { format!("{} ago", spent(took)) }
}

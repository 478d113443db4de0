//! `simulate`: what would have happened.

mod model;
mod recording;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, ValueEnum};
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use self::model::Loaded;
use super::exit::Exit;
use super::load::{self, Selection};
use super::{output, terminal};
use crate::base::time::Timestamp;
use crate::report::simulate::{Simulated, json, svg, text};
use crate::sim::simulate::record::{Guards, Record};
use crate::sim::simulate::recordings::{Ending, parse_duration};
use crate::sim::simulate::{Approvals, Setup, World, summary};
use crate::steps::registry;

/// Simulates a pipeline in virtual time, against what was recorded or what goes by chance
///
/// Steps succeed at once, approvals are given, windows and freezes are kept. A model has the `given`
/// lines of a test, in which a metric may also be a sum of functions of chance:
///
///   given api.p95 = normal(200ms, 20ms) + season(30ms) + step(40ms, at: 26h)
///   given api.errors = ar1(0.2%, 0.05%, keeps: 0.9) + outage(every: 2d, lasts: 10m)
///   given step bench.now = { p95: 120, p99: 200 }
#[derive(Debug, Arguments)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The program; with several pipelines, the name of one behind it.
    #[arg(value_name = "FILE[:NAME]")]
    program: String,

    #[command(flatten)]
    selection: Selection,

    /// Recorded series: CSV or JSON lines, `time` and a column for each `group.metric`.
    #[arg(long, value_name = "FILE")]
    metrics: Vec<PathBuf>,

    /// What recorded series do behind their last row.
    #[arg(long, value_enum, default_value_t = After::Hold)]
    after_recording: After,

    /// A model: `given` lines, those about chance among them.
    #[arg(long, value_name = "FILE")]
    model: Vec<PathBuf>,

    /// One line of a model: `api.p95=normal(200ms, 20ms)`.
    #[arg(long = "metric", value_name = "METRIC=MODEL")]
    metric: Vec<String>,

    /// How many runs; all but the first report figures only.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,

    /// What chance is drawn from: the same seed gives the same runs.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// When the run starts; without it when the recordings do, or on 2025-01-06 at 10:00 UTC.
    #[arg(long, value_name = "TIME", value_parser = parse_start)]
    start: Option<Timestamp>,

    /// How long approvals take; `never` leaves them to the model.
    #[arg(long, value_name = "DURATION|never", default_value = "0s", value_parser = parse_approvals)]
    approve_after: Approvals,

    /// When the version begins to be bad, for recordings that hold a change for the worse.
    #[arg(long, value_name = "DURATION", value_parser = parse_time)]
    shift_at: Option<Duration>,

    /// Simulates nothing: saves the metrics from FROM to TO, as their Prometheus has them, to be read by `--metrics`.
    #[arg(long, value_name = "FROM..TO", requires = "out", conflicts_with_all = ["metrics", "model", "metric", "runs"])]
    record: Option<String>,

    /// Where to save what `--record` reads.
    #[arg(long, value_name = "FILE", requires = "record")]
    out: Option<PathBuf>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Charts and the time line, for people.
    Text,
    /// One object, for programs.
    Json,
    /// A picture that stands for itself.
    Svg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum After {
    /// The last value holds.
    Hold,
    /// The recording begins anew.
    Repeat,
    /// There are no samples any more.
    Missing,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write a duration, as `26h` or `1h30m`".to_owned())
}

fn parse_approvals(text: &str) -> Result<Approvals, String> {
    if text == "never" { Ok(Approvals::Never) } else { parse_time(text).map(Approvals::After) }
}

fn parse_start(text: &str) -> Result<Timestamp, String> {
    let time = text.parse::<jiff::Timestamp>();
    let time = time.map_err(|_| "write a time with its zone, as `2025-01-06T10:00:00Z`".to_owned())?;
    let time = Timestamp(time.as_microsecond());
    if time < Timestamp::default() { Err("a run does not start before 1970".to_owned()) } else { Ok(time) }
}

pub fn run(args: Args) -> Exit {
    if args.out.is_some() && args.record.is_none() {
        output::complain(
            "error: `--out` is where `--record` saves what it reads; a simulation goes to standard output\n",
        );
        return Exit::Usage;
    }
    if let (Some(range), Some(out)) = (&args.record, &args.out) {
        return recording::save((&args.program, &args.selection), range, out);
    }
    let (source, pipeline) = load::split_name(&args.program);
    let wanted = model::Wanted {
        source,
        pipeline,
        selection: &args.selection,
        recordings: &args.metrics,
        models: &args.model,
        lines: &args.metric,
    };
    let loaded = match Loaded::read(&wanted) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let settings = model::Settings {
        ending: match args.after_recording {
            After::Hold => Ending::Hold,
            After::Repeat => Ending::Repeat,
            After::Missing => Ending::Missing,
        },
        start: args.start,
        approvals: args.approve_after,
        seed: args.seed,
        shift_at: args.shift_at,
    };
    match loaded.prepare(&wanted, settings) {
        Ok(setup) => simulate(&setup, &args),
        Err(exit) => exit,
    }
}

/// Runs differ in nothing but their number, so that it does not matter who makes them, nor how many there are.
fn simulate(setup: &Setup, args: &Args) -> Exit {
    let real = registry();
    let guards = Guards::of(&setup.plan);
    let first = setup.run(0, World::Modelled, &real);
    let record = |number: u64, world: World| Record::of(&setup.run(number, world, &real), number, &guards, setup.onset);
    let mut runs = vec![Record::of(&first, 0, &guards, setup.onset)];
    let others: Vec<Record> = (1..args.runs).into_par_iter().map(|number| record(number, World::Modelled)).collect();
    runs.extend(others);
    let twins = args.runs > 1 && setup.has_healthy_twin();
    let healthy: Option<Vec<Record>> =
        twins.then(|| (0..args.runs).into_par_iter().map(|number| record(number, World::Healthy)).collect());
    let summary = summary::sum_up(&guards, &runs, healthy.as_deref(), setup.onset);
    let summary = summary.as_ref().filter(|_| args.runs > 1);
    let simulated = Simulated { setup, guards: &guards, runs: &runs, first: &first, summary, seed: args.seed };
    match args.format {
        Format::Text => output::say(&text::render(&simulated, terminal::look())),
        Format::Json => json::render(&simulated, &mut |piece| output::say(piece)),
        Format::Svg => output::say(&svg::render(&simulated)),
    }
    Exit::Well
}

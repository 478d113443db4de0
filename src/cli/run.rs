//! `run`: the real thing.

use std::path::PathBuf;

use clap::Args as Arguments;

use super::exit::Exit;
use super::load::{self, Selection};
use super::runs::{self, Format};
use crate::session::executor;
use crate::session::refusal::Refusal;
use crate::session::start::{self, DEFAULT_JOBS, RunOptions};

/// Runs a pipeline.
///
/// Before anything is changed, every metric, secret, program and traffic target it needs is looked for. Ctrl-C pauses and
/// says how to go on; a second one aborts. Exit status: 0 succeeded, 1 failed or refused, 2 wrong usage, 3 rolled back,
/// 4 rollback failed, 5 aborted, 6 paused and left.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The program; with several pipelines, the name of one behind it.
    #[arg(value_name = "FILE[:NAME]", required_unless_present = "plan", conflicts_with = "plan")]
    program: Option<String>,

    /// Runs what `plan --out` saved; refused when anything it was made from has changed.
    #[arg(long, value_name = "PLAN.JSON", conflicts_with_all = ["environment", "set"])]
    plan: Option<PathBuf>,

    #[command(flatten)]
    selection: Selection,

    /// How many steps may run at one time.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_JOBS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    jobs: u32,

    /// Who runs it; else who is logged in here.
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    let loaded = match (&args.plan, &args.program) {
        (Some(path), _) => load::saved(path),
        (None, Some(program)) => load::plan(program, &args.selection),
        (None, None) => return runs::refuse(&Refusal::usage("name a program, or a saved plan with `--plan`")),
    };
    let (program, plan) = match loaded {
        Ok(loaded) => (loaded.program(), loaded.plan),
        Err(exit) => return exit,
    };
    let options = RunOptions { jobs: args.jobs, program, ..runs::options(args.format, args.actor.as_deref()) };
    match executor::wait_for(start::start(plan, options)) {
        Ok(Ok(finished)) => runs::conclude(&finished, args.format),
        Ok(Err(refusal)) => runs::refuse(&refusal),
        Err(problem) => runs::refuse(&Refusal::new(problem)),
    }
}

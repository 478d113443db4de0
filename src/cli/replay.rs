//! `replay`: a run decided once more.

use clap::Args as Arguments;
use jiff::tz::TimeZone;

use super::exit::Exit;
use super::output;
use super::runs::{self, Format};
use super::terminal;
use crate::engine::replay;
use crate::report::run::replayed::{self, Subject};
use crate::steps;

/// Decides a run once more from its journal, and checks that every decision comes out as it stands there.
///
/// What came from outside (samples, outcomes, commands, time) is taken from the journal; nothing is asked of the world and
/// nothing is changed. Exit status: 0 when all is equal, 1 when a decision is another one, 2 when the journal cannot be read.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name, or a bundle.
    run: String,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    let record = match runs::open_record(&args.run) {
        Ok(record) => record,
        Err(exit) => return exit,
    };
    let state = record.state();
    let replayed = replay::replay(&record.plan, &steps::registry(), &record.base, &record.events);
    let subject = Subject {
        plan: &record.plan,
        state: &state,
        versions: (&record.meta.tool, env!("CARGO_PKG_VERSION")),
        first: record.base.started.then(|| record.base.next_seq()),
    };
    match args.format {
        Format::Text => {
            output::say(&replayed::text(&subject, &replayed, (terminal::look().width, &TimeZone::system())))
        }
        Format::Json => output::say(&format!("{}\n", replayed::json(&subject, &replayed))),
    }
    if replayed.divergence.is_none() { Exit::Well } else { Exit::Findings }
}

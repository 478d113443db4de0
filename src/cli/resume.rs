//! `resume`: on with a run that is paused or was interrupted.

use clap::Args as Arguments;

use super::exit::Exit;
use super::runs::{self, Signature};
use crate::engine::turn::Command;

/// Goes on with a run that is paused, or whose process is gone.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name; the only one that is going on need not be named.
    run: Option<String>,

    #[command(flatten)]
    signature: Signature,
}

pub fn run(args: Args) -> Exit {
    runs::give(args.run, Command::Resume, &args.signature, "resumed")
}

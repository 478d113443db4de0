//! `abort`: stops a run and takes nothing back.

use clap::Args as Arguments;

use super::exit::Exit;
use super::runs::{self, Signature};
use crate::engine::turn::Command;

/// Stops a run where it stands: what is running is cancelled, nothing is taken back.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name; the only one that is going on need not be named.
    run: Option<String>,

    #[command(flatten)]
    signature: Signature,
}

pub fn run(args: Args) -> Exit {
    runs::give(args.run, Command::Abort, &args.signature, "aborting; nothing is taken back")
}

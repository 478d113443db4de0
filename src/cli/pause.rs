//! `pause`: no step starts until it is resumed.

use clap::Args as Arguments;

use super::exit::Exit;
use super::runs::{self, Signature};
use crate::engine::turn::Command;

/// Pauses a run: what is running may end, nothing new is begun; triggers are judged as ever.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name; the only one that is going on need not be named.
    run: Option<String>,

    #[command(flatten)]
    signature: Signature,
}

pub fn run(args: Args) -> Exit {
    runs::give(args.run, Command::Pause, &args.signature, "pausing; what is running may end")
}

//! `approve`: a person says yes.

use clap::Args as Arguments;

use super::exit::Exit;
use super::runs::{self, Signature};
use crate::engine::turn::Command;

/// Approves what a run waits for.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name; the only one that is going on need not be named.
    run: Option<String>,

    /// The phase or node whose approval is meant, when several wait.
    #[arg(value_name = "PHASE")]
    node: Option<String>,

    /// A group that you belong to, for approvals that ask for one.
    /// Without any, those that the environment variable PHASEGATE_GROUPS names.
    #[arg(long = "group", value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<String>,

    #[command(flatten)]
    signature: Signature,
}

pub fn run(args: Args) -> Exit {
    let groups = if args.groups.is_empty() { known_groups() } else { args.groups };
    let command = Command::Approve { node: args.node, groups };
    runs::give(args.run, command, &args.signature, "approved")
}

fn known_groups() -> Vec<String> {
    let named = std::env::var("PHASEGATE_GROUPS").unwrap_or_default();
    named.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect()
}

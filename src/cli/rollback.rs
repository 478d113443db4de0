//! `rollback`: takes back what a run changed.

use clap::Args as Arguments;

use super::exit::Exit;
use super::output;
use super::runs::{self, Signature};
use crate::engine::turn::Command;
use crate::session::executor;
use crate::session::refusal::Refusal;
use crate::session::restore::{self, Wish};

/// Takes back what a run changed, the last first; also when it is over.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name; the only one that is going on need not be named.
    run: Option<String>,

    /// Puts back the files of this backup instead: its id, or the path of its archive. What is there now is kept.
    #[arg(long, value_name = "BACKUP", requires = "run")]
    to: Option<String>,

    #[command(flatten)]
    signature: Signature,
}

pub fn run(args: Args) -> Exit {
    let (Some(backup), Some(run)) = (&args.to, &args.run) else {
        return runs::give(args.run, Command::Rollback, &args.signature, "rolling back");
    };
    let options = runs::options_of(&args.signature);
    let wish = Wish { run: run.clone(), backup: backup.clone(), reason: args.signature.reason().to_owned() };
    match executor::wait_for(restore::restore(&wish, options)) {
        Ok(Ok(words)) => {
            output::say(&format!("{words}\n"));
            Exit::Well
        }
        Ok(Err(refusal)) => runs::refuse(&refusal),
        Err(problem) => runs::refuse(&Refusal::new(problem)),
    }
}

//! `resolve`: a person says what became of a step in doubt.

use clap::{Args as Arguments, ValueEnum};

use super::exit::Exit;
use super::runs::{self, Signature};
use crate::engine::turn::{Answer, Command};
use crate::session::refusal::Refusal;

/// Says what became of a step that was running when Phasegate ended and that may not simply be repeated.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name.
    run: String,

    /// The step in doubt, as `status` names it.
    node: String,

    /// `done`: it took place; `redo`: do it again; `undo`: take it back and fail its phase, or, of an undo, give it up.
    #[arg(value_enum)]
    answer: Said,

    /// What the step gave, as JSON, with `done`: for what reads its output further down. `null`: nobody knows, and what reads
    /// it fails.
    #[arg(long, value_name = "JSON")]
    output: Option<String>,

    #[command(flatten)]
    signature: Signature,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Said {
    Done,
    Redo,
    Undo,
}

pub fn run(args: Args) -> Exit {
    let answer = match args.answer {
        Said::Done => Answer::Done,
        Said::Redo => Answer::Redo,
        Said::Undo => Answer::Undo,
    };
    let output = match args.output.as_deref().map(serde_json::from_str).transpose() {
        Ok(output) => output,
        Err(error) => {
            return runs::refuse(
                &Refusal::usage(format!("`--output` is no JSON: {error}"))
                    .help("write it as one argument: --output '{ \"stdout\": \"…\" }'"),
            );
        }
    };
    let command = Command::Resolve { node: args.node, answer, output };
    runs::give(Some(args.run), command, &args.signature, "settled")
}

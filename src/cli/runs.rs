//! What the commands that act on runs share: whose command it is, how a run is shown, how its end is told.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use clap::{Args as Arguments, ValueEnum};

use super::exit::Exit;
use super::output;
use crate::adapters::state::StateFolder;
use crate::engine::turn::Command;
use crate::session::act::{self, Obeyed, Order};
use crate::session::drive::Finished;
use crate::session::executor;
use crate::session::record::{self, Record};
use crate::session::refusal::Refusal;
use crate::session::start::RunOptions;
use crate::session::views::View;

/// How what happens is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Live on a terminal, plain lines elsewhere.
    Text,
    /// One event a line.
    Json,
}

/// Whose command it is, and why.
#[derive(Debug, Clone, Arguments)]
pub struct Signature {
    /// Who gives the command; else who is logged in here.
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,

    /// Why, for the record.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,

    /// How the run is shown when it has to be driven here, because nobody else does.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Signature {
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// How a run is shown on this terminal.
#[must_use]
pub fn view(format: Format) -> View {
    match format {
        Format::Json => View::Json(Arc::new(output::say), Arc::new(output::complain)),
        Format::Text if io::stdout().is_terminal() && io::stderr().is_terminal() => View::Live,
        Format::Text => View::Plain(Arc::new(output::say)),
    }
}

/// The usual options, signed by `actor` when one is named.
#[must_use]
pub fn options(format: Format, actor: Option<&str>) -> RunOptions {
    let options = RunOptions::here(view(format));
    match actor.map(str::trim).filter(|actor| !actor.is_empty()) {
        Some(actor) => RunOptions { actor: actor.to_owned(), ..options },
        None => options,
    }
}

/// The options of a signed command.
#[must_use]
pub fn options_of(signature: &Signature) -> RunOptions {
    options(signature.format, signature.actor.as_deref())
}

/// Gives a command to a run and tells what came of it; `done` says it when whoever drives the run has taken it.
#[must_use]
pub fn give(run: Option<String>, command: Command, signature: &Signature, done: &str) -> Exit {
    let options = options_of(signature);
    let order = Order { run, command, reason: signature.reason.clone() };
    match executor::wait_for(act::act(order, options)) {
        Ok(Ok(Obeyed::Taken { run })) => {
            output::say(&format!("run {run}: {done}\n"));
            Exit::Well
        }
        Ok(Ok(Obeyed::Driven(finished))) => conclude(&finished, signature.format),
        Ok(Err(refusal)) => refuse(&refusal),
        Err(problem) => refuse(&Refusal::new(problem)),
    }
}

/// The last words of a run, and the status for them.
#[must_use]
pub fn conclude(finished: &Finished, format: Format) -> Exit {
    let words = format!("{}\n", finished.words.join("\n"));
    match format {
        Format::Text => output::say(&words),
        // Events only on standard output; how to go on with a run that was left is still worth saying.
        Format::Json if finished.summary.outcome.is_none() => output::complain(&words),
        Format::Json => {}
    }
    if let Some(problem) = &finished.problem {
        output::complain(&format!("error: {problem}\n"));
        return Exit::Paused;
    }
    Exit::from(finished.summary.outcome)
}

/// Opens the record of the run of this name, or of the bundle at this path; a refusal is told.
///
/// # Errors
/// When there is none that can be read.
pub fn open_record(name: &str) -> Result<Record, Exit> {
    record::open(&StateFolder::from_environment(), name).map_err(|refusal| refuse(&refusal))
}

/// Tells a refusal.
#[must_use]
pub fn refuse(refusal: &Refusal) -> Exit {
    output::complain(&refusal.to_string());
    if refusal.is_usage { Exit::Usage } else { Exit::Findings }
}

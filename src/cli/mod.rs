//! The command line: one file per command, each with its `Args` and `run(Args) -> Exit`.
//!
//! Invariants: commands do not name each other; what they share is `diff`, `exit`, `load`, `output`, `runs` and `terminal`. Everything
//! a command says goes through `output`, so that a closed pipe ends it quietly.
//!
//! To add a command: its file, one `pub mod` line and one row in `commands!`. The doc comment of its `Args` is its help.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use self::exit::Exit;

pub mod abort;
pub mod approve;
pub mod backup;
pub mod bundle;
pub mod by_hand;
pub mod check;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod exit;
pub mod explain;
pub mod fmt;
pub mod history;
pub mod init;
pub mod load;
pub mod logs;
pub mod lsp;
pub mod man;
pub mod output;
pub mod pause;
pub mod plan;
pub mod replay;
pub mod resolve;
pub mod resume;
pub mod rollback;
pub mod run;
pub mod runs;
pub mod simulate;
pub mod status;
pub mod switch;
pub mod terminal;
pub mod test;
pub mod version;
pub mod why;

/// One row per command: its name in the enum and its module.
macro_rules! commands {
    ($($name:ident $module:ident;)*) => {
        #[derive(Debug, Subcommand)]
        enum Command { $($name($module::Args),)* }

        fn run(command: Command) -> Exit {
            match command { $(Command::$name(args) => $module::run(args),)* }
        }
    };
}

commands! {
    Backup backup;
    Check check;
    Demo demo;
    Explain explain;
    Fmt fmt;
    Plan plan;
    Test test;
    Simulate simulate;
    Run run;
    Status status;
    History history;
    Logs logs;
    Approve approve;
    Pause pause;
    Resume resume;
    Abort abort;
    Rollback rollback;
    Resolve resolve;
    Why why;
    Replay replay;
    Bundle bundle;
    Switch switch;
    Version version;
    Lsp lsp;
    Init init;
    Completions completions;
    Man man;
}

/// Checks, plans and runs production rollouts that take themselves back.
#[derive(Debug, Parser)]
#[command(name = "phasegate", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// Runs one command line, `arguments[0]` being the name of the program, and gives the exit status.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(exit) = completions::answer(CommandLine::command, &arguments) {
        return output::settle(exit).into();
    }
    let exit = match CommandLine::try_parse_from(arguments) {
        Ok(line) => run(line.command),
        Err(error) => show_usage(&error),
    };
    output::settle(exit).into()
}

/// Help and version go to standard output and are well; wrong usage goes to standard error and is not.
fn show_usage(error: &clap::Error) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        output::complain(&text.ansi().to_string());
        return Exit::Usage;
    }
    output::say(&text.ansi().to_string());
    Exit::Well
}

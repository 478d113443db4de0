//! `check`: every diagnostic of every program.

mod fixing;
mod programs;
mod showing;
mod watching;

use std::path::PathBuf;

use clap::{Args as Arguments, ValueEnum};

use super::exit::Exit;
use super::{output, terminal};
use crate::report::diagnostics::Summary;
use programs::{Overlay, Programs};

/// Reports every problem of every program.
#[derive(Debug, Arguments)]
pub struct Args {
    /// Files, and folders that are walked for `.deploy` files; `-` is standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Exits 1 for these too.
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,

    /// Puts in every fix that is sure, and reports what remains.
    #[arg(long)]
    fix: bool,

    /// Shows what `--fix` would change, and writes nothing.
    #[arg(long)]
    diff: bool,

    /// Says of each trigger how often it fires although nothing is wrong, and how soon it sees a shift (as text).
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    rates: bool,

    /// Checks again whenever a program changes, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    watch: bool,

    /// Sentences instead of drawings; also with `PHASEGATE_SCREEN_READER=1` or `NO_GRAPHICS=1`.
    #[arg(long)]
    screen_reader: bool,
}

impl Args {
    fn is_spoken(&self) -> bool {
        self.screen_reader || terminal::wants_sentences()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Drawn, for people.
    Text,
    /// One object, for programs.
    Json,
    /// A SARIF 2.1.0 log, for code scanning.
    Sarif,
    /// Annotations on the lines of a change.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

pub fn run(args: Args) -> Exit {
    if args.watch {
        return watching::run(&args);
    }
    if args.fix || args.diff {
        return fixing::run(&args);
    }
    let programs = Programs::check(&args.paths, &Overlay::new());
    let exit = report(&args, &programs);
    // The process is about to end: taking a large program apart piece by piece would only cost time.
    std::mem::forget(programs);
    exit
}

/// Says what was found, and how that ends.
fn report(args: &Args, programs: &Programs) -> Exit {
    if programs.count() == 0 && programs.complaints.is_empty() {
        output::complain("warning: no `.deploy` files here\n");
    }
    for complaint in &programs.complaints {
        output::complain(&format!("error: {complaint}\n"));
    }
    let diagnostics = programs.diagnostics();
    let exit = verdict(args, programs, programs.summary(&diagnostics));
    showing::show(args, programs, &diagnostics, exit);
    exit
}

fn verdict(args: &Args, programs: &Programs, summary: Summary) -> Exit {
    if !programs.complaints.is_empty() {
        Exit::Usage
    } else if summary.errors > 0 || (summary.warnings > 0 && args.deny == Some(Deny::Warnings)) {
        Exit::Findings
    } else {
        Exit::Well
    }
}

//! `init`: the first pipeline of a project, with its tests, and what a repository needs around it.
//!
//! - [`template`]: the kinds of rollout there are, and their texts.
//! - [`project`]: which files are wanted, and what would become of each.
//! - [`asking`]: questions on a terminal.
//!
//! Invariants: nothing is written before everything is decided; a file that is there is never replaced without `--force`; each
//! file is written whole or not at all. What is written checks without a finding: that is tried before.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args as Arguments, ValueEnum};

use self::project::{Project, Step};
use self::template::Template;
use super::exit::Exit;
use super::output;

mod asking;
mod project;
mod template;

/// Starts a project: a pipeline with its tests, and what its repository needs.
///
/// Asks on a terminal for what no flag says; elsewhere, or with `--yes`, the defaults are taken. Nothing that is there is
/// replaced without `--force`.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The folder of the project.
    #[arg(value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,

    /// What is rolled out; the name of the folder when left out.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// How it is rolled out.
    #[arg(long, value_enum)]
    template: Option<Template>,

    /// Adds jobs that check each change.
    #[arg(long, value_enum)]
    ci: Option<Ci>,

    /// Adds hooks for `pre-commit` that check and format.
    #[arg(long)]
    pre_commit: bool,

    /// Asks nothing.
    #[arg(long, short)]
    yes: bool,

    /// Replaces files that are there already.
    #[arg(long)]
    force: bool,

    /// Writes nothing; says what would be written.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ci {
    /// A workflow for GitHub Actions.
    Github,
    /// A job for GitLab.
    Gitlab,
}

/// What is to be started.
#[derive(Debug, Clone)]
struct Wishes {
    name: String,
    template: Template,
    ci: Option<Ci>,
    pre_commit: bool,
}

pub fn run(args: Args) -> Exit {
    let asks = !args.yes && io::stdin().is_terminal() && io::stdout().is_terminal();
    let wishes = Wishes {
        name: args.name.clone().unwrap_or_else(|| name_of(&args.folder)),
        template: args.template.unwrap_or(Template::Canary),
        ci: args.ci,
        pre_commit: args.pre_commit,
    };
    let wishes = match if asks { asking::complete(&args, wishes) } else { Some(wishes) } {
        Some(wishes) => wishes,
        None => return give_up(),
    };
    let project = match Project::plan(&args.folder, &wishes) {
        Ok(project) => project,
        Err(message) => return refuse(&message),
    };
    output::say(&project.describe(args.force));
    let blocked = project.blocked();
    if !blocked.is_empty() && !args.force {
        output::complain("error: what is there is not replaced; nothing was written\n  help: `--force` replaces it\n");
        return Exit::Findings;
    }
    if args.dry_run {
        return Exit::Well;
    }
    if asks && project.steps.iter().any(Step::writes) && !asking::agrees() {
        return give_up();
    }
    match project.write(args.force) {
        Ok(()) => {
            output::say(&project.next());
            Exit::Well
        }
        Err(message) => refuse(&message),
    }
}

fn refuse(message: &str) -> Exit {
    output::complain(&format!("error: {message}\n"));
    Exit::Usage
}

fn give_up() -> Exit {
    output::complain("nothing was written\n");
    Exit::Findings
}

/// The name of a folder as people call it.
fn name_of(folder: &Path) -> String {
    let whole = env::current_dir().map(|here| here.join(folder)).unwrap_or_else(|_| folder.to_path_buf());
    let whole = whole.canonicalize().unwrap_or(whole);
    whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

//! `completions`: what a shell needs to complete command lines, and the answers it gets afterwards.
//!
//! The script of a shell asks the program itself, so that names of pipelines, environments, runs and nodes are completed as
//! they are now. Invariant: whatever cannot be read completes to nothing; a completion never complains.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Args as Arguments, Command, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, ValueCompleter};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, PathCompleter};

use super::exit::Exit;
use super::load::split_name;
use super::output;
use crate::adapters::journal::SqliteJournal;
use crate::adapters::program_files;
use crate::adapters::state::StateFolder;
use crate::analysis::analyze;
use crate::base::source::Sources;
use crate::model::program::Program;
use crate::report::plan::structure::triggers_of;

/// Set by the scripts of the shells when they ask.
const QUESTION: &str = "PHASEGATE_COMPLETE";
const PROGRAM: &str = "phasegate";

/// Prints what makes a shell complete commands, options, pipelines, environments, runs and their nodes.
#[derive(Debug, Arguments)]
#[command(
    after_help = "bash:        phasegate completions bash > ~/.local/share/bash-completion/completions/phasegate\n\
zsh:         phasegate completions zsh > \"${fpath[1]}/_phasegate\"\n\
fish:        phasegate completions fish > ~/.config/fish/completions/phasegate.fish\n\
elvish:      eval (phasegate completions elvish | slurp)\n\
powershell:  phasegate completions powershell | Out-String | Invoke-Expression"
)]
pub struct Args {
    /// The shell; the one that is running when left out.
    #[arg(value_enum)]
    shell: Option<Shell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

pub fn run(args: Args) -> Exit {
    let Some(shell) = args.shell.or_else(running_shell) else {
        output::complain("error: it is not known which shell this is: name it, as `phasegate completions bash`\n");
        return Exit::Usage;
    };
    let name = shell.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let written = shells
        .completer(&name)
        .map(|completer| completer.write_registration(QUESTION, PROGRAM, PROGRAM, PROGRAM, &mut script));
    match written {
        Some(Ok(())) => {
            output::hand_over(&script);
            Exit::Well
        }
        _ => {
            output::complain(&format!("error: there are no completions for {name}\n"));
            Exit::Usage
        }
    }
}

fn running_shell() -> Option<Shell> {
    let path = env::var_os("SHELL")?;
    Shell::from_str(Path::new(&path).file_stem()?.to_str()?, true).ok()
}

/// The answer to a shell that asks; none when this is an ordinary call.
pub fn answer(command: fn() -> Command, arguments: &[OsString]) -> Option<Exit> {
    env::var_os(QUESTION)?;
    let here = env::current_dir().ok();
    let environment = CompleteEnv::with_factory(|| with_names(command())).var(QUESTION).bin(PROGRAM).completer(PROGRAM);
    match environment.try_complete(arguments.iter().cloned(), here.as_deref()) {
        Ok(true) => Some(Exit::Well),
        Ok(false) => None,
        // A shell that asks has nowhere to show what went wrong.
        Err(_) => Some(Exit::Usage),
    }
}

/// What an argument may be, from its beginning.
type Complete = fn(&OsStr) -> Vec<CompletionCandidate>;

/// The command line, with what its arguments may be now.
fn with_names(command: Command) -> Command {
    let given: [(&str, &str, Complete); 20] = [
        ("plan", "program", programs),
        ("plan", "environment", environments),
        ("plan", "set", parameters),
        ("run", "program", programs),
        ("run", "environment", environments),
        ("run", "set", parameters),
        ("simulate", "program", programs),
        ("simulate", "environment", environments),
        ("simulate", "set", parameters),
        ("status", "run", runs),
        ("logs", "run", runs),
        ("approve", "run", runs),
        ("pause", "run", runs),
        ("resume", "run", runs),
        ("abort", "run", runs),
        ("rollback", "run", runs),
        ("replay", "run", runs),
        ("bundle", "run", runs),
        ("why", "run", runs),
        ("resolve", "run", runs),
    ];
    let nodes = ["why", "resolve", "logs"].map(|name| (name, "node", nodes as Complete));
    given.into_iter().chain(nodes).fold(command, |command, (name, argument, complete)| {
        command.mut_subcommand(name, |subcommand| {
            let is_there = subcommand.get_arguments().any(|own| own.get_id() == argument);
            if !is_there {
                return subcommand;
            }
            subcommand.mut_arg(argument, |own| own.add(ArgValueCompleter::new(complete)))
        })
    })
}

/// Programs and folders; behind a colon the pipelines of one.
fn programs(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    if let Some((file, begun)) = text.split_once(".deploy:") {
        let file = format!("{file}.deploy");
        let pipelines = read(&file).map(|program| program.pipelines.into_keys().collect::<Vec<_>>());
        let fitting = pipelines.unwrap_or_default().into_iter().filter(|name| name.starts_with(begun));
        return fitting.map(|name| CompletionCandidate::new(format!("{file}:{name}"))).collect();
    }
    PathCompleter::any()
        .filter(|path| path.is_dir() || path.extension().is_some_and(|own| own == "deploy"))
        .complete(current)
}

fn environments(current: &OsStr) -> Vec<CompletionCandidate> {
    let names = chosen_program().map(|(program, _)| program.environments.into_keys().collect::<Vec<_>>());
    beginning(current, names.unwrap_or_default())
}

/// `version=`, for what comes behind it is anybody's.
fn parameters(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some((program, chosen)) = chosen_program() else { return Vec::new() };
    let pipelines =
        program.pipelines.values().filter(|pipeline| chosen.as_ref().is_none_or(|name| pipeline.name == *name));
    let names: BTreeSet<String> =
        pipelines.flat_map(|pipeline| pipeline.params().map(|(_, param)| format!("{}=", param.name))).collect();
    beginning(current, names)
}

/// The latest first.
fn runs(current: &OsStr) -> Vec<CompletionCandidate> {
    let runs = StateFolder::from_environment().runs().unwrap_or_default();
    let ids = runs.iter().rev().map(|run| run.id().to_owned());
    let candidates = beginning(current, ids);
    (0..).zip(candidates).map(|(place, candidate)| candidate.display_order(Some(place))).collect()
}

/// Of the run that is named before.
fn nodes(current: &OsStr) -> Vec<CompletionCandidate> {
    let words = words();
    let names = words.iter().skip(2).find_map(|word| {
        let run = StateFolder::from_environment().find(word).ok()?;
        let plan = SqliteJournal::read(&run.journal()).ok()?.plan().ok()?;
        let nodes = plan.nodes.iter().map(|node| node.id.clone());
        Some(nodes.chain(triggers_of(&plan).into_iter().map(|(_, trigger)| trigger.id.clone())).collect::<Vec<_>>())
    });
    beginning(current, names.unwrap_or_default())
}

fn beginning(current: &OsStr, names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let begun = current.to_string_lossy();
    names.into_iter().filter(|name| name.starts_with(&*begun)).map(CompletionCandidate::new).collect()
}

/// The words of the line that is completed: behind the first `--` of what the shell asks with.
fn words() -> Vec<String> {
    let arguments = env::args_os().map(|word| word.to_string_lossy().into_owned());
    arguments.skip_while(|word| word != "--").skip(1).collect()
}

/// The program that the line names, and the pipeline behind it.
fn chosen_program() -> Option<(Program, Option<String>)> {
    words().iter().find_map(|word| {
        let (file, pipeline) = split_name(word);
        let named = file.ends_with(".deploy").then(|| read(file)).flatten()?;
        Some((named, pipeline.map(str::to_owned)))
    })
}

fn read(file: &str) -> Option<Program> {
    let mut read = |path: &str| program_files::read(Path::new(path));
    analyze(&mut read, file, &mut Sources::default()).ok().map(|analysis| analysis.program)
}

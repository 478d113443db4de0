//! `switch`: kill switches by hand. A turn is a run like any other: checked, journaled, resumed.

use std::path::{Path, PathBuf};

use clap::{Args as Arguments, Subcommand};
use serde_json::json;

use super::by_hand::Format;
use super::exit::Exit;
use super::runs::Format as RunFormat;
use super::{load, output, runs};
use crate::adapters::program_files;
use crate::adapters::state::StateFolder;
use crate::adapters::switches::Switches;
use crate::contract::switch::{Standing, SwitchName, SwitchRecord};
use crate::plan::Turn;
use crate::session::executor;
use crate::session::refusal::Refusal;
use crate::session::start;

/// Lists, trips and resets kill switches by hand.
#[derive(Debug, Arguments)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// How the kill switches stand: those that were ever turned, and those that the programs declare.
    List {
        /// Programs, or folders with programs.
        #[arg(value_name = "PATH")]
        programs: Vec<PathBuf>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Trips a kill switch: runs its `on` steps, unless it is tripped already.
    Trip(Turned),
    /// Resets a kill switch: runs its `off` steps, unless it is at rest.
    Reset(Turned),
}

#[derive(Debug, Arguments)]
struct Turned {
    /// The kill switch; the program that declares it may stand before it. Without, the programs in this folder are
    /// searched.
    #[arg(value_name = "[FILE:]SWITCH")]
    switch: String,

    /// The environment; a single one need not be named.
    #[arg(long = "env", value_name = "ENV")]
    environment: Option<String>,

    /// Why, for the record: people read it at night.
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    reason: String,

    /// Who turns it; else who is logged in here.
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,

    #[arg(long, value_enum, default_value_t = RunFormat::Text)]
    format: RunFormat,
}

pub fn run(args: Args) -> Exit {
    match args.action {
        Action::List { programs, format } => list(&programs, format),
        Action::Trip(turned) => turn(&turned, true),
        Action::Reset(turned) => turn(&turned, false),
    }
}

fn turn(turned: &Turned, on: bool) -> Exit {
    let (source, switch) = match load::split_name(&turned.switch) {
        (file, Some(switch)) => (file.to_owned(), switch),
        (switch, None) => match declaring(switch) {
            Ok(file) => (file, switch),
            Err(refusal) => return runs::refuse(&refusal),
        },
    };
    let wanted = Turn { switch, on, reason: turned.reason.trim() };
    let plan = match load::turn(&source, &wanted, turned.environment.as_deref()) {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let name = SwitchName { switch: switch.to_owned(), environment: plan.environment.clone() };
    let options = runs::options(turned.format, turned.actor.as_deref());
    let switches = Switches::at(options.state.switches());
    let exit = match executor::wait_for(start::start(plan, options)) {
        Ok(Ok(finished)) => runs::conclude(&finished, turned.format),
        Ok(Err(refusal)) => return runs::refuse(&refusal),
        Err(problem) => return runs::refuse(&Refusal::new(problem)),
    };
    if turned.format == RunFormat::Text {
        match switches.record(&name) {
            Ok(record) => output::say(&format!("{}\n", line(&name, record.as_ref()))),
            Err(problem) => output::complain(&format!("error: {problem}\n")),
        }
    }
    exit
}

/// The one program of this folder that declares the switch.
fn declaring(switch: &str) -> Result<String, Refusal> {
    let (files, complaints) = program_files::find(&[PathBuf::from(".")]);
    complaints.iter().for_each(|complaint| output::complain(&format!("warning: {complaint}\n")));
    let declares = |file: &&PathBuf| declared_in(file).iter().any(|name| name == switch);
    let found: Vec<String> = files.iter().filter(declares).map(|file| file.display().to_string()).collect();
    match found.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(Refusal::usage(format!("no program in this folder declares a kill switch `{switch}`"))
            .help(format!("name the program: FILE:{switch}"))),
        several => Err(Refusal::usage(format!("several programs in this folder declare a kill switch `{switch}`"))
            .details(several.to_vec())
            .help(format!("name the program: FILE:{switch}"))),
    }
}

/// The kill switches that stand in this file itself.
fn declared_in(file: &Path) -> Vec<String> {
    let Ok(bytes) = program_files::read(file) else { return Vec::new() };
    load::killswitches(&file.display().to_string(), &bytes)
}

fn list(programs: &[PathBuf], format: Format) -> Exit {
    let records = match Switches::at(StateFolder::from_environment().switches()).all() {
        Ok(records) => records,
        Err(problem) => return runs::refuse(&Refusal::new(problem)),
    };
    let (files, complaints) = program_files::find(programs);
    complaints.iter().for_each(|complaint| output::complain(&format!("error: {complaint}\n")));
    let turned = |name: &String| records.iter().any(|record| record.name.switch == *name);
    let mut untouched: Vec<String> = files.iter().flat_map(|file| declared_in(file)).collect();
    untouched.retain(|name| !turned(name));
    untouched.sort();
    untouched.dedup();
    match format {
        Format::Json => output::say(&format!("{}\n", json!({ "switches": records, "never_turned": untouched }))),
        Format::Text => {
            let names = untouched.into_iter().map(|switch| SwitchName { switch, environment: None });
            let lines = records.iter().map(|record| line(&record.name, Some(record)));
            let lines: Vec<String> = lines.chain(names.map(|name| line(&name, None))).collect();
            let text =
                if lines.is_empty() { "no kill switch was ever turned here".to_owned() } else { lines.join("\n") };
            output::say(&format!("{text}\n"));
        }
    }
    if complaints.is_empty() { Exit::Well } else { Exit::Usage }
}

/// `basic_search in production is tripped since …, by ada@host: too slow (run …)`
fn line(name: &SwitchName, record: Option<&SwitchRecord>) -> String {
    let place = name.environment.as_ref().map_or_else(String::new, |environment| format!(" in {environment}"));
    let standing = record.map_or(Standing::AtRest, |record| record.standing).name();
    let told = record.map_or_else(String::new, |record| {
        let SwitchRecord { since, reason, actor, run, .. } = record;
        format!(" since {since}, by {actor}: {reason} (run {run})")
    });
    format!("{}{place} is {standing}{told}", name.switch)
}

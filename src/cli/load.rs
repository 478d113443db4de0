//! From a file on disk to a plan; no command, but what `plan` and `run` begin with.
//!
//! Invariant: whatever is wrong has been said on standard error when an [`Exit`] comes back.

use std::env;
use std::path::Path;

use clap::Args as Arguments;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

use super::exit::Exit;
use super::{output, terminal};
use crate::adapters::program_files;
use crate::analysis::analyze;
use crate::base::source::{SourceFile, Sources};
use crate::base::span::FileId;
use crate::model::program::Program;
use crate::plan::program::{PLAN_VERSION, Plan};
use crate::plan::request::{Cause, PlanError, PlanRequest, Surroundings};
use crate::plan::{Turn, build, build_turn, compare};
use crate::report::diagnostics::text;
use crate::report::plan::errors;
use crate::report::plan::json::{Origin, render_saved};
use crate::syntax::ast::ItemKind;
use crate::syntax::parse;

/// What is chosen of a program.
#[derive(Debug, Clone, Default, Arguments)]
pub struct Selection {
    /// The environment; a single one need not be named.
    #[arg(long = "env", value_name = "ENV")]
    pub environment: Option<String>,

    /// A parameter of the pipeline.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// A plan with what it was made from.
#[derive(Debug)]
pub struct LoadedPlan {
    pub plan: Plan,
    pub sources: Sources,
    /// The program's path as it was given.
    pub source: String,
    /// The parameters as they were given.
    pub set: IndexMap<String, String>,
}

impl LoadedPlan {
    /// The files that the plan was made from, name and text.
    #[must_use]
    pub fn program(&self) -> Vec<(String, String)> {
        let used = self.sources.iter().filter(|file| self.plan.inputs.program.contains_key(&file.name));
        used.map(|file| (file.name.clone(), file.text.clone())).collect()
    }
}

/// The plan of `FILE` or `FILE:NAME`. Paths that the program reads are relative to the working directory.
///
/// # Errors
/// The status to end with: findings in the program, or something that was asked for wrongly.
pub fn plan(program: &str, selection: &Selection) -> Result<LoadedPlan, Exit> {
    let set = parse_set(&selection.set)?;
    let (source, pipeline) = split_name(program);
    make(source, pipeline, selection.environment.as_deref(), set)
}

/// The plan that `plan --out` saved, made again: refused when it would be another one now, naming what changed.
///
/// # Errors
/// The status to end with.
pub fn saved(path: &Path) -> Result<LoadedPlan, Exit> {
    let complain = |message: &str, exit| {
        output::complain(&format!("error: {message}\n"));
        exit
    };
    let name = path.display();
    let saved = read_saved(path).map_err(|message| complain(&message, Exit::Usage))?;
    let environment = saved.plan.environment.as_deref();
    let loaded = make(&saved.source, Some(&saved.plan.pipeline), environment, saved.set.clone())?;
    let changes = compare(&saved.plan.inputs, &loaded.plan.inputs);
    if !changes.is_empty() {
        let message = format!("the plan in `{name}` no longer holds: {}", changes.join("; "));
        let help = "  help: look at what would happen now with `phasegate plan`, and save that\n";
        output::complain(&format!("error: {message}\n{help}"));
        return Err(Exit::Findings);
    }
    if !is_told(&saved, &loaded) {
        let message = format!("the plan in `{name}` was made by another version or changed by hand; make it again");
        return Err(complain(&message, Exit::Findings));
    }
    Ok(loaded)
}

/// Whether the file holds this plan and says of it what it does: whoever approves it reads that, and not the plan behind it.
fn is_told(saved: &Saved, loaded: &LoadedPlan) -> bool {
    let mut text = String::new();
    let origin = Origin { source: &saved.source, set: &loaded.set };
    render_saved(&loaded.plan, origin, &mut |piece| text.push_str(piece));
    serde_json::from_str::<Json>(&text).is_ok_and(|told| told == saved.whole)
}

/// The plan that `plan --out` saved, as it was then.
///
/// # Errors
/// Why there is none, for people.
pub fn saved_as_it_was(path: &Path) -> Result<Plan, String> {
    read_saved(path).map(|saved| saved.plan)
}

fn read_saved(path: &Path) -> Result<Saved, String> {
    let bytes = program_files::read(path)?;
    parse_saved(&bytes).map_err(|reason| format!("`{}` {reason}", path.display()))
}

#[derive(Deserialize)]
struct Saved {
    plan: Plan,
    source: String,
    set: IndexMap<String, String>,
    /// All that the file says.
    #[serde(skip)]
    whole: Json,
}

fn parse_saved(bytes: &[u8]) -> Result<Saved, String> {
    let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("is no saved plan: {error}"))?;
    let version = json.pointer("/plan/version").and_then(Json::as_u64);
    match version {
        Some(version) if version == u64::from(PLAN_VERSION) => {}
        Some(version) => {
            return Err(format!("has version {version} and this program reads {PLAN_VERSION}; make it again"));
        }
        None => return Err("is no saved plan: make one with `phasegate plan FILE --out FILE`".to_owned()),
    }
    let mut saved = Saved::deserialize(&json).map_err(|error| format!("is no saved plan: {error}"))?;
    saved.whole = json;
    if saved.plan.is_coherent() { Ok(saved) } else { Err("is damaged: make it again".to_owned()) }
}

/// The plan of a kill switch of `source` that is turned by hand.
///
/// # Errors
/// The status to end with.
pub fn turn(source: &str, turn: &Turn<'_>, environment: Option<&str>) -> Result<Plan, Exit> {
    let (program, sources) = checked(source)?;
    let request = PlanRequest { pipeline: None, environment, params: &IndexMap::new(), sources: &sources };
    build_turn(&program, turn, &request, &Disk).map_err(|errors| complain_of(&errors, &sources))
}

/// The kill switches that a file declares itself; what is wrong in it is nothing to say here.
pub fn killswitches(name: &str, bytes: &[u8]) -> Vec<String> {
    let source = SourceFile::from_bytes(FileId::default(), name, bytes);
    let file = parse(&source).file;
    let names = file.items().filter_map(|item| match &item.kind {
        ItemKind::KillSwitch(switch) => Some(switch.name.text.clone()),
        _ => None,
    });
    names.collect()
}

fn make(
    source: &str,
    pipeline: Option<&str>,
    environment: Option<&str>,
    set: IndexMap<String, String>,
) -> Result<LoadedPlan, Exit> {
    let (program, sources) = checked(source)?;
    let request = PlanRequest { pipeline, environment, params: &set, sources: &sources };
    match build(&program, &request, &Disk) {
        Ok(plan) => Ok(LoadedPlan { plan, sources, source: source.to_owned(), set }),
        Err(errors) => Err(complain_of(&errors, &sources)),
    }
}

/// A program without errors; whatever else is found in it is said.
fn checked(source: &str) -> Result<(Program, Sources), Exit> {
    let mut sources = Sources::default();
    let mut read = |path: &str| program_files::read(Path::new(path));
    let analysis = analyze(&mut read, source, &mut sources).map_err(|message| {
        output::complain(&format!("error: {message}\n"));
        Exit::Usage
    })?;
    let look = terminal::look();
    for diagnostic in &analysis.diagnostics {
        output::complain(&text::render(&sources, diagnostic, look));
    }
    if analysis.has_errors() { Err(Exit::Findings) } else { Ok((analysis.program, sources)) }
}

fn complain_of(errors: &[PlanError], sources: &Sources) -> Exit {
    for error in errors {
        output::complain(&errors::render(sources, error));
    }
    let by_program = errors.iter().any(|error| error.cause == Cause::Program);
    if by_program { Exit::Findings } else { Exit::Usage }
}

/// `FILE:NAME`, unless there is a file of just that name.
pub fn split_name(program: &str) -> (&str, Option<&str>) {
    let is_name = |name: &str| {
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    match program.rsplit_once(':') {
        Some((file, name)) if is_name(name) && !file.is_empty() && !Path::new(program).exists() => (file, Some(name)),
        _ => (program, None),
    }
}

pub fn parse_set(given: &[String]) -> Result<IndexMap<String, String>, Exit> {
    let mut set = IndexMap::new();
    for text in given {
        let problem = match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                let again = set.insert(name.trim().to_owned(), value.to_owned()).is_some();
                again.then(|| format!("parameter `{}` is set twice", name.trim()))
            }
            _ => Some(format!("`--set {text}` sets nothing; write `--set name=value`")),
        };
        if let Some(problem) = problem {
            output::complain(&format!("error: {problem}\n"));
            return Err(Exit::Usage);
        }
    }
    Ok(set)
}

/// The files and variables of this process.
pub struct Disk;

impl Surroundings for Disk {
    fn read_file(&self, path: &str) -> Result<String, String> {
        let bytes = program_files::read(Path::new(path))?;
        String::from_utf8(bytes)
            .map_err(|error| format!("`{path}` is no text: byte {} is not UTF-8", error.utf8_error().valid_up_to()))
    }

    fn env_var(&self, name: &str) -> Result<Option<String>, String> {
        match env::var(name) {
            Ok(content) => Ok(Some(content)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err("it is no UTF-8 text".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PLAN_VERSION, parse_saved, parse_set, split_name};
    use crate::cli::exit::Exit;

    #[test]
    fn a_name_behind_the_file_is_a_pipeline() {
        assert_eq!(split_name("a.deploy"), ("a.deploy", None));
        assert_eq!(split_name("a.deploy:release"), ("a.deploy", Some("release")));
        assert_eq!(split_name("C:\\a.deploy"), ("C:\\a.deploy", None));
        assert_eq!(split_name(":x"), (":x", None));
    }

    #[test]
    fn settings_have_a_name_and_a_value() {
        let set = |given: &[&str]| parse_set(&given.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            set(&["a=1=2", "b="]).map(|set| set.into_iter().collect::<Vec<_>>()),
            Ok(vec![("a".to_owned(), "1=2".to_owned()), ("b".to_owned(), String::new())])
        );
        assert_eq!(set(&["a"]), Err(Exit::Usage));
        assert_eq!(set(&["=1"]), Err(Exit::Usage));
        assert_eq!(set(&["a=1", "a=2"]), Err(Exit::Usage));
    }

    #[test]
    fn what_is_no_saved_plan_is_told_so() {
        let told = |text: &str| parse_saved(text.as_bytes()).map(|_| ()).unwrap_err();
        assert!(told("{").starts_with("is no saved plan: "));
        assert!(told("{}").starts_with("is no saved plan: make one"));
        assert!(told("{\"plan\":{\"version\":999}}").starts_with("has version 999"));
        assert!(told(&format!("{{\"plan\":{{\"version\":{PLAN_VERSION}}}}}")).starts_with("is no saved plan: "));
    }
}

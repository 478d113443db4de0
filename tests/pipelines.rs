//! The programs in `pipelines/`: no finding in any of them, one style, and a plan of every pipeline in every environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use phasegate::analysis::{Analysis, analyze};
use phasegate::base::source::{SourceFile, Sources};
use phasegate::format::format;
use phasegate::model::program::{LocalKind, Program};
use phasegate::plan::build;
use phasegate::plan::program::Plan;
use phasegate::plan::request::{PlanRequest, Surroundings};

/// The five systems, and how many pipelines each has at least.
const PROGRAMS: [(&str, usize); 4] = [("cqvr", 9), ("search", 9), ("chat", 5), ("mobius", 4)];

/// What parameters without a default are given.
const GIVEN: [(&str, &str); 3] = [("version", "2.0.0"), ("reason", "too slow"), ("archive", "backups/1.tar.zst")];

#[test]
fn every_program_checks_without_a_finding_on_its_own() {
    let mut findings = Vec::new();
    for path in programs() {
        let (_, analysis) = checked(&path);
        findings.extend(analysis.diagnostics.iter().map(|finding| format!("{}: {}", path.display(), finding.message)));
        for allowed in &analysis.allowed {
            assert!(allowed.reason.len() > 10, "{}: an `allow` without a reason", path.display());
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_program_is_formatted() {
    for path in programs() {
        let text = fs::read_to_string(&path).expect("one of the programs");
        let mut sources = Sources::default();
        let id = sources.add(|id| SourceFile::new(id, path.display().to_string(), text.clone()));
        let formatted = format(sources.get(id).expect("it was just added")).expect("it can be formatted");
        assert!(formatted.text.is_none(), "{}: run `phasegate fmt pipelines`", path.display());
    }
}

#[test]
fn every_pipeline_is_planned_in_every_environment() {
    let mut planned: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for path in programs() {
        let (sources, analysis) = checked(&path);
        let program = &analysis.program;
        for pipeline in program.pipelines.keys() {
            for environment in environments(program) {
                let here = format!("{}:{pipeline} in {}", path.display(), environment.as_deref().unwrap_or("nothing"));
                match plan_of(program, &sources, pipeline, environment.as_deref()) {
                    Ok(plan) => assert!(!plan.nodes.is_empty(), "{here}: an empty plan"),
                    Err(messages) => faults.push(format!("{here}: {}", messages.join("; "))),
                }
            }
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        planned.insert(name.to_owned(), program.pipelines.len());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for (name, least) in PROGRAMS {
        assert!(planned.get(name).is_some_and(|count| *count >= least), "{name}: {:?} pipelines", planned.get(name));
    }
}

#[test]
fn every_program_tests_good_runs_triggers_and_undos() {
    for (name, _) in PROGRAMS {
        let text = fs::read_to_string(folder().join(format!("{name}.deploy"))).expect("one of the programs");
        let tests = text.lines().filter(|line| line.starts_with("test \"")).count();
        assert!(tests >= 12, "{name}: {tests} tests");
        assert!(text.contains("expect outcome succeeded"), "{name}: no test of a good run");
        assert!(text.contains("expect outcome rolled_back because"), "{name}: no test of a trigger");
        assert!(text.contains("expect undone"), "{name}: no test of an undo");
    }
}

fn plan_of(
    program: &Program,
    sources: &Sources,
    pipeline: &str,
    environment: Option<&str>,
) -> Result<Plan, Vec<String>> {
    let wanted = program.pipelines[pipeline].params().filter_map(|(_, param)| match &param.kind {
        LocalKind::Param(None) => GIVEN.iter().find(|(name, _)| *name == param.name),
        _ => None,
    });
    let params: IndexMap<String, String> =
        wanted.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = PlanRequest { pipeline: Some(pipeline), environment, params: &params, sources };
    build(program, &request, &Repository).map_err(|errors| errors.into_iter().map(|error| error.message).collect())
}

fn environments(program: &Program) -> Vec<Option<String>> {
    if program.environments.is_empty() { vec![None] } else { program.environments.keys().cloned().map(Some).collect() }
}

fn checked(path: &Path) -> (Sources, Analysis) {
    let mut sources = Sources::default();
    let mut read = |path: &str| fs::read(path).map_err(|error| error.to_string());
    let root = path.to_str().expect("a path of this repository is text");
    let analysis = analyze(&mut read, root, &mut sources).expect("the program can be read");
    (sources, analysis)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines")
}

fn programs() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder is part of the sources");
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "deploy")).collect();
    paths.sort();
    paths
}

/// Files below the root of the repository; no environment variables.
struct Repository;

impl Surroundings for Repository {
    fn read_file(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).map_err(|error| format!("{path}: {error}"))
    }

    fn env_var(&self, _name: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

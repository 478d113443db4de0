//! `test`: runs the `test` blocks of programs in virtual time.

use std::path::{Path, PathBuf};

use clap::{Args as Arguments, ValueEnum};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use serde_json::json;

use super::exit::Exit;
use super::{output, terminal};
use crate::adapters::program_files;
use crate::analysis::{Analysis, analyze};
use crate::base::diagnostic::Severity;
use crate::base::source::Sources;
use crate::model::scenario::Test;
use crate::report::diagnostics;
use crate::report::tests::coverage::{Coverage, Share};
use crate::report::tests::junit::Broken;
use crate::report::tests::{Tested, json, junit, text};
use crate::sim::coverage::{self, Kind, Reached};
use crate::sim::given::{Recordings, recordings_of};
use crate::sim::trial::{self, Trial};
use crate::steps::registry;

/// Runs the tests of programs, in virtual time and without touching anything.
#[derive(Debug, Arguments)]
pub struct Args {
    /// Files, and folders that are walked for `.deploy` files.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Only tests whose title holds this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Says which gates, triggers and undo paths no test has seen.
    #[arg(long)]
    coverage: bool,

    /// Fails when fewer of them, in percent, are seen.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each test, and a time line for each that failed.
    Text,
    /// One object, for programs.
    Json,
    /// For build servers.
    Junit,
}

/// A file with its program and the recordings that its tests read.
struct Loaded {
    name: String,
    sources: Sources,
    analysis: Analysis,
    recordings: Recordings,
}

pub fn run(args: Args) -> Exit {
    let (files, complaints) = program_files::find(&args.paths);
    let loaded: Vec<Result<Loaded, String>> = files.par_iter().map(|path| load(path)).collect();
    let unreadable: Vec<&String> =
        complaints.iter().chain(loaded.iter().filter_map(|loaded| loaded.as_ref().err())).collect();
    for complaint in &unreadable {
        output::complain(&format!("error: {complaint}\n"));
    }
    let programs: Vec<&Loaded> = loaded.iter().filter_map(|loaded| loaded.as_ref().ok()).collect();
    let (broken, sound): (Vec<&Loaded>, Vec<&Loaded>) =
        programs.into_iter().partition(|loaded| loaded.analysis.has_errors());
    broken.iter().for_each(|loaded| show_errors(loaded));
    let chosen: Vec<(&Loaded, &Test)> =
        sound.iter().flat_map(|loaded| chosen(loaded, args.filter.as_deref())).collect();
    let real = registry();
    let is_covered = args.coverage || args.min_coverage.is_some();
    let (trials, reached): (Vec<Trial>, Vec<Reached>) = chosen
        .par_iter()
        .map(|(loaded, test)| {
            let trial = trial::run(&loaded.analysis.program, test, &real, &loaded.recordings);
            let reached = if is_covered { reached(loaded, test, &trial) } else { Reached::new() };
            (trial, reached)
        })
        .unzip();
    let tests: Vec<Tested<'_>> =
        chosen.iter().zip(&trials).map(|((loaded, test), trial)| tested(loaded, test, trial)).collect();
    let covered = if is_covered { cover(&sound, &chosen, &reached) } else { Vec::new() };
    show(&args, &tests, &covered, &broken.iter().map(|loaded| first_error(loaded)).collect::<Vec<_>>());
    if tests.is_empty() && unreadable.is_empty() && broken.is_empty() {
        say_none(&args, sound.len());
    }
    let failed = tests.iter().any(|tested| !tested.passed()) | is_too_little(&args, &covered);
    match (unreadable.is_empty(), failed || !broken.is_empty()) {
        (false, _) => Exit::Usage,
        (true, true) => Exit::Findings,
        (true, false) => Exit::Well,
    }
}

fn load(path: &Path) -> Result<Loaded, String> {
    let name = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let mut sources = Sources::default();
    let mut read = |asked: &str| program_files::read(Path::new(asked));
    let analysis = analyze(&mut read, &name, &mut sources)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut recordings = Recordings::new();
    for recording in analysis.program.tests.iter().flat_map(recordings_of) {
        recordings.entry(recording).or_insert_with_key(|recording| read_text(&folder.join(recording)));
    }
    Ok(Loaded { name, sources, analysis, recordings })
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = program_files::read(path)?;
    String::from_utf8(bytes).map_err(|_| format!("`{}` is no text", path.display()))
}

fn show_errors(loaded: &Loaded) {
    let look = terminal::look();
    for diagnostic in &loaded.analysis.diagnostics {
        output::complain(&diagnostics::text::render(&loaded.sources, diagnostic, look));
    }
}

fn first_error(loaded: &Loaded) -> Broken<'_> {
    let errors = &loaded.analysis.diagnostics;
    let first = errors.iter().find(|diagnostic| diagnostic.severity() == Severity::Error);
    let problem = first.map_or_else(String::new, |first| {
        let file = loaded.sources.get(first.at.file);
        let line = file.map_or(0, |file| file.line_column(first.at.span.start as usize).line);
        let name = file.map_or(loaded.name.as_str(), |file| file.name.as_str());
        format!("{name}:{line}: {}: {}", first.code.id(), first.message)
    });
    Broken { file: &loaded.name, problem }
}

fn chosen<'l>(loaded: &'l Loaded, filter: Option<&str>) -> Vec<(&'l Loaded, &'l Test)> {
    let tests = loaded.analysis.program.tests.iter();
    tests.filter(|test| filter.is_none_or(|filter| test.title.contains(filter))).map(|test| (loaded, test)).collect()
}

fn tested<'a>(loaded: &'a Loaded, test: &'a Test, trial: &'a Trial) -> Tested<'a> {
    Tested { file: &loaded.name, title: &test.title, at: test.at, sources: &loaded.sources, trial }
}

/// What a test has reached.
fn reached(loaded: &Loaded, test: &Test, trial: &Trial) -> Reached {
    let pipeline = loaded.analysis.program.launched(&test.launch.pipeline);
    trial.story.as_ref().map(|story| coverage::reached(pipeline, story)).unwrap_or_default()
}

/// What the tests of each file have reached; a file without pipelines has nothing to reach.
fn cover<'l>(sound: &[&'l Loaded], chosen: &[(&Loaded, &Test)], reached: &[Reached]) -> Vec<Coverage<'l>> {
    let covered = sound.iter().map(|loaded| {
        let program = &loaded.analysis.program;
        let own = chosen.iter().zip(reached).filter(|((other, _), _)| std::ptr::eq(*other, *loaded));
        let reached = own.flat_map(|(_, reached)| reached).copied().collect();
        let untested =
            loaded.analysis.untested.iter().map(|untested| (untested.at, untested.reason.as_str())).collect();
        Coverage { file: &loaded.name, sources: &loaded.sources, points: coverage::points(program), reached, untested }
    });
    covered.filter(|covered| !covered.points.is_empty()).collect()
}

fn share(covered: &[Coverage<'_>]) -> Share {
    covered.iter().map(|covered| covered.share(Kind::counts)).fold(Share::default(), Share::plus)
}

fn is_too_little(args: &Args, covered: &[Coverage<'_>]) -> bool {
    let Some(least) = args.min_coverage else { return false };
    let percent = share(covered).percent();
    let is_too_little = percent < f64::from(least);
    if is_too_little {
        let message =
            format!("error: the tests see {percent:.1}% of gates, triggers and undo paths, less than {least}%\n");
        output::complain(&message);
    }
    is_too_little
}

fn show(args: &Args, tests: &[Tested<'_>], covered: &[Coverage<'_>], broken: &[Broken<'_>]) {
    match args.format {
        Format::Json => {
            let mut whole = json!({ "tests": tests.iter().map(json::to_json).collect::<Vec<_>>() });
            if !covered.is_empty() {
                whole["coverage"] = covered.iter().map(Coverage::to_json).collect();
            }
            output::say(&format!("{whole}\n"));
        }
        Format::Junit => output::say(&junit::render(tests, broken)),
        Format::Text => {
            show_text(tests);
            covered.iter().for_each(|covered| output::say(&format!("\n{}", covered.to_text())));
        }
    }
}

fn show_text(tests: &[Tested<'_>]) {
    let look = terminal::look();
    let mut file = None;
    for tested in tests {
        if file != Some(tested.file) {
            let gap = if file.is_some() { "\n" } else { "" };
            output::say(&format!("{gap}{}\n", tested.file));
            file = Some(tested.file);
        }
        output::say(&text::render(tested, look));
    }
    if !tests.is_empty() {
        let failed = tests.iter().filter(|tested| !tested.passed()).count();
        output::say(&format!("\n{}", text::render_summary(tests.len() - failed, failed)));
    }
}

fn say_none(args: &Args, programs: usize) {
    let message = match (&args.filter, programs) {
        (_, 0) => "no `.deploy` files here".to_owned(),
        (Some(filter), _) => format!("no test whose title holds `{filter}`"),
        (None, _) => "no test: write one as `test \"title\" { run … given … expect … }`".to_owned(),
    };
    output::complain(&format!("warning: {message}\n"));
}

//! From files on disk to a setup. Whatever is wrong has been said on standard error when an [`Exit`] comes back.
//!
//! The `given` lines of a model are read by the checker itself: they are put behind the program's text as the body of a test.
//! What it finds there is told with the place in the model.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;

use super::super::exit::Exit;
use super::super::load::{self, Disk, Selection};
use super::super::{output, terminal};
use crate::adapters::program_files;
use crate::analysis::{Analysis, analyze};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::{FileId, Location, Span};
use crate::base::time::Timestamp;
use crate::model::scenario::Test;
use crate::plan::request::{Cause, PlanError, PlanRequest};
use crate::report::diagnostics::text;
use crate::report::plan::errors;
use crate::sim::given::{Recordings as GivenRecordings, recordings_of};
use crate::sim::simulate::recordings::{self, Ending, Recordings};
use crate::sim::simulate::wording::{Chance, split};
use crate::sim::simulate::{Approvals, Complaint, Setup, Wanted as Wishes, prepare};

/// No title of a test that people write.
const TITLE: &str = "\\u{0}the model of a simulation";

/// What was asked for.
pub struct Wanted<'a> {
    pub source: &'a str,
    pub pipeline: Option<&'a str>,
    pub selection: &'a Selection,
    pub recordings: &'a [PathBuf],
    pub models: &'a [PathBuf],
    /// `api.p95=normal(200ms, 20ms)`
    pub lines: &'a [String],
}

pub struct Settings {
    pub ending: Ending,
    pub start: Option<Timestamp>,
    pub approvals: Approvals,
    pub seed: u64,
    pub shift_at: Option<Duration>,
}

/// A model's text, and where it stands behind the program's.
struct Part {
    name: String,
    text: String,
    /// In the text that is checked.
    begin: usize,
    chances: Vec<Chance>,
}

pub struct Loaded {
    analysis: Analysis,
    sources: Sources,
    parts: Vec<Part>,
    set: IndexMap<String, String>,
    recordings: Recordings,
    files: GivenRecordings,
    /// The model's lines that a test could have.
    given: Option<Test>,
}

impl Loaded {
    pub fn read(wanted: &Wanted<'_>) -> Result<Self, Exit> {
        let set = load::parse_set(&wanted.selection.set)?;
        let mut parts = read_parts(wanted)?;
        let program = program_files::read(Path::new(wanted.source)).map_err(|message| refuse(&message))?;
        let launched = wanted.pipeline.map(str::to_owned).or_else(|| only_pipeline(wanted.source, &program));
        let (combined, body) = combine(program, launched.as_deref(), wanted, &mut parts);
        let mut sources = Sources::default();
        let mut read = |path: &str| {
            if path == wanted.source { Ok(combined.clone()) } else { program_files::read(Path::new(path)) }
        };
        let mut analysis = analyze(&mut read, wanted.source, &mut sources).map_err(|message| refuse(&message))?;
        if let Some(exit) = tell(&analysis, &sources, (&parts, body)) {
            return Err(exit);
        }
        let is_model = |test: &Test| test.title.starts_with('\0');
        let given = analysis.program.tests.iter().position(is_model).map(|at| analysis.program.tests.remove(at));
        let recordings = read_recordings(wanted.recordings, &analysis)?;
        let folder = wanted.models.first().map_or(Path::new(wanted.source), PathBuf::as_path);
        let folder = folder.parent().unwrap_or(Path::new(""));
        let mut files = GivenRecordings::new();
        for path in given.iter().flat_map(recordings_of) {
            files.entry(path).or_insert_with_key(|path| read_text(&folder.join(path)));
        }
        Ok(Self { analysis, sources, parts, set, recordings, files, given })
    }

    pub fn prepare(self, wanted: &Wanted<'_>, settings: Settings) -> Result<Setup, Exit> {
        let environment = wanted.selection.environment.as_deref();
        let request = PlanRequest { pipeline: wanted.pipeline, environment, params: &self.set, sources: &self.sources };
        let chances: Vec<Chance> = self.parts.iter().flat_map(|part| part.chances.iter().cloned()).collect();
        let wishes = Wishes {
            given: self.given.as_ref(),
            chances: &chances,
            recordings: self.recordings,
            files: &self.files,
            ending: settings.ending,
            start: settings.start,
            approvals: settings.approvals,
            seed: settings.seed,
            shift_at: settings.shift_at,
        };
        prepare(&self.analysis.program, &request, wishes, &Disk).map_err(|complaints| {
            let by_program =
                |complaint: &Complaint| matches!(complaint, Complaint::Plan(error) if error.cause == Cause::Program);
            let by_program = complaints.iter().any(by_program);
            for complaint in complaints {
                output::complain(&words(complaint, &self.parts, &self.sources));
            }
            if by_program { Exit::Findings } else { Exit::Usage }
        })
    }
}

fn refuse(message: &str) -> Exit {
    output::complain(&format!("error: {message}\n"));
    Exit::Usage
}

fn read_parts(wanted: &Wanted<'_>) -> Result<Vec<Part>, Exit> {
    let mut parts = Vec::new();
    for path in wanted.models {
        let text = read_text(path).map_err(|message| refuse(&message))?;
        parts.push(part(path.display().to_string(), text.trim_start_matches('\u{feff}').to_owned()));
    }
    for line in wanted.lines {
        let Some((metric, model)) = line.split_once('=') else {
            return Err(refuse(&format!(
                "`--metric {line}` says nothing; write `--metric 'group.metric=normal(200ms, 20ms)'`"
            )));
        };
        parts.push(part("--metric".to_owned(), format!("given {} = {}", metric.trim(), model.trim())));
    }
    Ok(parts)
}

fn part(name: String, text: String) -> Part {
    let (chances, _) = split(&text);
    Part { name, text, begin: 0, chances }
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = program_files::read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        format!("`{}` is no text: byte {} is not UTF-8", path.display(), error.utf8_error().valid_up_to())
    })
}

/// Of a program with one pipeline its name.
fn only_pipeline(source: &str, bytes: &[u8]) -> Option<String> {
    let file = SourceFile::from_bytes(FileId::default(), source, bytes);
    let parsed = crate::syntax::parse(&file);
    let mut names = parsed.file.items().filter_map(|item| match &item.kind {
        crate::syntax::ast::ItemKind::Pipeline(pipeline) => Some(pipeline.name.text.clone()),
        _ => None,
    });
    let first = names.next()?;
    names.next().is_none().then_some(first)
}

/// The program with the models behind it, and where they begin. The program alone when there is none, or nothing that they
/// could be for.
fn combine(program: Vec<u8>, pipeline: Option<&str>, wanted: &Wanted<'_>, parts: &mut [Part]) -> (Vec<u8>, usize) {
    let Some(pipeline) = pipeline.filter(|_| !parts.is_empty()) else {
        let length = program.len();
        return (program, length);
    };
    let mut combined = program;
    let body = combined.len();
    let environment = wanted.selection.environment.as_ref().map_or(String::new(), |name| format!(" in {name}"));
    combined.extend(format!("\ntest \"{TITLE}\" {{\nrun {pipeline}(){environment}\n").into_bytes());
    for part in parts {
        part.begin = combined.len();
        combined.extend(split(&part.text).1.into_bytes());
        combined.push(b'\n');
    }
    combined.extend(b"}\n");
    (combined, body)
}

/// Says what is wrong in program and models. An error in the program is a finding; one in a model was asked for wrongly.
fn tell(analysis: &Analysis, sources: &Sources, (parts, body): (&[Part], usize)) -> Option<Exit> {
    let look = terminal::look();
    let root = analysis.files.first().copied().unwrap_or_default();
    let mut exit = None;
    for diagnostic in &analysis.diagnostics {
        let start = diagnostic.at.span.start as usize;
        if diagnostic.at.file != root || start < body {
            if diagnostic.severity() == Severity::Error {
                exit = Some(Exit::Findings);
            }
            output::complain(&text::render(sources, diagnostic, look));
        } else if let Some(part) = part_at(parts, start) {
            if diagnostic.severity() == Severity::Error {
                exit = exit.or(Some(Exit::Usage));
            }
            let (own, moved) = in_part(part, diagnostic, sources);
            output::complain(&text::render(&own, &moved, look));
        }
        // What is between program and model nobody has written: parameters come by `--set`.
    }
    exit
}

fn part_at(parts: &[Part], offset: usize) -> Option<&Part> {
    parts.iter().find(|part| (part.begin..=part.begin + part.text.len()).contains(&offset) && part.begin > 0)
}

/// The same diagnostic with its place in the model.
fn in_part(part: &Part, diagnostic: &Diagnostic, sources: &Sources) -> (Sources, Diagnostic) {
    let mut own = Sources::default();
    for file in sources.iter() {
        own.add(|id| SourceFile::new(id, file.name.clone(), file.text.clone()));
    }
    let file = own.add(|id| SourceFile::new(id, part.name.clone(), part.text.clone()));
    let moved = |at: Location| {
        if at.file == diagnostic.at.file && at.span.start as usize >= part.begin {
            let place = |offset: u32| (offset as usize - part.begin).min(part.text.len());
            Location::new(file, Span::new(place(at.span.start), place(at.span.end.max(at.span.start))))
        } else {
            at
        }
    };
    let mut told = diagnostic.clone();
    told.at = moved(told.at);
    told.labels.iter_mut().for_each(|label| label.at = moved(label.at));
    told.fix = None;
    (own, told)
}

fn words(complaint: Complaint, parts: &[Part], sources: &Sources) -> String {
    match complaint {
        Complaint::Plan(error) => errors::render(sources, &error),
        Complaint::Given(failure) => match part_at(parts, failure.at.span.start as usize) {
            Some(part) => {
                let mut own = Sources::default();
                let file = own.add(|id| SourceFile::new(id, part.name.clone(), part.text.clone()));
                let place = |offset: u32| (offset as usize).saturating_sub(part.begin);
                let at = Location::new(file, Span::new(place(failure.at.span.start), place(failure.at.span.end)));
                errors::render(&own, &PlanError::usage(failure.message).at(at))
            }
            None => format!("error: {}\n", failure.message),
        },
        Complaint::Chance(place, fault) => {
            let mut before = 0;
            let part = parts.iter().find(|part| {
                before += part.chances.len();
                place < before
            });
            let mut own = Sources::default();
            let (name, text) = part.map_or(("model", ""), |part| (part.name.as_str(), part.text.as_str()));
            let file = own.add(|id| SourceFile::new(id, name, text));
            errors::render(&own, &PlanError::usage(fault.message).at(Location::new(file, fault.at)).help(fault.help))
        }
    }
}

fn read_recordings(paths: &[PathBuf], analysis: &Analysis) -> Result<Recordings, Exit> {
    let mut texts = Vec::new();
    for path in paths {
        texts.push((path.display().to_string(), read_text(path).map_err(|message| refuse(&message))?));
    }
    let files: Vec<recordings::File<'_>> = texts.iter().map(|(name, text)| recordings::File { name, text }).collect();
    recordings::read(&files, &analysis.program).map_err(|faults| {
        faults.iter().for_each(|fault| output::complain(&format!("error: {fault}\n")));
        Exit::Usage
    })
}

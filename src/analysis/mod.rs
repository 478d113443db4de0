//! Text to meaning: resolves names, checks types and units, runs the lints, builds the model. Pure.
//!
//! [`analyze`] always gives a program and all diagnostics of all files. Files come through a loader, so nothing here
//! touches a disk. What is in error is left out of the program or typed `Type::Error`, about which every later
//! rule is silent: one cause, one diagnostic. A program with errors must not be planned.

mod allows;
mod amounts;
mod arguments;
mod checker;
mod components;
mod composites;
mod conditions;
mod constants;
mod durations;
mod environments;
mod excerpt;
pub mod explain;
mod expressions;
pub mod fixes;
mod folded;
pub mod functions;
mod graph;
mod items;
pub mod lints;
mod literals;
mod load;
mod memory;
mod metrics;
pub mod names;
mod near;
mod operators;
mod phases;
mod pipelines;
mod queries;
mod quiet;
mod recall;
mod soundness;
mod statements;
pub mod stdlib;
mod steps;
mod symbols;
mod thresholds;
mod types;
mod unused;

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::source::Sources;
use crate::base::span::FileId;
use crate::model::program::Program;

use checker::Checker;
use load::Loader;
use memory::Run;
use names::Mentions;

pub use allows::{Allowed, Untested};
pub use load::{Text, import_path};
pub use memory::Memory;
pub use near::{Asked, Place};
pub use soundness::strictness::{Shift, shift};

/// What a program means, and everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The pipelines of the checked file with everything they use.
    pub program: Program,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that the program allows, with where and why.
    pub allowed: Vec<Allowed>,
    /// What need not be reached by a test, with the reason.
    pub untested: Vec<Untested>,
    /// The file that was asked for, then those it imports; their texts are in `Sources`.
    pub files: Vec<FileId>,
    /// What the names stand for, when it was asked for.
    pub mentions: Mentions,
}

impl Analysis {
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
    }
}

/// Checks the file `root` and all it imports. `loader` is asked for `root` as it is given and for imported files by
/// their path relative to the place `root` is relative to.
///
/// # Errors
/// The loader's message, when `root` itself cannot be read.
pub fn analyze(
    loader: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    root: &str,
    sources: &mut Sources,
) -> Result<Analysis, String> {
    read(&mut |path| loader(path).map(Text::Bytes), root, sources, (&mut |_| {}, Extra::default()))
}

/// What is wrong with a program, and no more.
#[derive(Debug)]
pub struct Checked {
    pub diagnostics: Vec<Diagnostic>,
    pub files: Vec<FileId>,
}

/// The diagnostics that [`analyze`] gives, with a memory of the last time: what has not been touched since is not read again.
///
/// # Errors
/// The loader's message, when `root` itself cannot be read.
pub fn check_again(
    loader: &mut dyn FnMut(&str) -> Result<Text, String>,
    root: &str,
    sources: &mut Sources,
    memory: &mut Memory,
) -> Result<Checked, String> {
    let extra = Extra { memory: Some(memory), ..Extra::default() };
    // What was recalled is no part of the program.
    let Analysis { diagnostics, files, .. } = read(loader, root, sources, (&mut |_| {}, extra))?;
    Ok(Checked { diagnostics, files })
}

/// What an analysis does for editors.
#[derive(Default)]
struct Extra<'m> {
    mentions: Option<Mentions>,
    memory: Option<&'m mut Memory>,
    near: Option<Place<'m>>,
}

/// As [`analyze`], and keeps what every name stands for; with a place, of what is near it only.
///
/// # Errors
/// The loader's message, when `root` itself cannot be read.
pub fn analyze_for_editor(
    loader: &mut dyn FnMut(&str) -> Result<Text, String>,
    root: &str,
    sources: &mut Sources,
    near: Option<Place<'_>>,
) -> Result<Analysis, String> {
    let extra = Extra { mentions: Some(Mentions::default()), near, ..Extra::default() };
    read(loader, root, sources, (&mut |_| {}, extra))
}

/// What an analysis does, in order; reading and the stages of the syntax alternate, file by file, and so do meaning and
/// lints, pipeline by pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Read,
    Parse(crate::syntax::Stage),
    Names,
    Library,
    Meaning,
    Lints,
    Order,
}

/// As [`analyze`], and tells `done` the end of every stage: for measuring what each of them costs.
///
/// # Errors
/// The loader's message, when `root` itself cannot be read.
pub fn analyze_watched(
    loader: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    root: &str,
    sources: &mut Sources,
    done: &mut dyn FnMut(Stage),
) -> Result<Analysis, String> {
    read(&mut |path| loader(path).map(Text::Bytes), root, sources, (done, Extra::default()))
}

fn read(
    loader: &mut dyn FnMut(&str) -> Result<Text, String>,
    root: &str,
    sources: &mut Sources,
    (done, mut extra): (&mut dyn FnMut(Stage), Extra<'_>),
) -> Result<Analysis, String> {
    let mut loaded = Loader::new(loader, sources, done).load(root)?;
    if let Some(place) = extra.near {
        near::keep(&mut loaded.modules, sources, place);
    }
    let files = loaded.modules.iter().map(|module| module.file).collect();
    let mut diagnostics = loaded.diagnostics;
    let unreadable = quiet::unreadable(&loaded.modules, sources, &diagnostics);
    let scopes = symbols::collect(&loaded.modules, &unreadable, sources, &mut diagnostics);
    done(Stage::Names);
    let texts = loaded.modules.iter().filter_map(|module| Some(sources.get(module.file)?.text.as_str()));
    let imported = scopes.iter().flat_map(|scope| scope.std.keys().copied());
    let library = stdlib::Library::for_imports(imported, &excerpt::Words::of(texts));
    done(Stage::Library);
    let mut checker = Checker::new(&loaded.modules, &scopes, &unreadable, sources, &library);
    checker.mentions = extra.mentions;
    if let Some(memory) = extra.memory.as_deref_mut() {
        checker.queries = std::mem::take(&mut memory.queries);
        checker.memory = Run::new(&loaded.modules, sources, &unreadable, memory);
    }
    let is_judged = extra.near.is_none_or(|place| place.asked != Asked::Offers);
    let mut judge = lints::Judge::new(&loaded.modules, sources, done, is_judged);
    let program = pipelines::build_program(&mut checker, &mut judge);
    unused::check(&mut checker);
    checker.note_declarations();
    let mentions = checker.mentions.take().unwrap_or_default();
    if let Some(memory) = extra.memory {
        if let Some(run) = checker.memory.take() {
            *memory = run.finish();
        }
        memory.queries = std::mem::take(&mut checker.queries);
    }
    diagnostics.extend(checker.finish());
    diagnostics.extend(judge.finish(&program));
    quiet::drop_echoes(sources, &mut diagnostics);
    let (diagnostics, allowed) = allows::apply(&loaded.modules, sources, diagnostics);
    let untested = allows::untested(&loaded.modules);
    done(Stage::Order);
    Ok(Analysis { program, diagnostics, allowed, untested, files, mentions })
}

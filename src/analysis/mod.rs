//! Text to meaning: resolves names, checks types and units, runs the lints, builds the model. Pure.
//!
//! [`analyze`] always gives a program and all diagnostics of all files. Files come through a loader, so nothing here
//! touches a disk. What is in error is left out of the program or typed `Type::Error`, about which every later
//! rule is silent: one cause, one diagnostic. A program with errors must not be planned.

mod allows;
mod arguments;
mod checker;
mod components;
mod conditions;
mod constants;
mod durations;
mod environments;
pub mod explain;
mod expressions;
pub mod fixes;
pub mod functions;
mod graph;
mod intervals;
mod items;
pub mod lints;
mod literals;
mod load;
mod metrics;
mod operators;
mod phases;
mod pipelines;
mod quiet;
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

pub use allows::Allowed;

/// What a program means, and everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The pipelines of the checked file with everything they use.
    pub program: Program,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that the program allows, with where and why.
    pub allowed: Vec<Allowed>,
    /// The file that was asked for, then those it imports; their texts are in `Sources`.
    pub files: Vec<FileId>,
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
    let loaded = Loader::new(loader, sources).load(root)?;
    let files = loaded.modules.iter().map(|module| module.file).collect();
    let mut diagnostics = loaded.diagnostics;
    let unreadable = quiet::unreadable(&loaded.modules, sources, &diagnostics);
    let scopes = symbols::collect(&loaded.modules, &unreadable, sources, &mut diagnostics);
    let mut checker = Checker::new(&loaded.modules, &scopes, &unreadable, sources, stdlib::catalog());
    let built = pipelines::build_program(&mut checker);
    unused::check(&mut checker);
    diagnostics.extend(checker.finish());
    let subject = lints::Subject::new(&loaded.modules, &built, sources);
    lints::check(&subject, &mut diagnostics);
    quiet::drop_echoes(sources, &mut diagnostics);
    let (diagnostics, allowed) = allows::apply(&loaded.modules, sources, diagnostics);
    Ok(Analysis { program: built.program, diagnostics, allowed, files })
}

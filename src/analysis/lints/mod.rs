//! The lints: what is allowed by the rules of the language and still a mistake. One file each, with its `LINT`: the words
//! and examples that `explain` shows. A lint reports what is certain and is silent about the rest.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::model::program::{Pipeline, Program};

use super::load::Module;
use super::pipelines::Built;

/// A lint, for `explain` and its tests: the bad example gives the code, the good one does not.
#[derive(Debug, Clone, Copy)]
pub struct Lint {
    pub code: Code,
    pub why: &'static str,
    pub bad: &'static str,
    pub good: &'static str,
    check: fn(&Subject<'_>, &mut Vec<Diagnostic>),
}

/// What lints look at.
pub struct Subject<'s> {
    pub modules: &'s [Module],
    pub program: &'s Program,
    /// Every pipeline of every file, and components that no pipeline runs.
    pub pipelines: &'s [Pipeline],
    pub sources: &'s Sources,
}

impl<'s> Subject<'s> {
    pub fn new(modules: &'s [Module], built: &'s Built, sources: &'s Sources) -> Self {
        Self { modules, program: &built.program, pipelines: &built.pipelines, sources }
    }
}

pub const LINTS: &[Lint] = &[];

/// Runs all lints. The body of a component is judged once, so one place gets one diagnostic of a code.
pub fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = std::collections::HashSet::new();
    for lint in LINTS {
        let mut found = Vec::new();
        (lint.check)(subject, &mut found);
        diagnostics.extend(found.into_iter().filter(|diagnostic| seen.insert((diagnostic.code, diagnostic.at))));
    }
}

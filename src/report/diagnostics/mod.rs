//! Diagnostics for people and machines: drawn text, sentences, JSON, SARIF, GitHub annotations,
//! GitLab's code quality.
//!
//! Invariants: pure functions from sources and diagnostics to text; nothing is sorted, filtered or counted twice here.
//! Whatever stands in a source file, the output holds none of its control characters.

use crate::base::diagnostic::{Diagnostic, Severity};

pub mod github;
pub mod gitlab;
pub mod json;
pub mod sarif;
mod spoken;
pub mod text;
mod window;

/// What a check found, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub files: usize,
}

impl Summary {
    #[must_use]
    pub fn new(diagnostics: &[Diagnostic], files: usize) -> Self {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count();
        Self { errors, warnings: diagnostics.len() - errors, files }
    }
}

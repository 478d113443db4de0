//! What came of tests, for people and for machines. Pure functions from trials to text.

pub mod coverage;
pub mod json;
pub mod junit;
pub mod text;
pub mod timeline;

use crate::base::source::Sources;
use crate::base::span::Location;
use crate::sim::trial::Trial;
use crate::sim::verdict::Failure;

/// A test with its file and what came of it.
#[derive(Clone, Copy)]
pub struct Tested<'a> {
    /// The file it stands in, as it was asked for.
    pub file: &'a str,
    pub title: &'a str,
    pub at: Location,
    pub sources: &'a Sources,
    pub trial: &'a Trial,
}

impl Tested<'_> {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.trial.failures.is_empty()
    }

    /// `search.deploy:76`
    fn place(&self, at: Location) -> String {
        match self.file_and_line(at) {
            (file, Some(line)) => format!("{file}:{line}"),
            (file, None) => file.to_owned(),
        }
    }

    fn file_and_line(&self, at: Location) -> (&str, Option<usize>) {
        self.sources
            .get(at.file)
            .map_or((self.file, None), |file| (&file.name, Some(file.line_column(at.span.start as usize).line)))
    }

    /// One line, or a few: what was expected, and what happened instead.
    fn words(&self, failure: &Failure) -> String {
        match &failure.expected {
            Some(expected) => format!("{expected}: {}", failure.message),
            None => failure.message.clone(),
        }
    }
}

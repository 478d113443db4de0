//! What a plan is asked for with, and what can be wrong with it.

use indexmap::IndexMap;

use crate::base::source::Sources;
use crate::base::span::Location;

/// Which plan is wanted.
#[derive(Debug, Clone, Copy)]
pub struct PlanRequest<'a> {
    /// None takes the only pipeline.
    pub pipeline: Option<&'a str>,
    /// None takes the only environment.
    pub environment: Option<&'a str>,
    /// As given with `--set name=value`, not yet parsed.
    pub params: &'a IndexMap<String, String>,
    /// The files of the program, for the fingerprint.
    pub sources: &'a Sources,
}

/// The outside as it is while the plan is made.
pub trait Surroundings {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read, in words that name the file.
    fn read_file(&self, path: &str) -> Result<String, String>;

    /// An environment variable; `None` when it is not set.
    ///
    /// # Errors
    /// Why its content cannot be used.
    fn env_var(&self, name: &str) -> Result<Option<String>, String>;

    /// What stands for a variable that is not set and has no default; none: the plan is refused.
    fn stand_in(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    pub message: String,
    /// The place in the program, when there is one.
    pub at: Option<Location>,
    pub help: Option<String>,
    pub cause: Cause,
}

/// Who can put it right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Whoever asked: an unknown parameter, no environment named, a file that cannot be read.
    Usage,
    /// Whoever wrote the program.
    Program,
}

impl PlanError {
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, help: None, cause: Cause::Usage }
    }

    #[must_use]
    pub fn program(at: Location, message: impl Into<String>) -> Self {
        Self { message: message.into(), at: Some(at), help: None, cause: Cause::Program }
    }

    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

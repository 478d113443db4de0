//! Why something was not begun.

use std::fmt;

/// What was refused, in words for people: one or more reasons, and nothing has been changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    /// Each thing that is missing or in the way.
    pub details: Vec<String>,
    pub help: Option<String>,
    /// It was asked for wrongly, say by a name that there is not.
    pub is_usage: bool,
}

impl Refusal {
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), details: Vec::new(), help: None, is_usage: false }
    }

    /// Of something that was asked for wrongly.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { is_usage: true, ..Self::new(message) }
    }

    #[must_use]
    pub fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "error: {}", self.message)?;
        for detail in &self.details {
            writeln!(formatter, "  - {detail}")?;
        }
        match &self.help {
            Some(help) => writeln!(formatter, "  help: {help}"),
            None => Ok(()),
        }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<crate::runtime::ports::JournalError> for Refusal {
    fn from(error: crate::runtime::ports::JournalError) -> Self {
        Self::new(error.to_string())
    }
}

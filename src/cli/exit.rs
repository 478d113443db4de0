//! How a command ends: the exit statuses that scripts rely on.

use std::process::ExitCode;

use crate::engine::event::RunOutcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Well,
    /// Findings, failed tests, a failed run.
    Findings,
    /// Wrong usage or an unreadable file.
    Usage,
    RolledBack,
    RollbackFailed,
    Aborted,
    /// Paused and left: resume it.
    Paused,
}

impl Exit {
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::RolledBack => 3,
            Self::RollbackFailed => 4,
            Self::Aborted => 5,
            Self::Paused => 6,
        }
    }
}

/// How a run ended; none: it was paused and left.
impl From<Option<RunOutcome>> for Exit {
    fn from(outcome: Option<RunOutcome>) -> Self {
        match outcome {
            Some(RunOutcome::Succeeded) => Self::Well,
            Some(RunOutcome::Failed) => Self::Findings,
            Some(RunOutcome::RolledBack) => Self::RolledBack,
            Some(RunOutcome::RollbackFailed) => Self::RollbackFailed,
            Some(RunOutcome::Aborted) => Self::Aborted,
            None => Self::Paused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

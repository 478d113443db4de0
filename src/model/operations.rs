//! What happens outside of a run: kill switches, the sentinels that trip them, alerts, freezes and schedules.
//!
//! `run.*` has no meaning in them, apart from kill switches: whoever trips one is its actor and says the reason.

use serde::{Deserialize, Serialize};

use super::expr::Expr;
use super::phase::{Block, Call, Condition};
use super::program::Local;
use crate::base::span::Location;
use crate::contract::types::Type;

/// `killswitch NAME { on { … } off { … } }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KillSwitch {
    pub name: String,
    pub doc: Option<String>,
    /// The `let`s of its blocks; `LocalId` is the index.
    pub locals: Vec<Local>,
    /// Steps only, as in a hook; empty when there is no such block.
    pub on: Block,
    pub off: Block,
    pub at: Location,
}

/// `sentinel NAME every D { … }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentinel {
    pub name: String,
    pub doc: Option<String>,
    /// How often its probes are called. None: every minute.
    pub every: Option<Expr>,
    pub probes: Vec<Probe>,
    pub trips: Vec<Trip>,
    /// Each of them takes back what this sentinel has tripped.
    pub recovers: Vec<Condition>,
    pub at: Location,
}

/// `probe NAME = CALL timeout D expect COND`: it has failed when the call fails or `expect` is not true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    pub name: String,
    pub call: Call,
    /// The type of `result` in `expect`.
    pub output: Type,
    pub timeout: Option<Expr>,
    pub expect: Option<Expr>,
    pub at: Location,
}

/// `trip SWITCH when COND for D`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// The kill switch, by its name in the program.
    pub switch: String,
    /// One of them is enough; several for a negated threshold whose conditions have clauses of their own.
    pub conditions: Vec<Condition>,
    pub at: Location,
}

/// `freeze NAME from T to T`: `from` inclusive, `to` exclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Freeze {
    pub name: String,
    pub doc: Option<String>,
    pub from: Expr,
    pub to: Expr,
    pub at: Location,
}

/// `alert NAME critical when COND for D { … }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub name: String,
    pub doc: Option<String>,
    pub severity: Severity,
    /// One of them is enough; several for a negated threshold whose conditions have clauses of their own.
    pub conditions: Vec<Condition>,
    /// Text; metrics stand in it as `last(x)`, read when the alert fires.
    pub summary: Option<Expr>,
    pub runbook: Option<Expr>,
    /// Channels, by their names in the program.
    pub notify: Vec<String>,
    pub at: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

impl Severity {
    /// As the language writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// `schedule NAME "CRON" run PIPELINE(…) in ENVIRONMENT`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    pub name: String,
    pub doc: Option<String>,
    /// Five fields, in UTC.
    pub cron: Expr,
    pub launch: Launch,
    pub at: Location,
}

/// A run that a schedule or a test starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// A key of `Program::pipelines` or `Program::imported`.
    pub pipeline: String,
    /// The arguments that were written, by the name of the parameter; constants.
    pub args: Vec<(String, Expr)>,
    /// None where the program declares no environment.
    pub environment: Option<String>,
    pub at: Location,
}

//! What happens outside of a run: kill switches, the sentinels that trip them, alerts, freezes and schedules.
//!
//! `run.*` has no meaning in them, apart from kill switches: whoever trips one is its actor and says the reason.

use serde::{Deserialize, Serialize};

use super::expr::Expr;
use super::expr::ExprKind;
use super::phase::{Block, Call, Condition, Step};
use super::program::{Local, LocalKind};
use super::signature::EffectClass;
use super::walk;
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

/// How the turn of a kill switch to one side is taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum WayBack<'m> {
    /// Each change in it brings its own undo, which knows exactly what was there before.
    Own,
    /// The steps of the other side, in their order.
    Other(Vec<&'m Step>),
    /// Something in it has no undo, and the other side cannot stand in for it: it is empty, made of more than plain steps,
    /// or its steps need one another's outputs.
    Partly,
}

impl KillSwitch {
    #[must_use]
    pub fn side(&self, on: bool) -> &Block {
        if on { &self.on } else { &self.off }
    }

    #[must_use]
    pub fn way_back(&self, on: bool) -> WayBack<'_> {
        let blocks = walk::blocks_within(self.side(on));
        let mut steps = blocks.iter().flat_map(|block| &block.statements).filter_map(|statement| statement.kind.step());
        if steps.all(|step| step.effect != EffectClass::Changes || step.undo.is_some() || step.has_undo) {
            return WayBack::Own;
        }
        match self.plain_steps(!on) {
            Some(steps) if !steps.is_empty() => WayBack::Other(steps),
            _ => WayBack::Partly,
        }
    }

    /// The steps of a side that do anything, when each of them can be called by itself.
    fn plain_steps(&self, on: bool) -> Option<Vec<&Step>> {
        let mut needs_another = false;
        let mut look = |part: &super::expr::Expr| needs_another |= matches!(&*part.kind, ExprKind::Output(_));
        walk::block_expressions(self.side(on), &mut look);
        for local in &self.locals {
            if let LocalKind::Value(value) = &local.kind {
                walk::expressions(value, &mut look);
            }
        }
        let steps: Option<Vec<&Step>> =
            self.side(on).statements.iter().map(|statement| statement.kind.step()).collect();
        let is_plain = |step: &&Step| step.when.is_none() && is_turned_on(&step.call.name).is_none();
        let steps = steps.filter(|steps| !needs_another && steps.iter().all(is_plain))?;
        Some(steps.into_iter().filter(|step| step.effect != EffectClass::Reads).collect())
    }
}

/// Whether a call trips a kill switch (true), resets it (false), or does neither.
#[must_use]
pub fn is_turned_on(call: &str) -> Option<bool> {
    match call {
        "killswitch.trip" => Some(true),
        "killswitch.reset" => Some(false),
        _ => None,
    }
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

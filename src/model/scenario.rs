//! Tests: a run, the world it is in, and what is expected of it. Every duration counts from the start of the run.

use serde::{Deserialize, Serialize};

use super::expr::Expr;
use super::operations::Launch;
use super::phase::PhaseRef;
use crate::base::span::Location;

/// `test "title" { run … given … expect … }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Test {
    pub title: String,
    pub doc: Option<String>,
    pub launch: Launch,
    pub given: Vec<Given>,
    pub expect: Vec<Expectation>,
    /// The title.
    pub at: Location,
}

/// A step: its phase, with the element when one of an expanded phase is meant (none: all of them).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepRef {
    pub phase: PhaseRef,
    pub step: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub kind: GivenKind,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenKind {
    Step { step: StepRef, what: Answer },
    Undo { step: StepRef, what: Answer },
    Metric { group: String, field: String, what: Course },
    Approval { phase: PhaseRef, at: Expr, by: Option<Expr> },
    Resume { at: Expr, by: Option<Expr> },
    Resolve { step: StepRef, decision: Decision, at: Expr },
    File { path: Expr, content: Expr },
    Crash { at: Expr },
    Start { at: Expr },
}

/// How a step (or its undo) answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Its raw output: numbers of encoded fields are as the data write them (`120` for a `duration(ms)`). What was
    /// written with a unit has been turned into such a number.
    Output(Expr),
    /// This many times; none: always.
    Fails(Option<Expr>),
    Takes(Expr),
}

/// How a metric goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// A value, and others from certain times on; `noise` is a standard deviation in the metric's unit.
    Values { first: Expr, then: Vec<Change>, noise: Option<Expr> },
    /// A recording.
    From(Expr),
    /// No samples from `from` (none: the start) inclusive to `to` (none: the end) exclusive.
    Missing { from: Option<Expr>, to: Option<Expr> },
}

/// `then v at D`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub value: Expr,
    pub at: Expr,
}

/// What a person decides about a step in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Done,
    Redo,
    Undo,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    pub kind: ExpectationKind,
    /// As it was written, on one line.
    pub text: String,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectationKind {
    Outcome {
        outcome: Ending,
        at: Option<Moment>,
        because: Option<Because>,
    },
    State {
        phase: PhaseRef,
        state: PhaseState,
    },
    /// Its `traffic` is `Call("traffic", …)`: without argument, or with a `phase` whose target is meant.
    Always(Expr),
    Never(Expr),
    Ran {
        step: StepRef,
        times: Option<Expr>,
        before: Option<StepRef>,
        by: Option<Expr>,
    },
    NeverRan(StepRef),
    Undone {
        step: StepRef,
        before: Option<StepRef>,
    },
    /// The channel, by its name in the program.
    Notified(String),
}

/// How a run ends, or that it is left paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Succeeded,
    Failed,
    RolledBack,
    RollbackFailed,
    Aborted,
    Paused,
}

impl Ending {
    pub const ALL: [Self; 6] =
        [Self::Succeeded, Self::Failed, Self::RolledBack, Self::RollbackFailed, Self::Aborted, Self::Paused];

    /// As the language writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::RollbackFailed => "rollback_failed",
            Self::Aborted => "aborted",
            Self::Paused => "paused",
        }
    }
}

/// `26h10m +- 1m`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    pub time: Expr,
    pub tolerance: Option<Expr>,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    Metric {
        group: String,
        field: String,
    },
    Phase(PhaseRef),
    /// A step by its name, or any node by its id in the plan (`bench.gate1`).
    Node(StepRef),
    /// The reason, as the run says it.
    Text(Expr),
}

/// The state of a phase at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseState {
    Passed,
    Failed,
    Skipped,
    Undone,
}

impl PhaseState {
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::Skipped, Self::Undone];

    /// As the language writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }
}

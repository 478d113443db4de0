//! Phases and what stands in them.

use serde::{Deserialize, Serialize};

use super::expr::{Expr, LocalId};
use super::signature::EffectClass;
use crate::base::span::Location;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    pub name: String,
    pub title: Option<Expr>,
    pub doc: Option<String>,
    /// The phases named by `after`.
    pub after: Vec<PhaseRef>,
    /// `for x in LIST max N at once`
    pub each: Option<Each>,
    pub when: Option<Expr>,
    pub window: Option<Expr>,
    pub on_failure: Option<FailurePolicy>,
    pub body: Block,
    pub at: Location,
    pub name_at: Location,
}

/// `deploy` (all of an expanded phase) or `deploy[eu]` (one of them).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhaseRef {
    pub name: String,
    pub element: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Each {
    pub variable: LocalId,
    pub list: Expr,
    pub at_once: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailurePolicy {
    Rollback,
    Stop,
    Continue,
}

/// A scope: its triggers hold from its start to its end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Block {
    pub statements: Vec<Statement>,
    pub triggers: Vec<Trigger>,
    /// The block is a composite step, put in where it was called.
    pub composite: Option<Box<Composite>>,
}

/// What a call of a composite step says about all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Composite {
    /// `k8s.set_env`
    pub name: String,
    /// Stands before the ids of what is in it: `x` of `step x = k8s.set_env(…)`, `x.y` of one in another.
    pub label: String,
    /// Decided once, where it would begin.
    pub when: Option<Expr>,
    /// `on failure continue`
    pub continues: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub at: Location,
    pub doc: Option<String>,
    pub kind: StatementKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most statements are steps: boxing them would cost more than it saves")]
pub enum StatementKind {
    Step(Step),
    Gate {
        title: Option<Expr>,
        conditions: Vec<Condition>,
    },
    Hold {
        duration: Expr,
        every: Option<Expr>,
        conditions: Vec<Condition>,
    },
    Ramp {
        target: Call,
        weights: Vec<Expr>,
        body: Block,
    },
    Approve {
        who: Expr,
        by: Option<Expr>,
        within: Option<Expr>,
        otherwise: Option<Expiry>,
    },
    Wait(Expr),
    Parallel(Block),
    /// An expanded component, with a scope of its own for triggers, or a composite step.
    Scope(Block),
}

impl StatementKind {
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        if let Self::Step(step) = self { Some(step) } else { None }
    }

    /// The block inside it.
    #[must_use]
    pub fn inner(&self) -> Option<&Block> {
        match self {
            Self::Ramp { body, .. } | Self::Parallel(body) | Self::Scope(body) => Some(body),
            Self::Step(_) | Self::Gate { .. } | Self::Hold { .. } | Self::Approve { .. } | Self::Wait(_) => None,
        }
    }
}

/// What an approval's expiry does; without one the phase fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    Rollback,
    Abort,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// None when nobody uses it.
    pub name: Option<String>,
    pub call: Call,
    /// The type its output has for those who use it (the typed step's type, else the signature's output).
    pub output: crate::contract::types::Type,
    /// A typed step: the JSON of its output (stdout of a command, body of an answer, or the output itself) is read as `output`.
    pub typed: bool,
    pub effect: EffectClass,
    pub idempotent: bool,
    pub timeout: Option<Expr>,
    pub retry: Option<Expr>,
    /// A range of durations.
    pub backoff: Option<Expr>,
    pub when: Option<Expr>,
    pub undo: Option<Call>,
    /// The built-in implementation brings an undo (used when `undo` is none).
    pub has_undo: bool,
    /// `on failure continue`
    pub continues: bool,
    /// The composite step it was put in with.
    pub part_of: Option<String>,
}

/// The step that stands for what a composite one returns: its output is its argument `value`.
pub const RETURN: &str = "return";

/// The undo of a change that another step's written undo takes back as well, which its argument names.
pub const UNDONE_WITH: &str = "undone_with";

/// Whether a kill switch stands already where it is to be turned to, before its turn.
pub const STANDS: &str = "stands";

/// The end of a kill switch's turn, behind its steps.
pub const TURNED: &str = "turned";

/// Carries a step of a kill switch's other side as its undo, before steps that bring none.
pub const WAY_BACK: &str = "way_back";

/// Steps that no program calls: they are put in.
pub const PUT_IN: [&str; 5] = [RETURN, UNDONE_WITH, STANDS, TURNED, WAY_BACK];

impl Step {
    /// A step that says nothing beside its call: not idempotent, without name, clauses and undo.
    #[must_use]
    pub fn plain(call: Call, output: crate::contract::types::Type, effect: EffectClass) -> Self {
        Self {
            name: None,
            call,
            output,
            typed: false,
            effect,
            idempotent: false,
            timeout: None,
            retry: None,
            backoff: None,
            when: None,
            undo: None,
            has_undo: false,
            continues: false,
            part_of: None,
        }
    }

    /// What a person called: the composite step, if it is part of one.
    #[must_use]
    pub fn called(&self) -> &str {
        self.part_of.as_deref().unwrap_or(&self.call.name)
    }
}

/// A call of a step, target, source, extractor or channel: arguments by name, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub name: String,
    pub args: Vec<(String, Expr)>,
    /// How many of `args` were written, the rest are defaults. Written ones come first.
    pub written: usize,
    pub at: Location,
}

/// `require`, `warn`, or the condition of a trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub expr: Expr,
    /// As it was written.
    pub text: String,
    /// A `warn`: reported, never failing.
    pub warns: bool,
    pub sustain: Option<Sustain>,
    pub after: Option<Sustain>,
    pub missing: MissingPolicy,
    pub reason: Option<Expr>,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sustain {
    Time(Expr),
    Samples(Expr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingPolicy {
    #[default]
    Pause,
    Breach,
    Ok,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    pub action: TriggerAction,
    pub condition: Condition,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerAction {
    Rollback,
    RollbackPhase,
    Pause,
    Abort,
    /// The channel.
    Notify(String),
}

impl TriggerAction {
    /// As the language writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::RollbackPhase => "rollback phase",
            Self::Pause => "pause",
            Self::Abort => "abort",
            Self::Notify(_) => "notify",
        }
    }
}

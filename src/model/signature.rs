//! Declared signatures of steps, sources, targets and channels, resolved.

use serde::{Deserialize, Serialize};

use super::expr::Expr;
use crate::contract::types::Type;

/// How much a step changes, in rising order of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// Safe in a dry run.
    Reads,
    /// Seen outside, nothing to take back.
    Tells,
    /// Has an undo, built in or written.
    Changes,
    /// Cannot be taken back.
    Permanent,
}

impl EffectClass {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Tells => "tells",
            Self::Changes => "changes",
            Self::Permanent => "permanent",
        }
    }
}

/// A parameter of a signature, a pipeline or a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    pub name: String,
    pub doc: Option<String>,
    pub ty: Type,
    pub default: Option<Expr>,
}

/// A step as `stdlib/` declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSignature {
    pub name: String,
    pub doc: Option<String>,
    pub params: Vec<ParamSpec>,
    pub output: Type,
    pub effect: EffectClass,
    pub idempotent: bool,
    /// Whether the built-in implementation brings an undo.
    pub has_undo: bool,
}

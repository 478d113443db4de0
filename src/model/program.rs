//! A program: what all its files declare, and its pipelines.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::expr::{Expr, LocalId};
use super::operations::{Alert, Freeze, KillSwitch, Schedule, Sentinel};
use super::phase::{Block, Call, Phase};
use super::rubric::Rubric;
use super::scenario::Test;
use crate::base::span::Location;
use crate::contract::types::Type;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Program {
    pub environments: IndexMap<String, Environment>,
    pub groups: IndexMap<String, MetricsGroup>,
    pub channels: IndexMap<String, Call>,
    /// Those of the checked file.
    pub pipelines: IndexMap<String, Pipeline>,
    /// Pipelines of other files that a schedule or a test of this program runs.
    pub imported: IndexMap<String, Pipeline>,
    pub killswitches: IndexMap<String, KillSwitch>,
    // What acts by itself (the following) belongs to the file it is declared in, and to those that import it by name.
    pub sentinels: IndexMap<String, Sentinel>,
    pub freezes: IndexMap<String, Freeze>,
    pub alerts: IndexMap<String, Alert>,
    pub schedules: IndexMap<String, Schedule>,
    pub rubrics: IndexMap<String, Rubric>,
    /// Those of the checked file, in order.
    pub tests: Vec<Test>,
}

impl Program {
    /// The pipeline that a launch names.
    #[must_use]
    pub fn launched(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines.get(name).or_else(|| self.imported.get(name))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    pub name: String,
    pub values: IndexMap<String, Expr>,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsGroup {
    pub name: String,
    pub doc: Option<String>,
    pub source: Call,
    /// None: one minute.
    pub every: Option<Expr>,
    /// None: none.
    pub lag: Option<Expr>,
    pub fields: IndexMap<String, MetricField>,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricField {
    pub name: String,
    pub doc: Option<String>,
    /// With its encoding.
    pub ty: Type,
    pub value: FieldValue,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// `query("…")`: an extractor of the group's source, named without the source.
    Extract(Call),
    /// An expression over other fields of the group (`ExprKind::Metric`), none of which is derived from this one.
    Derived(Expr),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    pub name: String,
    pub doc: Option<String>,
    /// Every parameter, `let`, loop variable and component argument; `LocalId` is the index.
    pub locals: Vec<Local>,
    pub lock: Option<Expr>,
    pub timeout: Option<Expr>,
    pub window: Option<Expr>,
    pub phases: Vec<Phase>,
    /// Triggers of the whole pipeline (its `statements` are empty).
    pub scope: Block,
    pub hooks: Vec<Hook>,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Local {
    pub name: String,
    pub doc: Option<String>,
    pub ty: Type,
    pub kind: LocalKind,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalKind {
    /// A parameter of the pipeline, with its default.
    Param(Option<Expr>),
    /// A `let` or a component's argument.
    Value(Expr),
    /// Bound from outside: by a phase's `for`, by what a rubric scores.
    Loop,
}

impl Pipeline {
    /// One without anything in it.
    #[must_use]
    pub fn empty(name: impl Into<String>, at: Location) -> Self {
        Self {
            name: name.into(),
            doc: None,
            locals: Vec::new(),
            lock: None,
            timeout: None,
            window: None,
            phases: Vec::new(),
            scope: Block::default(),
            hooks: Vec::new(),
            at,
        }
    }

    /// The parameters, in the order they were declared.
    pub fn params(&self) -> impl Iterator<Item = (LocalId, &Local)> {
        let locals = self.locals.iter().enumerate();
        locals
            .filter(|(_, local)| matches!(local.kind, LocalKind::Param(_)))
            .map(|(index, local)| (LocalId(u32::try_from(index).unwrap_or(u32::MAX)), local))
    }
}

/// `on success { … }`: steps after the run came to that point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    pub event: HookEvent,
    pub body: Block,
    pub at: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookEvent {
    Start,
    Success,
    Failure,
    Rollback,
    Pause,
    End,
}

//! The executable plan.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::contract::registry::{Args, FieldQuery};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::contract::window::{Freeze, Window};
use crate::model::expr::Expr;
use crate::model::phase::{Expiry, FailurePolicy, MissingPolicy, TriggerAction};
use crate::model::program::HookEvent;
use crate::model::rubric::Rubric;
use crate::model::signature::EffectClass;

/// Version of the serialised form; a plan of another version is refused.
pub const PLAN_VERSION: u32 = 2;

/// An index into [`Plan::phases`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhaseIndex(pub u32);

/// An index into [`Plan::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIndex(pub u32);

/// An index into [`Plan::blocks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockIndex(pub u32);

/// An index into [`Plan::groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupIndex(pub u32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub version: u32,
    pub fingerprint: String,
    pub inputs: Inputs,
    pub pipeline: String,
    pub doc: Option<String>,
    /// None for a program without environments.
    pub environment: Option<String>,
    pub params: IndexMap<String, Value>,
    pub lock: Option<String>,
    pub timeout: Option<Duration>,
    /// While one of them holds, no phase that changes anything starts.
    pub freezes: Vec<Freeze>,
    /// The metric groups that something in this plan reads.
    pub groups: Vec<Group>,
    /// Channels by name: kind (`notify.slack`) and arguments.
    pub channels: IndexMap<String, Target>,
    /// The rubrics that steps score by, by the names that stand in their arguments.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub rubrics: IndexMap<String, Rubric>,
    /// In topological order; then the hooks, which are no part of the DAG.
    pub phases: Vec<Phase>,
    pub nodes: Vec<Node>,
    pub blocks: Vec<Block>,
    /// The block of the pipeline's own triggers; it has no items.
    pub scope: BlockIndex,
    /// Names of all secrets that the run may look up.
    pub secrets: Vec<String>,
}

/// What the fingerprint is made of; compared one by one when a saved plan is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// SHA-256 of each source file, by the name it is imported with.
    pub program: IndexMap<String, String>,
    pub environment: Option<String>,
    pub params: IndexMap<String, Value>,
    /// SHA-256 of each file that was read while planning.
    pub files: IndexMap<String, String>,
    /// SHA-256 of each environment variable that was read while planning.
    pub variables: IndexMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    /// The source's name in the registry: `prometheus`.
    pub source: String,
    pub args: Args,
    pub every: Duration,
    pub lag: Duration,
    pub fields: Vec<FieldQuery>,
    /// Fields computed from others of the group, in an order in which each finds what it reads.
    pub derived: Vec<Derived>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Derived {
    pub field: String,
    pub ty: Type,
    pub expr: Expr,
}

/// A ramp target, source or channel with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub name: String,
    pub args: Args,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// `deploy` or `deploy[eu]`; of a hook `on success`.
    pub id: String,
    /// Without the element.
    pub name: String,
    pub title: Option<String>,
    pub doc: Option<String>,
    /// Direct predecessors in the DAG: from `after` and from the outputs it uses.
    pub after: Vec<PhaseIndex>,
    /// Direct successors.
    pub before: Vec<PhaseIndex>,
    /// A condition that only the run can decide.
    pub when: Option<Expr>,
    /// Switched off by the environment or a parameter; has no statements.
    pub skipped: bool,
    pub on_failure: Option<FailurePolicy>,
    /// It starts only while all of them are open: its own and the pipeline's.
    pub windows: Vec<Window>,
    /// Something in it changes something, so that it does not start in a freeze.
    pub changes: bool,
    /// `max N at once` of the expanded phase this is one of: its name and N.
    pub at_once: Option<usize>,
    pub body: BlockIndex,
    pub node: NodeIndex,
    pub hook: Option<HookEvent>,
}

/// Statements that share triggers. Of a `parallel` all items start together, else one after another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Block {
    pub items: Vec<Item>,
    pub triggers: Vec<Trigger>,
    pub parallel: bool,
    /// Of a composite step: decided where the block would begin; when it is false, all of it is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// Of a composite step with `on failure continue`: what fails in it ends the block and not the phase.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Node(NodeIndex),
    /// A `parallel`, an expanded component with triggers of its own, or a composite step.
    Block(BlockIndex),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `freeze.snapshot`, `freeze.gate1`; of a phase its id.
    pub id: String,
    pub phase: PhaseIndex,
    pub title: Option<String>,
    pub doc: Option<String>,
    pub kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    Phase,
    Step(Box<Step>),
    Gate(Vec<Condition>),
    Hold { duration: Duration, every: Option<Duration>, conditions: Vec<Condition> },
    Ramp { target: Target, weights: Vec<crate::base::number::Number>, body: BlockIndex },
    Wait(Duration),
    Approve { who: String, by: Option<String>, within: Option<Duration>, otherwise: Option<Expiry> },
}

impl NodeKind {
    /// As `plan --format json` names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Step(_) => "step",
            Self::Gate(_) => "gate",
            Self::Hold { .. } => "hold",
            Self::Ramp { .. } => "ramp",
            Self::Wait(_) => "wait",
            Self::Approve { .. } => "approve",
        }
    }

    /// Whether it changes something: traffic, or what a step changes.
    #[must_use]
    pub fn changes(&self) -> bool {
        match self {
            Self::Step(step) => step.changes(),
            Self::Ramp { .. } => true,
            Self::Phase | Self::Gate(_) | Self::Hold { .. } | Self::Wait(_) | Self::Approve { .. } => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The name outputs are referred to with; none when unnamed.
    pub name: Option<String>,
    pub call: Call,
    pub output: Type,
    pub typed: bool,
    pub effect: EffectClass,
    pub idempotent: bool,
    pub timeout: Option<Duration>,
    /// Up to this many more attempts.
    pub retry: u32,
    /// First and last pause between attempts.
    pub backoff: (Duration, Duration),
    pub when: Option<Expr>,
    pub undo: Option<Call>,
    /// The built-in implementation brings an undo, used when `undo` is none.
    pub has_undo: bool,
    /// `on failure continue`
    pub continues: bool,
}

impl Step {
    /// Whether it changes something, for good or not.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(self.effect, EffectClass::Changes | EffectClass::Permanent)
    }

    /// Whether a rollback has anything to run for it.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        self.effect == EffectClass::Changes && (self.has_undo || self.undo.is_some())
    }

    /// Its `when` was settled in the plan, and it never runs.
    #[must_use]
    pub fn is_switched_off(&self) -> bool {
        self.when.as_ref().and_then(Expr::as_literal) == Some(&Value::Bool(false))
    }

    /// May be performed again when it is not known whether it was.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.idempotent || !self.changes()
    }
}

/// A step call; arguments may still refer to outputs, metrics (through `last`) and the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub name: String,
    pub args: Vec<(String, Expr)>,
    /// How many of `args` were written; the others are defaults.
    pub written: usize,
    /// Of an `undo CALL`: whether the called step may be repeated. Of a step: unused, see [`Step::repeatable`].
    pub repeatable: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub expr: Expr,
    pub text: String,
    pub warns: bool,
    pub sustain: Option<Sustain>,
    pub after: Option<Sustain>,
    pub missing: MissingPolicy,
    pub reason: Option<Expr>,
    /// The metrics it reads, derived ones and those behind them included.
    pub reads: Vec<MetricRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetricRef {
    pub group: GroupIndex,
    pub field: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sustain {
    Time(Duration),
    Samples(u32),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// `block_a.trigger1`; of the pipeline `trigger1`. Unique.
    pub id: String,
    pub action: TriggerAction,
    pub condition: Condition,
}

impl Plan {
    #[must_use]
    pub fn phase(&self, index: PhaseIndex) -> &Phase {
        &self.phases[index.0 as usize]
    }

    #[must_use]
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.0 as usize]
    }

    #[must_use]
    pub fn block(&self, index: BlockIndex) -> &Block {
        &self.blocks[index.0 as usize]
    }

    #[must_use]
    pub fn group(&self, index: GroupIndex) -> &Group {
        &self.groups[index.0 as usize]
    }

    /// The phases of the DAG, without hooks.
    pub fn dag(&self) -> impl Iterator<Item = (PhaseIndex, &Phase)> {
        self.indexed_phases().filter(|(_, phase)| phase.hook.is_none())
    }

    /// The phase that holds the steps of a hook.
    #[must_use]
    pub fn hook(&self, event: HookEvent) -> Option<PhaseIndex> {
        // They stand at the end: the phases of the DAG need not be looked at.
        let mut hooks = self.phases.iter().enumerate().rev().take_while(|(_, phase)| phase.hook.is_some());
        let found = hooks.find(|(_, phase)| phase.hook == Some(event));
        found.and_then(|(index, _)| u32::try_from(index).ok().map(PhaseIndex))
    }

    fn indexed_phases(&self) -> impl Iterator<Item = (PhaseIndex, &Phase)> {
        (0u32..).map(PhaseIndex).zip(&self.phases)
    }

    /// Whether every index in it is in range; checked when a plan is read from outside.
    #[must_use]
    pub fn is_coherent(&self) -> bool {
        let blocks_fit = self.blocks.iter().all(|block| {
            block.items.iter().all(|item| match item {
                Item::Node(node) => (node.0 as usize) < self.nodes.len(),
                Item::Block(inner) => (inner.0 as usize) < self.blocks.len(),
            })
        });
        let nodes_fit = self.nodes.iter().all(|node| {
            let body_fits = match &node.kind {
                NodeKind::Ramp { body, .. } => (body.0 as usize) < self.blocks.len(),
                _ => true,
            };
            body_fits && (node.phase.0 as usize) < self.phases.len()
        });
        let phases_fit = self.phases.iter().all(|phase| {
            let around = phase.after.iter().chain(&phase.before);
            (phase.body.0 as usize) < self.blocks.len()
                && (phase.node.0 as usize) < self.nodes.len()
                && around.copied().all(|other| (other.0 as usize) < self.phases.len())
        });
        let conditions = self.blocks.iter().flat_map(|block| &block.triggers).map(|trigger| &trigger.condition);
        let reads_fit =
            conditions.flat_map(|condition| &condition.reads).all(|read| (read.group.0 as usize) < self.groups.len());
        blocks_fit && nodes_fit && phases_fit && reads_fit && (self.scope.0 as usize) < self.blocks.len()
    }
}

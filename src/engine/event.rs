//! What happened: past-tense events. The journal holds nothing else but the pinned plan.

use serde::{Deserialize, Serialize};

use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome};
use crate::contract::registry::Args;
use crate::contract::samples::Samples;
use crate::contract::value::Value;
use crate::model::program::HookEvent;
use crate::plan::program::{BlockIndex, GroupIndex, NodeIndex, PhaseIndex};

/// One execution of a node, numbered through the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecId(pub u32);

/// One run of a block, numbered through the run. Number 0 is the scope of the whole pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameId(pub u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Forward,
    Undo,
}

/// Which effect an outcome belongs to. Stable across crashes: what is handed to the outside for idempotency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKey {
    Act {
        exec: ExecId,
        direction: Direction,
        act: u32,
    },
    /// A message sent by a `notify` trigger.
    Notice(u32),
}

/// An event with its place in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// What is large and rare stands apart: samples are most of what happens, and they are moved a lot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    RunStarted {
        run_id: String,
        actor: String,
        /// Steps that may run at one time.
        jobs: u32,
    },
    /// It could start, but for a window that is closed or a freeze that holds.
    PhaseDelayed {
        phase: PhaseIndex,
        until: Timestamp,
        reason: String,
    },
    PhaseStarted {
        phase: PhaseIndex,
    },
    PhasePassed {
        phase: PhaseIndex,
    },
    /// `undo`: what it did is taken back first (`rollback phase`).
    PhaseFailed {
        phase: PhaseIndex,
        reason: String,
        because: Vec<String>,
        undo: bool,
    },
    PhaseSkipped {
        phase: PhaseIndex,
        reason: String,
    },
    PhaseUndone {
        phase: PhaseIndex,
    },
    /// A `parallel` or a component began; `item` of frame `parent`.
    BlockStarted {
        block: BlockIndex,
        parent: FrameId,
        item: u32,
    },
    BlockEnded {
        frame: FrameId,
    },
    /// A composite step did not begin: its `when` was false.
    BlockSkipped {
        block: BlockIndex,
        parent: FrameId,
        item: u32,
        reason: String,
    },
    NodeStarted {
        node: NodeIndex,
        exec: ExecId,
        frame: FrameId,
        item: u32,
        args: Args,
    },
    NodeSkipped {
        node: NodeIndex,
        frame: FrameId,
        item: u32,
        reason: String,
    },
    NodePassed {
        node: NodeIndex,
        exec: ExecId,
        output: Value,
    },
    NodeFailed {
        node: NodeIndex,
        exec: ExecId,
        reason: String,
    },
    NodeCancelled {
        node: NodeIndex,
        exec: ExecId,
    },
    EffectRequested {
        node: NodeIndex,
        key: EffectKey,
        effect: Box<Effect>,
    },
    EffectEnded {
        node: NodeIndex,
        key: EffectKey,
        outcome: Outcome,
    },
    CancelRequested {
        node: NodeIndex,
        exec: ExecId,
        direction: Direction,
        reason: String,
        fails: bool,
    },
    AttemptFailed {
        node: NodeIndex,
        exec: ExecId,
        direction: Direction,
        attempt: u32,
        reason: String,
        retry_at: Timestamp,
    },
    Sampled {
        group: GroupIndex,
        tick: Timestamp,
        values: Samples,
    },
    /// The conditions of a hold were looked at outside a sample: at its start, each `every`, at its end.
    HoldJudged {
        node: NodeIndex,
        exec: ExecId,
    },
    GateJudged {
        node: NodeIndex,
        exec: ExecId,
        conditions: Vec<Judgement>,
    },
    WeightRead {
        node: NodeIndex,
        exec: ExecId,
        weight: Number,
    },
    WeightSet {
        node: NodeIndex,
        exec: ExecId,
        target: String,
        weight: Number,
    },
    /// The weight is back at what it was before the ramp.
    WeightRestored {
        node: NodeIndex,
        exec: ExecId,
        target: String,
        weight: Number,
    },
    ApprovalAsked {
        node: NodeIndex,
        exec: ExecId,
        who: String,
        by: Option<String>,
        deadline: Option<Timestamp>,
    },
    Approved {
        node: NodeIndex,
        exec: ExecId,
        actor: String,
        reason: String,
    },
    TriggerFired {
        trigger: String,
        frame: FrameId,
        index: u32,
        action: String,
        reason: String,
        evidence: String,
    },
    NoticeRequested {
        notice: u32,
        channel: String,
        text: String,
        effect: Box<Effect>,
    },
    NoticeEnded {
        notice: u32,
        outcome: Outcome,
    },
    Paused {
        cause: PauseCause,
    },
    /// One cause of a pause is gone.
    CauseCleared {
        cause: PauseCause,
        by: Option<String>,
    },
    /// None is left: the run goes on.
    Resumed,
    OperatorActed {
        command: String,
        actor: String,
        reason: String,
    },
    /// Forward work has to stop; what follows depends on `then`.
    StopRequested {
        then: Afterwards,
        reason: String,
        because: Vec<String>,
    },
    RollbackStarted {
        reason: String,
    },
    UndoStarted {
        node: NodeIndex,
        exec: ExecId,
        args: Args,
    },
    UndoPassed {
        node: NodeIndex,
        exec: ExecId,
    },
    UndoFailed {
        node: NodeIndex,
        exec: ExecId,
        reason: String,
    },
    /// Nobody knows whether this effect took place: a person must say.
    InDoubt {
        node: NodeIndex,
        exec: ExecId,
        direction: Direction,
        effect: String,
    },
    Resolved {
        node: NodeIndex,
        exec: ExecId,
        answer: String,
        actor: String,
    },
    /// Somebody begins to put back the files of a backup by hand: beside the run, which does not go on by it.
    RestoreBegan {
        /// As it was named on the command line.
        backup: String,
        /// Where what is there before will be kept: the path of an archive.
        emergency: String,
        actor: String,
        reason: String,
    },
    RestoreEnded {
        backup: String,
        /// How many files are as the backup has them.
        restored: u64,
        /// Why not all of them are.
        problem: Option<String>,
    },
    HookStarted {
        hook: HookEvent,
        phase: PhaseIndex,
    },
    HookEnded {
        hook: HookEvent,
        phase: PhaseIndex,
        problem: Option<String>,
    },
    RunEnded {
        outcome: RunOutcome,
        reason: String,
        because: Vec<String>,
        still_changed: Vec<String>,
    },
}

/// What becomes of the run once its forward work has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Afterwards {
    RollBack,
    Fail,
    Abort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    Succeeded,
    Failed,
    RolledBack,
    RollbackFailed,
    Aborted,
}

impl RunOutcome {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::RollbackFailed => "rollback_failed",
            Self::Aborted => "aborted",
        }
    }
}

impl Event {
    /// Whether it happened beside the run: no work of the run goes on by it, and none of its time.
    #[must_use]
    pub fn is_beside(&self) -> bool {
        matches!(self, Self::RestoreBegan { .. } | Self::RestoreEnded { .. })
    }
}

/// A condition with its verdict and the values behind it, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub condition: String,
    /// None: unknown.
    pub verdict: Option<bool>,
    pub warns: bool,
    /// The values it looked at (`search.p95 = 120ms`), or why it is unknown.
    pub evidence: String,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseCause {
    Operator,
    Trigger(String),
    /// A gate that could not be decided.
    Gate(ExecId),
    /// A trigger without data: frame and index.
    MissingForTrigger(FrameId, u32),
    /// A hold without data: execution and index of the condition.
    MissingForHold(ExecId, u32),
    InDoubt(ExecId),
}

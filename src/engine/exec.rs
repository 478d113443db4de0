//! Executions of nodes and runs of blocks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{ExecId, FrameId};
use super::judge::Judge;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::effect::{Act, Effect};
use crate::contract::registry::Args;
use crate::contract::value::Value;
use crate::plan::program::{BlockIndex, NodeIndex, PhaseIndex};

/// How long a ramp's target may take to give or take a weight.
pub const TARGET_TIMEOUT: Duration = Duration::from_secs(30);

/// A block that is running or has run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Frame {
    pub id: FrameId,
    pub block: BlockIndex,
    /// None: the scope of the whole pipeline.
    pub phase: Option<PhaseIndex>,
    pub owner: Owner,
    pub started_at: Timestamp,
    /// The next item to start.
    pub cursor: u32,
    /// Items started and not ended.
    pub open: u32,
    pub ended: bool,
    /// One per trigger of the block.
    pub judges: Vec<Judge>,
    /// Of a ramp's body and what stands in it: the weight, and when it was set.
    pub stage: Option<Stage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    Run,
    Phase(PhaseIndex),
    /// Item of another frame.
    Frame(FrameId),
    /// The body of a ramp, for one weight.
    Ramp(ExecId),
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub weight: Number,
    pub set_at: Timestamp,
}

/// One execution of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exec {
    pub id: ExecId,
    pub node: NodeIndex,
    pub phase: PhaseIndex,
    /// The how-manieth execution of its node, from 1.
    pub n: u32,
    pub frame: FrameId,
    pub item: u32,
    pub started_at: Timestamp,
    /// Journal positions of start and end: what ended before something else started is undone after it.
    pub started_seq: u64,
    pub ended_seq: Option<u64>,
    pub ended_at: Option<Timestamp>,
    pub status: ExecStatus,
    pub args: Args,
    pub forward: Work,
    pub undo: Option<Undo>,
    pub detail: Detail,
    pub output: Option<Value>,
    /// An effect was asked for: from then on it counts as begun.
    pub begun: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecStatus {
    Running,
    Passed,
    Failed(String),
    Cancelled,
}

/// Effects in one direction, attempt by attempt.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Work {
    /// From 1.
    pub attempt: u32,
    /// Of this attempt.
    pub acts: Vec<Act>,
    /// How many acts earlier attempts and stages had; with it an act's number is unique.
    pub act_base: u32,
    /// The acts of the attempt that came furthest: what an undo goes by.
    pub furthest: Vec<Act>,
    pub in_flight: bool,
    pub attempt_at: Timestamp,
    /// When the latest act was asked for, the last time.
    pub asked_at: Timestamp,
    pub retry_at: Option<Timestamp>,
    pub cancel: Option<Cancel>,
    /// What nobody knows the outcome of.
    pub in_doubt: bool,
}

impl Work {
    #[must_use]
    pub fn begin(at: Timestamp) -> Self {
        Self { attempt: 1, attempt_at: at, ..Self::default() }
    }

    /// The number of the act that is in flight, or of the next one.
    #[must_use]
    pub fn act_number(&self) -> u32 {
        let acts = u32::try_from(self.acts.len()).unwrap_or(u32::MAX);
        self.act_base + if self.in_flight { acts.saturating_sub(1) } else { acts }
    }

    /// The effect that is in flight.
    #[must_use]
    pub fn flying(&self) -> Option<&Effect> {
        if self.in_flight { self.acts.last().map(|act| &act.effect) } else { None }
    }

    /// Leaves the acts so far behind: a new attempt or stage begins.
    pub fn turn_page(&mut self) {
        self.act_base += u32::try_from(self.acts.len()).unwrap_or(u32::MAX);
        let acts = std::mem::take(&mut self.acts);
        if acts.len() >= self.furthest.len() {
            self.furthest = acts;
        }
        self.in_flight = false;
    }

    /// The acts an undo goes by.
    #[must_use]
    pub fn done(&self) -> &[Act] {
        if self.acts.len() >= self.furthest.len() { &self.acts } else { &self.furthest }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    pub reason: String,
    /// A timeout: the attempt failed. Else the whole execution is called off.
    pub fails: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Undo {
    pub status: UndoStatus,
    pub args: Args,
    pub work: Work,
    /// Journal position of its end.
    pub ended_seq: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UndoStatus {
    Running,
    Passed,
    Failed(String),
}

/// What only one kind of node has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Detail {
    Step,
    Gate(GateDetail),
    Hold(HoldDetail),
    Ramp(RampDetail),
    Wait { until: Timestamp },
    Approve { deadline: Option<Timestamp>, asked: bool, approved: bool },
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GateDetail {
    /// Judged and not decided: waits for a person.
    pub undecided: bool,
    pub judgements: Vec<super::event::Judgement>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HoldDetail {
    pub judges: Vec<Judge>,
    /// Paused time so far.
    pub paused: Duration,
    pub next_look: Option<Timestamp>,
    /// Its time is over, but something it needs to know is unknown.
    pub overdue: bool,
    /// The latest sample it has seen; none yet: it is as if it had seen one when it began.
    pub seen_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RampDetail {
    pub stage: RampStage,
    /// The weight before the ramp.
    pub before: Option<Number>,
    /// The last weight that was set, and when.
    pub current: Option<Stage>,
    /// The frame its body ran in for the weight before: its triggers go on in the next one.
    pub body: Option<FrameId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RampStage {
    Reading,
    Setting(u32),
    Body(u32),
    Done,
}

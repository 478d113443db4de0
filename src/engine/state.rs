//! The fold of the journal: everything the engine knows of a run.
//!
//! Only `apply` (in `fold`) changes what events say; `queue` and the sampling fields are work in hand that a recovery makes anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::event::{Afterwards, ExecId, FrameId, PauseCause, RunOutcome};
use super::exec::{Exec, ExecStatus, Frame, UndoStatus};
use super::ids::Ids;
use super::looks::Looks;
use super::series::Series;
use crate::base::time::Timestamp;
use crate::contract::effect::Effect;
use crate::contract::value::Value;
use crate::model::program::HookEvent;
use crate::plan::program::{GroupIndex, NodeIndex, PhaseIndex, Plan};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    pub run_id: String,
    pub actor: String,
    pub jobs: u32,
    pub started_at: Timestamp,
    pub started: bool,
    pub last_seq: u64,
    /// When the latest event happened.
    pub last_at: Timestamp,
    pub phases: Vec<PhaseState>,
    pub frames: Vec<Frame>,
    pub execs: Vec<Exec>,
    /// Outputs by node; `Null` for a step that was skipped.
    #[serde(serialize_with = "in_order")]
    pub outputs: HashMap<NodeIndex, Value>,
    pub series: Series,
    /// Made of the plan, as the series are.
    #[serde(skip)]
    pub(super) looks: Arc<Looks>,
    pub pause: BTreeSet<PauseCause>,
    pub paused_since: Option<Timestamp>,
    pub stop: Option<Stop>,
    pub rolling_back: bool,
    pub hooks: Vec<HookState>,
    /// Messages of `notify` triggers: what is not answered yet.
    pub notices: Vec<Option<Effect>>,
    pub outcome: Option<RunOutcome>,
    pub reason: String,
    pub because: Vec<String>,
    pub still_changed: Vec<String>,
    /// Backups that are being put back by hand, or were when the process that did it went.
    pub restores: Vec<Restore>,
    /// A trigger fired in the very last event, and what it asks for is not in the journal.
    pub(super) unfinished: Option<(FrameId, u32)>,
    pub(super) live: Live,
}

/// Work in hand and indices over the rest; made anew by a recovery.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Live {
    #[serde(skip)]
    pub queue: VecDeque<Work>,
    #[serde(skip)]
    pub timers: BTreeSet<(Timestamp, ExecId)>,
    /// When phases that wait for a window or the end of a freeze are to be looked at again.
    #[serde(skip)]
    pub openings: BTreeSet<(Timestamp, PhaseIndex)>,
    /// Executions that are not over, in either direction.
    pub running: Ids<ExecId>,
    /// Steps among them, which `jobs` limits.
    pub steps: u32,
    /// Frames that could not start a step because of that limit.
    #[serde(skip)]
    pub throttled: VecDeque<FrameId>,
    /// Frames that are not over.
    pub frames: Ids<FrameId>,
    /// Frames that are not over and have triggers.
    pub watching: Ids<FrameId>,
    #[serde(skip)]
    pub sampling: Vec<Sampling>,
    pub executions_of: BTreeMap<NodeIndex, u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sampling {
    pub in_flight: Option<Timestamp>,
    pub next: Option<Timestamp>,
}

/// Something to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Phase(PhaseIndex),
    Frame(FrameId),
    Exec(ExecId),
    Run,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhaseStatus {
    Waiting,
    Running,
    Passed,
    Failed,
    Skipped,
    Undone,
}

impl PhaseStatus {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhaseState {
    pub status: PhaseStatus,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// It waits for its window to open, or for a freeze to end.
    pub delayed_until: Option<Timestamp>,
    pub frame: Option<FrameId>,
    pub reason: String,
    pub because: Vec<String>,
    /// Its changes are taken back before its failure has consequences.
    pub undo_first: bool,
    /// What its failure means for the run has been decided.
    pub(super) settled: bool,
    pub execs: Vec<ExecId>,
    /// All that were opened for it.
    pub(super) frames: Vec<FrameId>,
}

/// Forward work has to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    pub then: Afterwards,
    pub reason: String,
    pub because: Vec<String>,
    pub at: Timestamp,
}

/// A backup that somebody began to put back by hand, and of which nobody knows what came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    pub backup: String,
    /// The archive of what was there before, if it came to that.
    pub emergency: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookState {
    pub hook: HookEvent,
    pub phase: PhaseIndex,
    pub ended: bool,
    pub problem: Option<String>,
}

fn in_order<S: Serializer>(outputs: &HashMap<NodeIndex, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    outputs.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

impl State {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let waiting = PhaseState {
            status: PhaseStatus::Waiting,
            started_at: None,
            ended_at: None,
            delayed_until: None,
            frame: None,
            reason: String::new(),
            because: Vec::new(),
            undo_first: false,
            settled: false,
            execs: Vec::new(),
            frames: Vec::new(),
        };
        let series = Series::new(plan);
        Self {
            run_id: String::new(),
            actor: String::new(),
            jobs: 1,
            started_at: Timestamp::default(),
            started: false,
            last_seq: 0,
            last_at: Timestamp::default(),
            phases: vec![waiting; plan.phases.len()],
            frames: Vec::new(),
            execs: Vec::new(),
            outputs: HashMap::new(),
            looks: Arc::new(Looks::of(plan, &series)),
            series,
            pause: BTreeSet::new(),
            paused_since: None,
            stop: None,
            rolling_back: false,
            hooks: Vec::new(),
            notices: Vec::new(),
            outcome: None,
            reason: String::new(),
            because: Vec::new(),
            still_changed: Vec::new(),
            restores: Vec::new(),
            unfinished: None,
            live: Live { sampling: vec![Sampling::default(); plan.groups.len()], ..Live::default() },
        }
    }

    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.last_seq + 1
    }

    #[must_use]
    pub fn phase(&self, index: PhaseIndex) -> &PhaseState {
        &self.phases[index.0 as usize]
    }

    #[must_use]
    pub fn frame(&self, id: FrameId) -> &Frame {
        &self.frames[id.0 as usize]
    }

    #[must_use]
    pub fn exec(&self, id: ExecId) -> &Exec {
        &self.execs[id.0 as usize]
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        !self.pause.is_empty()
    }

    /// Forward work is going on or could: nothing has asked it to stop, and it is not over.
    #[must_use]
    pub fn is_forward(&self) -> bool {
        self.started && self.stop.is_none() && self.outcome.is_none()
    }

    /// Executions that are not over, in either direction.
    pub fn running(&self) -> impl Iterator<Item = &Exec> {
        self.live.running.iter().map(|id| self.exec(*id))
    }

    /// Whether an effect is under way whose outcome has not come yet.
    #[must_use]
    pub fn effects_in_flight(&self) -> usize {
        let flying = |exec: &&Exec| {
            exec.forward.in_flight && !exec.forward.in_doubt
                || exec.undo.as_ref().is_some_and(|undo| undo.work.in_flight && !undo.work.in_doubt)
        };
        self.running().filter(flying).count() + self.notices.iter().flatten().count()
    }

    /// The word for `status`: `running`, `paused`, or the outcome.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.outcome {
            Some(outcome) => outcome.name(),
            None if self.is_paused() => "paused",
            None => "running",
        }
    }

    /// How much of a hold has been held, pauses taken out.
    #[must_use]
    pub fn held(&self, exec: &Exec, paused: Duration, now: Timestamp) -> Duration {
        let pausing = self.paused_since.map_or(Duration::ZERO, |since| now.since(since.max(exec.started_at)));
        now.since(exec.started_at).saturating_sub(paused).saturating_sub(pausing)
    }

    /// The latest group tick that has been asked for and not answered.
    #[must_use]
    pub(super) fn sample_awaited(&self, groups: impl IntoIterator<Item = GroupIndex>, at: Timestamp) -> bool {
        groups.into_iter().any(|group| {
            self.live.sampling.get(group.0 as usize).is_some_and(|sampling| {
                sampling.in_flight.is_some_and(|tick| tick <= at) || sampling.next.is_some_and(|tick| tick <= at)
            })
        })
    }

    /// Whether a rollback still has to take this execution back.
    #[must_use]
    pub(super) fn needs_undo(&self, plan: &Plan, exec: &Exec) -> bool {
        let hook = plan.phase(exec.phase).hook.is_some();
        !hook
            && exec.begun
            && exec.undo.as_ref().is_none_or(|undo| undo.status == UndoStatus::Running)
            && can_undo(plan, exec)
    }

    /// Whether anything the run changed can be taken back.
    #[must_use]
    pub(super) fn can_roll_back(&self, plan: &Plan) -> bool {
        self.execs.iter().any(|exec| self.needs_undo(plan, exec))
    }

    /// Not over: running forward.
    #[must_use]
    pub(super) fn is_running(&self, id: ExecId) -> bool {
        self.exec(id).status == ExecStatus::Running
    }
}

/// Whether this execution left something that a rollback can take back.
#[must_use]
pub fn can_undo(plan: &Plan, exec: &Exec) -> bool {
    match (&plan.node(exec.node).kind, &exec.detail) {
        (crate::plan::program::NodeKind::Step(step), _) => step.can_undo(),
        (_, super::exec::Detail::Ramp(ramp)) => ramp.before.is_some(),
        _ => false,
    }
}

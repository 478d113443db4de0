//! `apply`: one event into the state. Pure and total; replaying a journal is this and nothing else.

use super::event::{Direction, EffectKey, Event, ExecId, FrameId, PauseCause, Recorded, RunOutcome};
use super::exec::Work as Acts;
use super::exec::{
    Cancel, Detail, Exec, ExecStatus, Frame, GateDetail, HoldDetail, Owner, RampDetail, RampStage, Stage,
    TARGET_TIMEOUT, Undo, UndoStatus,
};
use super::judge::Judge;
use super::observe;
use super::state::{HookState, PhaseStatus, State, Stop, Work};
use crate::base::time::Timestamp;
use crate::contract::effect::{Act, Outcome};
use crate::contract::registry::Args;
use crate::contract::value::Value;
use crate::model::program::HookEvent;
use crate::plan::program::{BlockIndex, Item, NodeIndex, NodeKind, PhaseIndex, Plan};

impl State {
    /// Takes in one event. Events that do not fit (of a damaged journal) change nothing.
    pub fn apply(&mut self, plan: &Plan, recorded: &Recorded) {
        self.last_seq = recorded.seq;
        self.last_at = self.last_at.max(recorded.at);
        if !self.fits(plan, &recorded.event) {
            return;
        }
        self.apply_phase(plan, &recorded.event, recorded.at);
        self.apply_node(plan, &recorded.event, recorded);
        self.apply_effect(plan, &recorded.event, recorded.at);
        self.apply_run(plan, &recorded.event, recorded.at);
    }

    /// Whether every index in the event exists: a journal comes from outside.
    fn fits(&self, plan: &Plan, event: &Event) -> bool {
        let node = |node: &NodeIndex| (node.0 as usize) < plan.nodes.len();
        let phase = |phase: &PhaseIndex| (phase.0 as usize) < plan.phases.len();
        let frame = |frame: &FrameId| (frame.0 as usize) < self.frames.len();
        let exec = |exec: &ExecId| (exec.0 as usize) < self.execs.len();
        let key = |key: &EffectKey| match key {
            EffectKey::Act { exec: id, .. } => exec(id),
            EffectKey::Notice(notice) => (*notice as usize) < self.notices.len(),
        };
        match event {
            Event::PhaseStarted { phase: id }
            | Event::PhasePassed { phase: id }
            | Event::PhaseFailed { phase: id, .. }
            | Event::PhaseSkipped { phase: id, .. }
            | Event::PhaseUndone { phase: id }
            | Event::HookStarted { phase: id, .. }
            | Event::HookEnded { phase: id, .. } => phase(id),
            Event::BlockStarted { block, parent, .. } => (block.0 as usize) < plan.blocks.len() && frame(parent),
            Event::BlockEnded { frame: id } => frame(id),
            Event::NodeStarted { node: id, exec, frame: within, .. } => {
                node(id) && frame(within) && exec.0 as usize == self.execs.len()
            }
            Event::NodeSkipped { node: id, frame: within, .. } => node(id) && frame(within),
            Event::TriggerFired { frame: id, index, .. } => {
                frame(id) && (*index as usize) < self.frame(*id).judges.len()
            }
            Event::EffectRequested { key: id, .. } | Event::EffectEnded { key: id, .. } => key(id),
            Event::Sampled { group, .. } => (group.0 as usize) < plan.groups.len(),
            Event::NodePassed { exec: id, .. }
            | Event::NodeFailed { exec: id, .. }
            | Event::NodeCancelled { exec: id, .. }
            | Event::CancelRequested { exec: id, .. }
            | Event::AttemptFailed { exec: id, .. }
            | Event::HoldJudged { exec: id, .. }
            | Event::GateJudged { exec: id, .. }
            | Event::WeightRead { exec: id, .. }
            | Event::WeightSet { exec: id, .. }
            | Event::WeightRestored { exec: id, .. }
            | Event::ApprovalAsked { exec: id, .. }
            | Event::Approved { exec: id, .. }
            | Event::UndoStarted { exec: id, .. }
            | Event::UndoPassed { exec: id, .. }
            | Event::UndoFailed { exec: id, .. }
            | Event::InDoubt { exec: id, .. }
            | Event::Resolved { exec: id, .. } => exec(id),
            Event::RunStarted { .. }
            | Event::NoticeRequested { .. }
            | Event::NoticeEnded { .. }
            | Event::Paused { .. }
            | Event::CauseCleared { .. }
            | Event::Resumed
            | Event::OperatorActed { .. }
            | Event::StopRequested { .. }
            | Event::RollbackStarted { .. }
            | Event::RunEnded { .. } => true,
        }
    }

    fn apply_phase(&mut self, plan: &Plan, event: &Event, at: Timestamp) {
        match event {
            Event::PhaseStarted { phase } => {
                self.set_phase(*phase, PhaseStatus::Running, at);
                self.open_phase_frame(plan, *phase, at);
            }
            Event::PhasePassed { phase } => {
                self.set_phase(*phase, PhaseStatus::Passed, at);
                self.wake_after(plan, *phase);
            }
            Event::PhaseFailed { phase, reason, because, undo } => {
                self.set_phase(*phase, PhaseStatus::Failed, at);
                let state = &mut self.phases[phase.0 as usize];
                state.reason.clone_from(reason);
                state.because.clone_from(because);
                state.undo_first = *undo;
                self.close_frames_of(*phase);
                self.push(Work::Phase(*phase));
            }
            Event::PhaseSkipped { phase, reason } => {
                self.set_phase(*phase, PhaseStatus::Skipped, at);
                self.phases[phase.0 as usize].reason.clone_from(reason);
                self.note_skipped_outputs(plan, *phase);
                self.wake_after(plan, *phase);
            }
            Event::PhaseUndone { phase } => {
                self.phases[phase.0 as usize].status = PhaseStatus::Undone;
                self.push(Work::Phase(*phase));
            }
            _ => {}
        }
    }

    fn set_phase(&mut self, phase: PhaseIndex, status: PhaseStatus, at: Timestamp) {
        let state = &mut self.phases[phase.0 as usize];
        state.status = status;
        if status == PhaseStatus::Running {
            state.started_at = Some(at);
        } else {
            state.ended_at = Some(at);
        }
    }

    fn wake_after(&mut self, plan: &Plan, phase: PhaseIndex) {
        for next in &plan.phase(phase).before {
            self.push(Work::Phase(*next));
        }
        self.push(Work::Run);
    }

    fn note_skipped_outputs(&mut self, plan: &Plan, phase: PhaseIndex) {
        let mut blocks = vec![plan.phase(phase).body];
        while let Some(block) = blocks.pop() {
            for item in &plan.block(block).items {
                match item {
                    Item::Block(inner) => blocks.push(*inner),
                    Item::Node(node) => {
                        self.outputs.insert(*node, Value::Null);
                        if let NodeKind::Ramp { body, .. } = &plan.node(*node).kind {
                            blocks.push(*body);
                        }
                    }
                }
            }
        }
    }

    pub(super) fn push(&mut self, work: Work) {
        self.live.queue.push_back(work);
    }

    fn open_phase_frame(&mut self, plan: &Plan, phase: PhaseIndex, at: Timestamp) {
        let frame = self.open_frame(plan, plan.phase(phase).body, Owner::Phase(phase), Some(phase), at);
        self.phases[phase.0 as usize].frame = Some(frame);
    }

    fn open_frame(
        &mut self,
        plan: &Plan,
        block: BlockIndex,
        owner: Owner,
        phase: Option<PhaseIndex>,
        at: Timestamp,
    ) -> FrameId {
        let id = FrameId(u32::try_from(self.frames.len()).unwrap_or(u32::MAX));
        let stage = match owner {
            Owner::Frame(parent) => self.frame(parent).stage,
            Owner::Ramp(exec) => match &self.exec(exec).detail {
                Detail::Ramp(ramp) => ramp.current,
                _ => None,
            },
            Owner::Run | Owner::Phase(_) => None,
        };
        let judges = vec![Judge::default(); plan.block(block).triggers.len()];
        self.frames.push(Frame {
            id,
            block,
            phase,
            owner,
            started_at: at,
            cursor: 0,
            open: 0,
            ended: false,
            judges,
            stage,
        });
        self.live.frames.insert(id);
        if !plan.block(block).triggers.is_empty() {
            self.live.watching.insert(id);
        }
        self.push(Work::Frame(id));
        id
    }

    fn close_frame(&mut self, id: FrameId) {
        self.frames[id.0 as usize].ended = true;
        self.live.frames.remove(&id);
        self.live.watching.remove(&id);
        self.pause.retain(|cause| !matches!(cause, PauseCause::MissingForTrigger(frame, _) if *frame == id));
    }

    pub(super) fn close_frames_of(&mut self, phase: PhaseIndex) {
        let ids: Vec<FrameId> =
            self.live.frames.iter().copied().filter(|id| self.frame(*id).phase == Some(phase)).collect();
        for id in ids {
            self.close_frame(id);
        }
    }

    /// An item of a frame is over: the frame may go on.
    fn item_ended(&mut self, frame: FrameId) {
        let parent = &mut self.frames[frame.0 as usize];
        parent.open = parent.open.saturating_sub(1);
        self.push(Work::Frame(frame));
    }

    fn apply_node(&mut self, plan: &Plan, event: &Event, recorded: &Recorded) {
        let at = recorded.at;
        match event {
            Event::BlockStarted { block, parent, .. } => {
                let phase = self.frame(*parent).phase;
                self.begin_item(*parent);
                self.open_frame(plan, *block, Owner::Frame(*parent), phase, at);
            }
            Event::BlockEnded { frame } => self.end_block(*frame),
            Event::NodeStarted { node, exec, frame, item, args } => {
                self.begin_item(*frame);
                self.start_exec(plan, (*node, *exec), (*frame, *item), args.clone(), recorded);
            }
            Event::NodeSkipped { node, frame, .. } => {
                self.frames[frame.0 as usize].cursor += 1;
                self.outputs.insert(*node, Value::Null);
                self.push(Work::Frame(*frame));
            }
            Event::NodePassed { node, exec, output } => {
                self.outputs.insert(*node, output.clone());
                self.execs[exec.0 as usize].output = Some(output.clone());
                self.end_exec(*exec, ExecStatus::Passed, recorded);
                self.item_ended(self.exec(*exec).frame);
                observe::without_metrics(self, plan, at);
            }
            Event::NodeFailed { exec, reason, node } => {
                self.outputs.insert(*node, Value::Null);
                self.end_exec(*exec, ExecStatus::Failed(reason.clone()), recorded);
                self.item_ended(self.exec(*exec).frame);
            }
            Event::NodeCancelled { exec, .. } => {
                self.end_exec(*exec, ExecStatus::Cancelled, recorded);
                self.item_ended(self.exec(*exec).frame);
            }
            Event::HoldJudged { exec, .. } => observe::hold(self, plan, *exec, at),
            Event::GateJudged { exec, conditions, .. } => {
                if let Detail::Gate(gate) = &mut self.execs[exec.0 as usize].detail {
                    gate.undecided = true;
                    gate.judgements.clone_from(conditions);
                }
            }
            Event::ApprovalAsked { exec, deadline, .. } => {
                if let Detail::Approve { asked, deadline: until, .. } = &mut self.execs[exec.0 as usize].detail {
                    *asked = true;
                    *until = *deadline;
                }
                if let Some(deadline) = deadline {
                    self.live.timers.insert((*deadline, *exec));
                }
            }
            Event::Approved { exec, .. } => {
                if let Detail::Approve { approved, .. } = &mut self.execs[exec.0 as usize].detail {
                    *approved = true;
                }
                self.push(Work::Exec(*exec));
            }
            _ => {}
        }
    }

    fn begin_item(&mut self, frame: FrameId) {
        let frame = &mut self.frames[frame.0 as usize];
        frame.cursor += 1;
        frame.open += 1;
    }

    fn end_block(&mut self, id: FrameId) {
        self.close_frame(id);
        match self.frame(id).owner {
            Owner::Frame(parent) => self.item_ended(parent),
            Owner::Ramp(exec) => {
                if let Detail::Ramp(ramp) = &mut self.execs[exec.0 as usize].detail
                    && let RampStage::Body(index) = ramp.stage
                {
                    ramp.stage = RampStage::Setting(index + 1);
                }
                self.push(Work::Exec(exec));
            }
            Owner::Run | Owner::Phase(_) => {}
        }
    }

    fn start_exec(
        &mut self,
        plan: &Plan,
        (node, id): (NodeIndex, ExecId),
        (frame, item): (FrameId, u32),
        args: Args,
        recorded: &Recorded,
    ) {
        let count = self.live.executions_of.entry(node).or_default();
        *count += 1;
        let n = *count;
        let phase = plan.node(node).phase;
        self.execs.push(Exec {
            id,
            node,
            phase,
            n,
            frame,
            item,
            started_at: recorded.at,
            started_seq: recorded.seq,
            ended_seq: None,
            ended_at: None,
            status: ExecStatus::Running,
            args,
            forward: Acts::begin(recorded.at),
            undo: None,
            detail: detail(&plan.node(node).kind, recorded.at),
            output: None,
            begun: false,
        });
        self.phases[phase.0 as usize].execs.push(id);
        self.live.running.insert(id);
        if matches!(plan.node(node).kind, NodeKind::Step(_)) {
            self.live.steps += 1;
        }
        self.push(Work::Exec(id));
    }

    fn end_exec(&mut self, id: ExecId, status: ExecStatus, recorded: &Recorded) {
        let exec = &mut self.execs[id.0 as usize];
        if exec.status != ExecStatus::Running {
            return;
        }
        exec.status = status;
        exec.ended_seq = Some(recorded.seq);
        exec.ended_at = Some(recorded.at);
        exec.forward.in_flight = false;
        exec.forward.in_doubt = false;
        if matches!(exec.detail, Detail::Step) {
            self.live.steps = self.live.steps.saturating_sub(1);
            if let Some(frame) = self.live.throttled.pop_front() {
                self.push(Work::Frame(frame));
            }
        }
        self.live.running.remove(&id);
        self.pause.retain(|cause| {
            !matches!(cause,
            PauseCause::Gate(other) | PauseCause::InDoubt(other) | PauseCause::MissingForHold(other, _) if *other == id)
        });
        let phase = self.exec(id).phase;
        self.push(Work::Phase(phase));
        self.push(Work::Run);
    }

    fn apply_effect(&mut self, plan: &Plan, event: &Event, at: Timestamp) {
        match event {
            Event::EffectRequested { key: EffectKey::Act { exec, direction, .. }, effect, node } => {
                if *direction == Direction::Forward {
                    self.execs[exec.0 as usize].begun = true;
                }
                if let Some(work) = self.work_mut(*exec, *direction) {
                    work.acts.push(Act { effect: effect.clone(), outcome: None });
                    work.in_flight = true;
                    if work.acts.len() == 1 {
                        work.attempt_at = at;
                    }
                    self.arm_deadline(plan, *node, *exec, *direction);
                }
            }
            Event::EffectEnded { key: EffectKey::Act { exec, direction, .. }, outcome, .. } => {
                self.effect_ended(*exec, *direction, outcome);
            }
            Event::CancelRequested { exec, direction, reason, fails, .. } => {
                if let Some(work) = self.work_mut(*exec, *direction) {
                    work.cancel = Some(Cancel { reason: reason.clone(), fails: *fails });
                }
            }
            Event::AttemptFailed { exec, direction, retry_at, .. } => {
                if let Some(work) = self.work_mut(*exec, *direction) {
                    work.turn_page();
                    work.attempt += 1;
                    work.cancel = None;
                    work.retry_at = Some(*retry_at);
                }
                self.live.timers.insert((*retry_at, *exec));
            }
            Event::InDoubt { exec, direction, .. } => {
                if let Some(work) = self.work_mut(*exec, *direction) {
                    work.in_doubt = true;
                }
            }
            Event::Resolved { exec, .. } => {
                for direction in [Direction::Forward, Direction::Undo] {
                    if let Some(work) = self.work_mut(*exec, direction) {
                        work.in_doubt = false;
                    }
                }
            }
            _ => self.apply_weight(event, plan, at),
        }
    }

    fn apply_weight(&mut self, event: &Event, plan: &Plan, at: Timestamp) {
        match event {
            Event::WeightRead { exec, weight, .. } => {
                let exec_state = &mut self.execs[exec.0 as usize];
                exec_state.forward.turn_page();
                if let Detail::Ramp(ramp) = &mut exec_state.detail {
                    ramp.before = Some(*weight);
                    ramp.stage = RampStage::Setting(0);
                }
                self.push(Work::Exec(*exec));
            }
            Event::WeightSet { exec, weight, node, .. } => {
                let exec_state = &mut self.execs[exec.0 as usize];
                exec_state.forward.turn_page();
                exec_state.forward.attempt = 1;
                if let Detail::Ramp(ramp) = &mut exec_state.detail
                    && let RampStage::Setting(index) = ramp.stage
                {
                    ramp.stage = RampStage::Body(index);
                    ramp.current = Some(Stage { weight: *weight, set_at: at });
                    let phase = exec_state.phase;
                    if let NodeKind::Ramp { body, .. } = &plan.node(*node).kind {
                        self.open_frame(plan, *body, Owner::Ramp(*exec), Some(phase), at);
                    }
                }
            }
            Event::WeightRestored { exec, weight, .. } => {
                if let Detail::Ramp(ramp) = &mut self.execs[exec.0 as usize].detail {
                    ramp.current = Some(Stage { weight: *weight, set_at: at });
                }
            }
            _ => {}
        }
    }

    fn effect_ended(&mut self, exec: ExecId, direction: Direction, outcome: &Outcome) {
        if let Some(work) = self.work_mut(exec, direction) {
            work.in_flight = false;
            work.in_doubt = false;
            if let Some(act) = work.acts.last_mut() {
                act.outcome = Some(outcome.clone());
            }
        }
        self.push(Work::Exec(exec));
    }

    fn arm_deadline(&mut self, plan: &Plan, node: NodeIndex, exec: ExecId, direction: Direction) {
        let timeout = match &plan.node(node).kind {
            NodeKind::Step(step) => step.timeout,
            NodeKind::Ramp { .. } => Some(TARGET_TIMEOUT),
            _ => None,
        };
        if let Some(timeout) = timeout
            && let Some(work) = self.work_mut(exec, direction)
        {
            let deadline = work.attempt_at.plus(timeout);
            self.live.timers.insert((deadline, exec));
        }
    }

    /// The acts of one direction.
    pub(super) fn work_mut(&mut self, exec: ExecId, direction: Direction) -> Option<&mut Acts> {
        let exec = self.execs.get_mut(exec.0 as usize)?;
        match direction {
            Direction::Forward => Some(&mut exec.forward),
            Direction::Undo => exec.undo.as_mut().map(|undo| &mut undo.work),
        }
    }

    fn apply_run(&mut self, plan: &Plan, event: &Event, at: Timestamp) {
        match event {
            Event::RunStarted { run_id, actor, jobs } => {
                self.run_id.clone_from(run_id);
                self.actor.clone_from(actor);
                self.jobs = (*jobs).max(1);
                self.started = true;
                self.started_at = at;
                self.open_frame(plan, plan.scope, Owner::Run, None, at);
                self.enqueue_everything(plan);
            }
            Event::Sampled { group, tick, values } => observe::sample(self, plan, *group, *tick, values),
            Event::TriggerFired { frame, index, .. } => {
                self.frames[frame.0 as usize].judges[*index as usize].fired = true;
            }
            Event::NoticeRequested { .. } => self.notices.push(false),
            Event::NoticeEnded { notice, .. } => {
                if let Some(answered) = self.notices.get_mut(*notice as usize) {
                    *answered = true;
                }
                self.push(Work::Run);
            }
            Event::Paused { cause } => {
                self.pause.insert(cause.clone());
                self.paused_since = self.paused_since.or(Some(at));
            }
            Event::CauseCleared { cause, .. } => {
                self.pause.remove(cause);
                self.forget_missing(cause);
            }
            Event::Resumed => self.resume(plan, at),
            Event::StopRequested { then, reason, because } => {
                self.stop = Some(Stop { then: *then, reason: reason.clone(), because: because.clone(), at });
                self.pause.clear();
                self.paused_since = None;
                self.outcome = None;
                self.reason.clone_from(reason);
                let open: Vec<FrameId> =
                    self.live.frames.iter().copied().filter(|id| !self.in_hook(plan, *id)).collect();
                open.into_iter().for_each(|id| self.close_frame(id));
                self.enqueue_everything(plan);
            }
            Event::HookStarted { hook, phase } => {
                self.hooks.push(HookState { hook: *hook, phase: *phase, ended: false, problem: None });
                self.open_phase_frame(plan, *phase, at);
            }
            Event::HookEnded { phase, problem, hook } => self.hook_ended(plan, *hook, *phase, problem.as_deref()),
            Event::RunEnded { outcome, reason, because, still_changed } => {
                self.outcome = Some(*outcome);
                self.reason.clone_from(reason);
                self.because.clone_from(because);
                self.still_changed.clone_from(still_changed);
                self.settle_states(*outcome, at);
            }
            _ => self.apply_undo(event, at, plan),
        }
    }

    fn hook_ended(&mut self, plan: &Plan, hook: HookEvent, phase: PhaseIndex, problem: Option<&str>) {
        self.close_frames_of(phase);
        if let Some(state) = self.hooks.iter_mut().rev().find(|state| state.hook == hook && !state.ended) {
            state.ended = true;
            state.problem = problem.map(str::to_owned);
        }
        self.enqueue_everything(plan);
    }

    fn in_hook(&self, plan: &Plan, frame: FrameId) -> bool {
        self.frame(frame).phase.is_some_and(|phase| plan.phase(phase).hook.is_some())
    }

    fn apply_undo(&mut self, event: &Event, at: Timestamp, plan: &Plan) {
        let status = match event {
            Event::RollbackStarted { .. } => {
                self.rolling_back = true;
                self.enqueue_everything(plan);
                return;
            }
            Event::UndoStarted { exec, args, .. } => {
                let undo = Undo { status: UndoStatus::Running, args: args.clone(), work: Acts::begin(at) };
                self.execs[exec.0 as usize].undo = Some(undo);
                self.live.running.insert(*exec);
                self.push(Work::Exec(*exec));
                return;
            }
            Event::UndoPassed { exec, .. } => (exec, UndoStatus::Passed),
            Event::UndoFailed { exec, reason, .. } => (exec, UndoStatus::Failed(reason.clone())),
            _ => return,
        };
        let (exec, status) = status;
        if let Some(undo) = &mut self.execs[exec.0 as usize].undo {
            undo.status = status;
            undo.work.in_flight = false;
            undo.work.in_doubt = false;
        }
        self.pause.retain(|cause| !matches!(cause, PauseCause::InDoubt(other) if other == exec));
        self.live.running.remove(exec);
        let phase = self.exec(*exec).phase;
        self.push(Work::Phase(phase));
        self.push(Work::Run);
    }

    /// A cause of missing data starts to count anew once a person or the data cleared it.
    fn forget_missing(&mut self, cause: &PauseCause) {
        match cause {
            PauseCause::MissingForTrigger(frame, index) => {
                if let Some(judge) =
                    self.frames.get_mut(frame.0 as usize).and_then(|frame| frame.judges.get_mut(*index as usize))
                {
                    judge.unknown_run = 0;
                }
            }
            PauseCause::MissingForHold(exec, index) => {
                if let Some(Detail::Hold(hold)) = self.execs.get_mut(exec.0 as usize).map(|exec| &mut exec.detail)
                    && let Some(judge) = hold.judges.get_mut(*index as usize)
                {
                    judge.unknown_run = 0;
                }
            }
            _ => {}
        }
    }

    /// Holds and waits get back the time they stood still.
    fn resume(&mut self, plan: &Plan, at: Timestamp) {
        let Some(since) = self.paused_since.take() else { return };
        let running: Vec<ExecId> = self.live.running.iter().copied().collect();
        for id in running {
            let exec = &mut self.execs[id.0 as usize];
            let stood_still = at.since(since.max(exec.started_at));
            match &mut exec.detail {
                Detail::Hold(hold) => {
                    hold.paused += stood_still;
                    hold.judges.iter_mut().for_each(Judge::stand_still);
                }
                Detail::Wait { until } => *until = until.plus(stood_still),
                Detail::Gate(gate) => gate.undecided = false,
                _ => {}
            }
        }
        self.enqueue_everything(plan);
    }

    /// Everything that could have something to do; handlers find out.
    pub(super) fn enqueue_everything(&mut self, plan: &Plan) {
        let phases = (0u32..).map(PhaseIndex).take(plan.phases.len());
        let work: Vec<Work> = phases
            .map(Work::Phase)
            .chain(self.live.frames.iter().copied().map(Work::Frame))
            .chain(self.live.running.iter().copied().map(Work::Exec))
            .chain(std::iter::once(Work::Run))
            .collect();
        self.live.queue.extend(work);
    }

    /// States at the end: what was never reached is skipped, what was cancelled without a change has failed.
    fn settle_states(&mut self, outcome: RunOutcome, at: Timestamp) {
        let frames: Vec<FrameId> = self.live.frames.iter().copied().collect();
        frames.into_iter().for_each(|id| self.close_frame(id));
        for phase in &mut self.phases {
            match phase.status {
                PhaseStatus::Waiting => phase.status = PhaseStatus::Skipped,
                PhaseStatus::Running => {
                    phase.status = PhaseStatus::Failed;
                    phase.ended_at = Some(at);
                    if phase.reason.is_empty() {
                        phase.reason = outcome.name().to_owned();
                    }
                }
                _ => {}
            }
        }
    }
}

fn detail(kind: &NodeKind, at: Timestamp) -> Detail {
    match kind {
        NodeKind::Step(_) | NodeKind::Phase => Detail::Step,
        NodeKind::Gate(_) => Detail::Gate(GateDetail::default()),
        NodeKind::Hold { conditions, .. } => Detail::Hold(HoldDetail {
            judges: vec![Judge::default(); conditions.len()],
            paused: std::time::Duration::ZERO,
            next_look: Some(at),
            overdue: false,
        }),
        NodeKind::Ramp { .. } => Detail::Ramp(RampDetail { stage: RampStage::Reading, before: None, current: None }),
        NodeKind::Wait(duration) => Detail::Wait { until: at.plus(*duration) },
        NodeKind::Approve { .. } => Detail::Approve { deadline: None, asked: false, approved: false },
    }
}

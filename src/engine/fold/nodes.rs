//! Executions of nodes: their beginning and their end.

use std::collections::BTreeSet;

use super::super::event::{Event, ExecId, FrameId, PauseCause, Recorded};
use super::super::exec::Work as Acts;
use super::super::exec::{Detail, Exec, ExecStatus, GateDetail, HoldDetail, Owner, RampDetail, RampStage};
use super::super::judge::Judge;
use super::super::observe;
use super::super::state::{State, Work};
use crate::base::time::Timestamp;
use crate::contract::registry::Args;
use crate::contract::value::Value;
use crate::plan::program::{NodeIndex, NodeKind, Plan};

impl State {
    /// An item of a frame is over: the frame may go on.
    pub(in crate::engine) fn item_ended(&mut self, frame: FrameId) {
        let parent = &mut self.frames[frame.0 as usize];
        parent.open = parent.open.saturating_sub(1);
        self.push(Work::Frame(frame));
    }

    pub(in crate::engine) fn apply_node(&mut self, plan: &Plan, event: &Event, recorded: &Recorded) {
        let at = recorded.at;
        match event {
            Event::BlockStarted { block, parent, .. } => {
                let phase = self.frame(*parent).phase;
                self.begin_item(*parent);
                self.open_frame(plan, *block, Owner::Frame(*parent), phase, at);
            }
            Event::BlockEnded { frame } => self.end_block(*frame),
            Event::BlockSkipped { block, parent, .. } => {
                self.frames[parent.0 as usize].cursor += 1;
                self.note_skipped_outputs(plan, *block, &BTreeSet::new());
                self.push(Work::Frame(*parent));
            }
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
                if let Some(frame) = self.given_up_with(plan, *exec) {
                    self.give_up(plan, frame);
                }
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
                    let mut required = conditions.iter().filter(|judgement| !judgement.warns);
                    let fails = required.clone().any(|judgement| judgement.verdict == Some(false));
                    gate.undecided = !fails && required.any(|judgement| judgement.verdict.is_none());
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

    pub(in crate::engine) fn begin_item(&mut self, frame: FrameId) {
        let frame = &mut self.frames[frame.0 as usize];
        frame.cursor += 1;
        frame.open += 1;
    }

    /// The composite step with `on failure continue` that ends when this execution fails.
    pub(in crate::engine) fn given_up_with(&self, plan: &Plan, exec: ExecId) -> Option<FrameId> {
        if matches!(&plan.node(self.exec(exec).node).kind, NodeKind::Step(step) if step.continues) {
            return None;
        }
        self.frames_around(self.exec(exec).frame).find(|frame| plan.block(self.frame(*frame).block).continues)
    }

    /// A frame and those it stands in, innermost first.
    pub(in crate::engine) fn frames_around(&self, frame: FrameId) -> impl Iterator<Item = FrameId> {
        std::iter::successors(Some(frame), |frame| match self.frame(*frame).owner {
            Owner::Frame(parent) => Some(parent),
            Owner::Run | Owner::Phase(_) | Owner::Ramp(_) => None,
        })
    }

    /// Nothing more starts in this frame and in those inside it.
    fn give_up(&mut self, plan: &Plan, outermost: FrameId) {
        let open: Vec<FrameId> = self.live.frames.iter().copied().collect();
        for id in open {
            if self.frames_around(id).any(|around| around == outermost) {
                let block = self.frame(id).block;
                self.frames[id.0 as usize].cursor = u32::try_from(plan.block(block).items.len()).unwrap_or(u32::MAX);
                self.push(Work::Frame(id));
            }
        }
        let inside = |exec: &&Exec| self.frames_around(exec.frame).any(|around| around == outermost);
        let ran: BTreeSet<NodeIndex> = self.execs.iter().filter(inside).map(|exec| exec.node).collect();
        self.note_skipped_outputs(plan, self.frame(outermost).block, &ran);
    }

    pub(in crate::engine) fn end_block(&mut self, id: FrameId) {
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

    pub(in crate::engine) fn start_exec(
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

    pub(in crate::engine) fn end_exec(&mut self, id: ExecId, status: ExecStatus, recorded: &Recorded) {
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
            seen_at: None,
        }),
        NodeKind::Ramp { .. } => {
            Detail::Ramp(RampDetail { stage: RampStage::Reading, before: None, current: None, body: None })
        }
        NodeKind::Wait(duration) => Detail::Wait { until: at.plus(*duration) },
        NodeKind::Approve { .. } => Detail::Approve { deadline: None, asked: false, approved: false },
    }
}

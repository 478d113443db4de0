//! Phases and the frames they run in.

use std::collections::BTreeSet;

use super::super::event::{Event, FrameId, PauseCause, RunOutcome};
use super::super::exec::{Detail, Frame, Owner};
use super::super::judge::Judge;
use super::super::observe;
use super::super::state::{PhaseStatus, State, Work};
use crate::base::time::Timestamp;
use crate::contract::value::Value;
use crate::plan::program::{BlockIndex, Item, NodeIndex, NodeKind, PhaseIndex, Plan};

impl State {
    pub(in crate::engine) fn apply_phase(&mut self, plan: &Plan, event: &Event, at: Timestamp) {
        match event {
            Event::PhaseDelayed { phase, until, reason } => {
                let state = &mut self.phases[phase.0 as usize];
                state.delayed_until = Some(*until);
                state.reason.clone_from(reason);
            }
            Event::PhaseStarted { phase } => {
                self.phases[phase.0 as usize].delayed_until = None;
                self.phases[phase.0 as usize].reason.clear();
                self.set_phase(*phase, PhaseStatus::Running, at);
                self.open_phase_frame(plan, *phase, at);
            }
            Event::PhasePassed { phase } => {
                self.set_phase(*phase, PhaseStatus::Passed, at);
                if let Some(frame) = self.phase(*phase).frame {
                    self.close_frame(frame);
                }
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
                self.note_skipped_outputs(plan, plan.phase(*phase).body, &BTreeSet::new());
                self.wake_after(plan, *phase);
            }
            Event::PhaseUndone { phase } => {
                let state = &mut self.phases[phase.0 as usize];
                state.status = PhaseStatus::Undone;
                // One that a rollback of the run has cut short ends with its undo.
                state.ended_at = state.ended_at.or(Some(at));
                self.push(Work::Phase(*phase));
            }
            _ => {}
        }
    }

    pub(in crate::engine) fn set_phase(&mut self, phase: PhaseIndex, status: PhaseStatus, at: Timestamp) {
        let state = &mut self.phases[phase.0 as usize];
        state.status = status;
        if status == PhaseStatus::Running {
            state.started_at = Some(at);
        } else {
            state.ended_at = Some(at);
        }
    }

    pub(in crate::engine) fn wake_after(&mut self, plan: &Plan, phase: PhaseIndex) {
        for next in &plan.phase(phase).before {
            self.push(Work::Phase(*next));
        }
        self.push(Work::Run);
    }

    /// What stands in this block has no output, apart from what ran.
    pub(in crate::engine) fn note_skipped_outputs(
        &mut self,
        plan: &Plan,
        block: BlockIndex,
        ran: &BTreeSet<NodeIndex>,
    ) {
        let mut blocks = vec![block];
        while let Some(block) = blocks.pop() {
            for item in &plan.block(block).items {
                match item {
                    Item::Block(inner) => blocks.push(*inner),
                    Item::Node(node) => {
                        if !ran.contains(node) {
                            self.outputs.insert(*node, Value::Null);
                        }
                        if let NodeKind::Ramp { body, .. } = &plan.node(*node).kind {
                            blocks.push(*body);
                        }
                    }
                }
            }
        }
    }

    pub(in crate::engine) fn open_phase_frame(&mut self, plan: &Plan, phase: PhaseIndex, at: Timestamp) {
        let frame = self.open_frame(plan, plan.phase(phase).body, Owner::Phase(phase), Some(phase), at);
        self.phases[phase.0 as usize].frame = Some(frame);
    }

    pub(in crate::engine) fn open_frame(
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
        if let Some(phase) = phase {
            self.phases[phase.0 as usize].frames.push(id);
        }
        if !plan.block(block).triggers.is_empty() {
            self.live.watching.insert(id);
        }
        self.push(Work::Frame(id));
        observe::begun(self, plan, id, at);
        id
    }

    pub(in crate::engine) fn close_frame(&mut self, id: FrameId) {
        self.frames[id.0 as usize].ended = true;
        self.live.frames.remove(&id);
        self.live.watching.remove(&id);
        self.pause.retain(|cause| !matches!(cause, PauseCause::MissingForTrigger(frame, _) if *frame == id));
    }

    pub(in crate::engine) fn close_frames_of(&mut self, phase: PhaseIndex) {
        for id in std::mem::take(&mut self.phases[phase.0 as usize].frames) {
            if self.live.frames.contains(&id) {
                self.close_frame(id);
            }
        }
    }

    /// States at the end: what was never reached is skipped, what was cancelled without a change has failed.
    pub(in crate::engine) fn settle_states(&mut self, outcome: RunOutcome, at: Timestamp) {
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

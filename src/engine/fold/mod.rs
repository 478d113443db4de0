//! `apply`: one event into the state. Pure and total; replaying a journal is this and nothing else.

mod effects;
mod nodes;
mod phases;
mod run;

use super::event::{EffectKey, Event, ExecId, FrameId, Recorded};
use super::state::State;
use crate::plan::program::{NodeIndex, PhaseIndex, Plan};

impl State {
    /// Takes in one event. Events that do not fit (of a damaged journal) change nothing.
    pub fn apply(&mut self, plan: &Plan, recorded: &Recorded) {
        self.last_seq = recorded.seq;
        if recorded.event.is_beside() {
            return self.apply_restore(&recorded.event);
        }
        self.last_at = self.last_at.max(recorded.at);
        if !self.fits(plan, &recorded.event) {
            return;
        }
        self.unfinished = match &recorded.event {
            Event::TriggerFired { frame, index, .. } => Some((*frame, *index)),
            _ => None,
        };
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
            Event::PhaseDelayed { phase: id, .. }
            | Event::PhaseStarted { phase: id }
            | Event::PhasePassed { phase: id }
            | Event::PhaseFailed { phase: id, .. }
            | Event::PhaseSkipped { phase: id, .. }
            | Event::PhaseUndone { phase: id }
            | Event::HookStarted { phase: id, .. }
            | Event::HookEnded { phase: id, .. } => phase(id),
            Event::BlockStarted { block, parent, .. } | Event::BlockSkipped { block, parent, .. } => {
                (block.0 as usize) < plan.blocks.len() && frame(parent)
            }
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
            | Event::RestoreBegan { .. }
            | Event::RestoreEnded { .. }
            | Event::RunEnded { .. } => true,
        }
    }
}

//! Effects, attempts and weights.

use super::super::event::{Direction, EffectKey, Event, ExecId, FrameId};
use super::super::exec::Work as Acts;
use super::super::exec::{Cancel, Detail, Owner, RampStage, Stage, TARGET_TIMEOUT};
use super::super::judge::Judge;
use super::super::state::{State, Work};
use crate::base::time::Timestamp;
use crate::contract::effect::{Act, Outcome};
use crate::plan::program::{NodeIndex, NodeKind, Plan};

impl State {
    pub(in crate::engine) fn apply_effect(&mut self, plan: &Plan, event: &Event, at: Timestamp) {
        match event {
            Event::EffectRequested { key: EffectKey::Act { exec, direction, act }, effect, node } => {
                if *direction == Direction::Forward {
                    self.execs[exec.0 as usize].begun = true;
                }
                if let Some(work) = self.work_mut(*exec, *direction) {
                    // Asked for again after a crash: the same act, with all the time that an attempt has.
                    let again = work.in_flight && work.act_number() == *act;
                    if !again {
                        work.acts.push(Act { effect: (**effect).clone(), outcome: None });
                        work.in_flight = true;
                    }
                    if again || work.acts.len() == 1 {
                        work.attempt_at = at;
                    }
                    work.asked_at = at;
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

    pub(in crate::engine) fn apply_weight(&mut self, event: &Event, plan: &Plan, at: Timestamp) {
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
                        let frame = self.open_frame(plan, *body, Owner::Ramp(*exec), Some(phase), at);
                        self.go_on_with_triggers(*exec, frame);
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

    /// The triggers of a ramp hold for all of it: what they have seen under one weight counts under the next. The time in
    /// between, which nobody judges, does not.
    fn go_on_with_triggers(&mut self, exec: ExecId, frame: FrameId) {
        let Detail::Ramp(ramp) = &mut self.execs[exec.0 as usize].detail else { return };
        if let Some(before) = ramp.body.replace(frame) {
            let (mut judges, started_at) = (self.frame(before).judges.clone(), self.frame(before).started_at);
            judges.iter_mut().for_each(Judge::stand_still);
            let state = &mut self.frames[frame.0 as usize];
            state.judges = judges;
            state.started_at = started_at;
        }
    }

    pub(in crate::engine) fn effect_ended(&mut self, exec: ExecId, direction: Direction, outcome: &Outcome) {
        if let Some(work) = self.work_mut(exec, direction) {
            work.in_flight = false;
            work.in_doubt = false;
            if let Some(act) = work.acts.last_mut() {
                act.outcome = Some(outcome.clone());
            }
        }
        self.push(Work::Exec(exec));
    }

    pub(in crate::engine) fn arm_deadline(&mut self, plan: &Plan, node: NodeIndex, exec: ExecId, direction: Direction) {
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
    pub(in crate::engine) fn work_mut(&mut self, exec: ExecId, direction: Direction) -> Option<&mut Acts> {
        let exec = self.execs.get_mut(exec.0 as usize)?;
        match direction {
            Direction::Forward => Some(&mut exec.forward),
            Direction::Undo => exec.undo.as_mut().map(|undo| &mut undo.work),
        }
    }
}

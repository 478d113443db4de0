//! The run as a whole: pauses, stops, hooks, undo, the end.

use super::super::event::{Event, ExecId, FrameId, PauseCause};
use super::super::exec::Work as Acts;
use super::super::exec::{Detail, Owner, Undo, UndoStatus};
use super::super::judge::Judge;
use super::super::observe;
use super::super::state::{HookState, Restore, State, Stop, Work};
use crate::base::time::Timestamp;
use crate::model::program::HookEvent;
use crate::plan::program::{PhaseIndex, Plan};

impl State {
    /// Puts work behind all other; what stands there already is not done twice.
    pub(in crate::engine) fn push(&mut self, work: Work) {
        if self.live.queue.back() != Some(&work) {
            self.live.queue.push_back(work);
        }
    }

    /// One that has ended well ends those that were interrupted before it: the files are whole again.
    pub(in crate::engine) fn apply_restore(&mut self, event: &Event) {
        match event {
            Event::RestoreBegan { backup, emergency, .. } => {
                self.restores.push(Restore { backup: backup.clone(), emergency: emergency.clone() });
            }
            Event::RestoreEnded { problem: None, .. } => self.restores.clear(),
            Event::RestoreEnded { problem: Some(_), .. } => {
                self.restores.pop();
            }
            _ => {}
        }
    }

    pub(in crate::engine) fn apply_run(&mut self, plan: &Plan, event: &Event, at: Timestamp) {
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
            Event::NoticeRequested { effect, .. } => self.notices.push(Some((**effect).clone())),
            Event::NoticeEnded { notice, .. } => {
                if let Some(answered) = self.notices.get_mut(*notice as usize) {
                    *answered = None;
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
                // A doubt stays one until its step is cancelled; whether something was taken back is still to be said.
                self.pause.retain(|cause| matches!(cause, PauseCause::InDoubt(_)));
                if self.pause.is_empty() {
                    self.paused_since = None;
                }
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

    pub(in crate::engine) fn hook_ended(
        &mut self,
        plan: &Plan,
        hook: HookEvent,
        phase: PhaseIndex,
        problem: Option<&str>,
    ) {
        self.close_frames_of(phase);
        if let Some(state) = self.hooks.iter_mut().rev().find(|state| state.hook == hook && !state.ended) {
            state.ended = true;
            state.problem = problem.map(str::to_owned);
        }
        self.enqueue_everything(plan);
    }

    pub(in crate::engine) fn in_hook(&self, plan: &Plan, frame: FrameId) -> bool {
        self.frame(frame).phase.is_some_and(|phase| plan.phase(phase).hook.is_some())
    }

    pub(in crate::engine) fn apply_undo(&mut self, event: &Event, at: Timestamp, plan: &Plan) {
        let status = match event {
            Event::RollbackStarted { .. } => {
                self.rolling_back = true;
                self.enqueue_everything(plan);
                return;
            }
            Event::UndoStarted { exec, args, .. } => {
                let undo =
                    Undo { status: UndoStatus::Running, args: args.clone(), work: Acts::begin(at), ended_seq: None };
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
        let ended_seq = Some(self.last_seq);
        if let Some(undo) = &mut self.execs[exec.0 as usize].undo {
            undo.status = status;
            undo.ended_seq = ended_seq;
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
    pub(in crate::engine) fn forget_missing(&mut self, cause: &PauseCause) {
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
    pub(in crate::engine) fn resume(&mut self, plan: &Plan, at: Timestamp) {
        let Some(since) = self.paused_since.take() else { return };
        let running: Vec<ExecId> = self.live.running.iter().copied().collect();
        for id in running {
            let exec = &mut self.execs[id.0 as usize];
            let stood_still = at.since(since.max(exec.started_at));
            match &mut exec.detail {
                Detail::Hold(hold) => {
                    hold.paused += stood_still;
                    hold.seen_at = Some(at);
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
    pub(in crate::engine) fn enqueue_everything(&mut self, plan: &Plan) {
        let phases = (0u32..).map(PhaseIndex).take(plan.phases.len());
        let work: Vec<Work> = phases
            .map(Work::Phase)
            .chain(self.live.frames.iter().copied().map(Work::Frame))
            .chain(self.live.running.iter().copied().map(Work::Exec))
            .chain(std::iter::once(Work::Run))
            .collect();
        self.live.queue.extend(work);
    }
}

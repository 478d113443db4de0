//! A state as the fold of its journal leaves it, whatever has been in hand since: what a checkpoint keeps.

use super::event::ExecId;
use super::exec::{Detail, Exec, TARGET_TIMEOUT, Work};
use super::state::{Live, Sampling, State};
use crate::base::time::Timestamp;
use crate::plan::program::{NodeKind, Plan};

impl State {
    /// Without the work in hand, which a recovery makes anew: the same for a state that was folded and for one that has
    /// decided.
    #[must_use]
    pub fn as_folded(&self, plan: &Plan) -> Self {
        let mut state = self.clone();
        state.forget_work_in_hand(plan);
        state
    }

    /// A fold from the first event still has timers of what is over, one from a snapshot has not: a recovery forgets them, or
    /// the order in which it looks at things would depend on where the fold began.
    pub(super) fn forget_work_in_hand(&mut self, plan: &Plan) {
        self.phases.iter_mut().for_each(|phase| phase.settled = false);
        let Live { queue, timers, openings, throttled, sampling, .. } = &mut self.live;
        queue.clear();
        openings.clear();
        throttled.clear();
        *sampling = vec![Sampling::default(); plan.groups.len()];
        timers.clear();
        let running: Vec<ExecId> = self.live.running.iter().copied().collect();
        for id in running {
            let due = due(plan, self.exec(id));
            self.live.timers.extend(due.into_iter().map(|at| (at, id)));
        }
    }
}

/// When an execution that goes on has to be looked at, as far as the fold knows.
fn due(plan: &Plan, exec: &Exec) -> Vec<Timestamp> {
    let timeout = match &plan.node(exec.node).kind {
        NodeKind::Step(step) => step.timeout,
        NodeKind::Ramp { .. } => Some(TARGET_TIMEOUT),
        _ => None,
    };
    let of = |work: &Work| {
        let deadline = timeout.filter(|_| work.in_flight).map(|timeout| work.attempt_at.plus(timeout));
        [deadline, work.retry_at.filter(|_| !work.in_flight)]
    };
    let approval = match &exec.detail {
        Detail::Approve { deadline, .. } => *deadline,
        _ => None,
    };
    let works = std::iter::once(&exec.forward).chain(exec.undo.as_ref().map(|undo| &undo.work));
    works.flat_map(of).flatten().chain(approval).collect()
}

//! When each phase would start if the run began at a given instant: after what comes before it, inside its windows,
//! outside every freeze.

use crate::base::time::Timestamp;
use crate::contract::window::{Freeze, earliest};
use crate::plan::program::{PhaseIndex, Plan};

use super::timing::Timing;

/// A phase that would have to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub phase: PhaseIndex,
    /// When everything before it is over at the earliest.
    pub ready: Timestamp,
    pub until: Timestamp,
    /// The window, or the name of the freeze.
    pub waits_for: String,
}

/// The phases that would wait, in topological order, counting everything before them at its shortest. A phase that can
/// never start holds up none of the others here.
#[must_use]
pub fn waits(plan: &Plan, timing: &Timing, now: Timestamp) -> Vec<Wait> {
    let mut ends: Vec<Timestamp> = Vec::with_capacity(plan.phases.len());
    let mut found = Vec::new();
    for (index, phase) in plan.dag() {
        let ready = phase.after.iter().map(|before| ends[before.0 as usize]).max().unwrap_or(now);
        let freezes: &[Freeze] = if phase.changes { &plan.freezes } else { &[] };
        let mut begins = ready;
        if !phase.skipped
            && let Ok((until, Some(waits_for))) = earliest(&phase.windows, freezes, ready)
        {
            begins = until;
            found.push(Wait { phase: index, ready, until, waits_for: waits_for.to_owned() });
        }
        ends.push(begins.plus(timing.node(phase.node).min));
    }
    found
}

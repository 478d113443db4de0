//! Composite steps in tests: one that nobody says otherwise of succeeds at once, like any other step.
//!
//! Its parts succeed at once as well; what it would look at and wait for between them says nothing, since nobody gives it.

use std::time::Duration;

use crate::plan::program::{NodeKind, Plan};

/// Takes gates, holds and waits inside composite steps away.
pub(super) fn stand_in(plan: &mut Plan) {
    let phases: Vec<usize> = plan.phases.iter().map(|phase| phase.id.len() + 1).collect();
    for node in &mut plan.nodes {
        let own = phases.get(node.phase.0 as usize).and_then(|prefix| node.id.get(*prefix..));
        if !own.is_some_and(|own| own.contains('.')) {
            continue;
        }
        match &mut node.kind {
            NodeKind::Gate(conditions) => conditions.clear(),
            NodeKind::Hold { duration, conditions, .. } => {
                *duration = Duration::ZERO;
                conditions.clear();
            }
            NodeKind::Wait(duration) => *duration = Duration::ZERO,
            NodeKind::Phase | NodeKind::Step(_) | NodeKind::Ramp { .. } | NodeKind::Approve { .. } => {}
        }
    }
}

//! What a rollback at the end of each phase takes back, and what it cannot.
//!
//! A rollback at the end of a phase concerns the phase and everything that had to be done before it; what runs beside it
//! may or may not have happened by then.

use std::collections::HashMap;
use std::rc::{Rc, Weak};

use super::structure::lines_of;
use crate::model::signature::EffectClass;
use crate::plan::program::{NodeIndex, NodeKind, PhaseIndex, Plan};

/// What one phase adds to a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    /// In the order they are set back.
    pub ramps: Vec<NodeIndex>,
    /// In the order they are undone.
    pub undoes: Vec<NodeIndex>,
    /// Changes that stay, in the order they were made.
    pub keeps: Vec<NodeIndex>,
}

impl Share {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ramps.is_empty() && self.undoes.is_empty() && self.keeps.is_empty()
    }
}

#[must_use]
pub fn share_of(plan: &Plan, phase: PhaseIndex) -> Share {
    let mut share = Share::default();
    for line in lines_of(plan, phase) {
        match &plan.node(line.node).kind {
            NodeKind::Ramp { .. } => share.ramps.push(line.node),
            NodeKind::Step(step) if step.is_switched_off() => {}
            NodeKind::Step(step) if step.can_undo() => share.undoes.push(line.node),
            NodeKind::Step(step) if step.changes() => share.keeps.push(line.node),
            _ => {}
        }
    }
    share.ramps.reverse();
    share.undoes.reverse();
    share
}

/// Why a change stays, for people.
#[must_use]
pub fn why_kept(plan: &Plan, node: NodeIndex) -> &'static str {
    match &plan.node(node).kind {
        NodeKind::Step(step) if step.effect == EffectClass::Permanent => "permanent",
        _ => "no undo",
    }
}

/// Calls `visit` for every phase of the DAG in order, with the phases before it (not itself) that have a share in a
/// rollback, ascending. Sets are shared where they are the same and dropped once the last phase has made its own of them.
pub fn each_reach(plan: &Plan, shares: &[Share], mut visit: impl FnMut(PhaseIndex, &[u32])) {
    let mut sets: Vec<Option<Set>> = vec![None; plan.phases.len()];
    let mut open: Vec<usize> = plan.phases.iter().map(|phase| phase.before.len()).collect();
    let mut known: HashMap<&[PhaseIndex], Weak<Vec<u32>>> = HashMap::new();
    for (index, phase) in plan.dag() {
        let mut behind = Vec::with_capacity(phase.after.len());
        for before in &phase.after {
            let at = before.0 as usize;
            open[at] = open[at].saturating_sub(1);
            let set = if open[at] == 0 { sets[at].take() } else { sets[at].clone() };
            behind.extend(set.map(|set| (set, before.0)));
        }
        let known_set = known.get(phase.after.as_slice()).and_then(Weak::upgrade);
        let set = known_set.unwrap_or_else(|| unite(behind, shares));
        visit(index, &set);
        if open[index.0 as usize] > 0 {
            if phase.after.len() > 1 {
                known.insert(&phase.after, Rc::downgrade(&set));
            }
            sets[index.0 as usize] = Some(set);
        }
    }
}

/// What is before a phase; the phase itself is not in it, so that neighbours share one.
type Set = Rc<Vec<u32>>;

fn unite(mut behind: Vec<(Set, u32)>, shares: &[Share]) -> Set {
    let has_share = |phase: u32| !shares[phase as usize].is_empty();
    if behind.len() == 1
        && let Some((mut set, phase)) = behind.pop()
    {
        if has_share(phase) {
            // In a chain nobody else has it, and nothing is copied.
            Rc::make_mut(&mut set).push(phase);
        }
        return set;
    }
    let mut united: Vec<u32> = behind.iter().map(|(_, phase)| *phase).filter(|phase| has_share(*phase)).collect();
    behind.sort_by_key(|(set, _)| Rc::as_ptr(set));
    behind.dedup_by_key(|(set, _)| Rc::as_ptr(set));
    for (set, _) in &behind {
        united.extend(set.iter());
    }
    // Sorted runs one behind the other, which this sort merges.
    united.sort();
    united.dedup();
    Rc::new(united)
}

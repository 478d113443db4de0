//! The statements of a phase: which are new, gone, changed, or stand elsewhere.

use super::super::calls::expr_text;
use super::details::{self, signature};
use super::pairing::Pairing;
use super::{Change, Kind, Note};
use crate::plan::program::{BlockIndex, Item, Node, NodeKind, PhaseIndex, Plan};

/// A statement with what it stands in.
struct Standing<'p> {
    node: &'p Node,
    /// `ramp/parallel`; empty right in the phase.
    container: String,
    signature: String,
}

type At<'p> = (&'p Plan, PhaseIndex);

pub fn compare(before: At<'_>, after: At<'_>) -> Vec<Change> {
    let (old, new) = (statements(before), statements(after));
    let pairing = pair(before, &old, after, &new);
    let moved = pairing.moved();
    let phase = &after.0.phase(after.1).id;
    let mut changes = Vec::new();
    for (at, standing) in new.iter().enumerate() {
        let Some(was) = pairing.old_of(at) else {
            changes.push(one(phase, standing.node, Kind::Added));
            continue;
        };
        let mut notes = details::compare(old[was].node, standing.node);
        if old[was].container != standing.container {
            notes.push(Note::neither(format!(
                "{} stands {}",
                details::name(standing.node),
                within(&standing.container)
            )));
        } else if moved.binary_search(&at).is_ok() {
            notes.push(order(&old, &new, &pairing, at));
        }
        let differs = old[was].signature != standing.signature;
        if differs || !notes.is_empty() {
            let (before, after) = details::lines_of_pair(old[was].node, standing.node);
            let kind = Kind::Changed;
            let (subject, id) = (standing.node.kind.name(), standing.node.id.clone());
            changes.push(Change { kind, subject, id, phase: Some(phase.clone()), before, after, notes });
        }
    }
    changes.extend(pairing.removed().map(|at| one(phase, old[at].node, Kind::Removed)));
    changes
}

/// Every statement of a phase that is new or gone.
pub fn all(plan: &Plan, phase: PhaseIndex, kind: Kind) -> Vec<Change> {
    let id = &plan.phase(phase).id;
    statements((plan, phase)).iter().map(|standing| one(id, standing.node, kind)).collect()
}

/// What is done in a phase, whatever it is called.
pub fn signatures(plan: &Plan, phase: PhaseIndex) -> Vec<String> {
    statements((plan, phase)).into_iter().map(|one| format!("{} {}", one.container, one.signature)).collect()
}

fn one(phase: &str, node: &Node, kind: Kind) -> Change {
    let lines = details::lines(node);
    let (before, after, notes) = if kind == Kind::Added {
        (Vec::new(), lines, details::added(node))
    } else {
        (lines, Vec::new(), details::removed(node))
    };
    Change { kind, subject: node.kind.name(), id: node.id.clone(), phase: Some(phase.to_owned()), before, after, notes }
}

fn pair(before: At<'_>, old: &[Standing<'_>], after: At<'_>, new: &[Standing<'_>]) -> Pairing {
    let mut pairing = Pairing::new(old.len(), new.len());
    let place = |one: &Standing<'_>| (one.container.clone(), one.signature.clone());
    pairing.pair(|at| Some(place(&old[at])), |at| Some(place(&new[at])));
    let named = |(plan, phase): At<'_>, one: &Standing<'_>| {
        let is_named = matches!(&one.node.kind, NodeKind::Step(step) if step.name.is_some());
        let own = one.node.id.strip_prefix(plan.phase(phase).id.as_str());
        is_named.then(|| own.unwrap_or(&one.node.id).to_owned())
    };
    pairing.pair(|at| named(before, &old[at]), |at| named(after, &new[at]));
    pairing.pair(|at| Some(&old[at].signature), |at| Some(&new[at].signature));
    let about = |one: &Standing<'_>| {
        let about = details::about(one.node);
        (one.container.clone(), one.node.kind.name(), about)
    };
    pairing.pair(|at| Some(about(&old[at])), |at| Some(about(&new[at])));
    // Two calls of different steps are two things; two gates at one place are one gate that was changed.
    let kind = |one: &Standing<'_>| {
        let is_step = matches!(one.node.kind, NodeKind::Step(_));
        (!is_step).then(|| (one.container.clone(), one.node.kind.name()))
    };
    pairing.pair(|at| kind(&old[at]), |at| kind(&new[at]));
    pairing
}

fn statements((plan, phase): At<'_>) -> Vec<Standing<'_>> {
    let mut found = Vec::new();
    collect(plan, plan.phase(phase).body, "", &mut found);
    found
}

fn collect<'p>(plan: &'p Plan, block: BlockIndex, container: &str, found: &mut Vec<Standing<'p>>) {
    let below = |name: &str| if container.is_empty() { name.to_owned() } else { format!("{container}/{name}") };
    for item in &plan.block(block).items {
        match item {
            Item::Block(inner) => {
                let block = plan.block(*inner);
                let mut here = if block.parallel { below("parallel") } else { container.to_owned() };
                if let Some(when) = &block.when {
                    here = below(&format!("when {}", expr_text(when)));
                }
                if block.continues {
                    here.push_str("/on failure continue");
                }
                collect(plan, *inner, &here, found);
            }
            Item::Node(index) => {
                let node = plan.node(*index);
                found.push(Standing { node, container: container.to_owned(), signature: signature(node) });
                if let NodeKind::Ramp { body, .. } = &node.kind {
                    collect(plan, *body, &below("ramp"), found);
                }
            }
        }
    }
}

fn within(container: &str) -> String {
    match container.rsplit('/').next() {
        None | Some("") => "right in the phase now".to_owned(),
        Some(innermost) => format!("in a `{innermost}` now"),
    }
}

/// What it means that a statement stands elsewhere: whether a check comes too late now for a change.
fn order(old: &[Standing<'_>], new: &[Standing<'_>], pairing: &Pairing, at: usize) -> Note {
    let name = details::name(new[at].node);
    let is_check =
        |node: &Node| matches!(node.kind, NodeKind::Gate(_) | NodeKind::Hold { .. } | NodeKind::Approve { .. });
    let matters = |other: &Node| {
        let node = new[at].node;
        (is_check(node) && other.kind.changes()) || (node.kind.changes() && is_check(other))
    };
    let was = pairing.old_of(at);
    let turned = (0..old.len()).filter_map(|other| {
        let is = pairing.new_of(other)?;
        let (came_later, comes_later) = (was < Some(other), at < is);
        (came_later != comes_later && matters(new[is].node)).then_some((is, comes_later))
    });
    match turned.into_iter().next() {
        Some((other, comes_later)) => {
            // Riskier when the change is made before the check.
            let check_first = is_check(new[at].node) == comes_later;
            let place = if comes_later { "before" } else { "after" };
            Note::weighed(check_first, format!("{name} comes {place} {} now", details::name(new[other].node)))
        }
        None => Note::neither(format!("{name} stands elsewhere in its phase")),
    }
}

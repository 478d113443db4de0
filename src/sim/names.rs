//! What a test names, in the plan it runs: an expanded phase stands for all of its elements.

use crate::model::phase::PhaseRef;
use crate::model::scenario::StepRef;
use crate::plan::program::{Item, NodeIndex, NodeKind, PhaseIndex, Plan, Step};

/// The phases that a name, with or without an element, means.
pub fn phases(plan: &Plan, wanted: &PhaseRef) -> Vec<PhaseIndex> {
    let means = |id: &str, name: &str| match &wanted.element {
        Some(element) => name == wanted.name && id == format!("{name}[{element}]"),
        None => name == wanted.name,
    };
    plan.dag().filter(|(_, phase)| means(&phase.id, &phase.name)).map(|(index, _)| index).collect()
}

/// How the phase is written: `deploy[eu]`.
pub fn phase_text(wanted: &PhaseRef) -> String {
    wanted.element.as_ref().map_or_else(|| wanted.name.clone(), |element| format!("{}[{element}]", wanted.name))
}

pub fn step_text(wanted: &StepRef) -> String {
    format!("{}.{}", phase_text(&wanted.phase), wanted.step)
}

/// The ids that a step, or any node of a phase, has in the plan: one for each element.
pub fn ids(plan: &Plan, wanted: &StepRef) -> Vec<String> {
    let found = phases(plan, &wanted.phase).into_iter();
    found.map(|phase| format!("{}.{}", plan.phase(phase).id, wanted.step)).collect()
}

/// A step in one phase: a built-in one is one node, a composite one those in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `deploy[eu].install`
    pub id: String,
    /// The node of that id: the step, or what a composite one returns.
    pub node: Option<NodeIndex>,
    /// Of a composite step, in the order in which they stand.
    pub parts: Vec<NodeIndex>,
}

impl Named {
    /// The nodes whose executions are executions of this step: the step, or the first part of it that may run.
    pub fn first(&self) -> Option<NodeIndex> {
        self.parts.first().copied().or(self.node)
    }

    /// The node of which `fails` and `takes` are said: of a composite step the first part that changes something.
    pub fn acting(&self, plan: &Plan) -> Option<NodeIndex> {
        let changes = |node: &&NodeIndex| step(plan, **node).is_some_and(Step::changes);
        self.parts.iter().find(changes).copied().or(self.first())
    }

    pub fn all(&self) -> impl Iterator<Item = NodeIndex> {
        self.parts.iter().copied().chain(self.node)
    }
}

/// The step in each phase that is meant.
pub fn steps(plan: &Plan, wanted: &StepRef) -> Vec<Named> {
    ids(plan, wanted).into_iter().map(|id| named(plan, id)).filter(|named| named.first().is_some()).collect()
}

fn named(plan: &Plan, id: String) -> Named {
    let indexed = || (0u32..).map(NodeIndex).zip(&plan.nodes);
    let node = indexed().find(|(_, node)| node.id == id).map(|(index, _)| index);
    let within = format!("{id}.");
    let parts = indexed().filter(|(index, node)| node.id.starts_with(&within) && step(plan, *index).is_some());
    let parts = parts.map(|(index, _)| index).collect();
    Named { id, node, parts }
}

pub fn step(plan: &Plan, node: NodeIndex) -> Option<&Step> {
    if let NodeKind::Step(step) = &plan.node(node).kind { Some(step) } else { None }
}

/// The ramps of a phase, those in parallel branches and components included.
pub fn ramps(plan: &Plan, phase: PhaseIndex) -> Vec<NodeIndex> {
    let mut found = Vec::new();
    let mut open = vec![plan.phase(phase).body];
    while let Some(block) = open.pop() {
        for item in &plan.block(block).items {
            match item {
                Item::Block(inner) => open.push(*inner),
                Item::Node(node) => {
                    if let NodeKind::Ramp { body, .. } = &plan.node(*node).kind {
                        found.push(*node);
                        open.push(*body);
                    }
                }
            }
        }
    }
    found
}

//! What comes directly before each node, and in which phase everything stands.

use std::rc::Rc;

use crate::plan::program::{BlockIndex, Item, NodeIndex, NodeKind, PhaseIndex, Plan, Trigger};

/// Direct predecessors of every node, by its index.
#[derive(Debug)]
pub struct Structure {
    /// Shared between nodes that start together.
    after: Vec<Rc<[NodeIndex]>>,
}

impl Structure {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let none: Rc<[NodeIndex]> = Rc::from([]);
        let mut structure = Self { after: vec![none.clone(); plan.nodes.len()] };
        for phase in &plan.phases {
            let before = phase.after.iter().map(|index| plan.phase(*index).node);
            structure.after[phase.node.0 as usize] = before.collect();
            structure.enter(plan, phase.body, &none);
        }
        structure
    }

    #[must_use]
    pub fn after(&self, node: NodeIndex) -> &[NodeIndex] {
        &self.after[node.0 as usize]
    }

    /// Gives the nodes that the block ends with.
    fn enter(&mut self, plan: &Plan, block: BlockIndex, before: &Rc<[NodeIndex]>) -> Rc<[NodeIndex]> {
        let block = plan.block(block);
        if block.parallel {
            let ends: Vec<NodeIndex> =
                block.items.iter().flat_map(|item| self.item(plan, *item, before).to_vec()).collect();
            return if ends.is_empty() { before.clone() } else { ends.into() };
        }
        block.items.iter().fold(before.clone(), |before, item| self.item(plan, *item, &before))
    }

    fn item(&mut self, plan: &Plan, item: Item, before: &Rc<[NodeIndex]>) -> Rc<[NodeIndex]> {
        match item {
            Item::Block(block) => self.enter(plan, block, before),
            Item::Node(node) => {
                self.after[node.0 as usize] = before.clone();
                let this: Rc<[NodeIndex]> = Rc::from([node]);
                if let NodeKind::Ramp { body, .. } = &plan.node(node).kind {
                    self.enter(plan, *body, &this);
                }
                this
            }
        }
    }
}

/// One statement, how deep it stands and whether it runs side by side with its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub node: NodeIndex,
    pub depth: usize,
    pub parallel: bool,
}

/// The statements of a phase from top to bottom, those of ramps and `parallel` one level deeper.
#[must_use]
pub fn lines_of(plan: &Plan, phase: PhaseIndex) -> Vec<Line> {
    let mut lines = Vec::new();
    add_lines(plan, plan.phase(phase).body, 0, &mut lines);
    lines
}

fn add_lines(plan: &Plan, block: BlockIndex, depth: usize, lines: &mut Vec<Line>) {
    let block = plan.block(block);
    for item in &block.items {
        match item {
            Item::Block(inner) if plan.block(*inner).parallel => add_lines(plan, *inner, depth + 1, lines),
            Item::Block(inner) => add_lines(plan, *inner, depth, lines),
            Item::Node(node) => {
                lines.push(Line { node: *node, depth, parallel: block.parallel });
                if let NodeKind::Ramp { body, .. } = &plan.node(*node).kind {
                    add_lines(plan, *body, depth + 1, lines);
                }
            }
        }
    }
}

/// All triggers, each with the phase it stands in; those of the pipeline come first and stand in none.
#[must_use]
pub fn triggers_of(plan: &Plan) -> Vec<(Option<PhaseIndex>, &Trigger)> {
    let mut triggers: Vec<_> = plan.block(plan.scope).triggers.iter().map(|trigger| (None, trigger)).collect();
    for (index, phase) in (0..).map(PhaseIndex).zip(&plan.phases) {
        let mut open = vec![phase.body];
        while let Some(block) = open.pop() {
            let block = plan.block(block);
            triggers.extend(block.triggers.iter().map(|trigger| (Some(index), trigger)));
            let inner = block.items.iter().rev().filter_map(|item| match item {
                Item::Block(inner) => Some(*inner),
                Item::Node(node) => match &plan.node(*node).kind {
                    NodeKind::Ramp { body, .. } => Some(*body),
                    _ => None,
                },
            });
            open.extend(inner);
        }
    }
    triggers
}

//! Which phase comes after which.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashSet};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::expand::{Expansion, Instance};
use super::parts::each_part;
use super::request::PlanError;
use super::scope::Scope;
use crate::base::span::Location;
use crate::model::expr::{Expr, ExprKind, OutputRef};
use crate::model::walk::phase_expressions;

/// Edges from each phase to those after it; indices are those of the instances.
pub type Graph = DiGraph<(), (), u32>;

/// From `after`, and from the use of another phase's outputs.
pub fn build_graph(expansion: &Expansion, scope: &Scope) -> Graph {
    let mut graph = Graph::with_capacity(expansion.instances.len(), expansion.instances.len());
    for _ in &expansion.instances {
        graph.add_node(());
    }
    for (index, instance) in expansion.instances.iter().enumerate() {
        for predecessor in predecessors(instance, expansion, scope) {
            if predecessor != index {
                graph.add_edge(NodeIndex::new(predecessor), NodeIndex::new(index), ());
            }
        }
    }
    graph
}

/// All phases, each behind those it comes after, otherwise as they were declared.
pub fn topological_order(graph: &Graph, expansion: &Expansion) -> Result<Vec<usize>, PlanError> {
    let incoming = |node| graph.neighbors_directed(node, Direction::Incoming).count();
    let mut waiting: Vec<usize> = graph.node_indices().map(incoming).collect();
    let is_free = |node: &NodeIndex| waiting[node.index()] == 0;
    let mut free: BinaryHeap<Reverse<usize>> =
        graph.node_indices().filter(is_free).map(|node| Reverse(node.index())).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(Reverse(index)) = free.pop() {
        order.push(index);
        for next in graph.neighbors(NodeIndex::new(index)) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                free.push(Reverse(next.index()));
            }
        }
    }
    if order.len() == waiting.len() { Ok(order) } else { Err(name_cycle(graph, expansion)) }
}

/// The predecessors of a phase in the order they were declared.
pub fn predecessors_of(graph: &Graph, index: usize) -> impl Iterator<Item = usize> {
    let before: BTreeSet<usize> =
        graph.neighbors_directed(NodeIndex::new(index), Direction::Incoming).map(NodeIndex::index).collect();
    before.into_iter()
}

fn predecessors(instance: &Instance, expansion: &Expansion, scope: &Scope) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut add = |name: &str, element: Option<&str>, at: Location| match expansion.find(name, element) {
        Ok(indices) => found.extend(indices),
        Err(message) => scope.fail(PlanError::program(at, message)),
    };
    for phase in &instance.phase.after {
        add(&phase.name, phase.element.as_deref(), instance.phase.name_at);
    }
    let mut read = |output: &OutputRef, at: Location| {
        // Within the phase an output is that of the same element, which is no edge.
        if output.phase != instance.phase.name || output.element.is_some() {
            add(&output.phase, output.element.as_deref(), at);
        }
    };
    let mut seen = HashSet::new();
    phase_expressions(instance.phase, &mut |expr| match &*expr.kind {
        ExprKind::Output(output) => read(output, expr.at),
        ExprKind::Local(id) if seen.insert(*id) => {
            scope.each_local_behind(expr, &mut |local| each_output(local, &mut read))
        }
        _ => {}
    });
    found
}

fn each_output(expr: &Expr, visit: &mut dyn FnMut(&OutputRef, Location)) {
    each_part(expr, &mut |part| {
        if let ExprKind::Output(output) = &*part.kind {
            visit(output, part.at);
        }
    });
}

fn name_cycle(graph: &Graph, expansion: &Expansion) -> PlanError {
    let circle = kosaraju_scc(graph).into_iter().find(|component| component.len() > 1).unwrap_or_default();
    let names: Vec<String> = circle.iter().map(|node| format!("`{}`", expansion.instances[node.index()].id)).collect();
    let at = circle.first().map_or_else(Location::default, |node| expansion.instances[node.index()].phase.name_at);
    PlanError::program(at, format!("phases wait for one another: {}", names.join(", ")))
}

//! How phases depend on each other: circles (PG301), and one target ramped by two that may run side by side (PG304).

use std::cell::OnceCell;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::{Block, Call, StatementKind};
use crate::model::program::{LocalKind, Pipeline};
use crate::model::walk;

use super::checker::Checker;

/// Why one phase waits for another.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    at: Location,
    by_output: bool,
}

pub fn check(checker: &mut Checker<'_>, pipeline: &Pipeline) {
    let edges = edges_of(pipeline);
    let targets: Vec<Vec<usize>> = edges.iter().map(|edges| edges.iter().map(|edge| edge.to).collect()).collect();
    let circles = circles(&targets);
    for circle in &circles {
        report_circle(checker, pipeline, &edges, circle);
    }
    if circles.is_empty() {
        report_shared_targets(checker, pipeline, &targets);
    }
}

/// The edges of each phase, one per other phase: by `after`, and by use of another phase's outputs.
fn edges_of(pipeline: &Pipeline) -> Vec<Vec<Edge>> {
    let mut index: FxHashMap<&str, usize> = FxHashMap::default();
    for (at, phase) in pipeline.phases.iter().enumerate() {
        index.entry(&phase.name).or_insert(at);
    }
    let through_locals = outputs_of_locals(pipeline);
    let phases = pipeline.phases.iter().enumerate();
    phases
        .map(|(own, phase)| {
            let mut edges: Vec<Edge> = Vec::new();
            let mut seen: FxHashSet<usize> = FxHashSet::default();
            for after in &phase.after {
                if let Some(&to) = index.get(after.name.as_str())
                    && seen.insert(to)
                {
                    edges.push(Edge { to, at: phase.name_at, by_output: false });
                }
            }
            walk::phase_expressions(phase, &mut |expr| {
                let mut add = |name: &str| {
                    if let Some(&to) = index.get(name)
                        && to != own
                        && seen.insert(to)
                    {
                        edges.push(Edge { to, at: expr.at, by_output: true });
                    }
                };
                match &*expr.kind {
                    ExprKind::Output(output) => add(&output.phase),
                    ExprKind::Local(id) => {
                        through_locals.get(id.0 as usize).into_iter().flatten().for_each(|name| add(name));
                    }
                    _ => {}
                }
            });
            edges
        })
        .collect()
}

/// By the number of a `let` or argument: the phases whose outputs it uses, directly or through others.
fn outputs_of_locals(pipeline: &Pipeline) -> Vec<Vec<&str>> {
    let mut found: Vec<Vec<&str>> = Vec::with_capacity(pipeline.locals.len());
    for local in &pipeline.locals {
        let mut phases: Vec<&str> = Vec::new();
        if let LocalKind::Value(value) = &local.kind {
            walk::expressions(value, &mut |expr| match &*expr.kind {
                ExprKind::Output(output) => phases.push(&output.phase),
                // A local is declared behind those it uses.
                ExprKind::Local(id) => phases.extend(found.get(id.0 as usize).into_iter().flatten().copied()),
                _ => {}
            });
        }
        phases.sort_unstable();
        phases.dedup();
        found.push(phases);
    }
    found
}

/// The circles of a graph: for every edge that closes one, the nodes from where it leads to back to where it starts.
/// Each begins with its smallest node.
pub fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut state = vec![Visit::New; edges.len()];
    let mut found = Vec::new();
    for start in 0..edges.len() {
        if state[start] != Visit::New {
            continue;
        }
        // A path of nodes, each with how many of its edges have been followed.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        state[start] = Visit::Open;
        while let Some((node, followed)) = path.last_mut() {
            let Some(&next) = edges[*node].get(*followed) else {
                state[*node] = Visit::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            match state[next] {
                Visit::New => {
                    state[next] = Visit::Open;
                    path.push((next, 0));
                }
                Visit::Open => {
                    let from = path.iter().position(|(node, _)| *node == next).unwrap_or(0);
                    found.push(rotated(path[from..].iter().map(|(node, _)| *node).collect()));
                }
                Visit::Done => {}
            }
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Done,
}

fn rotated(mut circle: Vec<usize>) -> Vec<usize> {
    let smallest = circle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
    circle.rotate_left(smallest);
    circle
}

fn report_circle(checker: &mut Checker<'_>, pipeline: &Pipeline, edges: &[Vec<Edge>], circle: &[usize]) {
    let name = |phase: usize| pipeline.phases[phase].name.as_str();
    let mut path: Vec<&str> = circle.iter().map(|phase| name(*phase)).collect();
    path.push(name(circle[0]));
    let message = format!("these phases wait for each other in a circle: `{}`", path.join("` → `"));
    let word = |from: usize, to: usize| {
        let edge = edges[from].iter().find(|edge| edge.to == to);
        let at = edge.map_or(pipeline.phases[from].name_at, |edge| edge.at);
        let why = match edge {
            Some(edge) if edge.by_output => format!("`{}` uses an output of `{}`", name(from), name(to)),
            _ => format!("`{}` comes after `{}`", name(from), name(to)),
        };
        (at, why)
    };
    let next = |at: usize| circle[(at + 1) % circle.len()];
    let (at, label) = word(circle[0], next(0));
    let mut diagnostic = Diagnostic::new(Code::PG301, at, message).label(label);
    for (step, phase) in circle.iter().enumerate().skip(1) {
        let (at, label) = word(*phase, next(step));
        diagnostic = diagnostic.also(at, label);
    }
    checker.report(diagnostic.help("take one of them out of the circle"));
}

/// A ramp of a phase: its target, and where a person would look for it.
struct Ramped<'p> {
    phase: usize,
    target: &'p Call,
    at: Location,
}

fn report_shared_targets(checker: &mut Checker<'_>, pipeline: &Pipeline, edges: &[Vec<usize>]) {
    let mut ramps: Vec<Ramped<'_>> = Vec::new();
    for (index, phase) in pipeline.phases.iter().enumerate() {
        collect_ramps(&phase.body, index, None, &mut ramps);
    }
    if ramps.len() < 2 {
        return;
    }
    let mut reach: FxHashMap<usize, FxHashSet<usize>> = FxHashMap::default();
    let mut reported: FxHashSet<(usize, usize)> = FxHashSet::default();
    for (later_index, later) in ramps.iter().enumerate() {
        for earlier in &ramps[..later_index] {
            if earlier.phase == later.phase || !same_target(pipeline, earlier.target, later.target) {
                continue;
            }
            let ordered = reach
                .entry(later.phase)
                .or_insert_with(|| ancestors(edges, later.phase))
                .contains(&earlier.phase)
                || reach.entry(earlier.phase).or_insert_with(|| ancestors(edges, earlier.phase)).contains(&later.phase);
            if ordered || !reported.insert((earlier.phase, later.phase)) {
                continue;
            }
            let (first, second) = (&pipeline.phases[earlier.phase], &pipeline.phases[later.phase]);
            let message = format!("`{}` and `{}` may ramp the same target side by side", first.name, second.name);
            let diagnostic = Diagnostic::new(Code::PG304, later.at, message)
                .label(format!("ramped in `{}`", second.name))
                .also(earlier.at, format!("ramped in `{}`", first.name))
                .help(format!("let one wait for the other: `phase {} after {}`", second.name, first.name));
            checker.report(diagnostic);
        }
    }
}

fn collect_ramps<'p>(block: &'p Block, phase: usize, inside: Option<Location>, ramps: &mut Vec<Ramped<'p>>) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Ramp { target, body, .. } => {
                ramps.push(Ramped { phase, target, at: inside.unwrap_or(target.at) });
                collect_ramps(body, phase, inside, ramps);
            }
            StatementKind::Parallel(body) => collect_ramps(body, phase, inside, ramps),
            StatementKind::Scope(body) => collect_ramps(body, phase, inside.or(Some(statement.at)), ramps),
            StatementKind::Step(_)
            | StatementKind::Gate { .. }
            | StatementKind::Hold { .. }
            | StatementKind::Approve { .. }
            | StatementKind::Wait(_) => {}
        }
    }
}

/// All phases that a phase waits for, directly or through others.
fn ancestors(edges: &[Vec<usize>], phase: usize) -> FxHashSet<usize> {
    let mut found = FxHashSet::default();
    let mut open = vec![phase];
    while let Some(node) = open.pop() {
        for next in &edges[node] {
            if found.insert(*next) {
                open.push(*next);
            }
        }
    }
    found
}

/// Whether both calls surely name one target: the same arguments, whatever they are written as.
fn same_target(pipeline: &Pipeline, left: &Call, right: &Call) -> bool {
    left.name == right.name
        && left.args.len() == right.args.len()
        && left.args.iter().all(|(name, value)| {
            let other = right.args.iter().find(|(other, _)| other == name);
            other.is_some_and(|(_, other)| same_value(pipeline, value, other))
        })
}

fn same_value(pipeline: &Pipeline, left: &Expr, right: &Expr) -> bool {
    match (&*resolved(pipeline, left).kind, &*resolved(pipeline, right).kind) {
        (ExprKind::Literal(left), ExprKind::Literal(right)) => left == right,
        (ExprKind::Environment(left), ExprKind::Environment(right)) => left == right,
        (ExprKind::Local(left), ExprKind::Local(right)) => {
            let is_loop =
                pipeline.locals.get(left.0 as usize).is_some_and(|local| matches!(local.kind, LocalKind::Loop));
            left == right && !is_loop
        }
        _ => false,
    }
}

/// Whether both calls surely name different targets.
pub fn are_other_targets(pipeline: &Pipeline, left: &Call, right: &Call) -> bool {
    let differs = |(name, value): &(String, Expr)| {
        let other = right.args.iter().find(|(other, _)| other == name).map(|(_, other)| resolved(pipeline, other));
        let other = other.and_then(Expr::as_literal);
        resolved(pipeline, value).as_literal().zip(other).is_some_and(|(left, right)| left != right)
    };
    left.name != right.name || left.args.iter().any(differs)
}

/// Without the `let`s and arguments in between.
fn resolved<'p>(pipeline: &'p Pipeline, expr: &'p Expr) -> &'p Expr {
    let mut expr = expr;
    for _ in 0..pipeline.locals.len() {
        let ExprKind::Local(id) = &*expr.kind else { break };
        match pipeline.locals.get(id.0 as usize).map(|local| &local.kind) {
            Some(LocalKind::Value(value)) => expr = value,
            _ => break,
        }
    }
    expr
}

/// The order of a pipeline's phases, for those who judge it; found out when it is first asked for.
#[derive(Debug)]
pub struct Order<'p> {
    pipeline: &'p Pipeline,
    predecessors: OnceCell<Vec<Vec<usize>>>,
}

impl<'p> Order<'p> {
    pub fn of(pipeline: &'p Pipeline) -> Self {
        Self { pipeline, predecessors: OnceCell::new() }
    }

    /// The phases each phase waits for.
    pub fn predecessors(&self) -> &[Vec<usize>] {
        self.predecessors.get_or_init(|| {
            let edges = edges_of(self.pipeline).into_iter();
            edges.map(|edges| edges.into_iter().map(|edge| edge.to).collect()).collect()
        })
    }

    /// For each phase all those that are over when it begins.
    pub fn ancestors(&self) -> Vec<FxHashSet<usize>> {
        let edges = self.predecessors();
        (0..edges.len()).map(|phase| ancestors(edges, phase)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::circles;

    #[test]
    fn a_chain_has_no_circle() {
        assert!(circles(&[vec![], vec![0], vec![1, 0]]).is_empty());
    }

    #[test]
    fn each_circle_is_found_once() {
        assert_eq!(circles(&[vec![1], vec![0]]), [vec![0, 1]]);
        assert_eq!(circles(&[vec![0]]), [vec![0]]);
        assert_eq!(circles(&[vec![1, 2], vec![0], vec![0]]), [vec![0, 1], vec![0, 2]]);
        assert_eq!(circles(&[vec![], vec![2], vec![3], vec![1]]), [vec![1, 2, 3]]);
    }
}

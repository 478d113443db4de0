//! What a simulation takes for granted: conditions about outputs of steps that nobody gave.
//!
//! A step that is not performed has no output; whether a benchmark was met cannot be found out here. Such conditions are
//! taken out of the plan and named, so that the run goes on to what can be simulated. Everywhere else stand-ins are read.

use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind, OutputRef};
use crate::model::phase::RETURN;
use crate::plan::program::{Condition, NodeKind, Plan};
use crate::sim::names;
use crate::sim::script::Script;

/// A condition that is taken as met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumed {
    /// The node or trigger it stands in: `bench.gate1`.
    pub place: String,
    pub condition: String,
    /// What it reads: `bench.now.p95`.
    pub output: String,
}

/// Takes conditions out of the plan that read what nobody gave, and says which.
pub fn take_out(plan: &mut Plan, script: &Script) -> Vec<Assumed> {
    let mut assumed = Vec::new();
    let original = plan.clone();
    for node in &mut plan.nodes {
        if let NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } = &mut node.kind {
            let place = &node.id;
            conditions.retain(|condition| keep(&original, script, (place, condition), &mut assumed));
        }
    }
    for trigger in plan.blocks.iter_mut().flat_map(|block| &mut block.triggers) {
        // It stays where it is, since triggers are counted, and never holds.
        let Some(found) = not_given(&original, script, &trigger.condition.expr) else { continue };
        let never = crate::contract::value::Value::Bool(false);
        let never = Expr::literal(never, Type::Bool, trigger.condition.expr.at);
        assumed.push(Assumed { place: trigger.id.clone(), condition: trigger.condition.text.clone(), output: found });
        trigger.condition.expr = never;
        trigger.condition.reads.clear();
    }
    assumed
}

fn keep(plan: &Plan, script: &Script, (place, condition): (&str, &Condition), assumed: &mut Vec<Assumed>) -> bool {
    let found = not_given(plan, script, &condition.expr);
    let keeps = found.is_none();
    assumed.extend(found.map(|output| Assumed { place: place.to_owned(), condition: condition.text.clone(), output }));
    keeps
}

/// The first output in an expression that nobody gave.
fn not_given(plan: &Plan, script: &Script, expr: &Expr) -> Option<String> {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match path(expr) {
            Some((output, fields)) => {
                if let Some(found) = missing(plan, script, output, &fields) {
                    return Some(found);
                }
            }
            None => open.extend(expr.children()),
        }
    }
    None
}

/// An output with the fields that are read of it.
fn path(expr: &Expr) -> Option<(&OutputRef, Vec<&str>)> {
    let mut fields = Vec::new();
    let mut inner = expr;
    loop {
        match &*inner.kind {
            ExprKind::Output(output) => {
                fields.reverse();
                return Some((output, fields));
            }
            ExprKind::Field(of, name) => {
                fields.push(name.as_str());
                inner = of;
            }
            _ => return None,
        }
    }
}

fn missing(plan: &Plan, script: &Script, output: &OutputRef, fields: &[&str]) -> Option<String> {
    let within = |id: &str, name: &str| match &output.element {
        Some(element) => name == output.phase && id == format!("{}[{element}]", output.phase),
        None => name == output.phase,
    };
    let mut nodes = (0_u32..).map(crate::plan::program::NodeIndex).zip(&plan.nodes).filter(|(_, node)| {
        let phase = plan.phase(node.phase);
        within(&phase.id, &phase.name) && node.id == format!("{}.{}", phase.id, output.step)
    });
    let (index, node) = nodes.next()?;
    let step = names::step(plan, index)?;
    // What tells of kill switches is played out, and what is handed on is made from the parts.
    if step.call.name == RETURN || step.call.name.starts_with("killswitch.") {
        return None;
    }
    let given = script.steps.get(&index).and_then(|behaviour| behaviour.output.as_ref());
    let answers_itself = given.is_none() && step.call.name.starts_with("read.") && !script.files.is_empty();
    let found = fields.iter().try_fold(given, |at, field| {
        let at = at?;
        // Of a value without fields nothing more can be missing.
        Some(if at.is_object() { at.get(field) } else { Some(at) })
    });
    let is_there = matches!(found, Some(Some(_)));
    let name = fields.iter().fold(node.id.clone(), |name, field| format!("{name}.{field}"));
    (!is_there && !answers_itself).then_some(name)
}

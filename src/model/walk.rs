//! Visits the expressions of a model, for those who look for something in all of them.

use super::expr::Expr;
use super::phase::{Block, Call, Condition, Phase, StatementKind, Step, Sustain, Trigger};
use super::program::Pipeline;

/// The expression and everything inside it.
pub fn expressions<'m>(expr: &'m Expr, visit: &mut dyn FnMut(&'m Expr)) {
    visit(expr);
    expr.each_child(&mut |child| expressions(child, visit));
}

/// Every expression of a phase, those of its header included.
pub fn phase_expressions<'m>(phase: &'m Phase, visit: &mut dyn FnMut(&'m Expr)) {
    let each = phase.each.iter().flat_map(|each| std::iter::once(&each.list).chain(&each.at_once));
    for expr in each.chain(&phase.title).chain(&phase.when).chain(&phase.window) {
        expressions(expr, visit);
    }
    block_expressions(&phase.body, visit);
}

/// Every expression of a block and of the blocks in it.
pub fn block_expressions<'m>(block: &'m Block, visit: &mut dyn FnMut(&'m Expr)) {
    let when = block.composite.iter().filter_map(|composite| composite.when.as_ref());
    when.for_each(|when| expressions(when, visit));
    for trigger in &block.triggers {
        trigger_expressions(trigger, visit);
    }
    for statement in &block.statements {
        statement_expressions(&statement.kind, visit);
    }
}

/// Every expression of a pipeline: phases, triggers and hooks, its settings and the values of its locals.
pub fn pipeline_expressions<'m>(pipeline: &'m Pipeline, visit: &mut dyn FnMut(&'m Expr)) {
    for local in &pipeline.locals {
        match &local.kind {
            super::program::LocalKind::Param(Some(value)) | super::program::LocalKind::Value(value) => {
                expressions(value, visit);
            }
            super::program::LocalKind::Param(None) | super::program::LocalKind::Loop => {}
        }
    }
    for expr in pipeline.lock.iter().chain(&pipeline.timeout).chain(&pipeline.window) {
        expressions(expr, visit);
    }
    block_expressions(&pipeline.scope, visit);
    for phase in &pipeline.phases {
        phase_expressions(phase, visit);
    }
    for hook in &pipeline.hooks {
        block_expressions(&hook.body, visit);
    }
}

fn statement_expressions<'m>(statement: &'m StatementKind, visit: &mut dyn FnMut(&'m Expr)) {
    match statement {
        StatementKind::Step(step) => step_expressions(step, visit),
        StatementKind::Gate { title, conditions } => {
            title.iter().for_each(|title| expressions(title, visit));
            conditions.iter().for_each(|condition| condition_expressions(condition, visit));
        }
        StatementKind::Hold { duration, every, conditions } => {
            std::iter::once(duration).chain(every).for_each(|expr| expressions(expr, visit));
            conditions.iter().for_each(|condition| condition_expressions(condition, visit));
        }
        StatementKind::Ramp { target, weights, body } => {
            call_expressions(target, visit);
            weights.iter().for_each(|weight| expressions(weight, visit));
            block_expressions(body, visit);
        }
        StatementKind::Approve { who, by, within, otherwise: _ } => {
            std::iter::once(who).chain(by).chain(within).for_each(|expr| expressions(expr, visit));
        }
        StatementKind::Wait(duration) => expressions(duration, visit),
        StatementKind::Parallel(body) | StatementKind::Scope(body) => block_expressions(body, visit),
    }
}

fn step_expressions<'m>(step: &'m Step, visit: &mut dyn FnMut(&'m Expr)) {
    call_expressions(&step.call, visit);
    let clauses = step.timeout.iter().chain(&step.retry).chain(&step.backoff).chain(&step.when);
    clauses.for_each(|expr| expressions(expr, visit));
    step.undo.iter().for_each(|undo| call_expressions(undo, visit));
}

fn call_expressions<'m>(call: &'m Call, visit: &mut dyn FnMut(&'m Expr)) {
    call.args.iter().for_each(|(_, value)| expressions(value, visit));
}

fn trigger_expressions<'m>(trigger: &'m Trigger, visit: &mut dyn FnMut(&'m Expr)) {
    condition_expressions(&trigger.condition, visit);
}

/// Every expression of a condition and of its clauses.
pub fn condition_expressions<'m>(condition: &'m Condition, visit: &mut dyn FnMut(&'m Expr)) {
    expressions(&condition.expr, visit);
    for sustain in condition.sustain.iter().chain(&condition.after) {
        match sustain {
            Sustain::Time(expr) | Sustain::Samples(expr) => expressions(expr, visit),
        }
    }
    condition.reason.iter().for_each(|reason| expressions(reason, visit));
}

/// Every block of a pipeline: its own scope, the bodies of phases and hooks, and all blocks inside them.
#[must_use]
pub fn blocks(pipeline: &Pipeline) -> Vec<&Block> {
    let mut found = vec![&pipeline.scope];
    for phase in &pipeline.phases {
        add_blocks(&phase.body, &mut found);
    }
    for hook in &pipeline.hooks {
        add_blocks(&hook.body, &mut found);
    }
    found
}

/// A block and all blocks inside it.
#[must_use]
pub fn blocks_within(block: &Block) -> Vec<&Block> {
    let mut found = Vec::new();
    add_blocks(block, &mut found);
    found
}

fn add_blocks<'m>(block: &'m Block, found: &mut Vec<&'m Block>) {
    found.push(block);
    for statement in &block.statements {
        if let Some(inner) = statement.kind.inner() {
            add_blocks(inner, found);
        }
    }
}

/// Every trigger of a pipeline.
pub fn triggers(pipeline: &Pipeline) -> impl Iterator<Item = &Trigger> {
    blocks(pipeline).into_iter().flat_map(|block| &block.triggers)
}

/// Every statement of a pipeline, those of its hooks included.
pub fn statements(pipeline: &Pipeline) -> impl Iterator<Item = &super::phase::Statement> {
    blocks(pipeline).into_iter().flat_map(|block| &block.statements)
}

/// Every step of a pipeline, those of its hooks included.
pub fn steps(pipeline: &Pipeline) -> impl Iterator<Item = &Step> {
    statements(pipeline).filter_map(|statement| match &statement.kind {
        StatementKind::Step(step) => Some(step),
        _ => None,
    })
}

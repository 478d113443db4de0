//! Changes every part of a copied block: for components and composite steps, which are put in more than once.

use super::expr::{Expr, ExprKind, LocalId, RunField};
use super::phase::{Block, Call, Condition, Statement, StatementKind, Step, Sustain};
use crate::base::span::Location;

/// What is done to each part.
pub trait Rewriter {
    /// Every expression, those inside others included, the outer ones first.
    fn expr(&mut self, expr: &mut Expr);

    /// The name of a step, or what stands before the names in a composite one.
    fn name(&mut self, name: &mut String);

    /// Where a part was written.
    fn place(&mut self, at: &mut Location) {
        let _ = at;
    }
}

/// Fits a body to the place that it is put in at: its locals stand behind those that are there, its steps have the label before
/// their names.
#[derive(Debug, Clone)]
pub struct PutIn {
    pub first_local: LocalId,
    pub phase: String,
    pub label: String,
    /// What `run.reason` is in a switch.
    pub reason: Option<LocalId>,
    /// Where all of it counts as written; none: where it stands.
    pub at: Option<Location>,
}

impl Rewriter for PutIn {
    fn expr(&mut self, expr: &mut Expr) {
        match (&mut *expr.kind, self.reason) {
            (ExprKind::Local(LocalId(id)), _) => *id = id.saturating_add(self.first_local.0),
            (ExprKind::Run(RunField::Reason), Some(reason)) => *expr.kind = ExprKind::Local(reason),
            (ExprKind::Output(output), _) => {
                output.phase.clone_from(&self.phase);
                self.name(&mut output.step);
            }
            _ => {}
        }
    }

    fn name(&mut self, name: &mut String) {
        let dot = if name.is_empty() { "" } else { "." };
        name.insert_str(0, dot);
        name.insert_str(0, &self.label);
    }

    fn place(&mut self, at: &mut Location) {
        *at = self.at.unwrap_or(*at);
    }
}

/// The block and all that is in it.
pub fn rewrite_block(block: &mut Block, rewriter: &mut impl Rewriter) {
    if let Some(composite) = &mut block.composite {
        rewriter.name(&mut composite.label);
        composite.when.iter_mut().for_each(|when| rewrite_expr(when, rewriter));
    }
    for trigger in &mut block.triggers {
        rewriter.place(&mut trigger.at);
        rewrite_condition(&mut trigger.condition, rewriter);
    }
    block.statements.iter_mut().for_each(|statement| rewrite_statement(statement, rewriter));
}

/// The expression and all that is in it.
pub fn rewrite_expr(expr: &mut Expr, rewriter: &mut impl Rewriter) {
    rewriter.expr(expr);
    rewriter.place(&mut expr.at);
    expr.children_mut().into_iter().for_each(|child| rewrite_expr(child, rewriter));
}

fn rewrite_statement(statement: &mut Statement, rewriter: &mut impl Rewriter) {
    rewriter.place(&mut statement.at);
    match &mut statement.kind {
        StatementKind::Step(step) => rewrite_step(step, rewriter),
        StatementKind::Gate { title, conditions } => {
            title.iter_mut().for_each(|title| rewrite_expr(title, rewriter));
            conditions.iter_mut().for_each(|condition| rewrite_condition(condition, rewriter));
        }
        StatementKind::Hold { duration, every, conditions } => {
            std::iter::once(duration).chain(every).for_each(|expr| rewrite_expr(expr, rewriter));
            conditions.iter_mut().for_each(|condition| rewrite_condition(condition, rewriter));
        }
        StatementKind::Ramp { target, weights, body } => {
            rewrite_call(target, rewriter);
            weights.iter_mut().for_each(|weight| rewrite_expr(weight, rewriter));
            rewrite_block(body, rewriter);
        }
        StatementKind::Approve { who, by, within, otherwise: _ } => {
            std::iter::once(who).chain(by).chain(within).for_each(|expr| rewrite_expr(expr, rewriter));
        }
        StatementKind::Wait(duration) => rewrite_expr(duration, rewriter),
        StatementKind::Parallel(body) | StatementKind::Scope(body) => rewrite_block(body, rewriter),
    }
}

fn rewrite_step(step: &mut Step, rewriter: &mut impl Rewriter) {
    step.name.iter_mut().for_each(|name| rewriter.name(name));
    rewrite_call(&mut step.call, rewriter);
    let clauses = step.timeout.iter_mut().chain(&mut step.retry).chain(&mut step.backoff).chain(&mut step.when);
    clauses.for_each(|expr| rewrite_expr(expr, rewriter));
    step.undo.iter_mut().for_each(|undo| rewrite_call(undo, rewriter));
}

fn rewrite_call(call: &mut Call, rewriter: &mut impl Rewriter) {
    rewriter.place(&mut call.at);
    call.args.iter_mut().for_each(|(_, value)| rewrite_expr(value, rewriter));
}

fn rewrite_condition(condition: &mut Condition, rewriter: &mut impl Rewriter) {
    rewriter.place(&mut condition.at);
    rewrite_expr(&mut condition.expr, rewriter);
    for sustain in condition.sustain.iter_mut().chain(&mut condition.after) {
        match sustain {
            Sustain::Time(expr) | Sustain::Samples(expr) => rewrite_expr(expr, rewriter),
        }
    }
    condition.reason.iter_mut().for_each(|reason| rewrite_expr(reason, rewriter));
}

/// Every step of the block and of the blocks in it, to be changed.
pub fn each_step(block: &mut Block, visit: &mut dyn FnMut(&mut Step)) {
    for statement in &mut block.statements {
        match &mut statement.kind {
            StatementKind::Step(step) => visit(step),
            StatementKind::Ramp { body, .. } | StatementKind::Parallel(body) | StatementKind::Scope(body) => {
                each_step(body, visit);
            }
            StatementKind::Gate { .. }
            | StatementKind::Hold { .. }
            | StatementKind::Approve { .. }
            | StatementKind::Wait(_) => {}
        }
    }
}

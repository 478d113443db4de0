//! Items that are read elsewhere: what they name counts as used.

use crate::syntax::ast::{
    Block, Expr, ExprKind, GivenMetric, GivenOutcome, Item, ItemKind, Name, SentinelEntry, StatementKind, StringPiece,
    Sustain, TestClause, TestClauseKind,
};

use super::checker::{Checker, Used};
use super::symbols::Space;

/// Marks what an alert, a sentinel, a kill switch, a rubric, a schedule or a test names.
pub fn mark<'a>(checker: &mut Checker<'a>, item: &'a Item) {
    match &item.kind {
        ItemKind::KillSwitch(item) => item.on.iter().chain(&item.off).for_each(|block| mark_block(checker, block)),
        ItemKind::Sentinel(item) => {
            item.every.iter().for_each(|every| mark_expr(checker, every));
            item.entries.iter().for_each(|entry| mark_entry(checker, entry));
        }
        ItemKind::Freeze(item) => [&item.from, &item.to].into_iter().for_each(|expr| mark_expr(checker, expr)),
        ItemKind::Alert(item) => {
            mark_expr(checker, &item.when);
            mark_sustain(checker, item.sustain.as_ref());
            item.summary.iter().chain(&item.runbook).for_each(|expr| mark_expr(checker, expr));
            item.notify.iter().for_each(|name| mark_name(checker, name));
        }
        ItemKind::Schedule(item) => mark_expr(checker, &item.run),
        ItemKind::Test(item) => {
            item.run.iter().for_each(|run| mark_expr(checker, &run.call));
            item.clauses.iter().for_each(|clause| mark_clause(checker, clause));
        }
        ItemKind::Rubric(item) => {
            item.pass.iter().for_each(|pass| mark_expr(checker, pass));
            let criteria = item.tiers.iter().flat_map(|tier| &tier.criteria);
            for award in criteria.flat_map(|criterion| &criterion.awards) {
                award.when.iter().for_each(|when| mark_expr(checker, when));
            }
        }
        ItemKind::Use(_)
        | ItemKind::Type(_)
        | ItemKind::Environment(_)
        | ItemKind::Metrics(_)
        | ItemKind::Threshold(_)
        | ItemKind::Channel(_)
        | ItemKind::Component(_)
        | ItemKind::Pipeline(_)
        | ItemKind::Signature(_)
        | ItemKind::Broken => {}
    }
}

fn mark_entry<'a>(checker: &mut Checker<'a>, entry: &'a SentinelEntry) {
    match entry {
        SentinelEntry::Probe { call, timeout, expect, .. } => {
            std::iter::once(call).chain(timeout).chain(expect).for_each(|expr| mark_expr(checker, expr));
        }
        SentinelEntry::Trip { when, sustain, .. } | SentinelEntry::Recover { when, sustain, .. } => {
            mark_expr(checker, when);
            mark_sustain(checker, sustain.as_ref());
        }
        SentinelEntry::Broken(_) => {}
    }
}

fn mark_sustain<'a>(checker: &mut Checker<'a>, sustain: Option<&'a Sustain>) {
    if let Some(Sustain::Time(expr) | Sustain::Samples(expr)) = sustain {
        mark_expr(checker, expr);
    }
}

fn mark_clause<'a>(checker: &mut Checker<'a>, clause: &'a TestClause) {
    match &clause.kind {
        TestClauseKind::GivenStep { what, .. } | TestClauseKind::GivenUndo { what, .. } => match what {
            GivenOutcome::Value(expr) | GivenOutcome::Takes(expr) => mark_expr(checker, expr),
            GivenOutcome::Fails { times } => times.iter().for_each(|times| mark_expr(checker, times)),
        },
        TestClauseKind::GivenMetric { metric, what } => {
            mark_expr(checker, &metric.expr);
            if let GivenMetric::Values { first, then, noise } = what {
                std::iter::once(first).chain(noise).for_each(|expr| mark_expr(checker, expr));
                then.iter().for_each(|(value, _)| mark_expr(checker, value));
            }
        }
        TestClauseKind::ExpectOutcome { because, .. } => {
            because.iter().for_each(|because| mark_expr(checker, because));
        }
        TestClauseKind::ExpectAlways(expr) | TestClauseKind::ExpectNever(expr) => mark_expr(checker, expr),
        TestClauseKind::ExpectNotified { channel } => mark_name(checker, channel),
        _ => {}
    }
}

fn mark_block<'a>(checker: &mut Checker<'a>, block: &'a Block) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Call(call) => mark_expr(checker, call),
            StatementKind::Step(step) => {
                let clauses = step.timeout.iter().chain(&step.when).chain(&step.undo);
                std::iter::once(&step.call).chain(clauses).for_each(|expr| mark_expr(checker, expr));
            }
            StatementKind::Parallel(inner) => mark_block(checker, inner),
            _ => {}
        }
    }
}

/// Every name in an expression that a declaration or an import has counts as used.
fn mark_expr<'a>(checker: &mut Checker<'a>, expr: &'a Expr) {
    match &*expr.kind {
        ExprKind::Name(name) => mark_name(checker, name),
        ExprKind::Field(inner, field) => {
            if let Some(super::expressions::Root::Group(group)) = checker.root_in(inner)
                && let Some(index) = checker.group_fields(group).get_index_of(&field.text)
            {
                checker.used.insert(Used::Field(group, index));
            }
            mark_expr(checker, inner);
        }
        ExprKind::String(literal) => {
            for piece in &literal.pieces {
                if let StringPiece::Interpolation(inner) = piece {
                    mark_expr(checker, inner);
                }
            }
        }
        ExprKind::Index(left, right) | ExprKind::Binary { left, right, .. } => {
            mark_expr(checker, left);
            mark_expr(checker, right);
        }
        ExprKind::Call { callee, args } => {
            mark_expr(checker, callee);
            for arg in args {
                mark_whole_group(checker, &arg.value);
                mark_expr(checker, &arg.value);
            }
        }
        ExprKind::List(items) => items.iter().for_each(|item| mark_expr(checker, item)),
        ExprKind::Record(fields) => fields.iter().for_each(|field| mark_expr(checker, &field.value)),
        ExprKind::Not(inner) | ExprKind::Negate(inner) | ExprKind::Group(inner) => mark_expr(checker, inner),
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|part| mark_expr(checker, part));
        }
        ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Broken => {}
    }
}

/// A group that is passed on is used with all its fields.
fn mark_whole_group<'a>(checker: &mut Checker<'a>, expr: &'a Expr) {
    if let Some(super::expressions::Root::Group(group)) = checker.root_in(expr) {
        checker.mark_group(group);
    }
}

fn mark_name(checker: &mut Checker<'_>, name: &Name) {
    for space in [Space::Value, Space::Component, Space::Pipeline, Space::KillSwitch, Space::Rubric] {
        let Some(binding) = checker.scope().get(space, &name.text) else { continue };
        checker.use_binding(binding);
    }
    if let Some(at) = checker.scope().std.get(name.text.as_str()).copied() {
        checker.used.insert(Used::Import(checker.module, at));
    }
    if let Some((_, at)) = checker.scope().aliases.get(name.text.as_str()).copied() {
        checker.used.insert(Used::Import(checker.module, at));
    }
}

//! The statements of a phase, a ramp, a component or a hook.

use rustc_hash::FxHashSet;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;
use crate::contract::types::Type;
use crate::model::expr::Expr;
use crate::model::phase::{Block, Condition, Expiry, Statement, StatementKind};
use crate::model::program::LocalKind;
use crate::syntax::ast::{self, SignatureKind, StatementKind as Written, TriggerKind};

use super::checker::{Checker, Place};
use super::conditions::Holder;
use super::folded::weight_faults;
use super::symbols::duplicate;
use super::types::value_type;

/// What a block of statements belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Phase,
    Ramp,
    Parallel,
    Component,
    Composite,
    Hook,
    /// `on` or `off` of a kill switch.
    Switch,
}

impl Body {
    fn name(self) -> &'static str {
        match self {
            Self::Phase => "a phase",
            Self::Ramp => "a ramp",
            Self::Parallel => "`parallel`",
            Self::Component => "a component",
            Self::Composite => "a composite step",
            Self::Hook => "a hook",
            Self::Switch => "a kill switch",
        }
    }

    /// Whether only steps stand in it, and a bare call is one.
    fn has_only_steps(self) -> bool {
        matches!(self, Self::Hook | Self::Switch)
    }
}

impl<'a> Checker<'a> {
    /// Reads a block in a scope of its own.
    pub fn read_block(&mut self, written: &'a ast::Block, body: Body) -> Block {
        self.in_scope(|checker| {
            checker.with_lets(&written.statements, |checker| checker.read_statements(written, body))
        })
    }

    fn read_statements(&mut self, written: &'a ast::Block, body: Body) -> Block {
        let statements = written.statements.iter().filter(|statement| becomes_statement(&statement.kind)).count();
        let mut block = Block { statements: Vec::with_capacity(statements), ..Block::default() };
        self.refuse_shared_names(&written.statements);
        if body == Body::Parallel {
            self.read_side_by_side(written, &mut block);
        } else {
            for statement in &written.statements {
                self.read_statement(statement, body, &mut block);
            }
        }
        block
    }

    /// A `let` and a step of one block are two values: one name for both is PG102.
    fn refuse_shared_names(&mut self, statements: &'a [ast::Statement]) {
        for written in statements {
            let Written::Let { name, .. } = &written.kind else { continue };
            let step = statements.iter().find_map(|statement| match &statement.kind {
                Written::Step(step) => {
                    step.name.as_ref().filter(|step| step.text == name.text && !name.text.is_empty())
                }
                _ => None,
            });
            let Some(step) = step else { continue };
            let (first, second) = if name.at.start < step.at.start { (name, step) } else { (step, name) };
            let (first, second) = (self.here(first.at), self.here(second.at));
            self.report(duplicate(&name.text, second, first));
            // Which of both a name means cannot be told: the `let` is not unused as well.
            self.frame.named_early.insert(name.at);
        }
    }

    /// What runs beside a statement has produced nothing yet.
    fn read_side_by_side(&mut self, written: &'a ast::Block, block: &mut Block) {
        let before = self.frame.produced.clone();
        let mut after: FxHashSet<String> = FxHashSet::default();
        for statement in &written.statements {
            self.frame.produced.clone_from(&before);
            self.read_statement(statement, Body::Parallel, block);
            after.extend(self.frame.produced.drain());
        }
        self.frame.produced.extend(before);
        self.frame.produced.extend(after);
    }

    fn read_statement(&mut self, written: &'a ast::Statement, body: Body, block: &mut Block) {
        let kind = match &written.kind {
            Written::Broken => return,
            Written::Let { name, ty, value } => return self.read_let(written, name, ty.as_ref(), value),
            Written::Step(step) => self.read_step(step),
            Written::Call(step) if body.has_only_steps() => self.read_step(step),
            Written::Parallel(inner) => Some(StatementKind::Parallel(self.read_block(inner, parallel_in(body)))),
            Written::Return(value) if body == Body::Composite => self.read_return(value),
            other if self.frame.returns.is_some() && !stands_in_composite(other) => {
                let help = match other {
                    Written::Return(_) => "it stands at the end, behind all other statements",
                    _ => "only `let`, `step`, `parallel`, `wait`, `gate` and, at its end, `return` stand in it",
                };
                self.report_misplaced(other, written.at, "a composite step", help);
                None
            }
            other if body.has_only_steps() => {
                self.report_misplaced(other, written.at, body.name(), "only steps stand in it");
                None
            }
            Written::Trigger(trigger) => {
                let triggers = self.read_triggers(trigger, written.at);
                block.triggers.extend(triggers);
                None
            }
            Written::Gate { title, body } => {
                let title = title.as_ref().map(|title| self.check_title(title));
                Some(StatementKind::Gate { title, conditions: self.read_conditions(body, Holder::Gate) })
            }
            Written::Hold { duration, every, body } => Some(StatementKind::Hold {
                duration: self.check(duration, &Type::Duration),
                every: every.as_ref().map(|every| self.check(every, &Type::Duration)),
                conditions: self.read_conditions(body, Holder::Hold),
            }),
            Written::Ramp { target, weights, body } => self.read_ramp(target, weights, body),
            Written::Approve { who, by, within, otherwise } => Some(StatementKind::Approve {
                who: self.check_text(who),
                by: by.as_ref().map(|by| self.check_text(by)),
                within: within.as_ref().map(|within| self.check(within, &Type::Duration)),
                otherwise: self.read_expiry(otherwise.as_ref()),
            }),
            Written::Wait(duration) => Some(StatementKind::Wait(self.check(duration, &Type::Duration))),
            Written::Run(run) => self.expand_run(run).map(StatementKind::Scope),
            Written::Window(_) | Written::OnFailure { .. } if body == Body::Phase => None,
            // Behind a block that nothing closes it stands where it should.
            Written::Phase(_) if self.unreadable.is_unclosed(self.module) => None,
            Written::Phase(phase) => {
                self.report_misplaced(&written.kind, phase.name.at, body.name(), "phases stand in the pipeline itself");
                None
            }
            other => {
                self.report_misplaced(other, written.at, body.name(), belongs(other));
                None
            }
        };
        if let Some(kind) = kind {
            block.statements.push(Statement { at: self.here(written.at), doc: written.doc.clone(), kind });
        }
    }

    pub fn read_let(
        &mut self,
        written: &'a ast::Statement,
        name: &'a ast::Name,
        ty: Option<&'a ast::TypeExpr>,
        value: &'a ast::Expr,
    ) {
        let (value, ty) = self.in_place(Place::Constant, |checker| match ty {
            Some(ty) => {
                let ty = checker.resolve_type(ty);
                (checker.check(value, &ty), ty)
            }
            None => {
                let value = checker.infer(value);
                let ty = value_type(&value.ty).clone();
                (value, ty)
            }
        });
        self.declare_local(name, written.doc.clone(), ty, LocalKind::Value(value));
    }

    fn check_title(&mut self, title: &'a ast::StringLiteral) -> Expr {
        self.in_place(Place::Argument, |checker| checker.infer_string(title))
    }

    fn read_conditions(&mut self, body: &'a ast::Block, holder: Holder) -> Vec<Condition> {
        let what = if holder == Holder::Gate { "a gate" } else { "a hold" };
        let mut conditions = Vec::with_capacity(body.statements.len());
        for statement in &body.statements {
            match &statement.kind {
                Written::Require(condition) => {
                    let whole = self.read_condition(condition, holder, statement.at);
                    conditions.extend(self.spread_threshold(&condition.condition, whole, holder));
                }
                Written::Warn(condition) => {
                    let whole = self.read_condition(condition, holder, statement.at);
                    let all = self.spread_threshold(&condition.condition, Condition { warns: true, ..whole }, holder);
                    conditions.extend(all);
                }
                Written::Broken => {}
                other => self.report_misplaced(other, statement.at, what, "only `require` and `warn` stand in it"),
            }
        }
        conditions
    }

    fn read_ramp(
        &mut self,
        target: &'a ast::Expr,
        weights: &'a [ast::Expr],
        body: &'a ast::Block,
    ) -> Option<StatementKind> {
        let target_call = self.call_of(SignatureKind::Target, target);
        let weights: Vec<Expr> = weights.iter().map(|weight| self.check(weight, &Type::Ratio)).collect();
        for fault in weight_faults(&weights, |weight| weight.as_literal().cloned()) {
            self.report(fault.diagnostic(""));
        }
        let around = std::mem::replace(&mut self.frame.in_ramp, true);
        let body = self.read_block(body, Body::Ramp);
        self.frame.in_ramp = around;
        let target = target_call?.0;
        Some(StatementKind::Ramp { target, weights, body })
    }

    fn read_expiry(&mut self, word: Option<&ast::Name>) -> Option<Expiry> {
        let word = word?;
        match word.text.as_str() {
            "" => None,
            "rollback" => Some(Expiry::Rollback),
            "abort" => Some(Expiry::Abort),
            _ => {
                self.report_word("end of an approval", word, &["rollback", "abort"]);
                None
            }
        }
    }

    /// PG112, and the names in it count as used.
    pub fn report_misplaced(&mut self, written: &'a Written, at: Span, holder: &str, help: &str) {
        let message = format!("{} has no place in {holder}", statement_name(written));
        let first_line = self.first_line(at);
        self.report(Diagnostic::new(Code::PG112, self.here(first_line), message).help(help));
        self.muted(|checker| checker.mark_statement(written));
    }

    /// Of a span over several lines the first one.
    fn first_line(&self, at: Span) -> Span {
        let text = self.text(at);
        let length = text.find('\n').map_or(text.len(), |end| text[..end].trim_end().len());
        Span::new(at.start as usize, at.start as usize + length)
    }

    /// Reads what a misplaced statement refers to, so that it does not look unused.
    fn mark_statement(&mut self, written: &'a Written) {
        match written {
            Written::Gate { body, .. } => drop(self.read_conditions(body, Holder::Gate)),
            Written::Hold { body, .. } => drop(self.read_conditions(body, Holder::Hold)),
            Written::Phase(phase) => drop(self.read_block(&phase.body, Body::Phase)),
            Written::Hook { body, .. } => drop(self.read_block(body, Body::Hook)),
            Written::Ramp { target, weights, body } => drop(self.read_ramp(target, weights, body)),
            Written::Require(condition) | Written::Warn(condition) => {
                self.read_condition(condition, Holder::Hold, condition.condition.at);
            }
            Written::Trigger(trigger) => drop(self.read_triggers(trigger, trigger.condition.condition.at)),
            Written::Run(run) => drop(self.expand_run(run)),
            Written::Call(step) | Written::Step(step) => drop(self.read_step(step)),
            Written::Lock(value)
            | Written::Timeout(value)
            | Written::Window(value)
            | Written::Wait(value)
            | Written::Return(value)
            | Written::Approve { who: value, .. } => drop(self.infer(value)),
            Written::Param(_)
            | Written::Let { .. }
            | Written::OnFailure { .. }
            | Written::Parallel(_)
            | Written::Broken => {}
        }
    }
}

/// Statements side by side in a hook are steps as well.
fn parallel_in(body: Body) -> Body {
    if body.has_only_steps() { body } else { Body::Parallel }
}

fn stands_in_composite(written: &Written) -> bool {
    matches!(written, Written::Gate { .. } | Written::Wait(_))
}

fn belongs(written: &Written) -> &'static str {
    match written {
        Written::Require(_) | Written::Warn(_) => "conditions stand in a `gate` or a `hold`",
        Written::Call(_) => "write `step` before a call",
        Written::Param(_) | Written::Lock(_) | Written::Timeout(_) | Written::Hook { .. } => {
            "it stands in the pipeline itself"
        }
        Written::Window(_) => "a window stands in a phase or in the pipeline itself",
        Written::OnFailure { .. } => "it stands in a phase, before its first statement",
        Written::Return(_) => "it ends a composite step of the standard library",
        _ => "it stands in a phase",
    }
}

/// What others of a block are kept elsewhere or are gone once they are read.
fn becomes_statement(written: &Written) -> bool {
    !matches!(written, Written::Let { .. } | Written::Trigger(_) | Written::Broken)
}

fn statement_name(written: &Written) -> &'static str {
    match written {
        Written::Param(_) => "`param`",
        Written::Let { .. } => "`let`",
        Written::Lock(_) => "`lock`",
        Written::Timeout(_) => "`timeout`",
        Written::Window(_) => "`window`",
        Written::Phase(_) => "a phase",
        Written::Trigger(trigger) => match trigger.kind {
            TriggerKind::RollbackPhase => "`rollback phase`",
            _ => "a trigger",
        },
        Written::Hook { .. } => "a hook",
        Written::OnFailure { .. } => "`on failure`",
        Written::Parallel(_) => "`parallel`",
        Written::Step(_) => "a step",
        Written::Gate { .. } => "a gate",
        Written::Hold { .. } => "a hold",
        Written::Ramp { .. } => "a ramp",
        Written::Approve { .. } => "an approval",
        Written::Wait(_) => "`wait`",
        Written::Run(_) => "`run`",
        Written::Return(_) => "`return`",
        Written::Require(_) => "`require`",
        Written::Warn(_) => "`warn`",
        Written::Call(_) => "a bare call",
        Written::Broken => "this",
    }
}

//! Blocks and the statements in them.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;

use super::ast::{
    Block, ConditionStatement, Name, Statement, StatementKind, StepStatement, StringLiteral, TriggerKind,
    TriggerStatement, TypeExpr,
};
use super::clauses::Order;
use super::cures::{Begins, is_statement_word};
use super::expressions::broken;
use super::faults::Rank;
use super::grammar::{Node, Rule};
use super::lower::Lower;

impl Lower<'_> {
    /// Reads a `block` node.
    pub(super) fn block(&mut self, node: Node<'_>) -> Block {
        let at = self.span(&node);
        let opening = node.start();
        let mut statements: Vec<Statement> = Vec::with_capacity(node.into_inner().count());
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::missing_brace => self.unclosed(opening, &inner),
                _ => {
                    let before = statements
                        .last()
                        .map(|statement| (statement.at, matches!(statement.kind, StatementKind::Call(_))));
                    statements.push(self.statement(inner, before));
                }
            }
        }
        Block { statements, at }
    }

    /// Reads what only steps stand in.
    pub(super) fn steps<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let around = std::mem::replace(&mut self.only_steps, true);
        let found = read(self);
        self.only_steps = around;
        found
    }

    /// Reads a statement. `before` is the one before it in its block, and whether that is a bare call.
    pub(super) fn statement(&mut self, node: Node<'_>, before: Option<(Span, bool)>) -> Statement {
        let (at, doc) = self.declare(&node);
        let kind = match node.as_rule() {
            Rule::param_stmt => self.param_statement(node, doc.clone()),
            Rule::let_stmt => self.let_statement(node),
            Rule::lock_stmt => StatementKind::Lock(self.clause_expr(node)),
            Rule::timeout_stmt => StatementKind::Timeout(self.clause_expr(node)),
            Rule::window_stmt => StatementKind::Window(self.clause_expr(node)),
            Rule::wait_stmt => StatementKind::Wait(self.clause_expr(node)),
            Rule::run_stmt => StatementKind::Run(self.clause_expr(node)),
            Rule::return_stmt => StatementKind::Return(self.clause_expr(node)),
            Rule::phase_stmt => StatementKind::Phase(self.phase(node)),
            Rule::on_stmt => self.on_statement(node),
            Rule::parallel_stmt => StatementKind::Parallel(self.titled(node).1),
            Rule::gate_stmt => {
                let (title, body) = self.titled(node);
                StatementKind::Gate { title, body }
            }
            Rule::hold_stmt => self.hold(node),
            Rule::ramp_stmt => self.ramp(node),
            Rule::approve_stmt => self.approve(node),
            Rule::step_stmt => StatementKind::Step(self.step(node)),
            Rule::require_stmt => StatementKind::Require(self.plain_condition(node)),
            Rule::warn_stmt => StatementKind::Warn(self.plain_condition(node)),
            Rule::rollback_stmt | Rule::pause_stmt | Rule::abort_stmt | Rule::notify_stmt => {
                StatementKind::Trigger(self.trigger(node))
            }
            Rule::call_stmt => self.call_statement(node, before),
            _ => {
                self.bad_statement(node, before.map(|(at, _)| at));
                StatementKind::Broken
            }
        };
        Statement { doc, at, kind }
    }

    fn plain_condition(&mut self, node: Node<'_>) -> ConditionStatement {
        self.condition(node, |lower, inner| lower.note(&inner))
    }

    fn param_statement(&mut self, node: Node<'_>, doc: Option<String>) -> StatementKind {
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::param => {
                    let param = self.param(inner);
                    return StatementKind::Param(super::ast::Param { doc, ..param });
                }
                Rule::missing_name => self.missing(&inner, "the name of a parameter"),
                _ => self.note(&inner),
            }
        }
        StatementKind::Broken
    }

    fn let_statement(&mut self, node: Node<'_>) -> StatementKind {
        let (name, ty, value) = self.binding(node);
        StatementKind::Let { name, ty, value }
    }

    /// `NAME [: TYPE] = EXPR`
    pub(super) fn binding(&mut self, node: Node<'_>) -> (Name, Option<TypeExpr>, super::ast::Expr) {
        let at = self.span(&node);
        let mut name = self.no_name(&node);
        let (mut ty, mut value) = (None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => name = self.name(&inner),
                _ => match self.maybe_type(&inner) {
                    Some(found) => ty = Some(found),
                    None => match self.maybe_expr(&inner) {
                        Some(expr) => value = Some(expr),
                        None => self.note(&inner),
                    },
                },
            }
        }
        (name, ty, value.unwrap_or_else(|| broken(at.after())))
    }

    /// `on EVENT { … }` or `on failure POLICY`.
    fn on_statement(&mut self, node: Node<'_>) -> StatementKind {
        let mut event = self.no_name(&node);
        let (mut body, mut policy) = (None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => event = self.name(&inner),
                Rule::policy => policy = Some(self.name(&inner)),
                Rule::block => body = Some(self.steps(|lower| lower.block(inner))),
                Rule::missing_name => {
                    self.missing(&inner, "`start`, `success`, `failure`, `rollback`, `pause` or `end`");
                }
                _ => self.note(&inner),
            }
        }
        match policy {
            Some(policy) if event.text == "failure" => StatementKind::OnFailure { policy },
            Some(policy) => {
                let message = format!("expected `{{`, found `{}`", policy.text);
                let diagnostic = Diagnostic::new(Code::PG001, self.at(policy.at), message).label("expected `{`");
                let place = policy.at.start as usize - self.base;
                self.report(place, Rank::Missing, diagnostic);
                StatementKind::Hook { event, body: Block::default() }
            }
            None => StatementKind::Hook { event, body: body.unwrap_or_default() },
        }
    }

    /// `KEYWORD ["title"] { … }`
    pub(super) fn titled(&mut self, node: Node<'_>) -> (Option<StringLiteral>, Block) {
        let (mut title, mut body) = (None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::string => title = Some(self.string(&inner)),
                Rule::block => body = Some(self.block(inner)),
                _ => self.note(&inner),
            }
        }
        (title, body.unwrap_or_default())
    }

    fn hold(&mut self, node: Node<'_>) -> StatementKind {
        let mut order = Order::new(&["every"]);
        let end = self.span(&node).after();
        let (mut duration, mut every, mut body) = (None, None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::every_clause => {
                    order.see(self, "every", &inner);
                    every = Some(self.clause_expr(inner));
                }
                Rule::block => body = Some(self.block(inner)),
                _ => match self.maybe_expr(&inner) {
                    Some(expr) => duration = Some(expr),
                    None => self.note(&inner),
                },
            }
        }
        let duration = duration.unwrap_or_else(|| broken(end));
        StatementKind::Hold { duration, every, body: body.unwrap_or_default() }
    }

    fn ramp(&mut self, node: Node<'_>) -> StatementKind {
        let end = self.span(&node).after();
        let (mut target, mut weights, mut body) = (None, Vec::new(), None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::weights => {
                    for weight in inner.into_inner() {
                        match self.maybe_expr(&weight) {
                            Some(expr) => weights.push(expr),
                            None => self.note(&weight),
                        }
                    }
                }
                Rule::block => body = Some(self.block(inner)),
                _ => match self.maybe_expr(&inner) {
                    Some(expr) => target = Some(expr),
                    None => self.note(&inner),
                },
            }
        }
        let target = target.unwrap_or_else(|| broken(end));
        StatementKind::Ramp { target, weights, body: body.unwrap_or_default() }
    }

    fn approve(&mut self, node: Node<'_>) -> StatementKind {
        let mut order = Order::new(&["by", "within", "else"]);
        let end = self.span(&node).after();
        let (mut who, mut by, mut within, mut otherwise) = (None, None, None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::by_clause => {
                    order.see(self, "by", &inner);
                    by = Some(self.clause_expr(inner));
                }
                Rule::within_clause => {
                    order.see(self, "within", &inner);
                    within = Some(self.clause_expr(inner));
                }
                Rule::else_word => {
                    order.see(self, "else", &inner);
                    otherwise = Some(self.clause_name(inner, "`rollback` or `abort`"));
                }
                _ => match self.maybe_expr(&inner) {
                    Some(expr) => who = Some(expr),
                    None => self.note(&inner),
                },
            }
        }
        StatementKind::Approve { who: who.unwrap_or_else(|| broken(end)), by, within, otherwise }
    }

    fn trigger(&mut self, node: Node<'_>) -> TriggerStatement {
        let mut kind = match node.as_rule() {
            Rule::rollback_stmt => TriggerKind::Rollback,
            Rule::pause_stmt => TriggerKind::Pause,
            Rule::abort_stmt => TriggerKind::Abort,
            _ => TriggerKind::Notify,
        };
        let mut channel = (kind == TriggerKind::Notify).then(|| self.no_name(&node));
        let condition = self.condition(node, |lower, inner| match inner.as_rule() {
            Rule::kw_phase => kind = TriggerKind::RollbackPhase,
            Rule::ident => channel = Some(lower.name(&inner)),
            Rule::missing_name => lower.missing(&inner, "a channel"),
            _ => lower.note(&inner),
        });
        TriggerStatement { kind, channel, condition }
    }

    fn step(&mut self, node: Node<'_>) -> StepStatement {
        let mut order =
            Order::new(&["effect", "idempotent", "timeout", "retry", "backoff", "when", "undo", "on failure"]);
        let end = self.span(&node).after();
        let mut step = StepStatement {
            name: None,
            ty: None,
            call: broken(end),
            effect: None,
            idempotent: None,
            timeout: None,
            retry: None,
            backoff: None,
            when: None,
            undo: None,
            on_failure: None,
        };
        for inner in node.into_inner() {
            if let Some(word) = step_word(inner.as_rule()) {
                order.see(self, word, &inner);
            }
            self.step_part(inner, &mut step);
        }
        step
    }

    fn step_part(&mut self, inner: Node<'_>, step: &mut StepStatement) {
        match inner.as_rule() {
            Rule::step_name => {
                let (name, ty, call) = self.binding(inner);
                (step.name, step.ty, step.call) = (Some(name), ty, call);
            }
            Rule::effect_clause => {
                step.effect = Some(self.clause_name(inner, "`reads`, `tells`, `changes` or `permanent`"));
            }
            Rule::idempotent => step.idempotent = Some(self.span(&inner)),
            Rule::timeout_clause => step.timeout = Some(self.clause_expr(inner)),
            Rule::retry_clause => {
                for part in inner.into_inner() {
                    match part.as_rule() {
                        Rule::backoff_clause => step.backoff = Some(self.clause_expr(part)),
                        _ => match self.maybe_expr(&part) {
                            Some(expr) => step.retry = Some(expr),
                            None => self.note(&part),
                        },
                    }
                }
            }
            Rule::backoff_clause => {
                if step.retry.is_none() {
                    self.unexpected(&inner, ": it belongs behind `retry N`");
                }
                step.backoff = Some(self.clause_expr(inner));
            }
            Rule::when_clause => step.when = Some(self.when(inner)),
            Rule::undo_clause => step.undo = Some(self.clause_expr(inner)),
            Rule::failure_clause => step.on_failure = Some(self.clause_name(inner, "`continue`")),
            _ => match self.maybe_expr(&inner) {
                Some(expr) => step.call = expr,
                None => self.note(&inner),
            },
        }
    }

    /// A bare call. On the line of another statement it is no statement of its own where others than steps stand.
    fn call_statement(&mut self, node: Node<'_>, before: Option<(Span, bool)>) -> StatementKind {
        let start = node.start();
        if let Some((before, false)) = before
            && !self.only_steps
            && self.same_line(before.end as usize, self.base + start)
        {
            self.unexpected(&node, ": a statement begins with a keyword");
            return StatementKind::Broken;
        }
        StatementKind::Call(self.step(node))
    }

    fn same_line(&self, from: usize, to: usize) -> bool {
        from <= to && self.text.get(from..to).is_some_and(|between| !between.contains(['\n', '}']))
    }

    /// A line that is no statement: says what was probably meant, and reads the block behind it all the same.
    pub(super) fn bad_statement(&mut self, node: Node<'_>, before: Option<Span>) {
        let start = node.start();
        let word: String = node.as_str().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let begins_line = !before.is_some_and(|before| self.same_line(before.end as usize, self.base + start));
        if !word.is_empty() && begins_line {
            self.unknown_statement(&word, start);
        } else if before.is_none_or(|before| !self.is_loose_unit(before, &word, start)) {
            let why = match word.as_str() {
                "takes" | "fails" => ": in a test it has a line of its own, `given step PHASE.STEP takes 5m`",
                _ => "",
            };
            self.unexpected(&node, why);
        }
        for inner in node.into_inner() {
            if inner.as_rule() == Rule::block {
                self.block(inner);
            }
        }
    }

    fn unknown_statement(&mut self, word: &str, start: usize) {
        let span = Span::new(self.base + start, self.base + start + word.len());
        let message = if is_statement_word(word) {
            format!("unexpected `{word}`: it cannot stand here")
        } else {
            format!("expected a statement, found `{word}`")
        };
        let diagnostic = Diagnostic::new(Code::PG001, self.at(span), message).label("no statement begins like this");
        let diagnostic = self.suggest_keyword(diagnostic, word, span, Begins::Statement);
        self.report(start, Rank::Unexpected, diagnostic);
    }

    /// `5 min`: a number and its unit belong together.
    fn is_loose_unit(&mut self, before: Span, word: &str, start: usize) -> bool {
        const UNITS: [&str; 16] =
            ["us", "ms", "s", "m", "h", "d", "w", "pp", "B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB"];
        let meant = UNITS.iter().copied().find(|unit| *unit == word).or_else(|| super::numbers::meant_unit(word));
        let written = self.text.get(before.range()).unwrap_or_default();
        let digits =
            written.len() - written.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_')).len();
        let (Some(meant), true) = (meant, digits > 0) else { return false };
        let from = before.end as usize - digits;
        let at = Span::new(from, self.base + start + word.len());
        let number = &written[written.len() - digits..];
        let diagnostic =
            Diagnostic::new(Code::PG005, self.at(at), format!("`{word}` must be written right behind the number"))
                .label("a number and its unit are one word")
                .fix(format!("write `{number}{meant}`"), at, format!("{number}{meant}"));
        self.report(start, Rank::Missing, diagnostic);
        true
    }
}

fn step_word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::effect_clause => "effect",
        Rule::idempotent => "idempotent",
        Rule::timeout_clause => "timeout",
        Rule::retry_clause => "retry",
        Rule::when_clause => "when",
        Rule::undo_clause => "undo",
        Rule::failure_clause => "on failure",
        _ => return None,
    })
}

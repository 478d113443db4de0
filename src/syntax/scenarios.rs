//! `test "…" { run … given … expect … }`

use crate::base::number::Number;
use crate::base::span::Span;

use super::ast::{
    Expr, ExprKind, GivenMetric, GivenOutcome, Name, PathRef, StringLiteral, TestClause, TestClauseKind, TestItem,
    TestRun, Unit,
};
use super::expressions::broken;
use super::grammar::{Node, Rule};
use super::lower::Lower;

/// What the words of a `given` or `expect` line say, whichever of them it has.
struct Parts {
    path: PathRef,
    name: Name,
    exprs: Vec<Expr>,
    at: Option<Expr>,
    by: Option<Expr>,
    because: Option<Expr>,
    before: Option<PathRef>,
    outcome: Option<GivenOutcome>,
    metric: Option<GivenMetric>,
    times: Option<Expr>,
    ran: bool,
    end: Span,
}

impl Parts {
    fn first(&mut self) -> Expr {
        if self.exprs.is_empty() { broken(self.end) } else { self.exprs.remove(0) }
    }

    fn time(&mut self) -> Expr {
        self.at.take().unwrap_or_else(|| broken(self.end))
    }
}

impl Lower<'_> {
    pub(super) fn test(&mut self, node: Node<'_>) -> TestItem {
        let title = StringLiteral { pieces: Vec::new(), at: self.no_name(&node).at };
        let mut item = TestItem { title, run: None, clauses: Vec::new() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::string => item.title = self.string(&inner),
                Rule::test_block => {
                    let unreadable = self.entries(inner, |lower, entry| lower.test_entry(entry, &mut item));
                    let broken = |at| TestClause { at, kind: TestClauseKind::Broken };
                    item.clauses.extend(unreadable.into_iter().map(broken));
                }
                _ => self.note(&inner),
            }
        }
        item
    }

    fn test_entry(&mut self, node: Node<'_>, item: &mut TestItem) {
        let at = self.span(&node);
        if node.as_rule() == Rule::test_run {
            if item.run.is_some() {
                self.unexpected(&node, ": a test runs one pipeline");
            }
            let run = self.test_run(node, at);
            item.run.get_or_insert(run);
            return;
        }
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::missing_given | Rule::missing_expect => {
                    self.note(&inner);
                    item.clauses.push(TestClause { at, kind: TestClauseKind::Broken });
                }
                rule => {
                    let kind = self.clause_kind(rule, inner);
                    item.clauses.push(TestClause { at, kind });
                }
            }
        }
    }

    fn test_run(&mut self, node: Node<'_>, at: Span) -> TestRun {
        let mut run = TestRun { call: broken(at.after()), environment: None, at };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::in_clause => run.environment = Some(self.clause_name(inner, "an environment")),
                _ => match self.maybe_expr(&inner) {
                    Some(call) => run.call = call,
                    None => self.note(&inner),
                },
            }
        }
        run
    }

    fn clause_kind(&mut self, rule: Rule, node: Node<'_>) -> TestClauseKind {
        let mut parts = self.parts(node);
        let broken_path = |parts: &Parts| matches!(*parts.path.expr.kind, ExprKind::Broken);
        match rule {
            Rule::given_step | Rule::given_undo => match parts.outcome.take() {
                Some(what) if !broken_path(&parts) => {
                    let step = parts.path;
                    if rule == Rule::given_step {
                        TestClauseKind::GivenStep { step, what }
                    } else {
                        TestClauseKind::GivenUndo { step, what }
                    }
                }
                _ => TestClauseKind::Broken,
            },
            Rule::given_metric => match parts.metric.take() {
                Some(what) => TestClauseKind::GivenMetric { metric: parts.path, what },
                None => TestClauseKind::Broken,
            },
            Rule::given_approval => TestClauseKind::GivenApproval { at: parts.time(), phase: parts.path, by: parts.by },
            Rule::given_resume => TestClauseKind::GivenResume { at: parts.time(), by: parts.by },
            Rule::given_resolve => {
                TestClauseKind::GivenResolve { at: parts.time(), step: parts.path, answer: parts.name }
            }
            Rule::given_file => {
                let path = parts.first();
                let value = match parts.outcome.take() {
                    Some(GivenOutcome::Value(value)) => value,
                    _ => broken(parts.end),
                };
                TestClauseKind::GivenFile { path, value }
            }
            Rule::given_crash => TestClauseKind::GivenCrash { at: parts.time() },
            Rule::given_start => TestClauseKind::GivenStart { at: parts.first() },
            _ => expectation(rule, parts),
        }
    }

    fn parts(&mut self, node: Node<'_>) -> Parts {
        let end = self.span(&node).after();
        let mut parts = Parts {
            path: PathRef { expr: broken(end) },
            name: self.no_name(&node),
            exprs: Vec::new(),
            at: None,
            by: None,
            because: None,
            before: None,
            outcome: None,
            metric: None,
            times: None,
            ran: false,
            end,
        };
        for inner in node.into_inner() {
            self.part(inner, &mut parts);
        }
        parts
    }

    fn part(&mut self, inner: Node<'_>, parts: &mut Parts) {
        match inner.as_rule() {
            Rule::path => parts.path = PathRef { expr: self.path(inner) },
            Rule::ident => parts.name = self.name(&inner),
            Rule::at_clause => parts.at = Some(self.clause_expr(inner)),
            Rule::by_clause => parts.by = Some(self.clause_expr(inner)),
            Rule::because => parts.because = Some(self.clause_expr(inner)),
            Rule::before => parts.before = self.before(inner),
            Rule::given_value => parts.outcome = Some(GivenOutcome::Value(self.clause_expr(inner))),
            Rule::given_takes => parts.outcome = Some(GivenOutcome::Takes(self.clause_expr(inner))),
            Rule::given_fails => {
                let times = inner.into_inner().find(|part| part.as_rule() == Rule::fail_times);
                let times = times.map(|times| self.count(times));
                parts.outcome = Some(GivenOutcome::Fails { times });
            }
            Rule::metric_values => parts.metric = Some(self.metric_values(inner)),
            Rule::metric_from => parts.metric = Some(GivenMetric::From(self.clause_expr(inner))),
            Rule::metric_gap => parts.metric = Some(self.metric_gap(inner)),
            Rule::ran => {
                parts.ran = true;
                for part in inner.into_inner() {
                    self.part(part, parts);
                }
            }
            Rule::never_ran => parts.ran = false,
            Rule::once => {
                let kind = ExprKind::Number { value: Number::ONE, unit: Unit::None, integer: true };
                parts.times = Some(Expr { kind: Box::new(kind), at: self.span(&inner) });
            }
            Rule::ran_times => parts.times = Some(self.count(inner)),
            _ => match self.maybe_expr(&inner) {
                Some(expr) => parts.exprs.push(expr),
                None => self.note(&inner),
            },
        }
    }

    fn before(&mut self, node: Node<'_>) -> Option<PathRef> {
        let mut found = None;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::path => found = Some(PathRef { expr: self.path(inner) }),
                _ => self.note(&inner),
            }
        }
        found
    }

    /// `3 times`
    fn count(&mut self, node: Node<'_>) -> Expr {
        let at = self.span(&node);
        let mut found = None;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::number => {
                    let at = self.span(&inner);
                    found = Some(Expr { kind: Box::new(self.number(&inner)), at });
                }
                _ => self.note(&inner),
            }
        }
        found.unwrap_or_else(|| broken(at))
    }

    fn metric_values(&mut self, node: Node<'_>) -> GivenMetric {
        let end = self.span(&node).after();
        let (mut first, mut then, mut noise) = (None, Vec::new(), None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::then_value => then.push(self.then_value(inner)),
                Rule::noise => noise = Some(self.clause_expr(inner)),
                _ => match self.maybe_expr(&inner) {
                    Some(expr) => first = Some(expr),
                    None => self.note(&inner),
                },
            }
        }
        GivenMetric::Values { first: first.unwrap_or_else(|| broken(end)), then, noise }
    }

    fn then_value(&mut self, node: Node<'_>) -> (Expr, Expr) {
        let mut parts = self.parts(node);
        (parts.first(), parts.time())
    }

    fn metric_gap(&mut self, node: Node<'_>) -> GivenMetric {
        let (mut from, mut to) = (None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::gap_from => from = Some(self.clause_expr(inner)),
                Rule::gap_to => to = Some(self.clause_expr(inner)),
                _ => self.note(&inner),
            }
        }
        GivenMetric::Missing { from, to }
    }
}

fn expectation(rule: Rule, mut parts: Parts) -> TestClauseKind {
    let broken_path = matches!(*parts.path.expr.kind, ExprKind::Broken);
    match rule {
        Rule::expect_outcome => {
            TestClauseKind::ExpectOutcome { outcome: parts.name, at: parts.at, because: parts.because }
        }
        Rule::expect_always => TestClauseKind::ExpectAlways(parts.first()),
        Rule::expect_never => TestClauseKind::ExpectNever(parts.first()),
        Rule::expect_notified => TestClauseKind::ExpectNotified { channel: parts.name },
        _ if broken_path => TestClauseKind::Broken,
        Rule::expect_step if parts.ran => {
            TestClauseKind::ExpectRan { step: parts.path, times: parts.times, before: parts.before, by: parts.by }
        }
        Rule::expect_step => TestClauseKind::ExpectNeverRan { step: parts.path },
        Rule::expect_undone => TestClauseKind::ExpectUndone { step: parts.path, before: parts.before },
        Rule::expect_state => TestClauseKind::ExpectState { phase: parts.path, state: parts.name },
        _ => TestClauseKind::Broken,
    }
}

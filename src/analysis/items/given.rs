//! `given …`: the world a test runs in.

use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::model::scenario::{Answer, Change, Course, Decision, Given, GivenKind, StepRef};
use crate::syntax::ast::{self, BinaryOperator, GivenMetric, GivenOutcome, Name, PathRef, TestClause, TestClauseKind};

use super::super::checker::{Checker, Place};
use super::super::types::value_type;
use super::scenarios::Scene;

impl<'a> Checker<'a> {
    /// None for what is no `given`, and for what names something that is not there.
    pub(super) fn read_given(&mut self, scene: Option<&Scene>, clause: &'a TestClause) -> Option<Given> {
        let kind = match &clause.kind {
            TestClauseKind::GivenStep { step, what } => {
                let step = self.given_step(scene, step);
                let output = self.output_of(scene, step.as_ref());
                let what = self.read_answer(what, &output, step.as_ref());
                GivenKind::Step { step: step?, what }
            }
            TestClauseKind::GivenUndo { step, what } => {
                let step = self.given_step(scene, step);
                self.refuse_output_of_undo(what);
                let what = self.read_answer(what, &Type::Error, step.as_ref());
                GivenKind::Undo { step: step?, what }
            }
            TestClauseKind::GivenMetric { metric, what } => return self.read_given_metric(metric, what, clause),
            TestClauseKind::GivenApproval { phase, at, by } => {
                let phase = scene.and_then(|scene| self.phase_named(&scene.launched, &phase.expr));
                let at = self.check(at, &Type::Duration);
                let by = by.as_ref().map(|by| self.check(by, &Type::String));
                GivenKind::Approval { phase: phase?, at, by }
            }
            TestClauseKind::GivenResume { at, by } => {
                let at = self.check(at, &Type::Duration);
                GivenKind::Resume { at, by: by.as_ref().map(|by| self.check(by, &Type::String)) }
            }
            TestClauseKind::GivenResolve { step, answer, at } => {
                let step = self.given_step(scene, step);
                let decision = self.read_decision(answer);
                let at = self.check(at, &Type::Duration);
                GivenKind::Resolve { step: step?, decision: decision?, at }
            }
            TestClauseKind::GivenFile { path, value } => {
                let path = self.check(path, &Type::Path);
                GivenKind::File { path, content: self.read_raw(value, &Type::Json, "the file") }
            }
            TestClauseKind::GivenCrash { at } => GivenKind::Crash { at: self.check(at, &Type::Duration) },
            TestClauseKind::GivenStart { at } => GivenKind::Start { at: self.check(at, &Type::Time) },
            _ => return None,
        };
        Some(Given { kind, at: self.here(clause.at) })
    }

    fn given_step(&mut self, scene: Option<&Scene>, path: &'a PathRef) -> Option<StepRef> {
        scene.and_then(|scene| self.step_named(&scene.launched, &path.expr))
    }

    /// The type that the step's raw output is read as; in error when it is not known.
    fn output_of(&self, scene: Option<&Scene>, step: Option<&StepRef>) -> Type {
        let known = scene.zip(step).and_then(|(scene, step)| scene.launched.output(&step.phase.name, &step.step));
        known.unwrap_or(Type::Error)
    }

    fn read_answer(&mut self, what: &'a GivenOutcome, output: &Type, step: Option<&StepRef>) -> Answer {
        match what {
            GivenOutcome::Value(value) => {
                let owner = step.map(|step| format!("{}.{}", step.phase.name, step.step)).unwrap_or_default();
                Answer::Output(self.read_raw(value, output, &owner))
            }
            GivenOutcome::Fails { times } => Answer::Fails(times.as_ref().map(|times| self.check(times, &Type::Int))),
            GivenOutcome::Takes(time) => Answer::Takes(self.check(time, &Type::Duration)),
        }
    }

    fn refuse_output_of_undo(&mut self, what: &GivenOutcome) {
        if let GivenOutcome::Value(value) = what {
            let message = "an undo gives nothing that could be read";
            let help = "an undo may `fails` or `takes D`; without either it succeeds at once";
            self.report(Diagnostic::new(Code::PG112, self.here(value.at), message).help(help));
        }
    }

    fn read_decision(&mut self, word: &Name) -> Option<Decision> {
        match word.text.as_str() {
            "done" => Some(Decision::Done),
            "redo" => Some(Decision::Redo),
            "undo" => Some(Decision::Undo),
            _ => {
                self.report_word("answer to a doubt", word, &["done", "redo", "undo"]);
                None
            }
        }
    }

    fn read_given_metric(&mut self, path: &'a PathRef, what: &'a GivenMetric, clause: &TestClause) -> Option<Given> {
        let metric = self.in_place(Place::Condition, |checker| checker.infer(&path.expr));
        let ty = match (&*metric.kind, &metric.ty) {
            (ExprKind::Metric { .. }, ty) => value_type(ty).clone(),
            (_, Type::Error) => Type::Error,
            (_, other) => {
                let message = format!("a metric is needed here, found `{}`", value_type(other));
                let help = "name a field of a `metrics` group; what a step gives is `given step PHASE.STEP = …`";
                self.report(Diagnostic::new(Code::PG201, metric.at, message).help(help));
                Type::Error
            }
        };
        let what = self.read_course(what, &ty);
        let ExprKind::Metric { group, field } = *metric.kind else { return None };
        Some(Given { kind: GivenKind::Metric { group, field, what }, at: self.here(clause.at) })
    }

    fn read_course(&mut self, what: &'a GivenMetric, ty: &Type) -> Course {
        match what {
            GivenMetric::Values { first, then, noise } => {
                let first = self.given_value(first, ty);
                let then = then.iter().map(|(value, at)| Change {
                    value: self.given_value(value, ty),
                    at: self.check(at, &Type::Duration),
                });
                let then: Vec<Change> = then.collect();
                self.check_order(&then);
                // The deviation of whole numbers need not be one.
                let deviation = if *ty == Type::Int { &Type::Float } else { ty };
                let noise = noise.as_ref().map(|noise| self.check(noise, deviation));
                Course::Values { first, then, noise }
            }
            GivenMetric::From(file) => Course::From(self.check(file, &Type::Path)),
            GivenMetric::Missing { from, to } => {
                let from = from.as_ref().map(|from| self.check(from, &Type::Duration));
                let to = to.as_ref().map(|to| self.check(to, &Type::Duration));
                self.check_gap(from.as_ref(), to.as_ref());
                Course::Missing { from, to }
            }
        }
    }

    /// A value of a metric. What it may lie between is none: what goes by chance around it stands behind all values.
    fn given_value(&mut self, written: &'a ast::Expr, ty: &Type) -> Expr {
        let ast::ExprKind::Binary { operator: BinaryOperator::PlusMinus, left, right, .. } = &*written.kind else {
            return self.check(written, ty);
        };
        let (value, _) = (self.check(left, ty), self.check(right, ty));
        let diagnostic = Diagnostic::new(Code::PG201, self.here(written.at), "one value is needed here, found a range")
            .label("a range")
            .help("chance is written behind the last value: `200ms noise 10ms`, `200ms then 240ms at 1h noise 10ms`");
        self.report(diagnostic);
        value
    }

    /// PG206 for a change that does not come after the one in front of it: read from left to right it says something else.
    fn check_order(&mut self, changes: &[Change]) {
        for (before, change) in changes.iter().zip(changes.iter().skip(1)) {
            if let (Some(earlier), Some(time)) = (time(&before.at), time(&change.at))
                && time <= earlier
            {
                let message = "this change does not come after the one in front of it";
                let diagnostic = Diagnostic::new(Code::PG206, change.at.at, message)
                    .label("not later")
                    .also(before.at.at, "in front of it")
                    .help("write the changes in the order of their times, each counted from the start of the run");
                self.report(diagnostic);
            }
        }
    }

    /// PG102 for what is given twice where only the last one would count. Several lines about one step combine, and so do
    /// gaps.
    pub(super) fn report_given_twice(&mut self, given: &[Given]) {
        let mut first: FxHashMap<String, Location> = FxHashMap::default();
        for given in given {
            let Some((name, help)) = given_once(&given.kind) else { continue };
            match first.get(&name) {
                Some(first) => {
                    let diagnostic = Diagnostic::new(Code::PG102, given.at, format!("{name} is given twice"))
                        .label("given again")
                        .also(*first, "first given here")
                        .help(help);
                    self.report(diagnostic);
                }
                None => drop(first.insert(name, given.at)),
            }
        }
    }

    /// PG206 for a gap without an instant in it.
    fn check_gap(&mut self, from: Option<&Expr>, to: Option<&Expr>) {
        let (Some(from), Some(to)) = (from, to) else { return };
        if let (Some(begin), Some(end)) = (time(from), time(to))
            && end <= begin
        {
            let diagnostic = Diagnostic::new(Code::PG206, to.at, "this gap ends before it begins")
                .label("not later than its begin")
                .also(from.at, "begins here");
            self.report(diagnostic);
        }
    }
}

/// The time, where it was written out.
fn time(expr: &Expr) -> Option<Duration> {
    expr.as_literal().and_then(Value::as_duration)
}

/// What one line alone can give, in words, and what to do with two.
fn given_once(kind: &GivenKind) -> Option<(String, &'static str)> {
    Some(match kind {
        GivenKind::Metric { group, field, what } if has_values(what) => {
            (format!("`{group}.{field}`"), "only the last one would count: join them with `then VALUE at TIME`")
        }
        GivenKind::File { path, .. } => {
            let path = path.as_literal().and_then(Value::as_text)?;
            (format!("the file `{path}`"), "only the last one would count: take one of them out")
        }
        GivenKind::Start { .. } => {
            ("the start of the run".to_owned(), "only the last one would count: take one of them out")
        }
        _ => return None,
    })
}

/// Whether the metric has values by it. What is in error is told as that alone.
fn has_values(course: &Course) -> bool {
    let is_sound = |expr: &Expr| expr.ty != Type::Error;
    match course {
        Course::Values { first, then, noise } => {
            let changes = then.iter().flat_map(|change| [&change.value, &change.at]);
            is_sound(first) && changes.chain(noise).all(is_sound)
        }
        Course::From(path) => is_sound(path),
        Course::Missing { .. } => false,
    }
}

/// Whether a clause is a `given`.
pub(super) fn is_given(kind: &ast::TestClauseKind) -> bool {
    matches!(
        kind,
        TestClauseKind::GivenStep { .. }
            | TestClauseKind::GivenUndo { .. }
            | TestClauseKind::GivenMetric { .. }
            | TestClauseKind::GivenApproval { .. }
            | TestClauseKind::GivenResume { .. }
            | TestClauseKind::GivenResolve { .. }
            | TestClauseKind::GivenFile { .. }
            | TestClauseKind::GivenCrash { .. }
            | TestClauseKind::GivenStart { .. }
    )
}

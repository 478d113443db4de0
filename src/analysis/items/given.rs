//! `given …`: the world a test runs in.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind};
use crate::model::scenario::{Answer, Change, Course, Decision, Given, GivenKind, StepRef};
use crate::syntax::ast::{self, GivenMetric, GivenOutcome, Name, PathRef, TestClause, TestClauseKind};

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
                let first = self.check(first, ty);
                let then = then
                    .iter()
                    .map(|(value, at)| Change { value: self.check(value, ty), at: self.check(at, &Type::Duration) });
                let then = then.collect();
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

    /// PG206 for a gap without an instant in it.
    fn check_gap(&mut self, from: Option<&Expr>, to: Option<&Expr>) {
        let (Some(from), Some(to)) = (from, to) else { return };
        let time = |expr: &Expr| expr.as_literal().and_then(crate::contract::value::Value::as_duration);
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

//! `expect …`: what a test expects of its run.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::model::expr::Expr;
use crate::model::scenario::{Because, Ending, Expectation, ExpectationKind, Given, Moment, PhaseState, StepRef};
use crate::syntax::ast::{self, BinaryOperator, Name, PathRef, TestClause, TestClauseKind, TestItem};

use super::super::checker::{Checker, Frame, Place, Surroundings};
use super::super::conditions::collapse;
use super::super::expressions::{Root, path_of};
use super::given::is_given;
use super::places::below;
use super::scenarios::Scene;

/// What may stand behind `expect`, when it is no phase.
const WORDS: [&str; 6] = ["outcome", "always", "never", "step", "undone", "notified"];

impl<'a> Checker<'a> {
    pub(super) fn read_clauses(
        &mut self,
        scene: Option<&Scene>,
        written: &'a TestItem,
    ) -> (Vec<Given>, Vec<Expectation>) {
        let (mut given, mut expect) = (Vec::new(), Vec::new());
        for clause in &written.clauses {
            self.watching(None, |checker| {
                if is_given(&clause.kind) {
                    given.extend(checker.read_given(scene, clause));
                } else {
                    expect.extend(checker.read_expectation(scene, clause));
                }
            });
        }
        (given, expect)
    }

    fn read_expectation(&mut self, scene: Option<&Scene>, clause: &'a TestClause) -> Option<Expectation> {
        let kind = match &clause.kind {
            TestClauseKind::ExpectOutcome { outcome, at, because } => {
                let outcome = self.read_ending(outcome);
                let at = at.as_ref().map(|at| self.read_moment(at));
                let because = because.as_ref().map(|because| self.read_because(scene, because));
                ExpectationKind::Outcome { outcome: outcome?, at, because: because.flatten() }
            }
            TestClauseKind::ExpectState { phase, state } => self.read_state(scene, phase, state)?,
            TestClauseKind::ExpectAlways(condition) => ExpectationKind::Always(self.read_invariant(scene, condition)),
            TestClauseKind::ExpectNever(condition) => ExpectationKind::Never(self.read_invariant(scene, condition)),
            TestClauseKind::ExpectRan { step, times, before, by } => {
                let step = self.expected_step(scene, step);
                let times = times.as_ref().map(|times| self.check(times, &Type::Int));
                let before = before.as_ref().and_then(|before| self.expected_step(scene, before));
                let by = by.as_ref().map(|by| self.check(by, &Type::Duration));
                ExpectationKind::Ran { step: step?, times, before, by }
            }
            TestClauseKind::ExpectNeverRan { step } => ExpectationKind::NeverRan(self.expected_step(scene, step)?),
            TestClauseKind::ExpectUndone { step, before } => {
                let step = self.expected_step(scene, step);
                let before = before.as_ref().and_then(|before| self.expected_step(scene, before));
                ExpectationKind::Undone { step: step?, before }
            }
            TestClauseKind::ExpectNotified { channel } => {
                let channel = self.channel_name(Some(channel));
                ExpectationKind::Notified(Some(channel).filter(|channel| !channel.is_empty())?)
            }
            _ => return None,
        };
        Some(Expectation { kind, text: collapse(self.text(clause.at)), at: self.here(clause.at) })
    }

    fn expected_step(&mut self, scene: Option<&Scene>, path: &'a PathRef) -> Option<StepRef> {
        scene.and_then(|scene| self.step_named(&scene.launched, &path.expr))
    }

    fn read_ending(&mut self, word: &Name) -> Option<Ending> {
        let found = Ending::ALL.into_iter().find(|ending| ending.name() == word.text);
        if found.is_none() {
            self.report_word("outcome", word, &Ending::ALL.map(Ending::name));
        }
        found
    }

    /// `26h10m +- 1m`
    fn read_moment(&mut self, written: &'a ast::Expr) -> Moment {
        match &*written.kind {
            ast::ExprKind::Group(inner) => self.read_moment(inner),
            ast::ExprKind::Binary { operator: BinaryOperator::PlusMinus, left, right, .. } => {
                let (time, tolerance) = (self.check(left, &Type::Duration), self.check(right, &Type::Duration));
                self.refuse_negative_tolerance(&tolerance);
                Moment { time, tolerance: Some(tolerance) }
            }
            _ => Moment { time: self.check(written, &Type::Duration), tolerance: None },
        }
    }

    fn read_state(&mut self, scene: Option<&Scene>, phase: &'a PathRef, state: &'a Name) -> Option<ExpectationKind> {
        let launched = &scene?.launched;
        if let ast::ExprKind::Name(name) = &*phase.expr.kind
            && launched.table.index_of(&name.text).is_none()
            && !self.might_be_declared(&name.text)
        {
            let near = Suggestion::of(&name.text, launched.table.names().chain(WORDS));
            let mut diagnostic =
                Diagnostic::new(Code::PG101, self.here(name.at), format!("there is no phase `{}`", name.text));
            if near.is_empty() {
                diagnostic = diagnostic.help(format!("`expect` takes a phase, or `{}`", WORDS.join("`, `")));
            }
            self.report_with_near(diagnostic, name.at, near);
            return None;
        }
        let phase = self.phase_named(launched, &phase.expr);
        let found = PhaseState::ALL.into_iter().find(|known| known.name() == state.text);
        if found.is_none() && phase.is_some() {
            self.report_word("state", state, &PhaseState::ALL.map(PhaseState::name));
        }
        Some(ExpectationKind::State { phase: phase?, state: found? })
    }

    /// A condition that is looked at at every instant: it may name whatever has run by then.
    fn read_invariant(&mut self, scene: Option<&Scene>, condition: &'a ast::Expr) -> Expr {
        let mut frame = Frame { guarded: true, place: Place::Condition, ..Frame::new() };
        frame.surroundings = Surroundings::Scenario(scene.map(|scene| scene.pipeline));
        if let Some(scene) = scene {
            frame.phases = scene.launched.table.clone();
        }
        self.in_frame(frame, |checker| checker.check_condition(condition)).0
    }

    /// A metric, gate, step or phase, or the text of the reason.
    fn read_because(&mut self, scene: Option<&Scene>, written: &'a ast::Expr) -> Option<Because> {
        match &*written.kind {
            ast::ExprKind::Group(inner) => self.read_because(scene, inner),
            ast::ExprKind::String(_) => Some(Because::Text(self.check(written, &Type::String))),
            ast::ExprKind::Field(inner, name) => {
                let group = match self.root_in(inner) {
                    Some(Root::Group(group)) => Some(group),
                    _ => None,
                };
                if let Some(group) = group
                    && (self.group_fields(group).contains_key(&name.text) || !is_phase(scene, inner))
                {
                    return self.deciding_metric(written);
                }
                let scene = scene?;
                let (phase, names) = below(written);
                if !is_phase(Some(scene), phase) {
                    return self.refuse_because(written);
                }
                let phase = self.phase_named(&scene.launched, phase)?;
                let kinds = ["gate", "hold", "ramp", "approve", "wait", "step"];
                self.node_named(&scene.launched, phase, &names, &kinds).map(Because::Node)
            }
            ast::ExprKind::Name(_) if is_phase(scene, written) => {
                self.phase_named(&scene?.launched, written).map(Because::Phase)
            }
            ast::ExprKind::Index(inner, _) if is_phase(scene, inner) => {
                self.phase_named(&scene?.launched, written).map(Because::Phase)
            }
            ast::ExprKind::Broken => None,
            _ => {
                scene?;
                self.refuse_because(written)
            }
        }
    }

    fn deciding_metric(&mut self, written: &'a ast::Expr) -> Option<Because> {
        let metric = self.in_place(Place::Condition, |checker| checker.infer(written));
        match *metric.kind {
            crate::model::expr::ExprKind::Metric { group, field } => Some(Because::Metric { group, field }),
            _ => None,
        }
    }

    fn refuse_because(&mut self, written: &'a ast::Expr) -> Option<Because> {
        let path = path_of(written);
        if path.as_ref().is_some_and(|path| path.iter().any(|name| self.might_be_declared(&name.text))) {
            return None;
        }
        let help = "name what decided: a metric (`group.field`), a phase, a step or gate of one (`phase.gate1`), or \
                    write the reason in quotes";
        let diagnostic = match path {
            Some(_) => {
                let message = format!("there is no metric, gate, step or phase `{}`", self.text(written.at));
                Diagnostic::new(Code::PG101, self.here(written.at), message)
            }
            None => Diagnostic::new(Code::PG201, self.here(written.at), "this names nothing that could decide"),
        };
        self.report(diagnostic.help(help));
        None
    }
}

/// Whether an expression names a phase of the pipeline, or an element of one.
fn is_phase(scene: Option<&Scene>, written: &ast::Expr) -> bool {
    let Some(scene) = scene else { return false };
    match &*written.kind {
        ast::ExprKind::Name(name) => scene.launched.table.index_of(&name.text).is_some(),
        ast::ExprKind::Index(inner, _) => is_phase(Some(scene), inner),
        _ => false,
    }
}

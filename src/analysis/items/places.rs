//! Phases and steps as tests name them: `block_a`, `deploy[eu]`, `block_a.enable`, `deploy[eu].apply`.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::model::phase::PhaseRef;
use crate::model::scenario::StepRef;
use crate::syntax::ast::{self, ExprKind, Name, StringPiece};

use super::super::checker::Checker;
use super::launched::Launched;

impl<'a> Checker<'a> {
    /// PG101 when there is no such phase, or it has no such element.
    pub(super) fn phase_named(&mut self, launched: &Launched, written: &'a ast::Expr) -> Option<PhaseRef> {
        let (name, element) = match &*written.kind {
            ExprKind::Name(name) => (name, None),
            ExprKind::Index(inner, element) => match &*inner.kind {
                ExprKind::Name(name) => (name, Some(element)),
                _ => return self.refuse_place(written, "phase", "PHASE"),
            },
            ExprKind::Group(inner) => return self.phase_named(launched, inner),
            ExprKind::Broken => return None,
            _ => return self.refuse_place(written, "phase", "PHASE"),
        };
        let Some(index) = launched.table.index_of(&name.text) else {
            if !self.might_be_declared(&name.text) {
                let near = Suggestion::of(&name.text, launched.table.names());
                self.report_undefined("phase", name, near);
            }
            return None;
        };
        let element = match element {
            Some(element) => Some(self.element_named(launched, index, element)?),
            None => None,
        };
        Some(PhaseRef { name: name.text.clone(), element })
    }

    fn element_named(&mut self, launched: &Launched, phase: usize, written: &'a ast::Expr) -> Option<String> {
        let info = &launched.table.phases[phase];
        if !info.each {
            let message = format!("the phase `{}` has no `for`, so there is only one of it", info.name);
            self.report(Diagnostic::new(Code::PG101, self.here(written.at), message));
            return None;
        }
        let text = element_text(written)?;
        let elements = info.elements.as_ref().or_else(|| launched.elements.get(&info.name));
        if let Some(elements) = elements.filter(|elements| !elements.contains(&text)) {
            let message = format!("the phase `{}` has no element `{text}`", info.name);
            let near = Suggestion::of(&text, elements.iter().map(String::as_str));
            let mut diagnostic = Diagnostic::new(Code::PG101, self.here(written.at), message);
            if near.is_empty() {
                diagnostic = diagnostic.help(format!("its elements are `{}`", elements.join("`, `")));
            }
            self.report_with_near(diagnostic, written.at, near);
            return None;
        }
        Some(text)
    }

    /// PG101 when there is no such step.
    pub(super) fn step_named(&mut self, launched: &Launched, written: &'a ast::Expr) -> Option<StepRef> {
        let (phase, name) = match &*written.kind {
            ExprKind::Field(phase, name) => (phase, name),
            ExprKind::Group(inner) => return self.step_named(launched, inner),
            ExprKind::Broken => return None,
            ExprKind::Name(name) => {
                self.report_step_without_phase(launched, name);
                return None;
            }
            _ => return self.refuse_place(written, "step", "PHASE.STEP"),
        };
        let phase = self.phase_named(launched, phase)?;
        self.node_named(launched, phase, name, &["step"])
    }

    /// A named step of the phase, or an unnamed node of one of these kinds by its number in the plan.
    pub(super) fn node_named(
        &mut self,
        launched: &Launched,
        phase: PhaseRef,
        name: &'a Name,
        kinds: &[&str],
    ) -> Option<StepRef> {
        if name.text.is_empty() {
            return None;
        }
        let index = launched.table.index_of(&phase.name)?;
        let is_numbered = || {
            let nodes = launched.nodes.get(&phase.name);
            kinds.iter().any(|kind| name.text.starts_with(kind))
                && nodes.is_some_and(|nodes| nodes.contains_key(&name.text))
        };
        if launched.table.step(index, &name.text).is_none() && !is_numbered() {
            if !launched.table.phases[index].incomplete && !self.might_be_declared(&name.text) {
                let mut names: Vec<&str> = launched.table.step_names(index).collect();
                names.sort_unstable();
                let near = Suggestion::of(&name.text, names);
                self.report_undefined(&format!("step in the phase `{}` named", phase.name), name, near);
            }
            return None;
        }
        Some(StepRef { phase, step: name.text.clone() })
    }

    fn report_step_without_phase(&mut self, launched: &Launched, name: &Name) {
        if self.might_be_declared(&name.text) {
            return;
        }
        let message = match launched.table.index_of(&name.text) {
            Some(_) => format!("`{}` is a phase, and a step is needed here", name.text),
            None => format!("`{}` says no phase, and so no step", name.text),
        };
        let diagnostic = Diagnostic::new(Code::PG101, self.here(name.at), message);
        let owner = launched.table.phases.iter().find(|phase| phase.steps.contains_key(&name.text));
        let diagnostic = match owner {
            Some(phase) => {
                let full = format!("{}.{}", phase.name, name.text);
                diagnostic.help(format!("did you mean `{full}`?")).fix(format!("write `{full}`"), name.at, full)
            }
            None => diagnostic.help("a step is named with its phase: `PHASE.STEP`"),
        };
        self.report(diagnostic);
    }

    fn refuse_place<T>(&mut self, written: &ast::Expr, what: &str, form: &str) -> Option<T> {
        let message = format!("a {what} is needed here");
        self.report(Diagnostic::new(Code::PG101, self.here(written.at), message).help(format!("write `{form}`")));
        None
    }
}

/// What stands between the brackets.
fn element_text(written: &ast::Expr) -> Option<String> {
    match &*written.kind {
        ExprKind::Name(name) if !name.text.is_empty() => Some(name.text.clone()),
        ExprKind::Number { value, .. } => Some(value.to_string()),
        ExprKind::String(literal) => literal.pieces.iter().try_fold(String::new(), |text, piece| match piece {
            StringPiece::Text(part) => Some(text + part),
            StringPiece::Interpolation(_) => None,
        }),
        _ => None,
    }
}

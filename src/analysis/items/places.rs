//! Phases and steps as tests name them: `block_a`, `deploy[eu]`, `block_a.enable`, `deploy[eu].apply`.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
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
        self.note_place(name.at, launched.table.phases[index].at, None);
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
        let (phase, names) = below(written);
        match &*phase.kind {
            ExprKind::Broken => None,
            ExprKind::Name(name) if names.is_empty() => {
                self.report_step_without_phase(launched, name);
                None
            }
            _ if names.is_empty() => self.refuse_place(written, "step", "PHASE.STEP"),
            _ => {
                let phase = self.phase_named(launched, phase)?;
                self.node_named(launched, phase, &names, &["step"])
            }
        }
    }

    /// A named step of the phase, a step `x.y` in a composite one, or an unnamed node of one of these kinds by its number
    /// in the plan.
    pub(super) fn node_named(
        &mut self,
        launched: &Launched,
        phase: PhaseRef,
        names: &[&'a Name],
        kinds: &[&str],
    ) -> Option<StepRef> {
        let ([first, ..], [.., last]) = (names, names) else { return None };
        let words: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        let full = words.join(".");
        let index = launched.table.index_of(&phase.name)?;
        let is_meant = |output: &Option<Type>| output.is_some() || kinds.iter().any(|kind| last.text.starts_with(kind));
        let node = launched.nodes.get(&phase.name).and_then(|nodes| nodes.get(&full)).filter(|node| is_meant(node));
        if node.is_some() || launched.table.step(index, &full).is_some() {
            if let Some((_, step)) = launched.table.step(index, &full).filter(|_| names.len() == 1) {
                self.note_place(last.at, step.at, Some(&step.output));
            }
            return Some(StepRef { phase, step: full });
        }
        let is_silent =
            launched.table.phases[index].incomplete || names.iter().any(|name| self.might_be_declared(&name.text));
        if is_silent {
            return None;
        }
        match launched.table.step(index, &first.text) {
            Some((_, step)) if names.len() > 1 => {
                let inner = launched.names_in(&phase.name, &step.name);
                let near = Suggestion::of(&last.text, inner.iter().copied());
                self.report_undefined(&format!("step in `{}.{}` named", phase.name, step.name), last, near);
            }
            _ => {
                let mut names: Vec<&str> = launched.table.step_names(index).collect();
                names.sort_unstable();
                let near = Suggestion::of(&first.text, names);
                self.report_undefined(&format!("step in the phase `{}` named", phase.name), first, near);
            }
        }
        None
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

/// The phase in `phase.step`, and the names behind it.
pub(super) fn below(written: &ast::Expr) -> (&ast::Expr, Vec<&Name>) {
    let mut names = Vec::new();
    let mut rest = written;
    loop {
        match &*rest.kind {
            ExprKind::Field(inner, name) => {
                names.push(name);
                rest = inner;
            }
            ExprKind::Group(inner) => rest = inner,
            _ => {
                names.reverse();
                return (rest, names);
            }
        }
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

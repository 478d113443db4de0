//! What can be done where the cursor is, or with what is selected: one file each, and here the fixes of what is wrong.

mod allow;
mod arguments;
mod component;
mod constant;
mod imports;
mod undo;

use super::known::{Known, merge, touches};
use crate::base::diagnostic::{Diagnostic, Edit, Severity};
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};

/// What an action is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Sure to be right.
    Fix,
    /// An answer to something that is wrong, with words that a person has to put in.
    Answer,
    Rewrite,
    Extract,
    Imports,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub title: String,
    pub kind: ActionKind,
    pub edits: Vec<Edit>,
    /// What it is an answer to.
    pub diagnostic: Option<Diagnostic>,
}

/// A selection in a file, in the first of the programs that the file is a part of.
pub struct Scene<'s> {
    pub known: &'s Known,
    pub file: FileId,
    pub source: &'s SourceFile,
    pub selection: Span,
}

/// For what the selection touches.
#[must_use]
pub fn actions(programs: &[(&Known, FileId)], selection: Span) -> Vec<Action> {
    let Some((known, file)) = programs.first().copied() else { return Vec::new() };
    let Some(source) = known.source(file) else { return Vec::new() };
    let scene = Scene { known, file, source, selection };
    let mut found = Vec::new();
    let parts: Vec<(&[Diagnostic], FileId)> =
        programs.iter().map(|(known, file)| (known.analysis.diagnostics.as_slice(), *file)).collect();
    for diagnostic in merge(&parts) {
        let span = diagnostic.at.span;
        let is_meant = touches(span, selection.start as usize) || touches(selection, span.start as usize);
        if !is_meant {
            continue;
        }
        if let Some(fix) = diagnostic.fix.clone() {
            let (title, edits) = (fix.title, fix.edits);
            found.push(Action { title, kind: ActionKind::Fix, edits, diagnostic: Some(diagnostic.clone()) });
        }
        found.extend(arguments::add_missing(&scene, &diagnostic));
        if diagnostic.severity() == Severity::Warning {
            found.extend(allow::with_reason(&scene, diagnostic));
        }
    }
    found.extend(undo::add(&scene));
    found.extend(constant::extract(&scene));
    found.extend(component::extract(&scene));
    found.extend(imports::sort(&scene));
    found
}

/// The fixes of a whole file, as many as do not touch each other.
#[must_use]
pub fn fix_all(source: &SourceFile, diagnostics: &[Diagnostic]) -> Option<String> {
    let all: Vec<&Diagnostic> = diagnostics.iter().collect();
    crate::analysis::fixes::apply(source, &all).map(|fixed| fixed.text)
}

#[cfg(test)]
mod cases {
    use super::{Action, ActionKind, actions};
    use crate::base::span::Span;
    use crate::ide::cursor::Case;

    /// The text after each action of a kind.
    pub fn applied(marked: &str, kind: ActionKind) -> Vec<String> {
        let case = Case::new(marked);
        let cursor = Span::new(case.offset, case.offset);
        let found = actions(&[(&case.known, case.file)], cursor);
        chosen(&case, found, kind)
    }

    pub fn chosen(case: &Case, found: Vec<Action>, kind: ActionKind) -> Vec<String> {
        let source = case.known.source(case.file).expect("the file");
        let chosen = found.into_iter().filter(|action| action.kind == kind);
        chosen
            .map(|action| {
                let mut text = source.text.clone();
                for edit in action.edits.iter().rev() {
                    text.replace_range(edit.span.range(), &edit.text);
                }
                text
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::ActionKind;
    use super::cases::applied;
    use crate::analysis::analyze;
    use crate::base::source::Sources;

    #[test]
    fn fixes_of_the_checker_are_actions() {
        let texts = applied("pipeline p {\n  phase a { step she§ll(\"true\", timeout: 1m) }\n}\n", ActionKind::Fix);
        assert!(texts.iter().any(|text| text.starts_with("use std.shell\n")), "{texts:?}");
    }

    #[test]
    fn a_warning_can_be_allowed_and_is_then_silent() {
        let text = "use std.shell\n/// It is.\npipeline p {\n  phase a {\n    step sh§ell(\"true\")\n  }\n}\n";
        let texts = applied(text, ActionKind::Answer);
        let [text] = texts.as_slice() else { panic!("{texts:?}") };
        let mut sources = Sources::default();
        let mut loader = |_: &str| Ok(text.clone().into_bytes());
        let analysis = analyze(&mut loader, "main.deploy", &mut sources).expect("the text is given");
        let codes: Vec<&str> = analysis.diagnostics.iter().map(|diagnostic| diagnostic.code.id()).collect();
        assert_eq!(codes, [""; 0], "{text}");
        assert_eq!(analysis.allowed.len(), 1);
    }
}

//! What can be done about a problem: its fix, or a comment that allows it.

use super::known::{Known, merge, touches};
use crate::base::diagnostic::{Diagnostic, Edit, Severity};
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::syntax::ast::{Block, File, Statement, StatementKind};
use crate::syntax::parse;

#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub title: String,
    pub edits: Vec<Edit>,
    pub diagnostic: Diagnostic,
    /// It is sure to be right.
    pub is_fix: bool,
}

/// For the problems that the selection touches.
#[must_use]
pub fn actions(programs: &[(&Known, FileId)], selection: Span) -> Vec<Action> {
    let Some(source) = programs.first().and_then(|(known, file)| known.source(*file)) else { return Vec::new() };
    let mut found = Vec::new();
    for diagnostic in merge(programs) {
        let span = diagnostic.at.span;
        let is_meant = touches(span, selection.start as usize) || touches(selection, span.start as usize);
        if !is_meant {
            continue;
        }
        if let Some(fix) = diagnostic.fix.clone() {
            let (title, edits) = (fix.title, fix.edits);
            found.push(Action { title, edits, diagnostic: diagnostic.clone(), is_fix: true });
        }
        if diagnostic.severity() == Severity::Warning {
            found.extend(allow(source, diagnostic));
        }
    }
    found
}

/// The fixes of a whole file, as many as do not touch each other.
#[must_use]
pub fn fix_all(source: &SourceFile, diagnostics: &[Diagnostic]) -> Option<String> {
    let all: Vec<&Diagnostic> = diagnostics.iter().collect();
    crate::analysis::fixes::apply(source, &all).map(|fixed| fixed.text)
}

/// `// phasegate: allow(PG410) …` above the statement or item.
fn allow(source: &SourceFile, diagnostic: Diagnostic) -> Option<Action> {
    let code = diagnostic.code.id();
    let tree = parse(source).file;
    let start = target(&tree, diagnostic.at.span)?.start as usize;
    let line = source.line_span(source.line_column(start).line);
    let indent = source.text.get(line.start as usize..start).unwrap_or_default();
    // A statement that does not begin its line keeps its place: the comment would speak of what stands before it.
    if !indent.trim().is_empty() {
        return None;
    }
    let text = format!("// phasegate: allow({code}) say why this is right here\n{indent}");
    let edits = vec![Edit { span: Span::new(start, start), text }];
    Some(Action { title: format!("allow {code} here, with a reason"), edits, diagnostic, is_fix: false })
}

/// The innermost statement or item around the place.
fn target(tree: &File, at: Span) -> Option<Span> {
    let item = tree.items.iter().find(|item| holds(item.at, at))?;
    let within = match &item.kind {
        crate::syntax::ast::ItemKind::Pipeline(pipeline) => innermost(&pipeline.body, at),
        crate::syntax::ast::ItemKind::Component(component) => innermost(&component.body, at),
        crate::syntax::ast::ItemKind::Threshold(threshold) => innermost(&threshold.body, at),
        _ => None,
    };
    Some(within.unwrap_or(item.at))
}

fn innermost(block: &Block, at: Span) -> Option<Span> {
    let statement = block.statements.iter().find(|statement| holds(statement.at, at))?;
    let inner = body_of(statement).and_then(|body| innermost(body, at));
    Some(inner.unwrap_or(statement.at))
}

fn body_of(statement: &Statement) -> Option<&Block> {
    match &statement.kind {
        StatementKind::Phase(phase) => Some(&phase.body),
        StatementKind::Hook { body, .. }
        | StatementKind::Parallel(body)
        | StatementKind::Gate { body, .. }
        | StatementKind::Hold { body, .. }
        | StatementKind::Ramp { body, .. } => Some(body),
        _ => None,
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[cfg(test)]
mod tests {
    use super::actions;
    use crate::analysis::analyze;
    use crate::base::source::Sources;
    use crate::base::span::Span;
    use crate::ide::cursor::Case;

    fn applied(marked: &str, is_fix: bool) -> Vec<String> {
        let case = Case::new(marked);
        let cursor = Span::new(case.offset, case.offset);
        let source = case.known.source(case.file).expect("the file");
        let found = actions(&[(&case.known, case.file)], cursor);
        let chosen = found.into_iter().filter(|action| action.is_fix == is_fix);
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

    #[test]
    fn fixes_of_the_checker_are_actions() {
        let texts = applied("pipeline p {\n  phase a { step she§ll(\"true\", timeout: 1m) }\n}\n", true);
        assert!(texts.iter().any(|text| text.starts_with("use std.shell\n")), "{texts:?}");
    }

    #[test]
    fn a_warning_can_be_allowed_and_is_then_silent() {
        let texts =
            applied("use std.shell\n/// It is.\npipeline p {\n  phase a {\n    step sh§ell(\"true\")\n  }\n}\n", false);
        let [text] = texts.as_slice() else { panic!("{texts:?}") };
        let mut sources = Sources::default();
        let mut loader = |_: &str| Ok(text.clone().into_bytes());
        let analysis = analyze(&mut loader, "main.deploy", &mut sources).expect("the text is given");
        let codes: Vec<&str> = analysis.diagnostics.iter().map(|diagnostic| diagnostic.code.id()).collect();
        assert_eq!(codes, [""; 0], "{text}");
        assert_eq!(analysis.allowed.len(), 1);
    }
}

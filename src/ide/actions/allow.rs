//! A comment that allows a warning, with a reason.

use super::super::walk::{around, block_of, holds};
use super::{Action, ActionKind, Scene};
use crate::base::diagnostic::{Diagnostic, Edit};
use crate::base::span::Span;
use crate::syntax::ast::File;

/// `// phasegate: allow(PG410) …` above the statement or item.
pub fn with_reason(scene: &Scene<'_>, diagnostic: Diagnostic) -> Option<Action> {
    let code = diagnostic.code.id();
    let tree = scene.known.tree(scene.file);
    let start = target(&tree, diagnostic.at.span)?.start as usize;
    let line = scene.source.line_span(scene.source.line_column(start).line);
    let indent = scene.source.text.get(line.start as usize..start).unwrap_or_default();
    // A statement that does not begin its line keeps its place: the comment would speak of what stands before it.
    if !indent.trim().is_empty() {
        return None;
    }
    let text = format!("// phasegate: allow({code}) say why this is right here\n{indent}");
    let edits = vec![Edit { span: Span::new(start, start), text }];
    let title = format!("allow {code} here, with a reason");
    Some(Action { title, kind: ActionKind::Answer, edits, diagnostic: Some(diagnostic) })
}

/// The innermost statement or item around the place.
fn target(tree: &File, at: Span) -> Option<Span> {
    let item = tree.items.iter().find(|item| holds(item.at, at))?;
    let within = block_of(item).and_then(|block| around(block, at).last().map(|statement| statement.at));
    Some(within.unwrap_or(item.at))
}

//! What can be done about the problems of a selection.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionKind, CodeActionParams, TextEdit, Uri, WorkspaceEdit};

use super::super::convert::{range, span};
use super::diagnostics::shown;
use super::{Context, Failure};
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::ide::actions::{Action, actions, fix_all};
use crate::ide::known::{Known, merge};

pub fn answer(ctx: &Context, params: CodeActionParams) -> Result<Vec<CodeAction>, Failure> {
    let uri = params.text_document.uri;
    let here = ctx.here(&uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let programs = ctx.snapshot.programs_of(&here.path);
    let parts: Vec<(&Known, FileId)> =
        programs.iter().filter_map(|program| Some((&program.known, program.file(&here.path)?))).collect();
    let selection = span(source, params.range, ctx.encoding);
    // Places of second labels are those of one program.
    let is_own = |action: &Action| here.program.known.diagnostics(here.file).any(|own| *own == action.diagnostic);
    let problem = |action: &Action| is_own(action).then(|| shown(ctx, &here.program, &action.diagnostic)).flatten();
    let found = actions(&parts, selection).into_iter();
    let mut all: Vec<CodeAction> = found
        .map(|action| CodeAction {
            diagnostics: problem(&action).map(|diagnostic| vec![diagnostic]),
            ..action_of(ctx, source, &uri, &action)
        })
        .collect();
    if let Some(text) = fix_all(source, &merge(&parts)) {
        let whole = range(source, Span::new(0, source.text.len()), ctx.encoding);
        all.push(CodeAction {
            title: "fix everything that is sure".to_owned(),
            kind: Some(CodeActionKind::SourceFixAll),
            edit: Some(edit(&uri, vec![TextEdit { range: whole, new_text: text }])),
            ..CodeAction::default()
        });
    }
    if let Some(only) = params.context.only {
        all.retain(|action| action.kind.as_ref().is_some_and(|kind| only.contains(kind)));
    }
    Ok(all)
}

fn action_of(ctx: &Context, source: &SourceFile, uri: &Uri, action: &Action) -> CodeAction {
    let edits = action.edits.iter();
    let edits = edits
        .map(|edit| TextEdit { range: range(source, edit.span, ctx.encoding), new_text: edit.text.clone() })
        .collect();
    CodeAction {
        title: action.title.clone(),
        kind: Some(CodeActionKind::QuickFix),
        is_preferred: action.is_fix.then_some(true),
        edit: Some(edit(uri, edits)),
        ..CodeAction::default()
    }
}

fn edit(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(HashMap::from([(uri.clone(), edits)])), ..WorkspaceEdit::default() }
}

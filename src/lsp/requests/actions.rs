//! What can be done where the cursor is, or with what is selected.

use std::collections::HashMap;

use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, Diagnostic as Diagnosed, TextEdit, Uri, WorkspaceEdit,
};

use super::super::convert::{Ruler, span};
use super::diagnostics::{Files, shown};
use super::{Context, Failure};
use crate::base::diagnostic::Diagnostic;
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::ide::actions::{Action, ActionKind, actions, fix_all};
use crate::ide::known::Known;

/// All kinds there are.
pub const KINDS: &[&str] =
    &["quickfix", "refactor.rewrite", "refactor.extract", "source.organizeImports", "source.fixAll"];

pub fn answer(ctx: &Context, params: CodeActionParams) -> Result<Vec<CodeAction>, Failure> {
    let uri = params.text_document.uri;
    let here = ctx.here(&uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let programs = ctx.snapshot.programs_of(&here.path);
    let parts: Vec<(&Known, FileId)> =
        programs.iter().filter_map(|program| Some((&program.known, program.file(&here.path)?))).collect();
    let selection = span(source, params.range, ctx.encoding);
    // Places of second labels are those of one program.
    let is_own = |diagnostic: &Diagnostic| here.program.known.diagnostics(here.file).any(|own| own == diagnostic);
    let problem = |action: &Action| {
        let diagnostic = action.diagnostic.as_ref().filter(|diagnostic| is_own(diagnostic))?;
        let range = Ruler::new(source, ctx.encoding).range(diagnostic.at.span);
        Some(Diagnosed { range, ..shown(ctx, Files::Program(&here.program), diagnostic)? })
    };
    let found = actions(&parts, selection).into_iter();
    let mut all: Vec<CodeAction> = found
        .map(|action| CodeAction {
            diagnostics: problem(&action).map(|diagnostic| vec![diagnostic]),
            ..action_of(ctx, source, &uri, &action)
        })
        .collect();
    if let Some(text) = fix_all(source, &ctx.snapshot.diagnostics(&here.path).1) {
        let whole = Ruler::new(source, ctx.encoding).range(Span::new(0, source.text.len()));
        all.push(CodeAction {
            title: "fix everything that is sure".to_owned(),
            kind: Some(CodeActionKind::SourceFixAll),
            edit: Some(edit(&uri, vec![TextEdit { range: whole, new_text: text }])),
            ..CodeAction::default()
        });
    }
    if let Some(only) = params.context.only {
        all.retain(|action| action.kind.as_ref().is_some_and(|kind| only.iter().any(|asked| is_kind_of(kind, asked))));
    }
    Ok(all)
}

/// `refactor` asks for `refactor.extract` as well.
fn is_kind_of(kind: &CodeActionKind, asked: &CodeActionKind) -> bool {
    let word = |kind: &CodeActionKind| {
        let value = serde_json::to_value(kind).unwrap_or_default();
        value.as_str().unwrap_or_default().to_owned()
    };
    let (kind, asked) = (word(kind), word(asked));
    asked.is_empty() || kind == asked || kind.strip_prefix(&asked).is_some_and(|rest| rest.starts_with('.'))
}

fn action_of(ctx: &Context, source: &SourceFile, uri: &Uri, action: &Action) -> CodeAction {
    let ruler = Ruler::new(source, ctx.encoding);
    let edits = action.edits.iter();
    let edits = edits.map(|edit| TextEdit { range: ruler.range(edit.span), new_text: edit.text.clone() }).collect();
    CodeAction {
        title: action.title.clone(),
        kind: Some(match action.kind {
            ActionKind::Fix | ActionKind::Answer => CodeActionKind::QuickFix,
            ActionKind::Rewrite => CodeActionKind::RefactorRewrite,
            ActionKind::Extract => CodeActionKind::RefactorExtract,
            ActionKind::Imports => CodeActionKind::SourceOrganizeImports,
        }),
        is_preferred: (action.kind == ActionKind::Fix).then_some(true),
        edit: Some(edit(uri, edits)),
        ..CodeAction::default()
    }
}

fn edit(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(HashMap::from([(uri.clone(), edits)])), ..WorkspaceEdit::default() }
}

//! What can be written at the cursor.

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, Documentation, InsertTextFormat, MarkupContent,
    MarkupKind, TextDocumentPositionParams, TextEdit,
};

use super::super::convert::range;
use super::super::library;
use super::{Context, Failure, Here};
use crate::base::source::SourceFile;
use crate::ide::completion::{Completion, CompletionKind, Elsewhere, completion};
use crate::ide::moves::relative;

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Vec<CompletionItem>, Failure> {
    let said = ctx.at(&params, |here, offset| {
        let source = here.source()?;
        let found = completion(&here.program.known, here.file, offset, &elsewhere(ctx, here));
        let shown = found.into_iter().enumerate().map(|(rank, item)| shown(ctx, source, rank, item));
        Some(shown.collect::<Vec<CompletionItem>>()).filter(|items| !items.is_empty())
    });
    Ok(said?.unwrap_or_default())
}

/// The other files of the folders, as this one would import them.
fn elsewhere(ctx: &Context, here: &Here) -> Vec<Elsewhere> {
    let Some(folder) = here.path.parent() else { return Vec::new() };
    let others = ctx.snapshot.files().filter(|path| **path != here.path && !library::is_part(path));
    let others = others.filter_map(|path| {
        let symbols = ctx.snapshot.outline(path);
        (!symbols.is_empty()).then_some(Elsewhere { path: relative(folder, path)?, symbols })
    });
    others.collect()
}

fn shown(ctx: &Context, source: &SourceFile, rank: usize, item: Completion) -> CompletionItem {
    let new_text = if ctx.snippets { item.snippet.clone() } else { without_holes(&item) };
    let edit = TextEdit { range: range(source, item.replaces, ctx.encoding), new_text };
    let also = item.also.map(|also| TextEdit { range: range(source, also.span, ctx.encoding), new_text: also.text });
    let doc = item.doc.map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value }));
    CompletionItem {
        label: item.label,
        kind: Some(kind_of(item.kind)),
        detail: item.detail,
        documentation: doc,
        // The order is the server's, not that of the letters.
        sort_text: Some(format!("{rank:05}")),
        insert_text_format: ctx.snippets.then_some(InsertTextFormat::Snippet),
        text_edit: Some(CompletionItemTextEdit::TextEdit(edit)),
        additional_text_edits: also.map(|also| vec![also]),
        ..CompletionItem::default()
    }
}

/// For clients without snippets: what is sure, up to the first thing a person has to say.
fn without_holes(item: &Completion) -> String {
    match item.kind {
        CompletionKind::Keyword => item.label.clone(),
        _ => item.snippet.split('$').next().unwrap_or_default().to_owned(),
    }
}

fn kind_of(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Keyword => CompletionItemKind::Keyword,
        CompletionKind::Step | CompletionKind::Function => CompletionItemKind::Function,
        CompletionKind::Value => CompletionItemKind::Variable,
        CompletionKind::Field => CompletionItemKind::Field,
        CompletionKind::Argument => CompletionItemKind::Property,
        CompletionKind::Type => CompletionItemKind::Struct,
        CompletionKind::Module => CompletionItemKind::Module,
        CompletionKind::Unit => CompletionItemKind::Unit,
        CompletionKind::Phase => CompletionItemKind::Class,
        CompletionKind::Environment | CompletionKind::Metrics => CompletionItemKind::Module,
        CompletionKind::Channel => CompletionItemKind::Constant,
        CompletionKind::Word => CompletionItemKind::Value,
    }
}

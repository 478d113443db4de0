//! One style: for a whole file, for a part of it, and for what was just typed.

use gen_lsp_types::{DocumentFormattingParams, Position, Range, TextDocumentIdentifier, TextEdit};
use serde::Deserialize;

use super::super::convert::{Ruler, offset, span};
use super::{Context, Failure};
use crate::base::diagnostic::Edit;
use crate::base::source::SourceFile;
use crate::format::Refused;
use crate::ide::formatting::{part, typed, whole};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartParams {
    text_document: TextDocumentIdentifier,
    range: Range,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypedParams {
    text_document: TextDocumentIdentifier,
    position: Position,
    ch: String,
}

pub fn answer(ctx: &Context, params: DocumentFormattingParams) -> Result<Vec<TextEdit>, Failure> {
    edits(ctx, &params.text_document.uri.0, whole)
}

pub fn answer_part(ctx: &Context, params: PartParams) -> Result<Vec<TextEdit>, Failure> {
    edits(ctx, &params.text_document.uri.0, |source| part(source, span(source, params.range, ctx.encoding)))
}

pub fn answer_typed(ctx: &Context, params: TypedParams) -> Result<Vec<TextEdit>, Failure> {
    edits(ctx, &params.text_document.uri.0, |source| {
        typed(source, offset(source, params.position, ctx.encoding), &params.ch)
    })
}

fn edits(
    ctx: &Context,
    uri: &str,
    work: impl FnOnce(&SourceFile) -> Result<Vec<Edit>, Refused>,
) -> Result<Vec<TextEdit>, Failure> {
    let source = ctx.text(uri)?;
    let Ok(edits) = work(&source) else {
        return Err(Failure::refused("formatted, the file would not say the same: this is a fault of phasegate"));
    };
    let ruler = Ruler::new(&source, ctx.encoding);
    Ok(edits.into_iter().map(|edit| TextEdit { range: ruler.range(edit.span), new_text: edit.text }).collect())
}

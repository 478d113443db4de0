//! One style for the whole file. What does not parse stays as it is.

use gen_lsp_types::{DocumentFormattingParams, TextEdit};

use super::super::convert::range;
use super::{Context, Failure};
use crate::base::span::Span;
use crate::format::{Formatted, format};

pub fn answer(ctx: &Context, params: DocumentFormattingParams) -> Result<Vec<TextEdit>, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let Ok(Formatted { text, .. }) = format(source) else {
        return Err(Failure::refused("formatted, the file would not say the same: this is a fault of phasegate"));
    };
    let Some(new_text) = text else { return Ok(Vec::new()) };
    let (old, new) = (source.text.as_bytes(), new_text.as_bytes());
    // Only what differs is replaced, so that cursors and folds stay where they are.
    let mut start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    while !source.text.is_char_boundary(start) || !new_text.is_char_boundary(start) {
        start -= 1;
    }
    let most = old.len().min(new.len()) - start;
    let mut end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    while !source.text.is_char_boundary(old.len() - end) || !new_text.is_char_boundary(new.len() - end) {
        end -= 1;
    }
    let replaced = range(source, Span::new(start, old.len() - end), ctx.encoding);
    Ok(vec![TextEdit { range: replaced, new_text: new_text[start..new.len() - end].to_owned() }])
}

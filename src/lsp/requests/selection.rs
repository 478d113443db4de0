//! What is selected next when a selection grows.

use gen_lsp_types::{SelectionRange, SelectionRangeParams};

use super::super::convert::{offset, range};
use super::{Context, Failure};
use crate::ide::selection::selections;

pub fn answer(ctx: &Context, params: SelectionRangeParams) -> Result<Vec<SelectionRange>, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let chains = params.positions.into_iter().filter_map(|position| {
        let spans = selections(source, offset(source, position, ctx.encoding));
        spans.into_iter().rev().fold(None, |parent, span| {
            let range = range(source, span, ctx.encoding);
            Some(SelectionRange { range, parent: parent.map(Box::new) })
        })
    });
    Ok(chains.collect())
}

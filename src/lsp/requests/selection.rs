//! What is selected next when a selection grows.

use gen_lsp_types::{SelectionRange, SelectionRangeParams};

use super::super::convert::{Ruler, offset};
use super::{Context, Failure};
use crate::ide::selection::selections;

pub fn answer(ctx: &Context, params: SelectionRangeParams) -> Result<Vec<SelectionRange>, Failure> {
    let source = &*ctx.text(&params.text_document.uri.0)?;
    let ruler = Ruler::new(source, ctx.encoding);
    let chains = params.positions.into_iter().filter_map(|position| {
        let spans = selections(source, offset(source, position, ctx.encoding));
        spans.into_iter().rev().fold(None, |parent, span| {
            let range = ruler.range(span);
            Some(SelectionRange { range, parent: parent.map(Box::new) })
        })
    });
    Ok(chains.collect())
}

//! What can be folded away.

use gen_lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};

use super::super::convert::Ruler;
use super::{Context, Failure};
use crate::ide::folding::{FoldKind, folds};

pub fn answer(ctx: &Context, params: FoldingRangeParams) -> Result<Vec<FoldingRange>, Failure> {
    let source = &*ctx.text(&params.text_document.uri.0)?;
    let ruler = Ruler::new(source, ctx.encoding);
    let shown = folds(source).into_iter().map(|fold| {
        let range = ruler.range(fold.span);
        // The line of the closing bracket stays.
        let end_line = if fold.kind == FoldKind::Code { range.end.line.saturating_sub(1) } else { range.end.line };
        let kind = match fold.kind {
            FoldKind::Code => None,
            FoldKind::Comment => Some(FoldingRangeKind::Comment),
            FoldKind::Imports => Some(FoldingRangeKind::Imports),
        };
        FoldingRange { start_line: range.start.line, end_line, kind, ..FoldingRange::default() }
    });
    Ok(shown.filter(|fold| fold.end_line > fold.start_line).collect())
}

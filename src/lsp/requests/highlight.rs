//! The other places of the file that name what is under the cursor.

use gen_lsp_types::{DocumentHighlight, DocumentHighlightKind, TextDocumentPositionParams};

use super::{Context, Failure};
use crate::ide::references::highlights;

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Vec<DocumentHighlight>, Failure> {
    let (here, offset) = ctx.cursor(&params)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let found = highlights(&here.program.known, here.file, offset).into_iter();
    let shown = found.map(|reference| {
        let kind = if reference.declares { DocumentHighlightKind::Write } else { DocumentHighlightKind::Read };
        DocumentHighlight { range: ctx.range(source, reference.at), kind: Some(kind) }
    });
    Ok(shown.collect())
}

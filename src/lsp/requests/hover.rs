//! What is known of the name under the cursor.

use gen_lsp_types::TextDocumentPositionParams;
use serde_json::{Value, json};

use super::super::convert::range;
use super::{Context, Failure};
use crate::ide::hover::hover;

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Value, Failure> {
    let said = ctx.at(&params, |here, offset| {
        let hover = hover(&here.program.known, here.file, offset)?;
        let contents = json!({ "kind": "markdown", "value": hover.markdown });
        Some(json!({ "contents": contents, "range": range(here.source()?, hover.at, ctx.encoding) }))
    });
    Ok(said?.unwrap_or_default())
}

//! What is known of the name under the cursor.

use gen_lsp_types::TextDocumentPositionParams;
use serde_json::{Value, json};

use super::super::convert::range;
use super::{Context, Failure};
use crate::ide::hover::hover;

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Value, Failure> {
    let (here, offset) = ctx.cursor(&params)?;
    let (Some(source), Some(hover)) = (here.source(), hover(&here.program.known, here.file, offset)) else {
        return Ok(Value::Null);
    };
    let contents = json!({ "kind": "markdown", "value": hover.markdown });
    Ok(json!({ "contents": contents, "range": range(source, hover.at, ctx.encoding) }))
}

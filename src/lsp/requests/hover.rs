//! What is known of the name under the cursor.

use gen_lsp_types::TextDocumentPositionParams;
use serde_json::{Value, json};

use super::super::convert::range;
use super::{Context, Failure, Here};
use crate::analysis::Asked;
use crate::ide::hover::{hover, is_run_elsewhere};

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Value, Failure> {
    let (here, offset) = ctx.near(&params, Asked::Itself)?;
    let known = &here.program.known;
    if let Some(said) = shown(ctx, &here, offset) {
        return Ok(said);
    }
    if !is_run_elsewhere(known, here.file, offset) {
        return Ok(Value::Null);
    }
    let (here, offset) = ctx.near(&params, Asked::Runs)?;
    Ok(shown(ctx, &here, offset).unwrap_or_default())
}

fn shown(ctx: &Context, here: &Here, offset: usize) -> Option<Value> {
    let hover = hover(&here.program.known, here.file, offset)?;
    let contents = json!({ "kind": "markdown", "value": hover.markdown });
    Some(json!({ "contents": contents, "range": range(here.source()?, hover.at, ctx.encoding) }))
}

//! What stands between the lines of a part of a file.

use gen_lsp_types::InlayHintParams;
use serde_json::{Value, json};

use super::super::convert::{position, span};
use super::{Context, Failure};
use crate::ide::hints::hints;
use crate::ide::known::touches;

pub fn answer(ctx: &Context, params: InlayHintParams) -> Result<Value, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Value::Null) };
    let wanted = span(source, params.range, ctx.encoding);
    let found = hints(&here.program.known, here.file).into_iter().filter(|hint| touches(wanted, hint.offset));
    let shown = found.map(|hint| {
        let position = position(source, hint.offset, ctx.encoding);
        json!({ "position": position, "label": hint.text, "tooltip": hint.meaning, "paddingLeft": true })
    });
    Ok(shown.collect())
}

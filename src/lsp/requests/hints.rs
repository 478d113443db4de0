//! What stands between the lines of a part of a file.

use gen_lsp_types::InlayHintParams;
use serde_json::{Value, json};

use super::super::convert::{Ruler, span};
use super::{Context, Failure};
use crate::ide::hints::hints;

pub fn answer(ctx: &Context, params: InlayHintParams) -> Result<Value, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Value::Null) };
    let wanted = span(source, params.range, ctx.encoding);
    let ruler = Ruler::new(source, ctx.encoding);
    let shown = hints(&here.program.known, here.file, wanted).into_iter().map(|hint| {
        let position = ruler.position(hint.offset);
        json!({ "position": position, "label": hint.text, "tooltip": hint.meaning, "paddingLeft": true })
    });
    Ok(shown.collect())
}

//! Another name, in all files that name it.

use std::collections::BTreeMap;

use gen_lsp_types::{TextDocumentPositionParams, TextEdit};
use serde_json::{Value, json};

use super::super::convert::range;
use super::references::everywhere;
use super::{Context, Failure};
use crate::ide::rename::{check_name, prepare as prepared};

pub fn prepare(ctx: &Context, params: TextDocumentPositionParams) -> Result<Value, Failure> {
    let (here, offset) = ctx.cursor(&params)?;
    let renamed = prepared(&here.program.known, here.file, offset).map_err(Failure::refused)?;
    let Some(source) = here.source() else { return Ok(Value::Null) };
    Ok(json!({ "range": range(source, renamed.at, ctx.encoding), "placeholder": renamed.name }))
}

pub fn answer(ctx: &Context, params: Value) -> Result<Value, Failure> {
    let new_name = params["newName"].as_str().unwrap_or_default().to_owned();
    let params: TextDocumentPositionParams =
        serde_json::from_value(params).map_err(|error| Failure::refused(error.to_string()))?;
    check_name(&new_name).map_err(Failure::refused)?;
    let (here, offset) = ctx.cursor(&params)?;
    let renamed = prepared(&here.program.known, here.file, offset).map_err(Failure::refused)?;
    let mut changes: BTreeMap<String, Vec<TextEdit>> = BTreeMap::new();
    for (path, span) in everywhere(ctx, &here, &renamed.meaning).into_keys() {
        let uri = ctx.uri(&path).0;
        let Ok(other) = ctx.here(&uri) else { continue };
        let Some(source) = other.source() else { continue };
        // Only what is written with this name gets the other one.
        if source.slice(span) == renamed.name {
            let range = range(source, span, ctx.encoding);
            changes.entry(uri).or_default().push(TextEdit { range, new_text: new_name.clone() });
        }
    }
    Ok(json!({ "changes": changes }))
}

//! What can be passed to the call around the cursor.

use gen_lsp_types::TextDocumentPositionParams;
use serde_json::{Value, json};

use super::{Context, Failure};
use crate::ide::signature::signature_help;
use crate::ide::words::Shape;

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Value, Failure> {
    let said = ctx.at(&params, |here, offset| signature_help(&here.program.known, here.file, offset));
    let Some(help) = said? else { return Ok(Value::Null) };
    let doc = help.doc.map(|value| json!({ "kind": "markdown", "value": value }));
    let shapes: Vec<Value> = help.shapes.iter().map(|shape| shown(shape, doc.as_ref())).collect();
    let mut result = json!({ "signatures": shapes, "activeSignature": 0 });
    if let Some(active) = help.active {
        result["activeParameter"] = json!(active);
    }
    Ok(result)
}

fn shown(shape: &Shape, doc: Option<&Value>) -> Value {
    let parameters = shape.parameters.iter().map(|parameter| {
        let mut shown = json!({ "label": parameter.text });
        if let Some(doc) = &parameter.doc {
            shown["documentation"] = json!(doc);
        }
        shown
    });
    let mut result = json!({ "label": shape.label, "parameters": parameters.collect::<Vec<Value>>() });
    if let Some(doc) = doc {
        result["documentation"] = doc.clone();
    }
    result
}

//! The symbols of all files of the editor's folders.

use gen_lsp_types::WorkspaceSymbolParams;
use serde_json::{Value, json};

use super::super::convert::Ruler;
use super::symbols::kind_of;
use super::{Context, Failure};
use crate::ide::outline::{Symbol, flat};

/// An editor shows a few of them; people go on writing until it is the right one.
const MOST: usize = 500;

pub fn answer(ctx: &Context, params: WorkspaceSymbolParams) -> Result<Value, Failure> {
    let query = params.query.to_lowercase();
    let mut found = Vec::new();
    for path in ctx.snapshot.files() {
        let symbols = ctx.snapshot.outline(path);
        let fitting = flat(&symbols).into_iter().filter(|(symbol, _)| symbol.name.to_lowercase().contains(&query));
        let fitting: Vec<(&Symbol, Option<&str>)> = fitting.collect();
        let Some(source) = (!fitting.is_empty()).then(|| ctx.snapshot.text(path)).flatten() else { continue };
        let ruler = Ruler::new(&source, ctx.encoding);
        for (symbol, within) in fitting {
            let location = json!({ "uri": ctx.uri(path), "range": ruler.range(symbol.at) });
            let kind = kind_of(symbol.kind);
            found.push(json!({ "name": symbol.name, "kind": kind, "location": location, "containerName": within }));
        }
        if found.len() >= MOST {
            break;
        }
    }
    Ok(found.into_iter().take(MOST).collect())
}

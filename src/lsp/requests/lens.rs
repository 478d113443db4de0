//! What can be done with a pipeline or a test, above it. The client runs the commands: they are `phasegate`'s own.

use gen_lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::{Value, json};

use super::super::convert::range;
use super::{Context, Failure};
use crate::ide::outline::{SymbolKind, outline};

pub fn answer(ctx: &Context, params: CodeLensParams) -> Result<Vec<CodeLens>, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let path = here.path.to_string_lossy().into_owned();
    let mut found = Vec::new();
    for symbol in outline(&here.program.known.tree(here.file)) {
        let commands: &[(&str, &str)] = match symbol.kind {
            SymbolKind::Pipeline => &[("plan", "phasegate.plan"), ("simulate", "phasegate.simulate")],
            SymbolKind::Test => &[("run test", "phasegate.test")],
            _ => continue,
        };
        for (title, command) in commands {
            let arguments: Vec<Value> = vec![json!(path), json!(symbol.name)];
            let command = Command {
                title: (*title).to_owned(),
                command: (*command).to_owned(),
                arguments: Some(arguments),
                ..Command::default()
            };
            let range = range(source, symbol.at, ctx.encoding);
            found.push(CodeLens { range, command: Some(command), data: None });
        }
    }
    Ok(found)
}

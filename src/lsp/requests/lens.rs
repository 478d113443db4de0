//! What can be done with a pipeline or a test, and how often something is named, above it. The client runs the commands: they
//! are `phasegate`'s own.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use gen_lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::{Value, json};

use super::super::convert::Ruler;
use super::{Context, Failure, Here};
use crate::analysis::names::Meaning;
use crate::base::span::Span;
use crate::ide::outline::{Symbol, SymbolKind, flat, outline};

pub fn answer(ctx: &Context, params: CodeLensParams) -> Result<Vec<CodeLens>, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let path = here.path.to_string_lossy().into_owned();
    let ruler = Ruler::new(source, ctx.encoding);
    let named = named(ctx, &here);
    let mut found = Vec::new();
    let symbols = outline(&here.program.known.tree(here.file));
    for (symbol, within) in flat(&symbols) {
        let range = ruler.range(symbol.at);
        let mut lens = |title: String, command: &str, arguments: Vec<Value>| {
            let command =
                Command { title, command: command.to_owned(), arguments: Some(arguments), ..Command::default() };
            found.push(CodeLens { range, command: Some(command), data: None });
        };
        let commands: &[(&str, &str)] = match symbol.kind {
            SymbolKind::Pipeline => &[("plan", "phasegate.plan"), ("simulate", "phasegate.simulate")],
            SymbolKind::Test => &[("run test", "phasegate.test")],
            _ => &[],
        };
        for (title, command) in commands {
            lens((*title).to_owned(), command, vec![json!(path), json!(symbol.name)]);
        }
        if is_counted(symbol, within) {
            let count = named.get(&symbol.at).map_or(0, HashSet::len);
            let title = if count == 1 { "1 reference".to_owned() } else { format!("{count} references") };
            lens(title, "phasegate.references", vec![json!(params.text_document.uri), json!(range.start)]);
        }
    }
    Ok(found)
}

/// What others name: items, and the phases of pipelines.
fn is_counted(symbol: &Symbol, within: Option<&str>) -> bool {
    let is_item = within.is_none()
        && !matches!(symbol.kind, SymbolKind::Test | SymbolKind::Schedule | SymbolKind::Alert | SymbolKind::Freeze);
    is_item || symbol.kind == SymbolKind::Phase
}

/// The places that name what the file declares, in all programs that it is a part of.
fn named(ctx: &Context, here: &Here) -> HashMap<Span, HashSet<(PathBuf, Span)>> {
    let mut found: HashMap<Span, HashSet<(PathBuf, Span)>> = HashMap::new();
    for program in ctx.snapshot.programs_of(&here.path) {
        let Some(file) = program.file(&here.path) else { continue };
        for (at, mention) in program.known.mentions().filter(|(_, mention)| !mention.declares) {
            if let Meaning::Declared(place) = mention.meaning
                && place.file == file
            {
                found.entry(place.span).or_default().insert((program.path(at.file).to_path_buf(), at.span));
            }
        }
    }
    found
}

//! What leads to what, step by step: an editor asks for one end, then for those it is tied to.

use gen_lsp_types::{Range, SymbolKind as Shown, TextDocumentPositionParams, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::convert::{path_of, range, uri_of};
use super::super::library;
use super::super::workspace::Program;
use super::symbols::{detail_of, kind_of};
use super::{Context, Failure};
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::ide::calls::{self, Home, Link, Node};

/// One end, as the protocol says it; what an editor gives back is found again by its place or, in the library, by its name.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    name: String,
    kind: Shown,
    detail: String,
    uri: Uri,
    range: Range,
    selection_range: Range,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
pub struct ItemParams {
    item: Item,
}

type Ask = fn(&crate::ide::known::Known, &Node) -> Vec<Link>;

pub fn prepare(ctx: &Context, params: TextDocumentPositionParams) -> Result<Vec<Item>, Failure> {
    let (here, offset) = ctx.cursor(&params)?;
    let found = calls::prepare(&here.program.known, here.file, offset);
    Ok(found.and_then(|node| item(ctx, &here.program, &node)).into_iter().collect())
}

pub fn incoming(ctx: &Context, params: ItemParams) -> Result<Vec<Value>, Failure> {
    ends(ctx, &params.item, calls::incoming, "from")
}

pub fn outgoing(ctx: &Context, params: ItemParams) -> Result<Vec<Value>, Failure> {
    ends(ctx, &params.item, calls::outgoing, "to")
}

fn ends(ctx: &Context, asked: &Item, ask: Ask, name: &str) -> Result<Vec<Value>, Failure> {
    let mut found: Vec<Value> = Vec::new();
    for (program, node) in again(ctx, asked)? {
        for link in ask(&program.known, &node) {
            let caller = if name == "from" { &link.node } else { &node };
            let Some(end) = item(ctx, &program, &link.node) else { continue };
            let source = source_of(&program, caller.home);
            let ranges = link.places.iter().filter_map(|at| Some(range(source.as_ref()?.get()?, *at, ctx.encoding)));
            let shown = json!({ name: end, "fromRanges": ranges.collect::<Vec<Range>>() });
            if !found.contains(&shown) {
                found.push(shown);
            }
        }
    }
    Ok(found)
}

/// What was shown before, in every program that knows it.
fn again(ctx: &Context, asked: &Item) -> Result<Vec<(std::sync::Arc<Program>, Node)>, Failure> {
    if let Some(step) = asked.data["step"].as_str() {
        let node = calls::step(step).ok_or_else(|| Failure::refused(format!("there is no step `{step}`")))?;
        let from = asked.data["file"].as_str().unwrap_or_default();
        let programs = ctx.snapshot.programs_of(&path_of(from)).into_iter();
        return Ok(programs.map(|program| (program, node.clone())).collect());
    }
    let here = ctx.here(&asked.uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let offset = super::super::convert::offset(source, asked.selection_range.start, ctx.encoding);
    let programs = ctx.snapshot.programs_of(&here.path).into_iter();
    let found = programs.filter_map(|program| {
        let node = calls::prepare(&program.known, program.file(&here.path)?, offset)?;
        Some((program, node))
    });
    Ok(found.collect())
}

/// The text that places of an end are in.
enum Text<'p> {
    Program(&'p Program, FileId),
    Library(Box<SourceFile>),
}

impl Text<'_> {
    fn get(&self) -> Option<&SourceFile> {
        match self {
            Self::Program(program, file) => program.known.source(*file),
            Self::Library(source) => Some(source),
        }
    }
}

fn source_of(program: &Program, home: Home) -> Option<Text<'_>> {
    match home {
        Home::File(file) => Some(Text::Program(program, file)),
        Home::Library(module) => {
            let (_, text) = crate::analysis::stdlib::modules().iter().find(|(name, _)| *name == module)?;
            Some(Text::Library(Box::new(SourceFile::new(FileId(0), "", *text))))
        }
    }
}

fn item(ctx: &Context, program: &Program, node: &Node) -> Option<Item> {
    let text = source_of(program, node.home)?;
    let source = text.get()?;
    let shown = |span: Span| range(source, span, ctx.encoding);
    let (uri, data) = match node.home {
        Home::File(file) => (ctx.uri(program.path(file)), Value::Null),
        Home::Library(module) => {
            let root = program.known.analysis.files.first().map(|file| ctx.uri(program.path(*file)).0);
            (uri_of(&library::file_of(module)?), json!({ "step": node.name, "file": root }))
        }
    };
    Some(Item {
        name: node.name.clone(),
        kind: kind_of(node.kind),
        detail: node.within.clone().unwrap_or_else(|| detail_of(node.kind).to_owned()),
        uri,
        range: shown(node.whole),
        selection_range: shown(node.at),
        data,
    })
}

//! What each word is, in the numbers of the protocol: five for each, lines and columns counted from the one before.

use gen_lsp_types::Position;
use serde_json::{Value, json};

use super::super::convert::Ruler;
use super::{Context, Failure};
use crate::base::source::SourceFile;
use crate::base::span::Span;
use crate::ide::tokens::{TokenKind, tokens};

/// In the order of [`number_of`].
pub const TYPES: &[&str] = &[
    "keyword",
    "comment",
    "string",
    "number",
    "operator",
    "function",
    "parameter",
    "variable",
    "property",
    "type",
    "namespace",
    "class",
];

pub fn answer(ctx: &Context, params: Value) -> Result<Value, Failure> {
    let here = ctx.here(params["textDocument"]["uri"].as_str().unwrap_or_default())?;
    let Some(source) = here.source() else { return Ok(Value::Null) };
    let mut data: Vec<u32> = Vec::new();
    let mut before = Position { line: 0, character: 0 };
    let ruler = Ruler::new(source, ctx.encoding);
    for token in tokens(&here.program.known, here.file) {
        for part in lines_of(source, token.at) {
            let start = ruler.position(part.start as usize);
            let column = if start.line == before.line { start.character - before.character } else { start.character };
            let length = ctx.encoding.length(source.slice(part));
            data.extend([start.line - before.line, column, length, number_of(token.kind), u32::from(token.declares)]);
            before = start;
        }
    }
    Ok(json!({ "data": data }))
}

/// A token of several lines is one for each line.
fn lines_of(source: &SourceFile, span: Span) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = span.start as usize;
    for line in source.slice(span).split_inclusive('\n') {
        let shown = line.trim_end_matches(['\n', '\r']);
        if !shown.is_empty() {
            found.push(Span::new(start, start + shown.len()));
        }
        start += line.len();
    }
    found
}

fn number_of(kind: TokenKind) -> u32 {
    match kind {
        TokenKind::Keyword => 0,
        TokenKind::Comment => 1,
        TokenKind::String => 2,
        TokenKind::Number => 3,
        TokenKind::Operator => 4,
        TokenKind::Function => 5,
        TokenKind::Parameter => 6,
        TokenKind::Variable => 7,
        TokenKind::Property => 8,
        TokenKind::Type => 9,
        TokenKind::Namespace => 10,
        TokenKind::Class => 11,
    }
}

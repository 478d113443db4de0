//! The symbols of all files of the editor's folders.

use gen_lsp_types::WorkspaceSymbolParams;
use serde_json::{Value, json};

use super::super::convert::range;
use super::symbols::kind_of;
use super::{Context, Failure};
use crate::adapters::program_files;
use crate::base::source::SourceFile;
use crate::base::span::FileId;
use crate::ide::outline::{flat, outline};
use crate::syntax::parse;

/// An editor shows a few of them; people go on writing until it is the right one.
const MOST: usize = 500;

pub fn answer(ctx: &Context, params: WorkspaceSymbolParams) -> Result<Value, Failure> {
    let query = params.query.to_lowercase();
    let mut found = Vec::new();
    for path in ctx.snapshot.files() {
        let text = match ctx.snapshot.document(path) {
            Some(document) => document.text.clone(),
            None => match program_files::read(path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(_) => continue,
            },
        };
        let source = SourceFile::new(FileId(0), "", text);
        let symbols = outline(&parse(&source).file);
        for (symbol, within) in flat(&symbols) {
            if symbol.name.to_lowercase().contains(&query) {
                let location = json!({ "uri": ctx.uri(path), "range": range(&source, symbol.at, ctx.encoding) });
                let kind = kind_of(symbol.kind);
                found.push(json!({ "name": symbol.name, "kind": kind, "location": location, "containerName": within }));
            }
        }
        if found.len() >= MOST {
            break;
        }
    }
    Ok(found.into_iter().take(MOST).collect())
}

//! The files that `use` names.

use gen_lsp_types::{DocumentLink, DocumentLinkParams};

use super::super::convert::range;
use super::super::library;
use super::{Context, Failure};
use crate::ide::completion::visible::imported_file;
use crate::syntax::ast::{ItemKind, UseSource};

pub fn answer(ctx: &Context, params: DocumentLinkParams) -> Result<Vec<DocumentLink>, Failure> {
    let here = ctx.here(&params.text_document.uri.0)?;
    let Some(source) = here.source() else { return Ok(Vec::new()) };
    let known = &here.program.known;
    let mut found = Vec::new();
    for item in &known.tree(here.file).items {
        let ItemKind::Use(import) = &item.kind else { continue };
        match &import.source {
            UseSource::File(_, at) => {
                if let Some(file) = imported_file(known, &import.source, here.file) {
                    let target = ctx.uri(here.program.path(file));
                    let range = range(source, *at, ctx.encoding);
                    found.push(DocumentLink { range, target: Some(target), ..DocumentLink::default() });
                }
            }
            UseSource::Std(_) => {
                for name in &import.names {
                    let Some(path) = library::file_of(&name.text) else { continue };
                    let range = range(source, name.at, ctx.encoding);
                    found.push(DocumentLink { range, target: Some(ctx.uri(&path)), ..DocumentLink::default() });
                }
            }
            UseSource::Missing => {}
        }
    }
    Ok(found)
}

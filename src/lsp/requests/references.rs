//! Every place that names what is under the cursor, in all programs that can.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gen_lsp_types::{Location as Place, TextDocumentPositionParams};
use serde_json::Value;

use super::{Context, Failure, Here};
use crate::analysis::names::Meaning;
use crate::base::span::{Location, Span};
use crate::ide::references::references;

pub fn answer(ctx: &Context, params: Value) -> Result<Vec<Place>, Failure> {
    let with_declaration = params["context"]["includeDeclaration"].as_bool().unwrap_or(true);
    let params: TextDocumentPositionParams =
        serde_json::from_value(params).map_err(|error| Failure::refused(error.to_string()))?;
    let (here, offset) = ctx.cursor(&params)?;
    let Some(found) = here.program.known.name_at(here.file, offset) else { return Ok(Vec::new()) };
    let mut shown = Vec::new();
    for ((path, span), declares) in everywhere(ctx, &here, &found.mention.meaning) {
        if declares && !with_declaration {
            continue;
        }
        let Ok(other) = ctx.here(&ctx.uri(&path).0) else { continue };
        shown.extend(ctx.place(&other.program, Location::new(other.file, span)));
    }
    Ok(shown)
}

/// All places by file, and whether something is declared there.
pub fn everywhere(ctx: &Context, here: &Here, meaning: &Meaning) -> BTreeMap<(PathBuf, Span), bool> {
    let mut found = BTreeMap::new();
    // What a file declares can be named by all programs that the file is a part of; what belongs to the language or to an
    // environment, by the program itself.
    let declared = match meaning {
        Meaning::Declared(at) => Some((here.program.path(at.file).to_path_buf(), at.span)),
        _ => None,
    };
    let home = declared.as_ref().map_or(&here.path, |(path, _)| path);
    for program in ctx.snapshot.programs_of(home) {
        let meaning = match &declared {
            Some((path, span)) => match program.file(path) {
                Some(file) => Meaning::Declared(Location::new(file, *span)),
                None => continue,
            },
            None => meaning.clone(),
        };
        for reference in references(&program.known, &meaning) {
            let path = program.path(reference.at.file).to_path_buf();
            *found.entry((path, reference.at.span)).or_insert(false) |= reference.declares;
        }
    }
    found
}

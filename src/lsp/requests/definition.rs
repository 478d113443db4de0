//! Where the name under the cursor, or its type, is declared.

use gen_lsp_types::{Location, TextDocumentPositionParams};

use super::{Context, Failure, Here};
use crate::ide::definition::{Target, definition, type_definition};

pub fn answer(ctx: &Context, params: TextDocumentPositionParams) -> Result<Vec<Location>, Failure> {
    let (here, offset) = ctx.cursor(&params)?;
    let targets = definition(&here.program.known, here.file, offset);
    Ok(places(ctx, &here, targets))
}

pub fn answer_type(ctx: &Context, params: TextDocumentPositionParams) -> Result<Vec<Location>, Failure> {
    let (here, offset) = ctx.cursor(&params)?;
    let targets = type_definition(&here.program.known, here.file, offset);
    Ok(places(ctx, &here, targets))
}

fn places(ctx: &Context, here: &Here, targets: Vec<Target>) -> Vec<Location> {
    let place = |target| match target {
        Target::Place(at) => ctx.place(&here.program, at),
        Target::Library(module, span) => ctx.library_place(module, span),
    };
    targets.into_iter().filter_map(place).collect()
}

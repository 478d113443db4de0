//! `lsp`: the language server, for editors.

use std::io;

use clap::Args as Arguments;

use super::exit::Exit;
use crate::lsp::serve;

/// Serves an editor over standard input and output (language server protocol).
#[derive(Debug, Arguments)]
pub struct Args {
    /// Some clients pass it; there is no other way.
    #[arg(long, hide = true)]
    stdio: bool,
}

pub fn run(args: Args) -> Exit {
    // Both are served alike.
    let Args { stdio: _ } = args;
    if serve(io::stdin(), io::stdout()) { Exit::Well } else { Exit::Findings }
}

//! Text to tree and back. Total: every input gives a tree and diagnostics, never an error.

pub mod ast;

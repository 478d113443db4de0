//! The language server: what `check` knows, in an editor, over standard input and output.
//!
//! One loop ([`server`]) takes messages in their order and applies edits; what is asked is answered by a pool, each request
//! over a snapshot of the texts as they were then. Everything that means something is in [`crate::ide`]; here are the
//! protocol ([`transport`], [`convert`]), the open files and what was read of them ([`workspace`]), and one file for each
//! request ([`requests`]).
//!
//! Invariants: no message ends the server but `exit`; a request that fails is answered with an error; unsaved texts count
//! instead of what is on disk; a program is read again only when one of its files has changed.

mod convert;
mod library;
mod readings;
mod requests;
mod server;
mod transport;
mod workspace;

pub use server::serve;

/// Reading programs recurses; they may be nested deeper than the stack of a thread usually allows.
const STACK: usize = 32 << 20;

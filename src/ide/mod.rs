//! What an editor asks about a program, one file per feature: a place in a text in, plain data out.
//!
//! Pure: files come as texts, places are bytes, nothing here knows of a protocol. Every answer is about the text as it is,
//! broken or not; what cannot be said is left out.

pub mod actions;
pub mod calls;
pub mod completion;
pub mod definition;
pub mod folding;
pub mod formatting;
pub mod hints;
pub mod hover;
pub mod known;
pub mod moves;
pub mod outline;
pub mod references;
pub mod rename;
pub mod selection;
pub mod signature;
pub mod tokens;
mod walk;
pub mod words;

#[cfg(test)]
mod cursor;

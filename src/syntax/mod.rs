//! Text to tree and back. Total: every input gives a tree and diagnostics, never an error.
//!
//! The way of a text: [`scan`] prepares it and bounds its depth, the grammar in `grammar/phasegate.pest` cuts it into a
//! concrete tree that can hold anything, the `Lower` of [`lower`] reads that into [`ast`] (one file per kind of
//! construct), and [`faults`] keeps one diagnostic for one cause. [`tree`] gives the same concrete tree without loss.
//! A [`Reading`] is what editors keep: after an edit only what it touches is read again.

pub mod ast;
mod beginnings;
mod clauses;
pub mod cures;
pub mod elements;
mod expressions;
mod faults;
mod files;
mod grammar;
mod items;
mod lists;
mod look_alikes;
mod lower;
mod nesting;
mod numbers;
mod operations;
mod phases;
mod precedence;
mod quotes;
mod reading;
mod rescan;
mod scan;
mod scenarios;
mod statements;
mod strings;
mod tokens;
pub mod tree;
mod types;

pub use files::{Parsed, Stage, parse, parse_watched};
pub use numbers::is_duration_unit;
pub use reading::Reading;
pub use tokens::is_keyword;

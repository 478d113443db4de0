//! A plan as text, JSON and pictures: the dry run.
//!
//! Invariants: pure functions of the plan; whatever stands in it, every format is well formed and holds none of its
//! control characters. Secrets are shown by name, which is all that a plan knows of them. Nothing here is quadratic in the
//! size of the plan but `rollback` in the JSON, whose lists the contract spells out: they are written as they are made.

pub mod calls;
pub mod changes;
pub mod dot;
pub mod errors;
pub mod json;
mod layout;
pub mod mermaid;
pub mod openings;
pub mod rollback;
mod statements;
pub mod structure;
pub mod svg;
pub mod text;
mod text_parts;
pub mod timing;

pub use text_parts::span_text;

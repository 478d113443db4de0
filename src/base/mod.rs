//! What every layer shares: places in source text, diagnostics, points in time, exact numbers.
//!
//! Invariants: no IO, no clock, no layer above is named here. Everything is plain data.

pub mod counted;
pub mod diagnostic;
pub mod number;
pub mod packed;
pub mod source;
pub mod span;
pub mod suggest;
pub mod time;

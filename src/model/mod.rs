//! The program, resolved and typed: plain data, made by `analysis`, read by `plan` and everything above.
//!
//! Invariants: every name is resolved, every expression has its type, components and thresholds are expanded.
//! What depends on the environment, on parameters or on the run is still an expression.

pub mod expr;
pub mod operations;
pub mod phase;
pub mod program;
pub mod rewrite;
pub mod rubric;
pub mod scenario;
pub mod signature;
pub mod walk;

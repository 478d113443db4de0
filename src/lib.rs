//! Phasegate: a language for production rollouts, and the program that checks, plans and runs it.

extern crate alloc;

pub mod base;
pub mod contract;
pub mod model;
pub mod syntax;

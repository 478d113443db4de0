//! Phasegate: a language for production rollouts, and the program that checks, plans and runs it.
#![forbid(unsafe_code)]

extern crate alloc;

pub mod adapters;
pub mod analysis;
pub mod base;
pub mod cli;
pub mod contract;
pub mod demo;
pub mod engine;
pub mod eval;
pub mod model;
pub mod plan;
pub mod report;
pub mod runtime;
pub mod sources;
pub mod steps;
pub mod syntax;

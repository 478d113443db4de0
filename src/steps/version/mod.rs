//! Steps about versions.

pub mod freeze;

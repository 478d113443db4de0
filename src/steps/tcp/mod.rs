//! What speaks no HTTP: is something listening?

pub mod check;

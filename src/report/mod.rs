//! Words and views: diagnostics, plans and runs as text, JSON and pictures. Pure.

pub mod diagnostics;
mod escape;
pub mod plan;
pub mod rates;
pub mod reference;
pub mod run;
pub mod simulate;
pub mod tests;
pub mod why;

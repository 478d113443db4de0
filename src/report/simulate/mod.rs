//! What simulated runs came to, for people and for machines. Pure functions from runs to text.

pub mod chart;
pub mod json;
pub mod svg;
pub mod text;
mod words;

use crate::sim::simulate::Setup;
use crate::sim::simulate::record::{Guards, Record};
use crate::sim::simulate::summary::Summary;
use crate::sim::story::Story;

/// What was simulated, and what came of it.
pub struct Simulated<'a> {
    pub setup: &'a Setup,
    pub guards: &'a Guards,
    /// All runs, in the order of their numbers.
    pub runs: &'a [Record],
    /// The first run, in full.
    pub first: &'a Story,
    pub summary: Option<&'a Summary>,
    pub seed: u64,
}

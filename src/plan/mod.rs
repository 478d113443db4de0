//! Model, environment and parameters to an executable plan: a DAG with stable node ids and a fingerprint. Pure.
//!
//! Invariants: a plan is plain serialisable data and all that the engine needs; nothing in it refers to locals or to the
//! environment any more, only to step outputs, metrics and the run. Secrets stand in it by name. What the outside says
//! (files, environment variables) comes in through [`request::Surroundings`] and is hashed into the plan's inputs.

mod body;
mod build;
mod by_hand;
mod choice;
mod expand;
pub mod fingerprint;
mod graph;
mod limits;
mod literal;
mod metrics;
mod order;
mod parts;
pub mod places;
pub mod probes;
pub mod program;
mod reads;
pub mod request;
mod scope;
mod shape;
mod switches;

pub use build::{build, build_launch, build_turn};
pub use by_hand::Turn;
pub use fingerprint::compare;

#[cfg(test)]
mod tests;

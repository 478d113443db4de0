//! A small live world on loopback to watch a rollout in: two versions of a service, a splitter in front of them,
//! a load generator, a metrics endpoint, a webhook sink, and a folder with configuration and feature flags.
//!
//! Everything runs inside this process and listens on loopback only. Nothing here is random: shares, failures and
//! slow answers follow from the number of the request, so that two demos tell the same story. The world knows
//! nothing of pipelines; it is changed from outside, by the requests and files that a rollout uses anywhere.
//!
//! Used by `cli/demo.rs` and by tests.

pub mod folder;
pub mod listen;
pub mod load;
pub mod metrics;
pub mod proportion;
pub mod service;
pub mod sink;
pub mod splitter;
pub mod story;
pub mod world;

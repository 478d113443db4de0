//! Performs what the engine decides: the driver of one run, and the ports through which it meets the world.
//!
//! Invariants: an event is durable before anything is done because of it; nothing here decides what a run does next;
//! the world (disk, clock, processes, network) is met only through `ports`, which `adapters` implements.

pub mod driver;
pub mod flights;
pub mod ports;
pub mod preflight;
pub mod sampling;
pub mod writer;

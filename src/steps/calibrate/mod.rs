//! How well a model knows what it does not know.

pub mod artefacts;
mod diagram;
pub mod drift;
pub mod isotonic;
pub mod reliability;
mod samples;
pub mod threshold;

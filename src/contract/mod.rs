//! What steps, sources and targets agree on with the engine: values, types, effects, outcomes, histories.
//!
//! A step is a pure function of its own history (`Reaction`), an effect is data that the runtime performs, an
//! outcome is what came of it. Invariants: plain serialisable data; no secret's content ever stands in any of it
//! (secrets travel by name).

pub mod answer;
pub mod effect;
pub mod extract;
pub mod held;
pub mod registry;
pub mod samples;
pub mod switch;
pub mod types;
pub mod value;
pub mod version;
pub mod window;

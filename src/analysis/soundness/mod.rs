//! Whether gates, holds and triggers can do what they are written for.
//!
//! - [`exact`], [`linear`]: fractions and inequalities without rounding.
//! - [`table`], [`meaning`], [`reading`], [`comparing`], [`sets`]: conditions as unions of cells over what changes while a run goes on.
//! - [`survey`]: every gate, hold and trigger of the pipelines with the blocks around it, read once for each environment
//!   that makes a difference; what the lints ask. [`standing`]: alerts and sentinels.
//! - [`machine`]: how long they need, how long they have.
//! - [`order`]: which of two fires first, whatever the samples are.
//! - [`leniency`]: what a gate or a hold lets through and a trigger takes back.
//! - [`strictness`]: how two versions of one condition compare.
//! - [`witness`]: the shortest series of samples that shows a claim, in words.
//!
//! Pure, and never a guess: what cannot be decided within its budget is silent.

mod comparing;
mod exact;
pub mod leniency;
pub mod linear;
pub mod machine;
mod meaning;
pub mod order;
mod reading;
pub mod sets;
pub mod standing;
pub mod strictness;
pub mod survey;
pub mod table;
pub mod witness;

//! Runs on this machine: starting them, going on with them, giving them commands, looking at them.
//!
//! Puts together what stands below: plans, the driver, the journal on disk, the real world, and a view. Used by every
//! command that has to do with runs and by the demo. Invariants: a run that is refused has changed nothing and leaves
//! nothing behind; whatever is said to a person comes from `report`.

pub mod act;
mod broken;
pub mod bundle;
pub mod drive;
pub mod executor;
pub mod interrupts;
pub mod look;
pub mod record;
pub mod refusal;
pub mod restore;
pub mod start;
pub mod views;

pub use start::{RunOptions, start};

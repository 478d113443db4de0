//! Faults: the process killed at every boundary, disks that fail, clocks that jump, sources that lie. For each, the run ends as
//! it would have, or stops in a state that says what a person must decide. `docs/faults.md` is the table of them.
//!
//! `PHASEGATE_FAULTS=all` goes through every pair of kills instead of the near ones, and every byte instead of many.

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/taken_up.rs"]
mod taken_up;

mod cases;
mod clock;
mod disk;
mod documented;
mod kills;
mod machine;
mod planted;
#[cfg(unix)]
mod real;
mod snapshots;

/// Whether somebody has the time for everything.
fn exhaustive() -> bool {
    std::env::var("PHASEGATE_FAULTS").is_ok_and(|value| value == "all")
}

//! Decides what happens next: events, their fold, and the decision. Pure; time is an argument.
//!
//! [`turn::Engine::turn`] takes one input and gives events (to be made durable first) and requests (to be done after that).
//! Invariants: the state changes only by folding events, so that a journal replayed gives the same state; no clock, no IO, no
//! chance; whatever is asked of the world is asked under a key that stays the same after a crash.

mod arguments;
mod carried;
mod commands;
mod comparison;
mod decide;
pub mod doubt;
pub mod event;
pub mod exec;
mod finish;
mod fold;
mod folded;
mod ids;
pub mod judge;
mod kayenta;
mod looks;
mod metric;
mod nodes;
mod observe;
mod pause;
mod phases;
mod probes;
mod quick;
mod recover;
pub mod replay;
pub mod resolve;
pub mod scene;
pub mod series;
mod shifts;
pub mod snapshot;
pub mod state;
mod stop;
mod triggers;
pub mod turn;
mod undo;
mod windows;

pub use nodes::ramp::describe as describe_target;

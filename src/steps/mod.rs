//! The built-in steps, targets and channels: pure functions of arguments and history, one file each.
//!
//! To add one: its signature in `stdlib/`, its file here, and a line in the table below. Invariants: nothing here does
//! anything to the world, steps do not know each other, and no answer from outside makes one panic.

pub mod http;
pub mod notify;
pub mod process;
pub mod traffic;

use crate::contract::registry::{ChannelImpl, Registry, StepImpl, TargetImpl};
use crate::sources::SOURCES;

/// All that is built in.
#[must_use]
pub fn registry() -> Registry {
    Registry { steps: STEPS, targets: TARGETS, sources: SOURCES, channels: CHANNELS }
}

const STEPS: &[StepImpl] =
    &[process::exec::EXEC, process::shell::SHELL, http::get::GET, http::post::POST, notify::send::SEND];

const TARGETS: &[TargetImpl] = &[traffic::haproxy::HAPROXY, traffic::http::HTTP];

const CHANNELS: &[ChannelImpl] = &[notify::slack::SLACK, notify::webhook::WEBHOOK];

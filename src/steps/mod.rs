//! The built-in steps, targets and channels: pure functions of arguments and history, one file each.
//!
//! Invariant: total and pure; a step knows the world only through the outcomes in its history. To add one: its file, its
//! signature in `stdlib/<module>.deploy`, and its line in a table below.

pub mod backup;
pub mod composite;
pub mod file;
pub mod flags;
pub mod http;
pub mod naming;
pub mod notify;
pub mod process;
pub mod protocol;
pub mod read;
pub mod traffic;
pub mod version;

use crate::contract::registry::{ChannelImpl, Registry, StepImpl, TargetImpl};
use crate::sources::SOURCES;

/// All that is built in.
#[must_use]
pub fn registry() -> Registry {
    Registry { steps: STEPS, targets: TARGETS, sources: SOURCES, channels: CHANNELS }
}

static STEPS: &[StepImpl] = &[
    backup::create::CREATE,
    backup::restore::RESTORE,
    backup::verify::VERIFY,
    composite::returns::RETURN,
    composite::undone_with::UNDONE_WITH,
    file::copy::COPY,
    file::write::WRITE,
    flags::set::SET,
    flags::unset::UNSET,
    http::get::GET,
    http::post::POST,
    notify::send::SEND,
    process::exec::EXEC,
    process::shell::SHELL,
    read::json::JSON,
    read::text::TEXT,
    version::freeze::FREEZE,
];

static TARGETS: &[TargetImpl] = &[traffic::haproxy::HAPROXY, traffic::http::HTTP];

static CHANNELS: &[ChannelImpl] = &[notify::slack::SLACK, notify::webhook::WEBHOOK];

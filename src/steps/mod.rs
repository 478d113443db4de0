//! The built-in steps, targets and channels: pure functions of arguments and history, one file each.
//!
//! Invariant: total and pure; a step knows the world only through the outcomes in its history. To add one: its file, its
//! signature in `stdlib/<module>.deploy`, and its line in a table below.

pub mod backup;
pub mod bench;
pub mod calibrate;
pub mod composite;
pub mod file;
pub mod flags;
pub mod http;
pub mod ir;
pub mod killswitch;
pub mod naming;
pub mod notify;
pub mod pages;
pub mod process;
pub mod protocol;
pub mod quality;
pub mod read;
pub mod report;
pub mod sections;
pub mod table;
pub mod tcp;
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
    backup::find::FIND,
    backup::restore::RESTORE,
    backup::verify::VERIFY,
    bench::compare::COMPARE,
    bench::latencies::LATENCIES,
    bench::sign_off::SIGN_OFF,
    calibrate::artefacts::ARTEFACTS,
    calibrate::drift::DRIFT,
    calibrate::isotonic::ISOTONIC,
    calibrate::reliability::RELIABILITY,
    calibrate::threshold::THRESHOLD,
    composite::returns::RETURN,
    composite::undone_with::UNDONE_WITH,
    file::copy::COPY,
    file::find::FIND,
    file::write::WRITE,
    flags::set::SET,
    flags::unset::UNSET,
    http::get::GET,
    http::post::POST,
    ir::evaluate::EVALUATE,
    killswitch::reset::RESET,
    killswitch::stands::STANDS,
    killswitch::status::STATUS,
    killswitch::trip::TRIP,
    killswitch::turned::TURNED,
    killswitch::way_back::WAY_BACK,
    notify::send::SEND,
    process::exec::EXEC,
    process::shell::SHELL,
    quality::evaluate::EVALUATE,
    quality::generate::GENERATE,
    quality::remediate::REMEDIATE,
    read::json::JSON,
    read::text::TEXT,
    report::write::WRITE,
    tcp::check::CHECK,
    version::freeze::FREEZE,
];

static TARGETS: &[TargetImpl] = &[traffic::haproxy::HAPROXY, traffic::http::HTTP, traffic::ingress::INGRESS];

static CHANNELS: &[ChannelImpl] =
    &[notify::email::EMAIL, notify::slack::SLACK, notify::teams::TEAMS, notify::webhook::WEBHOOK];

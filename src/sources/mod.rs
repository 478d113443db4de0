//! The metric sources: which requests a sample takes and how the answers are read. Pure, one file each.
//!
//! No data is not good news: whatever cannot be read as exactly one finite, fresh value is no sample, with a reason of
//! its own that a person can act on.

pub mod command;
pub mod file;
pub mod http;
pub mod prometheus;
pub mod prometheus_range;

use std::time::Duration;

use crate::contract::registry::SourceImpl;

/// Every source, in the order in which people look for them.
pub const SOURCES: &[SourceImpl] = &[prometheus::PROMETHEUS, http::HTTP, file::FILE, command::COMMAND];

/// Older data are no sample, unless the source says otherwise.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);

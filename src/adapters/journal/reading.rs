//! A journal that is looked at: opened without a right to write, and what was pinned in it.

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::Deserialize;

use super::health::explain;
use super::{Meta, PATIENCE, SqliteJournal};
use crate::plan::program::{PLAN_VERSION, Plan};
use crate::runtime::ports::JournalError;

impl SqliteJournal {
    /// The journal at `path`, to be looked at, also while a process drives the run.
    ///
    /// # Errors
    /// When it is not there, is damaged or of a later version.
    pub fn read(path: &Path) -> Result<Self, JournalError> {
        let shown = path.display().to_string();
        if !path.exists() {
            return Err(JournalError::Damaged(format!("there is no journal at `{shown}`")));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(&shown, "opened", &error))?;
        connection.busy_timeout(PATIENCE).map_err(|error| explain(&shown, "opened", &error))?;
        let journal = Self { connection, path: shown };
        match journal.check_version() {
            Err(JournalError::Unavailable(_)) if !path.with_extension("db-wal").exists() => Self::read_at_rest(path),
            looked => looked.map(|()| journal),
        }
    }

    /// One that was closed and lies where nothing can be written, not even the files that its readers share.
    fn read_at_rest(path: &Path) -> Result<Self, JournalError> {
        let shown = path.display().to_string();
        let failed = |error: rusqlite::Error| explain(&shown, "read", &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let connection = Connection::open_with_flags(uri_at_rest(&absolute), flags).map_err(failed)?;
        let journal = Self { connection, path: shown.clone() };
        journal.check_version()?;
        Ok(journal)
    }

    /// What was pinned when the run began.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn meta(&self) -> Result<Meta, JournalError> {
        self.pinned("run")
    }

    /// The plan that the run goes by.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn plan(&self) -> Result<Plan, JournalError> {
        let json = self.value("plan")?.ok_or_else(|| self.damaged("its plan is missing"))?;
        let plan = read_plan(json.as_bytes()).map_err(|problem| match problem {
            Unreadable::OtherVersion(what) => JournalError::Newer(format!("journal `{}`: {what}", self.path)),
            Unreadable::Damaged(what) => self.damaged(&what),
        })?;
        self.check_pinned("plan", &json)?;
        Ok(plan)
    }

    /// The files of the program; none when they were not kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn program(&self) -> Result<Vec<(String, String)>, JournalError> {
        let Some(json) = self.value("program")? else { return Ok(Vec::new()) };
        serde_json::from_str(&json).map_err(|error| self.damaged(&format!("its program cannot be read ({error})")))
    }

    pub(super) fn value(&self, key: &str) -> Result<Option<String>, JournalError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
            .optional()
            .map_err(|error| explain(&self.path, "read", &error))
    }

    pub(super) fn pinned<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Result<T, JournalError> {
        let json = self.value(key)?.ok_or_else(|| self.damaged(&format!("its {key} is missing")))?;
        let pinned = serde_json::from_str(&json)
            .map_err(|error| self.damaged(&format!("its {key} cannot be read ({error})")))?;
        self.check_pinned(key, &json)?;
        Ok(pinned)
    }
}

/// Why a pinned plan cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It has the form of another version of the program.
    OtherVersion(String),
    Damaged(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherVersion(what) | Self::Damaged(what) => formatter.write_str(what),
        }
    }
}

/// A plan as it was pinned when its run began.
///
/// # Errors
/// When it is none, or one of another version.
pub fn read_plan(json: &[u8]) -> Result<Plan, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let damaged = |error: serde_json::Error| Unreadable::Damaged(format!("its plan cannot be read ({error})"));
    let Version { version } = serde_json::from_slice(json).map_err(damaged)?;
    if version != PLAN_VERSION {
        return Err(Unreadable::OtherVersion(format!(
            "its plan has the form {version} and this version of Phasegate reads {PLAN_VERSION}: use the version that \
             began the run"
        )));
    }
    let plan: Plan = serde_json::from_slice(json).map_err(damaged)?;
    if plan.is_coherent() {
        return Ok(plan);
    }
    Err(Unreadable::Damaged("its plan refers to parts that it does not have".to_owned()))
}

/// As SQLite takes a name with conditions: that nobody changes the file.
fn uri_at_rest(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

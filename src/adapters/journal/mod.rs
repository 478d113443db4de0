//! The journal of one run in SQLite: what was pinned when it began, and its events.
//!
//! Invariants: one writer per file (the driver's lock sees to it); `synchronous=FULL`, so that what `append` has returned
//! from survives a power cut; a file of a later schema is read by nobody and changed by nobody.

mod snapshots;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::adapters::state::sync_folder;
use crate::base::time::Timestamp;
use crate::engine::event::{Event, Recorded};
use crate::engine::snapshot::Snapshot;
use crate::plan::program::{PLAN_VERSION, Plan};
use crate::runtime::ports::{Journal, JournalError};

pub use snapshots::{KEPT, Past};

/// Version of the tables; raised with every change that an older program would misread.
const SCHEMA: i64 = 3;

/// "PhGt", so that `file` and we know the format.
const APPLICATION: i64 = 0x5068_4774;

const TABLES: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL, sum INTEGER);
";

/// What is pinned when a run begins, apart from its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub run_id: String,
    pub pipeline: String,
    pub environment: Option<String>,
    pub lock: Option<String>,
    pub actor: String,
    pub started_at: Timestamp,
    /// The version of the program that began the run.
    pub tool: String,
    pub jobs: u32,
    /// What relative paths in the program start from.
    pub root: String,
}

/// An open journal.
#[derive(Debug)]
pub struct SqliteJournal {
    connection: Connection,
    path: String,
}

impl SqliteJournal {
    /// A new journal at `path`, with nothing in it but what is pinned.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, meta: &Meta, plan: &Plan) -> Result<Self, JournalError> {
        let shown = path.display().to_string();
        let failed = |error: &dyn std::fmt::Display| {
            JournalError::Unavailable(format!(
                "journal `{shown}` could not be created ({error}); see to its folder and the disk"
            ))
        };
        if path.exists() {
            return Err(failed(&"there is one already"));
        }
        // Made beside its place and put there whole: whoever finds a journal finds what is pinned in it.
        let fresh = path.with_extension("new");
        Self::fill_new(&fresh, &shown, meta, plan).inspect_err(|_| {
            let _ = std::fs::remove_file(&fresh);
        })?;
        std::fs::rename(&fresh, path).map_err(|error| failed(&error))?;
        if let Some(folder) = path.parent() {
            sync_folder(folder);
        }
        Self::open(path)
    }

    fn fill_new(fresh: &Path, shown: &str, meta: &Meta, plan: &Plan) -> Result<(), JournalError> {
        let connection = Connection::open(fresh).map_err(|error| explain(shown, "created", &error))?;
        let journal = Self { connection, path: shown.to_owned() };
        journal.fill(meta, plan)?;
        // Closed, it is one file: what stood in its log is in it.
        journal.connection.close().map_err(|(_, error)| explain(shown, "created", &error))?;
        std::fs::File::open(fresh).and_then(|file| file.sync_all()).map_err(|error| {
            JournalError::Unavailable(format!("journal `{shown}` could not be created ({error}); see to the disk"))
        })
    }

    /// The journal at `path`, to be written on.
    ///
    /// # Errors
    /// When it is not there, is damaged, is of a later version or cannot be written.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        // Looked at without a right to write first: opening a later version must not change one byte of it.
        Self::read(path)?;
        let shown = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(&shown, "opened", &error))?;
        let journal = Self { connection, path: shown };
        journal.prepare().map_err(|error| explain(&journal.path, "opened", &error))?;
        journal.check_health()?;
        journal.migrate().map_err(|error| explain(&journal.path, "opened", &error))?;
        Ok(journal)
    }

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

    /// Keeps the files of the program, name and text, for whoever has to understand the run later.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_program(&self, files: &[(String, String)]) -> Result<(), JournalError> {
        let json = serde_json::to_string(files)
            .map_err(|error| self.damaged(&format!("its program cannot be written ({error})")))?;
        self.connection
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('program', ?1)", params![json])
            .map_err(|error| explain(&self.path, "written", &error))?;
        Ok(())
    }

    /// The files of the program; none when they were not kept.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn program(&self) -> Result<Vec<(String, String)>, JournalError> {
        let Some(json) = self.value("program")? else { return Ok(Vec::new()) };
        serde_json::from_str(&json).map_err(|error| self.damaged(&format!("its program cannot be read ({error})")))
    }

    /// All events after number `after`, in order.
    ///
    /// # Errors
    /// When one of them is missing or cannot be read.
    pub fn events_after(&self, after: u64) -> Result<Vec<Recorded>, JournalError> {
        self.events_between(after, u64::MAX, false)
    }

    /// What is kept of the events up to number `last`, in order.
    fn events_up_to(&self, last: u64) -> Result<Vec<Recorded>, JournalError> {
        self.events_between(0, last, true)
    }

    fn events_between(&self, after: u64, last: u64, gaps: bool) -> Result<Vec<Recorded>, JournalError> {
        let failed = |error: rusqlite::Error| explain(&self.path, "read", &error);
        let sum = if self.has_sums() { "sum" } else { "NULL" };
        let sql = format!("SELECT seq, json, {sum} FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq");
        let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query(params![number(after), number(last)]).map_err(failed)?;
        let mut events = Vec::new();
        let mut expected = after;
        while let Some(row) = rows.next().map_err(failed)? {
            expected += 1;
            let seq: i64 = row.get(0).map_err(failed)?;
            if gaps {
                expected = expected.max(u64::try_from(seq).unwrap_or(0));
            }
            if u64::try_from(seq) != Ok(expected) {
                return Err(self.damaged(&format!("event {expected} is missing")));
            }
            let json: String = row.get(1).map_err(failed)?;
            let recorded: Recorded = serde_json::from_str(&json)
                .map_err(|error| self.damaged(&format!("event {seq} cannot be read ({error})")))?;
            if recorded.seq != expected {
                return Err(self.damaged(&format!("event {seq} says that it is event {}", recorded.seq)));
            }
            self.check_sum(&format!("event {seq}"), &json, row.get(2).map_err(failed)?)?;
            events.push(recorded);
        }
        Ok(events)
    }

    /// How the run ended, without reading all of it: the last `run_ended`, unless a rollback began after it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn ending(&self) -> Result<Option<Recorded>, JournalError> {
        let failed = |error: rusqlite::Error| explain(&self.path, "read", &error);
        let sql = "SELECT json FROM events WHERE json LIKE '%\"event\":\"run_ended\"%' \
                   OR json LIKE '%\"event\":\"rollback_started\"%' ORDER BY seq DESC";
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let json: String = row.get(0).map_err(failed)?;
            match serde_json::from_str::<Recorded>(&json) {
                Ok(recorded) if matches!(recorded.event, Event::RunEnded { .. }) => return Ok(Some(recorded)),
                Ok(recorded) if matches!(recorded.event, Event::RollbackStarted { .. }) => return Ok(None),
                // The words stood in some text.
                _ => {}
            }
        }
        Ok(None)
    }

    /// When the last event happened; none without events.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_at(&self) -> Result<Option<Timestamp>, JournalError> {
        let at: Option<i64> = self
            .connection
            .query_row("SELECT max(at) FROM events", [], |row| row.get(0))
            .map_err(|error| explain(&self.path, "read", &error))?;
        Ok(at.map(Timestamp))
    }

    fn fill(&self, meta: &Meta, plan: &Plan) -> Result<(), JournalError> {
        let failed = |error: rusqlite::Error| explain(&self.path, "created", &error);
        let json = |error: serde_json::Error| self.damaged(&format!("its plan cannot be written ({error})"));
        let pinned =
            [("run", serde_json::to_string(meta).map_err(json)?), ("plan", serde_json::to_string(plan).map_err(json)?)];
        self.prepare().map_err(failed)?;
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        transaction.execute_batch(TABLES).map_err(failed)?;
        transaction.execute_batch(snapshots::TABLE).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        transaction.pragma_update(None, "user_version", SCHEMA).map_err(failed)?;
        for (key, value) in pinned {
            let sum = check_sum(&value).to_string();
            for (key, value) in [(key.to_owned(), value), (format!("{key}.sum"), sum)] {
                transaction
                    .execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", params![key, value])
                    .map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(PATIENCE)?;
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.pragma_update(None, "wal_autocheckpoint", 4_000)
    }

    /// Gives a journal of an earlier version what this one writes.
    fn migrate(&self) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.execute_batch(snapshots::TABLE)?;
        if !self.has_sums() {
            transaction.execute_batch("ALTER TABLE events ADD COLUMN sum INTEGER")?;
        }
        transaction.pragma_update(None, "user_version", SCHEMA)?;
        transaction.commit()
    }

    /// Journals of earlier versions have no sums.
    fn has_sums(&self) -> bool {
        self.connection.prepare("SELECT sum FROM events LIMIT 0").is_ok()
    }

    fn check_version(&self) -> Result<(), JournalError> {
        let failed = |error: rusqlite::Error| explain(&self.path, "read", &error);
        let number = |pragma: &str| self.connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let (application, version) =
            (number("application_id").map_err(failed)?, number("user_version").map_err(failed)?);
        if application != APPLICATION {
            return Err(self.damaged("it was not made by Phasegate"));
        }
        if version > SCHEMA {
            return Err(JournalError::Newer(format!(
                "journal `{}` was written by a later version of Phasegate (format {version}, this one knows {SCHEMA}); \
                 nothing was changed: use that version, or upgrade this one",
                self.path
            )));
        }
        Ok(())
    }

    fn check_health(&self) -> Result<(), JournalError> {
        let verdict: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| explain(&self.path, "read", &error))?;
        if verdict == "ok" { Ok(()) } else { Err(self.damaged(&verdict)) }
    }

    fn pinned<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Result<T, JournalError> {
        let json = self.value(key)?.ok_or_else(|| self.damaged(&format!("its {key} is missing")))?;
        let pinned = serde_json::from_str(&json)
            .map_err(|error| self.damaged(&format!("its {key} cannot be read ({error})")))?;
        self.check_pinned(key, &json)?;
        Ok(pinned)
    }

    fn check_pinned(&self, key: &str, json: &str) -> Result<(), JournalError> {
        let sum = self.value(&format!("{key}.sum"))?;
        let sum = sum.map(|sum| sum.parse().unwrap_or_else(|_| !check_sum(json)));
        self.check_sum(&format!("its {key}"), json, sum)
    }

    /// Disks turn bits, and a database does not see it in a text; what has no sum is taken as it is.
    fn check_sum(&self, what: &str, text: &str, sum: Option<i64>) -> Result<(), JournalError> {
        match sum {
            Some(sum) if sum != check_sum(text) => Err(self.damaged(&format!("{what} is not what was written"))),
            _ => Ok(()),
        }
    }

    fn value(&self, key: &str) -> Result<Option<String>, JournalError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
            .optional()
            .map_err(|error| explain(&self.path, "read", &error))
    }

    fn damaged(&self, what: &str) -> JournalError {
        damaged(&self.path, what)
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

impl Journal for SqliteJournal {
    fn append(&mut self, events: &mut dyn Iterator<Item = &Recorded>) -> Result<(), JournalError> {
        let path = &self.path;
        let failed = |error: rusqlite::Error| explain(path, "written", &error);
        let transaction = self.connection.transaction().map_err(failed)?;
        {
            let sql = "INSERT INTO events (seq, at, json, sum) VALUES (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql).map_err(failed)?;
            for recorded in events {
                let json = serde_json::to_string(recorded)
                    .map_err(|error| damaged(path, &format!("an event cannot be written ({error})")))?;
                let seq = i64::try_from(recorded.seq).unwrap_or(i64::MAX);
                insert.execute(params![seq, recorded.at.0, json, check_sum(&json)]).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    fn keep(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        self.keep_snapshot(snapshot)
    }
}

/// How long a reader may keep us waiting, and we a reader.
const PATIENCE: Duration = Duration::from_secs(5);

/// Any change within eight bytes gives another sum, any other nearly always.
fn check_sum(text: &str) -> i64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut words = text.as_bytes().chunks_exact(8);
    let mut sum = ODD ^ u64::try_from(text.len()).unwrap_or(u64::MAX);
    let mut take = |word: u64| sum = (sum ^ word).wrapping_mul(ODD).rotate_left(29);
    for word in &mut words {
        take(word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }
    take(words.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    sum.cast_signed()
}

fn damaged(path: &str, what: &str) -> JournalError {
    JournalError::Damaged(format!("journal `{path}` is damaged: {what}; put back a copy of it, or begin a new run"))
}

/// SQLite's error in our words: what could not be done, why, what to do.
fn explain(path: &str, action: &str, error: &rusqlite::Error) -> JournalError {
    let code = error.sqlite_error_code();
    let advice = match code {
        // `Unknown` is plain SQL failing: a table or column that is not there.
        None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
            return damaged(path, &error.to_string());
        }
        Some(ErrorCode::DiskFull) => "the disk is full: make room",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it may not be written: see to its permissions",
        Some(ErrorCode::CannotOpen) => "see to its folder and permissions",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds it: end that first",
        Some(ErrorCode::SystemIoFailure) => "the disk failed or is full: see to it",
        Some(_) => "see to the disk and its permissions",
    };
    JournalError::Unavailable(format!("journal `{path}` could not be {action} ({error}); {advice}"))
}

#[cfg(test)]
mod tests {
    use super::{Event, Journal, JournalError, Meta, Recorded, SqliteJournal, Timestamp};
    use crate::plan::program::{PLAN_VERSION, PhaseIndex, Plan};

    fn plan() -> Plan {
        let inputs =
            serde_json::json!({ "program": {}, "environment": null, "params": {}, "files": {}, "variables": {} });
        serde_json::from_value(serde_json::json!({
            "version": PLAN_VERSION, "fingerprint": "", "inputs": inputs, "pipeline": "p", "doc": null, "environment": null,
            "params": {}, "lock": null, "timeout": null, "freezes": [], "groups": [], "channels": {}, "phases": [], "nodes": [],
            "blocks": [{ "items": [], "triggers": [], "parallel": false }], "scope": 0, "secrets": [],
        }))
        .unwrap()
    }

    fn event(seq: u64, letters: usize) -> Recorded {
        let event = Event::PhaseSkipped { phase: PhaseIndex(0), reason: "x".repeat(letters) };
        Recorded { seq, at: Timestamp(1), event }
    }

    #[test]
    fn a_full_disk_fails_the_append_leaves_what_was_there_and_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let meta = Meta {
            run_id: "r".to_owned(),
            pipeline: "p".to_owned(),
            environment: None,
            lock: None,
            actor: "ada".to_owned(),
            started_at: Timestamp(1),
            tool: "0".to_owned(),
            jobs: 1,
            root: ".".to_owned(),
        };
        let mut journal = SqliteJournal::create(&path, &meta, &plan()).unwrap();
        journal.append(&mut [event(1, 10)].iter()).unwrap();
        journal.connection.pragma_update(None, "max_page_count", 8).unwrap();
        let error = journal.append(&mut [event(2, 10), event(3, 1 << 20)].iter()).unwrap_err();
        assert!(matches!(error, JournalError::Unavailable(_)), "{error:?}");
        assert!(error.to_string().contains("the disk is full: make room"), "{error}");
        assert_eq!(SqliteJournal::read(&path).unwrap().events_after(0).unwrap(), vec![event(1, 10)]);
        journal.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        journal.append(&mut [event(2, 10), event(3, 1 << 20)].iter()).unwrap();
        assert_eq!(SqliteJournal::read(&path).unwrap().events_after(0).unwrap().len(), 3);
    }
}

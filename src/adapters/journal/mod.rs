//! The journal of one run in SQLite: what was pinned when it began, and its events.
//!
//! Invariants: one writer per file (the driver's lock sees to it); `synchronous=FULL`, so that what `append` has returned
//! from survives a power cut; a file of a later schema is read by nobody and changed by nobody.

mod events;
mod health;
mod reading;
mod snapshots;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use serde::{Deserialize, Serialize};

use self::health::{check_sum, damaged, explain};
use crate::adapters::state::sync_folder;
use crate::base::time::Timestamp;
use crate::engine::event::Recorded;
use crate::engine::snapshot::Snapshot;
use crate::plan::program::Plan;
use crate::runtime::ports::{Journal, JournalError};

pub use reading::{Unreadable, read_plan};
pub use snapshots::{KEPT, Past};

/// Version of the tables; raised with every change that an older program would misread.
const SCHEMA: i64 = 4;

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

#[cfg(test)]
mod tests {
    use super::{Journal, JournalError, Meta, Recorded, SqliteJournal, Timestamp};
    use crate::engine::event::Event;
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

//! Snapshots in a journal, and what they allow: a run is taken up from the latest one, and samples that are older than the
//! oldest one are dropped.
//!
//! Invariants: a snapshot is read back and compared before anything relies on it; samples (and the looks of holds) are the only events
//! that are ever dropped, in one transaction with the note that says so; the last [`KEPT`] snapshots stay, with every event behind the
//! oldest of them, so that a damaged one costs time and nothing else.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::SqliteJournal;
use super::health::{damaged, explain};
use crate::engine::event::Recorded;
use crate::engine::snapshot::{self, Snapshot};
use crate::engine::state::State;
use crate::plan::fingerprint::hash;
use crate::plan::program::Plan;
use crate::runtime::ports::JournalError;

/// So many snapshots stay.
pub const KEPT: usize = 3;

/// The default of the `zstd` program.
const LEVEL: i32 = 3;

/// No state of a run comes near it.
const LARGEST: usize = 2 << 30;

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS snapshots \
                                (seq INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, state BLOB NOT NULL);";

/// What a run is taken up from.
#[derive(Debug, Clone)]
pub struct Past {
    /// The run before the first of `events`.
    pub base: State,
    pub events: Vec<Recorded>,
    /// What was kept of the time before, when samples of it were dropped.
    pub earlier: Vec<Recorded>,
}

impl Past {
    /// Of a run that has none.
    #[must_use]
    pub fn none(plan: &Plan) -> Self {
        Self { base: State::new(plan), events: Vec::new(), earlier: Vec::new() }
    }

    /// The run as it stands behind the last event.
    #[must_use]
    pub fn state(&self, plan: &Plan) -> State {
        let mut state = self.base.clone();
        self.events.iter().for_each(|recorded| state.apply(plan, recorded));
        state
    }
}

/// Up to which event samples were dropped, and how many events that were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Dropped {
    to: u64,
    count: u64,
}

impl SqliteJournal {
    /// The latest state that a snapshot holds, and the events behind it; all events where there is no snapshot that can be read.
    ///
    /// # Errors
    /// When the journal cannot be read, or samples were dropped and none of the snapshots that hold them can be read.
    pub fn past(&self, plan: &Plan) -> Result<Past, JournalError> {
        let mut numbers = self.snapshots()?;
        numbers.reverse();
        self.past_from(plan, &numbers)
    }

    /// As much of the past as there is: the oldest state from which on every event is kept, and what was kept of the time before.
    ///
    /// # Errors
    /// As for [`Self::past`].
    pub fn whole_past(&self, plan: &Plan) -> Result<Past, JournalError> {
        let dropped = self.dropped()?;
        if dropped.to == 0 {
            return self.past_from(plan, &[]);
        }
        let numbers: Vec<u64> = self.snapshots()?.into_iter().filter(|seq| *seq >= dropped.to).collect();
        let past = self.past_from(plan, &numbers)?;
        let earlier = self.events_up_to(past.base.last_seq)?;
        let missing = past.base.last_seq.saturating_sub(earlier.len() as u64);
        if missing != dropped.count {
            let what = format!(
                "{missing} events before event {} are missing, and {} were dropped",
                past.base.last_seq, dropped.count
            );
            return Err(damaged(&self.path, &what));
        }
        Ok(Past { earlier, ..past })
    }

    fn past_from(&self, plan: &Plan, numbers: &[u64]) -> Result<Past, JournalError> {
        let last = self.last_seq()?;
        for seq in numbers.iter().filter(|seq| **seq <= last) {
            if let Some(base) = self.restored(plan, *seq)? {
                return Ok(Past { base, events: self.events_after(*seq)?, earlier: Vec::new() });
            }
        }
        let dropped = self.dropped()?;
        if dropped.to > 0 {
            let what = format!(
                "samples up to event {} were dropped, and none of the snapshots that hold them can be read",
                dropped.to
            );
            return Err(damaged(&self.path, &what));
        }
        Ok(Past { events: self.events_after(0)?, ..Past::none(plan) })
    }

    /// Keeps a snapshot, and drops what it makes superfluous.
    pub(super) fn keep_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| explain(&path, "written", &error);
        let packed = zstd::encode_all(snapshot.state.as_slice(), LEVEL)
            .map_err(|error| JournalError::Unavailable(format!("a snapshot cannot be compressed: {error}")))?;
        let seq = i64::try_from(snapshot.seq).unwrap_or(i64::MAX);
        self.connection
            .execute(
                "INSERT OR REPLACE INTO snapshots (seq, sha256, state) VALUES (?1, ?2, ?3)",
                params![seq, hash(&snapshot.state), packed],
            )
            .map_err(failed)?;
        if self.content(snapshot.seq)?.as_deref() != Some(snapshot.state.as_slice()) {
            self.connection.execute("DELETE FROM snapshots WHERE seq = ?1", params![seq]).map_err(failed)?;
            return Ok(());
        }
        self.drop_old()
    }

    fn drop_old(&mut self) -> Result<(), JournalError> {
        let numbers = self.snapshots()?;
        let Some(oldest) = numbers.len().checked_sub(KEPT).map(|surplus| numbers[surplus]) else {
            return Ok(());
        };
        let before = self.dropped()?;
        if oldest <= before.to || self.content(oldest)?.is_none() {
            return Ok(());
        }
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| explain(&path, "written", &error);
        let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let transaction = self.connection.transaction().map_err(failed)?;
        transaction.execute("DELETE FROM snapshots WHERE seq < ?1", params![number(oldest)]).map_err(failed)?;
        let count = transaction
            .execute(
                "DELETE FROM events WHERE seq > ?1 AND seq <= ?2 \
                 AND json_extract(json, '$.event') IN ('sampled', 'hold_judged')",
                params![number(before.to), number(oldest)],
            )
            .map_err(failed)?;
        let dropped = Dropped { to: oldest, count: before.count + count as u64 };
        let json = serde_json::to_string(&dropped).map_err(|error| damaged(&path, &error.to_string()))?;
        transaction
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('dropped', ?1)", params![json])
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    fn dropped(&self) -> Result<Dropped, JournalError> {
        match self.value("dropped")? {
            None => Ok(Dropped::default()),
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| self.damaged(&format!("its note of what was dropped cannot be read ({error})"))),
        }
    }

    /// The numbers of the events behind which there are snapshots, in order.
    fn snapshots(&self) -> Result<Vec<u64>, JournalError> {
        let failed = |error: rusqlite::Error| explain(&self.path, "read", &error);
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'snapshots'";
        let there: Option<i64> = self.connection.query_row(sql, [], |row| row.get(0)).optional().map_err(failed)?;
        if there.is_none() {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare("SELECT seq FROM snapshots ORDER BY seq").map_err(failed)?;
        let rows = statement.query_map([], |row| row.get::<_, i64>(0)).map_err(failed)?;
        let numbers: Result<Vec<i64>, _> = rows.collect();
        Ok(numbers.map_err(failed)?.into_iter().filter_map(|seq| u64::try_from(seq).ok()).collect())
    }

    /// What a snapshot holds; none when it is not what was written.
    fn content(&self, seq: u64) -> Result<Option<Vec<u8>>, JournalError> {
        let row: Option<(String, Vec<u8>)> = self
            .connection
            .query_row(
                "SELECT sha256, state FROM snapshots WHERE seq = ?1",
                params![i64::try_from(seq).unwrap_or(i64::MAX)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|error| explain(&self.path, "read", &error))?;
        let Some((sum, packed)) = row else { return Ok(None) };
        let content = unpacked(&packed).filter(|content| hash(content) == sum);
        Ok(content)
    }

    fn restored(&self, plan: &Plan, seq: u64) -> Result<Option<State>, JournalError> {
        let content = self.content(seq)?;
        Ok(content.and_then(|content| snapshot::read(plan, &content)).filter(|state| state.last_seq == seq))
    }

    fn last_seq(&self) -> Result<u64, JournalError> {
        let last: Option<i64> = self
            .connection
            .query_row("SELECT max(seq) FROM events", [], |row| row.get(0))
            .map_err(|error| explain(&self.path, "read", &error))?;
        let dropped = self.dropped()?.to;
        Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0).max(dropped))
    }
}

fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    let decoder = zstd::Decoder::new(packed).ok()?;
    decoder.take(LARGEST as u64).read_to_end(&mut content).ok()?;
    Some(content)
}

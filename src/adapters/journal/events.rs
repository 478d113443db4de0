//! The events of a journal: in order, without gaps but those that snapshots make superfluous, each as it was written.

use rusqlite::params;

use super::SqliteJournal;
use super::health::explain;
use crate::base::time::Timestamp;
use crate::engine::event::{Event, Recorded};
use crate::runtime::ports::JournalError;

impl SqliteJournal {
    /// All events after number `after`, in order.
    ///
    /// # Errors
    /// When one of them is missing or cannot be read.
    pub fn events_after(&self, after: u64) -> Result<Vec<Recorded>, JournalError> {
        self.events_between(after, u64::MAX, false)
    }

    /// What is kept of the events up to number `last`, in order.
    pub(super) fn events_up_to(&self, last: u64) -> Result<Vec<Recorded>, JournalError> {
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
}

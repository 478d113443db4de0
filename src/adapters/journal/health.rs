//! Whether a journal is to be believed, and in which words it is not.

use rusqlite::ErrorCode;

use super::{APPLICATION, SCHEMA, SqliteJournal};
use crate::runtime::ports::JournalError;

impl SqliteJournal {
    pub(super) fn check_version(&self) -> Result<(), JournalError> {
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

    pub(super) fn check_health(&self) -> Result<(), JournalError> {
        let verdict: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| explain(&self.path, "read", &error))?;
        if verdict == "ok" { Ok(()) } else { Err(self.damaged(&verdict)) }
    }

    pub(super) fn check_pinned(&self, key: &str, json: &str) -> Result<(), JournalError> {
        let sum = self.value(&format!("{key}.sum"))?;
        let sum = sum.map(|sum| sum.parse().unwrap_or_else(|_| !check_sum(json)));
        self.check_sum(&format!("its {key}"), json, sum)
    }

    /// Disks turn bits, and a database does not see it in a text; what has no sum is taken as it is.
    pub(super) fn check_sum(&self, what: &str, text: &str, sum: Option<i64>) -> Result<(), JournalError> {
        match sum {
            Some(sum) if sum != check_sum(text) => Err(self.damaged(&format!("{what} is not what was written"))),
            _ => Ok(()),
        }
    }

    /// Journals of earlier versions have no sums.
    pub(super) fn has_sums(&self) -> bool {
        self.connection.prepare("SELECT sum FROM events LIMIT 0").is_ok()
    }

    pub(super) fn damaged(&self, what: &str) -> JournalError {
        damaged(&self.path, what)
    }
}

/// Any change within eight bytes gives another sum, any other nearly always.
pub(super) fn check_sum(text: &str) -> i64 {
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

pub(super) fn damaged(path: &str, what: &str) -> JournalError {
    JournalError::Damaged(format!("journal `{path}` is damaged: {what}; put back a copy of it, or begin a new run"))
}

/// SQLite's error in our words: what could not be done, why, what to do.
pub(super) fn explain(path: &str, action: &str, error: &rusqlite::Error) -> JournalError {
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

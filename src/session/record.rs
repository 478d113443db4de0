//! The record of a run: its plan, its journal, and what the journal begins from. What `why`, `replay` and `bundle` go by.

use std::path::Path;

use super::look;
use super::refusal::Refusal;
use crate::adapters::journal::{Meta, SqliteJournal};
use crate::adapters::state::StateFolder;
use crate::engine::event::Recorded;
use crate::engine::state::State;
use crate::plan::fingerprint::fingerprint;
use crate::plan::program::Plan;

/// What is known of a run.
#[derive(Debug, Clone)]
pub struct Record {
    pub meta: Meta,
    pub plan: Plan,
    /// The run before the first of `events`.
    pub base: State,
    pub events: Vec<Recorded>,
}

impl Record {
    /// The run as it stands behind the last event.
    #[must_use]
    pub fn state(&self) -> State {
        let mut state = self.base.clone();
        self.events.iter().for_each(|recorded| state.apply(&self.plan, recorded));
        state
    }
}

/// Reads the record of the run of this name.
///
/// # Errors
/// When there is no such run, or its record is damaged, of another version, or not what it says it is.
pub fn open(state: &StateFolder, name: &str) -> Result<Record, Refusal> {
    if Path::new(name).is_file() {
        return Err(Refusal::usage(format!("`{name}` is a file, and no run")));
    }
    let run = look::choose(state, Some(name))?;
    let journal = SqliteJournal::read(&run.journal()).map_err(unreadable)?;
    let (meta, plan) = (journal.meta().map_err(unreadable)?, journal.plan().map_err(unreadable)?);
    let events = journal.events_after(0).map_err(unreadable)?;
    let base = State::new(&plan);
    check(Record { meta, plan, base, events })
}

fn unreadable(error: impl std::fmt::Display) -> Refusal {
    Refusal::usage(error.to_string())
}

/// The plan has to be the one that its fingerprint was made of, and something has to have happened.
fn check(record: Record) -> Result<Record, Refusal> {
    let id = &record.meta.run_id;
    let pinned = fingerprint(&record.plan.inputs);
    if pinned != record.plan.fingerprint {
        return Err(Refusal::usage(format!(
            "the plan of run `{id}` is not the one that the run began with: its fingerprint is {} and it says {}",
            short(&pinned),
            short(&record.plan.fingerprint)
        ))
        .help("its record was changed after the run began; put back a copy of it"));
    }
    if record.events.is_empty() && !record.base.started {
        return Err(Refusal::usage(format!("run `{id}` never began: nothing has happened in it")));
    }
    Ok(record)
}

fn short(fingerprint: &str) -> String {
    format!("{}…", fingerprint.chars().take(12).collect::<String>())
}

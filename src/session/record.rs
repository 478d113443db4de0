//! The record of a run: its plan, its journal, and what the journal begins from. What `why`, `replay` and `bundle` go by.

use std::path::Path;

use indexmap::IndexMap;

use super::bundle;
use super::look;
use super::refusal::Refusal;
use crate::adapters::bundle as bundles;
use crate::adapters::journal::{Meta, Past, SqliteJournal};
use crate::adapters::state::{RunFolder, StateFolder};
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
    /// What was kept of the time before, when samples of it were dropped.
    pub earlier: Vec<Recorded>,
    /// The files of the program: name and text. Empty when they were not kept.
    pub program: Vec<(String, String)>,
    outputs: Outputs,
}

/// Where what the commands printed is.
#[derive(Debug, Clone)]
enum Outputs {
    Folder(RunFolder),
    Here(IndexMap<String, Vec<u8>>),
}

impl Record {
    /// A record that was in a bundle.
    #[must_use]
    pub fn bundled(
        (meta, plan): (Meta, Plan),
        base: State,
        (earlier, events): (Vec<Recorded>, Vec<Recorded>),
        program: Vec<(String, String)>,
        outputs: IndexMap<String, Vec<u8>>,
    ) -> Self {
        Self { meta, plan, base, events, earlier, program, outputs: Outputs::Here(outputs) }
    }

    /// The run as it stands behind the last event.
    #[must_use]
    pub fn state(&self) -> State {
        let mut state = self.base.clone();
        self.events.iter().for_each(|recorded| state.apply(&self.plan, recorded));
        state
    }

    /// Every event that is kept, in order, and where those behind `base` begin among them.
    #[must_use]
    pub fn all_events(&self) -> (Vec<Recorded>, usize) {
        (self.earlier.iter().chain(&self.events).cloned().collect(), self.earlier.len())
    }

    /// What the commands printed, by the names of the files, the end of each.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn outputs(&self) -> Result<IndexMap<String, Vec<u8>>, Refusal> {
        match &self.outputs {
            Outputs::Folder(run) => bundle::read_outputs(&run.output()),
            Outputs::Here(outputs) => Ok(outputs.clone()),
        }
    }
}

/// Whether the name of a run means a bundle: a file that is there, or the path of one.
#[must_use]
pub fn is_bundle(name: &str) -> bool {
    Path::new(name).is_file() || name.contains(['/', '\\']) || name.ends_with(".tar.zst")
}

/// Reads the record of the run of this name, or of the bundle at this path.
///
/// # Errors
/// When there is no such run, or its record is damaged, of another version, or not what it says it is.
pub fn open(state: &StateFolder, name: &str) -> Result<Record, Refusal> {
    if is_bundle(name) {
        let members = bundles::read(Path::new(name)).map_err(Refusal::usage)?;
        return check(bundle::record(name, members)?);
    }
    let run = look::choose(state, Some(name))?;
    let journal = SqliteJournal::read(&run.journal()).map_err(unreadable)?;
    let (meta, plan) = (journal.meta().map_err(unreadable)?, journal.plan().map_err(unreadable)?);
    let Past { base, events, earlier } = journal.whole_past(&plan).map_err(unreadable)?;
    let program = journal.program().map_err(unreadable)?;
    check(Record { meta, plan, base, events, earlier, program, outputs: Outputs::Folder(run) })
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
    let mut in_order = (record.base.next_seq()..).zip(&record.events);
    if let Some((expected, _)) = in_order.find(|(expected, recorded)| recorded.seq != *expected) {
        return Err(Refusal::usage(format!("the record of run `{id}` is damaged: event {expected} is missing")));
    }
    if record.events.is_empty() && !record.base.started {
        return Err(Refusal::usage(format!("run `{id}` never began: nothing has happened in it")));
    }
    Ok(record)
}

fn short(fingerprint: &str) -> String {
    format!("{}…", fingerprint.chars().take(12).collect::<String>())
}

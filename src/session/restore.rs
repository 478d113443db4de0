//! Restoring a backup by hand: `rollback RUN --to BACKUP`.
//!
//! Recorded in the run's journal, with who and why, before anything is touched and once it is over: one that was interrupted
//! is known as such, and nobody goes on with the run before it is finished.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::look;
use super::refusal::Refusal;
use super::start::RunOptions;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::archive::metadata::Places;
use crate::adapters::journal::SqliteJournal;
use crate::adapters::world::LocalWorld;
use crate::base::counted::counted;
use crate::contract::effect::{Effect, Outcome};
use crate::engine::event::{Event, Recorded};
use crate::engine::state::{Restore, State};
use crate::report::run::restores;
use crate::runtime::ports::{Clock, Errand, Journal, JournalError, World};

/// A backup to be put back.
#[derive(Debug, Clone)]
pub struct Wish {
    pub run: String,
    /// An id, or the path of an archive.
    pub backup: String,
    pub reason: String,
}

/// Verifies a backup, keeps what is there now, and puts the backup's files back. Answers what was done, in words.
///
/// # Errors
/// When the run is going on, its journal cannot be written, or the backup is not there, is damaged or cannot be put back.
pub async fn restore(wish: &Wish, options: RunOptions) -> Result<String, Refusal> {
    let run = look::choose(&options.state, Some(&wish.run))?;
    // Held while files are put back: nobody may go on with the run meanwhile.
    let _driving = run.drive().map_err(|problem| {
        Refusal::new(problem).help(format!("pause it and let it go first: phasegate abort {}", run.id()))
    })?;
    let journal = SqliteJournal::open(&run.journal())?;
    let (meta, plan) = (journal.meta()?, journal.plan()?);
    let past = journal.past(&plan)?.state(&plan);
    if !past.started {
        return Err(Refusal::new(format!("run `{}` never began: there is nothing to take back", run.id()))
            .help(format!("put the backup back by itself: phasegate backup restore {}", wish.backup)));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::not_before(past.last_at));
    let mut notes = Notes { journal, clock: Arc::clone(&clock), next: past.next_seq() };
    let backups = options.state.root().join("backups").display().to_string();
    // By the number of its note: no second attempt takes what the first has kept for its own.
    let emergency_id = format!("emergency-{}-{}", run.id(), notes.next);
    let emergency = format!("{backups}/{emergency_id}.tar.zst");
    let archive = archive_of(&wish.backup, &backups);
    let root = PathBuf::from(meta.root);
    let effect = Effect::RestoreBackup {
        archive: archive.clone(),
        target: ".".to_owned(),
        emergency_id: emergency_id.clone(),
        to: backups,
    };
    notes.begin(wish, &emergency, options.actor)?;
    let key = format!("{}/restore/{emergency_id}", run.id());
    let world = LocalWorld::new(root.clone(), &options.state, Some(run.path().to_owned()), options.secrets, clock);
    let outcome = world.perform(Errand { key, effect, output: None }, CancellationToken::new()).await;
    let noted = notes.end(wish, &outcome);
    let unknown = noted.err().map(|error| {
        format!(
            "that it has ended could not be written: {error}; put that right, then {}",
            again(&run, wish, &emergency)
        )
    });
    match outcome {
        Outcome::Done(answer) => {
            let told = format!("restored {} from `{archive}`", counted(restored(&answer), "file"));
            let before = format!("what was there before is in `{}`", kept(&answer, &emergency));
            let lines = std::iter::once(format!("{told}; {before}")).chain(interrupted(&past, &root)).chain(unknown);
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        Outcome::Failed(failure) => {
            let details = interrupted(&past, &root).into_iter().chain(unknown).collect();
            Err(Refusal::new(format!("`{archive}` was not restored: {}", failure.message)).details(details))
        }
    }
}

fn archive_of(backup: &str, backups: &str) -> String {
    let is_path = backup.contains(['/', '\\']) || Path::new(backup).extension().is_some_and(|ending| ending == "zst");
    if is_path { backup.to_owned() } else { format!("{backups}/{backup}.tar.zst") }
}

fn restored(answer: &serde_json::Value) -> u64 {
    answer.get("restored").and_then(serde_json::Value::as_u64).unwrap_or_default()
}

fn kept<'a>(answer: &'a serde_json::Value, emergency: &'a str) -> &'a str {
    answer.get("emergency").and_then(serde_json::Value::as_str).unwrap_or(emergency)
}

fn again(run: &crate::adapters::state::RunFolder, wish: &Wish, emergency: &str) -> String {
    restores::command(run.id(), &Restore { backup: wish.backup.clone(), emergency: emergency.to_owned() })
}

/// What the attempts before this one have kept: the first of them is how things were.
fn interrupted(past: &State, root: &Path) -> Vec<String> {
    let is_there = |restore: &&Restore| Places::of_archive(root, &restore.emergency).is_ok_and(|it| it.is_complete());
    let there = past.restores.iter().filter(is_there);
    there
        .map(|Restore { backup, emergency }| {
            format!("putting back `{backup}` was interrupted before; what was there before that is in `{emergency}`")
        })
        .collect()
}

/// The notes in the journal.
struct Notes {
    journal: SqliteJournal,
    clock: Arc<dyn Clock>,
    next: u64,
}

impl Notes {
    fn begin(&mut self, wish: &Wish, emergency: &str, actor: String) -> Result<(), JournalError> {
        let Wish { backup, reason, .. } = wish.clone();
        self.note(Event::RestoreBegan { backup, emergency: emergency.to_owned(), actor, reason })
    }

    fn end(&mut self, wish: &Wish, outcome: &Outcome) -> Result<(), JournalError> {
        let (restored, problem) = match outcome {
            Outcome::Done(answer) => (restored(answer), None),
            Outcome::Failed(failure) => (0, Some(failure.message.clone())),
        };
        self.note(Event::RestoreEnded { backup: wish.backup.clone(), restored, problem })
    }

    fn note(&mut self, event: Event) -> Result<(), JournalError> {
        let recorded = Recorded { seq: self.next, at: self.clock.now(), event };
        self.journal.append(&mut std::iter::once(&recorded))?;
        self.next += 1;
        Ok(())
    }
}

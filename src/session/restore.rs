//! Restoring a backup by hand: `rollback RUN --to BACKUP`.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::look;
use super::refusal::Refusal;
use super::start::RunOptions;
use crate::adapters::clock::SystemClock;
use crate::adapters::journal::SqliteJournal;
use crate::adapters::world::LocalWorld;
use crate::contract::effect::{Effect, Outcome};
use crate::runtime::ports::{Clock, Errand, World};

/// Verifies a backup, keeps what is there now, and puts the backup's files back. Answers what was done, in words.
///
/// # Errors
/// When the run is going on, or the backup is not there, is damaged or cannot be put back.
pub async fn restore(run: &str, backup: &str, options: RunOptions) -> Result<String, Refusal> {
    let run = look::choose(&options.state, Some(run))?;
    // Held while files are put back: nobody may go on with the run meanwhile.
    let _driving = run.drive().map_err(|problem| {
        Refusal::new(problem).help(format!("pause it and let it go first: phasegate abort {}", run.id()))
    })?;
    let meta = SqliteJournal::read(&run.journal())?.meta()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let root = std::path::PathBuf::from(meta.root);
    let backups = options.state.root().join("backups").display().to_string();
    let is_path = backup.contains(['/', '\\']) || Path::new(backup).extension().is_some_and(|ending| ending == "zst");
    let archive = if is_path { backup.to_owned() } else { format!("{backups}/{backup}.tar.zst") };
    let effect = Effect::RestoreBackup {
        archive: archive.clone(),
        target: ".".to_owned(),
        emergency_id: format!("emergency-{}-{}", run.id(), clock.now().0 / 1_000_000),
        to: backups,
    };
    let world = LocalWorld::new(root, &options.state, Some(run.path().to_owned()), options.secrets, clock);
    let errand = Errand { key: format!("{}/restore", run.id()), effect, output: None };
    match world.perform(errand, CancellationToken::new()).await {
        Outcome::Done(answer) => Ok(format!(
            "restored {} files from `{archive}`; what was there before is in `{}`",
            answer.get("restored").map_or_else(|| "all".to_owned(), ToString::to_string),
            answer.get("emergency").and_then(serde_json::Value::as_str).unwrap_or("the emergency backup"),
        )),
        Outcome::Failed(failure) => Err(Refusal::new(format!("`{archive}` was not restored: {}", failure.message))),
    }
}

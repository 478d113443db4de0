//! Driving a run that has been prepared, and what is left to say when the driver returns.

use std::sync::Arc;

use super::broken;
use super::interrupts;
use super::refusal::Refusal;
use super::start::RunOptions;
use crate::adapters::inbox::FolderInbox;
use crate::adapters::journal::SqliteJournal;
use crate::adapters::state::{Driving, RunFolder};
use crate::adapters::world::LocalWorld;
use crate::engine::state::State;
use crate::engine::turn::{Engine, Input};
use crate::plan::program::Plan;
use crate::report::run::ending::{self, RunSummary};
use crate::runtime::driver::{self, Ending, Equipment};
use crate::runtime::ports::Clock;
use crate::steps;

/// A run whose journal is open and whose right to be driven is ours.
pub struct Prepared {
    pub run: RunFolder,
    pub plan: Plan,
    pub clock: Arc<dyn Clock>,
    pub journal: SqliteJournal,
    pub driving: Driving,
    /// The run so far.
    pub past: State,
    pub opening: Vec<Input>,
}

/// A run that is over or was left.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    pub summary: RunSummary,
    /// The last words for people, line by line.
    pub words: Vec<String>,
    /// Why it had to be left, when nobody wanted to.
    pub problem: Option<String>,
}

/// Drives a prepared run until it ends or is left.
///
/// # Errors
/// When the system gives no thread for the journal.
pub async fn drive(prepared: Prepared, options: RunOptions) -> Result<Finished, Refusal> {
    let Prepared { run, plan, clock, journal, driving, past, opening } = prepared;
    let plan = Arc::new(plan);
    let registry = steps::registry();
    let leave_when_stuck = past.started;
    let mut engine = Engine::restored(&plan, &registry, past);
    let world = {
        let (root, folder) = (options.root.clone(), Some(run.path().to_owned()));
        LocalWorld::new(root, &options.state, folder, options.secrets, Arc::clone(&clock))
    };
    let equipment = Equipment {
        plan: Arc::clone(&plan),
        registry,
        clock: Arc::clone(&clock),
        world: Arc::new(world),
        journal: Box::new(journal),
        inbox: Some(Box::new(FolderInbox::open(&run))),
        observer: options.view.observe(Arc::clone(&plan)),
        interrupts: if options.listens { interrupts::listen() } else { interrupts::none() },
        actor: options.actor,
        leave_when_stuck,
    };
    let ending = driver::drive(&mut engine, equipment, opening).await?;
    // Held to the very end: whoever sees the run as not driven finds all that happened in its journal.
    drop(driving);
    let now = clock.now();
    Ok(match ending {
        Ending::Broken(error) => broken::sum_up(&run, &plan, engine.state(), (&error, now)),
        Ending::Ended(_) | Ending::Left => Finished {
            summary: ending::sum_up(&plan, engine.state(), now),
            words: ending::tell(&plan, engine.state(), now),
            problem: None,
        },
    })
}

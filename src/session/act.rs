//! Commands to runs: through the inbox of whoever drives the run, or, when nobody does, by driving it here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::drive::{self, Finished, Prepared};
use super::look;
use super::refusal::Refusal;
use super::start::{RunOptions, take_lock};
use crate::adapters::clock::SystemClock;
use crate::adapters::inbox::{self, Sent};
use crate::adapters::journal::SqliteJournal;
use crate::adapters::state::RunFolder;
use crate::engine::event::PauseCause;
use crate::engine::state::{Restore, State};
use crate::engine::turn::{Command, Engine, Input};
use crate::plan::program::Plan;
use crate::report::run::restores;
use crate::runtime::ports::{Clock, Letter};
use crate::steps;

/// How long whoever drives the run may take to answer: a commit may wait for a slow disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command to a run.
#[derive(Debug, Clone)]
pub struct Order {
    /// None: the only run that is not over.
    pub run: Option<String>,
    pub command: Command,
    pub reason: String,
}

/// What came of a command that was obeyed.
#[derive(Debug, Clone, PartialEq)]
pub enum Obeyed {
    /// Whoever drives the run has taken it.
    Taken { run: String },
    /// Nobody drove the run, so it was driven here.
    Driven(Box<Finished>),
}

/// Gives a command.
///
/// # Errors
/// When there is no such run, or it refuses.
pub async fn act(order: Order, options: RunOptions) -> Result<Obeyed, Refusal> {
    let run = look::choose(&options.state, order.run.as_deref())?;
    let letter = Letter { command: order.command.clone(), actor: options.actor.clone(), reason: order.reason.clone() };
    let target = run.clone();
    let sent = tokio::task::spawn_blocking(move || inbox::send(&target, &letter, PATIENCE)).await;
    match sent.map_err(|error| format!("the command could not be sent: {error}"))?? {
        Sent::Answered(answer) => match answer.refusal {
            None => Ok(Obeyed::Taken { run: run.id().to_owned() }),
            Some(refusal) => Err(Refusal::new(format!("run `{}` refused: {refusal}", run.id()))),
        },
        Sent::NobodyThere => go_on(run, order, options).await.map(|finished| Obeyed::Driven(Box::new(finished))),
    }
}

/// Drives a run that nobody drives, beginning with a command.
async fn go_on(run: RunFolder, order: Order, options: RunOptions) -> Result<Finished, Refusal> {
    let driving = run.drive()?;
    let journal = SqliteJournal::open(&run.journal())?;
    let (meta, plan) = (journal.meta()?, journal.plan()?);
    let past = journal.past(&plan)?.state(&plan);
    if !past.started {
        return Err(Refusal::new(format!("run `{}` never began: there is nothing to go on with", run.id())));
    }
    if let Some(restore) = past.restores.last().filter(|_| order.command != Command::Abort) {
        return Err(half_restored(&run, restore));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::not_before(past.last_at));
    let opening = rehearse(&run, &plan, &past, &order, (&options.actor, &*clock))?;
    if let Some(name) = &plan.lock {
        take_lock(&options.state, name, &run)?;
    }
    let options = RunOptions { root: PathBuf::from(meta.root), ..options };
    drive::drive(Prepared { run, plan, clock, journal, driving, past, opening }, options).await
}

/// Nothing goes on with files of which nobody knows what they are. An abort changes nothing and is always allowed.
fn half_restored(run: &RunFolder, restore: &Restore) -> Refusal {
    let Restore { backup, .. } = restore;
    Refusal::new(format!("putting back `{backup}` was interrupted: some files may be as it has them, others not"))
        .help(format!("finish it first: {}", restores::command(run.id(), restore)))
}

/// The first inputs of a run that is gone on with, tried on a copy: a command that would be refused drives nothing.
fn rehearse(
    run: &RunFolder,
    plan: &Plan,
    past: &State,
    order: &Order,
    (actor, clock): (&str, &dyn Clock),
) -> Result<Vec<Input>, Refusal> {
    let registry = steps::registry();
    let mut engine = Engine::restored(plan, &registry, past.clone());
    if order.command == Command::Pause {
        return Err(Refusal::new(format!("nobody is running `{}`: it stays where it is", run.id()))
            .help(format!("go on with it: phasegate resume {}", run.id())));
    }
    // What is over is not taken up again but by a command that the engine allows for it.
    engine.turn(Input::Recover, clock.now());
    let command = Input::Operator {
        command: Box::new(order.command.clone()),
        actor: actor.to_owned(),
        reason: order.reason.clone(),
    };
    if order.command == Command::Resume && !engine.ended() {
        // A doubt is not ended by resuming: whoever says so is told what it takes.
        let resumable = engine.state().pause.iter().any(|cause| !matches!(cause, PauseCause::InDoubt(_)));
        let opening = [Some(Input::Recover), resumable.then_some(command)];
        return Ok(opening.into_iter().flatten().collect());
    }
    match engine.turn(command.clone(), clock.now()).refusal {
        None => Ok(vec![Input::Recover, command]),
        Some(refusal) => Err(Refusal::new(format!("run `{}` refused: {refusal}", run.id()))),
    }
}

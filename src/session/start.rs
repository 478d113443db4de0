//! Starting a run: looks whether everything is there, takes the lock, begins the journal, drives.

use std::path::PathBuf;
use std::sync::Arc;

use super::drive::{self, Finished, Prepared};
use super::refusal::Refusal;
use super::views::View;
use crate::adapters::clock::SystemClock;
use crate::adapters::journal::{Meta, SqliteJournal};
use crate::adapters::locks::{self, Holder};
use crate::adapters::secrets::Secrets;
use crate::adapters::state::{RunFolder, StateFolder};
use crate::adapters::world::LocalWorld;
use crate::engine::state::State;
use crate::engine::turn::Input;
use crate::plan::program::Plan;
use crate::runtime::ports::{Clock, World};
use crate::runtime::preflight;
use crate::steps;

/// Steps that may run at one time, unless said otherwise.
pub const DEFAULT_JOBS: u32 = 16;

/// How a run is started or gone on with.
pub struct RunOptions {
    pub state: StateFolder,
    /// What relative paths in the program start from.
    pub root: PathBuf,
    /// Who does it: `ada@host`.
    pub actor: String,
    pub jobs: u32,
    pub view: View,
    pub secrets: Arc<Secrets>,
    /// Ctrl-C pauses, a second one aborts; without, they end the process as usual.
    pub listens: bool,
    /// The files of the program, name and text: kept with the run for whoever has to understand it later.
    pub program: Vec<(String, String)>,
}

impl RunOptions {
    /// The usual ones: this folder, this user, this environment.
    #[must_use]
    pub fn here(view: View) -> Self {
        Self {
            state: StateFolder::from_environment(),
            root: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            actor: actor(),
            jobs: DEFAULT_JOBS,
            view,
            secrets: Arc::new(Secrets::from_environment()),
            listens: true,
            program: Vec::new(),
        }
    }
}

/// Who sits here: `ada@host`.
#[must_use]
pub fn actor() -> String {
    let first = |names: &[&str]| {
        names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
    };
    let user = first(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "somebody".to_owned());
    let named = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let host = first(&["HOSTNAME", "COMPUTERNAME"]).or_else(named).filter(|host| !host.is_empty());
    host.map_or_else(|| user.clone(), |host| format!("{user}@{host}"))
}

/// Runs a plan to its end, or until it is left.
///
/// # Errors
/// When it was not begun: something that it needs is missing, its lock is held, or its journal cannot be made.
pub async fn start(plan: Plan, options: RunOptions) -> Result<Finished, Refusal> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    if let Some(name) = &plan.lock
        && let Some(holder) = locks::holder(&options.state, name)?
    {
        return Err(held(name, &holder));
    }
    let (root, secrets) = (options.root.clone(), Arc::clone(&options.secrets));
    let world = LocalWorld::new(root, &options.state, None, secrets, Arc::clone(&clock));
    let world: Arc<dyn World> = Arc::new(world);
    let missing = preflight::look(&plan, &steps::registry(), &world, &*clock).await;
    if !missing.is_empty() {
        return Err(Refusal::new(format!(
            "`{}` was not started and nothing was changed: it would need",
            plan.pipeline
        ))
        .details(missing));
    }
    let run = options.state.create_run(&plan.pipeline, clock.now())?;
    match begin(&run, &plan, &options, &*clock) {
        Ok((journal, driving)) => {
            let opening =
                Input::Start { run_id: run.id().to_owned(), actor: options.actor.clone(), jobs: options.jobs.max(1) };
            let past = State::new(&plan);
            let prepared = Prepared { run, plan, clock, journal, driving, past, opening: vec![opening] };
            drive::drive(prepared, options).await
        }
        Err(refusal) => {
            // Nothing has happened in it: it would only be in the way.
            let _ = std::fs::remove_dir_all(run.path());
            Err(refusal)
        }
    }
}

type Begun = (SqliteJournal, crate::adapters::state::Driving);

fn begin(run: &RunFolder, plan: &Plan, options: &RunOptions, clock: &dyn Clock) -> Result<Begun, Refusal> {
    let driving = run.drive()?;
    let meta = Meta {
        run_id: run.id().to_owned(),
        pipeline: plan.pipeline.clone(),
        environment: plan.environment.clone(),
        lock: plan.lock.clone(),
        actor: options.actor.clone(),
        started_at: clock.now(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        jobs: options.jobs,
        root: options.root.display().to_string(),
    };
    let journal = SqliteJournal::create(&run.journal(), &meta, plan)?;
    journal.keep_program(&options.program)?;
    if let Some(name) = &plan.lock {
        take_lock(&options.state, name, run)?;
    }
    Ok((journal, driving))
}

/// Takes the pipeline's lock for a run.
pub(super) fn take_lock(state: &StateFolder, name: &str, run: &RunFolder) -> Result<(), Refusal> {
    match locks::acquire(state, name, run)? {
        None => Ok(()),
        Some(holder) => Err(held(name, &holder)),
    }
}

/// Names the holder, how it stands, and what to do.
fn held(name: &str, holder: &Holder) -> Refusal {
    let id = holder.run.id();
    let message = |stands: &str| format!("lock `{name}` is held by run `{id}`, which {stands}");
    match (&holder.unreadable, holder.driven_by) {
        (Some(problem), _) => Refusal::new(message("cannot be read"))
            .details(vec![problem.clone()])
            .help(format!("when you are sure that it is over, move `{}` away", holder.run.path().display())),
        (None, Some(process)) => {
            let process = if process == 0 { String::new() } else { format!(" (process {process})") };
            Refusal::new(message(&format!("is running{process}")))
                .help(format!("wait for it to end: phasegate status {id}"))
        }
        (None, None) => Refusal::new(message("is not over: it was paused and left, or interrupted"))
            .help(format!("end it first: phasegate resume {id}, phasegate rollback {id} or phasegate abort {id}")),
    }
}

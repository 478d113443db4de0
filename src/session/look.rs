//! Looking at runs: what their journals say, and who drives them.

use serde_json::{Value as Json, json};

use super::refusal::Refusal;
use crate::adapters::journal::{Meta, SqliteJournal};
use crate::adapters::state::{RunFolder, StateFolder};
use crate::base::time::Timestamp;
use crate::engine::doubt;
use crate::engine::event::{ExecId, RunOutcome};
use crate::engine::exec::Exec;
use crate::engine::state::{Restore, State};
use crate::engine::turn::{Engine, Input};
use crate::plan::program::{NodeIndex, Plan};
use crate::report::run::causes;
use crate::report::run::doubts::{self, DoubtReport};
use crate::report::run::{ending, restores};
use crate::steps;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A process drives it; 0: it is not known which.
    Running(u32),
    /// Driven, and waiting for data or a person.
    Waiting(u32),
    /// Paused and left.
    Paused,
    /// Its process is gone.
    Interrupted,
    /// Its process went before anything happened.
    NeverBegan,
    Over(RunOutcome),
}

impl Standing {
    /// The word for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running(_) => "running",
            Self::Waiting(_) | Self::Paused => "paused",
            Self::Interrupted => "interrupted",
            Self::NeverBegan => "never_began",
            Self::Over(outcome) => outcome.name(),
        }
    }

    /// The words for people.
    #[must_use]
    pub fn words(self) -> String {
        let process = |id: u32| if id == 0 { String::new() } else { format!(" (process {id})") };
        match self {
            Self::Running(id) => format!("running{}", process(id)),
            Self::Waiting(id) => format!("paused{}", process(id)),
            Self::Paused => "paused and left".to_owned(),
            Self::Interrupted => "interrupted".to_owned(),
            Self::NeverBegan => "never began".to_owned(),
            Self::Over(outcome) => ending::phrase(outcome).to_owned(),
        }
    }

    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Over(_) | Self::NeverBegan)
    }
}

/// A run as its journal has it.
#[derive(Debug)]
pub struct Seen {
    pub run: RunFolder,
    pub meta: Meta,
    pub plan: Plan,
    pub state: State,
    pub standing: Standing,
    /// What a person has to say about it, also when its process is gone and nobody has gone on with it yet.
    pub doubts: Vec<DoubtReport>,
    /// Backups that somebody began to put back by hand and went.
    pub restores: Vec<Restore>,
    /// What was under way when its process went, and is simply asked for again: nodes by their ids.
    pub repeats: Vec<String>,
}

/// Reads a run.
///
/// # Errors
/// When its journal cannot be read.
pub fn see(run: &RunFolder) -> Result<Seen, Refusal> {
    // Asked first: a run that ends between the two questions is seen as over, never as interrupted.
    let driven_by = run.driven_by();
    let journal = SqliteJournal::read(&run.journal())?;
    let (meta, plan) = (journal.meta()?, journal.plan()?);
    let registry = steps::registry();
    let mut engine = Engine::restored(&plan, &registry, journal.past(&plan)?.state(&plan));
    let state = engine.state().clone();
    let standing = standing(&state, driven_by);
    let repeats = if standing == Standing::Interrupted { foresee(&mut engine) } else { Vec::new() };
    let doubts = doubts::list(&plan, engine.state());
    let restores = if driven_by.is_some() { Vec::new() } else { state.restores.clone() };
    Ok(Seen { run: run.clone(), meta, plan, state, standing, doubts, restores, repeats })
}

/// Goes on with a copy of a run, as whoever takes it up will: what is in doubt is so in it then. Answers what is repeated.
fn foresee(engine: &mut Engine<'_>) -> Vec<String> {
    let under_way = |state: &State| -> Vec<(ExecId, NodeIndex)> {
        let flies = |exec: &&Exec| {
            let undo = exec.undo.as_ref().and_then(|undo| undo.work.flying());
            exec.forward.flying().or(undo).is_some() && doubt::of(exec).is_none()
        };
        state.running().filter(flies).map(|exec| (exec.id, exec.node)).collect()
    };
    let before = under_way(engine.state());
    let now = engine.state().last_at;
    engine.turn(Input::Recover, now);
    let after = under_way(engine.state());
    let repeated = before.into_iter().filter(|exec| after.contains(exec));
    repeated.map(|(_, node)| engine.plan().node(node).id.clone()).collect()
}

fn standing(state: &State, driven_by: Option<u32>) -> Standing {
    match (state.outcome, driven_by) {
        (Some(outcome), _) => Standing::Over(outcome),
        (None, Some(process)) if state.is_paused() => Standing::Waiting(process),
        (None, Some(process)) => Standing::Running(process),
        (None, None) if !state.started => Standing::NeverBegan,
        (None, None) if state.is_paused() && state.effects_in_flight() == 0 => Standing::Paused,
        (None, None) => Standing::Interrupted,
    }
}

/// The run that is meant: the one named, else the only one that is not over.
///
/// # Errors
/// When there is none or more than one.
pub fn choose(state: &StateFolder, name: Option<&str>) -> Result<RunFolder, Refusal> {
    if let Some(name) = name {
        return state.find(name).map_err(Refusal::usage);
    }
    let open = open_runs(state)?;
    match open.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Refusal::usage("no run is going on here").help("name one: `phasegate history` lists them")),
        several => Err(Refusal::usage("more than one run is going on; name the one you mean")
            .details(several.iter().map(|run| run.id().to_owned()).collect())),
    }
}

/// The runs that are not over, the oldest first. One whose journal cannot be read counts: nobody knows.
///
/// # Errors
/// When the state folder cannot be read.
pub fn open_runs(state: &StateFolder) -> Result<Vec<RunFolder>, Refusal> {
    Ok(state.runs()?.into_iter().filter(|run| run.driven_by().is_some() || !is_over(run)).collect())
}

fn is_over(run: &RunFolder) -> bool {
    let over = SqliteJournal::read(&run.journal())
        .and_then(|journal| Ok(journal.ending()?.is_some() || journal.last_at()?.is_none()));
    over.unwrap_or(false)
}

impl Seen {
    /// For machines.
    #[must_use]
    pub fn to_json(&self, now: Timestamp) -> Json {
        let summary = ending::sum_up(&self.plan, &self.state, now);
        let phases = self.plan.dag().map(|(index, phase)| {
            let state = self.state.phase(index);
            json!({
                "id": phase.id,
                "state": state.status.name(),
                "started_at": state.started_at.map(|at| at.to_string()),
                "ended_at": state.ended_at.map(|at| at.to_string()),
                "reason": state.reason,
            })
        });
        let paused = self.state.pause.iter().map(|cause| {
            let cause = causes::describe(&self.plan, &self.state, cause);
            json!({ "why": cause.why, "cure": cause.cure })
        });
        json!({
            "run": self.run.id(),
            "pipeline": self.meta.pipeline,
            "environment": self.meta.environment,
            "status": self.standing.name(),
            "process": match self.standing { Standing::Running(id) | Standing::Waiting(id) => Some(id), _ => None },
            "actor": self.meta.actor,
            "started_at": self.meta.started_at.to_string(),
            "took_s": summary.took.as_secs_f64(),
            "reason": summary.reason,
            "phases": phases.collect::<Vec<_>>(),
            "paused": paused.collect::<Vec<_>>(),
            "in_doubt": self.doubts.iter().map(DoubtReport::to_json).collect::<Vec<_>>(),
            "restores": self.restores.iter().map(|restore| restores::to_json(self.run.id(), restore)).collect::<Vec<_>>(),
            "repeats": self.repeats,
            "changed": summary.changed,
            "undone": summary.undone,
            "still_changed": summary.still_changed,
            "events": self.state.last_seq,
            "journal": self.run.journal().display().to_string(),
        })
    }
}

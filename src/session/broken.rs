//! The last words of a run whose journal could not be written any more.
//!
//! Invariant: they say what the journal holds, since whoever goes on knows nothing else. What only the process that is
//! leaving has seen is told apart from it: it helps the person who is asked, and counts for nobody else.

use super::drive::Finished;
use super::look::{self, Seen};
use crate::adapters::state::RunFolder;
use crate::base::time::Timestamp;
use crate::engine::event::Direction;
use crate::engine::exec::{ExecStatus, UndoStatus};
use crate::engine::state::State;
use crate::plan::program::Plan;
use crate::report::run::amounts::spent;
use crate::report::run::doubts::DoubtReport;
use crate::report::run::ending;
use crate::runtime::ports::JournalError;

/// Sums up a run that was left because of `error`; `last` is how the process had it that is leaving.
#[must_use]
pub fn sum_up(run: &RunFolder, plan: &Plan, last: &State, (error, now): (&JournalError, Timestamp)) -> Finished {
    let seen = look::see(run);
    let how = match &seen {
        Ok(seen) => way_on(seen),
        Err(_) => format!("phasegate resume {}", run.id()),
    };
    let problem = Some(format!("{error}; the run was left as it is: put that right, then {how}"));
    match seen {
        Ok(seen) => {
            let summary = ending::sum_up(&seen.plan, &seen.state, now);
            Finished { words: words(&seen, last, now), summary, problem }
        }
        Err(refusal) => {
            // How far it is written nobody can say: nothing is claimed of it.
            let mut summary = ending::sum_up(plan, &State::new(plan), now);
            summary.run = run.id().to_owned();
            let words = vec![format!("left; how far it has come cannot be read now: {}", refusal.message)];
            Finished { summary, words, problem }
        }
    }
}

/// What to type once the disk is well again.
fn way_on(seen: &Seen) -> String {
    let id = seen.run.id();
    let Some(doubt) = seen.doubts.first() else { return format!("phasegate resume {id}") };
    let answers = doubt.answers.iter().filter(|answer| answer.command.is_some());
    let answers: Vec<&str> = answers.map(|answer| answer.answer).collect();
    let what = if doubt.direction == Direction::Undo { "the undo of " } else { "" };
    let node = &doubt.node;
    format!("say what became of {what}`{node}`: phasegate resolve {id} {node} {}", answers.join("|"))
}

fn words(seen: &Seen, last: &State, now: Timestamp) -> Vec<String> {
    let mut lines = ending::tell(&seen.plan, &seen.state, now);
    let took = spent(ending::sum_up(&seen.plan, &seen.state, now).took);
    if let Some(first) = lines.first_mut() {
        *first = format!("left after {took}: this is how its journal has it");
    }
    lines.extend(seen.repeats.iter().map(|node| format!("  `{node}`, which was running, will be asked for again")));
    for doubt in &seen.doubts {
        let mut told = doubt.lines(now);
        if let Some(saw) = saw(seen, last, doubt) {
            told.insert(1, format!("    what was seen of it and could not be written: {saw}"));
        }
        lines.extend(told);
    }
    lines
}

/// What became of it, as far as the process that is leaving knows.
fn saw(seen: &Seen, last: &State, doubt: &DoubtReport) -> Option<String> {
    let exec = last.execs.iter().rev().find(|exec| seen.plan.node(exec.node).id == doubt.node)?;
    let failed = |reason: &str| format!("it has failed: {reason}");
    match (doubt.direction, &exec.status, exec.undo.as_ref().map(|undo| &undo.status)) {
        (Direction::Forward, ExecStatus::Passed, _) => Some("it has ended well".to_owned()),
        (Direction::Forward, ExecStatus::Failed(reason), _) => Some(failed(reason)),
        (Direction::Forward, ExecStatus::Cancelled, _) => Some("it was cancelled".to_owned()),
        (Direction::Undo, _, Some(UndoStatus::Passed)) => Some("it has ended well".to_owned()),
        (Direction::Undo, _, Some(UndoStatus::Failed(reason))) => Some(failed(reason)),
        (Direction::Forward, ExecStatus::Running, _) | (Direction::Undo, _, _) => None,
    }
}

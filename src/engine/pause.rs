//! Pauses: their causes come and go; when none is left the run goes on.

use super::decide::{Turn, pause_for};
use super::event::{Event, ExecId, PauseCause};
use super::exec::Detail;
use super::nodes;
use crate::model::phase::MissingPolicy;
use crate::plan::program::NodeKind;

/// Pauses for holds without data, clears causes that are gone, and resumes.
pub(super) fn look(turn: &mut Turn<'_, '_>) {
    if turn.state().is_forward() && !turn.plan().groups.is_empty() {
        pause_blind_holds(turn);
        clear_returned_data(turn);
    }
    if !turn.state().is_paused() && turn.state().paused_since.is_some() {
        turn.record(Event::Resumed);
    }
}

fn pause_blind_holds(turn: &mut Turn<'_, '_>) {
    let mut blind = blind_holds(turn);
    if !blind.is_empty() && !turn.state().is_paused() {
        // All of an instant is judged before the run pauses: what is known to be bad fails its phase, as in a gate.
        let running: Vec<ExecId> = turn.state().running().map(|exec| exec.id).collect();
        running.into_iter().for_each(|exec| nodes::hold::judge(turn, exec));
        blind = blind_holds(turn);
    }
    for (exec, index) in blind {
        pause_for(turn, PauseCause::MissingForHold(exec, index));
    }
}

/// The requirements of running holds that have had no data for too long.
fn blind_holds(turn: &Turn<'_, '_>) -> Vec<(ExecId, u32)> {
    let plan = turn.plan();
    let mut blind = Vec::new();
    for exec in turn.state().running() {
        if let (Detail::Hold(hold), NodeKind::Hold { conditions, .. }) = (&exec.detail, &plan.node(exec.node).kind) {
            let judged = (0u32..).zip(hold.judges.iter().zip(conditions));
            let missing = judged.filter(|(_, (judge, condition))| {
                judge.is_missing() && condition.missing == MissingPolicy::Pause && !condition.warns
            });
            blind.extend(missing.map(|(index, _)| (exec.id, index)));
        }
    }
    blind
}

/// A pause for missing data ends by itself once the condition that caused it is known again.
fn clear_returned_data(turn: &mut Turn<'_, '_>) {
    let state = turn.state();
    let back: Vec<PauseCause> = state
        .pause
        .iter()
        .filter(|cause| {
            let judge = match cause {
                PauseCause::MissingForTrigger(frame, index) => state.frame(*frame).judges.get(*index as usize),
                PauseCause::MissingForHold(exec, index) => match &state.exec(*exec).detail {
                    Detail::Hold(hold) => hold.judges.get(*index as usize),
                    _ => None,
                },
                _ => None,
            };
            judge.is_some_and(|judge| judge.unknown_run == 0)
        })
        .cloned()
        .collect();
    for cause in back {
        turn.record(Event::CauseCleared { cause, by: None });
    }
}

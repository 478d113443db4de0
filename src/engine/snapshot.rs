//! A state as bytes, so that a run that has gone on for long is taken up without all of its past.
//!
//! A snapshot holds what the fold of the journal up to its event holds, and nothing of the work in hand. What is read back is
//! checked against the plan: whatever stands in a file, no index in the state points outside of it.

use std::sync::Arc;

use super::event::{ExecId, FrameId, PauseCause};
use super::exec::{Detail, Exec, Frame, Owner};
use super::looks::Looks;
use super::state::State;
use crate::base::packed;
use crate::plan::program::{NodeKind, Plan};

/// Raised with every change of the state that an older form cannot be read into.
const FORM: u64 = 2;

/// So many events at least lie between two snapshots.
pub const EVERY: u64 = 20_000;

/// Whether it is time for one, `last` being the event of the one before. A state that has grown is written more rarely, so that
/// the work for all of them grows no faster than the journal.
#[must_use]
pub fn is_due(state: &State, last: u64) -> bool {
    let size = 8 * state.execs.len() + 2 * state.series.len();
    state.last_seq.saturating_sub(last) >= EVERY + size as u64
}

/// A run as it stood behind an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub seq: u64,
    pub state: Vec<u8>,
}

impl Snapshot {
    /// The state as its fold leaves it. `None` when it does not come back as it went in: better no snapshot than a wrong one.
    #[must_use]
    pub fn of(plan: &Plan, state: &State) -> Option<Self> {
        let state = state.as_folded(plan);
        let json = serde_json::to_value(&state).ok()?;
        let bytes = packed::pack(&serde_json::json!([FORM, json]));
        let back = read(plan, &bytes)?;
        let same = serde_json::to_value(&back).ok()? == json;
        same.then_some(Self { seq: state.last_seq, state: bytes })
    }
}

/// The state that a snapshot holds. `None` when it is damaged, of another form or of another plan.
#[must_use]
pub fn read(plan: &Plan, bytes: &[u8]) -> Option<State> {
    let serde_json::Value::Array(parts) = packed::unpack(bytes)? else { return None };
    let [form, json]: [serde_json::Value; 2] = parts.try_into().ok()?;
    if form.as_u64() != Some(FORM) {
        return None;
    }
    let mut state: State = serde_json::from_value(json).ok()?;
    is_coherent(plan, &state).then(|| {
        state.looks = Arc::new(Looks::of(plan, &state.series));
        state.as_folded(plan)
    })
}

fn is_coherent(plan: &Plan, state: &State) -> bool {
    let exec = |id: &ExecId| (id.0 as usize) < state.execs.len();
    let frame = |id: &FrameId| (id.0 as usize) < state.frames.len();
    let phase = |index: usize| index < plan.phases.len();
    let pause = |cause: &PauseCause| match cause {
        PauseCause::Operator | PauseCause::Trigger(_) => true,
        PauseCause::Gate(id) | PauseCause::InDoubt(id) | PauseCause::MissingForHold(id, _) => exec(id),
        PauseCause::MissingForTrigger(id, _) => frame(id),
    };
    let live = &state.live;
    let unfinished = state
        .unfinished
        .is_none_or(|(id, index)| frame(&id) && (index as usize) < state.frames[id.0 as usize].judges.len());
    state.phases.len() == plan.phases.len()
        && state.phases.iter().all(|it| it.frame.iter().chain(&it.frames).all(frame) && it.execs.iter().all(exec))
        && (0u32..).zip(&state.frames).all(|(number, it)| it.id.0 == number && fits_frame(plan, state, it))
        && (0u32..).zip(&state.execs).all(|(number, it)| it.id.0 == number && fits_exec(plan, state, it))
        && state.outputs.keys().all(|node| (node.0 as usize) < plan.nodes.len())
        && state.hooks.iter().all(|hook| phase(hook.phase.0 as usize))
        && state.pause.iter().all(pause)
        && unfinished
        && live.running.iter().all(exec)
        && live.frames.iter().chain(live.watching.iter()).all(frame)
        && state.series.fits(plan)
        && (!state.started || !state.frames.is_empty())
}

fn fits_frame(plan: &Plan, state: &State, frame: &Frame) -> bool {
    let owner = match frame.owner {
        Owner::Run => true,
        Owner::Phase(phase) => (phase.0 as usize) < plan.phases.len(),
        Owner::Frame(parent) => parent.0 < frame.id.0,
        Owner::Ramp(exec) => (exec.0 as usize) < state.execs.len(),
    };
    let block = plan.blocks.get(frame.block.0 as usize);
    owner
        && block.is_some_and(|block| block.triggers.len() == frame.judges.len())
        && frame.phase.is_none_or(|phase| (phase.0 as usize) < plan.phases.len())
}

fn fits_exec(plan: &Plan, state: &State, exec: &Exec) -> bool {
    let Some(node) = plan.nodes.get(exec.node.0 as usize) else { return false };
    let detail = match (&node.kind, &exec.detail) {
        (NodeKind::Hold { conditions, .. }, Detail::Hold(hold)) => hold.judges.len() == conditions.len(),
        (NodeKind::Gate(_), Detail::Gate(_))
        | (NodeKind::Step(_) | NodeKind::Phase, Detail::Step)
        | (NodeKind::Wait(_), Detail::Wait { .. })
        | (NodeKind::Approve { .. }, Detail::Approve { .. }) => true,
        (NodeKind::Ramp { .. }, Detail::Ramp(ramp)) => {
            ramp.body.is_none_or(|body| (body.0 as usize) < state.frames.len())
        }
        _ => false,
    };
    detail && (exec.phase.0 as usize) < plan.phases.len() && (exec.frame.0 as usize) < state.frames.len()
}

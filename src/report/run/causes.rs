//! Why a run is paused, and what a person can do about it.

use crate::engine::doubt;
use crate::engine::event::{Direction, ExecId, PauseCause};
use crate::engine::exec::Exec;
use crate::engine::resolve::can_be_taken_back;
use crate::engine::state::State;
use crate::plan::program::{NodeKind, Plan};

/// A cause with its cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    pub why: String,
    /// None when it ends by itself.
    pub cure: Option<String>,
}

#[must_use]
pub fn describe(plan: &Plan, state: &State, cause: &PauseCause) -> Cause {
    let run = &state.run_id;
    let resume = || Some(format!("phasegate resume {run}"));
    match cause {
        PauseCause::Operator => Cause { why: "a person asked for it".to_owned(), cure: resume() },
        PauseCause::Trigger(trigger) => Cause { why: format!("trigger `{trigger}` fired"), cure: resume() },
        PauseCause::Gate(exec) => Cause {
            why: format!("gate `{}` could not be decided for want of data", node_of(plan, state, *exec)),
            cure: Some(format!("phasegate resume {run} (looks again)")),
        },
        PauseCause::MissingForTrigger(frame, index) => {
            let block = state.frames.get(frame.0 as usize).and_then(|frame| plan.blocks.get(frame.block.0 as usize));
            let trigger = block.and_then(|block| block.triggers.get(*index as usize));
            let condition = trigger.map_or("a trigger", |trigger| trigger.condition.text.as_str());
            Cause { why: format!("no data for `{condition}`; it goes on when they are back"), cure: None }
        }
        PauseCause::MissingForHold(exec, index) => {
            let node = state.execs.get(exec.0 as usize).and_then(|exec| plan.nodes.get(exec.node.0 as usize));
            let condition = match node.map(|node| &node.kind) {
                Some(NodeKind::Hold { conditions, .. }) => {
                    conditions.get(*index as usize).map_or("a hold", |condition| condition.text.as_str())
                }
                _ => "a hold",
            };
            Cause { why: format!("no data for `{condition}`; it goes on when they are back"), cure: None }
        }
        PauseCause::InDoubt(exec) => in_doubt(plan, state, *exec),
    }
}

fn in_doubt(plan: &Plan, state: &State, id: ExecId) -> Cause {
    let node = node_of(plan, state, id);
    let doubt = state.execs.get(id.0 as usize).and_then(doubt::of);
    let undoing = doubt.is_some_and(|doubt| doubt.direction == Direction::Undo);
    let what = if undoing { "the undo of step" } else { "step" };
    let takes_back = match (&doubt, plan.nodes.iter().find(|other| other.id == node).map(|node| &node.kind)) {
        (Some(doubt), Some(NodeKind::Step(step))) => undoing || can_be_taken_back(plan, doubt, step),
        _ => true,
    };
    let answers = if takes_back { "done|redo|undo" } else { "done|redo" };
    Cause {
        why: format!("nobody knows whether {what} `{node}` took place: Phasegate ended while it was running"),
        cure: Some(format!("look for yourself, then: phasegate resolve {} {node} {answers}", state.run_id)),
    }
}

/// The id of the node of an execution.
#[must_use]
pub fn node_of<'p>(plan: &'p Plan, state: &State, id: ExecId) -> &'p str {
    state.execs.get(id.0 as usize).map_or("?", |exec| node_name(plan, exec))
}

fn node_name<'p>(plan: &'p Plan, exec: &Exec) -> &'p str {
    plan.nodes.get(exec.node.0 as usize).map_or("?", |node| node.id.as_str())
}

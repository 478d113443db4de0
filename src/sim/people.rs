//! What people do, and the crash: who may come before or behind whatever else happens at that instant.

use super::Simulation;
use super::script::Deed;
use super::world::{ScriptedWorld, filled};
use crate::base::time::Timestamp;
use crate::contract::registry::Registry;
use crate::contract::types::Type;
use crate::engine::event::PauseCause;
use crate::engine::exec::Detail;
use crate::engine::state::State;
use crate::engine::turn::{Answer, Command};
use crate::plan::program::{NodeIndex, NodeKind, Plan};

/// A run in the world of a test.
pub(super) type Run<'a> = Simulation<'a, ScriptedWorld<'a>>;

/// A deed that nothing came of, in words.
pub(super) type Refusal = String;

/// Does it at `at`. A person who comes a moment too early waits until everything of that instant has happened.
pub(super) fn act<'a>(
    mut run: Run<'a>,
    registry: &'a Registry,
    (at, deed): (Timestamp, &Deed),
    mut seen: impl FnMut(&Run<'a>),
) -> (Run<'a>, Option<Refusal>) {
    if *deed != Deed::Crash && attempt(&mut run, at, deed).is_none() {
        return (run, None);
    }
    while run.next_at().is_some_and(|next| next <= at) && !run.is_over() {
        run.step();
        seen(&run);
    }
    if *deed == Deed::Crash {
        run.pass_time(at);
        return (run.crash(registry), None);
    }
    let refusal = attempt(&mut run, at, deed);
    (run, refusal)
}

fn attempt(run: &mut Run<'_>, at: Timestamp, deed: &Deed) -> Option<Refusal> {
    match deed {
        Deed::Approve { phases, by } => {
            let waiting = waiting_approvals(run, phases);
            if waiting.is_empty() {
                return Some(format!("`{}` does not wait for an approval", phases.join("`, `")));
            }
            let commands = waiting.into_iter().map(|node| Command::Approve { node: Some(node), groups: Vec::new() });
            all(run, at, commands, by)
        }
        Deed::Resume { by } => {
            if !run.state().is_paused() {
                return Some("the run is not paused".to_owned());
            }
            // What is still in doubt is said by the outcome.
            let _ = run.obey(at, Command::Resume, by);
            None
        }
        Deed::Resolve { nodes, answer } => {
            let doubtful: Vec<String> = in_doubt(run).filter(|id| nodes.contains(id)).collect();
            if doubtful.is_empty() {
                return Some(format!("`{}` is not in doubt", nodes.join("`, `")));
            }
            let commands = doubtful.into_iter().map(|node| {
                let output = if *answer == Answer::Done { given_output(run, &node) } else { None };
                Command::Resolve { node, answer: *answer, output }
            });
            all(run, at, commands.collect::<Vec<_>>().into_iter(), "somebody")
        }
        Deed::Crash => None,
    }
}

fn all(run: &mut Run<'_>, at: Timestamp, commands: impl Iterator<Item = Command>, by: &str) -> Option<Refusal> {
    commands.into_iter().filter_map(|command| run.obey(at, command, by)).last()
}

fn plan_and_state<'r>(run: &'r Run<'_>) -> (&'r Plan, &'r State) {
    (run.plan, run.state())
}

fn waiting_approvals(run: &Run<'_>, phases: &[String]) -> Vec<String> {
    let (plan, state) = plan_and_state(run);
    let waiting =
        state.running().filter(|exec| matches!(exec.detail, Detail::Approve { asked: true, approved: false, .. }));
    let meant = waiting.filter(|exec| phases.contains(&plan.phase(exec.phase).id));
    meant.map(|exec| plan.node(exec.node).id.clone()).collect()
}

/// What a step would have given, had its answer not been lost.
fn given_output(run: &Run<'_>, id: &str) -> Option<serde_json::Value> {
    let (index, node) = (0u32..).map(NodeIndex).zip(&run.plan.nodes).find(|(_, node)| node.id == id)?;
    let NodeKind::Step(step) = &node.kind else { return None };
    let given = run.world().script.steps.get(&index).and_then(|behaviour| behaviour.output.as_ref());
    if step.output == Type::Nothing { None } else { Some(filled(&step.output, given)) }
}

fn in_doubt<'r>(run: &'r Run<'_>) -> impl Iterator<Item = String> + 'r {
    let (plan, state) = plan_and_state(run);
    state.pause.iter().filter_map(move |cause| match cause {
        PauseCause::InDoubt(exec) => Some(plan.node(state.exec(*exec).node).id.clone()),
        _ => None,
    })
}

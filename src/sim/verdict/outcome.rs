//! `expect outcome O at T +- D because NAME`

use std::time::Duration;

use super::{Miss, clock, length};
use crate::engine::doubt;
use crate::engine::event::{Direction, Event, PauseCause};
use crate::engine::exec::Detail;
use crate::model::scenario::{Because, Ending, Moment};
use crate::plan::program::{Condition, NodeKind, Plan};
use crate::sim::constants::Constants;
use crate::sim::names;
use crate::sim::story::{End, Story};

/// What decided how a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Causes {
    /// In words.
    pub reason: String,
    /// Metrics, nodes, phases and triggers.
    pub names: Vec<String>,
}

pub(super) fn judge(
    story: &Story,
    constants: &Constants<'_>,
    (outcome, at, because): (Ending, Option<&Moment>, Option<&Because>),
) -> Result<Option<Miss>, String> {
    let causes = causes(story);
    let happened = story.end.at();
    let on_time = match at {
        None => true,
        Some(moment) => {
            let wanted = story.script.start.plus(constants.duration(&moment.time)?);
            let tolerance = match &moment.tolerance {
                Some(tolerance) => constants.duration(tolerance)?,
                None => Duration::ZERO,
            };
            happened.since(wanted).max(wanted.since(happened)) <= tolerance
        }
    };
    let decided = match because {
        None => true,
        Some(because) => is_cause(story, constants, because, &causes)?,
    };
    if story.end.name() == outcome.name() && on_time && decided {
        return Ok(None);
    }
    Ok(Some((sentence(story, &causes, decided), Some(happened))))
}

/// `rolled_back at 26h10m because …`
fn sentence(story: &Story, causes: &Causes, decided: bool) -> String {
    let at = clock(story, story.end.at());
    let mut text = match story.end {
        End::Ended { .. } | End::Paused { .. } => format!("{} at {at}", story.end.name()),
        End::Waiting { .. } => format!("it waits since {at} for what nobody has given{}", waiting(story)),
        End::Endless { .. } => {
            format!("it had not ended after {}, and was given up", length(story.end.at().since(story.script.start)))
        }
    };
    if !causes.reason.is_empty() {
        text.push_str(&format!(" because {}", causes.reason));
    }
    if !decided && !causes.names.is_empty() {
        text.push_str(&format!("; what decided is called `{}`", causes.names.join("`, `")));
    }
    text
}

fn waiting(story: &Story) -> String {
    let approvals = story.state.running().filter(|exec| matches!(exec.detail, Detail::Approve { .. }));
    let ids: Vec<&str> = approvals.map(|exec| story.plan.node(exec.node).id.as_str()).collect();
    if ids.is_empty() { String::new() } else { format!(": the approval of `{}`", ids.join("`, `")) }
}

fn is_cause(story: &Story, constants: &Constants<'_>, because: &Because, causes: &Causes) -> Result<bool, String> {
    let has = |wanted: &str| causes.names.iter().any(|name| name == wanted);
    let has_within = |wanted: &str| {
        let within = format!("{wanted}.");
        has(wanted) || causes.names.iter().any(|name| name.starts_with(&within))
    };
    Ok(match because {
        Because::Metric { group, field } => has(&format!("{group}.{field}")),
        Because::Phase(phase) => {
            let phases = names::phases(&story.plan, phase).into_iter();
            phases.into_iter().any(|phase| has_within(&story.plan.phase(phase).id))
        }
        Because::Node(node) => names::ids(&story.plan, node).iter().any(|id| has_within(id)),
        Because::Text(text) => {
            let text = constants.text(text)?;
            has(&text) || causes.reason.contains(&text)
        }
    })
}

/// What decided, by name and in words.
#[must_use]
pub fn causes(story: &Story) -> Causes {
    match story.end {
        End::Ended { .. } => {
            let ended = story.events.iter().rev().find_map(|recorded| match &recorded.event {
                Event::RunEnded { reason, because, .. } => Some((reason.clone(), because.clone())),
                _ => None,
            });
            let (reason, names) = ended.unwrap_or_default();
            Causes { reason, names }
        }
        End::Paused { .. } => {
            let mut causes = Causes::default();
            for cause in &story.state.pause {
                let (reason, names) = pause(story, cause);
                if !causes.reason.is_empty() {
                    causes.reason.push_str("; ");
                }
                causes.reason.push_str(&reason);
                causes.names.extend(names);
            }
            causes
        }
        End::Waiting { .. } | End::Endless { .. } => Causes::default(),
    }
}

fn pause(story: &Story, cause: &PauseCause) -> (String, Vec<String>) {
    let (plan, state) = (&story.plan, &story.state);
    let node = |exec: crate::engine::event::ExecId| plan.node(state.exec(exec).node);
    match cause {
        PauseCause::Operator => ("a person asked for it".to_owned(), Vec::new()),
        PauseCause::Trigger(id) => fired(story, id),
        PauseCause::Gate(exec) => {
            let mut names = vec![node(*exec).id.clone()];
            let mut reason = format!("gate `{}` could not be decided", node(*exec).id);
            if let (NodeKind::Gate(conditions), Detail::Gate(gate)) = (&node(*exec).kind, &state.exec(*exec).detail) {
                let unknown = conditions.iter().zip(&gate.judgements).filter(|(_, judged)| judged.verdict.is_none());
                for (condition, judged) in unknown {
                    names.extend(reads(plan, condition));
                    reason.push_str(&format!(": `{}` is {}", judged.condition, judged.evidence));
                }
            }
            (reason, names)
        }
        PauseCause::MissingForTrigger(frame, index) => {
            let trigger = &plan.block(state.frame(*frame).block).triggers[*index as usize];
            let mut names = reads(plan, &trigger.condition);
            names.push(trigger.id.clone());
            (format!("there are no data for `{}`", trigger.condition.text), names)
        }
        PauseCause::MissingForHold(exec, index) => {
            let NodeKind::Hold { conditions, .. } = &node(*exec).kind else { return Default::default() };
            let Some(condition) = conditions.get(*index as usize) else { return Default::default() };
            let mut names = reads(plan, condition);
            names.push(node(*exec).id.clone());
            (format!("there are no data for `{}`", condition.text), names)
        }
        PauseCause::InDoubt(exec) => {
            let undoing = doubt::of(state.exec(*exec)).is_some_and(|doubt| doubt.direction == Direction::Undo);
            let what = if undoing { "the undo of " } else { "" };
            (format!("nobody knows whether {what}`{}` took place", node(*exec).id), vec![node(*exec).id.clone()])
        }
    }
}

fn fired(story: &Story, id: &str) -> (String, Vec<String>) {
    let reason = story.events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::TriggerFired { trigger, reason, .. } if trigger == id => Some(reason.clone()),
        _ => None,
    });
    let triggers = story.plan.blocks.iter().flat_map(|block| &block.triggers);
    let mut names: Vec<String> = triggers
        .filter(|trigger| trigger.id == id)
        .flat_map(|trigger| reads(&story.plan, &trigger.condition))
        .collect();
    names.push(id.to_owned());
    (reason.unwrap_or_else(|| format!("trigger `{id}` fired")), names)
}

fn reads(plan: &Plan, condition: &Condition) -> Vec<String> {
    condition.reads.iter().map(|read| format!("{}.{}", plan.group(read.group).name, read.field)).collect()
}

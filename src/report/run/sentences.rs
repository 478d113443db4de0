//! What happened, as one line each: `canary: weight 5%`.
//!
//! Only what a person at the terminal wants to hear has a sentence; the rest is in the journal.

use jiff::tz::TimeZone;

use super::amounts::{date_and_time, percent, spent, time_of_day};
use super::causes;
use crate::base::counted::counted;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::effect::Outcome;
use crate::engine::event::{Afterwards, Direction, Event, ExecId, Judgement, PauseCause, Recorded};
use crate::engine::state::State;
use crate::model::program::HookEvent;
use crate::plan::program::{BlockIndex, Item, Node, NodeIndex, NodeKind, PhaseIndex, Plan};

/// Tells the events of one run.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    pub plan: &'a Plan,
    pub state: &'a State,
    pub zone: &'a TimeZone,
}

impl Teller<'_> {
    /// The sentences of an event; most have one or none.
    #[must_use]
    pub fn tell(&self, recorded: &Recorded) -> Vec<String> {
        match &recorded.event {
            Event::GateJudged { node, conditions, .. } => self.gate(*node, conditions),
            Event::Paused { cause } => self.paused(cause),
            Event::BlockSkipped { block, reason, .. } => self.skipped_block(*block, reason),
            event => self.one(event, recorded.at).into_iter().collect(),
        }
    }

    /// One sentence for each node in it.
    fn skipped_block(&self, block: BlockIndex, reason: &str) -> Vec<String> {
        let items = self.plan.block(block).items.iter();
        let told = items.flat_map(|item| match item {
            Item::Node(node) => vec![format!("{}: skipped: {reason}", self.id(*node))],
            Item::Block(inner) => self.skipped_block(*inner, reason),
        });
        told.collect()
    }

    fn one(&self, event: &Event, at: Timestamp) -> Option<String> {
        match event {
            Event::RunStarted { run_id, actor, .. } => Some(self.begin(run_id, actor)),
            Event::RunEnded { .. }
            | Event::BlockStarted { .. }
            | Event::BlockEnded { .. }
            | Event::BlockSkipped { .. }
            | Event::EffectRequested { .. }
            | Event::EffectEnded { .. }
            | Event::Sampled { .. }
            | Event::HoldJudged { .. }
            | Event::WeightRead { .. }
            | Event::CauseCleared { .. }
            | Event::HookStarted { .. }
            | Event::GateJudged { .. }
            | Event::Paused { .. } => None,
            Event::PhaseDelayed { .. }
            | Event::PhaseStarted { .. }
            | Event::PhasePassed { .. }
            | Event::PhaseFailed { .. }
            | Event::PhaseSkipped { .. }
            | Event::PhaseUndone { .. } => self.phase(event),
            Event::NodeStarted { .. }
            | Event::NodeSkipped { .. }
            | Event::NodePassed { .. }
            | Event::NodeFailed { .. }
            | Event::NodeCancelled { .. }
            | Event::CancelRequested { .. }
            | Event::AttemptFailed { .. } => self.node(event, at),
            Event::WeightSet { .. } | Event::WeightRestored { .. } => self.weight(event),
            Event::UndoStarted { .. } | Event::UndoPassed { .. } | Event::UndoFailed { .. } | Event::InDoubt { .. } => {
                self.undo(event)
            }
            Event::ApprovalAsked { .. }
            | Event::Approved { .. }
            | Event::OperatorActed { .. }
            | Event::RestoreBegan { .. }
            | Event::RestoreEnded { .. }
            | Event::Resolved { .. } => self.person(event),
            Event::TriggerFired { .. }
            | Event::NoticeRequested { .. }
            | Event::NoticeEnded { .. }
            | Event::Resumed
            | Event::StopRequested { .. }
            | Event::RollbackStarted { .. }
            | Event::HookEnded { .. } => self.whole(event),
        }
    }

    fn begin(&self, run_id: &str, actor: &str) -> String {
        let environment = self.plan.environment.as_ref().map_or(String::new(), |name| format!(" in {name}"));
        format!("run {run_id}: {}{environment}, started by {actor}", self.plan.pipeline)
    }

    fn phase(&self, event: &Event) -> Option<String> {
        let id = |phase: &PhaseIndex| self.plan.phase(*phase).id.as_str();
        Some(match event {
            Event::PhaseDelayed { phase, until, reason } => format!("{}: {reason} until {until}", id(phase)),
            Event::PhaseStarted { phase } => match &self.plan.phase(*phase).title {
                Some(title) => format!("{}: started ({title})", id(phase)),
                None => format!("{}: started", id(phase)),
            },
            Event::PhasePassed { phase } => format!("{}: passed", id(phase)),
            // What failed in it has just said why.
            Event::PhaseFailed { phase, reason, .. } if reason.starts_with(&format!("{}.", id(phase))) => {
                format!("{}: failed", id(phase))
            }
            Event::PhaseFailed { phase, reason, .. } => format!("{}: failed: {reason}", id(phase)),
            Event::PhaseSkipped { phase, reason } => format!("{}: skipped: {reason}", id(phase)),
            Event::PhaseUndone { phase } => format!("{}: undone", id(phase)),
            _ => return None,
        })
    }

    fn node(&self, event: &Event, at: Timestamp) -> Option<String> {
        match event {
            Event::NodeStarted { node, .. } => self.begun(self.plan.node(*node)),
            Event::NodeSkipped { node, reason, .. } => Some(format!("{}: skipped: {reason}", self.id(*node))),
            Event::NodePassed { node, exec, .. } => self.passed(*node, *exec, at),
            // A gate has said which of its conditions are not met.
            Event::NodeFailed { node, .. } if matches!(self.plan.node(*node).kind, NodeKind::Gate(_)) => None,
            Event::NodeFailed { node, reason, .. } => Some(format!("{}: failed: {reason}", self.id(*node))),
            Event::NodeCancelled { node, .. } => Some(format!("{}: cancelled", self.id(*node))),
            Event::CancelRequested { node, reason, .. } => Some(format!("{}: stopping: {reason}", self.id(*node))),
            Event::AttemptFailed { node, direction, attempt, reason, retry_at, .. } => {
                let what = if *direction == Direction::Undo { "undo, attempt" } else { "attempt" };
                let again = time_of_day(*retry_at, self.zone);
                Some(format!("{}: {what} {attempt} failed: {reason}; again at {again}", self.id(*node)))
            }
            _ => None,
        }
    }

    fn begun(&self, node: &Node) -> Option<String> {
        match &node.kind {
            NodeKind::Step(step) => Some(format!("{}: {}", node.id, step.call.name)),
            NodeKind::Hold { duration, .. } => Some(format!("{}: holding for {}", node.id, format_duration(*duration))),
            NodeKind::Wait(duration) => Some(format!("{}: waiting for {}", node.id, format_duration(*duration))),
            NodeKind::Phase | NodeKind::Gate(_) | NodeKind::Ramp { .. } | NodeKind::Approve { .. } => None,
        }
    }

    fn passed(&self, node: NodeIndex, exec: ExecId, at: Timestamp) -> Option<String> {
        let started = self.state.execs.get(exec.0 as usize).map_or(at, |exec| exec.started_at);
        let node = self.plan.node(node);
        match &node.kind {
            NodeKind::Step(_) => Some(format!("{}: done in {}", node.id, spent(at.since(started)))),
            NodeKind::Hold { duration, .. } => Some(format!("{}: held for {}", node.id, format_duration(*duration))),
            NodeKind::Gate(_) => Some(format!("{}: passed", node.id)),
            NodeKind::Phase | NodeKind::Ramp { .. } | NodeKind::Wait(_) | NodeKind::Approve { .. } => None,
        }
    }

    fn gate(&self, node: NodeIndex, conditions: &[Judgement]) -> Vec<String> {
        conditions.iter().map(|condition| format!("{}: {}", self.id(node), judgement(condition))).collect()
    }

    fn weight(&self, event: &Event) -> Option<String> {
        match event {
            Event::WeightSet { node, weight, .. } => {
                Some(format!("{}: weight {}", self.phase_of(*node), percent(*weight)))
            }
            Event::WeightRestored { node, weight, .. } => {
                Some(format!("{}: weight back at {}", self.phase_of(*node), percent(*weight)))
            }
            _ => None,
        }
    }

    fn undo(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::UndoStarted { node, .. } => format!("{}: undoing", self.id(*node)),
            Event::UndoPassed { node, .. } => format!("{}: undone", self.id(*node)),
            Event::UndoFailed { node, reason, .. } => format!("{}: undo failed: {reason}", self.id(*node)),
            Event::InDoubt { node, effect, .. } => format!("{}: in doubt: {effect}", self.id(*node)),
            _ => return None,
        })
    }

    fn person(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::ApprovalAsked { node, who, by, deadline, .. } => {
                let group = by.as_ref().map_or(String::new(), |group| format!(", group {group}"));
                let until = deadline.map_or(String::new(), |at| format!(" until {}", date_and_time(at, self.zone)));
                let id = self.id(*node);
                format!("{id}: waits for approval ({who}{group}){until}: phasegate approve {}", self.state.run_id)
            }
            Event::Approved { node, actor, reason, .. } => {
                format!("{}: approved by {actor}{}", self.id(*node), because(reason))
            }
            Event::OperatorActed { command, actor, reason } => format!("{actor}: {command}{}", because(reason)),
            Event::RestoreBegan { backup, actor, reason, .. } => {
                format!("{actor}: putting back `{backup}`{}", because(reason))
            }
            Event::RestoreEnded { backup, restored, problem: None } => {
                format!("`{backup}` was put back: {}", counted(*restored, "file"))
            }
            Event::RestoreEnded { backup, problem: Some(problem), .. } => {
                format!("`{backup}` was not put back: {problem}")
            }
            Event::Resolved { node, answer, actor, .. } => {
                format!("{}: resolved as {answer} by {actor}", self.id(*node))
            }
            _ => return None,
        })
    }

    fn whole(&self, event: &Event) -> Option<String> {
        Some(match event {
            // The reason says what was seen.
            Event::TriggerFired { trigger, action, reason, .. } => {
                format!("{trigger}: {action}: {reason}")
            }
            Event::NoticeRequested { channel, text, .. } => format!("telling {channel}: {text}"),
            Event::NoticeEnded { outcome: Outcome::Failed(failure), .. } => {
                format!("a notice could not be sent: {}", failure.message)
            }
            Event::Resumed => "resumed".to_owned(),
            Event::StopRequested { then, reason, .. } => match then {
                // `rolling back` follows as soon as what is running has stopped.
                Afterwards::RollBack => return None,
                Afterwards::Fail => format!("stopping as failed: {reason}"),
                Afterwards::Abort => format!("aborting: {reason}"),
            },
            Event::RollbackStarted { reason } => format!("rolling back: {reason}"),
            Event::HookEnded { hook, problem: Some(problem), .. } => format!("{}: failed: {problem}", hook_name(*hook)),
            _ => return None,
        })
    }

    fn paused(&self, cause: &PauseCause) -> Vec<String> {
        let cause = causes::describe(self.plan, self.state, cause);
        let cure = cause.cure.map(|cure| format!("to go on: {cure}"));
        std::iter::once(format!("paused: {}", cause.why)).chain(cure).collect()
    }

    fn id(&self, node: NodeIndex) -> &str {
        self.plan.node(node).id.as_str()
    }

    fn phase_of(&self, node: NodeIndex) -> &str {
        self.plan.phase(self.plan.node(node).phase).id.as_str()
    }
}

/// `on rollback`
#[must_use]
pub fn hook_name(hook: HookEvent) -> &'static str {
    match hook {
        HookEvent::Start => "on start",
        HookEvent::Success => "on success",
        HookEvent::Failure => "on failure",
        HookEvent::Rollback => "on rollback",
        HookEvent::Pause => "on pause",
        HookEvent::End => "on end",
    }
}

fn judgement(condition: &Judgement) -> String {
    let verdict = match (condition.verdict, condition.warns) {
        (Some(true), _) => "met",
        (Some(false), true) => "not met (a warning)",
        (Some(false), false) => "not met",
        (None, _) => "unknown",
    };
    let reason = condition.reason.as_ref().filter(|_| condition.verdict != Some(true));
    let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
    let evidence = if condition.evidence.is_empty() { String::new() } else { format!(" ({})", condition.evidence) };
    format!("`{}` {verdict}{reason}{evidence}", condition.condition)
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

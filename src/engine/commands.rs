//! What operators ask for, each recorded with actor and reason, or refused in words.

use super::decide::{Turn, pause_for};
use super::event::{Afterwards, Direction, Event, ExecId, PauseCause, RunOutcome};
use super::exec::{Detail, Exec};
use super::recover;
use super::stop;
use super::turn::{Answer, Command, Request};
use crate::contract::value::Value;
use crate::plan::program::NodeKind;

pub(super) fn obey(turn: &mut Turn<'_, '_>, command: Command, actor: &str, reason: &str) {
    let checked = match &command {
        Command::Approve { node, groups } => approvable(turn, node.as_deref(), groups).map(Some),
        Command::Resolve { node, .. } => in_doubt(turn, node).map(Some),
        other => allowed(turn, other).map(|()| None),
    };
    match checked {
        Err(refusal) => turn.decision.refusal = Some(refusal),
        Ok(exec) => {
            let word = word(&command).to_owned();
            turn.record(Event::OperatorActed { command: word, actor: actor.to_owned(), reason: reason.to_owned() });
            carry_out(turn, &command, exec, (actor, reason));
        }
    }
}

fn word(command: &Command) -> &'static str {
    match command {
        Command::Approve { .. } => "approve",
        Command::Pause => "pause",
        Command::Resume => "resume",
        Command::Abort => "abort",
        Command::Rollback => "rollback",
        Command::Resolve { .. } => "resolve",
    }
}

fn allowed(turn: &Turn<'_, '_>, command: &Command) -> Result<(), String> {
    let state = turn.state();
    let over = state.outcome.map(RunOutcome::name);
    match command {
        Command::Rollback if over.is_some() => {
            if state.can_roll_back(turn.plan()) {
                Ok(())
            } else {
                Err(format!("the run is over ({}) and left nothing that can be taken back", over.unwrap_or_default()))
            }
        }
        _ if over.is_some() => Err(format!("the run is over: {}", over.unwrap_or_default())),
        Command::Pause if state.pause.contains(&PauseCause::Operator) => Err("the run is paused already".to_owned()),
        Command::Pause if !state.is_forward() => Err("the run is stopping and cannot be paused".to_owned()),
        Command::Resume if !state.is_paused() => Err("the run is not paused".to_owned()),
        Command::Rollback if state.stop.as_ref().is_some_and(|stop| stop.then == Afterwards::RollBack) => {
            Err("the run is being rolled back already".to_owned())
        }
        _ => Ok(()),
    }
}

fn carry_out(turn: &mut Turn<'_, '_>, command: &Command, exec: Option<ExecId>, (actor, reason): (&str, &str)) {
    let said = |what: &str| {
        if reason.is_empty() { format!("{what} by {actor}") } else { format!("{what} by {actor}: {reason}") }
    };
    match (command, exec) {
        (Command::Approve { .. }, Some(exec)) => {
            let node = turn.state().exec(exec).node;
            turn.record(Event::Approved { node, exec, actor: actor.to_owned(), reason: reason.to_owned() });
        }
        (Command::Resolve { answer, .. }, Some(exec)) => resolve(turn, exec, *answer, actor),
        (Command::Pause, _) => pause_for(turn, PauseCause::Operator),
        (Command::Resume, _) => resume(turn, actor),
        (Command::Abort, _) => stop::stop(turn, Afterwards::Abort, said("aborted"), vec!["abort".to_owned()]),
        (Command::Rollback, _) => {
            stop::stop(turn, Afterwards::RollBack, said("rolled back"), vec!["rollback".to_owned()])
        }
        (Command::Approve { .. } | Command::Resolve { .. }, None) => {}
    }
}

/// Clears every cause but a doubt: that one needs an answer.
fn resume(turn: &mut Turn<'_, '_>, actor: &str) {
    let causes = turn.state().pause.iter().filter(|cause| !matches!(cause, PauseCause::InDoubt(_))).cloned();
    for cause in causes.collect::<Vec<_>>() {
        turn.record(Event::CauseCleared { cause, by: Some(actor.to_owned()) });
    }
    turn.engine.state.push(super::state::Work::Run);
    if turn.state().is_paused() {
        turn.decision.refusal = Some("a step is in doubt: say what became of it with `resolve`".to_owned());
    }
}

fn approvable(turn: &Turn<'_, '_>, wanted: Option<&str>, groups: &[String]) -> Result<ExecId, String> {
    let plan = turn.plan();
    let waiting: Vec<&Exec> = turn
        .state()
        .running()
        .filter(|exec| matches!(exec.detail, Detail::Approve { asked: true, approved: false, .. }))
        .collect();
    let name = |exec: &Exec| plan.node(exec.node).id.clone();
    let matching: Vec<&Exec> = waiting
        .iter()
        .copied()
        .filter(|exec| wanted.is_none_or(|wanted| name(exec) == wanted || plan.phase(exec.phase).id == wanted))
        .collect();
    match matching.as_slice() {
        [exec] => {
            let NodeKind::Approve { by: Some(by), .. } = &plan.node(exec.node).kind else { return Ok(exec.id) };
            if groups.is_empty() || groups.contains(by) {
                Ok(exec.id)
            } else {
                Err(format!("`{}` may only be approved by `{by}`", name(exec)))
            }
        }
        [] if waiting.is_empty() => Err("nothing waits for an approval".to_owned()),
        _ => {
            let names: Vec<String> = waiting.iter().map(|exec| format!("`{}`", name(exec))).collect();
            Err(format!("say which approval is meant: {}", names.join(", ")))
        }
    }
}

fn in_doubt(turn: &Turn<'_, '_>, wanted: &str) -> Result<ExecId, String> {
    let plan = turn.plan();
    let doubtful: Vec<&Exec> = turn.state().running().filter(|exec| doubt(exec).is_some()).collect();
    let found = doubtful.iter().find(|exec| plan.node(exec.node).id == wanted);
    match found {
        Some(exec) => Ok(exec.id),
        None if doubtful.is_empty() => Err("no step is in doubt".to_owned()),
        None => {
            let names: Vec<String> = doubtful.iter().map(|exec| format!("`{}`", plan.node(exec.node).id)).collect();
            Err(format!("`{wanted}` is not in doubt, but {}", names.join(", ")))
        }
    }
}

fn doubt(exec: &Exec) -> Option<Direction> {
    if exec.forward.in_doubt {
        return Some(Direction::Forward);
    }
    exec.undo.as_ref().filter(|undo| undo.work.in_doubt).map(|_| Direction::Undo)
}

fn resolve(turn: &mut Turn<'_, '_>, id: ExecId, answer: Answer, actor: &str) {
    let exec = turn.state().exec(id);
    let Some(direction) = doubt(exec) else { return };
    let (node, key) = (exec.node, recover::key(exec, direction));
    let effect = match direction {
        Direction::Forward => exec.forward.flying().cloned(),
        Direction::Undo => exec.undo.as_ref().and_then(|undo| undo.work.flying().cloned()),
    };
    let word = match answer {
        Answer::Done => "done",
        Answer::Redo => "redo",
        Answer::Undo => "undo",
    };
    turn.record(Event::Resolved { node, exec: id, answer: word.to_owned(), actor: actor.to_owned() });
    turn.record(Event::CauseCleared { cause: PauseCause::InDoubt(id), by: Some(actor.to_owned()) });
    match (answer, direction, effect) {
        (Answer::Redo, _, Some(effect)) => turn.request(Request::Perform { key, effect }),
        (Answer::Done, Direction::Forward, _) => turn.record(Event::NodePassed { node, exec: id, output: Value::Null }),
        (Answer::Done, Direction::Undo, _) => turn.record(Event::UndoPassed { node, exec: id }),
        (_, Direction::Forward, _) => {
            let reason = format!("{actor} had it taken back after a crash");
            turn.record(Event::NodeFailed { node, exec: id, reason: reason.clone() });
            let (phase, name) = (turn.state().exec(id).phase, turn.plan().node(node).id.clone());
            super::phases::fail(turn, phase, format!("{name}: {reason}"), vec![name]);
        }
        (_, Direction::Undo, _) => {
            turn.record(Event::UndoFailed { node, exec: id, reason: format!("{actor} gave it up after a crash") });
        }
    }
}

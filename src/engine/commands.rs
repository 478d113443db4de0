//! What operators ask for, each recorded with actor and reason, or refused in words.

use super::decide::{Turn, pause_for};
use super::doubt;
use super::event::{Afterwards, Event, ExecId, PauseCause, RunOutcome};
use super::exec::{Detail, Exec};
use super::resolve;
use super::stop;
use super::turn::{Answer, Command};
use crate::plan::program::NodeKind;

pub(super) fn obey(turn: &mut Turn<'_, '_>, command: Command, actor: &str, reason: &str) {
    let checked = match &command {
        Command::Approve { node, groups } => approvable(turn, node.as_deref(), groups).map(Checked::Approval),
        Command::Resolve { node, answer, output } => {
            resolve::check(turn, node, *answer, output.as_ref()).map(|meant| Checked::Doubt(meant, *answer))
        }
        other => allowed(turn, other).map(|()| Checked::Whole),
    };
    match checked {
        Err(refusal) => turn.decision.refusal = Some(refusal),
        Ok(checked) => {
            let word = word(&command).to_owned();
            turn.record(Event::OperatorActed { command: word, actor: actor.to_owned(), reason: reason.to_owned() });
            carry_out(turn, &command, checked, (actor, reason));
        }
    }
}

/// What an allowed command is about.
enum Checked {
    Whole,
    Approval(ExecId),
    Doubt(resolve::Meant, Answer),
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

fn carry_out(turn: &mut Turn<'_, '_>, command: &Command, checked: Checked, (actor, reason): (&str, &str)) {
    let said = |what: &str| {
        if reason.is_empty() { format!("{what} by {actor}") } else { format!("{what} by {actor}: {reason}") }
    };
    match (command, checked) {
        (_, Checked::Approval(exec)) => {
            let node = turn.state().exec(exec).node;
            turn.record(Event::Approved { node, exec, actor: actor.to_owned(), reason: reason.to_owned() });
        }
        (_, Checked::Doubt(meant, answer)) => resolve::carry_out(turn, meant, answer, actor),
        (Command::Pause, Checked::Whole) => pause_for(turn, PauseCause::Operator),
        (Command::Resume, Checked::Whole) => resume(turn, actor),
        (Command::Abort, Checked::Whole) => {
            stop::stop(turn, Afterwards::Abort, said("aborted"), vec!["abort".to_owned()]);
        }
        (Command::Rollback, Checked::Whole) => {
            stop::stop(turn, Afterwards::RollBack, said("rolled back"), vec!["rollback".to_owned()]);
        }
        (Command::Approve { .. } | Command::Resolve { .. }, Checked::Whole) => {}
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
        let plan = turn.plan();
        let names = doubt::doubts(turn.state()).into_iter().map(|doubt| plan.node(doubt.exec.node).id.clone());
        let (names, run) = (names.collect::<Vec<_>>().join("`, `"), turn.state().run_id.clone());
        turn.decision.refusal = Some(format!(
            "`{names}` is in doubt: say what became of it with `phasegate resolve {run} NODE done|redo|undo`"
        ));
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

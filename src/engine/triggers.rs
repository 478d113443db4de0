//! Triggers that have held for long enough, and what they do.

use std::time::Duration;

use super::decide::{Turn, pause_for};
use super::event::{Afterwards, EffectKey, Event, FrameId, PauseCause};
use super::judge::Judge;
use super::nodes::{metric_names, step};
use super::phases;
use super::scene::Scene;
use super::stop;
use super::turn::Request;
use crate::contract::effect::{Effect, Outcome};
use crate::model::phase::{MissingPolicy, TriggerAction};
use crate::plan::program::{PhaseIndex, Trigger};

/// Fires every trigger whose time has come, and pauses for those without data.
pub(super) fn fire(turn: &mut Turn<'_, '_>) {
    if !turn.state().is_forward() {
        return;
    }
    let plan = turn.plan();
    let wants = |frame: &FrameId| {
        let frame = turn.state().frame(*frame);
        let judged = plan.block(frame.block).triggers.iter().zip(&frame.judges);
        judged.into_iter().any(|(trigger, judge)| has_come(trigger, judge) || wants_data(trigger, judge))
    };
    let calling: Vec<FrameId> = turn.state().live.watching.iter().copied().filter(wants).collect();
    for frame in calling {
        let block = plan.block(turn.state().frame(frame).block);
        for (index, trigger) in (0u32..).zip(&block.triggers) {
            if !turn.state().is_forward() {
                return;
            }
            let state = turn.state().frame(frame);
            let judge = &state.judges[index as usize];
            if state.ended {
                break;
            }
            if has_come(trigger, judge) {
                act(turn, trigger, frame, index);
            } else if wants_data(trigger, judge) {
                pause_for(turn, PauseCause::MissingForTrigger(frame, index));
            }
        }
    }
}

fn has_come(trigger: &Trigger, judge: &Judge) -> bool {
    !judge.fired && judge.sustained(trigger.condition.sustain)
}

fn wants_data(trigger: &Trigger, judge: &Judge) -> bool {
    judge.is_missing() && trigger.condition.missing == MissingPolicy::Pause
}

fn act(turn: &mut Turn<'_, '_>, trigger: &Trigger, frame: FrameId, index: u32) {
    let state = turn.state().frame(frame);
    let evidence = state.judges[index as usize].evidence.clone();
    let phase = state.phase;
    let scene = Scene { plan: turn.plan(), state: turn.state(), frame: Some(frame), at: turn.now };
    let said = trigger.condition.reason.as_ref().map(|reason| scene.words(reason));
    let reason = match &said {
        Some(said) => format!("{said} ({evidence})"),
        None => format!("`{}`: {evidence}", trigger.condition.text),
    };
    let mut because = metric_names(turn, &trigger.condition);
    because.extend(said);
    because.push(trigger.id.clone());
    turn.record(Event::TriggerFired {
        trigger: trigger.id.clone(),
        frame,
        index,
        action: trigger.action.name().to_owned(),
        reason: reason.clone(),
        evidence,
    });
    perform(turn, trigger, phase, (reason, because));
}

fn perform(
    turn: &mut Turn<'_, '_>,
    trigger: &Trigger,
    phase: Option<PhaseIndex>,
    (reason, because): (String, Vec<String>),
) {
    match (&trigger.action, phase) {
        (TriggerAction::RollbackPhase, Some(phase)) => phases::fail_with(turn, phase, (reason, because), true),
        (TriggerAction::Rollback | TriggerAction::RollbackPhase, _) => {
            stop::stop(turn, Afterwards::RollBack, reason, because)
        }
        (TriggerAction::Abort, _) => stop::stop(turn, Afterwards::Abort, reason, because),
        (TriggerAction::Pause, _) => pause_for(turn, PauseCause::Trigger(trigger.id.clone())),
        (TriggerAction::Notify(channel), _) => notify(turn, channel, &reason),
    }
}

fn notify(turn: &mut Turn<'_, '_>, channel: &str, reason: &str) {
    let notice = u32::try_from(turn.state().notices.len()).unwrap_or(u32::MAX);
    let text = format!("{}: {reason}", turn.plan().pipeline);
    match step::message(turn.plan(), turn.engine.registry, channel, &text) {
        Ok(effect) => {
            let effect = Box::new(effect);
            turn.record(Event::NoticeRequested { notice, channel: channel.to_owned(), text, effect: effect.clone() });
            turn.request(Request::Perform { key: EffectKey::Notice(notice), effect });
        }
        Err(reason) => {
            let effect = Box::new(Effect::Pause { duration: Duration::ZERO });
            turn.record(Event::NoticeRequested { notice, channel: channel.to_owned(), text, effect });
            turn.record(Event::NoticeEnded { notice, outcome: Outcome::failed(reason) });
        }
    }
}

//! Triggers: what is watched while something runs, and what it does.

use super::super::statements::trigger as trigger_line;
use super::super::structure::triggers_of;
use super::conditions::{Role, compare_one, signature, subjects, told, written};
use super::pairing::Pairing;
use super::phases::Names;
use super::{Change, Kind, Note};
use crate::model::phase::TriggerAction;
use crate::plan::program::{Condition, PhaseIndex, Plan, Trigger};

const SUBJECT: &str = "trigger";

/// A trigger with the phase it stands in.
type Placed<'p> = (Option<PhaseIndex>, &'p Trigger);

pub fn compare(before: &Plan, after: &Plan, names: &Names) -> Vec<Change> {
    let (old, new) = (triggers_of(before), triggers_of(after));
    // Phases by the ids they have now, so that those of a renamed one are still its own.
    let place_before = |placed: &Placed<'_>| placed.0.map(|phase| names.now(&before.phase(phase).id).to_owned());
    let place_after = |placed: &Placed<'_>| placed.0.map(|phase| after.phase(phase).id.clone());
    let mut pairing = Pairing::new(old.len(), new.len());
    let line = |placed: &Placed<'_>| (placed.1.action.clone(), signature(&placed.1.condition));
    pairing
        .pair(|at| Some((place_before(&old[at]), line(&old[at]))), |at| Some((place_after(&new[at]), line(&new[at]))));
    // The same elsewhere, before something else at the same place.
    pairing.pair(|at| Some(line(&old[at])), |at| Some(line(&new[at])));
    let about = |placed: &Placed<'_>| subjects(&placed.1.condition.expr);
    let acting = |placed: &Placed<'_>| (placed.1.action.clone(), about(placed));
    pairing.pair(
        |at| Some((place_before(&old[at]), acting(&old[at]))),
        |at| Some((place_after(&new[at]), acting(&new[at]))),
    );
    pairing.pair(
        |at| Some((place_before(&old[at]), about(&old[at]))),
        |at| Some((place_after(&new[at]), about(&new[at]))),
    );
    let mut changes = Vec::new();
    for (index, placed) in new.iter().enumerate() {
        match pairing.old_of(index) {
            None => changes.push(added(after, *placed)),
            Some(was) => {
                let places = (place_before(&old[was]), place_after(placed));
                changes.extend(changed(after, old[was].1, *placed, places));
            }
        }
    }
    changes.extend(pairing.removed().map(|at| removed(before, old[at])));
    changes
}

/// What a new trigger watches, without saying what it is worth.
pub fn all(plan: &Plan) -> Vec<Change> {
    triggers_of(plan).into_iter().map(|placed| Change { notes: Vec::new(), ..added(plan, placed) }).collect()
}

fn added(plan: &Plan, (phase, trigger): Placed<'_>) -> Change {
    let words = format!("new {}: `{}`", name(&trigger.action), written(&trigger.condition));
    let is_safer = strength(&trigger.action) > 0;
    Change {
        kind: Kind::Added,
        subject: SUBJECT,
        id: trigger.id.clone(),
        phase: phase.map(|phase| plan.phase(phase).id.clone()),
        before: Vec::new(),
        after: vec![trigger_line(trigger)],
        notes: vec![if is_safer { Note::safer(words) } else { Note::neither(words) }],
    }
}

fn removed(plan: &Plan, (phase, trigger): Placed<'_>) -> Change {
    let words = format!("{} removed: `{}` is no longer watched", name(&trigger.action), written(&trigger.condition));
    Change {
        kind: Kind::Removed,
        subject: SUBJECT,
        id: trigger.id.clone(),
        phase: phase.map(|phase| plan.phase(phase).id.clone()),
        before: vec![trigger_line(trigger)],
        after: Vec::new(),
        notes: vec![Note::riskier(words)],
    }
}

fn changed(
    plan: &Plan,
    was: &Trigger,
    (phase, is): Placed<'_>,
    places: (Option<String>, Option<String>),
) -> Option<Change> {
    let place = name(&is.action);
    let mut notes = Vec::new();
    if was.action != is.action {
        let words = format!("{} is a {} now: `{}`", name(&was.action), name(&is.action), written(&is.condition));
        notes.push(match strength(&is.action).cmp(&strength(&was.action)) {
            std::cmp::Ordering::Less => Note::riskier(words),
            std::cmp::Ordering::Greater => Note::safer(words),
            std::cmp::Ordering::Equal => Note::neither(words),
        });
    }
    if signature(&was.condition) != signature(&is.condition) {
        notes.extend(compare_one(place, &was.condition, &is.condition, Role::Watched));
    }
    notes.extend(moved(place, &is.condition, places));
    if notes.is_empty() {
        return None;
    }
    let (before, after) = told(&was.condition, &is.condition);
    let line = |trigger: &Trigger, condition: Condition| trigger_line(&Trigger { condition, ..trigger.clone() });
    Some(Change {
        kind: Kind::Changed,
        subject: SUBJECT,
        id: is.id.clone(),
        phase: phase.map(|phase| plan.phase(phase).id.clone()),
        before: vec![line(was, before)],
        after: vec![line(is, after)],
        notes,
    })
}

fn moved(place: &str, condition: &Condition, places: (Option<String>, Option<String>)) -> Option<Note> {
    let text = written(condition);
    match places {
        (before, after) if before == after => None,
        (None, Some(phase)) => {
            Some(Note::riskier(format!("{place} watches `{phase}` only, no longer the whole run: `{text}`")))
        }
        (Some(phase), None) => {
            Some(Note::safer(format!("{place} watches the whole run, no longer `{phase}` only: `{text}`")))
        }
        (Some(before), Some(after)) => {
            Some(Note::neither(format!("{place} watches `{after}` instead of `{before}`: `{text}`")))
        }
        (None, None) => None,
    }
}

fn name(action: &TriggerAction) -> &'static str {
    match action {
        TriggerAction::Rollback => "rollback trigger",
        TriggerAction::RollbackPhase => "trigger for the rollback of the phase",
        TriggerAction::Pause => "pause trigger",
        TriggerAction::Abort => "abort trigger",
        TriggerAction::Notify(_) => "notice",
    }
}

/// How much it does against what goes wrong.
fn strength(action: &TriggerAction) -> u8 {
    match action {
        TriggerAction::Notify(_) => 0,
        TriggerAction::Pause => 1,
        TriggerAction::Abort => 2,
        TriggerAction::RollbackPhase => 3,
        TriggerAction::Rollback => 4,
    }
}

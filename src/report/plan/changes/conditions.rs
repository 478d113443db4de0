//! Conditions of gates, holds and triggers: which was which, and whether it guards less now.

use std::collections::BTreeSet;

use super::super::calls::expr_text;
use super::super::json::sustain_text;
use super::super::statements::condition as condition_line;
use super::Note;
use super::pairing::Pairing;
use crate::analysis::{Shift, shift};
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::MissingPolicy;
use crate::plan::program::{Condition, Sustain};

/// What a condition is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It has to be true to go on.
    Required,
    /// When it is true, something is done.
    Watched,
}

/// All that a condition comes to, with everything known put in.
pub fn signature(condition: &Condition) -> String {
    format!("{} | {}", condition_line(condition), expr_text(&condition.expr))
}

/// The condition as it was written; with everything known put in, when only that makes the difference.
pub fn shown(condition: &Condition, other: &Condition) -> String {
    if written(condition) == written(other) { expr_text(&condition.expr) } else { written(condition) }
}

pub fn written(condition: &Condition) -> String {
    condition.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two versions of a condition for a line each, which differ when something in them does.
pub fn told(before: &Condition, after: &Condition) -> (Condition, Condition) {
    let put_in = |condition: &Condition| Condition { text: expr_text(&condition.expr), ..condition.clone() };
    if written(before) == written(after) && !before.expr.is_same_as(&after.expr) {
        return (put_in(before), put_in(after));
    }
    (before.clone(), after.clone())
}

/// What a condition looks at: metrics and outputs of steps.
pub fn subjects(expr: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(expr, &mut found);
    found
}

fn collect(expr: &Expr, found: &mut BTreeSet<String>) {
    match &*expr.kind {
        ExprKind::Metric { .. } | ExprKind::Output(_) => {
            found.insert(expr_text(expr));
        }
        ExprKind::Field(inner, _) if is_output(inner) => {
            found.insert(expr_text(expr));
        }
        _ => expr.each_child(&mut |child| collect(child, found)),
    }
}

fn is_output(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Output(_) => true,
        ExprKind::Field(inner, _) => is_output(inner),
        _ => false,
    }
}

/// `require` and `warn` of a gate or a hold that `place` names: what is to be said about each that differs.
pub fn compare_all(place: &str, before: &[Condition], after: &[Condition]) -> Vec<Note> {
    let mut pairing = Pairing::new(before.len(), after.len());
    let by = |list: &[Condition]| list.iter().map(signature).collect::<Vec<_>>();
    let (old, new) = (by(before), by(after));
    pairing.pair(|index| Some(&old[index]), |index| Some(&new[index]));
    let by = |list: &[Condition]| list.iter().map(|one| (one.warns, subjects(&one.expr))).collect::<Vec<_>>();
    let (old, new) = (by(before), by(after));
    pairing.pair(|index| Some(&old[index]), |index| Some(&new[index]));
    pairing.pair(|index| Some(&old[index].1), |index| Some(&new[index].1));
    let mut notes = Vec::new();
    for (index, condition) in after.iter().enumerate() {
        match pairing.old_of(index).map(|old| &before[old]) {
            Some(old) => notes.extend(compare_required(place, old, condition)),
            None if condition.warns => {
                notes.push(Note::neither(format!("{place} also warns: `{}`", written(condition))));
            }
            None => notes.push(Note::safer(format!("{place} also requires `{}`", written(condition)))),
        }
    }
    notes.extend(pairing.removed().map(|index| &before[index]).map(|gone| {
        let words = written(gone);
        if gone.warns {
            Note::riskier(format!("{place} no longer warns: `{words}`"))
        } else {
            Note::riskier(format!("{place} no longer requires `{words}`"))
        }
    }));
    notes
}

fn compare_required(place: &str, before: &Condition, after: &Condition) -> Vec<Note> {
    if signature(before) == signature(after) {
        return Vec::new();
    }
    let mut notes = compare_one(place, before, after, Role::Required);
    match (before.warns, after.warns) {
        (false, true) => notes.push(Note::riskier(format!("{place} only warns now: `{}`", written(after)))),
        (true, false) => {
            notes.push(Note::safer(format!("{place} requires now what it only warned of: `{}`", written(after))))
        }
        _ => {}
    }
    notes
}

/// What differs between two versions of a condition that `place` names.
pub fn compare_one(place: &str, before: &Condition, after: &Condition, role: Role) -> Vec<Note> {
    let mut notes = Vec::new();
    let (was, is) = (shown(before, after), shown(after, before));
    if !before.expr.is_same_as(&after.expr) {
        let instead = format!("`{is}` instead of `{was}`");
        notes.push(match (shift(&before.expr, &after.expr), role) {
            (Some(Shift::Wider), Role::Required) => Note::riskier(format!("{place} is looser: {instead}")),
            (Some(Shift::Narrower), Role::Required) => Note::safer(format!("{place} is stricter: {instead}")),
            (Some(Shift::Wider), Role::Watched) => Note::safer(format!("{place} fires on more: {instead}")),
            (Some(Shift::Narrower), Role::Watched) => Note::riskier(format!("{place} fires on less: {instead}")),
            (Some(Shift::Same), _) => Note::neither(format!("{place} says the same in other words: {instead}")),
            (None, _) => Note::neither(format!("{place} has another condition: {instead}")),
        });
    }
    notes.extend(compare_delay(place, before.sustain, after.sustain, &is));
    notes.extend(compare_start(place, before.after, after.after, &is));
    notes.extend(compare_missing(place, (before.missing, after.missing), &is));
    if before.reason.as_ref().map(expr_text) != after.reason.as_ref().map(expr_text) {
        notes.push(Note::neither(format!("{place} gives another reason: `{is}`")));
    }
    notes
}

/// How long it must go on before it counts.
fn compare_delay(place: &str, before: Option<Sustain>, after: Option<Sustain>, condition: &str) -> Option<Note> {
    let (was, is) = (before.unwrap_or(Sustain::Samples(1)), after.unwrap_or(Sustain::Samples(1)));
    if was == is {
        return None;
    }
    let words =
        |sustain: Option<Sustain>| sustain.map_or("at once".to_owned(), |it| format!("after {}", sustain_text(it)));
    let text = format!("{place} acts {} instead of {}: `{condition}`", words(after), words(before));
    Some(match is_longer(was, is) {
        Some(true) => Note::riskier(text),
        Some(false) => Note::safer(text),
        None => Note::neither(text),
    })
}

/// How long nothing is judged.
fn compare_start(place: &str, before: Option<Sustain>, after: Option<Sustain>, condition: &str) -> Option<Note> {
    if before == after {
        return None;
    }
    let words = |sustain: Option<Sustain>| {
        sustain.map_or("from the start".to_owned(), |it| format!("after {}", sustain_text(it)))
    };
    let text = format!("{place} judges {} instead of {}: `{condition}`", words(after), words(before));
    Some(match (before, after) {
        (None, _) => Note::riskier(text),
        (_, None) => Note::safer(text),
        (Some(was), Some(is)) => match is_longer(was, is) {
            Some(true) => Note::riskier(text),
            Some(false) => Note::safer(text),
            None => Note::neither(text),
        },
    })
}

/// None where a time and a number of samples stand against each other.
fn is_longer(was: Sustain, is: Sustain) -> Option<bool> {
    match (was, is) {
        (Sustain::Time(was), Sustain::Time(is)) => Some(is > was),
        (Sustain::Samples(was), Sustain::Samples(is)) => Some(is > was),
        // One sample is the shortest there is.
        (Sustain::Samples(0 | 1), Sustain::Time(_)) => Some(true),
        (Sustain::Time(_), Sustain::Samples(0 | 1)) => Some(false),
        _ => None,
    }
}

fn compare_missing(place: &str, (before, after): (MissingPolicy, MissingPolicy), condition: &str) -> Option<Note> {
    let strength = |policy: MissingPolicy| match policy {
        MissingPolicy::Ok => 0,
        MissingPolicy::Pause => 1,
        MissingPolicy::Breach => 2,
    };
    let words = |policy: MissingPolicy| match policy {
        MissingPolicy::Ok => "do nothing",
        MissingPolicy::Pause => "pause the run",
        MissingPolicy::Breach => "count as bad",
    };
    if before == after {
        return None;
    }
    let text = format!("{place}: missing data {} instead of: {}: `{condition}`", words(after), words(before));
    Some(Note::weighed(strength(after) > strength(before), text))
}

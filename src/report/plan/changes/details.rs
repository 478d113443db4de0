//! One statement against its earlier version.

use std::time::Duration;

use super::super::calls::{call_text, expr_text, target_text};
use super::super::statements::{clauses, condition as condition_line, effect, headline};
use super::Note;
use super::conditions::{compare_all, signature as condition_signature, told};
use crate::base::number::Number;
use crate::base::time::format_duration;
use crate::contract::value::{Unit, Value};
use crate::model::phase::Expiry;
use crate::model::signature::EffectClass;
use crate::plan::program::{Call, Condition, Node, NodeKind, Step};
use crate::report::escape::printable;
use crate::syntax::ast::SignatureKind;

/// All that a statement comes to, but for its id and what stands in it.
pub fn signature(node: &Node) -> String {
    match &node.kind {
        NodeKind::Step(step) => {
            let args: Vec<String> =
                step.call.args.iter().map(|(name, arg)| format!("{name}: {}", expr_text(arg))).collect();
            let (effect, clauses) = (effect(step), clauses(step));
            let (args, name) = (args.join(", "), step.name.as_deref().unwrap_or(""));
            format!("step {name} {}({args}) {effect} {clauses} {}", step.call.name, step.idempotent)
        }
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => {
            let conditions: Vec<String> = conditions.iter().map(condition_signature).collect();
            format!("{}\n{}", headline(node), conditions.join("\n"))
        }
        NodeKind::Phase | NodeKind::Ramp { .. } | NodeKind::Wait(_) | NodeKind::Approve { .. } => headline(node),
    }
}

/// What it is about, by which two versions of it are known as one.
pub fn about(node: &Node) -> String {
    match &node.kind {
        NodeKind::Step(step) => step.call.name.clone(),
        NodeKind::Gate(_) => node.title.clone().unwrap_or_default(),
        NodeKind::Ramp { target, .. } => target_text(SignatureKind::Target, target),
        NodeKind::Approve { who, .. } => who.clone(),
        NodeKind::Phase | NodeKind::Hold { .. } | NodeKind::Wait(_) => String::new(),
    }
}

/// ``gate `fit to stay` ``
pub fn name(node: &Node) -> String {
    match &node.kind {
        NodeKind::Approve { who, .. } => format!("approval `{}`", printable(who)),
        kind => format!("{} `{}`", kind.name(), printable(node.title.as_ref().unwrap_or(&node.id))),
    }
}

pub fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![headline(node)];
    match &node.kind {
        NodeKind::Step(step) => {
            let clauses = clauses(step);
            let gap = if clauses.is_empty() { "" } else { "  " };
            lines.push(format!("  {}{gap}{clauses}", effect(step)));
        }
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => {
            lines.extend(conditions.iter().map(|one| format!("  {}", condition_line(one))));
        }
        NodeKind::Phase | NodeKind::Ramp { .. } | NodeKind::Wait(_) | NodeKind::Approve { .. } => {}
    }
    lines
}

/// The lines of both; where only what the environment or a parameter says has changed, with that put in.
pub fn lines_of_pair(was: &Node, is: &Node) -> (Vec<String>, Vec<String>) {
    let (before, after) = (lines(was), lines(is));
    if before != after {
        return (before, after);
    }
    let (Some(old), Some(new)) = (conditions(was), conditions(is)) else { return (before, after) };
    let (old, new): (Vec<Condition>, Vec<Condition>) = old.iter().zip(new).map(|(old, new)| told(old, new)).unzip();
    let with = |node: &Node, conditions: &[Condition]| {
        let head = std::iter::once(headline(node));
        head.chain(conditions.iter().map(|one| format!("  {}", condition_line(one)))).collect()
    };
    (with(was, &old), with(is, &new))
}

fn conditions(node: &Node) -> Option<&[Condition]> {
    match &node.kind {
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => Some(conditions),
        _ => None,
    }
}

pub fn added(node: &Node) -> Vec<Note> {
    let name = name(node);
    match &node.kind {
        NodeKind::Step(step) if step.changes() && !step.can_undo() && !step.is_switched_off() => {
            vec![Note::riskier(format!("new {name} changes something that cannot be taken back"))]
        }
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } if is_strict(conditions) => {
            vec![Note::safer(format!("new {name}"))]
        }
        NodeKind::Approve { .. } => vec![Note::safer(format!("new {name}: somebody is asked"))],
        _ => vec![Note::neither(format!("new {name}"))],
    }
}

pub fn removed(node: &Node) -> Vec<Note> {
    let name = name(node);
    match &node.kind {
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } if is_strict(conditions) => {
            vec![Note::riskier(format!("{name} removed"))]
        }
        NodeKind::Approve { .. } => vec![Note::riskier(format!("{name} removed: nobody is asked any more"))],
        _ => vec![Note::neither(format!("{name} removed"))],
    }
}

fn is_strict(conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| !condition.warns)
}

pub fn compare(was: &Node, is: &Node) -> Vec<Note> {
    let name = name(is);
    let mut notes = match (&was.kind, &is.kind) {
        (NodeKind::Step(was), NodeKind::Step(is)) => compare_steps(&name, was, is),
        (NodeKind::Gate(was), NodeKind::Gate(is)) => compare_all(&name, was, is),
        (
            NodeKind::Hold { duration: was, every: often, conditions: old },
            NodeKind::Hold { duration, every, conditions },
        ) => {
            let mut notes = compare_times(&name, *was, *duration);
            notes.extend(compare_every(&name, *often, *every));
            notes.extend(compare_all(&name, old, conditions));
            notes
        }
        (NodeKind::Ramp { target: was, weights: old, .. }, NodeKind::Ramp { target, weights, .. }) => {
            let moved = (was != target).then(|| Note::neither(format!("{name} moves the traffic of another target")));
            moved.into_iter().chain(compare_weights(&name, old, weights)).collect()
        }
        (NodeKind::Wait(was), NodeKind::Wait(is)) if was != is => {
            vec![Note::neither(format!("{name} waits {} instead of {}", format_duration(*is), format_duration(*was)))]
        }
        (NodeKind::Approve { .. }, NodeKind::Approve { .. }) => compare_approvals(&name, was, is),
        _ => Vec::new(),
    };
    if was.title != is.title {
        let old = was.title.as_ref().unwrap_or(&was.id);
        notes.push(Note::neither(format!("{name} was called `{}`", printable(old))));
    }
    notes
}

fn compare_times(name: &str, was: Duration, is: Duration) -> Vec<Note> {
    if was == is {
        return Vec::new();
    }
    let words = format!("{name} lasts {} instead of {}", format_duration(is), format_duration(was));
    vec![Note::weighed(is > was, words)]
}

fn compare_every(name: &str, was: Option<Duration>, is: Option<Duration>) -> Option<Note> {
    let words = |every: Option<Duration>| {
        every.map_or("at each sample".to_owned(), |it| format!("every {}", format_duration(it)))
    };
    if was == is {
        return None;
    }
    let text = format!("{name} looks {} instead of {}", words(is), words(was));
    Some(match (was, is) {
        (Some(was), Some(is)) => Note::weighed(is < was, text),
        _ => Note::neither(text),
    })
}

fn compare_weights(name: &str, was: &[Number], is: &[Number]) -> Vec<Note> {
    if was == is {
        return Vec::new();
    }
    let shown = |weight: Number| Value::Quantity(weight, Unit::Ratio).to_string();
    let list = |weights: &[Number]| weights.iter().map(|weight| shown(*weight)).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    let words = format!("{name} goes through {} instead of {}", list(is), list(was));
    if let (Some(first), Some(now)) = (was.first(), is.first())
        && first.compare(*now) != Some(std::cmp::Ordering::Equal)
    {
        let is_safer = now.compare(*first) == Some(std::cmp::Ordering::Less);
        let words = format!("{name} begins with {} of the traffic instead of {}", shown(*now), shown(*first));
        notes.push(Note::weighed(is_safer, words));
    }
    let (old, new) = (largest_step(was), largest_step(is));
    match new.compare(old) {
        Some(std::cmp::Ordering::Greater) => {
            notes.push(Note::riskier(format!(
                "{name}: its largest step is {} instead of {}",
                points(new),
                points(old)
            )));
        }
        Some(std::cmp::Ordering::Less) => {
            notes.push(Note::safer(format!("{name}: its largest step is {} instead of {}", points(new), points(old))));
        }
        _ => {}
    }
    if notes.is_empty() {
        notes.push(if is.len() < was.len() { Note::riskier(words) } else { Note::neither(words) });
    }
    notes
}

fn points(step: Number) -> String {
    format!("{}pp", step.multiply(Number::from(100)))
}

fn largest_step(weights: &[Number]) -> Number {
    let before = std::iter::once(Number::ZERO).chain(weights.iter().copied());
    before.zip(weights).fold(Number::ZERO, |largest, (before, weight)| {
        let step = weight.subtract(before);
        if step.compare(largest) == Some(std::cmp::Ordering::Greater) { step } else { largest }
    })
}

fn compare_approvals(name: &str, was: &Node, is: &Node) -> Vec<Note> {
    let (
        NodeKind::Approve { who: old_who, by: old_by, within: old_within, otherwise: old_otherwise },
        NodeKind::Approve { who, by, within, otherwise },
    ) = (&was.kind, &is.kind)
    else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    if old_who != who {
        notes.push(Note::neither(format!("{name} asks something else: `{}`", printable(who))));
    }
    match (old_by, by) {
        (old, new) if old == new => {}
        (Some(old), None) => {
            notes.push(Note::riskier(format!("{name}: anybody may answer, no longer `{}` only", printable(old))));
        }
        (None, Some(new)) => notes.push(Note::safer(format!("{name}: only `{}` may answer", printable(new)))),
        (_, Some(new)) => notes.push(Note::neither(format!("{name}: `{}` may answer", printable(new)))),
        (None, None) => {}
    }
    if old_within != within {
        let words = |within: Option<Duration>| {
            within.map_or("for ever".to_owned(), |it| format!("for {}", format_duration(it)))
        };
        notes.push(Note::neither(format!("{name} waits {} instead of {}", words(*within), words(*old_within))));
    }
    if old_otherwise != otherwise {
        let words = match otherwise {
            None => "fails its phase",
            Some(Expiry::Rollback) => "rolls back",
            Some(Expiry::Abort) => "aborts the run and undoes nothing",
        };
        notes.push(Note::neither(format!("{name} without an answer {words}")));
    }
    notes
}

fn compare_steps(name: &str, was: &Step, is: &Step) -> Vec<Note> {
    let mut notes = compare_calls(name, &was.call, &is.call);
    match (was.is_switched_off(), is.is_switched_off()) {
        (false, true) => notes.push(Note::neither(format!("{name} no longer runs"))),
        (true, false) => notes.push(Note::neither(format!("{name} runs now"))),
        _ if was.when.as_ref().map(expr_text) != is.when.as_ref().map(expr_text) => {
            notes.push(Note::neither(format!("{name} runs under another condition")));
        }
        _ => {}
    }
    notes.extend(compare_effects(name, was, is));
    if was.timeout != is.timeout {
        let words = |timeout: Option<Duration>| {
            timeout.map_or("no timeout".to_owned(), |it| format!("a timeout of {}", format_duration(it)))
        };
        let text = format!("{name} has {} instead of {}", words(is.timeout), words(was.timeout));
        notes.push(match (was.timeout, is.timeout) {
            (Some(_), None) => Note::riskier(text),
            (None, Some(_)) => Note::safer(text),
            _ => Note::neither(text),
        });
    }
    if (was.retry, was.backoff) != (is.retry, is.backoff) {
        let text = format!("{name} is tried {} instead of {}", times(is.retry), times(was.retry));
        let repeats = is.retry > was.retry && !is.repeatable();
        notes.push(if repeats { Note::riskier(format!("{text}, and is not idempotent")) } else { Note::neither(text) });
    }
    match (was.continues, is.continues) {
        (false, true) => notes.push(Note::riskier(format!("{name} may fail and the phase goes on"))),
        (true, false) => notes.push(Note::safer(format!("{name} fails its phase when it fails"))),
        _ => {}
    }
    if was.repeatable() != is.repeatable() {
        let words = if is.repeatable() { "may be repeated after a crash" } else { "is put to a person after a crash" };
        notes.push(Note::neither(format!("{name} {words}")));
    }
    notes
}

fn times(retry: u32) -> String {
    if retry == 0 { "once".to_owned() } else { format!("up to {} times", retry.saturating_add(1)) }
}

fn compare_calls(name: &str, was: &Call, is: &Call) -> Vec<Note> {
    if was.name != is.name {
        return vec![Note::neither(format!("{name} calls `{}` instead of `{}`", call_text(is), call_text(was)))];
    }
    let text = |call: &Call, name: &str| call.args.iter().find(|(own, _)| own == name).map(|(_, arg)| expr_text(arg));
    let mut names: Vec<&str> = is.args.iter().chain(&was.args).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut notes = Vec::new();
    for argument in names {
        let (old, new) = (text(was, argument), text(is, argument));
        if old != new {
            let words = |text: Option<String>| text.map_or("nothing".to_owned(), |it| format!("`{}`", printable(&it)));
            notes.push(Note::neither(format!("{name}: `{argument}` is {} instead of {}", words(new), words(old))));
        }
    }
    notes
}

fn compare_effects(name: &str, was: &Step, is: &Step) -> Vec<Note> {
    let mut notes = Vec::new();
    if was.effect != is.effect {
        let rank = |effect: EffectClass| match effect {
            EffectClass::Reads | EffectClass::Tells => 0,
            EffectClass::Changes => 1,
            EffectClass::Permanent => 2,
        };
        let text = format!("{name} {} instead of {}", says(is.effect), says(was.effect));
        notes.push(match rank(is.effect).cmp(&rank(was.effect)) {
            std::cmp::Ordering::Greater => Note::riskier(text),
            std::cmp::Ordering::Less => Note::safer(text),
            std::cmp::Ordering::Equal => Note::neither(text),
        });
    }
    if !was.changes() || !is.changes() {
        return notes;
    }
    match (was.can_undo(), is.can_undo()) {
        (true, false) => notes.push(Note::riskier(format!("{name} can no longer be undone"))),
        (false, true) => notes.push(Note::safer(format!("{name} can be undone now"))),
        (true, true) => {
            let words =
                |step: &Step| step.undo.as_ref().map_or("built in".to_owned(), |undo| format!("`{}`", call_text(undo)));
            let (old, new) = (words(was), words(is));
            if old != new {
                notes.push(Note::neither(format!("{name}: its undo is {new} instead of {old}")));
            }
        }
        (false, false) => {}
    }
    notes
}

fn says(effect: EffectClass) -> &'static str {
    match effect {
        EffectClass::Reads => "only reads",
        EffectClass::Tells => "tells somebody",
        EffectClass::Changes => "changes something",
        EffectClass::Permanent => "changes something for good",
    }
}

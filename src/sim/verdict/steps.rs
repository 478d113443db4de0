//! `expect step S ran …`, `expect step S never ran`, `expect undone S`

use super::{Miss, clock};
use crate::base::time::Timestamp;
use crate::engine::event::{Direction, Event};
use crate::model::expr::Expr;
use crate::model::scenario::StepRef;
use crate::sim::constants::Constants;
use crate::sim::names::{self, Named};
use crate::sim::story::Story;
use crate::sim::world::Performed;

/// `once`, `3 times`, `before S2`, `by 5m`
type Clauses<'e> = (Option<&'e Expr>, Option<&'e StepRef>, Option<&'e Expr>);

pub(super) fn judge_ran(
    story: &Story,
    constants: &Constants<'_>,
    wanted: &StepRef,
    (times, before, by): Clauses<'_>,
) -> Result<Option<Miss>, String> {
    let times = times.map(|times| constants.count(times)).transpose()?;
    let by = by.map(|by| constants.duration(by)).transpose()?;
    for named in named(story, wanted)? {
        let ran = executions(story, &named);
        let (Some(first), id) = (ran.first(), &named.id) else { return Ok(Some(not_run(story, &named))) };
        if times.is_some_and(|times| times as usize != ran.len()) {
            return Ok(Some((format!("`{id}` ran {}", list(story, &ran)), ran.last().map(|last| last.at))));
        }
        let last = if times.is_some() { ran.last().unwrap_or(first) } else { first };
        if by.is_some_and(|by| last.until.since(story.script.start) > by) {
            return Ok(Some((format!("`{id}` was done only at {}", clock(story, last.until)), Some(last.until))));
        }
        if let Some(before) = before
            && let Some(miss) = not_before(story, &named, first.at, before)?
        {
            return Ok(Some(miss));
        }
    }
    Ok(None)
}

pub(super) fn judge_never_ran(story: &Story, wanted: &StepRef) -> Option<Miss> {
    names::steps(&story.plan, wanted).iter().find_map(|named| {
        let ran = executions(story, named);
        let first = ran.first()?;
        Some((format!("`{}` ran {}", named.id, list(story, &ran)), Some(first.at)))
    })
}

pub(super) fn judge_undone(story: &Story, wanted: &StepRef, before: Option<&StepRef>) -> Option<Miss> {
    let steps = match named(story, wanted) {
        Ok(steps) => steps,
        Err(message) => return Some((message, None)),
    };
    for named in steps {
        let Some((last, at)) = undone(story, &named).last().copied() else { return Some(not_undone(story, &named)) };
        for other in before.map(|before| names::steps(&story.plan, before)).unwrap_or_default() {
            match undo_begun(story, &other).first() {
                None => return Some((format!("`{}` was not undone at all", other.id), Some(at))),
                Some((first, other_at)) if *first < last => {
                    let (late, early) = (clock(story, at), clock(story, *other_at));
                    let message = format!(
                        "`{}` was undone at {late}, and the undo of `{}` began before, at {early}",
                        named.id, other.id
                    );
                    return Some((message, Some(*other_at)));
                }
                Some(_) => {}
            }
        }
    }
    None
}

fn named(story: &Story, wanted: &StepRef) -> Result<Vec<Named>, String> {
    let steps = names::steps(&story.plan, wanted);
    if steps.is_empty() {
        return Err(format!("there is no step `{}` in this run", names::step_text(wanted)));
    }
    Ok(steps)
}

/// Each attempt, and what was run again after a crash, counts by itself.
fn executions(story: &Story, named: &Named) -> Vec<Performed> {
    let first = named.first();
    let forward = story.performed.iter().filter(|performed| performed.direction == Direction::Forward);
    forward.filter(|performed| Some(performed.node) == first).copied().collect()
}

/// `3 times: at 0s, 1m, 3m`
fn list(story: &Story, ran: &[Performed]) -> String {
    let shown: Vec<String> = ran.iter().take(5).map(|performed| clock(story, performed.at)).collect();
    let more = if ran.len() > shown.len() { ", …" } else { "" };
    let times = if ran.len() == 1 { "once".to_owned() } else { format!("{} times", ran.len()) };
    format!("{times}, at {}{more}", shown.join(", "))
}

/// The nearest to its having run: its phase was skipped, or it was.
fn not_run(story: &Story, named: &Named) -> Miss {
    let node = named.first();
    let skipped = story.events.iter().find_map(|recorded| match &recorded.event {
        Event::NodeSkipped { node: skipped, reason, .. } if Some(*skipped) == node => {
            Some((reason.clone(), recorded.at))
        }
        _ => None,
    });
    if let Some((reason, at)) = skipped {
        return (format!("`{}` was skipped at {}: {reason}", named.id, clock(story, at)), Some(at));
    }
    let phase = node.map(|node| story.plan.node(node).phase);
    let state = phase.map(|phase| (story.plan.phase(phase), story.state.phase(phase)));
    match state {
        Some((phase, state)) => {
            let why = if state.reason.is_empty() { String::new() } else { format!(": {}", state.reason) };
            let at = state.ended_at.or(state.started_at);
            (format!("`{}` never ran: `{}` is {}{why}", named.id, phase.id, state.status.name()), at)
        }
        None => (format!("`{}` never ran", named.id), None),
    }
}

fn not_before(story: &Story, named: &Named, at: Timestamp, before: &StepRef) -> Result<Option<Miss>, String> {
    for other in self::named(story, before)? {
        let Some(theirs) = executions(story, &other).first().copied() else { return Ok(Some(not_run(story, &other))) };
        // Of two at one instant the order in which they were set going counts.
        let place = |performed: &Performed| story.performed.iter().position(|other| other == performed);
        let ours = executions(story, named).first().and_then(place);
        if ours >= place(&theirs) {
            let (mine, other_at) = (clock(story, at), clock(story, theirs.at));
            let message = format!("`{}` ran at {mine}, and `{}` before it, at {other_at}", named.id, other.id);
            return Ok(Some((message, Some(theirs.at))));
        }
    }
    Ok(None)
}

/// Journal positions and times at which undos of a step had passed.
fn undone(story: &Story, named: &Named) -> Vec<(u64, Timestamp)> {
    let passed = story.events.iter().filter_map(|recorded| match &recorded.event {
        Event::UndoPassed { node, .. } if named.all().any(|own| own == *node) => Some((recorded.seq, recorded.at)),
        _ => None,
    });
    passed.collect()
}

fn undo_begun(story: &Story, named: &Named) -> Vec<(u64, Timestamp)> {
    let begun = story.events.iter().filter_map(|recorded| match &recorded.event {
        Event::UndoStarted { node, .. } if named.all().any(|own| own == *node) => Some((recorded.seq, recorded.at)),
        _ => None,
    });
    begun.collect()
}

fn not_undone(story: &Story, named: &Named) -> Miss {
    let failed = story.events.iter().find_map(|recorded| match &recorded.event {
        Event::UndoFailed { node, reason, .. } if named.all().any(|own| own == *node) => Some((reason, recorded.at)),
        _ => None,
    });
    if let Some((reason, at)) = failed {
        return (format!("the undo of `{}` failed at {}: {reason}", named.id, clock(story, at)), Some(at));
    }
    match executions(story, named).first() {
        Some(first) => {
            let end = story.end.name();
            let message =
                format!("`{}` ran at {} and was not undone: the run is {end}", named.id, clock(story, first.at));
            (message, Some(story.end.at()))
        }
        None => not_run(story, named),
    }
}

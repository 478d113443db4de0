//! What a test expects against what happened. What does not hold says the nearest thing that did happen.

mod outcome;
mod steps;

use std::time::Duration;

use super::constants::Constants;
use super::names;
use super::story::Story;
use crate::base::span::Location;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::effect::Outcome;
use crate::contract::value::Value;
use crate::engine::event::{Event, Recorded};
use crate::engine::state::PhaseStatus;
use crate::model::phase::PhaseRef;
use crate::model::scenario::{Expectation, ExpectationKind, PhaseState, Test};

pub use outcome::{Causes, causes};

/// Why a test has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In the program.
    pub at: Location,
    /// What was expected, as it was written; none for what is wrong with the test itself.
    pub expected: Option<String>,
    /// What happened instead.
    pub message: String,
    /// When, if there is a time that it is about.
    pub around: Option<Timestamp>,
}

/// What does not hold: words, and the time they are about.
type Miss = (String, Option<Timestamp>);

/// Every expectation that does not hold, in the order in which they were written.
pub(super) fn judge(test: &Test, story: &Story, constants: &Constants<'_>) -> Vec<Failure> {
    let judged = test.expect.iter().enumerate().filter_map(|(place, expectation)| {
        let miss = match judge_one(place, expectation, story, constants) {
            Ok(miss) => miss?,
            Err(reason) => (format!("this cannot be judged: {reason}"), None),
        };
        let (message, around) = miss;
        Some(Failure { at: expectation.at, expected: Some(expectation.text.clone()), message, around })
    });
    judged.collect()
}

fn judge_one(
    place: usize,
    expectation: &Expectation,
    story: &Story,
    constants: &Constants<'_>,
) -> Result<Option<Miss>, String> {
    match &expectation.kind {
        ExpectationKind::Outcome { outcome, at, because } => {
            outcome::judge(story, constants, (*outcome, at.as_ref(), because.as_ref()))
        }
        ExpectationKind::State { phase, state } => Ok(judge_state(story, phase, *state)),
        ExpectationKind::Always(_) => Ok(judge_watched(story, place, "always")),
        ExpectationKind::Never(_) => Ok(judge_watched(story, place, "never")),
        ExpectationKind::Ran { step, times, before, by } => {
            steps::judge_ran(story, constants, step, (times.as_ref(), before.as_ref(), by.as_ref()))
        }
        ExpectationKind::NeverRan(step) => Ok(steps::judge_never_ran(story, step)),
        ExpectationKind::Undone { step, before } => Ok(steps::judge_undone(story, step, before.as_ref())),
        ExpectationKind::Notified(channel) => Ok(judge_notified(story, channel)),
    }
}

/// `26h10m`, from the start of the run.
#[must_use]
pub fn clock(story: &Story, at: Timestamp) -> String {
    length(at.since(story.script.start))
}

/// Hours are not made days: `26h10m`, as a test writes it.
pub(super) fn length(duration: Duration) -> String {
    let hours = duration.as_secs() / 3600;
    let rest = duration.saturating_sub(Duration::from_secs(hours * 3600));
    match (hours, rest.is_zero()) {
        (0, _) => format_duration(rest),
        (hours, true) => format!("{hours}h"),
        (hours, false) => format!("{hours}h{}", format_duration(rest)),
    }
}

fn judge_state(story: &Story, wanted: &PhaseRef, state: PhaseState) -> Option<Miss> {
    let phases = names::phases(&story.plan, wanted);
    if phases.is_empty() {
        return Some((format!("there is no phase `{}` in this run", names::phase_text(wanted)), None));
    }
    let expected = match state {
        PhaseState::Passed => PhaseStatus::Passed,
        PhaseState::Failed => PhaseStatus::Failed,
        PhaseState::Skipped => PhaseStatus::Skipped,
        PhaseState::Undone => PhaseStatus::Undone,
    };
    phases.into_iter().find_map(|index| {
        let (phase, is) = (story.plan.phase(index), story.state.phase(index));
        if is.status == expected {
            return None;
        }
        let since = is.ended_at.or(is.started_at);
        let when = since.map_or(String::new(), |at| format!(" (since {})", clock(story, at)));
        let why = if is.reason.is_empty() { String::new() } else { format!(": {}", is.reason) };
        Some((format!("`{}` is {}{when}{why}", phase.id, is.status.name()), since))
    })
}

fn judge_watched(story: &Story, place: usize, word: &str) -> Option<Miss> {
    let watched = story.watched.get(place)?;
    match &watched.broken {
        Some((at, evidence)) => {
            let facts = if evidence.is_empty() { String::new() } else { format!(": {evidence}") };
            let what = if word == "always" { "false" } else { "true" };
            Some((format!("it is {what} at {}{facts}", clock(story, *at)), Some(*at)))
        }
        None if !watched.known && word == "always" => {
            Some(("it was unknown all the time: what it looks at has no value".to_owned(), None))
        }
        None => None,
    }
}

fn judge_notified(story: &Story, channel: &str) -> Option<Miss> {
    let told: Vec<(&str, Timestamp)> = story.events.iter().filter_map(|recorded| told(story, recorded)).collect();
    if told.iter().any(|(name, _)| *name == channel) {
        return None;
    }
    let others: Vec<String> = told.iter().map(|(name, at)| format!("`{name}` at {}", clock(story, *at))).collect();
    let nearest = if others.is_empty() {
        "nobody was told anything".to_owned()
    } else {
        format!("told was {}", others.join(", "))
    };
    Some((format!("nothing was sent to `{channel}`: {nearest}"), None))
}

/// The channel that a message has reached.
fn told<'s>(story: &'s Story, recorded: &'s Recorded) -> Option<(&'s str, Timestamp)> {
    let channel = match &recorded.event {
        Event::NoticeEnded { notice, outcome: Outcome::Done(_) } => {
            story.events.iter().find_map(|asked| match &asked.event {
                Event::NoticeRequested { notice: number, channel, .. } if number == notice => Some(channel.as_str()),
                _ => None,
            })
        }
        Event::NodePassed { node, exec, .. } => {
            let step = names::step(&story.plan, *node).filter(|step| step.call.name == "notify.send");
            match step.and_then(|_| story.state.exec(*exec).args.get("channel")) {
                Some(Value::Channel(name)) => Some(name.as_str()),
                _ => None,
            }
        }
        _ => None,
    };
    Some((channel?, recorded.at))
}

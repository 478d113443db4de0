//! `test --format json`

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Tested, timeline};
use crate::base::time::Timestamp;
use crate::engine::event::Event;
use crate::sim::story::{End, Story};
use crate::sim::verdict::{Failure, causes, clock};

/// `{"title","passed","failures":[],"run":{…},"file","line"}`; of a test that failed also `misses`, one for each failure:
/// `{"file","line","expected","message","time_line":[{"at","words"}]}`.
#[must_use]
pub fn to_json(tested: &Tested<'_>) -> Json {
    let failures: Vec<String> = tested.trial.failures.iter().map(|failure| tested.words(failure)).collect();
    let (file, line) = tested.file_and_line(tested.at);
    let mut whole = json!({
        "title": tested.title,
        "passed": tested.passed(),
        "failures": failures,
        "run": tested.trial.story.as_ref().map(run),
        "file": file,
        "line": line,
    });
    if !tested.passed() {
        whole["misses"] = tested.trial.failures.iter().map(|failure| miss(tested, failure)).collect();
    }
    whole
}

/// Where it is expected, and what happened around the instant that it is about.
fn miss(tested: &Tested<'_>, failure: &Failure) -> Json {
    let (file, line) = tested.file_and_line(failure.at);
    let told = tested.trial.story.as_ref().map(|story| {
        let lines = timeline::around(story, failure.around).into_iter();
        lines.map(|line| json!({ "at": clock(story, line.at), "words": line.words })).collect::<Vec<Json>>()
    });
    json!({
        "file": file,
        "line": line,
        "expected": failure.expected,
        "message": failure.message,
        "time_line": told.unwrap_or_default(),
    })
}

/// `{"outcome","at_s","because","phases":[…],"traffic":[…],"events":n}`
#[must_use]
pub fn run(story: &Story) -> Json {
    let since = |at: Timestamp| seconds(at.since(story.script.start));
    let reason = causes(story).reason;
    let phases = story.plan.dag().map(|(index, phase)| {
        let state = story.state.phase(index);
        json!({
            "id": phase.id,
            "state": state.status.name(),
            "started_s": state.started_at.map(since),
            "ended_s": state.ended_at.map(since),
        })
    });
    let traffic = story.events.iter().filter_map(|recorded| match &recorded.event {
        Event::WeightSet { target, weight, .. } | Event::WeightRestored { target, weight, .. } => {
            Some(json!({ "at_s": since(recorded.at), "target": target, "weight": weight.to_f64() }))
        }
        _ => None,
    });
    let ended = matches!(story.end, End::Ended { .. } | End::Paused { .. });
    json!({
        "outcome": story.end.name(),
        "at_s": since(story.end.at()),
        "because": if reason.is_empty() || !ended { Json::Null } else { reason.into() },
        "phases": phases.collect::<Vec<_>>(),
        "traffic": traffic.collect::<Vec<_>>(),
        "events": story.count,
    })
}

/// Whole seconds as a whole number.
fn seconds(duration: Duration) -> Json {
    if duration.subsec_nanos() == 0 { duration.as_secs().into() } else { duration.as_secs_f64().into() }
}

//! Killed at every boundary, once and twice: it ends as it would have.

use std::time::Duration;

use super::cases::cases;
use super::exhaustive;
use super::machine::{Bug, Case, Ran, run, run_with_gap};
use phasegate::engine::event::Event;

/// What is wrong with a run that was killed, against one that was not.
pub fn compare(case: &Case, whole: &Ran, killed: &Ran, kills: &[usize]) -> Vec<String> {
    let mut wrong: Vec<String> = killed.violations.clone();
    let told = |what: &str, left: &dyn std::fmt::Debug, right: &dyn std::fmt::Debug| {
        format!("{what}: {left:?}, not {right:?}")
    };
    let (seen, expected) = (&killed.seen, &whole.seen);
    if seen.outcome != expected.outcome {
        wrong.push(told("outcome", &seen.outcome, &expected.outcome));
    }
    if seen.phases != expected.phases {
        wrong.push(told("phases", &seen.phases, &expected.phases));
    }
    if seen.effects != expected.effects {
        wrong.push(told("effects", &seen.effects, &expected.effects));
    }
    if seen.undone != expected.undone {
        wrong.push(told("undone", &seen.undone, &expected.undone));
    }
    if seen.weights != expected.weights {
        wrong.push(told("weights", &seen.weights, &expected.weights));
    }
    if seen.still_changed != expected.still_changed {
        wrong.push(told("still changed", &seen.still_changed, &expected.still_changed));
    }
    wrong.into_iter().map(|what| format!("{}, killed at {kills:?}: {what}", case.name)).collect()
}

/// Everything that goes wrong when a case is killed once, at each of its boundaries.
pub fn killed_once(case: &Case, bug: Bug) -> impl Iterator<Item = String> {
    let whole = run(case, &[], Bug::None);
    assert!(whole.seen.outcome.is_some(), "{}: the unbroken run ends", case.name);
    (0..whole.boundaries).flat_map(move |at| compare(case, &whole, &run(case, &[at], bug), &[at]))
}

fn report(wrong: &[String]) -> String {
    format!("{} faults, the first:\n{}", wrong.len(), wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n"))
}

#[test]
fn killed_at_any_boundary_a_run_ends_as_it_would_have() {
    let mut kills = 0;
    let mut wrong = Vec::new();
    for case in cases() {
        kills += run(&case, &[], Bug::None).boundaries;
        wrong.extend(killed_once(&case, Bug::None));
    }
    assert!(wrong.is_empty(), "{}", report(&wrong));
    assert!(kills > 1_000, "only {kills} kills");
}

#[test]
fn killed_again_on_its_way_back_a_run_ends_as_it_would_have() {
    let mut wrong = Vec::new();
    let mut pairs = 0;
    for case in cases() {
        let whole = run(&case, &[], Bug::None);
        let (stride, reach) = if exhaustive() { (1, usize::MAX) } else { (1 + whole.boundaries / 12, 4) };
        for first in (0..whole.boundaries).step_by(stride) {
            let rest = run(&case, &[first], Bug::None).boundaries;
            for second in (first + 1..rest).take(reach) {
                wrong.extend(compare(&case, &whole, &run(&case, &[first, second], Bug::None), &[first, second]));
                pairs += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", report(&wrong));
    assert!(pairs > 500, "only {pairs} pairs");
}

#[test]
fn gone_on_with_hours_later_a_run_without_deadlines_ends_as_it_would_have() {
    let timeless =
        ["a kill switch is tripped and taken back", "stopped with what it changed", "two ramps on one target"];
    let hours = Duration::from_secs(3 * 3_600);
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| timeless.contains(&case.name)) {
        let whole = run(case, &[], Bug::None);
        for at in 0..whole.boundaries {
            wrong.extend(compare(case, &whole, &run_with_gap(case, &[at], Bug::None, hours), &[at]));
        }
    }
    assert!(wrong.is_empty(), "{}", report(&wrong));
}

/// A matrix that never met a kind of statement would prove nothing about it.
#[test]
fn the_cases_use_every_kind_of_event() {
    let events: Vec<Event> =
        cases().iter().flat_map(|case| run(case, &[], Bug::None).journal).map(|recorded| recorded.event).collect();
    let names: std::collections::BTreeSet<String> = events
        .iter()
        .map(|event| {
            serde_json::to_value(event).expect("an event is JSON")["event"].as_str().expect("a name").to_owned()
        })
        .collect();
    for kind in [
        "phase_started",
        "phase_passed",
        "phase_failed",
        "phase_undone",
        "block_started",
        "block_ended",
        "node_started",
        "node_passed",
        "node_failed",
        "node_cancelled",
        "effect_requested",
        "effect_ended",
        "cancel_requested",
        "attempt_failed",
        "sampled",
        "hold_judged",
        "gate_judged",
        "weight_read",
        "weight_set",
        "weight_restored",
        "approval_asked",
        "approved",
        "trigger_fired",
        "notice_requested",
        "notice_ended",
        "paused",
        "cause_cleared",
        "resumed",
        "operator_acted",
        "stop_requested",
        "rollback_started",
        "undo_started",
        "undo_passed",
        "undo_failed",
        "hook_started",
        "hook_ended",
        "run_ended",
    ] {
        assert!(names.contains(kind), "no case has `{kind}`");
    }
}

//! Clocks that jump: time never goes back, and what nobody saw does not count towards a hold.

use std::time::Duration;

use phasegate::engine::event::{Event, Recorded, RunOutcome};
use phasegate::engine::turn::{Engine, Input};
use phasegate::steps::registry;

use super::cases::held;
use super::machine::{Bug, run, run_with_gap};
use super::support::{START, plan};

/// Ticks that a hold of the journal has seen.
fn seen_in_holds(journal: &[Recorded]) -> usize {
    let begun = journal.iter().position(|recorded| matches!(recorded.event, Event::HoldJudged { .. }));
    journal[begun.unwrap_or(0)..].iter().filter(|recorded| matches!(recorded.event, Event::Sampled { .. })).count()
}

#[test]
fn hours_that_nobody_saw_do_not_count_towards_a_hold() {
    let case = held();
    let whole = run(&case, &[], Bug::None);
    assert_eq!(whole.seen.outcome, Some(RunOutcome::Succeeded));
    let expected = seen_in_holds(&whole.journal);
    for at in 0..whole.boundaries {
        let late = run_with_gap(&case, &[at], Bug::None, Duration::from_secs(5 * 3_600));
        assert_eq!(late.seen.outcome, Some(RunOutcome::Succeeded), "killed at {at}");
        // Up to five samples may be missing at any time.
        let seen = seen_in_holds(&late.journal);
        assert!(seen + 6 >= expected, "killed at {at}: only {seen} samples of {expected}");
    }
}

#[test]
fn a_clock_that_jumps_back_stands_still_until_it_has_caught_up() {
    let plan = plan("/// For a test.\npipeline p { phase a { wait 1h } }");
    let registry = registry();
    let mut engine = Engine::new(&plan, &registry);
    let mut events =
        engine.turn(Input::Start { run_id: "r".to_owned(), actor: "ada".to_owned(), jobs: 1 }, START).events;
    for minutes in [10, -600, 0, 59, -60 * 24 * 3, 60] {
        let micros = START.0 + minutes * 60_000_000;
        events.extend(engine.turn(Input::Tick, phasegate::base::time::Timestamp(micros)).events);
    }
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "{events:#?}");
    assert_eq!(engine.state().outcome, Some(RunOutcome::Succeeded));
    assert_eq!(events.last().map(|last| last.at), Some(START.plus(Duration::from_secs(3_600))));
}

//! Planted bugs: a matrix that does not find them is worth nothing.

use super::cases::cases;
use super::kills::killed_once;
use super::machine::Bug;

fn finds(bug: Bug, said: &str) {
    let cases = cases();
    let mut found = cases.iter().flat_map(|case| killed_once(case, bug));
    assert!(found.any(|fault| fault.contains(said)), "{bug:?} is not found");
}

#[test]
fn performing_before_recording_is_found() {
    finds(Bug::PerformsBeforeRecording, "effects");
}

#[test]
fn a_disk_that_says_too_early_that_it_has_written_is_found() {
    finds(Bug::AcknowledgesTooEarly, "effects");
}

#[test]
fn recording_only_what_has_ended_is_found() {
    finds(Bug::RecordsOutcomesOnly, "effects");
}

#[test]
fn guessing_what_became_of_an_effect_is_found() {
    finds(Bug::Guesses, "was done again");
    finds(Bug::GuessesDone, "effects");
}

#[test]
fn obeying_before_recording_is_found() {
    finds(Bug::ObeysBeforeRecording, "outcome");
}

//! Killed at every write of the journal, and with a disk that fails from a certain write on.

use std::thread;

use super::place::{Place, is_killed, said};
use super::tracing::{Meddling, strace_works, traced};

/// It waits until somebody approves: from there on it is traced.
const PROGRAM: &str = r#"
use std.exec
/// For a test.
pipeline p {
  phase a {
    approve "go on?" within 8h
    step one = exec(["sh", "act.sh", "a.one"]) timeout 60s undo exec(["sh", "act.sh", "-a.one"])
    step two = exec(["sh", "act.sh", "a.two"]) timeout 60s undo exec(["sh", "act.sh", "-a.two"])
  }
  phase c after a { step last = exec(["sh", "act.sh", "c.last", "@FAILS@"]) timeout 60s undo exec(["sh", "act.sh", "-c.last"]) }
}
"#;

const FORWARD: [&str; 3] = ["a.one", "a.two", "c.last"];
const BACK: [&str; 3] = ["-c.last", "-a.two", "-a.one"];

/// A run that waits to be approved, and whose process is gone.
fn waiting(fails: bool) -> Place {
    let place = Place::with(&PROGRAM.replace("@FAILS@", if fails { "c.last" } else { "" }));
    if fails {
        place.write("fails", "");
    }
    place.killed_when_it_says(&["run", "p.deploy"], "waits for approval");
    place
}

/// Killed at call after call, until there is none left to be killed at.
fn killed_at_each(calls: &str, prepare: impl Fn() -> Place, words: &str, judge: impl Fn(&Place, usize)) -> usize {
    for number in 1..200 {
        let place = prepare();
        let run = place.run();
        let when = number.to_string();
        let meddling = Meddling { calls, how: "signal=SIGKILL", when: &when, on_journal: true };
        if !is_killed(&traced(&place, meddling, &[words, &run])) {
            return number - 1;
        }
        judge(&place, number);
    }
    panic!("it is always killed");
}

#[test]
fn killed_at_any_write_of_the_journal_the_program_ends_as_it_would_have() {
    if !strace_works() {
        return;
    }
    for calls in ["pwrite64", "fsync,fdatasync"] {
        let kills = killed_at_each(
            calls,
            || waiting(true),
            "approve",
            |place, number| {
                assert_eq!(place.go_on(), "rolled_back", "{calls} {number}");
                assert_eq!(place.lines("once"), [FORWARD, BACK].concat(), "{calls} {number}");
            },
        );
        assert!(kills >= 6, "only {kills} kills at {calls}");
    }
}

#[test]
fn a_rollback_that_is_killed_at_any_write_takes_everything_back_once_and_in_order() {
    if !strace_works() {
        return;
    }
    let succeeded = || {
        let place = waiting(false);
        place.says(&["approve"], 0);
        place
    };
    for calls in ["pwrite64", "fsync,fdatasync"] {
        let kills = killed_at_each(calls, succeeded, "rollback", |place, number| {
            place.await_the_dead();
            if place.status()["status"] == "succeeded" {
                // The command never became durable: it is given again.
                assert_eq!(place.lines("once"), FORWARD, "{calls} {number}");
                place.says(&["rollback", &place.run()], 3);
            }
            assert_eq!(place.go_on(), "rolled_back", "{calls} {number}");
            assert_eq!(place.lines("once"), [FORWARD, BACK].concat(), "{calls} {number}");
        });
        assert!(kills >= 6, "only {kills} kills at {calls}");
    }
}

/// From this write on the disk takes nothing more, for longer than anybody waits.
fn left_by(calls: &'static str, how: &'static str, when: &'static str, cause: &'static str) {
    let place = waiting(false);
    let run = place.run();
    let meddling = Meddling { calls, how, when, on_journal: true };
    let output = traced(&place, meddling, &["approve", &run]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(6), "{meddling:?}: {text}");
    assert!(text.contains("could not be written") && text.contains(cause), "{meddling:?}: {text}");
    assert!(text.contains("nothing new is begun until it can be written"), "{meddling:?}: {text}");
    assert!(text.contains("left after") && !text.contains("succeeded"), "what nobody will know is not said: {text}");
    let status = place.status();
    let doubts: Vec<&str> =
        status["in_doubt"].as_array().unwrap().iter().map(|it| it["node"].as_str().unwrap()).collect();
    let [node] = doubts.as_slice() else { panic!("{meddling:?}: {status:#}") };
    assert!(text.contains(&format!("in doubt: `{node}`")), "{text}");
    // What was asked for and never became durable was never begun either: of that there is nothing to tell.
    let seen = text.contains("what was seen of it and could not be written: it has ended well");
    assert_eq!(seen, place.lines("once").iter().any(|line| line == node), "{meddling:?}: {text}");
    let way_on =
        format!("put that right, then say what became of `{node}`: phasegate resolve {run} {node} done|redo|undo");
    assert!(text.contains(&way_on), "{text}");
    assert_eq!(place.go_on(), "succeeded", "{meddling:?}");
    assert_eq!(place.lines("once"), FORWARD, "{meddling:?}");
}

#[test]
fn a_disk_that_fails_in_the_middle_leaves_the_run_and_says_what_is_in_doubt() {
    if !strace_works() {
        return;
    }
    let faults = [
        ("pwrite64", "error=ENOSPC", "3+", "the disk is full: make room"),
        ("pwrite64", "error=ENOSPC", "6+", "the disk is full: make room"),
        ("pwrite64", "error=EROFS", "5+", "the disk failed or is full: see to it"),
        ("pwrite64", "error=EIO", "4+", "the disk failed or is full: see to it"),
        ("fsync,fdatasync", "error=EIO", "3+", "the disk failed or is full: see to it"),
    ];
    let tried: Vec<_> =
        faults.map(|(calls, how, when, cause)| thread::spawn(move || left_by(calls, how, when, cause))).into();
    tried.into_iter().for_each(|tried| tried.join().unwrap());
}

#[test]
fn a_disk_that_fails_for_a_moment_is_told_and_the_run_ends_as_it_would_have() {
    if !strace_works() {
        return;
    }
    for (calls, how) in [("pwrite64", "error=ENOSPC"), ("fsync,fdatasync", "error=EIO")] {
        let place = waiting(true);
        let run = place.run();
        let output = traced(&place, Meddling { calls, how, when: "3", on_journal: true }, &["approve", &run]);
        assert_eq!(output.status.code(), Some(3), "{how}: {}", said(&output));
        assert!(said(&output).contains("could not be written"), "{how}: {}", said(&output));
        assert_eq!(place.lines("once"), [FORWARD, BACK].concat(), "{how}");
    }
}

//! The engine against LANGUAGE: whole programs in virtual time, with a scripted world.

mod support;

use std::time::Duration;

use phasegate::base::time::Timestamp;
use phasegate::engine::event::{Event, RunOutcome};
use phasegate::engine::state::PhaseStatus;
use phasegate::engine::turn::{Answer, Command};
use phasegate::plan::program::Plan;
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use support::{Behaviour, START, Script, plan};

struct Ran {
    outcome: Option<RunOutcome>,
    /// Minutes from the start to the last event that was not a sample.
    minutes: f64,
    reason: String,
    because: Vec<String>,
    log: Vec<String>,
    phases: Vec<(String, PhaseStatus)>,
    paused: bool,
    still_changed: Vec<String>,
}

fn run_with(plan: &Plan, script: Script, commands: &[(u64, Command)]) -> Ran {
    let registry = registry();
    let mut simulation = Simulation::start(plan, &registry, script, START);
    for (minute, command) in commands {
        simulation.command(START.plus(Duration::from_secs(minute * 60)), command.clone());
    }
    simulation.run_until(simulation.now().plus(DAYS));
    let state = simulation.state();
    let ended = simulation.events.iter().rev().find(|event| !matches!(event.event, Event::Sampled { .. }));
    let ended = ended.map_or(START, |event| event.at);
    Ran {
        outcome: state.outcome,
        minutes: ended.since(START).as_secs_f64() / 60.0,
        reason: state.reason.clone(),
        because: state.because.clone(),
        log: simulation.world().log(),
        phases: plan.phases.iter().zip(&state.phases).map(|(phase, state)| (phase.id.clone(), state.status)).collect(),
        paused: state.is_paused(),
        still_changed: state.still_changed.clone(),
    }
}

fn run(source: &str, script: Script) -> Ran {
    run_with(&plan(source), script, &[])
}

fn status(ran: &Ran, phase: &str) -> PhaseStatus {
    ran.phases.iter().find(|(id, _)| id == phase).unwrap_or_else(|| panic!("no phase {phase}")).1
}

/// Longer than any of these runs takes.
const DAYS: Duration = Duration::from_secs(3 * 86_400);

const METRICS: &str = r#"
use std.{shell, traffic}
metrics m from http("http://127.0.0.1:1/") every 1m { errors: ratio = json("errors")  p95: float = json("p95") }
"#;

fn program(body: &str) -> String {
    format!("{METRICS}\n/// For a test.\npipeline p {{\n{body}\n}}")
}

fn healthy(_: &str, _: f64) -> Option<f64> {
    Some(0.0)
}

const RAMP: &str = r#"
phase canary {
  step enable = shell("enable") timeout 1m undo shell("disable")
  ramp traffic.http("http://127.0.0.1:2/") through 5%, 25%, 100% { hold 10m { require m.errors <= 1% } }
}"#;

#[test]
fn a_healthy_canary_is_promoted_weight_by_weight() {
    let ran = run(&program(RAMP), Script::new().metrics(healthy));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, ["enable", "weight 5", "weight 25", "weight 100"]);
    assert!((ran.minutes - 30.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn a_violated_hold_takes_the_weight_back_first_and_then_every_change() {
    let bad = |_: &str, minute: f64| Some(if minute >= 13.0 { 0.05 } else { 0.0 });
    let ran = run(&program(RAMP), Script::new().metrics(bad));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert_eq!(ran.log, ["enable", "weight 5", "weight 25", "weight 0", "disable"]);
    assert!((ran.minutes - 13.0).abs() < 1e-9, "{}", ran.minutes);
    assert!(ran.because.contains(&"m.errors".to_owned()), "{:?}", ran.because);
    assert_eq!(status(&ran, "canary"), PhaseStatus::Undone);
}

#[test]
fn a_trigger_fires_after_its_for_counted_between_the_first_and_last_bad_sample() {
    let source = program(&format!("{RAMP}\nrollback when m.p95 > 2.0 for 5m else \"slow\""));
    let slow = |field: &str, minute: f64| Some(if field == "p95" && minute >= 7.0 { 3.0 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(slow));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 12.0).abs() < 1e-9, "{}", ran.minutes);
    assert!(ran.because.contains(&"slow".to_owned()) && ran.because.contains(&"m.p95".to_owned()));
}

#[test]
fn three_bad_samples_with_an_unknown_between_still_fire_but_one_good_sample_resets() {
    let source = program(&format!("{RAMP}\nrollback when m.p95 > 2.0 for 3 samples"));
    let with_gap = |field: &str, minute: f64| match (field, minute as i64) {
        ("p95", 2 | 4 | 5) => Some(3.0),
        ("p95", 3) => None,
        _ => Some(0.0),
    };
    let ran = run(&source, Script::new().metrics(with_gap));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 5.0).abs() < 1e-9);
    let with_reset = |field: &str, minute: f64| match (field, minute as i64) {
        ("p95", 2 | 3 | 5 | 6) => Some(3.0),
        _ => Some(0.0),
    };
    let ran = run(&source, Script::new().metrics(with_reset));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
}

#[test]
fn after_five_samples_the_fifth_is_the_first_to_be_judged() {
    let source = program(&format!("{RAMP}\nrollback when m.p95 > 2.0 after 5 samples"));
    let slow = |field: &str, _: f64| Some(if field == "p95" { 3.0 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(slow));
    assert!((ran.minutes - 4.0).abs() < 1e-9, "{}", ran.minutes);
    let source = program(&format!("{RAMP}\nrollback when m.p95 > 2.0 after 10m"));
    let ran = run(&source, Script::new().metrics(slow));
    assert!((ran.minutes - 10.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn a_trigger_in_a_ramp_holds_for_all_of_its_weights() {
    let triggered = RAMP.replace("hold 10m {", "rollback when m.p95 > 2.0 for 15m else \"slow\"\n hold 10m {");
    let slow = |field: &str, minute: f64| Some(if field == "p95" && minute >= 2.0 { 3.0 } else { 0.0 });
    let ran = run(&program(&triggered), Script::new().metrics(slow));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack), "{}", ran.reason);
    // Eight minutes under the first weight (2m to 10m), seven under the second; the minute between them does not count.
    assert!((ran.minutes - 18.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn no_data_is_not_good_news_the_fifth_unknown_sample_pauses_the_run() {
    let blind = |_: &str, minute: f64| if minute >= 3.0 { None } else { Some(0.0) };
    let ran = run(&program(RAMP), Script::new().metrics(blind));
    assert_eq!(ran.outcome, None);
    assert!(ran.paused);
    assert!((ran.minutes - 7.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn a_pause_for_missing_data_ends_by_itself_and_the_hold_gets_its_time_back() {
    let gap = |_: &str, minute: f64| if (3.0..20.0).contains(&minute) { None } else { Some(0.0) };
    let ran = run(&program(RAMP), Script::new().metrics(gap));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    // Paused from the fifth unknown sample (7m) to the first known one (20m): thirteen minutes more.
    assert!((ran.minutes - 43.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn missing_breach_counts_as_bad_from_the_fifth_unknown_sample_on() {
    let source = program(&format!("{RAMP}\nrollback when m.p95 > 2.0 missing breach else \"blind\""));
    let blind = |field: &str, minute: f64| if field == "p95" && minute >= 3.0 { None } else { Some(0.0) };
    let ran = run(&source, Script::new().metrics(blind));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 7.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn a_hold_without_any_data_does_not_end_well_before_its_breach_has_lasted_for_its_for() {
    let source = program("phase soak { hold 5m { require m.errors <= 1% for 3 samples missing breach } }");
    let ran = run(&source, Script::new().metrics(|_, _| None));
    assert_ne!(ran.outcome, Some(RunOutcome::Succeeded));
    // Missing for the fifth time at 4m: the third breach is the sample behind the hold's end.
    assert!((ran.minutes - 6.0).abs() < 1e-9, "{}", ran.minutes);
    let back = |_: &str, minute: f64| (minute >= 6.0).then_some(0.0);
    let ran = run(&source, Script::new().metrics(back));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert!((ran.minutes - 6.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn a_hold_tolerates_a_violation_shorter_than_its_for() {
    let source = program("phase soak { hold 30m { require m.errors <= 1% for 10m } }");
    let spike = |_: &str, minute: f64| Some(if (5.0..14.0).contains(&minute) { 0.5 } else { 0.0 });
    assert_eq!(run(&source, Script::new().metrics(spike)).outcome, Some(RunOutcome::Succeeded));
    let long = |_: &str, minute: f64| Some(if (5.0..16.0).contains(&minute) { 0.5 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(long));
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
    assert!((ran.minutes - 15.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn a_gate_reports_every_condition_and_a_false_one_fails_the_phase() {
    let source = program(
        r#"phase check { step s = shell("change") timeout 1m undo shell("unchange")
        gate "fit" { require m.errors <= 1%  require m.p95 <= 1.0 } }"#,
    );
    let bad = |_: &str, _: f64| Some(5.0);
    let ran = run(&source, Script::new().metrics(bad));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!(ran.reason.contains("m.errors") && ran.reason.contains("m.p95"), "{}", ran.reason);
    assert_eq!(ran.log, ["change", "unchange"]);
}

#[test]
fn an_undecided_gate_pauses_and_is_judged_again_when_a_person_resumes() {
    let source = program("phase check { gate { require m.errors <= 1% } }");
    let late = |_: &str, minute: f64| if minute >= 4.0 { Some(0.0) } else { None };
    let ran = run_with(&plan(&source), Script::new().metrics(late), &[(6, Command::Resume)]);
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert!((ran.minutes - 6.0).abs() < 1e-9, "{}", ran.minutes);
    let ran = run(&source, Script::new());
    assert!(ran.paused && ran.outcome.is_none());
}

#[test]
fn retries_pause_twice_as_long_each_time_and_a_timeout_is_a_failure() {
    let source =
        program(r#"phase a { step s = shell("flaky") timeout 1m retry 3 backoff 10s..1m undo shell("undo") }"#);
    let ran = run(&source, Script::new().fails("flaky", 3));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert!((ran.minutes - 70.0 / 60.0).abs() < 1e-6, "{}", ran.minutes);
    let ran = run(&source, Script::new().takes("flaky", 3600));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!(ran.reason.contains("timed out after 1m"), "{}", ran.reason);
    assert_eq!(ran.log, ["flaky", "flaky", "flaky", "flaky", "undo"]);
}

#[test]
fn a_rollback_takes_back_in_reverse_topological_order() {
    let source = program(
        r#"
phase a { step s = shell("a1") timeout 1m undo shell("-a1")  step t = shell("a2") timeout 1m undo shell("-a2") }
phase b after a { step s = shell("b") timeout 1m undo shell("-b") }
phase c after b { step s = shell("c") timeout 1m undo shell("-c") }"#,
    );
    let ran = run(&source, Script::new().fails("c", 1));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    // The failed change counts as begun.
    assert_eq!(ran.log, ["a1", "a2", "b", "c", "-c", "-b", "-a2", "-a1"]);
    assert_eq!(status(&ran, "a"), PhaseStatus::Undone);
}

#[test]
fn a_failed_undo_does_not_stop_the_others_and_is_named() {
    let source = program(
        r#"
phase a { step s = shell("a") timeout 1m undo shell("-a") }
phase b after a { step s = shell("b") timeout 1m undo shell("-b") }
phase c after b { step s = shell("c") timeout 1m undo shell("-c") }"#,
    );
    let ran = run(&source, Script::new().fails("c", 1).fails("-b", 9));
    assert_eq!(ran.outcome, Some(RunOutcome::RollbackFailed));
    assert_eq!(ran.still_changed, ["b.s"]);
    assert_eq!(ran.log, ["a", "b", "c", "-c", "-b", "-a"]);
}

#[test]
fn side_by_side_phases_run_together_and_one_failure_cancels_the_other() {
    let source = program(
        r#"
phase a { step s = shell("slow") timeout 1h undo shell("-slow") }
phase b { step s = shell("quick") timeout 1m undo shell("-quick") }"#,
    );
    let script = Script::new()
        .takes("slow", 1800)
        .command("quick", Behaviour { fails: 1, takes: Duration::from_secs(60), stdout: String::new() });
    let ran = run(&source, script);
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 1.0).abs() < 1e-9, "{}", ran.minutes);
    let mut undone = ran.log[2..].to_vec();
    undone.sort();
    assert_eq!(undone, ["-quick", "-slow"]);
}

#[test]
fn on_failure_continue_lets_the_run_succeed_and_stop_leaves_changes() {
    let continued = program(
        r#"
phase a { on failure continue  step s = shell("a") timeout 1m undo shell("-a") }
phase b after a { step s = shell("b") timeout 1m undo shell("-b") }"#,
    );
    let ran = run(&continued, Script::new().fails("a", 1));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert_eq!(ran.log, ["a", "b"]);
    assert_eq!(status(&ran, "a"), PhaseStatus::Failed);
    let stopped = continued.replace("continue", "stop");
    let ran = run(&stopped, Script::new().fails("a", 1));
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
    assert_eq!(ran.log, ["a"]);
    assert_eq!(status(&ran, "b"), PhaseStatus::Skipped);
}

#[test]
fn a_failure_that_changed_nothing_stops_the_run_as_failed() {
    let source = program(r#"phase a { step s = shell("look") effect reads timeout 1m }"#);
    let ran = run(&source, Script::new().fails("look", 1));
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
}

#[test]
fn the_weight_goes_back_even_when_the_phase_continues() {
    let source = program(&RAMP.replace("phase canary {", "phase canary { on failure continue"));
    let bad = |_: &str, minute: f64| Some(if minute >= 3.0 { 0.05 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(bad));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert_eq!(ran.log, ["enable", "weight 5", "weight 0"]);
}

#[test]
fn rollback_phase_takes_back_its_phase_and_then_applies_its_policy() {
    let source = program(
        r#"
phase a { step s = shell("a") timeout 1m undo shell("-a") }
phase b after a { on failure stop
  step s = shell("b") timeout 1m undo shell("-b")
  hold 10m { require m.errors <= 50% }
  rollback phase when m.p95 > 2.0 for 2 samples else "slow" }"#,
    );
    let slow = |field: &str, minute: f64| Some(if field == "p95" && minute >= 3.0 { 3.0 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(slow));
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
    assert_eq!(ran.log, ["a", "b", "-b"]);
    assert_eq!(status(&ran, "b"), PhaseStatus::Undone);
    assert_eq!(status(&ran, "a"), PhaseStatus::Passed);
}

#[test]
fn two_ramps_on_one_target_go_back_to_what_was_before_the_first() {
    let ramp = |phase: &str, after: &str| {
        format!(
            "phase {phase} {after} {{ ramp traffic.http(\"http://127.0.0.1:2/\") through 5%, 100% {{ hold 5m {{ require m.errors <= 1% }} }} }}"
        )
    };
    let source = program(&format!("{}\n{}", ramp("a", ""), ramp("b", "after a")));
    let bad = |_: &str, minute: f64| Some(if minute >= 12.0 { 0.05 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(bad));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert_eq!(ran.log, ["weight 5", "weight 100", "weight 5", "weight 0"]);
    assert!(ran.still_changed.is_empty(), "{:?}", ran.still_changed);
}

#[test]
fn a_weight_that_another_ramp_took_back_is_not_told_as_that_of_now() {
    let source = program(
        r#"phase a { ramp traffic.http("http://127.0.0.1:2/") through 5%, 20% {} }
  phase b after a { ramp traffic.http("http://127.0.0.1:2/") through 50%, 100% { hold 5m { require m.errors <= 1% } } }"#,
    );
    let bad = |_: &str, minute: f64| Some(if minute >= 7.0 { 0.05 } else { 0.0 });
    let (plan, registry) = (plan(&source), registry());
    let mut simulation = Simulation::start(&plan, &registry, Script::new().metrics(bad), START);
    simulation.run_until(simulation.now().plus(DAYS));
    assert_eq!(simulation.state().outcome, Some(RunOutcome::RolledBack));
    let picture = phasegate::report::run::picture::draw(&plan, simulation.state(), simulation.now());
    let phase = |name: &str| picture.iter().find(|line| line.contains(name)).cloned().unwrap_or_default();
    assert!(phase("↺ a ").ends_with("weight 0%"), "{picture:#?}");
    assert!(!phase("↺ b ").is_empty() && !phase("↺ b ").contains("weight"), "{picture:#?}");
}

#[test]
fn samples_from_before_a_weight_do_not_count_and_the_lag_neither() {
    let source =
        format!("{}\n/// For a test.\npipeline p {{ {RAMP} }}", METRICS.replace("every 1m", "every 1m lag 3m"));
    // The minutes behind a change of weight are bad; with the lag nobody looks at them.
    let jumpy = |_: &str, minute: f64| Some(if matches!((minute as i64) % 10, 1 | 2) { 0.9 } else { 0.0 });
    let ran = run(&source, Script::new().metrics(jumpy));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
}

#[test]
fn an_approval_waits_for_a_person_and_expires() {
    let source = program(
        r#"phase a { approve "the release manager" within 2h  step s = shell("go") timeout 1m undo shell("-go") }"#,
    );
    let approve = Command::Approve { node: None, groups: Vec::new() };
    let ran = run_with(&plan(&source), Script::new(), &[(30, approve)]);
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert!((ran.minutes - 30.0).abs() < 1e-9);
    let ran = run(&source, Script::new());
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
    assert!((ran.minutes - 120.0).abs() < 1e-9, "{}", ran.minutes);
    let aborting = source.replace("within 2h", "within 2h else abort");
    assert_eq!(run(&aborting, Script::new()).outcome, Some(RunOutcome::Aborted));
}

#[test]
fn an_operator_pauses_and_resumes_and_the_hold_stands_still_meanwhile() {
    let source = program("phase soak { hold 30m { require m.errors <= 1% } }");
    let ran = run_with(&plan(&source), Script::new().metrics(healthy), &[(10, Command::Pause), (50, Command::Resume)]);
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert!((ran.minutes - 70.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn an_abort_stops_and_undoes_nothing() {
    let ran = run_with(&plan(&program(RAMP)), Script::new().metrics(healthy), &[(4, Command::Abort)]);
    assert_eq!(ran.outcome, Some(RunOutcome::Aborted));
    assert_eq!(ran.log, ["enable", "weight 5"]);
    assert_eq!(ran.still_changed, ["canary.enable", "canary.ramp1"]);
}

#[test]
fn an_operator_takes_back_a_run_that_has_succeeded() {
    let ran = run_with(&plan(&program(RAMP)), Script::new().metrics(healthy), &[(60, Command::Rollback)]);
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert_eq!(ran.log, ["enable", "weight 5", "weight 25", "weight 100", "weight 0", "disable"]);
}

#[test]
fn past_its_timeout_every_running_phase_fails() {
    let source = program("timeout 15m\nphase slow { step s = shell(\"slow\") undo shell(\"-slow\") }");
    let ran = run(&source, Script::new().takes("slow", 3600));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 15.0).abs() < 1e-9);
    assert!(ran.reason.contains("timeout"), "{}", ran.reason);
    assert_eq!(ran.log, ["slow", "-slow"]);
}

#[test]
fn a_phase_waits_for_its_window() {
    // The runs of these tests start on a Monday at 10:00.
    let late = program(
        r#"phase a { wait 10m }
phase b after a { window "Mon-Fri 12:00-13:00 UTC" step shell("now") timeout 1m undo shell("back") }
phase c after a { window "Mon-Fri 09:00-16:00 UTC" step shell("soon") timeout 1m undo shell("back") }"#,
    );
    let ran = run(&late, Script::new());
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert_eq!(ran.log, ["soon", "now"]);
    assert!((ran.minutes - 120.0).abs() < 1e-9, "{}", ran.minutes);
    cut_everywhere(&late, &Script::new);

    let of_the_pipeline = program("window \"Tue 10:00-11:00 UTC\"\nphase a { wait 10m }");
    let ran = run(&of_the_pipeline, Script::new());
    assert!((ran.minutes - (24.0 * 60.0 + 10.0)).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn nothing_that_changes_anything_starts_in_a_freeze() {
    let body = program(
        r#"phase look { step shell("look") effect reads timeout 1m }
phase change { step shell("change") timeout 1m undo shell("back") }
phase later after look { wait 10m }"#,
    );
    let source =
        format!("{body}\nfreeze sale from time(\"2025-01-06T00:00:00Z\") to time(\"2025-01-06T13:00:00+01:00\")");
    let ran = run(&source, Script::new());
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded));
    assert_eq!(ran.log, ["look", "change"]);
    assert!((ran.minutes - 120.0).abs() < 1e-9, "{}", ran.minutes);
    let over = source.replace("06T13:00:00+01:00", "06T10:00:00Z");
    assert!(run(&over, Script::new()).minutes < 11.0, "its end does not belong to it");
}

#[test]
fn a_window_that_opens_too_late_meets_the_timeout() {
    let source = program("timeout 1h\nphase a { window \"Tue 10:00-11:00 UTC\" wait 1m }");
    let ran = run(&source, Script::new());
    assert_eq!(ran.outcome, Some(RunOutcome::Failed), "{:?}", ran.log);
    assert!((ran.minutes - 60.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn hooks_run_after_the_outcome_is_known() {
    let source = program(&format!(
        "{RAMP}\non start {{ shell(\"hello\") }}\non success {{ shell(\"well\") }}\non rollback {{ shell(\"back\") }}\non end {{ shell(\"bye\") }}"
    ));
    let ran = run(&source, Script::new().metrics(healthy));
    assert_eq!(ran.log, ["hello", "enable", "weight 5", "weight 25", "weight 100", "well", "bye"]);
    let ran = run(&source, Script::new().metrics(|_, _| Some(0.9)));
    assert_eq!(ran.log, ["hello", "enable", "weight 5", "weight 0", "disable", "back", "bye"]);
}

#[test]
fn a_pause_trigger_waits_for_a_person_and_fires_once() {
    let source = program("phase soak { hold 30m { require m.errors <= 50% }  pause when m.p95 > 2.0 }");
    let slow = |field: &str, minute: f64| Some(if field == "p95" && minute >= 10.0 { 3.0 } else { 0.0 });
    let ran = run_with(&plan(&source), Script::new().metrics(slow), &[(20, Command::Resume)]);
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert!((ran.minutes - 40.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn outputs_flow_and_a_typed_step_reads_its_json_through_the_encodings() {
    let source = r#"
use std.shell
type Bench = { p95: duration(ms), share: ratio(%) }
/// For a test.
pipeline p {
  phase bench { step now: Bench = shell("bench") effect reads timeout 1m
    gate { require now.p95 <= 150ms  require now.share == 100% } }
  phase tell after bench { step s = shell("tell ${bench.now.p95}") effect tells timeout 1m }
}"#;
    let output = Behaviour { stdout: r#"{"p95": 120, "share": 100}"#.to_owned(), ..Behaviour::default() };
    let ran = run(source, Script::new().command("bench", output));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, ["bench", "tell 120ms"]);
    let ran = run(source, Script::new());
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
    assert!(ran.reason.contains("no JSON"), "{}", ran.reason);
}

/// Cut the journal after every event and go on: it ends identically, and nothing is done twice that may not be.
fn cut_everywhere(source: &str, script: &dyn Fn() -> Script) {
    let plan = plan(source);
    let registry = registry();
    let mut whole = Simulation::start(&plan, &registry, script(), START);
    whole.run_until(START.plus(DAYS));
    let outcome = whole.state().outcome;
    assert!(outcome.is_some(), "the uncut run ends");
    let log = whole.world().log();
    for cut in 1..whole.events.len() {
        let journal = &whole.events[..cut];
        let world = script();
        // The world has seen what the journal says it has seen, and perhaps the one effect that was under way.
        replay_world(&world, &plan, journal);
        let mut again = Simulation::recover(&plan, &registry, world, journal);
        again.run_until(again.now());
        let mut answers = 0;
        while again.state().outcome.is_none() && answers < 10 {
            answers += 1;
            let doubt = again
                .state()
                .running()
                .find(|exec| exec.forward.in_doubt || exec.undo.as_ref().is_some_and(|undo| undo.work.in_doubt));
            let doubt = doubt.map(|exec| plan.node(exec.node).id.clone());
            let Some(node) = doubt else { break };
            let at: Timestamp = again.now();
            again.command(at, Command::Resolve { node, answer: Answer::Redo, output: None });
            again.run_until(at);
        }
        again.run_until(again.now().plus(DAYS));
        assert_eq!(again.state().outcome, outcome, "cut after event {cut}: {:?}", journal.last());
        let end = again.world().log();
        assert_eq!(end, log, "cut after event {cut}: {:?}", journal.last());
    }
}

/// Puts a fresh world in the state that the finished effects of a journal left it in.
fn replay_world(world: &Script, plan: &Plan, journal: &[phasegate::engine::event::Recorded]) {
    use phasegate::sim::{Asked, World as _};
    let mut world = world.clone();
    let state = phasegate::engine::state::State::new(plan);
    let finished = |key| {
        journal.iter().any(|event| matches!(&event.event, Event::EffectEnded { key: other, .. } if *other == key))
    };
    for event in journal {
        if let Event::EffectRequested { key, effect, .. } = &event.event
            && finished(*key)
        {
            let _ = world.perform(Asked { key: *key, effect, now: event.at, state: &state });
        }
    }
}

#[test]
fn a_journal_cut_after_any_event_of_a_passing_run_ends_the_same() {
    cut_everywhere(&program(RAMP), &|| Script::new().metrics(healthy));
}

#[test]
fn a_journal_cut_after_any_event_of_a_rolled_back_run_ends_the_same() {
    let bad = |_: &str, minute: f64| Some(if minute >= 13.0 { 0.05 } else { 0.0 });
    cut_everywhere(&program(RAMP), &|| Script::new().metrics(bad));
}

#[test]
fn a_journal_cut_after_any_event_of_a_failed_run_ends_the_same() {
    let source = program(
        r#"
phase a { on failure stop  step s = shell("a") timeout 1m undo shell("-a")  step t = shell("t") timeout 1m retry 1 undo shell("-t") }
on failure { shell("sorry") }"#,
    );
    cut_everywhere(&source, &|| Script::new().fails("t", 2));
}

#[test]
fn a_journal_cut_after_any_event_of_a_run_with_gates_ends_the_same() {
    let source = program(
        "phase a { step s = shell(\"a\") timeout 1m undo shell(\"-a\") gate { require s.exit_code == 0 } \
         gate { require s.exit_code > 0 } }",
    );
    cut_everywhere(&source, &Script::new);
}

#[test]
fn a_cusum_finds_a_small_shift_that_lasts() {
    let source = program(
        "phase soak { hold 5h { require m.errors <= 50% }\n rollback when cusum(m.p95, target: 1.0, sigma: 0.1).alarm for 2 samples else \"shift\" }",
    );
    // 1.2 sigma up from minute 60: C+ grows by 0.7 a sample and is above 5 with the eighth, at 67m.
    let shifted =
        |field: &str, minute: f64| Some(if field == "p95" { if minute >= 60.0 { 1.12 } else { 1.0 } } else { 0.0 });
    let ran = run(&source, Script::new().metrics(shifted));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 68.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn windows_baselines_and_means_are_taken_from_the_samples() {
    let source = program(
        "phase wait { wait 2h }\nphase soak after wait { hold 30m { require mean(m.p95, 5m) <= baseline(m.p95, 1h) * 2\n require ewma(m.p95, half_life: 5m) <= 3.5 } }",
    );
    let doubled =
        |field: &str, minute: f64| Some(if field == "p95" { if minute >= 130.0 { 4.0 } else { 1.0 } } else { 0.0 });
    let ran = run(&source, Script::new().metrics(doubled));
    assert_eq!(ran.outcome, Some(RunOutcome::Failed));
    // Samples at 126..=130m: 1, 1, 1, 1, 4 is a mean of 1.6; 127..=131m of 2.2.
    assert!((ran.minutes - 131.0).abs() < 1e-9, "{}", ran.minutes);
}

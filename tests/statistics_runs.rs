//! Evidence in whole runs: comparisons, chosen limits, probes, and the arithmetic that verdicts print.

mod support;

use std::time::Duration;

use phasegate::base::time::Timestamp;
use phasegate::contract::effect::Outcome;
use phasegate::contract::held::Held;
use phasegate::contract::samples::{Sample, Samples};
use phasegate::contract::types::Type;
use phasegate::contract::value::Value;
use phasegate::engine::event::{Event, RunOutcome};
use phasegate::model::expr::ExprKind;
use phasegate::plan::program::{GroupIndex, Plan};
use phasegate::sim::{Asked, Simulation, World};
use phasegate::steps::registry;
use support::{START, Script, plan};

struct Ran {
    outcome: Option<RunOutcome>,
    minutes: f64,
    reason: String,
    paused: bool,
    pauses: usize,
    log: Vec<String>,
}

/// A script whose boolean metrics are true from one half on.
struct Scripted(Script);

impl World for Scripted {
    fn perform(&mut self, asked: Asked<'_>) -> (Outcome, Duration) {
        self.0.perform(asked)
    }

    fn sample(&mut self, plan: &Plan, group: GroupIndex, tick: Timestamp) -> Samples {
        let samples = self.0.sample(plan, group, tick);
        let types = &plan.group(group).fields;
        let typed = |(field, sample): (&str, &Held)| {
            let sample: Sample = sample.value().map_err(str::to_owned);
            let is_bool = types.iter().any(|query| query.field == field && query.ty == Type::Bool);
            let truth = |value: Value| Value::Bool(value.as_number().is_some_and(|number| number.to_f64() > 0.5));
            (field.to_owned(), if is_bool { sample.map(truth) } else { sample })
        };
        samples.iter().map(typed).collect()
    }
}

fn run(body: &str, metrics: impl Fn(&str, f64) -> Option<f64> + 'static) -> Ran {
    let plan = plan(&program(body));
    let registry = registry();
    let mut simulation = Simulation::start(&plan, &registry, Scripted(Script::new().metrics(metrics)), START);
    simulation.run_until(START.plus(Duration::from_secs(5 * 86_400)));
    let state = simulation.state();
    let ended = simulation.events.iter().rev().find(|event| !matches!(event.event, Event::Sampled { .. }));
    let pauses = simulation.events.iter().filter(|event| matches!(event.event, Event::Paused { .. })).count();
    Ran {
        outcome: state.outcome,
        minutes: ended.map_or(START, |event| event.at).since(START).as_secs_f64() / 60.0,
        reason: state.reason.clone(),
        paused: state.is_paused(),
        pauses,
        log: simulation.world().0.log(),
    }
}

fn program(body: &str) -> String {
    format!(
        r#"
use std.{{http, shell, traffic}}
metrics canary from http("http://127.0.0.1:1/") every 1m {{
  canary_p95: duration(s) = json("p95")  canary_errors: int = json("errors")  share: ratio = json("share")
}}
metrics stable from http("http://127.0.0.1:2/") every 1m {{
  stable_p95: duration(s) = json("p95")  stable_errors: int = json("errors")
}}
sentinel outside every 1m {{ probe home = http.get("http://127.0.0.1:3/")  trip plain when failures(home) > 99 }}
killswitch plain {{ on {{ shell("on") }} off {{ shell("off") }} }}
/// For a test.
pipeline p {{
{body}
}}"#
    )
}

const RAMP: &str = r#"phase roll { ramp traffic.http("http://127.0.0.1:2/") through 20% { wait 2h } }"#;

/// Noise that is the same every time.
fn noise(minute: f64, salt: f64) -> f64 {
    ((minute * 12.9898 + salt * 78.233).sin() * 43_758.545).fract().abs()
}

/// A canary that gets half as slow again from a minute on, in noise of a tenth.
fn latencies(slow_from: f64) -> impl Fn(&str, f64) -> Option<f64> {
    move |field, minute| {
        Some(match field {
            "canary_p95" => (0.1 + 0.01 * noise(minute, 1.0)) * if minute >= slow_from { 1.5 } else { 1.0 },
            "stable_p95" => 0.1 + 0.01 * noise(minute, 2.0),
            _ => 0.0,
        })
    }
}

const WORSE: &str =
    "rollback when worse(canary.canary_p95, stable.stable_p95, by: 20%, confidence: 99%) else \"slower\"";

#[test]
fn a_slower_canary_is_rolled_back_with_the_arithmetic() {
    let ran = run(&format!("{RAMP}\n{WORSE}"), latencies(0.0));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    // At 99% ten samples that are all worse are enough; the first is taken with the weight.
    assert!((8.0..=12.0).contains(&ran.minutes), "{}", ran.minutes);
    for part in [
        "slower",
        "fail: canary / stable 1.",
        "bounds",
        "margin 1.2",
        "level 99%",
        "sign e-process over pairs",
        "samples",
    ] {
        assert!(ran.reason.contains(part), "`{part}` is not in: {}", ran.reason);
    }
}

#[test]
fn a_canary_that_breaks_after_days_is_seen_within_the_hour() {
    let long = RAMP.replace("2h", "4d");
    let ran = run(&format!("{long}\n{WORSE}"), latencies(3.0 * 1440.0));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((4320.0..4380.0).contains(&ran.minutes), "{}", ran.minutes);
}

#[test]
fn an_equal_canary_is_not_worse_and_nothing_pauses_while_that_is_not_shown() {
    let ran = run(&format!("{RAMP}\n{WORSE}"), latencies(1e9));
    assert_eq!((ran.outcome, ran.pauses), (Some(RunOutcome::Succeeded), 0), "{}", ran.reason);
    assert!((ran.minutes - 120.0).abs() < 1e-9, "{}", ran.minutes);
}

#[test]
fn what_is_not_shown_does_not_pass_a_gate() {
    // One look is too early: the gate asks a person.
    let gate = "phase look { gate { require not worse(canary.canary_p95, stable.stable_p95, by: 20%) } }";
    let ran = run(gate, latencies(1e9));
    assert!(ran.outcome.is_none() && ran.paused);
    // A hold that is long enough has shown it at its end.
    let hold = "phase look { hold 30m { require not worse(canary.canary_p95, stable.stable_p95, by: 20%) } }";
    let ran = run(hold, latencies(1e9));
    assert_eq!((ran.outcome, ran.pauses), (Some(RunOutcome::Succeeded), 0), "{}", ran.reason);
    // With no margin two equal sides are never shown to be no worse: the hold does not end by itself.
    let never = "phase look { hold 30m { require not worse(canary.canary_p95, stable.stable_p95) } }";
    let ran = run(never, latencies(1e9));
    assert!(ran.outcome.is_none() && ran.paused, "{:?}", ran.outcome);
}

#[test]
fn a_side_without_data_pauses_the_run() {
    let silent = |field: &str, minute: f64| if field == "stable_p95" { None } else { latencies(0.0)(field, minute) };
    let ran = run(&format!("{RAMP}\n{WORSE}"), silent);
    assert!(ran.outcome.is_none() && ran.paused);
}

/// Counters: a hundred errors a minute on the stable side, and so many on the canary.
fn counters(canary: f64) -> impl Fn(&str, f64) -> Option<f64> {
    move |field, minute| {
        Some(match field {
            "canary_errors" => (canary * minute).floor(),
            "stable_errors" => 100.0 * minute,
            _ => 0.0,
        })
    }
}

#[test]
fn counters_are_compared_by_the_share_of_the_traffic() {
    let source = RAMP.replace(
        "{ wait 2h }",
        "{ rollback when worse(canary.canary_errors, stable.stable_errors, by: 10%)  wait 2h }",
    );
    let ran = run(&source, counters(50.0));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack), "{}", ran.reason);
    assert!(
        ran.reason.contains("beta-binomial e-process over events") && ran.reason.contains("20% of the traffic"),
        "{}",
        ran.reason
    );
    // A fifth of the traffic with a fifth of the errors.
    let ran = run(&source, counters(25.0));
    assert_eq!((ran.outcome, ran.pauses), (Some(RunOutcome::Succeeded), 0), "{}", ran.reason);
    assert_eq!(ran.log, ["weight 20"]);
}

#[test]
fn a_limit_is_chosen_by_its_false_alarms_when_the_plan_is_made() {
    let body = format!(
        "{RAMP}\nrollback when cusum(canary.share, target: 50%, sigma: 1%, false_alarm_every: 7d).alarm for 2 samples"
    );
    let plan = plan(&program(&body));
    let trigger = &plan.blocks[plan.scope.0 as usize].triggers[0];
    let ExprKind::Field(sum, _) = &*trigger.condition.expr.kind else { panic!("an alarm") };
    let ExprKind::Call(_, args) = &*sum.kind else { panic!("a call") };
    let h = args.iter().find(|(name, _)| name == "h").and_then(|(_, arg)| arg.as_literal()).and_then(Value::as_number);
    // R spc::xcusum.crit(0.5, 10080, sided = "two") gives 8.06101.
    assert!((h.expect("a limit").to_f64() - 8.061_01).abs() < 1e-3, "{h:?}");
    let shifted =
        |field: &str, minute: f64| Some(if field == "share" { if minute >= 30.0 { 0.52 } else { 0.5 } } else { 0.0 });
    let ran = run(&body, shifted);
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    // 2 sigma up from minute 30: C+ grows by 1.5 a sample, is 9 with the sixth, and again with the seventh.
    assert!((ran.minutes - 36.0).abs() < 1e-9, "{}", ran.minutes);
    assert!(
        ran.reason.contains("h 8.061, ") && ran.reason.contains("shifted by 2 sigma for 7 samples"),
        "{}",
        ran.reason
    );
}

#[test]
fn probes_of_a_sentinel_are_asked_about() {
    let body = format!(
        "{RAMP}\nrollback when failures(outside.home) >= 3 or success_rate(outside.home, 1h) < 50% else \"down\""
    );
    let down = |field: &str, minute: f64| Some(f64::from(u8::from(field != "home" || minute < 40.0 || minute == 41.0)));
    let ran = run(&body, down);
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!((ran.minutes - 44.0).abs() < 1e-9, "{}", ran.minutes);
    assert!(ran.reason.contains("= 3 (45 of 45 calls)"), "{}", ran.reason);
}

#[test]
fn windows_say_how_much_of_them_was_seen() {
    let body = format!("{RAMP}\nrollback when percentile(canary.canary_p95, 50%, 10m) > 120ms for 2 samples");
    let holes = |field: &str, minute: f64| if minute % 5.0 == 3.0 { None } else { latencies(60.0)(field, minute) };
    let ran = run(&body, holes);
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert!(ran.reason.contains("(type 7, 8 of 10 samples)"), "{}", ran.reason);
}

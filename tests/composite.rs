//! Composite steps and components that run twice: planned under stable ids, run forward and back on the engine.

mod support;

use std::time::Duration;

use phasegate::engine::event::{Event, Recorded, RunOutcome};
use phasegate::plan::program::{NodeKind, Plan};
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use support::{Behaviour, START, Script, plan};

const GET: &str = "kubectl --namespace default get deployment/chat --output jsonpath=\
                   {.spec.template.spec.containers[*].env[?(@.name==\"FAST\")].value}";
const ORIGIN: &str = "kubectl --namespace default get deployment/chat --output jsonpath=\
                      {.spec.template.spec.containers[*].env[?(@.name==\"FAST\")].valueFrom}";
const SET: &str = "kubectl --namespace default set env deployment/chat FAST=on";
const BACK: &str = "kubectl --namespace default set env deployment/chat FAST=off";

fn program(body: &str) -> String {
    format!("use std.{{exec, k8s, migrate, shell}}\n/// For a test.\npipeline p {{\n{body}\n}}")
}

/// A cluster in which the variable is `off`.
fn cluster() -> Script {
    Script::new().command(GET, Behaviour { stdout: "off".to_owned(), ..Behaviour::default() })
}

struct Ran {
    outcome: Option<RunOutcome>,
    reason: String,
    log: Vec<String>,
    events: Vec<Recorded>,
}

fn run(plan: &Plan, script: Script) -> Ran {
    let registry = registry();
    let mut simulation = Simulation::start(plan, &registry, script, START);
    simulation.run_until(START.plus(Duration::from_secs(86_400)));
    ended(&simulation)
}

fn ended(simulation: &Simulation<'_, Script>) -> Ran {
    let state = simulation.state();
    Ran {
        outcome: state.outcome,
        reason: state.reason.clone(),
        log: simulation.world().log(),
        events: simulation.events.clone(),
    }
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.nodes.iter().map(|node| node.id.as_str()).collect()
}

#[test]
fn what_is_in_it_has_its_name_in_front_and_its_own_numbers() {
    let plan = plan(&program(
        r#"
phase enable {
  gate { require 1 == 1 }
  step flag = k8s.set_env("chat", "FAST", "on")
  step k8s.rollout_status("chat")
  step k8s.rollout_status("web")
  step shell("echo ${flag.previous}") timeout 1m effect reads
}"#
        .replace("timeout 1m effect reads", "effect reads timeout 1m")
        .as_str(),
    ));
    assert_eq!(
        ids(&plan),
        [
            "enable",
            "enable.gate1",
            "enable.flag.origin",
            "enable.flag.gate1",
            "enable.flag.before",
            "enable.flag.set",
            "enable.flag",
            "enable.rollout_status1.status",
            "enable.rollout_status1",
            "enable.rollout_status2.status",
            "enable.rollout_status2",
            "enable.step1",
        ]
    );
}

#[test]
fn it_runs_forward_and_gives_what_it_returns() {
    let plan = plan(&program(
        r#"
phase enable { step flag = k8s.set_env("chat", "FAST", "on") }
phase tell { step shell("was ${enable.flag.previous}") effect reads timeout 1m }"#,
    ));
    let ran = run(&plan, cluster());
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, [ORIGIN, GET, SET, "was off"]);
}

const FAILS_LATER: &str = r#"
phase enable {
  step shell("first") timeout 1m undo shell("-first")
  step flag = k8s.set_env("chat", "FAST", "on")
  step shell("later") effect reads timeout 1m
}"#;

#[test]
fn a_rollback_takes_back_what_it_changed_in_reverse() {
    let ran = run(&plan(&program(FAILS_LATER)), cluster().fails("later", 1));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack), "{}", ran.reason);
    assert_eq!(ran.log, ["first", ORIGIN, GET, SET, "later", BACK, "-first"]);
}

#[test]
fn a_gate_in_it_stops_it_before_it_changes_anything() {
    let bound = Behaviour { stdout: "{\"secretKeyRef\":{}}".to_owned(), ..Behaviour::default() };
    let ran = run(&plan(&program(FAILS_LATER)), cluster().command(ORIGIN, bound));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack));
    assert_eq!(ran.log, ["first", ORIGIN, "-first"]);
    assert!(ran.reason.contains("enable.flag.gate1"), "{}", ran.reason);
}

#[test]
fn a_written_undo_takes_the_place_of_its_own() {
    let body = FAILS_LATER.replace("\"on\")", "\"on\") undo shell(\"mine\")");
    let ran = run(&plan(&program(&body)), cluster().fails("later", 1));
    assert_eq!(ran.outcome, Some(RunOutcome::RolledBack), "{}", ran.reason);
    assert_eq!(ran.log, ["first", ORIGIN, GET, SET, "later", "mine", "-first"]);
}

#[test]
fn with_a_false_when_nothing_of_it_runs() {
    let body = r#"
param wanted: bool = WANTED
phase look { step state = shell("state") effect reads timeout 1m }
phase enable after look {
  step flag = k8s.set_env("chat", "FAST", "on") when CONDITION
  step shell("go on ${if (flag ?? { previous: "none" }).previous == "none" then "without" else "with"}") effect reads timeout 1m
}"#;
    let at_run_time = body.replace("WANTED", "true").replace("CONDITION", "wanted and look.state.stdout == \"yes\"");
    let ran = run(&plan(&program(&at_run_time)), cluster());
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, ["state", "go on without"]);

    let yes = Behaviour { stdout: "yes".to_owned(), ..Behaviour::default() };
    let ran = run(&plan(&program(&at_run_time)), cluster().command("state", yes));
    assert_eq!(ran.log, ["state", ORIGIN, GET, SET, "go on with"]);

    let in_the_plan = plan(&program(&body.replace("WANTED", "false").replace("CONDITION", "wanted")));
    let switched_off = in_the_plan.nodes.iter().filter(|node| match &node.kind {
        NodeKind::Step(step) => step.is_switched_off(),
        _ => false,
    });
    assert_eq!(switched_off.count(), 4);
    let ran = run(&in_the_plan, cluster());
    assert_eq!(ran.log, ["state", "go on without"]);
}

const MAY_FAIL: &str = r#"
phase enable {
  step flag = k8s.set_env("chat", "FAST", "on") on failure continue
  step shell("later ${if (flag ?? { previous: "none" }).previous == "none" then "without" else "with"}") timeout 1m undo shell("-later")
}"#;

#[test]
fn one_that_may_fail_ends_as_a_whole_and_the_phase_goes_on() {
    let ran = run(&plan(&program(MAY_FAIL)), cluster().fails(GET, 1));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, [ORIGIN, GET, "later without"]);
    let by_gate = Behaviour { stdout: "{}".to_owned(), ..Behaviour::default() };
    let ran = run(&plan(&program(MAY_FAIL)), cluster().command(ORIGIN, by_gate));
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, [ORIGIN, "later without"]);
}

#[test]
fn limits_at_the_call_hold_for_what_states_none() {
    let plan = plan(&program("phase move { step migrate.apply(\"up\", back: \"down\") timeout 7m retry 2 }"));
    let step = plan.nodes.iter().find_map(|node| match &node.kind {
        NodeKind::Step(step) if node.id == "move.apply1.applied" => Some(step),
        _ => None,
    });
    let step = step.expect("the step is there");
    assert_eq!((step.timeout, step.retry), (Some(Duration::from_secs(420)), 2));
    assert!(step.can_undo());
}

#[test]
fn a_journal_cut_after_any_event_ends_the_same() {
    type World<'w> = &'w dyn Fn() -> Script;
    let passing: World<'_> = &cluster;
    let failing: World<'_> = &|| cluster().fails("later", 1);
    let skipped: World<'_> = &|| cluster().fails(GET, 1);
    for (body, world) in [(FAILS_LATER, passing), (FAILS_LATER, failing), (MAY_FAIL, skipped)] {
        let plan = plan(&program(body));
        let whole = run(&plan, world());
        let registry = registry();
        for cut in 1..whole.events.len() {
            let script = world();
            let journal = &whole.events[..cut];
            catch_up(&script, journal);
            let mut simulation = Simulation::recover(&plan, &registry, script, journal);
            simulation.run_until(START.plus(Duration::from_secs(86_400)));
            let ran = ended(&simulation);
            // A command in flight that may not be repeated is put to a person.
            if simulation.state().is_paused() {
                continue;
            }
            assert_eq!(ran.outcome, whole.outcome, "cut after {cut}, {:?}: {}", journal.last(), ran.reason);
        }
    }
}

/// Lets the world do what the journal says was done before.
fn catch_up(script: &Script, journal: &[Recorded]) {
    let mut script = script.clone();
    for event in journal {
        if let Event::EffectRequested { key, effect, .. } = &event.event
            && journal.iter().any(|other| matches!(&other.event, Event::EffectEnded { key: ended, .. } if ended == key))
        {
            let _ = script.answer(effect);
        }
    }
}

const TWICE: &str = r#"
use std.shell
component inner(name: string) {
  step mark = shell("mark ${name}") timeout 1m undo shell("unmark ${name}")
}
component block(name: string) {
  step enable = shell("enable ${name}") timeout 1m undo shell("disable ${name}")
  let seen = enable.stdout
  run inner("${name}, ${seen}")
  gate { require mark.exit_code == 0 and enable.exit_code == 0 }
}
/// For a test.
pipeline p {
  phase all {
    run block("a")
    run block("b")
    step enable = shell("last") timeout 1m undo shell("-last")
  }
  phase tell after all { step shell("${all.enable.stdout}/${all.enable2.stdout}/${all.enable3.stdout}") effect reads timeout 1m }
}
"#;

#[test]
fn a_component_that_runs_twice_in_a_phase_keeps_its_steps_apart() {
    let plan = plan(TWICE);
    assert_eq!(
        ids(&plan),
        [
            "all",
            "all.enable2",
            "all.mark",
            "all.gate1",
            "all.enable3",
            "all.mark2",
            "all.gate2",
            "all.enable",
            "tell",
            "tell.step1"
        ]
    );
    let says = |text: &str| Behaviour { stdout: text.to_owned(), ..Behaviour::default() };
    let script = Script::new().command("enable a", says("A")).command("enable b", says("B")).command("last", says("L"));
    let ran = run(&plan, script);
    assert_eq!(ran.outcome, Some(RunOutcome::Succeeded), "{}", ran.reason);
    assert_eq!(ran.log, ["enable a", "mark a, A", "enable b", "mark b, B", "last", "L/A/B"]);
}

//! Kill switches in pipelines: planned as their own steps, tripped once, taken back as they were found.

mod support;

use std::time::Duration;

use phasegate::contract::switch::Standing;
use phasegate::engine::event::{Event, Recorded, RunOutcome};
use phasegate::plan::program::Plan;
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use support::{Behaviour, START, Script, plan};

/// Its steps know the way back themselves, `lights` needs the other side for it, `all` turns both.
const SWITCHES: &str = r#"
use std.{killswitch, shell}

environment only { place = "eu" }

killswitch pumps {
  on {
    let where = env.place
    step first = shell("pump off ${where}") timeout 1m undo shell("pump as it was")
    step shell("valve shut ${first.stdout}") timeout 1m undo shell("valve as it was")
  }
  off {
    step shell("valve open") timeout 1m undo shell("valve shut again")
    step shell("pump on") timeout 1m undo shell("pump off again")
  }
}

killswitch lights {
  on { step shell("lights out: ${run.reason}") timeout 1m step shell("doors shut") timeout 1m }
  off { step shell("doors open") timeout 1m step shell("lights on") timeout 2m retry 1 }
}

killswitch all {
  on {
    killswitch.trip(pumps, reason: "${run.reason}, all of it")
    killswitch.trip(lights, reason: run.reason)
  }
  off {
    killswitch.reset(lights, reason: run.reason)
    killswitch.reset(pumps, reason: run.reason)
  }
}
"#;

fn planned(body: &str) -> Plan {
    plan(&format!("{SWITCHES}\n/// For a test.\npipeline p {{\n{body}\n}}"))
}

fn run(plan: &Plan, script: &Script) -> (Option<RunOutcome>, String, Vec<Recorded>) {
    let registry = registry();
    script.another_run();
    let mut simulation = Simulation::start(plan, &registry, script.clone(), START);
    simulation.run_until(START.plus(Duration::from_secs(86_400)));
    let state = simulation.state();
    (state.outcome, state.reason.clone(), simulation.events.clone())
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.nodes.iter().map(|node| node.id.as_str()).collect()
}

fn world() -> Script {
    Script::new().command("pump off eu", Behaviour { stdout: "slowly".to_owned(), ..Behaviour::default() })
}

const PUMPS: &str = r#"phase brake { step pulled = killswitch.trip(pumps, reason: "leak") }"#;
const LATER: &str = r#"phase later after brake { step shell("later") effect reads timeout 1m }"#;

#[test]
fn the_steps_of_the_switch_stand_in_the_plan() {
    assert_eq!(
        ids(&planned(PUMPS)),
        [
            "brake",
            "brake.pulled.stands",
            "brake.pulled.trip",
            "brake.pulled.first",
            "brake.pulled.step1",
            "brake.pulled.turned",
            "brake.pulled"
        ]
    );
    let unnamed = planned(
        r#"phase brake { step killswitch.trip(lights, reason: "a") step killswitch.reset(lights, reason: "b")
                         step trip1 = shell("x") timeout 1m undo shell("y") }"#,
    );
    let named: Vec<&str> = ids(&unnamed).into_iter().filter(|id| id.matches('.').count() == 1).collect();
    assert_eq!(named, ["brake.trip2", "brake.reset1", "brake.trip1"]);
}

#[test]
fn tripping_runs_its_steps_once_and_resetting_those_of_the_other_side() {
    let script = world();
    let (outcome, reason, _) = run(&planned(PUMPS), &script);
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    assert_eq!(script.log(), ["pump off eu", "valve shut slowly"]);
    assert_eq!(script.standing("pumps"), Standing::Tripped);
    let record = script.outside.borrow().switches["pumps"].clone();
    assert_eq!((record.reason.as_str(), record.actor.as_str()), ("leak", "simulation"));
    assert_eq!(record.name.environment.as_deref(), Some("only"));

    // Again, and what is said of it is its output.
    let again = planned(&format!(
        "{PUMPS}\n phase say {{ step shell(\"${{brake.pulled.already}}\") effect reads timeout 1m }}"
    ));
    let (outcome, reason, _) = run(&again, &script);
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    assert_eq!(script.log(), ["pump off eu", "valve shut slowly", "true"]);

    let (outcome, reason, _) = run(&planned(r#"phase back { step killswitch.reset(pumps, reason: "dry") }"#), &script);
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    assert_eq!(script.log()[3..], ["valve open", "pump on"]);
    assert_eq!(script.standing("pumps"), Standing::AtRest);
}

#[test]
fn a_rollback_takes_back_each_step_as_it_was_found() {
    let script = world().fails("later", 1);
    let (outcome, reason, _) = run(&planned(&format!("{PUMPS}{LATER}")), &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(script.log(), ["pump off eu", "valve shut slowly", "later", "valve as it was", "pump as it was"]);
    assert!(script.outside.borrow().switches.is_empty(), "it stands as if it had never been turned");
}

#[test]
fn steps_without_an_undo_go_back_by_the_other_side() {
    let lights = PUMPS.replace("pumps", "lights");
    let plan = planned(&format!("{lights}{LATER}"));
    let script = world().fails("later", 1);
    let (outcome, reason, _) = run(&plan, &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(script.log(), ["lights out: leak", "doors shut", "later", "doors open", "lights on"]);
    assert_eq!(script.standing("lights"), Standing::AtRest);

    // The undo has the limits of the step it is.
    let script = world().fails("later", 1).fails("lights on", 1);
    let (outcome, reason, _) = run(&plan, &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(script.log()[3..], ["doors open", "lights on", "lights on"]);
}

#[test]
fn what_was_tripped_before_stays_so_in_a_rollback() {
    let script = world().fails("later", 1);
    let lights = PUMPS.replace("pumps", "lights");
    run(&planned(&lights), &script);
    let (outcome, reason, _) = run(&planned(&format!("{lights}{LATER}")), &script);
    assert_eq!(outcome, Some(RunOutcome::Failed), "nothing was changed that could be taken back: {reason}");
    assert_eq!(script.log(), ["lights out: leak", "doors shut", "later"]);
    assert_eq!(script.standing("lights"), Standing::Tripped);
    let other = lights.replace("brake {", "brake { step shell(\"other\") timeout 1m undo shell(\"-other\")");
    let script = script.fails("later", 2);
    let (outcome, reason, _) = run(&planned(&format!("{other}{LATER}")), &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(script.log()[3..], ["other", "later", "-other"]);
    assert_eq!(script.standing("lights"), Standing::Tripped);
}

#[test]
fn a_written_undo_takes_the_place_of_its_own_and_the_record_goes_back_too() {
    let body = PUMPS.replace("\"leak\")", "\"leak\") undo shell(\"mine\")");
    let script = world().fails("later", 1);
    let (outcome, reason, _) = run(&planned(&format!("{body}{LATER}")), &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(script.log(), ["pump off eu", "valve shut slowly", "later", "mine"]);
    assert_eq!(script.standing("pumps"), Standing::AtRest);
}

const STATUS: &str = r#"phase look { on failure stop step state = killswitch.status(pumps)
                        step shell("${state.tripped} ${state.reason ?? "no reason"}") effect reads timeout 1m }"#;

#[test]
fn one_that_fails_half_way_is_neither_here_nor_there() {
    let script = world().fails("valve shut slowly", 1);
    let stays = PUMPS.replace("{ step", "{ on failure stop step");
    let (outcome, reason, _) = run(&planned(&stays), &script);
    assert_eq!(outcome, Some(RunOutcome::Failed), "{reason}");
    assert_eq!(script.standing("pumps"), Standing::Tripping);
    let (outcome, reason, _) = run(&planned(STATUS), &script);
    assert_eq!(outcome, Some(RunOutcome::Failed));
    assert!(reason.contains("half tripped"), "{reason}");

    // Once more: all of its steps, and then it is known.
    let (outcome, reason, _) = run(&planned(PUMPS), &script);
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    run(&planned(STATUS), &script);
    assert_eq!(script.log()[2..], ["pump off eu", "valve shut slowly", "true leak"]);
}

#[test]
fn by_default_a_failure_half_way_takes_the_rest_back() {
    let script = world().fails("valve shut slowly", 1);
    let (outcome, reason, _) = run(&planned(PUMPS), &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    // A change that failed counts as begun.
    assert_eq!(script.log(), ["pump off eu", "valve shut slowly", "valve as it was", "pump as it was"]);
    let (_, reason, _) = run(&planned(STATUS), &script);
    assert_eq!(script.log()[4..], ["false no reason"], "{reason}");
}

#[test]
fn switches_may_turn_others() {
    let script = world().fails("later", 1);
    let (outcome, reason, _) = run(&planned(&PUMPS.replace("pumps", "all")), &script);
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    assert_eq!(script.log(), ["pump off eu", "valve shut slowly", "lights out: leak", "doors shut"]);
    assert_eq!(script.outside.borrow().switches["pumps"].reason, "leak, all of it");

    let script = world().fails("later", 1);
    let (outcome, reason, _) = run(&planned(&format!("{}{LATER}", PUMPS.replace("pumps", "all"))), &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(script.log()[5..], ["doors open", "lights on", "valve as it was", "pump as it was"]);
    assert!(script.outside.borrow().switches.is_empty());
}

#[test]
fn hooks_turn_switches_as_well() {
    let body = r#"phase a { step x = shell("x") timeout 1m undo shell("-x") step shell("bad") effect reads timeout 1m }
                  on rollback { killswitch.trip(pumps, reason: run.reason) killswitch.trip(lights, reason: "dark") }
                  on rollback { killswitch.trip(lights, reason: "darker") }"#;
    let script = world().fails("bad", 1);
    let (outcome, reason, _) = run(&planned(body), &script);
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    let log = script.log();
    assert_eq!(log[3..], ["pump off eu", "valve shut slowly", "lights out: dark", "doors shut"]);
    assert!(script.outside.borrow().switches["pumps"].reason.contains("bad"));
}

#[test]
fn a_journal_cut_after_any_event_ends_the_same() {
    let lights = PUMPS.replace("pumps", "lights");
    let all = PUMPS.replace("pumps", "all");
    for body in [PUMPS, lights.as_str(), all.as_str()] {
        for failing in [false, true] {
            let plan = planned(&format!("{body}{LATER}"));
            let fresh = || if failing { world().fails("later", 1) } else { world() };
            let script = fresh();
            let (outcome, _, events) = run(&plan, &script);
            for cut in 1..events.len() {
                let resumed = fresh();
                catch_up(&resumed, &events[..cut]);
                let registry = registry();
                let mut simulation = Simulation::recover(&plan, &registry, resumed.clone(), &events[..cut]);
                simulation.run_until(START.plus(Duration::from_secs(86_400)));
                // A command in flight that may not be repeated is put to a person.
                if simulation.state().is_paused() {
                    continue;
                }
                let last = &events[cut - 1];
                assert_eq!(simulation.state().outcome, outcome, "cut after {last:?}");
                assert_eq!(resumed.outside.borrow().switches, script.outside.borrow().switches, "cut after {last:?}");
            }
        }
    }
}

/// Lets the world do what the journal asked for: a switch also when nobody heard the answer.
fn catch_up(script: &Script, journal: &[Recorded]) {
    let mut script = script.clone();
    for event in journal {
        if let Event::EffectRequested { key, effect, .. } = &event.event {
            let ended = journal
                .iter()
                .any(|other| matches!(&other.event, Event::EffectEnded { key: ended, .. } if ended == key));
            if ended || matches!(**effect, phasegate::contract::effect::Effect::Switch { .. }) {
                let _ = script.answer(effect);
            }
        }
    }
}

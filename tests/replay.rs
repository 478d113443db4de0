//! Runs are decided anew from their journals: each of them, cut and taken up again at every event.

mod support;

use std::time::Duration;

use phasegate::base::number::Number;
use phasegate::contract::value::{Unit, Value};
use phasegate::engine::event::{Event, Recorded, RunOutcome};
use phasegate::engine::replay::{Replayed, replay};
use phasegate::engine::state::State;
use phasegate::engine::turn::{Answer, Command};
use phasegate::plan::program::Plan;
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use support::{Behaviour, START, Script, plan};

const HEAD: &str = r#"
use std.{shell, traffic, notify}
metrics m from http("http://127.0.0.1:1/") every 1m { errors: ratio = json("errors")  p95: float = json("p95")  tail: float = p95 * 2 }
metrics slow from http("http://127.0.0.1:1/") every 150s { depth: float = json("depth") }
channel room = notify.webhook(url: secret("HOOK"))
"#;

/// What somebody says, and at which second.
type Timed = (u64, fn() -> Command);

struct Case {
    name: &'static str,
    body: &'static str,
    metrics: fn(&str, f64) -> Option<f64>,
    commands: &'static [Timed],
    outcome: Option<RunOutcome>,
}

fn healthy(_: &str, _: f64) -> Option<f64> {
    Some(0.0)
}

const RAMP: &str = r#"phase canary {
  step enable = shell("enable") timeout 1m undo shell("disable")
  ramp traffic.http("http://127.0.0.1:2/") through 5%, 25%, 100% { hold 10m { require m.errors <= 1% } }
}"#;

const CASES: &[Case] = &[
    Case { name: "a canary", body: RAMP, metrics: healthy, commands: &[], outcome: Some(RunOutcome::Succeeded) },
    Case {
        name: "a violated hold",
        body: RAMP,
        metrics: |_, minute| Some(if minute >= 13.0 { 0.05 } else { 0.003 }),
        commands: &[],
        outcome: Some(RunOutcome::RolledBack),
    },
    Case {
        name: "triggers with windows, sums and messages",
        body: r#"phase a { step one = shell("one") timeout 1m undo shell("un-one")
          hold 20m every 90s { require slow.depth <= 5  require m.errors <= 50% for 3m } }
        rollback when mean(m.p95, 5m) > 2.0 for 3m else "slow"
        notify room when cusum(m.p95, target: 0, sigma: 1).alarm for 2 samples
        pause when percentile(m.tail, 90%, 4m) > 100"#,
        metrics: |field, minute| Some(if field == "p95" && minute >= 7.0 { 3.25 } else { 0.125 * (minute % 3.0) }),
        commands: &[],
        outcome: Some(RunOutcome::RolledBack),
    },
    Case {
        name: "no data, then data",
        body: r#"phase a { hold 30m { require m.errors <= 1% } gate "g" { require slow.depth <= 1 warn m.p95 < 0 } }"#,
        metrics: |_, minute| if (5.0..15.0).contains(&minute) { None } else { Some(0.0) },
        commands: &[],
        outcome: Some(RunOutcome::Succeeded),
    },
    Case {
        name: "attempts, a step that may fail, side by side",
        body: r#"phase a { parallel {
            step one = shell("one") effect reads timeout 1m retry 2 backoff 10s..1m
            step two = shell("two") timeout 1m undo shell("un-two")
            step three = shell("three") effect reads timeout 1m on failure continue } }
        phase b after a { on failure continue step four = shell("four") effect reads timeout 1m }
        phase c after b when a.two.exit_code == 1 { step five = shell("five") timeout 1m undo shell("un-five") }
        phase d after b { step six = shell("six") timeout 1m retry 1 undo shell("un-six") }
        on rollback { step shell("tell") effect tells timeout 1m } on end { step shell("end") effect tells timeout 1m }"#,
        metrics: healthy,
        commands: &[],
        outcome: Some(RunOutcome::RolledBack),
    },
    Case {
        name: "people",
        body: r#"phase a { step one = shell("one") timeout 1m undo shell("un-one")
          approve "release manager" within 2h wait 30m
          approve "again" within 1h else abort }"#,
        metrics: healthy,
        commands: &[
            (1, || Command::Pause),
            (5, || Command::Resume),
            (6, || Command::Approve { node: None, groups: Vec::new() }),
            (50, || Command::Approve { node: Some("a".to_owned()), groups: Vec::new() }),
            (51, || Command::Rollback),
        ],
        outcome: Some(RunOutcome::RolledBack),
    },
    Case {
        name: "an abort in the middle",
        body: r#"phase a { step long = shell("long") timeout 2h wait 30m } phase b { wait 5h }"#,
        metrics: healthy,
        commands: &[(10, || Command::Abort)],
        outcome: Some(RunOutcome::Aborted),
    },
    Case {
        name: "timeouts",
        body: r#"timeout 3h phase a { step long = shell("long") effect reads timeout 5m retry 1 on failure continue approve "x" within 10h }"#,
        metrics: healthy,
        commands: &[],
        outcome: Some(RunOutcome::Failed),
    },
];

fn script(case: &Case) -> Script {
    let script = Script::new().metrics(case.metrics).fails("one", 1).fails("four", 9).fails("six", 9);
    let long = Behaviour { takes: Duration::from_secs(3_000), ..Behaviour::default() };
    let script = script.takes("two", 40).command("long", long);
    if case.name == "people" { script.fails("one", 0) } else { script }
}

fn program(case: &Case) -> Plan {
    let used: Vec<&str> =
        HEAD.lines()
            .map(|line| {
                if line.starts_with("use") && !case.body.contains("traffic.") {
                    "use std.{shell, notify}"
                } else {
                    line
                }
            })
            .collect();
    plan(&format!("{}\n/// For a test.\npipeline p {{\n{}\n}}", used.join("\n"), case.body))
}

fn ran(case: &Case, plan: &Plan) -> (Vec<Recorded>, State) {
    let registry = registry();
    let mut simulation = Simulation::start(plan, &registry, script(case), START);
    for (minute, command) in case.commands {
        simulation.command(START.plus(Duration::from_secs(minute * 60)), command());
    }
    simulation.run_until(START.plus(Duration::from_secs(86_400)));
    (simulation.events.clone(), simulation.state().clone())
}

fn replayed(plan: &Plan, events: &[Recorded]) -> Replayed {
    replay(plan, &registry(), &State::new(plan), events)
}

#[test]
fn every_decision_comes_out_as_it_stands_in_the_journal() {
    for case in CASES {
        let plan = program(case);
        let (events, state) = ran(case, &plan);
        assert_eq!(state.outcome, case.outcome, "{}: {}", case.name, state.reason);
        let replayed = replayed(&plan, &events);
        assert_eq!(replayed.divergence, None, "{}", case.name);
        assert_eq!((replayed.events, replayed.cut), (events.len() as u64, 0), "{}", case.name);
        assert_eq!(replayed.recoveries, Vec::<u64>::new(), "{}", case.name);
    }
}

#[test]
fn a_run_that_was_cut_and_taken_up_again_at_any_event_comes_out_too() {
    let registry = registry();
    for case in CASES {
        let plan = program(case);
        let (events, _) = ran(case, &plan);
        let cuts: Vec<usize> = (1..events.len()).step_by(1 + events.len() / 60).collect();
        for cut in cuts {
            let mut simulation = Simulation::recover(&plan, &registry, script(case), &events[..cut]);
            simulation.run_until(START.plus(Duration::from_secs(86_400)));
            let after = replayed(&plan, &simulation.events);
            assert_eq!(after.divergence, None, "{} cut behind event {cut}", case.name);
            assert!(after.recoveries.len() <= 1, "{} cut behind event {cut}: {:?}", case.name, after.recoveries);
            // Cut and left: what is there comes out as far as it goes.
            let left = replayed(&plan, &events[..cut]);
            assert_eq!((left.divergence, left.events), (None, cut as u64), "{} cut behind event {cut}", case.name);
        }
    }
}

#[test]
fn a_doubt_and_its_answer_come_out() {
    let plan = plan(
        "use std.shell\n/// For a test.\npipeline p { phase a { step one = shell(\"one\") timeout 1m undo shell(\"un-one\") \
         step two = shell(\"two\") timeout 1h undo shell(\"un-two\") } }",
    );
    let registry = registry();
    for answer in [Answer::Done, Answer::Redo, Answer::Undo] {
        let mut simulation = Simulation::start(&plan, &registry, Script::new().takes("two", 600), START);
        simulation.run_until(START.plus(Duration::from_secs(60)));
        let mut simulation = simulation.crash(&registry);
        let resolve = Command::Resolve { node: "a.two".to_owned(), answer, output: None };
        assert_eq!(simulation.obey(START.plus(Duration::from_secs(300)), resolve, "ada"), None);
        simulation.run_until(START.plus(Duration::from_secs(86_400)));
        assert!(simulation.is_over());
        let replayed = replayed(&plan, &simulation.events);
        assert_eq!(replayed.divergence, None, "{answer:?}");
        assert_eq!(replayed.recoveries.len(), 1, "{answer:?}");
    }
}

#[test]
fn what_was_changed_afterwards_is_found_where_it_is() {
    let case = &CASES[1];
    let plan = program(case);
    let (events, _) = ran(case, &plan);
    let failed = events.iter().position(|recorded| matches!(recorded.event, Event::NodeFailed { .. })).unwrap();
    let mut changed = events.clone();
    changed[failed].event = Event::NodePassed {
        node: match &events[failed].event {
            Event::NodeFailed { node, .. } => *node,
            other => panic!("{other:?}"),
        },
        exec: match &events[failed].event {
            Event::NodeFailed { exec, .. } => *exec,
            other => panic!("{other:?}"),
        },
        output: Value::Null,
    };
    let divergence = replayed(&plan, &changed).divergence.unwrap();
    assert_eq!(divergence.seq, events[failed].seq);
    assert_eq!(divergence.journal, changed[failed]);
    assert_eq!(divergence.decided, Some(events[failed].clone()));

    // A sample that was made good: the hold does not fail there.
    let mut healed = events.clone();
    let bad = healed[..failed].iter().rposition(|recorded| matches!(recorded.event, Event::Sampled { .. })).unwrap();
    if let Event::Sampled { values, .. } = &mut healed[bad].event {
        let good = Ok(Value::Quantity(Number::ZERO, Unit::Ratio));
        *values = values.iter().map(|(field, _)| (field.to_owned(), good.clone())).collect();
    }
    let divergence = replayed(&plan, &healed).divergence.unwrap();
    assert_eq!((divergence.seq, divergence.decided), (events[failed].seq, None));

    // One that is left out.
    let mut shorter = events.clone();
    shorter.remove(failed);
    assert!(replayed(&plan, &shorter).divergence.is_some());
}

#[test]
fn numbers_come_back_from_the_journal_bit_for_bit() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e-300, 4.35e19, 5e-324, 0.1 + 0.2, 1.0 / 3.0] {
        let number = Number::from_f64(float);
        let back: Number = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
        assert_eq!(back.to_f64().to_bits(), number.to_f64().to_bits(), "{float}");
        assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(&number), "{float}");
    }
    for digits in ["0", "-0.050", "79228162514264337593543950335", "1_000.25"] {
        let number = Number::parse(digits).unwrap();
        let back: Number = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
        assert_eq!(back, number);
    }
    assert!(serde_json::from_str::<Number>("\"five\"").is_err());
}

//! Why a run went as it did: the arithmetic of verdicts, in words and in charts, on runs in virtual time.

mod support;

use std::time::Duration;

use jiff::tz::TimeZone;
use phasegate::engine::event::{Event, Recorded};
use phasegate::engine::state::State;
use phasegate::engine::turn::Command;
use phasegate::plan::program::Plan;
use phasegate::report::run::ending::sum_up;
use phasegate::report::run::picture::draw;
use phasegate::report::why::{Canvas, Explanation, Subject, UnknownNode, explain, json, text};
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use support::{Behaviour, START, Script, plan};

const METRICS: &str = r#"
use std.{shell, traffic}
metrics m from http("http://127.0.0.1:1/") every 1m { errors: ratio = json("errors")  p95: duration(ms) = json("p95") p99: duration(ms) = json("p99") }
"#;

struct Ran {
    plan: Plan,
    events: Vec<Recorded>,
    state: State,
}

fn ran(body: &str, script: Script, commands: &[(u64, Command)]) -> Ran {
    let head = if body.contains("traffic.") { METRICS.to_owned() } else { METRICS.replace(", traffic", "") };
    let plan = plan(&format!("{head}\n/// For a test.\npipeline p {{\n{body}\n}}"));
    let registry = registry();
    let (events, state) = {
        let mut simulation = Simulation::start(&plan, &registry, script, START);
        for (minute, command) in commands {
            simulation.command(START.plus(Duration::from_secs(minute * 60)), command.clone());
        }
        simulation.run_until(START.plus(Duration::from_secs(86_400)));
        (simulation.events.clone(), simulation.state().clone())
    };
    Ran { plan, events, state }
}

impl Ran {
    fn explain(&self, node: Option<&str>) -> Result<Explanation, UnknownNode> {
        let base = State::new(&self.plan);
        let subject = Subject {
            plan: &self.plan,
            base: &base,
            events: &self.events,
            first: 0,
            state: &self.state,
            zone: &TimeZone::UTC,
        };
        explain(subject, node)
    }

    /// As it is drawn in so many columns.
    fn drawn(&self, node: Option<&str>, width: usize, unicode: bool) -> String {
        let canvas = Canvas { width, unicode, zone: &TimeZone::UTC };
        text::render(&self.explain(node).unwrap(), Some(canvas), &TimeZone::UTC)
    }

    /// As it is said to who listens.
    fn said(&self, node: Option<&str>) -> String {
        text::render(&self.explain(node).unwrap(), None, &TimeZone::UTC)
    }
}

fn spike(field: &str, minute: f64) -> Option<f64> {
    Some(match field {
        "p95" => 0.1,
        "p99" if (12.0..40.0).contains(&minute) => 0.25 + 0.01 * (minute - 12.0),
        "p99" => 0.15,
        _ => 0.0,
    })
}

const TAIL: &str = r#"phase block { step enable = shell("enable") timeout 1m undo shell("disable")
  hold 1h { require m.errors <= 1% } }
  phase last after block { step shell("last") effect reads timeout 1m }
  rollback when m.p99 > 2 * m.p95 for 10m else "tail latency""#;

#[test]
fn a_run_that_was_taken_back_is_explained_from_the_trigger_to_the_end() {
    let ran = ran(TAIL, Script::new().metrics(spike), &[]);
    let expected = "\
run simulated: p rolled back: tail latency (m.p99 = 350ms, m.p95 = 100ms)

trigger trigger1: fired, 2025-01-06 10:22:00 (event 32)
  rollback when m.p99 > 2 * m.p95 for 10m
  it asks for: rollback, because tail latency (m.p99 = 350ms, m.p95 = 100ms)
  forward work stopped with it
  m.p99 > 2 * m.p95 for 10m: true
    m.p99 = 350ms, m.p95 = 100ms
    looked at 23 times: true at 11, false at 12
    true for 10m without a break, 10m decide
    m.p99 > 2 * m.p95: 23 looks in 22m, values from 150ms to 350ms, the last one 350ms, the limit 200ms, true at 11, longest for 10m
      350ms │                    \u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m
            │                \u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m   
            │            \u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m\u{1b}[31m✗\u{1b}[0m       
            │                       
            │───────────────────────
      150ms │●●●●●●●●●●●●           
            └10:00:00       10:22:00

simulated: rolled_back, 2025-01-06 10:22:00 (event 41)
  what followed
  10:22:00 forward work was stopped: tail latency (m.p99 = 350ms, m.p95 = 100ms)
  10:22:00 block.hold1: cancelled
  10:22:00 rolling back: tail latency (m.p99 = 350ms, m.p95 = 100ms)
  10:22:00 block.enable: undone
  10:22:00 block: undone
  10:22:00 the run ended: rolled back
";
    let drawn = ran.drawn(None, 100, true);
    assert_eq!(drawn, expected, "\n{drawn}");
    let said = ran.said(None);
    assert!(said.contains("23 looks in 22m, values from 150ms to 350ms"), "{said}");
    assert!(!said.contains(['│', '●', '✗', '\u{1b}']), "{said}");
}

#[test]
fn a_chart_keeps_to_its_width_and_to_ascii_and_goes_where_there_is_no_room() {
    let ran = ran(&TAIL.replace("for 10m", "for 20m"), Script::new().metrics(spike), &[]);
    for width in [20, 30, 40, 80, 200] {
        let drawn = ran.drawn(Some("trigger1"), width, false);
        let chart: Vec<String> = drawn
            .lines()
            .filter(|line| line.contains('|') || line.contains('+'))
            .map(|line| line.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""))
            .collect();
        assert_eq!(chart.is_empty(), width < 30, "{width}:\n{drawn}");
        assert!(chart.iter().all(|line| line.is_ascii() && line.chars().count() <= width.max(40)), "{width}:\n{drawn}");
    }
}

#[test]
fn a_trigger_that_stayed_quiet_says_how_near_it_came() {
    let short = |field: &str, minute: f64| if minute < 17.0 { spike(field, minute) } else { spike(field, 0.0) };
    let ran = ran(TAIL, Script::new().metrics(short), &[]);
    let said = ran.said(Some("trigger1"));
    assert!(said.contains("trigger trigger1: did not fire"), "{said}");
    assert!(said.contains("true for 4m at the longest, 10m would decide"), "{said}");
    assert!(said.contains("true at 5"), "{said}");
    let whole = ran.said(None);
    assert!(whole.contains("hold block.hold1: passed"), "{whole}");
    assert!(whole.contains("its trigger did not fire: `trigger1`"), "{whole}");
}

#[test]
fn a_hold_tells_what_violated_it_and_for_how_long() {
    let body = r#"phase a { step one = shell("one") timeout 1m undo shell("un-one")
      hold 30m every 2m { require m.errors <= 1% for 4m else "too many errors" require m.p95 in 100ms +- 50ms } }"#;
    let bad = |field: &str, minute: f64| {
        Some(if field == "p95" {
            0.1
        } else if minute >= 9.0 {
            0.05
        } else {
            0.002
        })
    };
    let ran = ran(body, Script::new().metrics(bad), &[]);
    let said = ran.said(None);
    assert!(said.contains("hold a.hold1: failed, 2025-01-06 10:14:00"), "{said}");
    assert!(said.contains("hold 30m every 2m\n"), "{said}");
    assert!(said.contains("held for 14m of 30m"), "{said}");
    assert!(said.contains("m.errors <= 1% for 4m: false\n    m.errors = 5%\n"), "{said}");
    assert!(said.contains("false for 4m without a break, 4m decide"), "{said}");
    assert!(said.contains("m.p95 in 100ms +- 50ms: true"), "{said}");
    assert!(said.contains("the range 50ms to 150ms, never false"), "{said}");
    assert!(said.contains("10:14:00 a.one: undone"), "{said}");
}

#[test]
fn a_hold_that_looks_between_samples_keeps_what_it_saw() {
    // It looks at half past each minute; the sample after its last look ends the run.
    let body = r#"phase a { step one = shell("one") timeout 1m undo shell("un-one")
      hold 30m every 1m { require m.p95 < 300ms for 2m }
      rollback when m.p95 > 250ms for 3 samples }"#;
    let bad = |_: &str, minute: f64| Some(if minute >= 5.0 { 0.28 } else { 0.1 });
    let ran = ran(body, Script::new().takes("one", 30).metrics(bad), &[]);
    let said = ran.said(Some("a.hold1"));
    assert!(said.contains("hold a.hold1: cancelled"), "{said}");
    assert!(said.contains("m.p95 < 300ms for 2m: true\n    m.p95 = 280ms\n"), "{said}");
    // Halfway, as `status` draws it: the sample it looked at has made room for a newer one.
    let upto = ran.events.iter().position(|recorded| {
        matches!(recorded.event, Event::Sampled { .. }) && recorded.at >= START.plus(Duration::from_secs(120))
    });
    let mut state = State::new(&ran.plan);
    ran.events[..=upto.expect("a sample")].iter().for_each(|recorded| state.apply(&ran.plan, recorded));
    let drawn = draw(&ran.plan, &state, state.last_at).join("\n");
    assert!(drawn.contains("of 30m  m.p95 = 100ms"), "{drawn}");
}

#[test]
fn of_a_run_that_never_began_no_time_is_told() {
    let ran = ran("phase a { wait 1m }", Script::new(), &[]);
    let summary = sum_up(&ran.plan, &State::new(&ran.plan), START);
    assert_eq!(summary.took, Duration::ZERO);
    assert_eq!(sum_up(&ran.plan, &ran.state, START).took, Duration::from_secs(60));
}

#[test]
fn a_gate_tells_each_of_its_conditions_and_one_without_data_says_what_it_takes() {
    let body = r#"phase a { wait 10m gate "fit" { require m.errors <= 1% require m.p95 <= 10ms warn m.p99 < 1ms } }"#;
    let ran_once = ran(body, Script::new().metrics(spike), &[]);
    let said = ran_once.said(Some("a.gate1"));
    assert!(said.contains("gate a.gate1: failed, 2025-01-06 10:10:00"), "{said}");
    assert!(said.contains("m.errors <= 1%: true\n    m.errors = 0%\n    met\n"), "{said}");
    assert!(said.contains("m.p95 <= 10ms: false\n    m.p95 = 100ms\n    not met: this fails the gate\n"), "{said}");
    assert!(said.contains("not met, which only warns"), "{said}");
    assert!(said.contains("11 looks in 10m"), "{said}");

    let blind = ran(body, Script::new().metrics(|field, _| (field != "p95").then_some(0.0)), &[]);
    let said = blind.said(None);
    assert!(said.contains("paused"), "{said}");
    assert!(said.contains("gate a.gate1: undecided"), "{said}");
    assert!(said.contains("unknown: this keeps the gate from passing"), "{said}");
    assert!(said.contains("phasegate resume simulated"), "{said}");
}

#[test]
fn a_step_tells_its_attempts_its_skip_its_undo_and_its_doubt() {
    let body = r#"phase a { step one = shell("one") timeout 1m retry 2 undo shell("un-one")
      step two = shell("two") effect reads timeout 1m when one.exit_code == 7
      step three = shell("three") timeout 1m } phase b after a { step four = shell("four") timeout 1m }"#;
    let ran_once = ran(body, Script::new().fails("one", 1).fails("three", 1), &[]);
    let one = ran_once.said(Some("a.one"));
    assert!(one.contains("step a.one: passed"), "{one}");
    assert!(one.contains("10:00:00 attempt 1 failed: `one` failed; tried again at 10:00:01"), "{one}");
    assert!(one.contains("it was taken back, because a.three: `three` failed"), "{one}");
    assert!(ran_once.said(Some("a.two")).contains("step a.two: skipped"));
    assert!(ran_once.said(Some("a.two")).contains("its `when` is false"));
    let three = ran_once.said(Some("a.three"));
    assert!(three.contains("failed: `three` failed") && three.contains("it stays: it has no undo"), "{three}");
    let four = ran_once.said(Some("b.four"));
    assert!(four.contains("step b.four: not reached"), "{four}");
    let phase = ran_once.said(Some("a"));
    assert!(phase.contains("phase a: undone") && phase.contains("failed: a.three: `three` failed"), "{phase}");
    let whole = ran_once.said(None);
    assert!(whole.find("step a.three: failed").unwrap() < whole.find("a.one: undone").unwrap(), "{whole}");

    let slow = Behaviour { takes: Duration::from_secs(600), ..Behaviour::default() };
    let plan = plan("use std.shell\n/// T.\npipeline p { phase a { step two = shell(\"two\") timeout 1h } }");
    let registry = registry();
    let mut simulation = Simulation::start(&plan, &registry, Script::new().command("two", slow), START);
    simulation.run_until(START.plus(Duration::from_secs(60)));
    let simulation = simulation.crash(&registry);
    let doubt = Ran { plan: plan.clone(), events: simulation.events.clone(), state: simulation.state().clone() };
    for said in [doubt.said(None), doubt.said(Some("a.two"))] {
        assert!(said.contains("step a.two: in doubt"), "{said}");
        assert!(said.contains("phasegate resolve simulated a.two done|redo"), "{said}");
    }
}

#[test]
fn a_ramp_an_approval_and_a_command_tell_what_decided() {
    let body = r#"phase canary { ramp traffic.http("http://127.0.0.1:2/") through 5%, 100% { hold 10m { require m.errors <= 1% } }
      approve "release manager" within 1h else rollback }"#;
    let ran_once = ran(body, Script::new().metrics(spike), &[]);
    let ramp = ran_once.said(Some("canary.ramp1"));
    assert!(ramp.contains("ramp traffic.http through 5%, 100%"), "{ramp}");
    assert!(ramp.contains("10:10:00 weight 100%"), "{ramp}");
    assert!(ramp.contains("the weight went back, because canary.approve1: nobody approved within 1h"), "{ramp}");
    let whole = ran_once.said(None);
    assert!(whole.contains("approve canary.approve1: expired"), "{whole}");
    let holds = ran_once.said(Some("canary.hold1"));
    assert!(holds.contains("execution 1") && holds.contains("execution 2"), "{holds}");

    let body = r#"phase a { step one = shell("one") timeout 1m undo shell("un-one") wait 2h }"#;
    let ran_once = ran(body, Script::new(), &[(5, Command::Rollback)]);
    let whole = ran_once.said(None);
    assert!(whole.contains("command rollback: given by operator"), "{whole}");
    assert!(whole.contains("a.one: undone"), "{whole}");
}

#[test]
fn a_sum_is_drawn_against_its_limit() {
    let body = r#"phase a { hold 1h { require m.errors <= 50% } }
      rollback when cusum(m.p95, target: 100ms, sigma: 10ms).alarm for 3 samples"#;
    let drifting = |field: &str, minute: f64| Some(if field == "p95" && minute > 5.0 { 0.12 } else { 0.1 });
    let ran = ran(body, Script::new().metrics(drifting), &[]);
    let said = ran.said(None);
    assert!(said.contains("larger sum of cusum(m.p95, 100ms, 10ms) > h 5"), "{said}");
    assert!(said.contains("true for 3 without a break, 3 evaluations decide"), "{said}");
}

#[test]
fn a_slip_in_a_name_is_noticed_and_json_holds_what_the_text_says() {
    let ran = ran(TAIL, Script::new().metrics(spike), &[]);
    let unknown = ran.explain(Some("block.hold2")).unwrap_err();
    let (message, help) = text::unknown("r", "block.hold2", &unknown);
    assert_eq!(message, "run `r` has no `block.hold2`");
    assert_eq!(help.as_deref(), Some("did you mean `block.hold1`?"));
    let (_, help) = text::unknown("r", "x", &ran.explain(Some("x")).unwrap_err());
    assert!(help.unwrap().starts_with("there are `block`, `block.enable`"), "");

    let document = json::render(&ran.explain(None).unwrap());
    let trigger = &document["parts"][0];
    assert_eq!((&trigger["id"], &trigger["verdict"]), (&"trigger1".into(), &"fired".into()));
    let course = &trigger["conditions"][0]["courses"][0];
    assert_eq!(course["points"].as_array().unwrap().len(), 23);
    assert_eq!((&course["points"][22]["bound"], &course["points"][22]["bad"]), (&0.2.into(), &true.into()));
    assert_eq!(document["parts"][1]["kind"], "run");
}

#[test]
fn every_node_of_a_run_has_an_explanation() {
    let ran = ran(TAIL, Script::new().metrics(spike), &[]);
    for node in &ran.plan.nodes {
        let explanation = ran.explain(Some(&node.id)).unwrap();
        assert!(!explanation.parts.is_empty(), "{}", node.id);
        assert!(explanation.parts.iter().all(|part| !part.verdict.is_empty() && part.id == node.id), "{}", node.id);
    }
}

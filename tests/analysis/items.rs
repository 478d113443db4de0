//! Items around pipelines: what stands in the model, and that no text of them stops the checker.

use phasegate::contract::value::{Unit, Value};
use phasegate::model::expr::ExprKind;
use phasegate::model::operations::Severity;
use phasegate::model::scenario::{Answer, Because, Course, Ending, ExpectationKind, GivenKind};

use super::{check, check_files};

const EXAMPLE: &str = r#"use std.{flags, http, notify, shell, traffic}
type Bench = { p95: duration(ms), coverage: ratio(%), note: string? }
environment only { api = "https://example.com" }
metrics search from http("http://127.0.0.1:1/m") every 30s { p95: duration(s) = json("p95") }
channel oncall = notify.webhook(url: secret("HOOK"))
/// Plain search.
killswitch plain { on { flags.set("plain", { on: "true" }) } off { step flags.unset("plain") } }
/// From outside.
sentinel outside every 1h {
  probe home = http.get(env.api) timeout 5s expect result.status == 200
  trip plain when failures(home) >= 3 for 5m
  recover when success_rate(home, 1h) > 99% for 30m
}
freeze xmas from time("2025-12-20T00:00:00Z") to time("2026-01-02T00:00:00Z")
alert slow critical when search.p95 > 2s for 5m { summary "p95 ${last(search.p95)}" runbook "https://x" notify oncall }
rubric cqvr for json {
  pass when score >= 20 and critical >= 10
  tier critical { criterion a1 "Identity" 20 { award 8 when doc.identity.id == doc.output.id  award 12 when len(doc.slots) > 0 } }
}
/// Rolls out.
pipeline rollout {
  param version: version
  phase bench { step now: Bench = shell("./bench ${version}") effect reads timeout 1h gate "fast" { require now.p95 < 1s } }
  phase deploy after bench for region in ["eu", "us"] {
    step apply = flags.set(region, { on: "true" })
    ramp traffic.http(url: "http://127.0.0.1:2/w") through 5%, 100% { hold 10m { require search.p95 < 1s } }
  }
}
schedule nightly "0 2 * * *" run rollout(version: "1.2.3") in only
test "slow" {
  run rollout(version: "1.2.3") in only
  given step bench.now = { p95: 120ms, coverage: 99.5 }
  given step deploy[eu].apply fails 2 times
  given undo deploy.apply takes 1m
  given search.p95 = 100ms then 2s at 30m noise 5ms
  given search.p95 missing from 5m to 6m
  given approval bench at 5m by "anna"
  given file "a.json" = { a: [1, null] }
  given crash at 1h
  expect outcome rolled_back at 26h10m +- 1m because bench.gate1
  expect deploy[eu] undone
  expect always traffic(deploy) <= 25%
  expect step bench.now ran once before deploy.apply by 1h
  expect notified oncall
}
"#;

#[test]
fn items_stand_in_the_model_resolved_and_typed() {
    let (analysis, _) = check(EXAMPLE);
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let program = analysis.program;
    let switch = &program.killswitches["plain"];
    assert_eq!((switch.on.statements.len(), switch.off.statements.len()), (1, 1));
    assert_eq!(switch.doc.as_deref(), Some("Plain search."));
    let sentinel = &program.sentinels["outside"];
    assert_eq!(sentinel.probes[0].call.name, "http.get");
    assert_eq!(sentinel.trips[0].switch, "plain");
    let ExprKind::Binary(_, failures, _) = &*sentinel.trips[0].conditions[0].expr.kind else { panic!("a comparison") };
    let ExprKind::Call(function, args) = &*failures.kind else { panic!("a call") };
    assert_eq!((function.as_str(), args[0].1.as_literal()), ("failures", Some(&Value::text("outside.home"))));
    assert_eq!(sentinel.recovers.len(), 1);
    assert_eq!(program.alerts["slow"].severity, Severity::Critical);
    assert_eq!(program.alerts["slow"].notify, ["oncall"]);
    assert!(program.freezes.contains_key("xmas"));
    let launch = &program.schedules["nightly"].launch;
    assert_eq!((launch.pipeline.as_str(), launch.environment.as_deref()), ("rollout", Some("only")));
    assert_eq!(program.rubrics["cqvr"].points().to_i64(), Some(20));
}

#[test]
fn a_test_stands_in_the_model_with_raw_outputs_and_places() {
    let (analysis, _) = check(EXAMPLE);
    let test = &analysis.program.tests[0];
    assert_eq!((test.title.as_str(), test.given.len(), test.expect.len()), ("slow", 8, 5));
    let GivenKind::Step { step, what: Answer::Output(output) } = &test.given[0].kind else { panic!("an output") };
    assert_eq!((step.phase.name.as_str(), step.step.as_str()), ("bench", "now"));
    let ExprKind::Record(fields) = &*output.kind else { panic!("a record") };
    // 120ms of a `duration(ms)` is the raw number 120.
    let raw = Value::Quantity(phasegate::base::number::Number::from(120_i64), Unit::One);
    assert_eq!(fields[0].1.as_literal(), Some(&raw));
    let GivenKind::Step { step, .. } = &test.given[1].kind else { panic!("a step") };
    assert_eq!(step.phase.element.as_deref(), Some("eu"));
    let GivenKind::Metric { group, field, what: Course::Values { then, noise, .. } } = &test.given[3].kind else {
        panic!("a metric")
    };
    assert_eq!((group.as_str(), field.as_str(), then.len(), noise.is_some()), ("search", "p95", 1, true));
    let ExpectationKind::Outcome { outcome, at, because } = &test.expect[0].kind else { panic!("an outcome") };
    assert_eq!(*outcome, Ending::RolledBack);
    assert!(at.as_ref().is_some_and(|at| at.tolerance.is_some()));
    assert!(matches!(because, Some(Because::Node(node)) if node.step == "gate1"));
}

#[test]
fn what_acts_by_itself_is_taken_in_by_its_import() {
    let shared = r#"
freeze summer from time("2025-07-20T00:00:00Z") to time("2025-08-02T00:00:00Z")
freeze winter from time("2025-12-20T00:00:00Z") to time("2026-01-02T00:00:00Z")
/// Waits.
pipeline other { phase only { wait 1m } }
/// Waits.
pipeline unrelated { phase only { wait 1m } }
"#;
    let main = "use \"./shared.deploy\".{summer, other}\nschedule nightly \"0 2 * * *\" run other()\n";
    let (analysis, _) = check_files(&[("main.deploy", main), ("shared.deploy", shared)]);
    assert!(analysis.diagnostics.is_empty(), "{:?}", analysis.diagnostics);
    let program = analysis.program;
    assert!(program.freezes.keys().eq(["summer"]));
    assert!(program.pipelines.is_empty() && program.imported.keys().eq(["other"]));
    assert!(program.launched("other").is_some());
}

#[test]
fn no_prefix_and_no_lost_word_stops_the_checker() {
    for end in (0..EXAMPLE.len()).step_by(23) {
        check(&EXAMPLE[..end]);
    }
    let words: Vec<&str> = EXAMPLE.split(' ').collect();
    for lost in (0..words.len()).step_by(3) {
        let mut rest = words.clone();
        rest.remove(lost);
        check(&rest.join(" "));
        rest.insert(lost, "search");
        check(&rest.join(" "));
    }
}

//! PG301 to PG305: the order of phases and steps.

use super::expect;

#[test]
fn phases_do_not_wait_for_each_other() {
    expect(
        r#"
use std.backup
/// Doc.
pipeline p {
  phase a after c { wait 1s } // PG301
  phase b after a { wait 1s }
  phase c after b { wait 1s }
  phase d { step x = backup.create([e.y.id]) } // PG301
  phase e { step y = backup.create([d.x.id]) }
  phase f after f { wait 1s } // PG301
}"#,
    );
}

#[test]
fn outputs_are_there_when_they_are_read() {
    expect(
        r#"
use std.backup
/// Doc.
pipeline p {
  phase a {
    step one = backup.create([two.id]) // PG302
    step two = backup.create([one.id])
    parallel {
      step three = backup.create([two.id])
      step four = backup.create([three.id]) // PG302
    }
    step five = backup.create([three.id, four.id])
  }
  phase b { step six = backup.create([a.five.id]) }
}"#,
    );
}

#[test]
fn a_phase_that_never_runs_is_reported_with_what_waits_for_it() {
    expect(
        r#"
environment one { docs = false }
environment two { docs = false }
/// Doc.
pipeline p {
  phase a when env.docs { gate { require env.docs } } // PG303
  phase b after a { wait 1s }
  phase c when env.name == "one" { wait 1s }
}"#,
    );
}

#[test]
fn one_target_is_ramped_by_one_phase_at_a_time() {
    expect(
        r#"
use std.traffic
environment one { lb = "http://127.0.0.1/w", other = "http://127.0.0.1/v" }
/// Doc.
pipeline p {
  phase a { ramp traffic.http(url: env.lb) through 5% { wait 1s } }
  phase b { ramp traffic.http(url: env.lb) through 5% { wait 1s } } // PG304
  phase c after a, b { ramp traffic.http(url: env.lb) through 5% { wait 1s } }
  phase d { ramp traffic.http(url: env.other) through 5% { wait 1s } }
}"#,
    );
}

#[test]
fn what_may_be_skipped_has_a_default() {
    expect(
        r#"
use std.backup
/// Doc.
pipeline p {
  param careful: bool
  phase a {
    step saved = backup.create(["a/"]) when careful
    step again = backup.create([saved.id]) // PG305
    step third = backup.create([saved.id ?? "a/"])
    step fourth = backup.create([saved.id]) when careful
  }
  phase b after a { step backup.create([a.saved.id, a.third.id]) } // PG305
}"#,
    );
}

#[test]
fn components_do_not_run_themselves() {
    expect(
        r#"
component a() { run b() } // PG301
component b() { run a() }
threshold t { require u } // PG301
threshold u { require t }
threshold v { require v } // PG301
/// Doc.
pipeline p { phase x { run a() gate { require t or v } } }"#,
    );
}

//! PG101 to PG112: names, arguments, places.

use super::{expect, expect_files};

#[test]
fn an_unknown_phase_step_or_value_is_named() {
    expect(
        r#"
use std.backup
/// Doc.
pipeline p {
  phase first { step saved = backup.create(["config/"]) }
  phase second after frist { wait 1s } // PG101
  phase third after first { approve "${first.savd.id}" within 1h } // PG101
  phase fourth after first { approve "${saved.id} ${nothing}" within 1h } // PG101 PG101
}"#,
    );
}

#[test]
fn one_name_twice_in_one_scope_is_reported_and_shadowing_is_not() {
    expect(
        r#"
type A = { x: int, x: int } // PG102
environment one { key = 1, key = 2 } // PG102
environment one { key = 1 } // PG102
threshold slow { require env.key > 0 }
threshold slow { require env.key > 4 } // PG102
/// Doc.
pipeline p {
  param size: int
  let size = 3 // PG102
  phase a { let size = 1s wait size }
  phase a { wait 1s } // PG102
  phase b when slow { gate { require size > 3 } }
}"#,
    );
}

#[test]
fn steps_of_one_phase_have_different_names() {
    expect(
        r#"
use std.backup
/// Doc.
pipeline p {
  phase a {
    step saved = backup.create(["a/"])
    parallel { step saved = backup.create(["b/"]) } // PG102
  }
  phase b { step saved = backup.create(["a/"]) }
}"#,
    );
}

#[test]
fn a_call_that_names_nothing_is_reported_once() {
    expect(
        r#"
use std.shell
/// Doc.
pipeline p {
  param x: float
  phase a {
    step shel("ls") // PG103
    step backup.create(["a/"]) // PG103
    step backup.create(["b/"])
    gate { require abz(x) > 1 } // PG103
    run nothing(x) // PG103
    step y = shell("ls") effect reads timeout 1s
    gate { require shell("ls").exit_code == 0 } // PG103
  }
}"#,
    );
}

#[test]
fn imports_name_what_is_there() {
    expect_files(&[
        (
            "a/main.deploy",
            r#"
use std.{shell, k9s} // PG104 PG501
use "./slo.deploy".{slow, fast} // PG101
use "./gone.deploy" as gone // PG104
/// Doc.
pipeline p { phase a { gate { require slow } } }"#,
        ),
        (
            "a/slo.deploy",
            r#"
metrics api from http("http://127.0.0.1/m") { p95: duration(ms) = json("$.p95") }
threshold slow { require api.p95 > 3 } // PG202"#,
        ),
    ]);
}

#[test]
fn a_file_may_be_imported_whole() {
    expect_files(&[
        (
            "main.deploy",
            r#"
use "./slo.deploy" as slo
/// Doc.
pipeline p {
  phase a { gate { require slo.slow and slo.api.p95 < 9s and slo.limits(slo.api) } }
  phase b { run slo.soak(10m) }
}"#,
        ),
        (
            "slo.deploy",
            r#"
metrics api from http("http://127.0.0.1/m") { p95: duration(ms) = json("$.p95") }
threshold slow { require api.p95 > 3s }
threshold limits(m: api) { require m.p95 > 3s }
component soak(time: duration) { wait time }"#,
        ),
    ]);
}

#[test]
fn an_import_cycle_is_reported_at_the_file_being_checked() {
    expect_files(&[
        ("a.deploy", "use \"./b.deploy\".{b} // PG105\nthreshold a { require 1 > 0 and b }"),
        ("b.deploy", "use \"./a.deploy\".{a}\nthreshold b { require 1 > 0 }\nthreshold c { require a }"),
    ]);
}

#[test]
fn a_misspelt_argument_is_not_also_missing() {
    expect(
        r#"
use std.{backup, flags}
/// Doc.
pipeline p {
  phase a {
    step backup.create(sorce: ["a/"]) // PG106
    step backup.create(retain: 30d) // PG107
    step flags.set() // PG107
    step flags.unset("x", "flags.json", 3, 4) // PG110
    step flags.unset("x", feature: "y") // PG102
  }
}"#,
    );
}

#[test]
fn fields_are_looked_up_where_they_belong() {
    expect(
        r#"
use std.backup
type Bench = { p95: duration(ms) }
metrics api from http("http://127.0.0.1/m") { p95: duration(ms) = json("$.p95") }
/// Doc.
pipeline p {
  let bench: Bench = read.json("bench.json")
  phase a {
    step saved = backup.create(["a/"])
    gate {
      require bench.p96 < 1s // PG108
      require api.p99 < 1s // PG108
      require saved.siz < 1MiB // PG108
      require api.p95 < bench.p95
    }
  }
}"#,
    );
}

#[test]
fn environment_keys_are_known() {
    expect(
        r#"
environment staging { soak = 10m }
/// Doc.
pipeline p {
  lock "p-${env.name}"
  phase a { wait env.soke } // PG109
  phase b { wait env.soak }
}"#,
    );
}

#[test]
fn types_are_known() {
    expect(
        r#"
type A = { x: Duration, y: list<strng>, z: duration(min), w: list } // PG111 PG111 PG111 PG111
type B = { b: B? } // PG111
/// Doc.
pipeline p {
  param x: Bensh // PG111
  phase a { gate { require x > 3 } }
}"#,
    );
}

#[test]
fn statements_stand_where_they_mean_something() {
    expect(
        r#"
use std.shell
metrics api from http("http://127.0.0.1/m") { p95: duration(ms) = json("$.p95") }
/// Doc.
pipeline p {
  wait 1s // PG112
  rollback phase when api.p95 > 1s for 3m // PG112
  phase a {
    timeout 3m // PG112
    wait 1s
    on failure stop // PG112
    require api.p95 < 1s // PG112
    gate {
      require api.p95 < 1s for 5m // PG112
      require api.p95 < 2s missing ok // PG112
      wait 1s // PG112
    }
    step shell("ls") effect reads timeout 1s on failure stop // PG112
    phase b { wait 1s } // PG112
    shell("ls") // PG112
  }
  on success { gate { require 1 > 0 } } // PG112
}"#,
    );
}

#[test]
fn what_was_meant_by_a_misspelt_name_is_not_unused_as_well() {
    expect(
        r#"
use std.flags
metrics api from http("http://127.0.0.1/m") { p95: duration(ms) = json("$.p95") }
threshold slow { require api.p99 > 1s } // PG108
/// Doc.
pipeline p {
  param limit: int
  phase a {
    gate { require limitt > 2 and sloww } // PG101 PG101
    step flags.sett("x", {}) // PG103
  }
}"#,
    );
}

#[test]
fn names_that_unreadable_text_might_declare_are_not_reported() {
    expect(
        r#"
/// Doc.
pipeline p {
  parem size: int // PG001
  phase a { gate { require size > 3 } }
}"#,
    );
}

//! PG401 to PG505 in more than one construction each.

use super::expect;

const API: &str = r#"
metrics api from http("http://127.0.0.1/m") every 1m { p95: duration(ms) = json("$.p95") errors: ratio = json("$.e") }
threshold used { require api.p95 > 0s and api.errors > 0% }
"#;

#[track_caller]
fn expect_with_api(text: &str) {
    expect(&format!("{API}{text}"));
}

#[test]
fn conditions_that_contradict_themselves_never_hold() {
    expect_with_api(
        r#"
environment one { limit = 1s, strict = true }
environment two { limit = 5s, strict = false }
/// Doc.
pipeline p {
  phase a {
    rollback when used and api.p95 > 3s and api.p95 < 2s for 5m // PG401
    gate {
      require api.p95 > env.limit and api.p95 < 2s // PG401
      require api.p95 > 1s and api.p95 < 2s
      require api.p95 > 1s or api.p95 < 2s // PG402
      require 1s < 2s // PG402
      warn not (api.errors > 5% or api.errors <= 5%) // PG401
      require env.strict // PG401
    }
    wait 10m
  }
}"#,
    );
}

#[test]
fn holds_fit_into_the_timeout() {
    expect_with_api(
        r#"
use std.traffic
/// Doc.
pipeline p {
  timeout 2h
  phase a { hold 30m { require used } }
  phase b after a {
    ramp traffic.http(url: "http://127.0.0.1/w") through 5%, 10% {
      hold 1h { require used } // PG403
    }
  }
  phase c { wait 2h }
}"#,
    );
}

#[test]
fn triggers_fit_into_their_block() {
    expect_with_api(
        r#"
use std.shell
/// Doc.
pipeline p {
  rollback when used for 1h // PG404
  phase a {
    rollback when api.p95 > 1s for 20m // PG404
    rollback when api.p95 > 2s for 9m
    rollback when api.errors > 1% for 20 samples // PG404
    wait 10m
  }
  phase b {
    rollback when api.p95 > 1s for 20m
    step shell("ls") effect reads timeout 30m
  }
}"#,
    );
}

#[test]
fn a_for_is_longer_than_a_sample() {
    expect_with_api(
        r#"
/// Doc.
pipeline p {
  rollback when used for 59s // PG405
  phase a { hold 10m { require api.p95 < 1s for 30s } } // PG405
  phase b { hold 10m every 10s { require api.p95 < 1s for 30s } } // PG405
  phase c { hold 10m every 10s { require api.p95 < 1s for 2m } }
}"#,
    );
}

#[test]
fn a_ramp_to_everybody_is_guarded() {
    expect_with_api(
        r#"
use std.traffic
/// Doc.
pipeline p {
  phase a { ramp traffic.http(url: "http://127.0.0.1/a") through 5%, 100% { wait 10m } } // PG406
  phase b { ramp traffic.http(url: "http://127.0.0.1/b") through 5%, 50% { wait 10m } }
  phase c {
    rollback when used for 5m
    ramp traffic.http(url: "http://127.0.0.1/c") through 5%, 100% { wait 10m }
  }
  phase d { ramp traffic.http(url: "http://127.0.0.1/d") through 100% { parallel { hold 5m { require used } } } }
}"#,
    );
}

#[test]
fn changes_in_reach_of_a_rollback_say_how_they_are_undone() {
    expect_with_api(
        r#"
use std.shell
/// Doc.
pipeline p {
  phase a { step shell("before") timeout 1m } // PG407
  phase b after a {
    rollback when used for 5m
    step shell("inside") timeout 30m // PG407
    step shell("reading") effect reads timeout 30m
  }
  phase c after b { step shell("after") timeout 1m }
  phase d { on failure stop step shell("beside") timeout 1m } // PG407
}
/// Doc.
pipeline q {
  phase a { step shell("done") timeout 1m undo shell("undone") }
  phase b after a { step shell("fails, and then a is undone") timeout 1m } // PG407
  phase c after a { on failure stop step shell("stops") timeout 1m }
}
/// Doc.
pipeline r { phase a { step shell("there is nothing to undo") timeout 1m } }"#,
    );
}

#[test]
fn permanent_changes_come_after_a_backup() {
    expect(
        r#"
use std.{backup, shell}
/// Doc.
pipeline p {
  phase a { step shell("drop") effect permanent timeout 1m } // PG408
  phase b {
    step backup.create(["data/"])
    step shell("drop") effect permanent timeout 1m
  }
  phase c after b { step shell("drop") effect permanent timeout 1m }
}"#,
    );
}

#[test]
fn the_looser_of_two_triggers_is_reported() {
    expect_with_api(
        r#"
/// Doc.
pipeline p {
  rollback when api.errors > 1% for 5m
  phase a {
    rollback when api.errors > 2% for 5m // PG409
    rollback when api.errors > 2% for 3m
    rollback when api.p95 > 1s for 5m
    pause when api.errors > 3% for 5m // PG409
    pause when api.errors > 3% for 3m
    rollback when used for 5m
    wait 10m
  }
}"#,
    );
}

#[test]
fn one_sample_takes_nothing_back() {
    expect_with_api(
        r#"
/// Doc.
pipeline p {
  rollback when used // PG410
  phase a {
    rollback phase when api.p95 > 1s for 1 samples // PG410
    abort when api.p95 > 2s // PG410
    pause when api.p95 > 3s
    rollback when api.errors > 4% for 2 samples
    wait 1h
  }
}"#,
    );
}

#[test]
fn percent_of_a_ratio_is_said_aloud() {
    expect_with_api(
        r#"
/// Doc.
pipeline p {
  phase a {
    gate {
      require used and api.errors < api.errors + 5% // PG411
      require api.errors - 5% < 1% // PG411
      require api.errors < api.errors + 5pp
      require api.errors < api.errors * 110%
    }
  }
}"#,
    );
}

#[test]
fn small_lints_speak_up() {
    expect_with_api(
        r#"
use std.{http, shell}
/// Doc.
pipeline p {
  param Odd_Name: bool // PG503
  rollback when used for 5m missing ok // PG415
  phase a {
    step shell("ls") effect reads // PG412
    approve "anybody" // PG413
    step http.post("https://example.com", "x") effect tells retry 3
    hold 10m { require api.p95 < 1s missing ok } // PG415
    step http.post("https://example.com", "x") retry 3 undo http.post("https://example.com", "y") // PG416
    gate { require Odd_Name == true } // PG505
  }
}
pipeline q { phase x { wait 1s } } // PG504
alert slow critical when api.p95 > 1s for 5m { summary "slow" } // PG414
"#,
    );
}

#[test]
fn what_is_never_used_is_reported() {
    expect(
        r#"
use std.{shell, backup} // PG501 PG501
metrics api from http("http://127.0.0.1/m") {
  p95: duration(ms) = json("$.p95")
  p99: duration(ms) = json("$.p99") // PG501
}
metrics other from http("http://127.0.0.1/m") { x: float = json("$.x") } // PG501
threshold slow { require api.p95 > 1s } // PG501
channel room = notify.webhook(url: secret("HOOK")) // PG501 PG103
component c(a: int) { wait 1s } // PG501
/// Doc.
pipeline p {
  param x: int // PG501
  let y = 3 // PG501
  phase a { let z = 3 wait 1s } // PG501
}"#,
    );
}

#[test]
fn an_allow_silences_one_warning_on_the_next_statement() {
    expect(
        r#"
/// Doc.
pipeline p {
  phase a {
    // phasegate: allow(PG413) somebody always answers
    approve "on call"
    approve "anybody" // PG413
    // phasegate: allow(PG413, PG202) x // PG502 PG502
    wait 1s
  }
}"#,
    );
}

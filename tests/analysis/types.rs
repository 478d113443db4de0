//! PG201 to PG209: types and units.

use super::expect;

#[test]
fn quantities_of_different_kinds_do_not_meet() {
    expect(
        r#"
metrics api from http("http://127.0.0.1/m") {
  p95: duration(ms) = json("$.p95")
  errors: ratio = json("$.errors")
  size: bytes = json("$.size")
  n: float = json("$.n")
  tail: float = p95 / p95
  wrong: duration = p95 / p95 // PG202
}
/// Doc.
pipeline p {
  param n: int = 5s // PG202
  timeout 30 // PG202
  phase a {
    wait 5 // PG202
    gate {
      require api.p95 < 200 // PG202
      require api.errors < 0.05 // PG202
      require api.p95 < api.size // PG202
      require api.p95 * api.p95 > 3s // PG202
      require api.p95 / api.p95 <= 2.0
      require api.p95 / api.p95 <= 5%
      require api.p95 <= 100ms * 110%
      require api.n / 10s > 5 // PG202
      require api.n / 10s > 5 / 1s
      require api.n in 5 +- 2 and api.n in 1..10 and n > 3
      require api.p95 in 5 +- 2 // PG202
      require api.tail > 1 and api.wrong > 1s
      require api.p95 < "1s" // PG201
    }
  }
}"#,
    );
}

#[test]
fn an_expression_with_an_error_in_it_reports_nothing_further() {
    expect(
        r#"
/// Doc.
pipeline p {
  phase a { gate { require (nothing + 5s) * 3 > 7% } } // PG101
}"#,
    );
}

#[test]
fn other_types_do_not_fit() {
    expect(
        r#"
use std.{backup, flags}
/// Doc.
pipeline p {
  param name: string
  param v: version = "latest" // PG206
  phase a {
    wait "5m" // PG201
    step backup.create("config/") // PG201
    step flags.set(name, { a: 3 }) // PG201
    step flags.set(name + "x", { a: "3" }) // PG201
    step flags.set("${name}x", { version: v })
  }
}"#,
    );
}

#[test]
fn conditions_are_true_or_false() {
    expect(
        r#"
metrics api from http("http://127.0.0.1/m") { p95: duration(ms) = json("$.p95") }
/// Doc.
pipeline p {
  param careful: bool
  rollback when api.p95 for 5m // PG203
  phase a when careful { gate { require not api.p95 } } // PG203
  phase b when 3 { wait 1h } // PG203
}"#,
    );
}

#[test]
fn secrets_stay_secrets() {
    expect(
        r#"
use std.{http, notify, shell}
channel a = notify.webhook(url: secret("HOOK"))
channel b = notify.webhook(url: "https://example.com") // PG201
/// Doc.
pipeline p {
  let token = secret("TOKEN")
  phase x {
    step shell("login ${token}") effect tells timeout 1m // PG204
    step shell(token) effect tells timeout 1m // PG204
    step http.post("https://example.com", { token: token }) effect tells // PG204
    step notify.send(a, token) // PG204
    step notify.send(b, "x")
    gate { require token == "x" } // PG204
  }
}"#,
    );
}

#[test]
fn environments_agree_on_keys_and_types() {
    expect(
        r#"
environment one { soak = 10m, size = 3, url = "https://a.example.com" }
environment two { soak = 10, size = 3.5, url = "https://b.example.com" } // PG205
environment three { soak = 10m, size = 1 } // PG205
"#,
    );
}

#[test]
fn written_out_texts_are_what_they_have_to_be() {
    expect(
        r#"
use std.http
metrics api from prometheus("localhost") { // PG206
  a: float = query("sum(rate(x[5m])") // PG206
  b: float = query("sum(rate(x[5m]))")
}
metrics web from http("http://127.0.0.1/m") { c: float = json("$.[") } // PG206
/// Doc.
pipeline p {
  window "Mon-Thu 09:00-16:00" // PG206
  phase a {
    step http.get("example.com") // PG206
    gate { require matches("abc", "(") } // PG206
    gate { require run.started_at > time("tomorrow") } // PG206
    gate { require api.a + api.b + web.c > 1 }
  }
}"#,
    );
}

#[test]
fn metrics_stand_in_conditions() {
    expect(
        r#"
use std.notify
metrics api from http("http://127.0.0.1/m") every 1s { p95: duration(ms) = json("$.p95") }
threshold slow { require api.p95 > 1s }
channel room = notify.webhook(url: secret("HOOK"))
/// Doc.
pipeline p {
  let now = api.p95 // PG207
  let later = mean(api.p95, 5m) // PG207
  lock "x${api.p95}" // PG207
  phase a {
    step notify.send(room, "p95 is ${api.p95}") // PG207
    step notify.send(room, "p95 is ${last(api.p95)}")
    wait api.p95 // PG207
    gate { require mean(api.p95, 5m) < 1s and max(api.p95, now) < later and not slow }
    gate { require mean(5s, 5m) < 1s } // PG201
    gate { require cusum(api.p95, target: 100ms, sigma: 5ms).alarm }
    gate { require cusum(api.p95, target: 100, sigma: 5ms).alarm } // PG202
  }
}"#,
    );
}

#[test]
fn nothing_is_divided_by_zero() {
    expect(
        r#"
/// Doc.
pipeline p {
  param n: int
  phase a { gate { require n / 0 > 1 or n / (1 - 1) > 2 } } // PG208 PG208
}"#,
    );
}

#[test]
fn weights_rise_between_nothing_and_everything() {
    expect(
        r#"
use std.traffic
/// Doc.
pipeline p {
  phase a {
    ramp traffic.http(url: "http://127.0.0.1/w") through 5%, 5%, 25% { wait 1s } // PG209
    ramp traffic.http(url: "http://127.0.0.1/w") through 5%, 150% { wait 1s } // PG209
    ramp traffic.http(url: "http://127.0.0.1/w") through 5, 10% { wait 1s } // PG202
  }
}"#,
    );
}

#[test]
fn optional_and_untyped_values_meet_a_type_first() {
    expect(
        r#"
use std.{flags, http}
type Answer = { ready: bool, note: string? }
/// Doc.
pipeline p {
  let raw = read.json("a.json")
  let answer: Answer = read.json("a.json")
  phase a {
    step old = flags.set("x", {})
    step got = http.get("https://example.com")
    step typed: Answer = http.get("https://example.com")
    gate {
      require raw.ready // PG201
      require answer.ready and typed.ready
      require answer.note == "x" // PG201
      require (answer.note ?? "") == "x"
      require got.body.ready // PG201
      require got.took < 1s and got.status == 200
      require len(old.previous ?? {}) == 0
    }
  }
}"#,
    );
}

#[test]
fn functions_take_what_they_are_declared_for() {
    expect(
        r#"
/// Doc.
pipeline p {
  param n: int
  let l = [1, 2, 3]
  phase a {
    gate {
      require abs(n) > 1 and min(n, 2.5) > 1 and max(l) == 3 and mean(l) > 1.5 and percentile(l, 95%) > 2
      require n > 0 and len(l) == 3 and len("abc") == 3 and contains(l, 2) and contains("abc", "b")
      require round(2.567, digits: 2) == 2.57 and floor(2.5) == 2 and clamp(n, 1, 5) == 3
      require min(5s, 3) > 1s // PG202
      require len(n) > 1 // PG201
      require upper(n) == "X" // PG201
      require sqrt(5s) > 1 // PG202
      require n > 0 and join(split("a b", by: " "), by: ",") == "a,b"
      require (if n > 3 then 5s else 10s) > 7s
      require (if n > 3 then 5s else 10) > 7s // PG202
    }
  }
}"#,
    );
}

#[test]
fn what_a_value_lies_around_is_written_as_noise() {
    let text = |given: &str| {
        format!(
            r#"
metrics api from http("http://127.0.0.1/m") every 1m {{ p95: duration(ms) = json("$.p95") }}
/// Doc.
pipeline p {{ phase a {{ gate {{ require api.p95 < 300ms }} }} }}
test "t" {{
  run p()
  given api.p95 = {given}
  expect outcome succeeded
}}"#
        )
    };
    expect(&text("200ms +- 10ms // PG201"));
    expect(&text("200ms then 240ms +- 10ms at 1m // PG201"));
    expect(&text("200ms then 240ms at 1m noise 10ms"));
    let (analysis, _) = super::check(&text("200ms +- 10ms"));
    assert_eq!(analysis.diagnostics[0].message, "one value is needed here, found a range");
}

//! Looks that each sample brings come to what the evaluator comes to: every such look is compared with it in a debug build,
//! so that runs through values near, at and beyond their limits, with gaps and NaN between them, are enough to hold that.

#[path = "support/outside.rs"]
mod outside;

use outside::{command, folder_with, standard_error, standard_output};
use serde_json::Value;

const CONDITIONS: [&str; 26] = [
    "m.a > 5",
    "m.a >= 5",
    "m.a == 5",
    "m.a != 5",
    "m.a in 4.9..5.1",
    "m.a not in 5 +- 0.1",
    "m.a > m.b",
    "m.a == m.b",
    "m.a > 2 * m.b - 5",
    "m.a - m.b == 0",
    "m.a - m.b <= 0.1 and m.a + m.b > 10",
    "m.a < 4.7 or m.b < 4.7",
    "not (m.a < 5) and not m.b < 5",
    "m.a / m.b > 1.02",
    "m.share * m.late > 10ms",
    "m.late > 200ms",
    "-m.a < -5.1",
    "mean(m.a, 5m) > 5",
    "mean(m.a, 5m) == 5",
    "max(m.a, 10m) - min(m.a, 10m) > 0.7",
    "sum(m.a, 3m) >= 15",
    "percentile(m.b, 90%, 10m) > 5.3",
    "ewma(m.b, half_life: 5m) > 5",
    "cusum(m.a, 5, 1).alarm",
    "cusum(m.b, 5, 0.2, side: \"up\").alarm",
    "count(m.a, 10m) < 8 or m.sum > 10",
];

const MODEL: &str = "given m.a = normal(5, 1)
given m.b = ar1(5, 0.2, keeps: 0.8) + nan(every: 3h, lasts: 4m)
given m.share = normal(5%, 1%)
given m.late = normal(200ms, 5ms) + outage(every: 2h, lasts: 7m)
";

fn program() -> String {
    let triggers: Vec<String> = CONDITIONS
        .iter()
        .map(|condition| format!("  notify room when {condition} for 2 samples missing ok\n"))
        .collect();
    let watched: Vec<String> =
        CONDITIONS.iter().map(|condition| format!("      warn {condition} for 3m missing ok\n")).collect();
    format!(
        "use std.{{shell, traffic, notify}}\n
channel room = notify.slack(secret(\"CHAT\"))
metrics m from prometheus(\"http://prom\") every 1m {{
  a: int = query(\"a\")
  b: float = query(\"b\")
  share: ratio = query(\"share\")
  late: duration = query(\"late\")
  sum: float = a + b
}}
pipeline looked_at {{
{}  phase only {{
    ramp traffic.http(\"http://one\") through 10%, 50% {{
      hold 3h {{
        require m.a < 100 missing ok
{}      }}
      hold 3h every 2m {{
        require m.a < 100 missing ok
{}      }}
    }}
  }}
}}
",
        triggers.concat(),
        watched.concat(),
        watched.concat()
    )
}

#[test]
fn whatever_is_sampled_a_quick_look_sees_what_a_slow_one_sees() {
    let folder = folder_with(&[("a.deploy", &program()), ("m.deploy", MODEL)]);
    let arguments = ["simulate", "a.deploy", "--model", "m.deploy", "--runs", "3", "--seed", "7", "--format", "json"];
    let output = command(folder.path(), &arguments).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{}{}", standard_output(&output), standard_error(&output));
    let report: Value = serde_json::from_str(&standard_output(&output)).expect("JSON");
    let guards = report["summary"]["guards"].as_array().expect("guards");
    let fired = guards.iter().filter(|guard| guard["fired"]["runs"].as_u64().is_some_and(|runs| runs > 0)).count();
    // Conditions that come out both ways are those that hold something.
    assert!(fired >= CONDITIONS.len() - 4, "{fired} of {} fired", guards.len());
}

//! PG201 to PG210: types and units.

use crate::base::diagnostic::Code;

use super::Explanation;

pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::PG201,
        why: "A value of another type is needed here. Only `int` widens to `float` by itself.",
        bad: r#"/// Waits.
pipeline rollout { phase first { wait "a while" } }
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 10m } }
"#,
    },
    Explanation {
        code: Code::PG202,
        why: "Both are numbers, and they measure different things: comparing a duration with a bare number has no answer.",
        bad: r#"/// Waits.
pipeline rollout { phase first { wait 300 } }
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 300s } }
"#,
    },
    Explanation {
        code: Code::PG203,
        why: "A condition is true, false or unknown. A number or a text is none of them.",
        bad: r#"/// Looks.
pipeline rollout {
  param size: int
  phase first { gate { require size } }
}
"#,
        good: r#"/// Looks.
pipeline rollout {
  param size: int
  phase first { gate { require size > 0 } }
}
"#,
    },
    Explanation {
        code: Code::PG204,
        why: "Text ends up in plans, logs and events. A secret never becomes text; it travels by its name.",
        bad: r#"use std.shell

/// Logs in.
pipeline rollout {
  phase first { step shell("login --token ${secret("TOKEN")}") effect tells timeout 1m }
}
"#,
        good: r#"use std.shell

/// Logs in.
pipeline rollout {
  phase first { step shell("login --token-from-environment TOKEN") effect tells timeout 1m }
}
"#,
    },
    Explanation {
        code: Code::PG205,
        why: "A program is checked once for all environments, so all have the same keys with the same types.",
        bad: r#"environment staging { soak = 10m }
environment production { soak = 24h, replicas = 3 }
"#,
        good: r#"environment staging { soak = 10m, replicas = 1 }
environment production { soak = 24h, replicas = 3 }
"#,
    },
    Explanation {
        code: Code::PG206,
        why: "A text has to be a version, a URL, a regular expression, a query, and is none; or an amount is one that cannot \
              be, as a wait of less than no time.",
        bad: r#"metrics api from prometheus("http://127.0.0.1:9090") {
  up: float = query("sum(rate(up[5m])")
}
"#,
        good: r#"metrics api from prometheus("http://127.0.0.1:9090") {
  up: float = query("sum(rate(up[5m]))")
}
"#,
    },
    Explanation {
        code: Code::PG207,
        why: "A metric changes while the run goes on. It stands in conditions and in functions over metrics.",
        bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Waits.
pipeline rollout { phase first { wait api.p95 } }
"#,
        good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks.
pipeline rollout { phase first { gate { require api.p95 < 1s } } }
"#,
    },
    Explanation {
        code: Code::PG208,
        why: "Whatever is divided by zero is unknown for ever.",
        bad: r#"/// Looks.
pipeline rollout {
  param size: int
  phase first { gate { require size / 0 < 3 } }
}
"#,
        good: r#"/// Looks.
pipeline rollout {
  param size: int
  phase first { gate { require size / 2 < 3 } }
}
"#,
    },
    Explanation {
        code: Code::PG209,
        why: "The weights of a ramp rise strictly and lie between 0% and 100%.",
        bad: r#"use std.traffic

/// Takes the new version to a quarter.
pipeline rollout {
  phase canary {
    ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 25%, 5% { wait 1m }
  }
}
"#,
        good: r#"use std.traffic

/// Takes the new version to a quarter.
pipeline rollout {
  phase canary {
    ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 5%, 25% { wait 1m }
  }
}
"#,
    },
    Explanation {
        code: Code::PG210,
        why: "A document that does everything right has all points of a criterion, and one that does nothing right none. \
              Awards that add up to something else let the score mean neither.",
        bad: r#"rubric answers for json {
  pass when score >= 15
  tier only {
    criterion title "A title that says something" 20 {
      award 5 when len(doc.title) > 0
      award 10 when len(doc.title) > 20
    }
  }
}
"#,
        good: r#"rubric answers for json {
  pass when score >= 15
  tier only {
    criterion title "A title that says something" 20 {
      award 5 when len(doc.title) > 0
      award 15 when len(doc.title) > 20
    }
  }
}
"#,
    },
];

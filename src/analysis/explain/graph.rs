//! PG301 to PG305: the order of phases and steps.

use crate::base::diagnostic::Code;

use super::Explanation;

pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::PG301,
        why: "Phases that wait for each other never start.",
        bad: r#"/// Waits.
pipeline rollout {
  phase first after second { wait 1s }
  phase second after first { wait 1s }
}
"#,
        good: r#"/// Waits.
pipeline rollout {
  phase first { wait 1s }
  phase second after first { wait 1s }
}
"#,
    },
    Explanation {
        code: Code::PG302,
        why: "A step's output is read before the step has run.",
        bad: r#"use std.backup

/// Saves and asks.
pipeline rollout {
  phase first {
    approve "is ${saved.archive} well?" within 1h
    step saved = backup.create(["config/"])
  }
}
"#,
        good: r#"use std.backup

/// Saves and asks.
pipeline rollout {
  phase first {
    step saved = backup.create(["config/"])
    approve "is ${saved.archive} well?" within 1h
  }
}
"#,
    },
    Explanation {
        code: Code::PG304,
        why: "Two phases with no path between them run side by side, and would pull the same traffic in two directions.",
        bad: r#"use std.traffic

/// Takes a fifth of the traffic.
pipeline rollout {
  phase first { ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 10% { wait 1m } }
  phase second { ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 20% { wait 1m } }
}
"#,
        good: r#"use std.traffic

/// Takes a fifth of the traffic.
pipeline rollout {
  phase first { ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 10% { wait 1m } }
  phase second after first { ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 20% { wait 1m } }
}
"#,
    },
    Explanation {
        code: Code::PG305,
        why: "A step with a `when` may be skipped, and then has no output.",
        bad: r#"use std.backup

/// Saves and asks.
pipeline rollout {
  param careful: bool = true
  phase first {
    step saved = backup.create(["config/"]) when careful
    approve "is ${saved.id} well?" within 1h
  }
}
"#,
        good: r#"use std.backup

/// Saves and asks.
pipeline rollout {
  param careful: bool = true
  phase first {
    step saved = backup.create(["config/"]) when careful
    approve "is ${saved.id ?? "nothing"} well?" within 1h
  }
}
"#,
    },
];

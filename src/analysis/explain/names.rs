//! PG101 to PG112: names, arguments, places.

use crate::base::diagnostic::Code;

use super::Explanation;

pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::PG101,
        why: "Nothing in reach has this name: no declaration, no import, no phase or step.",
        bad: r#"/// Waits.
pipeline rollout {
  phase first { wait 1s }
  phase second after frist { wait 1s }
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
        code: Code::PG102,
        why: "Two things of one name in one scope: nobody could say which is meant. An inner scope may use the name again.",
        bad: r#"/// Waits.
pipeline rollout {
  phase first { wait 1s }
  phase first { wait 2s }
}
"#,
        good: r#"/// Waits.
pipeline rollout {
  phase first { wait 1s }
  phase second { wait 2s }
}
"#,
    },
    Explanation {
        code: Code::PG103,
        why: "What is called is no step, function or component that is known here. Steps need their module: `use std.shell`.",
        bad: r#"use std.shell

/// Lists.
pipeline rollout { phase first { step shel("ls") effect reads timeout 1m } }
"#,
        good: r#"use std.shell

/// Lists.
pipeline rollout { phase first { step shell("ls") effect reads timeout 1m } }
"#,
    },
    Explanation {
        code: Code::PG104,
        why: "The standard library has no such module, or the file cannot be read. Paths are relative to the importing file.",
        bad: "use std.kubernetes\n",
        good: "use std.shell\n",
    },
    Explanation {
        code: Code::PG105,
        why: "Files that import each other in a circle have no first one to read.",
        bad: "use \"./example.deploy\".{limits}\n\nthreshold limits { require 1 > 0 }\n",
        good: "threshold limits { require 1 > 0 }\n",
    },
    Explanation {
        code: Code::PG106,
        why: "What is called has no parameter of this name.",
        bad: r#"use std.backup

/// Saves.
pipeline rollout { phase first { step backup.create(sorce: ["config/"]) } }
"#,
        good: r#"use std.backup

/// Saves.
pipeline rollout { phase first { step backup.create(source: ["config/"]) } }
"#,
    },
    Explanation {
        code: Code::PG107,
        why: "A parameter without a default needs an argument.",
        bad: r#"use std.backup

/// Saves.
pipeline rollout { phase first { step backup.create(retain: 30d) } }
"#,
        good: r#"use std.backup

/// Saves.
pipeline rollout { phase first { step backup.create(["config/"], retain: 30d) } }
"#,
    },
    Explanation {
        code: Code::PG108,
        why: "The record, step output or group of metrics has no field of this name.",
        bad: r#"use std.backup

/// Saves and asks.
pipeline rollout {
  phase first {
    step saved = backup.create(["config/"])
    approve "is ${saved.archiv} well?" within 1h
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
        code: Code::PG109,
        why: "`env.KEY` reads a key that every environment declares. None declares this one.",
        bad: r#"environment staging { soak = 10m }

/// Waits.
pipeline rollout { phase first { wait env.soke } }
"#,
        good: r#"environment staging { soak = 10m }

/// Waits.
pipeline rollout { phase first { wait env.soak } }
"#,
    },
    Explanation {
        code: Code::PG110,
        why: "More arguments are given than there are parameters.",
        bad: r#"use std.flags

/// Takes a flag out.
pipeline rollout { phase first { step flags.unset("new_checkout", "flags.json", true) } }
"#,
        good: r#"use std.flags

/// Takes a flag out.
pipeline rollout { phase first { step flags.unset("new_checkout", "flags.json") } }
"#,
    },
    Explanation {
        code: Code::PG111,
        why: "There is no type of this name, or it has no such encoding.",
        bad: "type Bench = { p95: Duration }\n",
        good: "type Bench = { p95: duration(ms) }\n",
    },
    Explanation {
        code: Code::PG112,
        why: "The statement or clause is right in itself and stands where it means nothing.",
        bad: r#"/// Waits.
pipeline rollout { wait 1s }
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 1s } }
"#,
    },
];

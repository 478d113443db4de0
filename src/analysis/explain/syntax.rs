//! PG001 to PG010: the text itself.

use crate::base::diagnostic::Code;

use super::Explanation;

pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Code::PG001,
        why: "Something stands where the language has no place for it. The message says what was expected there.",
        bad: r#"/// Waits.
pipeline rollout { phase first { wait 1s ) } }
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 1s } }
"#,
    },
    Explanation {
        code: Code::PG002,
        why: "A string ends on the line it begins on. For more lines there are text blocks between `\"\"\"`.",
        bad: r#"/// Asks.
pipeline rollout { phase first { approve "who? within 1h
} }
"#,
        good: r#"/// Asks.
pipeline rollout { phase first { approve "who?" within 1h
} }
"#,
    },
    Explanation {
        code: Code::PG003,
        why: "A block comment has no end, so the rest of the file is part of it.",
        bad: r#"/// Waits.
pipeline rollout { phase first { wait 1s } }
/* and that
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 1s } }
/* and that */
"#,
    },
    Explanation {
        code: Code::PG004,
        why: r#"Behind a backslash stands one of `\n \t \r \0 \" \\ \$ \u{…}`. Raw strings `r"…"` take backslashes as they are."#,
        bad: r#"/// Asks.
pipeline rollout { phase first { approve "C:\path" within 1h } }
"#,
        good: r#"/// Asks.
pipeline rollout { phase first { approve "C:\\path" within 1h } }
"#,
    },
    Explanation {
        code: Code::PG005,
        why: "A number has a unit that the language does not have, is no number, or is more than can be counted. Durations are `us ms s m h d w`, sizes \
              `B KB KiB MB MiB …`, shares `%` and `pp`.",
        bad: r#"/// Waits.
pipeline rollout { phase first { wait 5min } }
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 5m } }
"#,
    },
    Explanation {
        code: Code::PG006,
        why: "A letter looks like one of the language and is another, as text processors make them.",
        bad: r#"/// Looks.
pipeline rollout { param size: int phase first { gate { require size ≤ 5 } } }
"#,
        good: r#"/// Looks.
pipeline rollout { param size: int phase first { gate { require size <= 5 } } }
"#,
    },
    Explanation {
        code: Code::PG007,
        why: "`a < b < c` would compare a truth with a number. Say what is meant with `and`, or with a range.",
        bad: r#"/// Looks.
pipeline rollout { param size: int phase first { gate { require 1 < size < 5 } } }
"#,
        good: r#"/// Looks.
pipeline rollout { param size: int phase first { gate { require size in 1..5 } } }
"#,
    },
    Explanation {
        code: Code::PG008,
        why: "A block is never closed. The message points at the brace that opened it.",
        bad: r#"/// Waits.
pipeline rollout { phase first { wait 1s }
"#,
        good: r#"/// Waits.
pipeline rollout { phase first { wait 1s } }
"#,
    },
    Explanation {
        code: Code::PG009,
        why: "Blocks and parentheses may be 128 deep; what is deeper is no longer read by anybody.",
        bad: concat!(
            "/// Looks.\npipeline rollout { phase first { wait ",
            "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
            "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
            "1s",
            "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
            "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
            " } }\n"
        ),
        good: r#"/// Waits.
pipeline rollout { phase first { wait (1s) } }
"#,
    },
];

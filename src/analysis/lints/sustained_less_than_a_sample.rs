//! PG405: a `for` that one sample satisfies.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;
use crate::model::phase::{Condition, StatementKind, Sustain};
use crate::model::walk::{statements, triggers};

use super::super::constants::Constants;
use super::super::durations::interval;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG405,
    why: "Between two samples nothing is known. A `for` shorter than the sampling interval asks for two samples all the \
          same, and reads as if it were faster.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") every 1m {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 10s
    wait 1h
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") every 5s {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 10s
    wait 1h
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        for trigger in triggers(pipeline) {
            check_condition(subject, &trigger.condition, &constants, diagnostics);
        }
        for statement in statements(pipeline) {
            if let StatementKind::Hold { every: None, conditions, .. } = &statement.kind {
                for condition in conditions {
                    check_condition(subject, condition, &constants, diagnostics);
                }
            }
        }
    }
}

fn check_condition(
    subject: &Subject<'_>,
    condition: &Condition,
    constants: &[Constants<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(Sustain::Time(time)) = &condition.sustain else { return };
    let mut found = None;
    for constants in constants {
        let (Some(sustained), Some(interval)) =
            (constants.duration(time), interval(subject.program, condition, constants))
        else {
            return;
        };
        if sustained >= interval {
            return;
        }
        found = Some(interval);
    }
    let Some(interval) = found else { return };
    let message = format!("this is shorter than the {} between two samples", format_duration(interval));
    let diagnostic = Diagnostic::new(Code::PG405, time.at, message)
        .label("less than one sample")
        .help("sample more often with `every`, or count samples: `for 3 samples`");
    diagnostics.push(diagnostic);
}

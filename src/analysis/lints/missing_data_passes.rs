//! PG415: no data counts as good news.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::phase::{Condition, MissingPolicy, StatementKind, TriggerAction};
use crate::model::walk::{statements, triggers};

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG415,
    why: "A version that is so broken that it sends no metrics passes everything that says `missing ok`.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for ten minutes.
pipeline watch {
  phase look { hold 10m { require api.errors <= 1% missing ok } }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for ten minutes.
pipeline watch {
  phase look { hold 10m { require api.errors <= 1% missing breach } }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        for trigger in triggers(pipeline) {
            let takes_back = matches!(trigger.action, TriggerAction::Rollback | TriggerAction::RollbackPhase);
            if takes_back && trigger.condition.missing == MissingPolicy::Ok {
                diagnostics.push(diagnostic(&trigger.condition, "this trigger is silent when its data are missing"));
            }
        }
        for statement in statements(pipeline) {
            let StatementKind::Hold { conditions, .. } = &statement.kind else { continue };
            for condition in conditions.iter().filter(|condition| !condition.warns) {
                if condition.missing == MissingPolicy::Ok {
                    diagnostics.push(diagnostic(condition, "this requirement passes when its data are missing"));
                }
            }
        }
    }
}

fn diagnostic(condition: &Condition, message: &str) -> Diagnostic {
    Diagnostic::new(Code::PG415, condition.at, message)
        .label("`missing ok`")
        .help("leave it out to pause, or write `missing breach`")
}

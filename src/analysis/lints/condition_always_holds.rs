//! PG402: a condition that looks at nothing.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::model::phase::{Condition, StatementKind};
use crate::model::walk::{statements, triggers};

use super::super::constants::Constants;
use super::super::intervals::verdict;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG402,
    why: "A condition that is true whatever happens guards nothing and looks as if it did.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look { gate { require api.p95 > 100ms or api.p95 < 200ms } }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look { gate { require api.p95 < 200ms } }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        let mut check = |condition: &Condition, what: &str| {
            let always = |constants: &Constants<'_>| verdict(&condition.expr, constants) == Some(true);
            if condition.expr.ty != Type::Error && constants.iter().all(always) {
                let diagnostic = Diagnostic::new(Code::PG402, condition.expr.at, format!("{what} always holds"))
                    .label("true whatever happens")
                    .help("take it out, or let it look at something");
                diagnostics.push(diagnostic);
            }
        };
        triggers(pipeline).for_each(|trigger| check(&trigger.condition, "the condition of this trigger"));
        for statement in statements(pipeline) {
            if let StatementKind::Gate { conditions, .. } | StatementKind::Hold { conditions, .. } = &statement.kind {
                conditions.iter().for_each(|condition| check(condition, "this condition"));
            }
        }
    }
}

//! PG401: a condition that cannot be true.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::model::phase::{Block, Condition, StatementKind};

use super::super::constants::Constants;
use super::super::durations::is_switched_off;
use super::super::intervals::verdict;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG401,
    why: "A gate with such a condition always fails, a trigger with it guards nothing.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look { gate { require api.p95 > 500ms and api.p95 < 200ms } }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look { gate { require api.p95 > 5ms and api.p95 < 200ms } }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        for constants in Constants::of(subject.program, pipeline) {
            check_block(&pipeline.scope, &constants, diagnostics);
            for phase in pipeline.phases.iter().filter(|phase| !is_switched_off(phase, &constants)) {
                check_block(&phase.body, &constants, diagnostics);
            }
        }
    }
}

fn check_block(block: &Block, constants: &Constants<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for trigger in &block.triggers {
        check_condition(&trigger.condition, "this trigger", constants, diagnostics);
    }
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Gate { conditions, .. } | StatementKind::Hold { conditions, .. } => {
                for condition in conditions {
                    check_condition(condition, "this condition", constants, diagnostics);
                }
            }
            other => other.inner().into_iter().for_each(|inner| check_block(inner, constants, diagnostics)),
        }
    }
}

fn check_condition(condition: &Condition, what: &str, constants: &Constants<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if condition.expr.ty != Type::Error && verdict(&condition.expr, constants) == Some(false) {
        let message = format!("{what} can never hold{}", constants.place());
        let diagnostic = Diagnostic::new(Code::PG401, condition.expr.at, message)
            .label("never true")
            .help("compare the limits with each other and with the values of the environment");
        diagnostics.push(diagnostic);
    }
}

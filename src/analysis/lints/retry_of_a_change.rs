//! PG416: a change that may be done twice.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::value::Value;
use crate::model::expr::Expr;
use crate::model::signature::EffectClass;
use crate::model::walk::steps;

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG416,
    why: "An attempt that failed may have done its work all the same. Doing it again does harm unless it is idempotent.",
    bad: r#"use std.http

/// Adds a node.
pipeline grow {
  phase add { step http.post("http://127.0.0.1:8080/nodes", { count: 1 }) retry 3 }
}
"#,
    good: r#"use std.http

/// Sets the number of nodes.
pipeline grow {
  phase add { step http.post("http://127.0.0.1:8080/nodes/3", { size: "large" }) idempotent retry 3 }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        for step in steps(pipeline) {
            let Some(retry) = &step.retry else { continue };
            if is_none(retry) {
                continue;
            }
            if step.effect >= EffectClass::Changes && !step.idempotent {
                let message =
                    format!("`{}` changes something and is not idempotent, and is tried again", step.called());
                let diagnostic = Diagnostic::new(Code::PG416, retry.at, message)
                    .label("may be done twice")
                    .also(step.call.at, "this is not idempotent")
                    .help("write `idempotent` when doing it twice does no harm, or leave out `retry`");
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// `retry 0`: the first attempt is the only one.
fn is_none(retry: &Expr) -> bool {
    retry.as_literal().and_then(Value::as_number).is_some_and(|count| count.is_zero())
}

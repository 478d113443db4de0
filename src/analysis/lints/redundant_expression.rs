//! PG505: something that could be left out.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::model::walk::pipeline_expressions;

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG505,
    why: "What changes nothing makes a reader look for a reason that is not there.",
    bad: r#"
/// Waits.
pipeline rollout {
  param careful: bool = true
  phase first when careful == true { wait 1s }
}
"#,
    good: r#"
/// Waits.
pipeline rollout {
  param careful: bool = true
  phase first when careful { wait 1s }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        pipeline_expressions(pipeline, &mut |expr| {
            if let Some(instead) = redundancy(expr) {
                let text = subject.text(expr.at);
                let short: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let diagnostic =
                    Diagnostic::new(Code::PG505, expr.at, format!("`{short}` says more than it means")).help(instead);
                diagnostics.push(diagnostic);
            }
        });
    }
}

fn redundancy(expr: &Expr) -> Option<&'static str> {
    let truth = |side: &Expr| side.as_literal().and_then(Value::as_bool);
    match &*expr.kind {
        ExprKind::Not(inner) if matches!(&*inner.kind, ExprKind::Not(_)) => Some("leave out both `not`"),
        ExprKind::Binary(Operator::Equal | Operator::NotEqual, left, right) => match (truth(left), truth(right)) {
            (None, None) | (Some(_), Some(_)) => None,
            _ => Some("use the condition itself, or `not` before it"),
        },
        ExprKind::Binary(Operator::And | Operator::Or, left, right) => {
            let same = left.is_same_as(right);
            match (truth(left), truth(right)) {
                (None, None) if same => Some("both sides are the same: one is enough"),
                (Some(_), None) | (None, Some(_)) => Some("leave out the side that is always the same"),
                _ => None,
            }
        }
        ExprKind::If(_, then, otherwise) => match (truth(then), truth(otherwise)) {
            (Some(then), Some(otherwise)) if then != otherwise => Some("use the condition itself, or `not` before it"),
            _ => None,
        },
        _ => None,
    }
}

//! PG411: five percent more, or five percentage points more?

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::model::program::FieldValue;
use crate::model::walk::{expressions, pipeline_expressions};

use super::super::soundness::standing::Beside;
use super::super::types::value_type;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG411,
    why: "`rate + 5%` may mean five percentage points or a twentieth of the rate. Readers take it for the one or the other.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
  before: ratio = json("$.errors_before")
}

/// Compares with the time before.
pipeline watch {
  phase look { gate { require api.errors <= api.before + 5% } }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
  before: ratio = json("$.errors_before")
}

/// Compares with the time before.
pipeline watch {
  phase look { gate { require api.errors <= api.before + 5pp } }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    check_beside(subject, diagnostics);
    for pipeline in subject.pipelines {
        pipeline_expressions(pipeline, &mut |expr| check_expression(subject, expr, diagnostics));
    }
}

/// What is declared beside the pipelines.
fn check_beside(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut check = |value| expressions(value, &mut |expr| check_expression(subject, expr, diagnostics));
    match subject.beside {
        Beside::Nothing | Beside::Alert(_) | Beside::Sentinel(_) => {}
        Beside::Group(group) => {
            for field in group.fields.values() {
                if let FieldValue::Derived(value) = &field.value {
                    check(value);
                }
            }
        }
        Beside::Environments => {
            let environments = subject.program.environments.values();
            environments.flat_map(|environment| environment.values.values()).for_each(check);
        }
    }
}

fn check_expression(subject: &Subject<'_>, expr: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    let ExprKind::Binary(operator @ (Operator::Add | Operator::Subtract), left, right) = &*expr.kind else { return };
    let is_ratio = |side: &Expr| *value_type(&side.ty) == Type::Ratio;
    if !is_ratio(left) || !is_ratio(right) {
        return;
    }
    // `100% - share` takes off a ratio, and no percentage.
    let summands = if *operator == Operator::Add { vec![right, left] } else { vec![right] };
    let Some(literal) = summands.into_iter().find(|side| is_bare_percent(subject, side)) else { return };
    let text = subject.text(literal.at);
    let digits = text.trim_end_matches('%');
    let (word, factor) = if *operator == Operator::Add { ("add", "* 110%") } else { ("take off", "* 90%") };
    let diagnostic = Diagnostic::new(Code::PG411, literal.at, format!("`{text}` of what?"))
        .label("percentage points, or a share of the other side")
        .help(format!("write `{digits}pp` to {word} percentage points, or a factor like `{factor}`"));
    diagnostics.push(diagnostic);
}

fn is_bare_percent(subject: &Subject<'_>, expr: &Expr) -> bool {
    expr.as_literal().is_some() && subject.text(expr.at).ends_with('%')
}

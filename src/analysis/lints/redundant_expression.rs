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
                diagnostics.push(match simpler(subject, expr) {
                    Some(simple) => diagnostic.fix(format!("write `{simple}`"), expr.at.span, simple),
                    None => diagnostic,
                });
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
        ExprKind::If(parts) => match (truth(&parts.1), truth(&parts.2)) {
            (Some(then), Some(otherwise)) if then != otherwise => Some("use the condition itself, or `not` before it"),
            _ => None,
        },
        _ => None,
    }
}

/// The same in fewer words, cut out of what was written; none when comments or brackets are in the way.
fn simpler(subject: &Subject<'_>, expr: &Expr) -> Option<String> {
    let of = |part: &Expr| subject.text(part.at);
    let text = of(expr);
    let word = |text: &str, word: &str| -> Option<String> {
        let rest = text.strip_prefix(word)?;
        rest.starts_with(char::is_whitespace).then(|| rest.trim_start().to_owned())
    };
    match &*expr.kind {
        ExprKind::Not(_) => word(&word(text, "not")?, "not"),
        ExprKind::Binary(operator @ (Operator::Equal | Operator::NotEqual), left, right) => {
            let sign = if *operator == Operator::Equal { "==" } else { "!=" };
            let (truth, rest) = beside_literal(subject, (text, sign), [left, right])?;
            let keeps = truth == (*operator == Operator::Equal);
            Some(if keeps { rest } else { format!("not {rest}") })
        }
        ExprKind::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
            let sign = if *operator == Operator::And { "and" } else { "or" };
            if left.is_same_as(right) {
                let (before, after) = (of(left), of(right));
                let whole = text.strip_prefix(before)?.strip_suffix(after)?.trim() == sign;
                return whole.then(|| before.to_owned());
            }
            let (truth, rest) = beside_literal(subject, (text, sign), [left, right])?;
            // `x and false` is never true: leaving out either side would change it.
            (truth == (*operator == Operator::And)).then_some(rest)
        }
        ExprKind::If(parts) => {
            let then = &parts.1;
            let inner = text.strip_prefix("if")?.rsplit_once("then")?.0.trim();
            let is_plain = inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
            let inner = if is_plain { inner.to_owned() } else { format!("({inner})") };
            let truth = then.as_literal().and_then(Value::as_bool)?;
            (of(then).trim() == truth.to_string()).then(|| if truth { inner } else { format!("not {inner}") })
        }
        _ => None,
    }
}

/// The truth value that is written on one side of `sign`, and what is written on the other.
fn beside_literal(
    subject: &Subject<'_>,
    (text, sign): (&str, &str),
    [left, right]: [&Expr; 2],
) -> Option<(bool, String)> {
    let of = |part: &Expr| subject.text(part.at);
    let truth = |side: &Expr| side.as_literal().and_then(Value::as_bool).filter(|truth| of(side) == truth.to_string());
    let (truth, rest) = match (truth(left), truth(right)) {
        (None, Some(truth)) => (truth, text.strip_suffix(of(right))?.trim_end().strip_suffix(sign)?.trim_end()),
        (Some(truth), None) => (truth, text.strip_prefix(of(left))?.trim_start().strip_prefix(sign)?.trim_start()),
        _ => return None,
    };
    (!rest.contains("//") && !rest.contains("/*")).then(|| (truth, rest.to_owned()))
}

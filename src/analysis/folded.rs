//! PG208 and PG209 where the fault is in a value: a divisor or a weight that an environment or a `let` gives. What is written
//! out has been judged where it was read.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::model::phase::StatementKind;
use crate::model::program::Pipeline;
use crate::model::walk;

use super::constants::Constants;
use super::lints::Subject;

/// Reports what holds in one environment at least, and names it.
pub fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut found = Vec::new();
    for pipeline in subject.pipelines {
        let suspects = Suspects::of(pipeline);
        if suspects.divisors.is_empty() && suspects.weights.is_empty() {
            continue;
        }
        for constants in &Constants::of(subject.program, pipeline) {
            suspects.divisors.iter().for_each(|divisor| check_divisor(divisor, constants, &mut found));
            suspects.weights.iter().for_each(|weights| check_weights(weights, constants, &mut found));
        }
    }
    // A component is there once for each use, and a fault once for each environment.
    let mut seen = std::collections::HashSet::new();
    diagnostics.extend(found.into_iter().filter(|diagnostic| seen.insert((diagnostic.code, diagnostic.at))));
}

/// What is no literal, so that its value is only known once it is computed.
#[derive(Default)]
struct Suspects<'p> {
    divisors: Vec<&'p Expr>,
    weights: Vec<&'p [Expr]>,
}

impl<'p> Suspects<'p> {
    fn of(pipeline: &'p Pipeline) -> Self {
        let mut suspects = Self::default();
        walk::pipeline_expressions(pipeline, &mut |expr| {
            if let ExprKind::Binary(Operator::Divide, _, divisor) = &*expr.kind
                && divisor.as_literal().is_none()
            {
                suspects.divisors.push(divisor);
            }
        });
        for statement in walk::statements(pipeline) {
            if let StatementKind::Ramp { weights, .. } = &statement.kind
                && weights.iter().any(|weight| weight.as_literal().is_none())
            {
                suspects.weights.push(weights);
            }
        }
        suspects
    }
}

fn check_divisor(divisor: &Expr, constants: &Constants<'_>, found: &mut Vec<Diagnostic>) {
    if let Some(Value::Quantity(number, _)) = constants.value(divisor)
        && number.is_zero()
    {
        let message = format!("this divides by zero{}", constants.place());
        let diagnostic = Diagnostic::new(Code::PG208, divisor.at, message).label("is zero");
        found.push(diagnostic.help("a condition with it would be unknown for ever"));
    }
}

fn check_weights(weights: &[Expr], constants: &Constants<'_>, found: &mut Vec<Diagnostic>) {
    let mut before: Option<(&Expr, Number)> = None;
    for weight in weights {
        let Some(Value::Quantity(amount, Unit::Ratio)) = constants.value(weight) else {
            before = None;
            continue;
        };
        let is_written = weight.as_literal().is_some();
        let shown = Value::Quantity(amount, Unit::Ratio);
        if amount.is_negative() || Number::ONE.subtract(amount).is_negative() {
            if !is_written {
                let message = format!("the weight {shown} is not in 0%..100%{}", constants.place());
                found.push(Diagnostic::new(Code::PG209, weight.at, message).label(format!("is {shown}")));
            }
            continue;
        }
        if let Some((previous, last)) = before
            && !(is_written && previous.as_literal().is_some())
            && !last.subtract(amount).is_negative()
        {
            let last = Value::Quantity(last, Unit::Ratio);
            let message = format!("the weight {shown} does not rise above {last}{}", constants.place());
            let diagnostic = Diagnostic::new(Code::PG209, weight.at, message)
                .also(previous.at, "the weight before")
                .help("write the weights in rising order, each once");
            found.push(diagnostic);
        }
        before = Some((weight, amount));
    }
}

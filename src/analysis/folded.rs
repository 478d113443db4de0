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
    for pipeline in subject.pipelines {
        let suspects = Suspects::of(pipeline);
        if suspects.divisors.is_empty() && suspects.weights.is_empty() {
            continue;
        }
        for constants in &Constants::of(subject.program, pipeline) {
            suspects.divisors.iter().for_each(|divisor| check_divisor(divisor, constants, diagnostics));
            let faults =
                suspects.weights.iter().flat_map(|weights| weight_faults(weights, |weight| constants.value(weight)));
            let faults = faults.filter(|fault| !fault.is_written());
            diagnostics.extend(faults.map(|fault| fault.diagnostic(&constants.place())));
        }
    }
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

/// A weight that is out of range, or not above the one before it.
pub struct WeightFault<'e> {
    weight: &'e Expr,
    amount: Number,
    /// The one before it, when it is not above that.
    before: Option<(&'e Expr, Number)>,
}

/// What is wrong with the weights of a ramp as far as `value` knows them: they rise strictly and lie in 0..100%.
pub fn weight_faults<'e>(weights: &'e [Expr], value: impl Fn(&Expr) -> Option<Value>) -> Vec<WeightFault<'e>> {
    let mut before: Option<(&Expr, Number)> = None;
    let mut faults = Vec::new();
    for weight in weights {
        let Some(Value::Quantity(amount, Unit::Ratio)) = value(weight) else { continue };
        if amount.is_negative() || Number::ONE.subtract(amount).is_negative() {
            faults.push(WeightFault { weight, amount, before: None });
            continue;
        }
        if before.is_some_and(|(_, last)| !last.subtract(amount).is_negative()) {
            faults.push(WeightFault { weight, amount, before });
        }
        before = Some((weight, amount));
    }
    faults
}

impl WeightFault<'_> {
    /// Whether no more than what is written out shows it.
    fn is_written(&self) -> bool {
        self.weight.as_literal().is_some() && self.before.is_none_or(|(before, _)| before.as_literal().is_some())
    }

    /// PG209; `place` says in which environment.
    pub fn diagnostic(&self, place: &str) -> Diagnostic {
        let shown = Value::Quantity(self.amount, Unit::Ratio);
        let Some((before, last)) = self.before else {
            let message = format!("the weight {shown} is not in 0%..100%{place}");
            let diagnostic = Diagnostic::new(Code::PG209, self.weight.at, message);
            return if self.is_written() { diagnostic } else { diagnostic.label(format!("is {shown}")) };
        };
        let last = Value::Quantity(last, Unit::Ratio);
        Diagnostic::new(Code::PG209, self.weight.at, format!("the weight {shown} does not rise above {last}{place}"))
            .also(before.at, "the weight before")
            .help("write the weights in rising order, each once")
    }
}

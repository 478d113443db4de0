//! Dimensional arithmetic and comparison: which type an operator gives, and which operands it takes.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::contract::types::Type;
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind, Operator};

use super::checker::Checker;
use super::expressions::secret_looked_at;
use super::types::{holds_secret, unify, value_type};

impl Checker<'_> {
    /// The type of `left operator right`; `None` when an operand is in error or does not fit, which is then reported.
    pub fn operator_type(&mut self, operator: Operator, left: &Expr, right: &Expr, at: Location) -> Option<Type> {
        let (from, to) = self.operand_types(operator, left, right);
        if from == Type::Error || to == Type::Error {
            return None;
        }
        if operator == Operator::Coalesce {
            return self.default_type(left, right);
        }
        for (operand, ty) in [(left, &from), (right, &to)] {
            if let Some(diagnostic) = refuse_operand(operator, operand, ty) {
                self.report(diagnostic);
                return None;
            }
        }
        let ty = match operator {
            Operator::Or | Operator::And => Some(Type::Bool),
            Operator::Equal | Operator::NotEqual => comparable(&from, &to).then_some(Type::Bool),
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                (comparable(&from, &to) && is_ordered(&from) && is_ordered(&to)).then_some(Type::Bool)
            }
            Operator::In | Operator::NotIn => contains(&to, &from).then_some(Type::Bool),
            Operator::Range | Operator::PlusMinus => range(&from, &to),
            Operator::Add => sum(&from, &to),
            Operator::Subtract => difference(&from, &to),
            Operator::Multiply => product(&from, &to),
            Operator::Divide => quotient(&from, &to),
            Operator::Coalesce => None,
        };
        if ty.is_none() {
            self.report(mismatch(operator, (left, &from), (right, &to), at));
            return None;
        }
        if operator == Operator::Divide && is_zero(right) {
            self.report(division_by_zero(right));
            return None;
        }
        if operator == Operator::PlusMinus {
            self.refuse_negative_tolerance(right);
        }
        ty
    }

    /// PG206: `5s +- -1s` would say the same as `5s +- 1s`.
    pub fn refuse_negative_tolerance(&mut self, tolerance: &Expr) {
        if let Some(value @ Value::Quantity(number, _)) = tolerance.as_literal()
            && number.is_negative()
        {
            let diagnostic = Diagnostic::new(Code::PG206, tolerance.at, format!("a tolerance cannot be `{value}`"))
                .label("a tolerance is not below zero")
                .help("`+-` goes both ways; a range with other ends is written `1..5`");
            self.report(diagnostic);
        }
    }

    /// What is read from the document of a rubric takes the type of what it meets.
    fn operand_types(&self, operator: Operator, left: &Expr, right: &Expr) -> (Type, Type) {
        let (from, to) = (value_type(&left.ty), value_type(&right.ty));
        let is_membership = matches!(operator, Operator::In | Operator::NotIn);
        match (self.reads_document(from), self.reads_document(to)) {
            (false, true) if is_membership => (from.clone(), Type::List(Box::new(from.clone()))),
            (true, true) if is_membership => (Type::Float, Type::List(Box::new(Type::Float))),
            (true, false) if is_membership => match to {
                Type::List(inner) | Type::Range(inner) => (value_type(inner).clone(), to.clone()),
                _ => (Type::String, to.clone()),
            },
            (true, true) => (Type::Float, Type::Float),
            (true, false) => (to.clone(), to.clone()),
            (false, true) => (from.clone(), from.clone()),
            (false, false) => (from.clone(), to.clone()),
        }
    }

    fn default_type(&mut self, left: &Expr, right: &Expr) -> Option<Type> {
        let value = match value_type(&left.ty) {
            Type::Optional(inner) => value_type(inner).clone(),
            Type::Json => value_type(&right.ty).clone(),
            other => other.clone(),
        };
        let fallback = match value_type(&right.ty) {
            Type::Optional(inner) => inner,
            other => other,
        };
        match unify(&value, fallback) {
            Some(ty) if matches!(value_type(&right.ty), Type::Optional(_)) => Some(Type::Optional(Box::new(ty))),
            Some(ty) => Some(ty),
            None => {
                self.report(mismatch(Operator::Coalesce, (left, &value), (right, fallback), right.at));
                None
            }
        }
    }
}

/// The operation, computed at once when both sides are numbers that were written out.
pub fn folded(operator: Operator, left: Expr, right: Expr, ty: Type, at: Location) -> Expr {
    if let (Some(Value::Quantity(a, unit)), Some(Value::Quantity(b, other))) = (left.as_literal(), right.as_literal()) {
        let amount = match operator {
            Operator::Multiply => Some(a.multiply(*b)),
            Operator::Divide => a.divide(*b),
            // `5% + 5%` stays as it was written: what is meant by it is PG411's question.
            Operator::Add if *unit != Unit::Ratio => Some(a.add(*b)),
            Operator::Subtract if *unit != Unit::Ratio => Some(a.subtract(*b)),
            _ => None,
        };
        let unit = ty.unit().unwrap_or(if *unit == Unit::One { *other } else { *unit });
        if let Some(amount) = amount {
            return Expr::literal(Value::Quantity(amount, unit), ty, at);
        }
    }
    Expr::new(ExprKind::Binary(operator, left, right), ty, at)
}

/// Secrets, untyped data and what may be absent are no operands.
fn refuse_operand(operator: Operator, operand: &Expr, ty: &Type) -> Option<Diagnostic> {
    let diagnostic = match ty {
        ty if holds_secret(ty) => secret_looked_at(operand),
        Type::Json => Diagnostic::new(Code::PG201, operand.at, "this `json` needs a type before it is used")
            .help("declare one and give it: `step NAME: TYPE = …` or `let NAME: TYPE = …`"),
        Type::Optional(inner) => Diagnostic::new(Code::PG201, operand.at, format!("this `{inner}` may be absent"))
            .help("say what counts when there is no value: `?? default`"),
        Type::Nothing => Diagnostic::new(Code::PG201, operand.at, "the step has no output"),
        Type::Channel | Type::Rubric | Type::KillSwitch => {
            Diagnostic::new(Code::PG201, operand.at, format!("a {ty} is no operand of `{}`", symbol(operator)))
        }
        _ => return None,
    };
    Some(diagnostic)
}

fn mismatch(operator: Operator, left: (&Expr, &Type), right: (&Expr, &Type), at: Location) -> Diagnostic {
    let ((left_at, from), (right_at, to)) = ((left.0.at, left.1), (right.0.at, right.1));
    let inner = if let Type::Range(inner) | Type::List(inner) = to { value_type(inner) } else { to };
    let is_membership = matches!(operator, Operator::In | Operator::NotIn);
    let right_unit = if is_membership { inner.unit() } else { to.unit() };
    let code = if from.unit().is_some() && right_unit.is_some() { Code::PG202 } else { Code::PG201 };
    let (one, other) = (from.with_article(), to.with_article());
    let message = match operator {
        Operator::Add if from.is_textual() || to.is_textual() => "strings do not add".to_owned(),
        Operator::Equal | Operator::NotEqual => format!("{one} is never the same as {other}"),
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            format!("{one} cannot be compared with {other}")
        }
        Operator::In | Operator::NotIn => format!("{one} is never in {other}"),
        Operator::Range | Operator::PlusMinus => format!("{one} and {other} make no range"),
        Operator::Coalesce => format!("the default is {other}, and the value {one}"),
        _ => format!("`{}` does not take {one} and {other}", symbol(operator)),
    };
    let mut diagnostic = Diagnostic::new(code, at, message)
        .also(left_at, format!("this is {one}"))
        .also(right_at, format!("this is {other}"));
    if let Some(help) = advice(operator, from, if is_membership { inner } else { to }) {
        diagnostic = diagnostic.help(help);
    }
    diagnostic
}

fn advice(operator: Operator, left: &Type, right: &Type) -> Option<&'static str> {
    let is_number = |ty: &Type| matches!(ty, Type::Int | Type::Float);
    let either = |wanted: &Type| (left == wanted && is_number(right)) || (right == wanted && is_number(left));
    match operator {
        Operator::Add if left.is_textual() || right.is_textual() => Some("put both into one string: `\"${a}${b}\"`"),
        _ if either(&Type::Duration) => Some("write the unit: `500ms`, `10s`, `5m`"),
        _ if either(&Type::Ratio) => Some("write a share of a whole with its unit: `5%`"),
        _ if either(&Type::Bytes) => Some("write the unit: `64MiB`"),
        _ => None,
    }
}

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "or",
        Operator::And => "and",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterEqual => ">=",
        Operator::In => "in",
        Operator::NotIn => "not in",
        Operator::Coalesce => "??",
        Operator::Range => "..",
        Operator::PlusMinus => "+-",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
    }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Quotient)
}

fn is_quantity(ty: &Type) -> bool {
    matches!(ty, Type::Duration | Type::Ratio | Type::Bytes | Type::Rate)
}

fn comparable(left: &Type, right: &Type) -> bool {
    unify(left, right).is_some() && !matches!((left, right), (Type::Range(_), _) | (_, Type::Range(_)))
}

fn is_ordered(ty: &Type) -> bool {
    ty.unit().is_some() || matches!(ty, Type::Time | Type::Version | Type::String)
}

/// Whether a value of type `item` may be in `container`.
fn contains(container: &Type, item: &Type) -> bool {
    match container {
        Type::Range(inner) | Type::List(inner) => unify(value_type(inner), item).is_some(),
        Type::Map(_) => item.is_textual(),
        _ => false,
    }
}

fn range(left: &Type, right: &Type) -> Option<Type> {
    let both = unify(left, right).filter(is_ordered_number);
    // A point in time has a length of time around it.
    let both = both.or_else(|| (*left == Type::Time && *right == Type::Duration).then_some(Type::Time));
    both.map(|ty| Type::Range(Box::new(ty)))
}

fn is_ordered_number(ty: &Type) -> bool {
    ty.unit().is_some() || *ty == Type::Time
}

fn sum(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Time, Type::Duration) | (Type::Duration, Type::Time) => Some(Type::Time),
        _ => unify(left, right).filter(|ty| ty.unit().is_some()),
    }
}

fn difference(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Time, Type::Duration) => Some(Type::Time),
        (Type::Time, Type::Time) => Some(Type::Duration),
        _ => unify(left, right).filter(|ty| ty.unit().is_some()),
    }
}

fn product(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Int, Type::Int) => Some(Type::Int),
        (Type::Quotient, other) | (other, Type::Quotient) if is_number(other) => Some(Type::Quotient),
        (left, right) if is_number(left) && is_number(right) => Some(Type::Float),
        (Type::Ratio, other) | (other, Type::Ratio) if is_number(other) => Some(Type::Ratio),
        (quantity, factor) | (factor, quantity)
            if is_quantity(quantity) && (is_number(factor) || *factor == Type::Ratio) =>
        {
            Some(quantity.clone())
        }
        _ => None,
    }
}

fn quotient(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (left, right) if is_number(left) && is_number(right) => Some(Type::Quotient),
        // The quotient may be the ratio that it is divided by.
        (Type::Ratio, Type::Quotient) => Some(Type::Quotient),
        (left, right) if is_quantity(left) && left == right => Some(Type::Quotient),
        (left, right) if is_quantity(left) && (is_number(right) || *right == Type::Ratio) => Some(left.clone()),
        (left, Type::Ratio) if is_number(left) => Some(Type::Quotient),
        (left, Type::Duration) if is_number(left) => Some(Type::Rate),
        _ => None,
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr.as_literal(), Some(Value::Quantity(number, _)) if number.is_zero())
}

/// PG208
pub fn division_by_zero(divisor: &Expr) -> Diagnostic {
    Diagnostic::new(Code::PG208, divisor.at, "this divides by zero")
        .label("is zero")
        .help("a condition with it would be unknown for ever")
}

#[cfg(test)]
mod tests {
    use super::{product, quotient, sum};
    use crate::contract::types::Type;

    #[test]
    fn quantities_add_with_their_like() {
        assert_eq!(sum(&Type::Duration, &Type::Duration), Some(Type::Duration));
        assert_eq!(sum(&Type::Int, &Type::Float), Some(Type::Float));
        assert_eq!(sum(&Type::Duration, &Type::Int), None);
        assert_eq!(sum(&Type::String, &Type::String), None);
    }

    #[test]
    fn quantities_scale_with_numbers_and_ratios() {
        assert_eq!(product(&Type::Duration, &Type::Ratio), Some(Type::Duration));
        assert_eq!(product(&Type::Int, &Type::Ratio), Some(Type::Ratio));
        assert_eq!(product(&Type::Ratio, &Type::Ratio), Some(Type::Ratio));
        assert_eq!(product(&Type::Duration, &Type::Duration), None);
        assert_eq!(product(&Type::Duration, &Type::Bytes), None);
    }

    #[test]
    fn like_over_like_is_a_quotient_and_a_number_over_time_a_rate() {
        assert_eq!(quotient(&Type::Duration, &Type::Duration), Some(Type::Quotient));
        assert_eq!(quotient(&Type::Int, &Type::Float), Some(Type::Quotient));
        assert_eq!(quotient(&Type::Float, &Type::Duration), Some(Type::Rate));
        assert_eq!(quotient(&Type::Duration, &Type::Float), Some(Type::Duration));
        assert_eq!(quotient(&Type::Duration, &Type::Bytes), None);
    }
}

//! Comparisons: what they say about the difference of their sides, or about one of finitely many values.

use std::rc::Rc;

use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, Operator};

use super::exact::Fraction;
use super::linear::Linear;
use super::meaning::Meaning;
use super::reading::Reader;
use super::sets::{Atom, Formula};
use super::table::Values;

impl<'p> Reader<'p> {
    pub(super) fn comparison(&mut self, operator: Operator, (left, right): (&Meaning, &Meaning)) -> Option<Meaning> {
        if let (Some(left), Some(right)) = (self.sum(left), self.sum(right)) {
            let difference = self.without_quotient(left.subtract(&right)?);
            // `x == x` asks whether there are data, and what `x <= x + 5%` means is PG411's question. `x <= x` has one of the
            // two mistyped.
            let is_order = !matches!(operator, Operator::Equal | Operator::NotEqual);
            if difference.is_constant() && !(is_order && difference.constant.sign() == 0) {
                return None;
            }
            return Some(Meaning::Truth(Rc::new(compared_with_zero(operator, difference)?)));
        }
        let equal = match operator {
            Operator::Equal => true,
            Operator::NotEqual => false,
            _ => return None,
        };
        let formula = match (left, right) {
            (Meaning::Thing(variable), Meaning::Known(value @ Value::Text(_)))
            | (Meaning::Known(value @ Value::Text(_)), Meaning::Thing(variable))
                if self.table.facts(*variable).values == Values::Text =>
            {
                Formula::Atom(Atom::OneOf(*variable, vec![value.clone()]))
            }
            _ => {
                let (left, right) = (self.truth(left)?, self.truth(right)?);
                let not = |formula: &Rc<Formula>| Rc::new(Formula::Not(formula.clone()));
                let neither = Formula::All(vec![not(&left), not(&right)]);
                Formula::Any(vec![Rc::new(Formula::All(vec![left, right])), Rc::new(neither)])
            }
        };
        Some(Meaning::Truth(Rc::new(if equal { formula } else { Formula::Not(Rc::new(formula)) })))
    }

    /// `a / b - c` compares with zero like `a - c * b`, when `b` is not negative (and not zero, or there is no quotient).
    fn without_quotient(&self, difference: Linear) -> Linear {
        let [(variable, factor)] = difference.terms.as_slice() else { return difference };
        let Some((above, below)) = self.table.quotient(*variable) else { return difference };
        let is_of_itself = above.terms.len() == 1
            && above.terms.first().map(|(own, _)| own) == below.terms.first().map(|(own, _)| own);
        if is_of_itself || !self.table.is_never_negative(below) {
            return difference;
        }
        let multiplied = || above.scale(*factor)?.add(&below.scale(difference.constant)?);
        multiplied().filter(|sum| !sum.is_constant()).unwrap_or(difference)
    }

    /// `left in right`
    pub(super) fn inside(&mut self, expr: &'p Expr, (subject, container): (&'p Expr, &'p Expr)) -> Meaning {
        let subject = self.read(subject);
        let (ends, container) = match &*container.kind {
            ExprKind::Binary(operator @ (Operator::Range | Operator::PlusMinus), low, high) => {
                let (low, high) = (self.read(low), self.read(high));
                (self.ends(*operator, (&low, &high)), vec![low, high])
            }
            _ => {
                let container = self.read(container);
                let ends = match &container {
                    Meaning::Known(Value::Range(low, high)) => {
                        let (low, high) = (Meaning::Known((**low).clone()), Meaning::Known((**high).clone()));
                        self.ends(Operator::Range, (&low, &high))
                    }
                    _ => None,
                };
                (ends, vec![container])
            }
        };
        let formula = match (&ends, container.as_slice()) {
            (Some((low, high)), _) => self.between(&subject, low, high),
            (None, [Meaning::Known(Value::List(values))]) => self.listed(&subject, values),
            _ => None,
        };
        match formula {
            Some(formula) => Meaning::Truth(Rc::new(formula)),
            None => {
                let parts: Vec<Meaning> = std::iter::once(subject).chain(container).collect();
                self.opaque("in", expr, &parts)
            }
        }
    }

    fn ends(&self, operator: Operator, (left, right): (&Meaning, &Meaning)) -> Option<(Linear, Linear)> {
        let (left, right) = (self.sum(left)?, self.sum(right)?);
        if operator == Operator::Range {
            return Some((left, right));
        }
        let spread =
            Linear::constant(if right.constant.sign() < 0 { right.constant.negate()? } else { right.constant });
        right.is_constant().then_some(())?;
        Some((left.subtract(&spread)?, left.add(&spread)?))
    }

    fn between(&self, subject: &Meaning, low: &Linear, high: &Linear) -> Option<Formula> {
        let subject = self.sum(subject)?;
        let not_above = |difference: Linear| {
            compared_with_zero(Operator::LessEqual, self.without_quotient(difference)).map(Rc::new)
        };
        Some(Formula::All(vec![not_above(low.subtract(&subject)?)?, not_above(subject.subtract(high)?)?]))
    }

    fn listed(&self, subject: &Meaning, values: &[Value]) -> Option<Formula> {
        if let Meaning::Thing(variable) = subject
            && self.table.facts(*variable).values == Values::Text
        {
            let texts = values.iter().all(|value| matches!(value, Value::Text(_)));
            return texts.then(|| Formula::Atom(Atom::OneOf(*variable, values.to_vec())));
        }
        let subject = self.sum(subject)?;
        let equal = values.iter().map(|value| {
            let value = self.sum(&Meaning::Known(value.clone()))?;
            compared_with_zero(Operator::Equal, subject.subtract(&value)?).map(Rc::new)
        });
        equal.collect::<Option<_>>().map(Formula::Any)
    }
}

fn compared_with_zero(operator: Operator, difference: Linear) -> Option<Formula> {
    let not_above = |linear: Linear, strict: bool| Formula::Atom(Atom::NotAboveZero { linear, strict });
    let turned = |linear: &Linear| linear.scale(Fraction::whole(-1));
    Some(match operator {
        Operator::Less => not_above(difference, true),
        Operator::LessEqual => not_above(difference, false),
        Operator::Greater => not_above(turned(&difference)?, true),
        Operator::GreaterEqual => not_above(turned(&difference)?, false),
        Operator::Equal => Formula::Atom(Atom::Zero(difference)),
        Operator::NotEqual => Formula::Not(Rc::new(Formula::Atom(Atom::Zero(difference)))),
        _ => return None,
    })
}

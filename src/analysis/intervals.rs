//! Conditions as sets: what a comparison with a constant lets through, and whether several can be true together.

use std::cmp::Ordering;

use crate::base::number::Number;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, Operator};

use super::constants::Constants;

/// The values between two ends; an end is a number and whether it belongs to the set.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    low: Option<(Number, bool)>,
    high: Option<(Number, bool)>,
}

/// A comparison of something that changes with a constant.
#[derive(Debug, Clone, Copy)]
pub struct Term<'e> {
    pub subject: &'e Expr,
    pub interval: Interval,
}

impl Interval {
    pub const EVERYTHING: Self = Self { low: None, high: None };

    /// Whether one ends above and the other begins below, or the other way round: a limit and what lies beyond one.
    pub fn faces(&self, other: &Self) -> bool {
        (self.high.is_some() && other.low.is_some() && other.high.is_none())
            || (self.low.is_some() && other.high.is_some() && other.low.is_none())
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        !self.intersect(other).is_empty()
    }

    fn is_empty(&self) -> bool {
        let (Some((low, low_in)), Some((high, high_in))) = (self.low, self.high) else { return false };
        match low.compare(high) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => !(low_in && high_in),
            _ => false,
        }
    }

    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            low: tighter(self.low, other.low, Ordering::Greater),
            high: tighter(self.high, other.high, Ordering::Less),
        }
    }

    /// Whether everything in it is also in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        let inside =
            |ours: Option<(Number, bool)>, theirs: Option<(Number, bool)>, beyond: Ordering| match (ours, theirs) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some((ours, ours_in)), Some((theirs, theirs_in))) => match ours.compare(theirs) {
                    Some(Ordering::Equal) => theirs_in || !ours_in,
                    order => order == Some(beyond),
                },
            };
        inside(self.low, other.low, Ordering::Greater) && inside(self.high, other.high, Ordering::Less)
    }
}

fn tighter(left: Option<(Number, bool)>, right: Option<(Number, bool)>, wins: Ordering) -> Option<(Number, bool)> {
    match (left, right) {
        (None, end) | (end, None) => end,
        (Some((a, a_in)), Some((b, b_in))) => Some(match a.compare(b) {
            Some(Ordering::Equal) => (a, a_in && b_in),
            order if order == Some(wins) => (a, a_in),
            _ => (b, b_in),
        }),
    }
}

/// What is certain about a condition whatever its metrics are: `Some(false)` when it can never be true, `Some(true)`
/// when it is true whenever it is known.
pub fn verdict(expr: &Expr, constants: &Constants<'_>) -> Option<bool> {
    if let Some(truth) = constants.truth(expr) {
        return Some(truth);
    }
    match &*expr.kind {
        ExprKind::Not(inner) => verdict(inner, constants).map(|truth| !truth),
        ExprKind::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
            let decisive = *operator == Operator::Or;
            let (left_truth, right_truth) = (verdict(left, constants), verdict(right, constants));
            if left_truth == Some(decisive) || right_truth == Some(decisive) {
                return Some(decisive);
            }
            if left_truth.is_some() && right_truth.is_some() {
                return Some(!decisive);
            }
            let mut parts = Vec::new();
            flatten(expr, *operator, &mut parts);
            // `a or b` is always true when `not a and not b` never is.
            let terms: Vec<Term<'_>> = parts.into_iter().filter_map(|part| term(part, decisive, constants)).collect();
            contradict(&terms).then_some(decisive)
        }
        _ => term(expr, false, constants).filter(|term| term.interval.is_empty()).map(|_| false),
    }
}

/// The parts of a chain of `and` (or of `or`).
pub fn flatten<'e>(expr: &'e Expr, operator: Operator, parts: &mut Vec<&'e Expr>) {
    match &*expr.kind {
        ExprKind::Binary(found, left, right) if *found == operator => {
            flatten(left, operator, parts);
            flatten(right, operator, parts);
        }
        _ => parts.push(expr),
    }
}

fn contradict(terms: &[Term<'_>]) -> bool {
    terms.iter().enumerate().any(|(index, term)| {
        let others = terms[..index].iter().filter(|other| other.subject.is_same_as(term.subject));
        let whole = others.fold(term.interval, |whole, other| whole.intersect(&other.interval));
        whole.is_empty()
    })
}

/// A comparison with a constant, or the opposite of one.
pub fn term<'e>(expr: &'e Expr, opposite: bool, constants: &Constants<'_>) -> Option<Term<'e>> {
    match &*expr.kind {
        ExprKind::Not(inner) => term(inner, !opposite, constants),
        ExprKind::Binary(Operator::In, subject, range) if !opposite => {
            let Value::Range(low, high) = constants.value(range)? else { return None };
            let interval = Interval { low: Some((low.as_number()?, true)), high: Some((high.as_number()?, true)) };
            constants.value(subject).is_none().then_some(Term { subject, interval })
        }
        ExprKind::Binary(operator, left, right) => {
            let (subject, operator, limit) = match (constants.value(left), constants.value(right)) {
                (None, Some(limit)) => (left, *operator, limit),
                (Some(limit), None) => (right, mirrored(*operator)?, limit),
                _ => return None,
            };
            let operator = if opposite { negated(operator)? } else { operator };
            let limit = limit.as_number()?;
            let interval = match operator {
                Operator::Less => Interval { low: None, high: Some((limit, false)) },
                Operator::LessEqual => Interval { low: None, high: Some((limit, true)) },
                Operator::Greater => Interval { low: Some((limit, false)), high: None },
                Operator::GreaterEqual => Interval { low: Some((limit, true)), high: None },
                Operator::Equal => Interval { low: Some((limit, true)), high: Some((limit, true)) },
                _ => return None,
            };
            Some(Term { subject, interval })
        }
        _ => None,
    }
}

fn mirrored(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Less => Operator::Greater,
        Operator::LessEqual => Operator::GreaterEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterEqual => Operator::LessEqual,
        Operator::Equal | Operator::NotEqual => operator,
        _ => return None,
    })
}

fn negated(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::Less => Operator::GreaterEqual,
        Operator::LessEqual => Operator::Greater,
        Operator::Greater => Operator::LessEqual,
        Operator::GreaterEqual => Operator::Less,
        Operator::NotEqual => Operator::Equal,
        _ => return None,
    })
}

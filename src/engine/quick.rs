//! Conditions with names and constants worked out before the run begins, for the looks that each sample brings.
//!
//! Most looks come to a verdict that nobody asks the reason of. Those are had here without a name being looked up or a value
//! being made; whatever is not plain is left to `eval`, which has the words. Invariant: where there is a verdict here it is the
//! one that `eval` comes to. Floats decide where two amounts lie further apart than floats may err, decimals else.

use std::cell::Cell;
use std::cmp::Ordering;

use super::arguments::Named;
use super::carried::CallId;
use super::metric::Metric;
use super::scene::Scene;
use super::series::{Place, Series};
use super::shifts::{Chart, Weighted};
use super::windows::Over;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::value::{Unit, Value};
use crate::eval::arithmetic;
use crate::eval::reduce::Nothing;
use crate::model::expr::{Expr, ExprKind, Operator};

#[derive(Debug, Clone, PartialEq)]
pub enum Quick {
    Known(bool),
    Compare(Comparison, Box<(Amount, Amount)>),
    /// Both ends inclusive.
    Within(Box<(Amount, Amount, Amount)>),
    Alarm(Called, Chart),
    Not(Box<Quick>),
    And(Box<(Quick, Quick)>),
    Or(Box<(Quick, Quick)>),
}

/// Which orders of the two sides make a comparison true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    less: bool,
    equal: bool,
    greater: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    Constant(Number, Unit, Option<Rough>),
    Latest(Place),
    Over(Called, Over),
    Weighted(Called, Weighted),
    Negative(Box<Amount>),
    Combined(Operator, Box<(Amount, Amount)>),
}

/// A call in a plan and the metric that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    id: CallId,
    place: Place,
}

impl Called {
    fn metric<'a>(self, scene: &'a Scene<'a>) -> Metric<'a> {
        Metric { scene, place: self.place, call: Some(self.id) }
    }
}

/// The metrics of a plan, and the calls that were found in it so far.
pub struct Names<'s> {
    series: &'s Series,
    calls: Cell<u32>,
}

impl<'s> Names<'s> {
    #[must_use]
    pub fn new(series: &'s Series) -> Self {
        Self { series, calls: Cell::new(0) }
    }

    fn called(&self, place: Place) -> Called {
        let id = CallId(self.calls.get());
        self.calls.set(id.0 + 1);
        Called { id, place }
    }
}

impl Quick {
    /// `None` for a condition that is not as plain as that.
    #[must_use]
    pub fn of(expr: &Expr, names: &Names<'_>) -> Option<Self> {
        match &*expr.kind {
            ExprKind::Literal(Value::Bool(value)) => Some(Self::Known(*value)),
            ExprKind::Not(inner) => Some(Self::Not(Box::new(Self::of(inner, names)?))),
            ExprKind::Binary(operator, left, right) => Self::of_binary(*operator, (left, right), names),
            ExprKind::Field(inner, field) if field == "alarm" => {
                let (function, named, place) = call(inner, names)?;
                (function == "cusum").then_some(())?;
                Some(Self::Alarm(names.called(place), Chart::of(named).ok()?))
            }
            _ => None,
        }
    }

    fn of_binary(operator: Operator, (left, right): (&Expr, &Expr), names: &Names<'_>) -> Option<Self> {
        let both = || Some(Box::new((Self::of(left, names)?, Self::of(right, names)?)));
        match operator {
            Operator::And => both().map(Self::And),
            Operator::Or => both().map(Self::Or),
            Operator::In => Self::within(left, right, names),
            Operator::NotIn => Some(Self::Not(Box::new(Self::within(left, right, names)?))),
            _ => {
                let comparison = Comparison::of(operator)?;
                Some(Self::Compare(comparison, Box::new((Amount::of(left, names)?, Amount::of(right, names)?))))
            }
        }
    }

    fn within(item: &Expr, range: &Expr, names: &Names<'_>) -> Option<Self> {
        let (low, high) = match &*range.kind {
            ExprKind::Literal(Value::Range(low, high)) => (Amount::constant(low)?, Amount::constant(high)?),
            ExprKind::Binary(Operator::Range, low, high) => (Amount::of(low, names)?, Amount::of(high, names)?),
            _ => return None,
        };
        Some(Self::Within(Box::new((Amount::of(item, names)?, low, high))))
    }

    /// `None` where it is unknown, or not to be said without more ado.
    #[must_use]
    pub fn verdict(&self, scene: &Scene<'_>) -> Option<bool> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Compare(comparison, sides) => sides.0.compare(&sides.1, scene).map(|order| comparison.holds(order)),
            Self::Within(parts) => {
                let (item, low, high) = &**parts;
                let above = item.compare(low, scene)? != Ordering::Less;
                let below = item.compare(high, scene)? != Ordering::Greater;
                Some(above && below)
            }
            Self::Alarm(called, chart) => chart.alarms(&called.metric(scene)).ok(),
            Self::Not(inner) => inner.verdict(scene).map(|value| !value),
            Self::And(sides) => decided(sides, scene, false),
            Self::Or(sides) => decided(sides, scene, true),
        }
    }

    /// Whether [`Self::verdict`] has one for certain, without coming to it.
    #[must_use]
    pub fn is_known(&self, scene: &Scene<'_>) -> bool {
        match self {
            Self::Known(_) => true,
            Self::Compare(_, sides) => sides.0.is_known(scene) && sides.1.is_known(scene),
            Self::Within(parts) => parts.0.is_known(scene) && parts.1.is_known(scene) && parts.2.is_known(scene),
            Self::Alarm(..) => false,
            Self::Not(inner) => inner.is_known(scene),
            Self::And(sides) | Self::Or(sides) => sides.0.is_known(scene) && sides.1.is_known(scene),
        }
    }
}

/// A metric against a constant: what most conditions are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    place: Place,
    limit: Rough,
    comparison: Comparison,
}

impl Limit {
    #[must_use]
    pub fn of(quick: &Quick) -> Option<Self> {
        let Quick::Compare(comparison, sides) = quick else { return None };
        match &**sides {
            (Amount::Latest(place), Amount::Constant(_, _, Some(limit))) => {
                Some(Self { place: *place, limit: *limit, comparison: *comparison })
            }
            _ => None,
        }
    }

    /// The verdict where a sample came at `at` that counts and lies well away from the limit.
    #[must_use]
    #[inline]
    pub fn verdict(&self, series: &Series, at: Timestamp) -> Option<bool> {
        let (_, sample) = series.newest(self.place).filter(|(tick, _)| *tick == at)?;
        let order = Rough::of(sample.float()?, 0.0)?.compare(self.limit)?;
        Some(self.comparison.holds(order))
    }
}

/// `and` is decided by a false, `or` by a true, whatever the other side is.
fn decided((left, right): &(Quick, Quick), scene: &Scene<'_>, decisive: bool) -> Option<bool> {
    match (left.verdict(scene), right.verdict(scene)) {
        (Some(value), _) | (_, Some(value)) if value == decisive => Some(decisive),
        (Some(_), Some(_)) => Some(!decisive),
        _ => None,
    }
}

impl Comparison {
    fn of(operator: Operator) -> Option<Self> {
        let (less, equal, greater) = match operator {
            Operator::Less => (true, false, false),
            Operator::LessEqual => (true, true, false),
            Operator::Greater => (false, false, true),
            Operator::GreaterEqual => (false, true, true),
            Operator::Equal => (false, true, false),
            Operator::NotEqual => (true, false, true),
            _ => return None,
        };
        Some(Self { less, equal, greater })
    }

    fn holds(self, order: Ordering) -> bool {
        match order {
            Ordering::Less => self.less,
            Ordering::Equal => self.equal,
            Ordering::Greater => self.greater,
        }
    }
}

impl Amount {
    fn of(expr: &Expr, names: &Names<'_>) -> Option<Self> {
        match &*expr.kind {
            ExprKind::Literal(value) => Self::constant(value),
            ExprKind::Metric { group, field } => names.series.place(group, field).map(Self::Latest),
            ExprKind::Negate(inner) => Some(Self::Negative(Box::new(Self::of(inner, names)?))),
            ExprKind::Binary(
                operator @ (Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide),
                left,
                right,
            ) => Some(Self::Combined(*operator, Box::new((Self::of(left, names)?, Self::of(right, names)?)))),
            ExprKind::Call(..) => {
                let (function, named, place) = call(expr, names)?;
                match function {
                    "last" => Some(Self::Latest(place)),
                    "ewma" => Weighted::of(named).ok().map(|weighted| Self::Weighted(names.called(place), weighted)),
                    _ => Over::of(named, function)?.ok().map(|over| Self::Over(names.called(place), over)),
                }
            }
            _ => None,
        }
    }

    fn constant(value: &Value) -> Option<Self> {
        match value {
            Value::Quantity(number, unit) => Some(Self::Constant(*number, *unit, Rough::of(number.to_f64(), 0.0))),
            _ => None,
        }
    }

    /// `None` where one of them is unknown.
    fn compare(&self, other: &Self, scene: &Scene<'_>) -> Option<Ordering> {
        let apart = self.rough(scene).zip(other.rough(scene)).and_then(|(left, right)| left.compare(right));
        if apart.is_some() {
            return apart;
        }
        self.read(scene)?.0.compare(other.read(scene)?.0)
    }

    /// Whether there is a finite number for certain.
    fn is_known(&self, scene: &Scene<'_>) -> bool {
        match self {
            Self::Constant(number, ..) => number.is_finite(),
            Self::Latest(place) => scene.fresh(*place).ok().and_then(Held::float).is_some_and(f64::is_finite),
            Self::Negative(inner) => inner.is_known(scene),
            Self::Over(..) | Self::Weighted(..) | Self::Combined(..) => false,
        }
    }

    /// About what it is; `None` where it takes more than that to know.
    fn rough(&self, scene: &Scene<'_>) -> Option<Rough> {
        let value = match self {
            Self::Constant(_, _, rough) => return *rough,
            Self::Latest(place) => scene.fresh(*place).ok()?.float()?,
            Self::Over(called, over) => over.rough(&called.metric(scene))?,
            Self::Weighted(called, weighted) => weighted.level(&called.metric(scene)).ok()?.0,
            Self::Negative(inner) => {
                let Rough { value, error } = inner.rough(scene)?;
                return Some(Rough { value: -value, error });
            }
            Self::Combined(Operator::Multiply, sides) => {
                let (left, right) = (sides.0.rough(scene)?, sides.1.rough(scene)?);
                let error = left.error * right.value.abs() + right.error * (left.value.abs() + left.error);
                return Rough::of(left.value * right.value, error);
            }
            Self::Combined(operator @ (Operator::Add | Operator::Subtract), sides) => {
                let (left, right) = (sides.0.rough(scene)?, sides.1.rough(scene)?);
                let value =
                    if *operator == Operator::Add { left.value + right.value } else { left.value - right.value };
                return Rough::of(value, left.error + right.error);
            }
            Self::Combined(..) => return None,
        };
        Rough::of(value, 0.0)
    }

    /// `None` where there is no such number, or it is not finite.
    fn read(&self, scene: &Scene<'_>) -> Option<(Number, Unit)> {
        let amount = match self {
            Self::Constant(number, unit, _) => Some((*number, *unit)),
            Self::Latest(place) => scene.fresh(*place).ok()?.amount(),
            Self::Over(called, over) => over.read(&called.metric(scene)).ok().map(|(amount, _)| amount),
            Self::Weighted(called, weighted) => weighted.read(&called.metric(scene)).ok().map(|(amount, _)| amount),
            Self::Negative(inner) => inner.read(scene).map(|(number, unit)| (number.negate(), unit)),
            Self::Combined(operator, sides) => arithmetic(*operator, sides.0.read(scene)?, sides.1.read(scene)?),
        };
        amount.filter(|(number, _)| number.is_finite())
    }
}

/// A float, and how far the decimal that it stands for may lie from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rough {
    value: f64,
    error: f64,
}

impl Rough {
    /// What one operation may lose: decimals have 28 digits, of floats read back 15, floats themselves 15 and a half.
    const LOSS: f64 = 1e-13;

    /// `None` where it is not finite, and where decimals may end.
    fn of(value: f64, error: f64) -> Option<Self> {
        let fits = value == 0.0 || (1e-9..1e14).contains(&value.abs());
        fits.then_some(Self { value, error: error + value.abs() * Self::LOSS })
    }

    /// `None` where they lie closer together than they may err.
    #[inline]
    fn compare(self, other: Self) -> Option<Ordering> {
        if (self.value - other.value).abs() <= self.error + other.error {
            return None;
        }
        self.value.partial_cmp(&other.value)
    }
}

/// A call over a metric whose other arguments are constants.
fn call<'e>(expr: &'e Expr, names: &Names<'_>) -> Option<(&'e str, Named<'e>, Place)> {
    let ExprKind::Call(function, args) = &*expr.kind else { return None };
    let mut metrics = args.iter().filter(|(_, arg)| arg.as_literal().is_none());
    let (_, metric) = metrics.next()?;
    let ExprKind::Metric { group, field } = &*metric.kind else { return None };
    metrics.next().is_none().then_some(())?;
    Some((function, Named { world: &Nothing, args }, names.series.place(group, field)?))
}

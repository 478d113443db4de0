//! The course of a condition: its comparisons, and what they compared at each look.

use std::time::Duration;

use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::engine::scene::Scene;
use crate::eval::{Evaluated, evaluate, truth};
use crate::model::expr::{Expr, ExprKind, Operator, OutputRef};
use crate::plan::probes::probe_read;
use crate::report::run::amounts::{rounded, spent};

/// A comparison inside of a condition that reads a metric, and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// What is compared: `search.p99`.
    pub name: String,
    /// What it is compared with: `2 * search.p95`.
    pub bound: String,
    /// The relation between them, as the language writes it.
    pub relation: &'static str,
    pub unit: Unit,
    /// Whether the comparison speaks against promotion when it is true.
    pub bad_when: bool,
    pub points: Vec<Point>,
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub at: Timestamp,
    /// None: there was no value.
    pub value: Option<f64>,
    /// What it is compared with; of a range both ends.
    pub bounds: [Option<f64>; 2],
    /// What the comparison came to; none: unknown.
    pub met: Option<bool>,
}

/// The comparisons of one condition, to be looked at again and again.
#[derive(Debug, Clone)]
pub struct Comparisons<'p> {
    found: Vec<(Comparison<'p>, Course)>,
}

#[derive(Debug, Clone, Copy)]
enum Comparison<'p> {
    Sides {
        whole: &'p Expr,
        value: &'p Expr,
        bound: &'p Expr,
    },
    /// `cusum(…).alarm`: the larger sum against its limit.
    Alarm {
        whole: &'p Expr,
        chart: &'p Expr,
        limit: f64,
    },
}

/// The limit of a chart that says none.
const USUAL_LIMIT: f64 = 5.0;

impl<'p> Comparisons<'p> {
    /// Those of `condition`, which is bad when it is `bad_when`.
    #[must_use]
    pub fn of(condition: &'p Expr, bad_when: bool) -> Self {
        let mut found = Vec::new();
        collect(condition, bad_when, &mut found);
        Self { found }
    }

    /// Takes in how they stand now.
    pub fn look(&mut self, scene: &Scene<'_>) {
        for (comparison, course) in &mut self.found {
            let point = comparison.look(scene, &mut course.unit);
            match course.points.last_mut() {
                // Of several looks at one instant the last one counts.
                Some(last) if last.at == scene.at => *last = point,
                _ => course.points.push(point),
            }
        }
    }

    #[must_use]
    pub fn into_courses(self) -> Vec<Course> {
        self.found.into_iter().map(|(_, course)| course).filter(|course| !course.points.is_empty()).collect()
    }

    /// Drops all but the last `most` looks.
    pub fn keep_last(&mut self, most: usize) {
        for (_, course) in &mut self.found {
            let surplus = course.points.len().saturating_sub(most);
            course.points.drain(..surplus);
        }
    }
}

impl Comparison<'_> {
    fn look(self, scene: &Scene<'_>, unit: &mut Unit) -> Point {
        let (value, bounds, whole) = match self {
            Self::Sides { whole, value, bound } => {
                let value = evaluate(value, scene);
                if let Ok(Value::Quantity(_, of)) = &value {
                    *unit = *of;
                }
                (number(&value), ends(&evaluate(bound, scene)), whole)
            }
            Self::Alarm { whole, chart, limit } => (larger_sum(&evaluate(chart, scene)), [Some(limit), None], whole),
        };
        Point { at: scene.at, value, bounds, met: truth(whole, scene).ok() }
    }
}

fn number(value: &Evaluated) -> Option<f64> {
    value.as_ref().ok().and_then(Value::as_number).map(Number::to_f64).filter(|number| number.is_finite())
}

fn ends(bound: &Evaluated) -> [Option<f64>; 2] {
    match bound {
        Ok(Value::Range(low, high)) => {
            [low, high].map(|end| end.as_number().map(Number::to_f64).filter(|number| number.is_finite()))
        }
        other => [number(other), None],
    }
}

fn larger_sum(chart: &Evaluated) -> Option<f64> {
    let fields = chart.as_ref().ok().and_then(Value::as_record)?;
    let sum = |name: &str| fields.get(name).and_then(Value::as_number).map(Number::to_f64);
    Some(sum("up")?.max(sum("down")?))
}

fn collect<'p>(expr: &'p Expr, bad_when: bool, found: &mut Vec<(Comparison<'p>, Course)>) {
    match &*expr.kind {
        ExprKind::Binary(Operator::And | Operator::Or, left, right) => {
            collect(left, bad_when, found);
            collect(right, bad_when, found);
        }
        ExprKind::Not(inner) => collect(inner, !bad_when, found),
        ExprKind::Binary(operator, left, right) => {
            let Some(relation) = relation(*operator) else { return };
            let (value, bound, relation) = match (reads_metric(left), reads_metric(right)) {
                (true, _) => (left, right, relation),
                (false, true) => (right, left, turned(relation)),
                (false, false) => return,
            };
            let course = course((value, bound), relation, bad_when);
            found.push((Comparison::Sides { whole: expr, value, bound }, course));
        }
        ExprKind::Field(chart, field) if field == "alarm" => {
            if let ExprKind::Call(function, args) = &*chart.kind
                && function == "cusum"
            {
                let given = args.iter().find(|(name, _)| name == "h").and_then(|(_, arg)| arg.as_literal());
                let limit = given.and_then(Value::as_number).map_or(USUAL_LIMIT, Number::to_f64);
                let name = format!("larger sum of {}", words(chart));
                let course = Course {
                    name,
                    bound: format!("h {limit}"),
                    relation: ">",
                    unit: Unit::One,
                    bad_when,
                    points: Vec::new(),
                };
                found.push((Comparison::Alarm { whole: expr, chart, limit }, course));
            }
        }
        _ => {}
    }
}

fn course((value, bound): (&Expr, &Expr), relation: &'static str, bad_when: bool) -> Course {
    Course { name: words(value), bound: words(bound), relation, unit: Unit::One, bad_when, points: Vec::new() }
}

fn reads_metric(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Metric { .. } => true,
        ExprKind::Call(function, args) if probe_read(function, args).is_some() => true,
        _ => expr.children().into_iter().any(reads_metric),
    }
}

fn relation(operator: Operator) -> Option<&'static str> {
    Some(match operator {
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterEqual => ">=",
        Operator::In => "in",
        Operator::NotIn => "not in",
        _ => return None,
    })
}

/// The relation with its sides changed.
fn turned(relation: &'static str) -> &'static str {
    match relation {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// An expression in few words.
fn words(expr: &Expr) -> String {
    match &*expr.kind {
        ExprKind::Literal(value) => value.to_string(),
        ExprKind::Metric { group, field } => format!("{group}.{field}"),
        ExprKind::Output(OutputRef { phase, element, step }) => {
            let element = element.as_ref().map_or(String::new(), |element| format!("[{element}]"));
            format!("{phase}{element}.{step}")
        }
        ExprKind::Field(inner, field) => format!("{}.{field}", words(inner)),
        ExprKind::Negate(inner) => format!("-{}", words(inner)),
        ExprKind::Binary(operator, left, right) => {
            let sign = match operator {
                Operator::Add => "+",
                Operator::Subtract => "-",
                Operator::Multiply => "*",
                Operator::Divide => "/",
                Operator::PlusMinus => "+-",
                Operator::Range => "..",
                _ => "…",
            };
            format!("{} {sign} {}", words(left), words(right))
        }
        ExprKind::Call(function, args) => {
            let args: Vec<String> = args.iter().map(|(_, arg)| words(arg)).collect();
            format!("{function}({})", args.join(", "))
        }
        ExprKind::StageWeight => "stage.weight".to_owned(),
        _ => "…".to_owned(),
    }
}

impl Course {
    #[must_use]
    pub fn is_bad(&self, point: &Point) -> bool {
        point.met == Some(self.bad_when)
    }

    /// An amount in the unit of what is compared.
    #[must_use]
    pub fn amount(&self, amount: f64) -> String {
        // Nobody reads microseconds behind milliseconds.
        let whole = self.unit == Unit::Duration && amount.abs() >= 0.01;
        let amount = if whole { (amount * 1e3).round() / 1e3 } else { amount };
        rounded(&Value::Quantity(Number::from_f64(amount), self.unit))
    }

    /// What a chart shows, for those who do not see it: `search.p99 > 2 * search.p95: 31 looks in 30m, 180ms to 410ms, …`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let head = format!("{} {} {}", self.name, self.relation, self.bound);
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return format!("{head}: never looked at");
        };
        let looks = self.points.len();
        let mut parts = vec![match looks {
            1 => "one look".to_owned(),
            _ => format!("{looks} looks in {}", spent(last.at.since(first.at))),
        }];
        let values: Vec<f64> = self.points.iter().filter_map(|point| point.value).collect();
        if let Some((low, high)) = extent(&values) {
            let last = values.last().copied().unwrap_or(low);
            parts.push(match looks {
                1 => format!("the value {}", self.amount(last)),
                _ => format!(
                    "values from {} to {}, the last one {}",
                    self.amount(low),
                    self.amount(high),
                    self.amount(last)
                ),
            });
        }
        parts.extend(self.bounds_in_words());
        parts.push(self.badness(looks));
        let missing = self.points.iter().filter(|point| point.met.is_none()).count();
        if missing > 0 {
            parts.push(format!("unknown at {missing}"));
        }
        format!("{head}: {}", parts.join(", "))
    }

    fn bounds_in_words(&self) -> Option<String> {
        let bounds: Vec<f64> = self.points.iter().flat_map(|point| point.bounds).flatten().collect();
        let (low, high) = extent(&bounds)?;
        let is_range = self.points.iter().any(|point| point.bounds[1].is_some());
        Some(match (is_range, low < high) {
            (true, _) => format!("the range {} to {}", self.amount(low), self.amount(high)),
            (false, true) => format!("the limit from {} to {}", self.amount(low), self.amount(high)),
            (false, false) => format!("the limit {}", self.amount(low)),
        })
    }

    fn badness(&self, looks: usize) -> String {
        let bad = self.points.iter().filter(|point| self.is_bad(point)).count();
        let word = if self.bad_when { "true" } else { "false" };
        match (bad, self.longest_bad()) {
            (0, _) => format!("never {word}"),
            (1, _) if looks == 1 => format!("{word} then"),
            (bad, Some(longest)) if !longest.is_zero() => {
                format!("{word} at {bad}, longest for {}", spent(longest))
            }
            (bad, _) => format!("{word} at {bad}"),
        }
    }

    /// The longest time between the first and the last of bad looks in a row.
    fn longest_bad(&self) -> Option<Duration> {
        let mut since: Option<Timestamp> = None;
        let mut longest = None;
        for point in &self.points {
            match (self.is_bad(point), point.met) {
                (true, _) => {
                    let begun = *since.get_or_insert(point.at);
                    longest = longest.max(Some(point.at.since(begun)));
                }
                (false, Some(_)) => since = None,
                (false, None) => {}
            }
        }
        longest
    }
}

/// The smallest and the largest.
#[must_use]
pub fn extent(values: &[f64]) -> Option<(f64, f64)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(low, high), value| (low.min(*value), high.max(*value))))
}

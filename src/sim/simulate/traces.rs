//! What the metrics of a run looked like, for charts: in columns, each with its least and greatest value.

use std::time::Duration;

use super::super::story::Story;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::eval::{Evaluated, Unknown, World, evaluate};
use crate::model::expr::{Expr, ExprKind, LocalId, Operator, OutputRef, RunField};
use crate::plan::program::{Condition, Group, NodeKind, Plan};

/// More samples than this of one metric are not looked at one by one.
const MOST_SAMPLES: u64 = 200_000;

/// One metric over the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// `search.p95`
    pub name: String,
    pub unit: Unit,
    /// Least and greatest value of each column; none: no sample in it.
    pub columns: Vec<Option<(f64, f64)>>,
    /// Samples there should have been and were not.
    pub missing: u64,
    pub thresholds: Vec<Threshold>,
}

/// A constant that a metric is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    pub value: f64,
    /// `rollback when search.p99 > 400ms`, `require …`
    pub text: String,
}

/// The metrics of a run in so many columns.
#[must_use]
pub fn traces(story: &Story, columns: usize) -> Vec<Trace> {
    let end = story.end.at().since(story.script.start);
    story.plan.groups.iter().flat_map(|group| of_group(story, group, (end, columns.max(1)))).collect()
}

fn of_group(story: &Story, group: &Group, (end, columns): (Duration, usize)) -> Vec<Trace> {
    let names: Vec<&str> = group.fields.iter().map(|field| field.field.as_str()).collect();
    let derived = group.derived.iter().map(|derived| derived.field.as_str());
    let units = group.fields.iter().map(|field| &field.ty).chain(group.derived.iter().map(|derived| &derived.ty));
    let mut traces: Vec<Trace> = names
        .iter()
        .copied()
        .chain(derived)
        .zip(units)
        .map(|(field, ty)| Trace {
            name: format!("{}.{field}", group.name),
            unit: ty.unit().unwrap_or(Unit::One),
            columns: vec![None; columns],
            missing: 0,
            thresholds: thresholds(&story.plan, &group.name, field),
        })
        .collect();
    let mut feeds: Vec<_> = names.iter().map(|field| story.script.feed(&group.name, field)).collect();
    let every = group.every.as_micros().max(1);
    let ticks = u64::try_from(end.as_micros() / every).unwrap_or(u64::MAX).min(MOST_SAMPLES);
    for tick in 0..=ticks {
        let since = Duration::from_micros(u64::try_from(every.saturating_mul(u128::from(tick))).unwrap_or(u64::MAX));
        let at = story.script.start.plus(since);
        let mut known: Vec<Option<Value>> = feeds
            .iter_mut()
            .map(|feed| feed.as_mut().and_then(|feed| feed.sample(story.script.start, at).value().ok()))
            .collect();
        for derived in &group.derived {
            let values = Values { group, known: &known };
            let value = evaluate(&derived.expr, &values).ok();
            known.push(value);
        }
        let share = if end.is_zero() { 0.0 } else { since.as_secs_f64() / end.as_secs_f64() };
        let column = ((share * columns as f64) as usize).min(columns - 1);
        for (trace, value) in traces.iter_mut().zip(known) {
            trace.take(column, value);
        }
    }
    traces
}

impl Trace {
    fn take(&mut self, column: usize, value: Option<Value>) {
        let amount = value.as_ref().and_then(|value| match value {
            Value::Bool(is) => Some(f64::from(u8::from(*is))),
            other => other.as_number().map(Number::to_f64),
        });
        let Some(amount) = amount.filter(|amount| amount.is_finite()) else {
            self.missing += 1;
            return;
        };
        let (low, high) = self.columns[column].unwrap_or((amount, amount));
        self.columns[column] = Some((low.min(amount), high.max(amount)));
    }
}

/// The values of one instant, for fields that are computed from others.
struct Values<'a> {
    group: &'a Group,
    known: &'a [Option<Value>],
}

fn unknown<T>() -> Result<T, Unknown> {
    Err(Unknown(String::new()))
}

impl World for Values<'_> {
    fn local(&self, _: LocalId) -> Evaluated {
        unknown()
    }

    fn environment(&self, _: &str) -> Evaluated {
        unknown()
    }

    fn run(&self, _: RunField) -> Evaluated {
        unknown()
    }

    fn output(&self, _: &OutputRef) -> Evaluated {
        unknown()
    }

    fn metric(&self, group: &str, field: &str) -> Evaluated {
        let fields = self.group.fields.iter().map(|known| &known.field);
        let mut fields = fields.chain(self.group.derived.iter().map(|derived| &derived.field));
        let place = fields.position(|known| known == field).filter(|_| group == self.group.name);
        let value = place.and_then(|place| self.known.get(place).cloned().flatten());
        value.ok_or_else(|| Unknown(String::new()))
    }

    fn stage_weight(&self) -> Evaluated {
        unknown()
    }

    fn call(&self, _: &str, _: &[(String, Expr)]) -> Option<Evaluated> {
        None
    }
}

fn thresholds(plan: &Plan, group: &str, field: &str) -> Vec<Threshold> {
    let mut found: Vec<Threshold> = Vec::new();
    let mut add = |word: &str, condition: &Condition| {
        for value in limits(&condition.expr, (group, field)) {
            if !found.iter().any(|known| known.value == value) {
                found.push(Threshold { value, text: format!("{word} {}", condition.text) });
            }
        }
    };
    for trigger in plan.blocks.iter().flat_map(|block| &block.triggers) {
        add(&format!("{} when", trigger.action.name()), &trigger.condition);
    }
    for node in &plan.nodes {
        if let NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } = &node.kind {
            conditions.iter().for_each(|condition| add(if condition.warns { "warn" } else { "require" }, condition));
        }
    }
    found
}

/// The constants that the metric itself, or its mean, is compared with.
fn limits(expr: &Expr, metric: (&str, &str)) -> Vec<f64> {
    let mut found = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        if let ExprKind::Binary(operator, left, right) = &*expr.kind
            && is_comparison(*operator)
        {
            for (side, other) in [(left, right), (right, left)] {
                if is_metric(side, metric) {
                    found.extend(constants(other));
                }
            }
        }
        open.extend(expr.children());
    }
    found
}

fn is_comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Greater
            | Operator::GreaterEqual
            | Operator::Less
            | Operator::LessEqual
            | Operator::Equal
            | Operator::NotEqual
            | Operator::In
            | Operator::NotIn
    )
}

fn is_metric(expr: &Expr, wanted: (&str, &str)) -> bool {
    match &*expr.kind {
        ExprKind::Metric { group, field } => (group.as_str(), field.as_str()) == wanted,
        ExprKind::Call(function, args)
            if ["last", "mean", "min", "max", "percentile", "ewma"].contains(&function.as_str()) =>
        {
            args.iter().any(|(_, arg)| is_metric(arg, wanted))
        }
        _ => false,
    }
}

/// A constant, or the ends of a range.
fn constants(expr: &Expr) -> Vec<f64> {
    let ends = match crate::eval::reduce::constant(expr) {
        Ok(Value::Range(low, high)) => vec![*low, *high],
        Ok(value) => vec![value],
        Err(_) => Vec::new(),
    };
    ends.iter().filter_map(Value::as_number).map(Number::to_f64).collect()
}

/// The time of a column's middle.
#[must_use]
pub fn middle(column: usize, columns: usize, end: Duration) -> Duration {
    end.mul_f64((column as f64 + 0.5) / columns.max(1) as f64)
}

/// The weight of a target in each column: the last one in it.
#[must_use]
pub fn weights(story: &Story, columns: usize) -> Vec<(String, Vec<f64>)> {
    let end = story.end.at().since(story.script.start);
    let mut found: Vec<(String, Vec<(Timestamp, f64)>)> = Vec::new();
    for recorded in &story.events {
        use crate::engine::event::Event;
        if let Event::WeightSet { target, weight, .. } | Event::WeightRestored { target, weight, .. } = &recorded.event
        {
            let step = (recorded.at, weight.to_f64());
            match found.iter_mut().find(|(known, _)| known == target) {
                Some((_, steps)) => steps.push(step),
                None => found.push((target.clone(), vec![step])),
            }
        }
    }
    let weight_at = |steps: &[(Timestamp, f64)], column: usize| {
        let at = story.script.start.plus(end.mul_f64((column + 1) as f64 / columns.max(1) as f64));
        steps.iter().rev().find(|(time, _)| *time < at).map_or(0.0, |(_, weight)| *weight)
    };
    let columns = found.into_iter().map(|(target, steps)| {
        let weights = (0..columns).map(|column| weight_at(&steps, column)).collect();
        (target, weights)
    });
    columns.collect()
}

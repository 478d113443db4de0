//! Limits that are chosen by how often they may alarm falsely: `cusum(…, false_alarm_every: 30d)` gets its `h` when the plan is
//! made, from the interval of the samples, so that the plan shows it and every replay uses the same.

use super::request::PlanError;
use super::scope::Scope;
use crate::base::number::Number;
use crate::base::time::format_duration;
use crate::contract::types::Type;
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind};
use crate::model::program::Program;
use crate::stats::run_length::{CusumChart, Sides, limit_for};

/// The expression with a limit in each cumulative sum that states a rate of false alarms. None after a complaint.
pub fn choose(mut expr: Expr, program: &Program, scope: &Scope) -> Option<Expr> {
    choose_in(&mut expr, program, scope)?;
    Some(expr)
}

fn choose_in(expr: &mut Expr, program: &Program, scope: &Scope) -> Option<()> {
    for child in expr.children_mut() {
        choose_in(child, program, scope)?;
    }
    let at = expr.at;
    if let ExprKind::Call(function, args) = &mut *expr.kind
        && function.as_str() == "cusum"
        && args.iter().any(|(name, _)| name == "false_alarm_every")
    {
        if args.iter().any(|(name, _)| name == "h") {
            let error = PlanError::program(at, "both `h` and `false_alarm_every` are given");
            scope.fail(error.help("`false_alarm_every` chooses `h`: leave one of them out"));
            return None;
        }
        let limit = limit(args, program, scope)?;
        let limit = Value::Quantity(Number::from_f64((limit * 1e6).ceil() / 1e6), Unit::One);
        args.push(("h".to_owned(), Expr::literal(limit, Type::Float, at)));
    }
    Some(())
}

fn limit(args: &[(String, Expr)], program: &Program, scope: &Scope) -> Option<f64> {
    let given = |name: &str| args.iter().find(|(own, _)| own == name).map(|(_, arg)| arg);
    let number = |name: &str, default: f64| match given(name) {
        Some(arg) => scope.constant(arg, &format!("`{name}` of this `cusum`"))?.as_number().map(Number::to_f64),
        None => Some(default),
    };
    let sides = match given("side") {
        Some(arg) => match scope.text(arg, "`side` of this `cusum`")?.as_str() {
            "up" => Sides::Upper,
            "down" => Sides::Lower,
            _ => Sides::Both,
        },
        None => Sides::Both,
    };
    let wanted = given("false_alarm_every")?;
    let between = scope.interval(wanted, "`false_alarm_every`")?;
    let every = interval(args, program, scope)?;
    let chart = CusumChart { k: number("k", 0.5)?, h: 0.0, headstart: number("headstart", 0.0)?, sides };
    let limit = limit_for(&chart, between.as_secs_f64() / every.as_secs_f64());
    if limit.is_none() {
        let (between, every) = (format_duration(between), format_duration(every));
        let message = format!("no `h` makes this `cusum` alarm falsely once in {between} with a sample every {every}");
        scope.fail(PlanError::program(wanted.at, message).help("choose another time, or give `h`"));
    }
    limit
}

/// How often the metric is sampled.
fn interval(args: &[(String, Expr)], program: &Program, scope: &Scope) -> Option<std::time::Duration> {
    let group = args.iter().find_map(|(_, arg)| match &*arg.kind {
        ExprKind::Metric { group, .. } => program.groups.get(group),
        _ => None,
    });
    match group.and_then(|group| group.every.as_ref()) {
        Some(every) => scope.interval(every, "`every` of the metrics of this `cusum`"),
        None => Some(super::metrics::EVERY),
    }
}

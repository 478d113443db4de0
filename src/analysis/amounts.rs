//! PG206 where an amount cannot be: a length of time below zero, an interval of nothing, a count that is none, a share of
//! more than all. What only a run or a parameter knows is judged when the plan is made.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::{Condition, StatementKind, Step, Sustain};
use crate::model::program::{Pipeline, Program};
use crate::model::walk;

use super::constants::Constants;
use super::lints::Subject;
use super::soundness::standing::{Beside, NOWHERE};

/// What an amount has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Zero or more.
    Length,
    /// More than zero.
    Interval,
    /// A whole number from this on.
    Count(i64),
    /// From 0% to 100%.
    Share,
    /// Above zero, of any kind.
    Positive,
    /// One that rises.
    Range,
    Word(&'static [&'static str]),
}

struct Amount<'p> {
    expr: &'p Expr,
    /// "`every` of this hold"
    name: &'static str,
    wanted: Wanted,
}

/// Reports what cannot be in any environment, and what cannot be in one, which is named.
pub fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    judge(&beside(subject.beside), subject.program, &NOWHERE, found);
    for pipeline in subject.pipelines {
        judge(&inside(pipeline), subject.program, pipeline, found);
    }
}

fn judge(amounts: &[Amount<'_>], program: &Program, pipeline: &Pipeline, found: &mut Vec<Diagnostic>) {
    let mut open: Vec<&Amount<'_>> = Vec::new();
    for amount in amounts {
        match amount.expr.as_literal() {
            Some(value) => found.extend(amount.refuse(value, "")),
            None => open.push(amount),
        }
    }
    if open.is_empty() {
        return;
    }
    for constants in std::iter::once(Constants::new(pipeline, None)).chain(Constants::of(program, pipeline)) {
        open.retain(|amount| {
            let Some(value) = constants.value(amount.expr) else { return true };
            let refused = amount.refuse(&value, &constants.place());
            let is_fine = refused.is_none();
            found.extend(refused);
            is_fine
        });
    }
}

impl Amount<'_> {
    /// `place` says in which environment.
    fn refuse(&self, value: &Value, place: &str) -> Option<Diagnostic> {
        let fault = self.wanted.fault(value)?;
        let message = format!("{} cannot be `{value}`{place}", self.name);
        Some(Diagnostic::new(Code::PG206, self.expr.at, message).label(fault))
    }
}

impl Wanted {
    /// Why it cannot be this value; none also for one of another type, which is reported as such.
    fn fault(self, value: &Value) -> Option<String> {
        let number = value.as_number();
        let is_negative = number.is_some_and(Number::is_negative);
        let is_positive = number.is_none_or(|number| !number.is_zero() && !number.is_negative());
        match self {
            Self::Length => is_negative.then(|| "a length of time is not below zero".to_owned()),
            Self::Interval => (!is_positive).then(|| "nothing happens that often: write more than zero".to_owned()),
            Self::Positive => (!is_positive).then(|| "write more than zero".to_owned()),
            Self::Count(least) => {
                let is_enough = number.is_none_or(|number| number.to_i64().is_some_and(|count| count >= least));
                (!is_enough).then(|| format!("write a whole number from {least} on"))
            }
            Self::Share => {
                let is_more = number.is_some_and(|number| Number::ONE.subtract(number).is_negative());
                (is_negative || is_more).then(|| "write a share from 0% to 100%".to_owned())
            }
            Self::Range => {
                let Value::Range(first, last) = value else { return None };
                let (first, last) = (first.as_number()?, last.as_number()?);
                let falls = first.is_negative() || last.subtract(first).is_negative();
                falls.then(|| "write a range that rises, such as `1s..1m`".to_owned())
            }
            Self::Word(known) => {
                let known_words = || known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                let is_known = value.as_text().is_none_or(|text| known.contains(&text));
                (!is_known).then(|| format!("write one of {}", known_words()))
            }
        }
    }
}

/// What stands beside the pipelines.
fn beside(beside: Beside<'_>) -> Vec<Amount<'_>> {
    let mut amounts = Vec::new();
    match beside {
        Beside::Nothing | Beside::Environments => {}
        Beside::Group(group) => {
            push(&mut amounts, group.every.as_ref(), "`every` of metrics", Wanted::Interval);
            push(&mut amounts, group.lag.as_ref(), "`lag` of metrics", Wanted::Length);
        }
        Beside::Sentinel(sentinel) => {
            push(&mut amounts, sentinel.every.as_ref(), "`every` of a sentinel", Wanted::Interval);
            let trips = sentinel.trips.iter().flat_map(|trip| &trip.conditions);
            trips.chain(&sentinel.recovers).for_each(|condition| of_condition(condition, &mut amounts));
        }
        Beside::Alert(alert) => alert.conditions.iter().for_each(|condition| of_condition(condition, &mut amounts)),
    }
    amounts
}

fn inside(pipeline: &Pipeline) -> Vec<Amount<'_>> {
    let mut amounts = Vec::new();
    push(&mut amounts, pipeline.timeout.as_ref(), "`timeout` of the pipeline", Wanted::Length);
    for phase in &pipeline.phases {
        let at_once = phase.each.as_ref().and_then(|each| each.at_once.as_ref());
        push(&mut amounts, at_once, "`max … at once`", Wanted::Count(1));
    }
    for statement in walk::statements(pipeline) {
        match &statement.kind {
            StatementKind::Step(step) => of_step(step, &mut amounts),
            StatementKind::Hold { duration, every, conditions } => {
                push(&mut amounts, Some(duration), "the duration of this hold", Wanted::Length);
                push(&mut amounts, every.as_ref(), "`every` of this hold", Wanted::Interval);
                conditions.iter().for_each(|condition| of_condition(condition, &mut amounts));
            }
            StatementKind::Gate { conditions, .. } => {
                conditions.iter().for_each(|condition| of_condition(condition, &mut amounts));
            }
            StatementKind::Approve { within, .. } => {
                push(&mut amounts, within.as_ref(), "`within` of this approval", Wanted::Length);
            }
            StatementKind::Wait(duration) => {
                push(&mut amounts, Some(duration), "the duration of this wait", Wanted::Length);
            }
            StatementKind::Ramp { .. } | StatementKind::Parallel(_) | StatementKind::Scope(_) => {}
        }
    }
    for trigger in walk::triggers(pipeline) {
        of_condition(&trigger.condition, &mut amounts);
    }
    amounts
}

fn of_step<'p>(step: &'p Step, amounts: &mut Vec<Amount<'p>>) {
    push(amounts, step.timeout.as_ref(), "`timeout` of this step", Wanted::Length);
    push(amounts, step.retry.as_ref(), "`retry` of this step", Wanted::Count(0));
    push(amounts, step.backoff.as_ref(), "`backoff` of this step", Wanted::Range);
}

fn of_condition<'p>(condition: &'p Condition, amounts: &mut Vec<Amount<'p>>) {
    for (sustain, name) in [(&condition.sustain, "`for`"), (&condition.after, "`after`")] {
        match sustain {
            Some(Sustain::Time(length)) => push(amounts, Some(length), name, Wanted::Length),
            Some(Sustain::Samples(count)) => push(amounts, Some(count), name, Wanted::Count(1)),
            None => {}
        }
    }
    walk::expressions(&condition.expr, &mut |expr| {
        if let ExprKind::Call(function, args) = &*expr.kind {
            for (arg, value) in args {
                if let Some((name, wanted)) = of_argument(function, arg) {
                    push(amounts, Some(value), name, wanted);
                }
            }
        }
    });
}

/// What an argument of a function over metrics has to be.
fn of_argument(function: &str, arg: &str) -> Option<(&'static str, Wanted)> {
    Some(match (function, arg) {
        (_, "window") => ("the window", Wanted::Interval),
        ("burn_rate", "over") => ("`over`", Wanted::Interval),
        ("ewma", "half_life") => ("`half_life`", Wanted::Interval),
        ("cusum" | "drift", "sigma") => ("`sigma`", Wanted::Positive),
        ("cusum", "h") => ("`h`", Wanted::Positive),
        ("cusum", "false_alarm_every") => ("`false_alarm_every`", Wanted::Interval),
        ("cusum", "side") => ("`side`", Wanted::Word(&["both", "up", "down"])),
        ("kayenta", "direction") => ("`direction`", Wanted::Word(&["increase", "decrease", "either"])),
        ("percentile", "q") => ("`q`", Wanted::Share),
        ("burn_rate", "objective") => ("`objective`", Wanted::Share),
        ("worse", "confidence") => ("`confidence`", Wanted::Share),
        _ => return None,
    })
}

fn push<'p>(amounts: &mut Vec<Amount<'p>>, expr: Option<&'p Expr>, name: &'static str, wanted: Wanted) {
    if let Some(expr) = expr {
        amounts.push(Amount { expr, name, wanted });
    }
}

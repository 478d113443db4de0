//! What an expression sees while the run goes on: outputs, samples and the run itself, from inside one frame.

use std::time::Duration;

use super::arguments::Arguments;
use super::comparison::Decided;
use super::event::{FrameId, Judgement};
use super::exec::{ExecStatus, Stage};
use super::judge::MISSING_LIMIT;
use super::series::Place;
use super::state::State;
use super::windows;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::types::Type;
use crate::contract::value::{Unit, Value};
use crate::eval::{Evaluated, Unknown, World, evaluate, plain_text, truth};
use crate::model::expr::{Expr, ExprKind, LocalId, OutputRef, RunField};
use crate::plan::probes::probe_read;
use crate::plan::program::{Condition, GroupIndex, MetricRef, NodeIndex, NodeKind, PhaseIndex, Plan};

/// One place to look from, at one instant.
pub struct Scene<'a> {
    pub plan: &'a Plan,
    pub state: &'a State,
    /// None for what belongs to no block.
    pub frame: Option<FrameId>,
    pub at: Timestamp,
}

impl Scene<'_> {
    pub(super) fn stage(&self) -> Option<&Stage> {
        self.frame.and_then(|frame| self.state.frame(frame).stage.as_ref())
    }

    /// `search.p95`
    pub(super) fn metric_name(&self, place: Place) -> String {
        format!("{}.{}", self.plan.group(place.group).name, self.state.series.name(place))
    }

    /// The latest sample of a metric, if it still says something about now.
    #[inline]
    pub(super) fn fresh(&self, place: Place) -> Result<&Held, Absence> {
        let (tick, sample) = self.state.series.latest(place, self.at).ok_or(Absence::Never)?;
        if self.not_before(place.group).is_some_and(|edge| tick < edge) {
            return Err(Absence::UnderThisWeight);
        }
        if tick == self.at { Ok(sample) } else { self.young_enough((tick, sample), place) }
    }

    fn young_enough<'s>(&self, (tick, sample): (Timestamp, &'s Held), place: Place) -> Result<&'s Held, Absence> {
        let age = self.at.since(tick);
        if age > self.plan.group(place.group).every.saturating_mul(MISSING_LIMIT).max(Duration::from_secs(1)) {
            return Err(Absence::ForSoLong(age));
        }
        Ok(sample)
    }

    /// The latest value of a metric.
    pub(super) fn latest(&self, place: Place) -> Evaluated {
        let sample = self.fresh(place).map_err(|absence| absence.words(&self.metric_name(place)))?;
        sample.value().map_err(|reason| Unknown(format!("`{}`: {reason}", self.metric_name(place))))
    }

    /// Samples before this do not count here: they were taken under another weight.
    pub(super) fn not_before(&self, group: GroupIndex) -> Option<Timestamp> {
        self.stage().map(|stage| stage.set_at.plus(self.plan.group(group).lag))
    }

    /// Whether the newest sample of everything a condition reads is young enough to be judged under this weight.
    #[must_use]
    #[inline]
    pub fn is_settled(&self, reads: &[MetricRef]) -> bool {
        let newest = |read: &MetricRef| self.state.series.latest_tick(read.group);
        self.stage().is_none() || reads.iter().all(|read| newest(read) >= self.not_before(read.group))
    }

    /// The verdict on a condition, and the values behind it in words, unless it is good: not `bad`.
    ///
    /// Words cost more than the verdict, and of a good one nobody asks for them in most cases: see [`Self::seen`].
    #[must_use]
    pub fn judge(&self, condition: &Condition, bad: bool) -> Finding {
        match truth(&condition.expr, self) {
            Ok(verdict) => {
                let evidence = if verdict == bad { self.evidence(&condition.expr) } else { String::new() };
                Finding { verdict: Some(verdict), evidence, is_missing: false }
            }
            Err(Unknown(reason)) => {
                let is_missing = truth(&condition.expr, &Decided(self)).is_err();
                Finding { verdict: None, evidence: format!("unknown: {reason}"), is_missing }
            }
        }
    }

    /// The values behind a verdict that a condition came to at this instant, as `judge` has told them or left to this.
    #[must_use]
    pub fn seen(&self, condition: &Condition, evidence: &str) -> String {
        if evidence.is_empty() { self.evidence(&condition.expr) } else { evidence.to_owned() }
    }

    pub(super) fn judgement(&self, condition: &Condition) -> Judgement {
        let Finding { verdict, evidence, .. } = self.judge(condition, false);
        let evidence = self.seen(condition, &evidence);
        Judgement {
            condition: condition.text.clone(),
            verdict,
            warns: condition.warns,
            evidence,
            reason: condition.reason.as_ref().map(|reason| self.words(reason)),
        }
    }

    /// A text expression; what is unknown in it is said so.
    #[must_use]
    pub fn words(&self, expr: &Expr) -> String {
        match evaluate(expr, self) {
            Ok(value) => plain_text(&value),
            Err(Unknown(reason)) => format!("(unknown: {reason})"),
        }
    }

    /// `search.p95 = 120ms, search.p99 = 1.2s`
    fn evidence(&self, expr: &Expr) -> String {
        let mut parts = Vec::new();
        self.collect_evidence(expr, &mut parts);
        parts.join(", ")
    }

    /// A value with its arithmetic: `120ms (5 of 5 samples)`.
    fn measured(&self, expr: &Expr) -> String {
        let arithmetic = match &*expr.kind {
            ExprKind::Call(function, args) => {
                match windows::call(&Arguments { scene: self, args, in_words: true }, function) {
                    Some(Ok(measured)) => measured.arithmetic,
                    _ => String::new(),
                }
            }
            _ => String::new(),
        };
        match evaluate(expr, self) {
            Ok(value) if arithmetic.is_empty() => shown(&value),
            Ok(value) => format!("{} ({arithmetic})", shown(&value)),
            Err(Unknown(reason)) => format!("unknown ({reason})"),
        }
    }

    fn collect_evidence(&self, expr: &Expr, parts: &mut Vec<String>) {
        let name = match &*expr.kind {
            ExprKind::Metric { group, field } => Some(format!("{group}.{field}")),
            ExprKind::Field(inner, field) => output_path(inner).map(|path| format!("{path}.{field}")),
            ExprKind::Call(function, args)
                if args.iter().any(|(_, arg)| is_metric(arg)) || probe_read(function, args).is_some() =>
            {
                let args: Vec<String> = args.iter().map(|(_, arg)| source_like(arg)).collect();
                Some(format!("{function}({})", args.join(", ")))
            }
            _ => None,
        };
        match name {
            Some(name) => {
                let part = format!("{name} = {}", self.measured(expr));
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            None => expr.children().into_iter().for_each(|child| self.collect_evidence(child, parts)),
        }
    }
}

fn is_metric(expr: &Expr) -> bool {
    matches!(&*expr.kind, ExprKind::Metric { .. })
}

/// Why there is no sample that counts.
pub(super) enum Absence {
    Never,
    UnderThisWeight,
    ForSoLong(Duration),
}

impl Absence {
    fn words(&self, metric: &str) -> Unknown {
        Unknown(match self {
            Self::Never => format!("`{metric}` has no sample yet"),
            Self::UnderThisWeight => format!("`{metric}` has no sample since the weight was set"),
            Self::ForSoLong(age) => {
                let age = crate::base::time::format_duration(Duration::from_secs(age.as_secs()));
                format!("the last sample of `{metric}` is {age} old")
            }
        })
    }
}

/// What a condition came to at one instant.
pub struct Finding {
    /// None: unknown.
    pub verdict: Option<bool>,
    /// The values behind it with their arithmetic, or why it is unknown; empty of a good one.
    pub evidence: String,
    /// Unknown for want of data, and not because a comparison is still under way.
    pub is_missing: bool,
}

impl Finding {
    /// One that nobody asks the reason of.
    #[must_use]
    pub(super) fn good(verdict: bool) -> Self {
        Self { verdict: Some(verdict), evidence: String::new(), is_missing: false }
    }
}

fn output_path(expr: &Expr) -> Option<String> {
    match &*expr.kind {
        ExprKind::Output(OutputRef { phase, element: Some(element), step }) => {
            Some(format!("{phase}[{element}].{step}"))
        }
        ExprKind::Output(OutputRef { phase, element: None, step }) => Some(format!("{phase}.{step}")),
        ExprKind::Field(inner, field) => output_path(inner).map(|path| format!("{path}.{field}")),
        _ => None,
    }
}

fn source_like(expr: &Expr) -> String {
    match &*expr.kind {
        ExprKind::Metric { group, field } => format!("{group}.{field}"),
        ExprKind::Literal(value) => value.to_string(),
        _ => "…".to_owned(),
    }
}

/// A value in a sentence: not longer than a line.
fn shown(value: &Value) -> String {
    let text = rounded(value).to_string();
    if text.chars().count() <= 80 { text } else { format!("{}…", text.chars().take(79).collect::<String>()) }
}

/// Nobody reads microseconds behind milliseconds, nor more than four digits of a share.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Quantity(number, unit) => {
            let amount = number.to_f64();
            let scale = if *unit == Unit::Duration && amount.abs() >= 0.01 { 1e3 } else { 1e6 };
            Value::Quantity(Number::from_f64((amount * scale).round() / scale), *unit)
        }
        Value::Record(fields) => {
            Value::Record(fields.iter().map(|(name, value)| (name.clone(), rounded(value))).collect())
        }
        other => other.clone(),
    }
}

impl World for Scene<'_> {
    fn local(&self, _: LocalId) -> Evaluated {
        Err(Unknown("a local has no value while the run goes on".to_owned()))
    }

    fn environment(&self, key: &str) -> Evaluated {
        Err(Unknown(format!("`env.{key}` was not resolved by the plan")))
    }

    fn run(&self, field: RunField) -> Evaluated {
        Ok(match field {
            RunField::Id => Value::text(&self.state.run_id),
            RunField::StartedAt => Value::Time(self.state.started_at),
            RunField::Actor => Value::text(&self.state.actor),
            RunField::Reason => Value::text(&self.state.reason),
            RunField::Environment => Value::text(self.plan.environment.clone().unwrap_or_default()),
        })
    }

    fn output(&self, output: &OutputRef) -> Evaluated {
        let node = self.find_step(output).ok_or_else(|| Unknown(format!("there is no step `{}`", output.step)))?;
        let id = &self.plan.node(node).id;
        match self.state.outputs.get(&node) {
            None => Err(Unknown(format!("`{id}` has not run yet"))),
            Some(Value::Null) if self.is_owed(node) => {
                Err(Unknown(format!("nobody gave the output of `{id}`, which was taken as done after a crash")))
            }
            Some(output) => Ok(output.clone()),
        }
    }

    fn metric(&self, group: &str, field: &str) -> Evaluated {
        let place = self.state.series.place(group, field);
        self.latest(place.ok_or_else(|| Unknown(format!("there is no metric `{group}.{field}`")))?)
    }

    fn stage_weight(&self) -> Evaluated {
        let stage = self.stage().ok_or_else(|| Unknown("there is no ramp here".to_owned()))?;
        Ok(Value::Quantity(stage.weight, crate::contract::value::Unit::Ratio))
    }

    fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        let arguments = Arguments { scene: self, args, in_words: false };
        windows::call(&arguments, function).map(|measuring| measuring.map(|measured| measured.value))
    }

    fn field_of_call(&self, function: &str, args: &[(String, Expr)], field: &str) -> Option<Evaluated> {
        if (function, field) != ("cusum", "alarm") {
            return None;
        }
        let arguments = Arguments { scene: self, args, in_words: false };
        windows::alarm(&arguments).map(|alarm| alarm.map(Value::Bool))
    }
}

impl Scene<'_> {
    /// Whether a step that has an output passed without one: a person said that it was done, and not what it gave.
    fn is_owed(&self, node: NodeIndex) -> bool {
        let NodeKind::Step(step) = &self.plan.node(node).kind else { return false };
        let passed = self.state.execs.iter().rev().find(|exec| exec.node == node).map(|exec| &exec.status);
        !matches!(step.output, Type::Nothing | Type::Optional(_)) && passed == Some(&ExecStatus::Passed)
    }

    /// The step an output reference means: in the named phase, or its element.
    #[must_use]
    pub fn find_step(&self, output: &OutputRef) -> Option<NodeIndex> {
        find_step(self.plan, self.frame.and_then(|frame| self.state.frame(frame).phase), output)
    }
}

/// The step that an output reference in the phase `here` means.
#[must_use]
pub fn find_step(plan: &Plan, here: Option<PhaseIndex>, output: &OutputRef) -> Option<NodeIndex> {
    let mut candidates = (0u32..).map(PhaseIndex).zip(&plan.phases).filter(|(_, phase)| match &output.element {
        Some(element) => phase.name == output.phase && phase.id == format!("{}[{element}]", output.phase),
        None => phase.name == output.phase,
    });
    let first = candidates.next()?.0;
    // Inside an expanded phase its own steps are meant.
    let phase = std::iter::once(first)
        .chain(candidates.map(|(index, _)| index))
        .find(|index| Some(*index) == here)
        .unwrap_or(first);
    find_in_block(plan, plan.phase(phase).body, &output.step)
}

fn find_in_block(plan: &Plan, block: crate::plan::program::BlockIndex, name: &str) -> Option<NodeIndex> {
    plan.block(block).items.iter().find_map(|item| match item {
        crate::plan::program::Item::Block(inner) => find_in_block(plan, *inner, name),
        crate::plan::program::Item::Node(node) => match &plan.node(*node).kind {
            NodeKind::Step(step) if step.name.as_deref() == Some(name) => Some(*node),
            NodeKind::Ramp { body, .. } => find_in_block(plan, *body, name),
            _ => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{Number, Unit, Value, shown};

    #[test]
    fn values_are_shown_with_the_digits_that_people_read_also_within_records() {
        let amount = |amount: f64, unit| Value::Quantity(Number::from_f64(amount), unit);
        assert_eq!(shown(&amount(1.234_567_8, Unit::Duration)), "1s235ms");
        let up = ("up".to_owned(), amount(4.44e-16, Unit::One));
        let chart = Value::Record([up, ("alarm".to_owned(), Value::Bool(false))].into_iter().collect());
        assert_eq!(shown(&chart), "{ up: 0, alarm: false }");
    }
}

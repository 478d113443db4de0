//! Trees whose text stands somewhere else now, because something before it became longer or shorter.
//!
//! Every field of every piece is named here, so that none is forgotten: a new one does not compile until it is moved too.

use std::sync::Arc;

use crate::base::number::Number;
use crate::base::span::Span;

use super::{
    AlertItem, Allow, Arg, Award, BinaryOperator, Block, ChannelItem, ComponentItem, ConditionStatement, Criterion,
    Each, EnvironmentItem, Expr, ExprKind, FieldValue, FreezeItem, GivenMetric, GivenOutcome, Item, ItemKind,
    KillSwitchItem, MetricField, MetricsItem, Name, Param, PathRef, PhaseStatement, PipelineItem, RubricItem,
    ScheduleItem, SentinelEntry, SentinelItem, SignatureItem, SignatureKind, Statement, StatementKind, StepStatement,
    StringLiteral, StringPiece, Sustain, TestClause, TestClauseKind, TestItem, TestRun, ThresholdItem, Tier,
    TriggerKind, TriggerStatement, TypeExpr, TypeField, TypeItem, TypeKind, Unit, Use, UseSource,
};

/// How far something has moved, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distance(i64);

impl Distance {
    /// From one place to another.
    #[must_use]
    pub fn between(from: usize, to: usize) -> Self {
        let signed = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
        Self(signed(to) - signed(from))
    }

    fn of(self, place: u32) -> u32 {
        u32::try_from(i64::from(place) + self.0).unwrap_or(u32::MAX)
    }
}

/// What has places in it.
pub trait Moved {
    /// Adds the distance to every place.
    fn move_by(&mut self, by: Distance);
}

/// Moves an item: where it stands if nobody else holds it, else a copy of it.
pub fn move_item(item: &mut Arc<Item>, by: Distance) {
    if by != Distance(0) {
        Arc::make_mut(item).move_by(by);
    }
}

impl Moved for Span {
    fn move_by(&mut self, by: Distance) {
        (self.start, self.end) = (by.of(self.start), by.of(self.end));
    }
}

impl<T: Moved> Moved for Vec<T> {
    fn move_by(&mut self, by: Distance) {
        self.iter_mut().for_each(|part| part.move_by(by));
    }
}

impl<T: Moved> Moved for Option<T> {
    fn move_by(&mut self, by: Distance) {
        if let Some(part) = self {
            part.move_by(by);
        }
    }
}

impl<T: Moved> Moved for Box<T> {
    fn move_by(&mut self, by: Distance) {
        (**self).move_by(by);
    }
}

impl<T: Moved, U: Moved> Moved for (T, U) {
    fn move_by(&mut self, by: Distance) {
        self.0.move_by(by);
        self.1.move_by(by);
    }
}

/// What has no place.
macro_rules! placeless {
    ($($name:ident)*) => { $(impl Moved for $name { fn move_by(&mut self, _: Distance) {} })* };
}

macro_rules! structs {
    ($($name:ident { $($field:ident),* })*) => { $(
        impl Moved for $name {
            fn move_by(&mut self, by: Distance) {
                let Self { $($field),* } = self;
                $($field.move_by(by);)*
            }
        }
    )* };
}

macro_rules! enums {
    ($($name:ident { $($variant:ident $(($($part:ident),*))? $({ $($field:ident),* })?,)* })*) => { $(
        impl Moved for $name {
            fn move_by(&mut self, by: Distance) {
                match self {
                    $(Self::$variant $(($($part),*))? $({ $($field),* })? => {
                        $($($part.move_by(by);)*)?
                        $($($field.move_by(by);)*)?
                    })*
                }
            }
        }
    )* };
}

placeless! { String bool Number Unit BinaryOperator SignatureKind TriggerKind }

structs! {
    Name { text, at }
    Allow { at, codes, reason, target }
    Item { doc, at, kind }
    Use { source, names, alias }
    TypeItem { name, ty }
    EnvironmentItem { name, values }
    FieldValue { name, value }
    MetricsItem { name, source, every, lag, fields }
    MetricField { doc, name, ty, value, at }
    ThresholdItem { name, parameter, body }
    ChannelItem { name, value }
    ComponentItem { name, params, body }
    KillSwitchItem { name, on, off }
    SentinelItem { name, every, entries }
    FreezeItem { name, from, to }
    AlertItem { name, severity, when, sustain, summary, runbook, notify }
    RubricItem { name, subject, pass, tiers, unreadable }
    Tier { name, criteria }
    Criterion { name, title, points, awards, is_complete, at }
    Award { points, when, at }
    ScheduleItem { name, cron, run, environment }
    PipelineItem { name, body }
    TestItem { title, run, clauses }
    TestRun { call, environment, at }
    TestClause { at, kind }
    PathRef { expr }
    SignatureItem { kind, name, params, output, effect, idempotent, builtin, body }
    Param { doc, name, ty, default, at }
    TypeExpr { kind, optional, at }
    TypeField { doc, name, ty }
    Block { statements, at }
    Statement { doc, at, kind }
    PhaseStatement { name, title, after, each, when, body }
    Each { variable, list, at_once }
    StepStatement { name, ty, call, effect, idempotent, timeout, retry, backoff, when, undo, on_failure }
    ConditionStatement { condition, sustain, after, missing, reason }
    TriggerStatement { kind, channel, condition }
    StringLiteral { pieces, at }
    Expr { kind, at }
    Arg { name, value }
}

enums! {
    ItemKind {
        Use(item), Type(item), Environment(item), Metrics(item), Threshold(item), Channel(item), Component(item),
        KillSwitch(item), Sentinel(item), Freeze(item), Alert(item), Rubric(item), Schedule(item), Pipeline(item),
        Test(item), Signature(item), Broken,
    }
    UseSource { Std(at), File(path, at), Missing, }
    SentinelEntry {
        Probe { name, call, timeout, expect, at }, Trip { switch, when, sustain, at }, Recover { when, sustain, at },
        Broken(at),
    }
    TestClauseKind {
        GivenStep { step, what }, GivenUndo { step, what }, GivenMetric { metric, what },
        GivenApproval { phase, at, by }, GivenResume { at, by }, GivenResolve { step, answer, at },
        GivenFile { path, value }, GivenCrash { at }, GivenStart { at }, ExpectOutcome { outcome, at, because },
        ExpectState { phase, state }, ExpectAlways(condition), ExpectNever(condition),
        ExpectRan { step, times, before, by }, ExpectNeverRan { step }, ExpectUndone { step, before },
        ExpectNotified { channel }, Broken,
    }
    GivenOutcome { Value(value), Fails { times }, Takes(time), }
    GivenMetric { Values { first, then, noise }, From(file), Missing { from, to }, }
    TypeKind { Named(name, encoding), Generic(name, arguments), Record(fields), Missing, }
    StatementKind {
        Param(param), Let { name, ty, value }, Lock(name), Timeout(time), Window(window), Phase(phase), Trigger(trigger),
        Hook { event, body }, OnFailure { policy }, Parallel(body), Step(step), Gate { title, body },
        Hold { duration, every, body }, Ramp { target, weights, body }, Approve { who, by, within, otherwise },
        Wait(time), Run(call), Return(value), Require(condition), Warn(condition), Call(call), Broken,
    }
    Sustain { Time(time), Samples(count), }
    StringPiece { Text(text), Interpolation(value), }
    ExprKind {
        Number { value, unit, integer }, String(text), Bool(value), Name(name), Field(object, name), Index(object, at),
        Call { callee, args }, List(elements), Record(fields), Not(operand), Negate(operand),
        Binary { operator, operator_at, left, right }, If { condition, then, otherwise }, Group(inner), Broken,
    }
}

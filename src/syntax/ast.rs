//! The tree that meaning is read from: every construct of the language, with spans, without trivia.
//!
//! It holds what was written, right or wrong: any statement may stand in any block (placing is judged by
//! `analysis`), and what could not be read is a `Broken` node about which every later pass is silent.

use crate::base::span::Span;

mod expression;
mod file;
mod moved;

pub use expression::{Arg, BinaryOperator, Expr, ExprKind, StringLiteral, StringPiece, Unit};
pub use file::{Allow, File};
pub use moved::{Distance, Moved, move_item};

/// An identifier as it was written. An empty text stands for one that is missing (already reported).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub at: Span,
}

/// A declaration at top level.
#[derive(Debug, Clone)]
pub struct Item {
    /// The text of its `///` lines, without the slashes, joined by newlines.
    pub doc: Option<String>,
    pub at: Span,
    pub kind: ItemKind,
}

#[derive(Debug, Clone)]
pub enum ItemKind {
    Use(Use),
    Type(TypeItem),
    Environment(EnvironmentItem),
    Metrics(MetricsItem),
    Threshold(ThresholdItem),
    Channel(ChannelItem),
    Component(ComponentItem),
    KillSwitch(KillSwitchItem),
    Sentinel(SentinelItem),
    Freeze(FreezeItem),
    Alert(AlertItem),
    Rubric(RubricItem),
    Schedule(ScheduleItem),
    Pipeline(PipelineItem),
    Test(TestItem),
    Signature(SignatureItem),
    /// Not readable as any item; whatever names stand in it may be what others refer to.
    Broken,
}

/// `use std.{a, b}` · `use "./file.deploy".{name}` · `use "./file.deploy" as slo`
#[derive(Debug, Clone)]
pub struct Use {
    pub source: UseSource,
    /// `use std.backup` has one name, `use std.{a, b}` each; empty when the whole file is named with `as`.
    pub names: Vec<Name>,
    pub alias: Option<Name>,
}

#[derive(Debug, Clone)]
pub enum UseSource {
    Std(Span),
    File(StringLiteral, Span),
    Missing,
}

#[derive(Debug, Clone)]
pub struct TypeItem {
    pub name: Name,
    pub ty: TypeExpr,
}

#[derive(Debug, Clone)]
pub struct EnvironmentItem {
    pub name: Name,
    pub values: Vec<FieldValue>,
}

/// `key = expr` in an environment, `key: expr` in a record.
#[derive(Debug, Clone)]
pub struct FieldValue {
    pub name: Name,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct MetricsItem {
    pub name: Name,
    pub source: Expr,
    pub every: Option<Expr>,
    pub lag: Option<Expr>,
    pub fields: Vec<MetricField>,
}

#[derive(Debug, Clone)]
pub struct MetricField {
    pub doc: Option<String>,
    pub name: Name,
    pub ty: TypeExpr,
    pub value: Expr,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct ThresholdItem {
    pub name: Name,
    /// `(m: chat)`
    pub parameter: Option<(Name, Name)>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct ChannelItem {
    pub name: Name,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct ComponentItem {
    pub name: Name,
    pub params: Vec<Param>,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct KillSwitchItem {
    pub name: Name,
    pub on: Option<Block>,
    pub off: Option<Block>,
}

#[derive(Debug, Clone)]
pub struct SentinelItem {
    pub name: Name,
    pub every: Option<Expr>,
    pub entries: Vec<SentinelEntry>,
}

#[derive(Debug, Clone)]
pub enum SentinelEntry {
    Probe { name: Name, call: Expr, timeout: Option<Expr>, expect: Option<Expr>, at: Span },
    Trip { switch: Name, when: Expr, sustain: Option<Sustain>, at: Span },
    Recover { when: Expr, sustain: Option<Sustain>, at: Span },
    Broken(Span),
}

#[derive(Debug, Clone)]
pub struct FreezeItem {
    pub name: Name,
    pub from: Expr,
    pub to: Expr,
}

#[derive(Debug, Clone)]
pub struct AlertItem {
    pub name: Name,
    /// `critical`, `warning` or `info`, as written.
    pub severity: Name,
    pub when: Expr,
    pub sustain: Option<Sustain>,
    pub summary: Option<Expr>,
    pub runbook: Option<Expr>,
    pub notify: Vec<Name>,
}

#[derive(Debug, Clone)]
pub struct RubricItem {
    pub name: Name,
    /// `for json`
    pub subject: Option<Name>,
    pub pass: Option<Expr>,
    pub tiers: Vec<Tier>,
    /// Entries that could not be read, and might be tiers.
    pub unreadable: Vec<Span>,
}

#[derive(Debug, Clone)]
pub struct Tier {
    pub name: Name,
    pub criteria: Vec<Criterion>,
}

#[derive(Debug, Clone)]
pub struct Criterion {
    pub name: Name,
    pub title: Option<StringLiteral>,
    pub points: Expr,
    pub awards: Vec<Award>,
    /// Whether everything between its braces could be read.
    pub is_complete: bool,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct Award {
    pub points: Expr,
    pub when: Option<Expr>,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct ScheduleItem {
    pub name: Name,
    pub cron: Expr,
    pub run: Expr,
    pub environment: Option<Name>,
}

#[derive(Debug, Clone)]
pub struct PipelineItem {
    pub name: Name,
    pub body: Block,
}

#[derive(Debug, Clone)]
pub struct TestItem {
    pub title: StringLiteral,
    pub run: Option<TestRun>,
    pub clauses: Vec<TestClause>,
}

#[derive(Debug, Clone)]
pub struct TestRun {
    pub call: Expr,
    pub environment: Option<Name>,
    pub at: Span,
}

/// A `given` or `expect` line.
#[derive(Debug, Clone)]
pub struct TestClause {
    pub at: Span,
    pub kind: TestClauseKind,
}

/// A dotted path of names, as `block_a.enable` or `deploy[eu].apply`.
#[derive(Debug, Clone)]
pub struct PathRef {
    pub expr: Expr,
}

#[derive(Debug, Clone)]
pub enum TestClauseKind {
    GivenStep { step: PathRef, what: GivenOutcome },
    GivenUndo { step: PathRef, what: GivenOutcome },
    GivenMetric { metric: PathRef, what: GivenMetric },
    GivenApproval { phase: PathRef, at: Expr, by: Option<Expr> },
    GivenResume { at: Expr, by: Option<Expr> },
    GivenResolve { step: PathRef, answer: Name, at: Expr },
    GivenFile { path: Expr, value: Expr },
    GivenCrash { at: Expr },
    GivenStart { at: Expr },
    ExpectOutcome { outcome: Name, at: Option<Expr>, because: Option<Expr> },
    ExpectState { phase: PathRef, state: Name },
    ExpectAlways(Expr),
    ExpectNever(Expr),
    ExpectRan { step: PathRef, times: Option<Expr>, before: Option<PathRef>, by: Option<Expr> },
    ExpectNeverRan { step: PathRef },
    ExpectUndone { step: PathRef, before: Option<PathRef> },
    ExpectNotified { channel: Name },
    Broken,
}

#[derive(Debug, Clone)]
pub enum GivenOutcome {
    Value(Expr),
    Fails { times: Option<Expr> },
    Takes(Expr),
}

#[derive(Debug, Clone)]
pub enum GivenMetric {
    Values { first: Expr, then: Vec<(Expr, Expr)>, noise: Option<Expr> },
    From(Expr),
    Missing { from: Option<Expr>, to: Option<Expr> },
}

/// What a signature declares; `step` for steps, the others for what sources, channels and ramps are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    Step,
    Source,
    /// A method of a source: `extractor prometheus.query(promql: string) builtin`.
    Extractor,
    Target,
    Channel,
}

/// `step backup.create(…) -> {…} effect … idempotent builtin`; only in `stdlib/`. A composite step has a body instead of
/// `builtin`.
#[derive(Debug, Clone)]
pub struct SignatureItem {
    pub kind: SignatureKind,
    /// `backup.create`, as written.
    pub name: Name,
    pub params: Vec<Param>,
    pub output: Option<TypeExpr>,
    pub effect: Option<Name>,
    pub idempotent: bool,
    pub builtin: bool,
    pub body: Option<Block>,
}

/// A parameter of a pipeline, component or signature.
#[derive(Debug, Clone)]
pub struct Param {
    pub doc: Option<String>,
    pub name: Name,
    pub ty: TypeExpr,
    pub default: Option<Expr>,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct TypeExpr {
    pub kind: TypeKind,
    /// `T?`
    pub optional: bool,
    pub at: Span,
}

#[derive(Debug, Clone)]
pub enum TypeKind {
    /// `duration`, `duration(ms)`, `Bench`, `slo.Bench`; the encoding is what stood in the parentheses.
    Named(Name, Option<Name>),
    /// `list<T>`
    Generic(Name, Vec<TypeExpr>),
    Record(Vec<TypeField>),
    Missing,
}

#[derive(Debug, Clone)]
pub struct TypeField {
    pub doc: Option<String>,
    pub name: Name,
    pub ty: TypeExpr,
}

/// The inside of a pair of braces.
#[derive(Debug, Clone, Default)]
pub struct Block {
    pub statements: Vec<Statement>,
    /// From brace to brace.
    pub at: Span,
}

#[derive(Debug, Clone)]
pub struct Statement {
    pub doc: Option<String>,
    pub at: Span,
    pub kind: StatementKind,
}

#[derive(Debug, Clone)]
pub enum StatementKind {
    Param(Param),
    Let {
        name: Name,
        ty: Option<TypeExpr>,
        value: Expr,
    },
    Lock(Expr),
    Timeout(Expr),
    Window(Expr),
    Phase(PhaseStatement),
    Trigger(TriggerStatement),
    /// `on start|success|failure|rollback|pause|end { … }`
    Hook {
        event: Name,
        body: Block,
    },
    /// `on failure rollback|stop|continue` as a statement of a phase.
    OnFailure {
        policy: Name,
    },
    Parallel(Block),
    Step(StepStatement),
    Gate {
        title: Option<StringLiteral>,
        body: Block,
    },
    Hold {
        duration: Expr,
        every: Option<Expr>,
        body: Block,
    },
    Ramp {
        target: Expr,
        weights: Vec<Expr>,
        body: Block,
    },
    Approve {
        who: Expr,
        by: Option<Expr>,
        within: Option<Expr>,
        otherwise: Option<Name>,
    },
    Wait(Expr),
    Run(Expr),
    /// `return EXPR` at the end of a composite step.
    Return(Expr),
    Require(ConditionStatement),
    Warn(ConditionStatement),
    /// A bare call, short for `step CALL` in handlers and kill switches.
    Call(StepStatement),
    Broken,
}

#[derive(Debug, Clone)]
pub struct PhaseStatement {
    pub name: Name,
    pub title: Option<StringLiteral>,
    /// `A`, `deploy[eu]`
    pub after: Vec<PathRef>,
    pub each: Option<Each>,
    pub when: Option<Expr>,
    pub body: Block,
}

/// `for x in LIST [max N at once]`
#[derive(Debug, Clone)]
pub struct Each {
    pub variable: Name,
    pub list: Expr,
    pub at_once: Option<Expr>,
}

#[derive(Debug, Clone)]
pub struct StepStatement {
    pub name: Option<Name>,
    pub ty: Option<TypeExpr>,
    pub call: Expr,
    pub effect: Option<Name>,
    /// The span of the word, if it stands there.
    pub idempotent: Option<Span>,
    pub timeout: Option<Expr>,
    pub retry: Option<Expr>,
    /// `backoff 1s..1m`
    pub backoff: Option<Expr>,
    pub when: Option<Expr>,
    pub undo: Option<Expr>,
    /// The word behind `on failure` (only `continue` is right).
    pub on_failure: Option<Name>,
}

/// `require COND [for …] [missing …] [else "…"]`
#[derive(Debug, Clone)]
pub struct ConditionStatement {
    pub condition: Expr,
    pub sustain: Option<Sustain>,
    pub after: Option<Sustain>,
    /// `pause`, `breach` or `ok`, as written.
    pub missing: Option<Name>,
    pub reason: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerKind {
    Rollback,
    RollbackPhase,
    Pause,
    Abort,
    Notify,
}

#[derive(Debug, Clone)]
pub struct TriggerStatement {
    pub kind: TriggerKind,
    /// Of `notify CHANNEL when`.
    pub channel: Option<Name>,
    pub condition: ConditionStatement,
}

/// `for 10m` or `for 3 samples` (and the same behind `after`).
#[derive(Debug, Clone)]
pub enum Sustain {
    Time(Expr),
    Samples(Expr),
}

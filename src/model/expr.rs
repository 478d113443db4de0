//! Typed expressions.

use serde::{Deserialize, Serialize};

use crate::base::span::Location;
use crate::contract::types::Type;
use crate::contract::value::Value;

/// A typed expression with the place it was written at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    pub kind: Box<ExprKind>,
    pub ty: Type,
    pub at: Location,
}

impl Expr {
    #[must_use]
    pub fn new(kind: ExprKind, ty: Type, at: Location) -> Self {
        Self { kind: Box::new(kind), ty, at }
    }

    /// A constant.
    #[must_use]
    pub fn literal(value: Value, ty: Type, at: Location) -> Self {
        Self::new(ExprKind::Literal(value), ty, at)
    }

    /// The value, when it is a constant.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        if let ExprKind::Literal(value) = &*self.kind { Some(value) } else { None }
    }

    /// Whether both mean the same, wherever they stand.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        if !self.kind.has_head_of(&other.kind) {
            return false;
        }
        let (ours, theirs) = (self.children(), other.children());
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(left, right)| left.is_same_as(right))
    }

    /// The expressions directly inside this one.
    pub fn children(&self) -> Vec<&Expr> {
        let mut found = Vec::new();
        self.each_child(&mut |child| found.push(child));
        found
    }

    /// Visits the expressions directly inside this one.
    pub fn each_child<'m>(&'m self, visit: &mut dyn FnMut(&'m Expr)) {
        match &*self.kind {
            ExprKind::Literal(_)
            | ExprKind::Local(_)
            | ExprKind::Environment(_)
            | ExprKind::Run(_)
            | ExprKind::StageWeight
            | ExprKind::Result
            | ExprKind::Metric { .. }
            | ExprKind::Output { .. } => {}
            ExprKind::Text(pieces) => pieces.iter().filter_map(Piece::as_value).for_each(visit),
            ExprKind::List(items) => items.iter().for_each(visit),
            ExprKind::Record(fields) => fields.iter().map(|(_, value)| value).for_each(visit),
            ExprKind::Field(inner, _) | ExprKind::Not(inner) | ExprKind::Negate(inner) => visit(inner),
            ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) => {
                [left, right].into_iter().for_each(visit)
            }
            ExprKind::If(parts) => [&parts.0, &parts.1, &parts.2].into_iter().for_each(visit),
            ExprKind::Call(_, args) => args.iter().map(|(_, value)| value).for_each(visit),
        }
    }
}

impl Expr {
    /// The expressions directly inside this one, to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match &mut *self.kind {
            ExprKind::Literal(_)
            | ExprKind::Local(_)
            | ExprKind::Environment(_)
            | ExprKind::Run(_)
            | ExprKind::StageWeight
            | ExprKind::Result
            | ExprKind::Metric { .. }
            | ExprKind::Output { .. } => Vec::new(),
            ExprKind::Text(pieces) => pieces.iter_mut().filter_map(Piece::as_value_mut).collect(),
            ExprKind::List(items) => items.iter_mut().collect(),
            ExprKind::Record(fields) => fields.iter_mut().map(|(_, value)| value).collect(),
            ExprKind::Field(inner, _) | ExprKind::Not(inner) | ExprKind::Negate(inner) => vec![inner],
            ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) => vec![left, right],
            ExprKind::If(parts) => {
                let (condition, then, otherwise) = &mut **parts;
                vec![condition, then, otherwise]
            }
            ExprKind::Call(_, args) => args.iter_mut().map(|(_, value)| value).collect(),
        }
    }
}

/// A parameter, `let`, loop variable or component argument of the pipeline; an index into its `locals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LocalId(pub u32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExprKind {
    Literal(Value),
    /// An interpolated string.
    Text(Vec<Piece>),
    List(Vec<Expr>),
    Record(Vec<(String, Expr)>),
    Local(LocalId),
    /// `env.KEY`; `env.name` is the name of the environment.
    Environment(String),
    /// `run.id` and its like.
    Run(RunField),
    /// `stage.weight`
    StageWeight,
    /// `result` in a probe's expectation.
    Result,
    /// A metric by group and field.
    Metric {
        group: String,
        field: String,
    },
    /// The output of a step: `bench.now`.
    Output(OutputRef),
    Field(Expr, String),
    Index(Expr, Expr),
    Not(Expr),
    Negate(Expr),
    Binary(Operator, Expr, Expr),
    /// Boxed: it is rare, and every other expression would be as large.
    If(Box<(Expr, Expr, Expr)>),
    /// A function by its name (`abs`, `read.json`, `mean`), arguments named as in its declaration, in order;
    /// arguments that were not given are left out.
    Call(String, Vec<(String, Expr)>),
}

impl ExprKind {
    /// Whether both are the same apart from the expressions inside them.
    fn has_head_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(left), Self::Literal(right)) => left == right,
            (Self::Local(left), Self::Local(right)) => left == right,
            (Self::Environment(left), Self::Environment(right)) => left == right,
            (Self::Run(left), Self::Run(right)) => left == right,
            (Self::Output(left), Self::Output(right)) => left == right,
            (Self::Metric { group, field }, Self::Metric { group: other_group, field: other_field }) => {
                group == other_group && field == other_field
            }
            (Self::Field(_, left), Self::Field(_, right)) => left == right,
            (Self::Binary(left, ..), Self::Binary(right, ..)) => left == right,
            (Self::Call(left, ours), Self::Call(right, theirs)) => {
                left == right && ours.iter().map(|(name, _)| name).eq(theirs.iter().map(|(name, _)| name))
            }
            (Self::Record(left), Self::Record(right)) => {
                left.iter().map(|(name, _)| name).eq(right.iter().map(|(name, _)| name))
            }
            (Self::Text(left), Self::Text(right)) => left.iter().zip(right).all(|pair| match pair {
                (Piece::Text(left), Piece::Text(right)) => left == right,
                (Piece::Value(_), Piece::Value(_)) => true,
                _ => false,
            }),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// A step's output, across phases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutputRef {
    pub phase: String,
    /// `deploy[eu]`; none when the phase is not expanded or it is the phase the expression stands in.
    pub element: Option<String>,
    pub step: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    Text(String),
    Value(Expr),
}

impl Piece {
    fn as_value(&self) -> Option<&Expr> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    fn as_value_mut(&mut self) -> Option<&mut Expr> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunField {
    Id,
    StartedAt,
    Actor,
    Reason,
    Environment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Coalesce,
    Range,
    PlusMinus,
    Add,
    Subtract,
    Multiply,
    Divide,
}

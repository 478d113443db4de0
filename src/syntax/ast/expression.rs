//! Expressions and the strings that hold them.

use crate::base::number::Number;
use crate::base::span::Span;

use super::{FieldValue, Name};

#[derive(Debug, Clone)]
pub struct StringLiteral {
    pub pieces: Vec<StringPiece>,
    /// With its quotes.
    pub at: Span,
}

#[derive(Debug, Clone)]
pub enum StringPiece {
    /// Escapes are already resolved, the indentation of a text block is stripped.
    Text(String),
    Interpolation(Expr),
}

#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: Box<ExprKind>,
    pub at: Span,
}

/// The unit behind a number, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `42`, `3.14`
    None,
    /// Any duration; the value is in seconds.
    Duration,
    /// `5%`; the value is the fraction (0.05).
    Percent,
    /// `10pp`; the value is the fraction (0.10).
    Points,
    /// The value is in bytes.
    Bytes,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    Number {
        value: Number,
        unit: Unit,
        /// Written without point and exponent.
        integer: bool,
    },
    String(StringLiteral),
    Bool(bool),
    /// A bare name.
    Name(Name),
    Field(Expr, Name),
    Index(Expr, Expr),
    Call {
        callee: Expr,
        args: Vec<Arg>,
    },
    List(Vec<Expr>),
    Record(Vec<FieldValue>),
    Not(Expr),
    Negate(Expr),
    Binary {
        operator: BinaryOperator,
        operator_at: Span,
        left: Expr,
        right: Expr,
    },
    If {
        condition: Expr,
        then: Expr,
        otherwise: Expr,
    },
    /// Parentheses are kept: they matter to the formatter and to wording.
    Group(Expr),
    /// Should stand here and does not, or could not be read; already reported.
    Broken,
}

#[derive(Debug, Clone)]
pub struct Arg {
    pub name: Option<Name>,
    pub value: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
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
    /// `1..10`
    Range,
    /// `5 +- 2`
    PlusMinus,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl BinaryOperator {
    /// As `fmt` writes it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Coalesce => "??",
            Self::Range => "..",
            Self::PlusMinus => "+-",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    #[must_use]
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
                | Self::In
                | Self::NotIn
        )
    }
}

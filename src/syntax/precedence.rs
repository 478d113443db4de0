//! Operators bind by their precedence: a row of operands and operators becomes a tree.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;

use super::ast::{BinaryOperator, Expr, ExprKind};
use super::expressions::{Built, Piece, leaf};
use super::lower::Lower;

/// Precedence climbing over a row. It recurses once per level of precedence and once per prefix.
pub(super) struct Climb<'l, 'a, 'r> {
    pub(super) lower: &'l mut Lower<'a>,
    pub(super) row: &'r mut std::iter::Peekable<std::vec::IntoIter<Piece>>,
}

impl Climb<'_, '_, '_> {
    pub(super) fn from(&mut self, loosest: u8) -> Option<Built> {
        let mut left = match self.row.next()? {
            Piece::Operand(built) => built,
            Piece::Prefix { negates, at } => self.prefixed(negates, at)?,
            Piece::Operator { .. } => return None,
        };
        while let Some(Piece::Operator { operator, at }) = self.row.peek() {
            let (operator, at) = (*operator, *at);
            let power = binding(operator);
            if power < loosest {
                break;
            }
            self.row.next();
            let Some(right) = self.from(power + 1) else { break };
            left = self.joined(operator, at, left, right);
            if power == COMPARISON {
                left = self.unchained(left);
            }
        }
        Some(left)
    }

    fn prefixed(&mut self, negates: bool, at: Span) -> Option<Built> {
        let inside = self.from(if negates { NEGATION } else { NOT })?;
        let span = at.to(inside.expr.at);
        let kind = if negates { ExprKind::Negate(inside.expr) } else { ExprKind::Not(inside.expr) };
        Some(self.lower.grown(kind, inside.height, span))
    }

    fn joined(&mut self, operator: BinaryOperator, operator_at: Span, left: Built, right: Built) -> Built {
        let at = left.expr.at.to(right.expr.at);
        let height = left.height.max(right.height);
        let kind = ExprKind::Binary { operator, operator_at, left: left.expr, right: right.expr };
        self.lower.grown(kind, height, at)
    }

    /// `a < b < c`: reads the whole chain, reports it once and gives a broken expression.
    fn unchained(&mut self, first: Built) -> Built {
        let mut parts = vec![first.expr.at];
        while let Some(Piece::Operator { operator, at }) = self.row.peek() {
            if !operator.is_comparison() {
                break;
            }
            parts.push(*at);
            self.row.next();
            match self.from(COMPARISON + 1) {
                Some(next) => parts.push(next.expr.at),
                None => break,
            }
        }
        if parts.len() == 1 { first } else { self.chain(&first.expr, &parts) }
    }

    fn chain(&mut self, first: &Expr, parts: &[Span]) -> Built {
        let lower = &mut *self.lower;
        let whole = parts.iter().fold(first.at, |sum, part| sum.to(*part));
        let mut diagnostic = Diagnostic::new(Code::PG007, lower.at(whole), "comparisons cannot be chained")
            .label("compares the result of a comparison")
            .help("compare each pair and join them with `and`");
        if let (ExprKind::Binary { operator: before, right, .. }, [_, operator, rest @ ..]) = (&*first.kind, parts) {
            let middle = lower.slice(right.at);
            let last = rest.first().map(|last| lower.slice(*last)).unwrap_or_default();
            if parts.len() == 3 && is_row(*before, &lower.slice(*operator), &last) {
                let behind = Span::new(right.at.end as usize, right.at.end as usize);
                diagnostic = diagnostic.fix("compare each pair", behind, format!(" and {middle}"));
            }
            diagnostic = diagnostic.also(lower.at(*operator), "the second comparison");
        }
        lower.faults.lexical(diagnostic);
        leaf(ExprKind::Broken, whole)
    }
}

/// Whether three values were surely meant to stand in a row: all rising, all falling or all equal. `a == b == true` asks
/// whether the first two are.
fn is_row(first: BinaryOperator, second: &str, last: &str) -> bool {
    let same = match first {
        BinaryOperator::Less | BinaryOperator::LessEqual => second.starts_with(['<', '≤']),
        BinaryOperator::Greater | BinaryOperator::GreaterEqual => second.starts_with(['>', '≥']),
        BinaryOperator::Equal => second == "==",
        _ => false,
    };
    same && !matches!(last, "true" | "false")
}

/// How tightly an operator binds, loosest first.
fn binding(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Or => 1,
        BinaryOperator::And => 2,
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterEqual
        | BinaryOperator::In
        | BinaryOperator::NotIn => COMPARISON,
        BinaryOperator::Coalesce => 5,
        BinaryOperator::Range | BinaryOperator::PlusMinus => 6,
        BinaryOperator::Add | BinaryOperator::Subtract => 7,
        BinaryOperator::Multiply | BinaryOperator::Divide => 8,
    }
}

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const NEGATION: u8 = 9;

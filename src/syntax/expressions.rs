//! Expressions: the grammar gives operands and operators in a row, here they become a tree by precedence.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;

use super::ast::{Arg, BinaryOperator, Expr, ExprKind, FieldValue, Name, StringPiece};
use super::faults::Rank;
use super::grammar::{Node, Rule};
use super::lists::elements;
use super::lower::Lower;
use super::numbers;
use super::precedence::Climb;

/// Taller trees are refused: every later pass walks them by recursion.
const TALLEST: usize = 400;

/// An expression and the height of its tree.
pub(super) struct Built {
    pub(super) expr: Expr,
    pub(super) height: usize,
}

/// One piece of the row.
pub(super) enum Piece {
    Prefix { negates: bool, at: Span },
    Operand(Built),
    Operator { operator: BinaryOperator, at: Span },
}

pub(super) fn broken(at: Span) -> Expr {
    Expr { kind: Box::new(ExprKind::Broken), at }
}

impl Lower<'_> {
    /// Reads an `expr` or an `operand`.
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        self.build(node).expr
    }

    /// The expression that is missing at `node`, reported.
    pub(super) fn no_expr(&mut self, node: &Node<'_>) -> Expr {
        self.note(node);
        let start = self.end_before(node.start());
        broken(self.covering(start, start))
    }

    /// Reads what stands where an expression is wanted; `None` for any other node.
    pub(super) fn maybe_expr(&mut self, node: &Node<'_>) -> Option<Expr> {
        match node.as_rule() {
            Rule::expr | Rule::operand => Some(self.expr(*node)),
            Rule::missing_expr => Some(self.no_expr(node)),
            _ => None,
        }
    }

    /// The expression of a clause such as `timeout D`.
    pub(super) fn clause_expr(&mut self, clause: Node<'_>) -> Expr {
        let at = self.span(&clause);
        let mut found = None;
        for node in clause.into_inner() {
            match self.maybe_expr(&node) {
                Some(expr) if found.is_none() => found = Some(expr),
                _ => self.note(&node),
            }
        }
        found.unwrap_or_else(|| broken(at.after()))
    }

    /// `bench.now`, `deploy[eu].apply`
    pub(super) fn path(&mut self, node: Node<'_>) -> Expr {
        let at = self.span(&node);
        let mut built = None;
        for inner in node.into_inner() {
            built = match (inner.as_rule(), built) {
                (Rule::ident, None) => {
                    let name = self.name(&inner);
                    Some(leaf(ExprKind::Name(name.clone()), name.at))
                }
                (Rule::field | Rule::index, Some(before)) => Some(self.postfix(before, inner)),
                (_, before) => before,
            };
        }
        built.map_or_else(|| broken(at), |built| built.expr)
    }

    fn build(&mut self, node: Node<'_>) -> Built {
        if let Some(operand) = without_operators(node) {
            return self.operand_built(operand);
        }
        let at = self.span(&node);
        let mut row = Vec::new();
        if node.as_rule() == Rule::operand {
            self.operand(node, &mut row);
        } else {
            for inner in node.into_inner() {
                match inner.as_rule() {
                    Rule::operand => self.operand(inner, &mut row),
                    Rule::operator => {
                        let operator = self.operator(&inner);
                        row.push(Piece::Operator { operator, at: self.span(&inner) });
                    }
                    Rule::missing_expr => row.push(Piece::Operand(Built { expr: self.no_expr(&inner), height: 1 })),
                    _ => {}
                }
            }
        }
        let mut prefixes = 0;
        for piece in &row {
            prefixes = if matches!(piece, Piece::Prefix { .. }) { prefixes + 1 } else { 0 };
            if prefixes > 64 {
                return self.too_tall(at);
            }
        }
        let mut row = row.into_iter().peekable();
        Climb { lower: self, row: &mut row }.from(0).unwrap_or_else(|| leaf(ExprKind::Broken, at))
    }

    fn too_tall(&mut self, at: Span) -> Built {
        let message = format!("this expression is more than {TALLEST} operations deep");
        let diagnostic = Diagnostic::new(Code::PG009, self.at(at), message).help("give parts of it names with `let`");
        self.faults.lexical_once(diagnostic);
        leaf(ExprKind::Broken, at)
    }

    /// An operand that no prefix stands before.
    fn operand_built(&mut self, node: Node<'_>) -> Built {
        let mut built: Option<Built> = None;
        for inner in node.into_inner() {
            built = self.operand_part(inner, built);
        }
        built.unwrap_or_else(|| leaf(ExprKind::Broken, self.span(&node)))
    }

    fn operand_part(&mut self, inner: Node<'_>, before: Option<Built>) -> Option<Built> {
        match (inner.as_rule(), before) {
            (Rule::field | Rule::index | Rule::call, Some(before)) => Some(self.postfix(before, inner)),
            (Rule::missing_expr, None) => Some(Built { expr: self.no_expr(&inner), height: 1 }),
            (_, None) => self.primary(inner),
            (_, before) => before,
        }
    }

    fn operand(&mut self, node: Node<'_>, row: &mut Vec<Piece>) {
        let mut built: Option<Built> = None;
        for inner in node.into_inner() {
            built = match (inner.as_rule(), built) {
                (Rule::prefix, before) => {
                    if inner.as_str() == "!" {
                        self.instead(&inner, "not ", "negation is written `not`");
                    }
                    row.push(Piece::Prefix { negates: inner.as_str() == "-", at: self.span(&inner) });
                    before
                }
                (_, before) => self.operand_part(inner, before),
            };
        }
        if let Some(built) = built {
            row.push(Piece::Operand(built));
        }
    }

    fn primary(&mut self, node: Node<'_>) -> Option<Built> {
        let at = self.span(&node);
        let (kind, height) = match node.as_rule() {
            Rule::variable => {
                let at = self.span(&node);
                (ExprKind::Name(Name { text: self.slice(at), at }), 0)
            }
            Rule::number => (self.number(&node), 0),
            Rule::bool => (ExprKind::Bool(node.as_str() == "true"), 0),
            Rule::string => {
                let string = self.string(&node);
                let height = string.pieces.iter().map(piece_height).max().unwrap_or(0);
                (ExprKind::String(string), height)
            }
            Rule::list => {
                let mut tallest = 0;
                let list = elements(self, node, true, |lower, inner| {
                    let built = lower.build(inner);
                    tallest = tallest.max(built.height);
                    Some(built.expr)
                });
                (ExprKind::List(list), tallest)
            }
            Rule::record => self.record(node),
            Rule::group => self.group(node),
            Rule::if_expr => self.conditional(node),
            _ => return None,
        };
        Some(self.grown(kind, height, at))
    }

    pub(super) fn slice(&self, at: Span) -> String {
        self.text.get(at.range()).unwrap_or_default().to_owned()
    }

    /// One more level around parts of this height.
    pub(super) fn grown(&mut self, kind: ExprKind, height: usize, at: Span) -> Built {
        if height >= TALLEST {
            return self.too_tall(at);
        }
        Built { expr: Expr { kind: Box::new(kind), at }, height: height + 1 }
    }

    pub(super) fn number(&mut self, node: &Node<'_>) -> ExprKind {
        match numbers::read(node.as_str()) {
            Ok(read) => ExprKind::Number { value: read.value, unit: read.unit, integer: read.integer },
            Err(fault) => {
                let span = self.span(node);
                let mut diagnostic = Diagnostic::new(Code::PG005, self.at(span), fault.message).label("cannot be read");
                diagnostic.help = fault.help.map(str::to_owned);
                if let Some(meant) = fault.instead {
                    diagnostic = diagnostic.fix(format!("write `{meant}`"), span, meant);
                }
                self.faults.lexical(diagnostic);
                ExprKind::Broken
            }
        }
    }

    fn record(&mut self, node: Node<'_>) -> (ExprKind, usize) {
        let mut tallest = 0;
        let fields = elements(self, node, true, |lower, field| {
            let mut name = lower.no_name(&field);
            let mut value = None;
            for inner in field.into_inner() {
                match inner.as_rule() {
                    Rule::ident => name = lower.name(&inner),
                    Rule::string if value.is_none() => name = lower.quoted_name(&inner),
                    Rule::expr => {
                        let built = lower.build(inner);
                        tallest = tallest.max(built.height);
                        value = Some(built.expr);
                    }
                    Rule::missing_expr => value = Some(lower.no_expr(&inner)),
                    Rule::wrong_equals => lower.instead(&inner, ":", "a field of a record is written `name: value`"),
                    _ => lower.note(&inner),
                }
            }
            let value = value.unwrap_or_else(|| broken(name.at.after()));
            Some(FieldValue { name, value })
        });
        (ExprKind::Record(fields), tallest)
    }

    /// `"Content-Type": …`: a key in quotes.
    fn quoted_name(&mut self, node: &Node<'_>) -> Name {
        let string = self.string(node);
        let text = string.pieces.iter().map(|piece| match piece {
            StringPiece::Text(text) => text.as_str(),
            StringPiece::Interpolation(_) => "",
        });
        let name = Name { text: text.collect(), at: string.at };
        if string.pieces.iter().any(|piece| matches!(piece, StringPiece::Interpolation(_))) {
            let diagnostic = Diagnostic::new(Code::PG001, self.at(string.at), "a key cannot contain `${…}`");
            self.report(node.start(), Rank::Unexpected, diagnostic.label("must be known as it is written"));
        }
        name
    }

    fn group(&mut self, node: Node<'_>) -> (ExprKind, usize) {
        let opening = node.start();
        let mut inside = None;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::expr => inside = Some(self.build(inner)),
                Rule::missing_paren => self.unclosed(opening, &inner),
                Rule::bad_entry => self.unexpected(&inner, ": expected `)`"),
                _ => self.note(&inner),
            }
        }
        let inside = inside.unwrap_or_else(|| leaf(ExprKind::Broken, self.span(&node)));
        (ExprKind::Group(inside.expr), inside.height)
    }

    fn conditional(&mut self, node: Node<'_>) -> (ExprKind, usize) {
        let mut branches = Vec::new();
        let end = self.span(&node).after();
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::expr => branches.push(self.build(inner)),
                Rule::missing_expr => branches.push(Built { expr: self.no_expr(&inner), height: 1 }),
                _ => self.note(&inner),
            }
        }
        let height = branches.iter().map(|branch| branch.height).max().unwrap_or(0);
        let mut branches = branches.into_iter().map(|branch| branch.expr);
        let mut next = || branches.next().unwrap_or_else(|| broken(end));
        (ExprKind::If { condition: next(), then: next(), otherwise: next() }, height)
    }

    fn postfix(&mut self, before: Built, node: Node<'_>) -> Built {
        let opening = node.start();
        let at = before.expr.at.to(self.span(&node));
        let mut height = before.height;
        let kind = match node.as_rule() {
            Rule::field => {
                let mut name = self.no_name(&node);
                for inner in node.into_inner() {
                    match inner.as_rule() {
                        Rule::ident => name = self.name(&inner),
                        _ => self.note(&inner),
                    }
                }
                ExprKind::Field(before.expr, name)
            }
            Rule::index => {
                let mut index = leaf(ExprKind::Broken, at);
                for inner in node.into_inner() {
                    match inner.as_rule() {
                        Rule::expr => index = self.build(inner),
                        Rule::missing_bracket => self.unclosed(opening, &inner),
                        _ => self.note(&inner),
                    }
                }
                height = height.max(index.height);
                ExprKind::Index(before.expr, index.expr)
            }
            _ => {
                let args = elements(self, node, true, |lower, inner| {
                    let (arg, tall) = lower.argument(inner);
                    height = height.max(tall);
                    Some(arg)
                });
                ExprKind::Call { callee: before.expr, args }
            }
        };
        self.grown(kind, height, at)
    }

    fn argument(&mut self, node: Node<'_>) -> (Arg, usize) {
        let at = self.span(&node);
        let mut name = None;
        let mut value = None;
        let mut height = 1;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::arg_name => {
                    for part in inner.into_inner() {
                        match part.as_rule() {
                            Rule::ident => name = Some(self.name(&part)),
                            Rule::wrong_equals => self.instead(&part, ":", "an argument is named with `:`"),
                            _ => {}
                        }
                    }
                }
                Rule::expr => {
                    let built = self.build(inner);
                    height = built.height;
                    value = Some(built.expr);
                }
                Rule::missing_expr => value = Some(self.no_expr(&inner)),
                _ => self.note(&inner),
            }
        }
        (Arg { name, value: value.unwrap_or_else(|| broken(at.after())) }, height)
    }

    fn operator(&mut self, node: &Node<'_>) -> BinaryOperator {
        let (operator, meant) = match node.as_str() {
            "or" => (BinaryOperator::Or, None),
            "and" => (BinaryOperator::And, None),
            "==" => (BinaryOperator::Equal, None),
            "!=" => (BinaryOperator::NotEqual, None),
            "<" => (BinaryOperator::Less, None),
            "<=" => (BinaryOperator::LessEqual, None),
            ">" => (BinaryOperator::Greater, None),
            ">=" => (BinaryOperator::GreaterEqual, None),
            "in" => (BinaryOperator::In, None),
            "??" => (BinaryOperator::Coalesce, None),
            ".." => (BinaryOperator::Range, None),
            "+-" => (BinaryOperator::PlusMinus, None),
            "+" => (BinaryOperator::Add, None),
            "-" => (BinaryOperator::Subtract, None),
            "*" => (BinaryOperator::Multiply, None),
            "/" => (BinaryOperator::Divide, None),
            "&&" => (BinaryOperator::And, Some("and")),
            "||" => (BinaryOperator::Or, Some("or")),
            "=" | "===" => (BinaryOperator::Equal, Some("==")),
            "!==" | "<>" => (BinaryOperator::NotEqual, Some("!=")),
            _ => (BinaryOperator::NotIn, None),
        };
        if let Some(meant) = meant {
            self.instead(node, meant, &format!("expected the operator `{meant}`"));
        }
        operator
    }
}

/// The only operand of an expression, if it has no operator and no prefix.
fn without_operators(node: Node<'_>) -> Option<Node<'_>> {
    let operand = match node.as_rule() {
        Rule::operand => node,
        _ => {
            let mut parts = node.into_inner();
            let first = parts.next().filter(|first| first.as_rule() == Rule::operand)?;
            parts.next().is_none().then_some(first)?
        }
    };
    let is_prefixed = operand.into_inner().next().is_none_or(|first| first.as_rule() == Rule::prefix);
    (!is_prefixed).then_some(operand)
}

pub(super) fn leaf(kind: ExprKind, at: Span) -> Built {
    Built { expr: Expr { kind: Box::new(kind), at }, height: 1 }
}

/// How tall the inside of a `${…}` may be taken to be: it was bounded when it was read.
fn piece_height(piece: &StringPiece) -> usize {
    match piece {
        StringPiece::Text(_) => 0,
        StringPiece::Interpolation(_) => 8,
    }
}

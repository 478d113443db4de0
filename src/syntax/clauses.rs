//! The clauses behind a statement or in a header: each once, and in the order of the language page.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;

use super::ast::{ConditionStatement, Expr, Name, Sustain};
use super::expressions::broken;
use super::faults::Rank;
use super::grammar::{Node, Rule};
use super::lower::Lower;

/// Which clauses have been seen, by their place in the order.
#[derive(Debug)]
pub(super) struct Order {
    words: &'static [&'static str],
    latest: Option<usize>,
}

impl Order {
    pub(super) fn new(words: &'static [&'static str]) -> Self {
        Self { words, latest: None }
    }

    /// Says where this clause belongs when it stands too late or twice.
    pub(super) fn see(&mut self, lower: &mut Lower<'_>, word: &str, node: &Node<'_>) {
        let Some(rank) = self.words.iter().position(|known| *known == word) else { return };
        let Some(latest) = self.latest.filter(|latest| *latest >= rank) else {
            self.latest = Some(rank);
            return;
        };
        let start = node.start();
        let length = word.split(' ').next().unwrap_or(word).len();
        let span = Span::new(lower.base + start, lower.base + start + length);
        let message = if latest == rank {
            format!("`{word}` is given twice")
        } else {
            format!("`{word}` is in the wrong order: it stands before `{}`", self.words[latest])
        };
        let label = if latest == rank { "the second one" } else { "too late" };
        let order: Vec<String> = self.words.iter().map(|word| format!("`{word}`")).collect();
        let diagnostic = Diagnostic::new(Code::PG001, lower.at(span), message).label(label);
        let diagnostic =
            if order.len() > 1 { diagnostic.help(format!("the order is {}", order.join(", "))) } else { diagnostic };
        lower.report(start, Rank::Missing, diagnostic);
    }
}

/// Behind a condition.
const CONDITION: &[&str] = &["for", "after", "missing", "else"];

impl Lower<'_> {
    /// Reads `COND [for …] [after …] [missing …] [else …]` out of the node of a statement; `rest` sees what else is in it.
    pub(super) fn condition(
        &mut self,
        node: Node<'_>,
        mut rest: impl FnMut(&mut Self, Node<'_>),
    ) -> ConditionStatement {
        let end = self.span(&node).after();
        let mut order = Order::new(CONDITION);
        let mut condition = None;
        let (mut sustain, mut after, mut missing, mut reason) = (None, None, None, None);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::for_clause => {
                    order.see(self, "for", &inner);
                    sustain = Some(self.sustain(inner));
                }
                Rule::after_clause => {
                    order.see(self, "after", &inner);
                    after = Some(self.sustain(inner));
                }
                Rule::missing_clause => {
                    order.see(self, "missing", &inner);
                    missing = Some(self.clause_name(inner, "`pause`, `breach` or `ok`"));
                }
                Rule::else_clause => {
                    order.see(self, "else", &inner);
                    reason = Some(self.clause_expr(inner));
                }
                _ => match self.maybe_expr(&inner) {
                    Some(expr) => condition = condition.or(Some(expr)),
                    None => rest(self, inner),
                },
            }
        }
        let condition = condition.unwrap_or_else(|| broken(end));
        ConditionStatement { condition, sustain, after, missing, reason }
    }

    /// `for 10m`, `for 3 samples`
    pub(super) fn sustain(&mut self, node: Node<'_>) -> Sustain {
        let samples = node.into_inner().any(|inner| inner.as_rule() == Rule::kw_samples);
        let expr = self.clause_expr(node);
        if samples { Sustain::Samples(expr) } else { Sustain::Time(expr) }
    }

    /// The only name in a clause; `what` says what it may be.
    pub(super) fn clause_name(&mut self, node: Node<'_>, what: &str) -> Name {
        let mut name = self.no_name(&node);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => name = self.name(&inner),
                Rule::missing_name => self.missing(&inner, what),
                _ => self.note(&inner),
            }
        }
        name
    }

    /// `when COND`, whose keyword is inside the node of its clause.
    pub(super) fn when(&mut self, node: Node<'_>) -> Expr {
        self.clause_expr(node)
    }
}

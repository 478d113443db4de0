//! The parser that pest derives from `grammar/phasegate.pest`, behind one function.
//!
//! pest is used without its `std` feature: nothing guards the stack. Callers hand in only text that
//! [`super::scan`] has found to be nested within bounds.
//!
//! What pest gives is copied once into a flat [`Concrete`] tree with places in the source: its nodes are two words and
//! are walked without counting references.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};

use pest::{Parser, Token};

use super::scan::Scan;

#[derive(pest_derive::Parser)]
#[grammar = "grammar/phasegate.pest"]
struct Grammar;

/// The most calls of rules that pest may make for a byte of tokens, and for any text at all. Real files need about a tenth.
const CALLS_PER_BYTE: usize = 400;
const CALLS_AT_LEAST: usize = 100_000;

/// The largest budget so far: pest keeps one per process, so it may only grow.
static BUDGET: AtomicUsize = AtomicUsize::new(0);

/// Parses scanned text from its first token to its last. `None` when the work budget did not suffice.
pub(super) fn parse(rule: Rule, scan: &Scan) -> Option<Concrete<'_>> {
    parse_part(rule, scan, (0, scan.tokens.text().len()))
}

/// Parses the tokens between two offsets of their text.
pub(super) fn parse_part(rule: Rule, scan: &Scan, (first, last): (usize, usize)) -> Option<Concrete<'_>> {
    let tokens = scan.tokens.text().get(first..last)?;
    let wanted = tokens.len().saturating_mul(CALLS_PER_BYTE).max(CALLS_AT_LEAST);
    let budget = BUDGET.fetch_max(wanted, Ordering::Relaxed).max(wanted);
    pest::set_call_limit(NonZeroUsize::new(budget));
    let pairs = Grammar::parse(rule, tokens).ok()?;
    let mut concrete = Concrete { text: &scan.prepared, nodes: Vec::with_capacity(tokens.len()) };
    let mut open: Vec<(usize, usize)> = Vec::with_capacity(64);
    for token in pairs.tokens() {
        match token {
            Token::Start { rule, pos } => {
                open.push((concrete.nodes.len(), pos.pos()));
                concrete.nodes.push(Entry { rule, start: 0, end: 0, behind: 0 });
            }
            Token::End { pos, .. } => {
                let (index, from) = open.pop()?;
                let (start, end) = scan.tokens.place(first + from, first + pos.pos());
                let behind = u32::try_from(concrete.nodes.len()).ok()?;
                let entry = &mut concrete.nodes[index];
                (entry.start, entry.end, entry.behind) = (start, end, behind);
            }
        }
    }
    Some(concrete)
}

/// The concrete tree of a text: its nodes in the order in which they begin, each followed by what is in it.
#[derive(Debug)]
pub(super) struct Concrete<'t> {
    text: &'t str,
    nodes: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    rule: Rule,
    start: u32,
    end: u32,
    /// The index behind everything that is in this node.
    behind: u32,
}

impl Concrete<'_> {
    /// What is in the outermost node.
    pub(super) fn nodes(&self) -> Nodes<'_> {
        Nodes { tree: self, next: 1.min(self.nodes.len()), end: self.nodes.len() }
    }
}

/// One node of the concrete tree. Its text begins with its first token and ends with its last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Concrete<'t>,
    index: usize,
}

impl<'t> Node<'t> {
    pub(super) fn as_rule(self) -> Rule {
        self.tree.nodes[self.index].rule
    }

    pub(super) fn start(self) -> usize {
        self.tree.nodes[self.index].start as usize
    }

    pub(super) fn end(self) -> usize {
        self.tree.nodes[self.index].end as usize
    }

    /// As it stands in the prepared text.
    pub(super) fn as_str(self) -> &'t str {
        self.tree.text.get(self.start()..self.end()).unwrap_or_default()
    }

    pub(super) fn into_inner(self) -> Nodes<'t> {
        Nodes { tree: self.tree, next: self.index + 1, end: self.tree.nodes[self.index].behind as usize }
    }
}

/// Nodes that stand beside one another.
#[derive(Debug, Clone)]
pub(super) struct Nodes<'t> {
    tree: &'t Concrete<'t>,
    next: usize,
    end: usize,
}

impl<'t> Iterator for Nodes<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node { tree: self.tree, index: self.next };
        self.next = self.tree.nodes[self.next].behind as usize;
        Some(node)
    }
}

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
use super::tokens::Tokens;

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
///
/// Nearly all texts are without faults, and then it does not matter where lines break. So the tokens are read without line
/// breaks first, which is less work, and with them only when a fault is met.
pub(super) fn parse_part<'t>(rule: Rule, scan: &'t Scan, part: (usize, usize)) -> Option<Concrete<'t>> {
    let tokens = &scan.tokens;
    let is_plain = rule == Rule::file && tokens.may_do_without_breaks(part);
    let plain = if is_plain { read(Rule::plain_file, &scan.prepared, tokens, part) } else { None };
    plain.or_else(|| match tokens.with_breaks(part) {
        Some(tokens) => read(rule, &scan.prepared, &tokens, (0, tokens.text().len())),
        None => read(rule, &scan.prepared, tokens, part),
    })
}

/// Without line breaks no tree comes of a text with faults.
fn read<'t>(rule: Rule, text: &'t str, tokens: &Tokens, (first, last): (usize, usize)) -> Option<Concrete<'t>> {
    let input = tokens.text().get(first..last)?;
    let wanted = input.len().saturating_mul(CALLS_PER_BYTE).max(CALLS_AT_LEAST);
    let budget = BUDGET.fetch_max(wanted, Ordering::Relaxed).max(wanted);
    pest::set_call_limit(NonZeroUsize::new(budget));
    let pairs = Grammar::parse(rule, input).ok()?;
    let mut concrete = Concrete { text, nodes: Vec::with_capacity(input.len()) };
    let mut open: Vec<(usize, usize)> = Vec::with_capacity(64);
    for token in pairs.tokens() {
        match token {
            Token::Start { rule: Rule::apart, .. } | Token::End { rule: Rule::apart, .. } => {}
            Token::Start { rule: found, .. } if rule == Rule::plain_file && is_fault(found) => return None,
            Token::Start { rule, pos } => {
                open.push((concrete.nodes.len(), pos.pos()));
                concrete.nodes.push(Entry { rule, start: 0, end: 0, behind: 0 });
            }
            Token::End { pos, .. } => {
                let (index, from) = open.pop()?;
                let (start, end) = tokens.place(first + from, first + pos.pos());
                let behind = u32::try_from(concrete.nodes.len()).ok()?;
                let entry = &mut concrete.nodes[index];
                (entry.start, entry.end, entry.behind) = (start, end, behind);
            }
        }
    }
    Some(concrete)
}

/// What stands in the tree where a text is not as it should be.
fn is_fault(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::missing_name
            | Rule::missing_expr
            | Rule::missing_type
            | Rule::missing_open
            | Rule::missing_brace
            | Rule::missing_paren
            | Rule::missing_bracket
            | Rule::missing_angle
            | Rule::missing_equals
            | Rule::missing_colon
            | Rule::missing_when
            | Rule::missing_then
            | Rule::missing_else
            | Rule::missing_in
            | Rule::missing_at_once
            | Rule::missing_through
            | Rule::missing_from
            | Rule::missing_to
            | Rule::missing_at
            | Rule::missing_run
            | Rule::missing_title
            | Rule::missing_source
            | Rule::missing_imports
            | Rule::missing_severity
            | Rule::missing_given
            | Rule::missing_expect
            | Rule::missing_outcome
            | Rule::missing_ran
            | Rule::missing_times
            | Rule::junk
            | Rule::bad_stmt
            | Rule::bad_item
            | Rule::bad_clause
            | Rule::bad_entry
            | Rule::stray_close
            | Rule::wrong_equals
            | Rule::wrong_colon
            | Rule::hole_rest
            | Rule::misplaced
    )
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

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::{Rule, is_fault, parse_part, read};

    const TEXT: &str = include_str!("../../pipelines/quickstart.deploy");

    /// Wherever a line is broken, two are joined or a byte is left out.
    #[test]
    fn a_text_says_the_same_without_its_line_breaks() {
        let mut texts = vec![TEXT.to_owned()];
        for at in (0..TEXT.len()).step_by(23).filter(|at| TEXT.is_char_boundary(*at) && TEXT.is_char_boundary(at + 1)) {
            texts.push(format!("{}\n{}", &TEXT[..at], &TEXT[at..]));
            texts.push(format!("{}{}", &TEXT[..at], &TEXT[at + 1..]));
        }
        texts.extend(TEXT.match_indices('\n').map(|(at, _)| format!("{} {}", &TEXT[..at], &TEXT[at + 1..])));
        for text in texts {
            let scanned = scan(&text, true);
            for part in scanned.tokens.parts() {
                let found = parse_part(Rule::file, &scanned, part);
                let broken = scanned.tokens.with_breaks(part);
                let whole = match &broken {
                    Some(tokens) => read(Rule::file, &scanned.prepared, tokens, (0, tokens.text().len())),
                    None => read(Rule::file, &scanned.prepared, &scanned.tokens, part),
                };
                let nodes = |concrete: Option<super::Concrete<'_>>| {
                    let concrete = concrete.expect("the work is little");
                    concrete.nodes[1..]
                        .iter()
                        .map(|node| (node.rule, node.start, node.end, node.behind))
                        .collect::<Vec<_>>()
                };
                assert_eq!(nodes(found), nodes(whole), "{text}");
            }
        }
    }

    #[test]
    fn every_rule_that_stands_for_a_fault_is_known() {
        // The clause `missing ok` is none, pieces are no nodes, and the insides of strings always have their line breaks.
        let begins =
            |name: &str| ["missing_", "bad_", "wrong_", "stray_"].iter().any(|prefix| name.starts_with(prefix));
        let is_told = |name: &str| match name {
            "junk" | "misplaced" | "hole_rest" => true,
            "missing_clause" | "bad_piece" => false,
            name => begins(name),
        };
        for rule in Rule::all_rules() {
            assert_eq!(is_fault(*rule), is_told(&format!("{rule:?}")), "{rule:?}");
        }
    }
}

//! The concrete tree of a file as one flat row, for the formatter: every byte in its place, in the order of the text.
//!
//! Elements are the rules of the grammar, its words, numbers and signs, and, cut out of the gaps between them, what no
//! rule names: white space, comments, brackets. An element is followed by those inside it. Strings are one element each;
//! what is missing is an element without text. White space and comments behind an element belong to the one around it.

use crate::base::diagnostic::Diagnostic;
use crate::base::source::SourceFile;

use super::files::parse_with;
use super::grammar::{self, Concrete, Node};
use super::scan::{Scan, scan};
use super::tree::{Rule, SyntaxKind, is_token, piece};

/// One element; its text is `start..end` of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    pub kind: SyntaxKind,
    pub start: u32,
    pub end: u32,
    /// Where the first element stands that is not inside this one.
    pub next: u32,
}

/// A file as it is written, and what is wrong with how it is written.
#[derive(Debug)]
pub struct Written {
    /// The `file` itself first.
    pub elements: Vec<Element>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file. Total, as [`super::parse`]: of what nests too deep there are no elements but its words.
#[must_use]
pub fn read(source: &SourceFile) -> Written {
    let (parsed, elements) = parse_with(source, &mut |_| {}, |scan, concrete| elements(&source.text, scan, concrete));
    Written { elements, diagnostics: parsed.diagnostics }
}

/// Reads a file that is known to say the same as one without faults: what is wrong with it is not looked for.
#[must_use]
pub fn read_sound(source: &SourceFile) -> Written {
    let scan = scan(&source.text, true);
    let concrete = if scan.too_deep.is_none() { grammar::parse(Rule::file, &scan) } else { None };
    Written { elements: elements(&source.text, &scan, concrete.as_ref()), diagnostics: Vec::new() }
}

fn elements(text: &str, scan: &Scan, concrete: Option<&Concrete<'_>>) -> Vec<Element> {
    let mut row = Vec::with_capacity(text.len() / 3 + 4);
    row.push(Element { kind: SyntaxKind::Rule(Rule::file), start: 0, end: offset(text.len()), next: 0 });
    let mut cutter = Cutter { row, text, scan, at: 0 };
    concrete.into_iter().flat_map(Concrete::nodes).for_each(|node| cutter.element(node));
    cutter.gap(text.len());
    let mut row = cutter.row;
    row[0].next = offset(row.len());
    row
}

/// `at` is how far the text has been cut.
struct Cutter<'a> {
    row: Vec<Element>,
    text: &'a str,
    scan: &'a Scan,
    at: usize,
}

impl Cutter<'_> {
    fn element(&mut self, node: Node<'_>) {
        let (rule, start, end) = (node.as_rule(), node.start(), node.end());
        if rule == Rule::EOI {
            return;
        }
        if start == end {
            self.push(SyntaxKind::Rule(rule), self.at);
            return;
        }
        if start < self.at {
            return;
        }
        self.gap(start);
        if is_token(rule) || rule == Rule::string {
            self.token(SyntaxKind::Rule(rule), end);
            return;
        }
        let index = self.row.len();
        self.push(SyntaxKind::Rule(rule), self.at);
        for inner in node.into_inner() {
            self.element(inner);
        }
        self.gap(end);
        let next = offset(self.row.len());
        let element = &mut self.row[index];
        (element.end, element.next) = (offset(self.at), next);
    }

    fn push(&mut self, kind: SyntaxKind, end: usize) {
        let next = offset(self.row.len() + 1);
        self.row.push(Element { kind, start: offset(self.at), end: offset(end), next });
    }

    fn token(&mut self, kind: SyntaxKind, end: usize) {
        // A sign of the prepared text may stand for a wider character.
        let mut end = end;
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        if self.at < end {
            self.push(kind, end);
            self.at = end;
        }
    }

    /// Cuts what no rule names, up to `end`.
    fn gap(&mut self, end: usize) {
        while self.at < end {
            let (kind, length) = piece(&self.scan.prepared.as_bytes()[self.at..end]);
            self.token(kind, (self.at + length).min(end));
        }
    }
}

fn offset(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

//! The concrete tree of a file as one flat row, for the formatter: every byte in its place, in the order of the text.
//!
//! Elements are the rules of the grammar, its words, numbers and signs, and, cut out of the gaps between them, what no
//! rule names: white space, comments, brackets. An element is followed by those inside it. Strings are one element each;
//! what is missing is an element without text. White space and comments behind an element belong to the one around it.

use crate::base::diagnostic::Diagnostic;
use crate::base::source::SourceFile;

use super::files::parse;
use super::grammar::{self, Node};
use super::quotes::{Quote, is_line_end, quoted};
use super::scan::{Scan, scan};
use super::tree::{Rule, SyntaxKind};

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

/// Reads a file. Total, as [`parse`]: of what nests too deep there are no elements but its words.
#[must_use]
pub fn read(source: &SourceFile) -> Written {
    let scan = scan(&source.text, true);
    let pairs = if scan.too_deep.is_none() { grammar::parse(Rule::file, &scan.prepared) } else { None };
    let nodes = pairs.and_then(|mut pairs| pairs.next()).into_iter().flat_map(Node::into_inner);
    Written { elements: elements(&source.text, &scan, nodes), diagnostics: parse(source).diagnostics }
}

fn elements<'i>(text: &str, scan: &Scan, nodes: impl Iterator<Item = Node<'i>>) -> Vec<Element> {
    let mut row = Vec::with_capacity(text.len() / 3 + 4);
    row.push(Element { kind: SyntaxKind::Rule(Rule::file), start: 0, end: offset(text.len()), next: 0 });
    let mut cutter = Cutter { row, text, scan, at: 0 };
    nodes.for_each(|node| cutter.element(node));
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
        let span = node.as_span();
        let rule = node.as_rule();
        if matches!(rule, Rule::line_comment | Rule::block_comment | Rule::EOI) {
            return;
        }
        if span.start() == span.end() {
            self.push(SyntaxKind::Rule(rule), self.at);
            return;
        }
        let end = self.end_before(span.start(), span.end());
        if span.start() < self.at || span.start() == end {
            return;
        }
        self.gap(span.start());
        if is_token(rule) {
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

    /// Without the white space and comments at the end of a node.
    fn end_before(&self, start: usize, end: usize) -> usize {
        let mut end = end;
        loop {
            end = start + self.scan.prepared[start..end].trim_end_matches(super::lower::is_blank).len();
            let index = self.scan.comments.partition_point(|comment| (comment.at.start as usize) < end);
            match index.checked_sub(1).map(|last| self.scan.comments[last].at) {
                Some(last) if last.end as usize >= end && last.start as usize >= start && end > start => {
                    end = last.start as usize;
                }
                _ => return end,
            }
        }
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

/// The first token of a gap, with its length.
fn piece(bytes: &[u8]) -> (SyntaxKind, usize) {
    let run = |matches: fn(u8) -> bool| bytes.iter().take_while(|byte| matches(**byte)).count();
    match bytes {
        [b'\r', b'\n' | 0x1D | 0x1E, ..] => (SyntaxKind::Newline, 2),
        [byte, ..] if is_line_end(*byte) => (SyntaxKind::Newline, 1),
        [b' ' | b'\t' | b'\r' | 0x0C, ..] => {
            let blanks = run(|byte| matches!(byte, b' ' | b'\t' | 0x0C));
            (SyntaxKind::Whitespace, blanks.max(1))
        }
        [b'/', b'/', ..] => {
            let doc = bytes.starts_with(b"///") && bytes.get(3) != Some(&b'/');
            let kind = if doc { SyntaxKind::DocComment } else { SyntaxKind::Comment };
            let line = run(|byte| !is_line_end(byte));
            (kind, if bytes[..line].ends_with(b"\r") { line - 1 } else { line })
        }
        [b'/', b'*', ..] => {
            let close = bytes[2..].windows(2).position(|pair| pair == b"*/");
            (SyntaxKind::Comment, close.map_or(bytes.len(), |inside| inside + 4))
        }
        [byte, ..] if byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'"' => match Quote::opens_at(bytes, 0)
        {
            Some(quote) => (SyntaxKind::Word, quoted(bytes, 0, quote).end),
            None => (SyntaxKind::Word, run(|byte| byte.is_ascii_alphanumeric() || byte == b'_')),
        },
        [byte, ..] if *byte >= 0x80 => {
            (SyntaxKind::Word, 1 + bytes[1..].iter().take_while(|byte| **byte & 0xC0 == 0x80).count())
        }
        _ => (SyntaxKind::Punctuation, 1),
    }
}

/// Rules that are one token; all others are nodes.
fn is_token(rule: Rule) -> bool {
    static KEYWORDS: std::sync::OnceLock<Vec<bool>> = std::sync::OnceLock::new();
    let keywords = KEYWORDS.get_or_init(|| {
        let count = Rule::all_rules().iter().map(|rule| *rule as usize + 1).max().unwrap_or(0);
        let mut keywords = vec![false; count];
        for rule in Rule::all_rules() {
            let name = format!("{rule:?}");
            keywords[*rule as usize] = name.starts_with("kw_") || name.starts_with("word_");
        }
        keywords
    });
    keywords.get(rule as usize).copied().unwrap_or(false)
        || matches!(
            rule,
            Rule::ident
                | Rule::string
                | Rule::dotted
                | Rule::variable
                | Rule::number
                | Rule::bool
                | Rule::operator
                | Rule::prefix
                | Rule::comma
                | Rule::optional
                | Rule::percent
                | Rule::wrong_equals
                | Rule::wrong_colon
                | Rule::stray_close
                | Rule::std
                | Rule::signature_kind
        )
}

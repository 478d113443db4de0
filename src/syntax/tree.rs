//! The lossless tree: every byte of a file in its place, for the formatter and the editor.
//!
//! Nodes are the rules of the grammar, tokens its words, numbers and signs; what no rule names (white space, comments,
//! brackets) is cut out of the gaps between them. The text of the tree is the text of the file, whatever stands in it:
//! nodes are only ever put around stretches of text, never made from anything else. White space and comments behind a
//! node belong to the node around it.

use rowan::{GreenNodeBuilder, Language};

use crate::base::source::SourceFile;

use super::grammar::{self, Node};
use super::nesting::DEEPEST;
use super::quotes::{Quote, is_line_end, quoted};
use super::scan::{Scan, scan};
use super::strings::{Part, parts};
use super::tokens::keyword_rule;

pub use super::grammar::Rule;

/// What a node or a token of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyntaxKind {
    /// Blanks within a line.
    Whitespace,
    /// One line break.
    Newline,
    /// `//` and `/* */`
    Comment,
    /// `///`
    DocComment,
    /// A bracket or a sign that is no operator.
    Punctuation,
    /// A word, number or string in a stretch that could not be read.
    Word,
    /// Text of a string, with its quotes.
    StringText,
    /// A backslash and what belongs to it.
    Escape,
    /// `${…}`
    Interpolation,
    /// A rule of the grammar.
    Rule(Rule),
}

const FIXED: [SyntaxKind; 9] = [
    SyntaxKind::Whitespace,
    SyntaxKind::Newline,
    SyntaxKind::Comment,
    SyntaxKind::DocComment,
    SyntaxKind::Punctuation,
    SyntaxKind::Word,
    SyntaxKind::StringText,
    SyntaxKind::Escape,
    SyntaxKind::Interpolation,
];

/// Where the numbers of rules begin.
const RULES_FROM: u16 = 16;

/// The language for `rowan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhasegateLanguage {}

impl Language for PhasegateLanguage {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        let rules = Rule::all_rules();
        let number = raw.0.wrapping_sub(RULES_FROM);
        let guess = rules.get(usize::from(number)).filter(|rule| **rule as u16 == number);
        let rule = guess.or_else(|| rules.iter().find(|rule| **rule as u16 == number));
        let fixed = FIXED.get(usize::from(raw.0)).copied();
        fixed.or(rule.map(|rule| SyntaxKind::Rule(*rule))).unwrap_or(SyntaxKind::Word)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(match kind {
            SyntaxKind::Whitespace => 0,
            SyntaxKind::Newline => 1,
            SyntaxKind::Comment => 2,
            SyntaxKind::DocComment => 3,
            SyntaxKind::Punctuation => 4,
            SyntaxKind::Word => 5,
            SyntaxKind::StringText => 6,
            SyntaxKind::Escape => 7,
            SyntaxKind::Interpolation => 8,
            SyntaxKind::Rule(rule) => RULES_FROM + rule as u16,
        })
    }
}

pub type SyntaxNode = rowan::SyntaxNode<PhasegateLanguage>;
pub type SyntaxToken = rowan::SyntaxToken<PhasegateLanguage>;
pub type SyntaxElement = rowan::SyntaxElement<PhasegateLanguage>;

/// The tree of a file; its root is a `file`.
#[must_use]
pub fn tree(source: &SourceFile) -> SyntaxNode {
    let mut builder = GreenNodeBuilder::new();
    let scan = scan(&source.text, true);
    builder.start_node(raw(SyntaxKind::Rule(Rule::file)));
    Builder { builder: &mut builder, text: &source.text, scan: &scan, at: 0, depth: 0, readable: true }
        .whole(Rule::file);
    builder.finish_node();
    SyntaxNode::new_root(builder.finish())
}

fn raw(kind: SyntaxKind) -> rowan::SyntaxKind {
    PhasegateLanguage::kind_to_raw(kind)
}

/// Builds the tree of one parsed piece; `at` is how far its text has been emitted.
struct Builder<'a, 'b> {
    builder: &'b mut GreenNodeBuilder<'static>,
    text: &'a str,
    scan: &'a Scan,
    at: usize,
    depth: usize,
    /// Whether the words that no rule names are keywords.
    readable: bool,
}

impl Builder<'_, '_> {
    fn whole(mut self, rule: Rule) {
        let scan = self.scan;
        let concrete = (scan.too_deep.is_none() && self.depth < DEEPEST).then(|| grammar::parse(rule, scan)).flatten();
        for node in concrete.iter().flat_map(|concrete| concrete.nodes()) {
            self.element(node);
        }
        self.gap(self.text.len());
    }

    fn element(&mut self, node: Node<'_>) {
        let rule = node.as_rule();
        let end = node.end();
        if rule == Rule::EOI || node.start() < self.at || node.start() == end {
            return;
        }
        self.gap(node.start());
        if is_token(rule) {
            self.token(SyntaxKind::Rule(rule), end);
            return;
        }
        self.builder.start_node(raw(SyntaxKind::Rule(rule)));
        let outside = std::mem::replace(&mut self.readable, !is_without_keywords(rule));
        if rule == Rule::string {
            self.string(end);
        } else {
            for inner in node.into_inner() {
                self.element(inner);
            }
        }
        self.gap(end);
        self.readable = outside;
        self.builder.finish_node();
    }

    fn token(&mut self, kind: SyntaxKind, end: usize) {
        let end = self.boundary(end);
        if self.at < end {
            self.builder.token(raw(kind), &self.text[self.at..end]);
            self.at = end;
        }
    }

    /// A place where the text can be cut: a sign of the prepared text may stand for a wider character.
    fn boundary(&self, place: usize) -> usize {
        (place..=self.text.len()).find(|place| self.text.is_char_boundary(*place)).unwrap_or(self.text.len())
    }

    /// Emits what no rule names, up to `end`.
    fn gap(&mut self, end: usize) {
        while self.at < end {
            let (mut kind, length) = piece(&self.scan.prepared.as_bytes()[self.at..end]);
            let behind = (self.at + length).min(end);
            if kind == SyntaxKind::Word
                && self.readable
                && let Some(rule) = self.scan.prepared.get(self.at..behind).and_then(keyword_rule)
            {
                kind = SyntaxKind::Rule(rule);
            }
            self.token(kind, behind);
        }
    }

    fn string(&mut self, end: usize) {
        let start = self.at;
        let found = parts(&self.scan.prepared.as_bytes()[start..end]);
        for part in found {
            match part {
                Part::Text(_) => {}
                Part::Escape(span) => {
                    self.token(SyntaxKind::StringText, start + span.start as usize);
                    self.token(SyntaxKind::Escape, start + span.end as usize);
                }
                Part::Hole(span) => {
                    let (from, to) = (start + span.start as usize, self.boundary(start + span.end as usize));
                    self.token(SyntaxKind::StringText, from - 2);
                    self.builder.start_node(raw(SyntaxKind::Interpolation));
                    self.token(SyntaxKind::Punctuation, from);
                    let text = &self.text[from..to];
                    let scan = scan(text, false);
                    Builder { builder: self.builder, text, scan: &scan, at: 0, depth: self.depth + 1, readable: true }
                        .whole(Rule::hole);
                    self.at = to;
                    if to < end && self.text[to..].starts_with('}') {
                        self.token(SyntaxKind::Punctuation, to + 1);
                    }
                    self.builder.finish_node();
                }
            }
        }
        self.token(SyntaxKind::StringText, end);
    }
}

/// The first token of a gap, with its length.
pub(super) fn piece(bytes: &[u8]) -> (SyntaxKind, usize) {
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

/// What fits nothing, and names of several words.
fn is_without_keywords(rule: Rule) -> bool {
    matches!(rule, Rule::junk | Rule::bad_entry | Rule::hole_rest | Rule::dotted)
}

/// Rules that are one token; all others are nodes.
pub(super) fn is_token(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::ident
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
            | Rule::kw_phase
            | Rule::kw_run
            | Rule::kw_samples
            | Rule::kw_to
            | Rule::word_step
            | Rule::word_undo
            | Rule::word_approval
            | Rule::word_resume
            | Rule::word_resolve
            | Rule::word_file
            | Rule::word_crash
            | Rule::word_start
            | Rule::word_outcome
            | Rule::word_always
            | Rule::word_never
            | Rule::word_undone
            | Rule::word_notified
    )
}

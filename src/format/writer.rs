//! Tokens go into the document here, in the order of the source, each with what separates it from the one before.
//!
//! Invariant: whatever a layout asks for, every token and every comment is written once and none passes another. A layout
//! only says how the next token is separated; comments between the two are put in here.

use super::document::{Break, Group, Op};
use super::remarks::Remark;
use super::runs::Runs;
use crate::syntax::elements::Element;
use crate::syntax::tree::{Rule, SyntaxKind};

/// How a token is separated from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separation {
    Nothing,
    Space,
    /// A stretch of the source.
    Source {
        start: u32,
        end: u32,
    },
    /// `blanks`: an empty line of the source is kept.
    Break {
        kind: Break,
        blanks: bool,
    },
    Hard {
        blanks: bool,
    },
    /// Between two items: whether an empty line stands there is decided when it is known how long they are.
    Item,
}

/// The token written last, as far as it matters for what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// Nothing has been written yet.
    Start,
    Opener {
        spaced: bool,
    },
    Comma,
    Other,
}

pub(super) struct Writer<'a> {
    pub(super) text: &'a str,
    pub(super) elements: &'a [Element],
    /// Which elements are kept as they are; empty when none is.
    pub(super) kept: &'a [bool],
    pub(super) ops: Vec<Op>,
    pub(super) separation: Separation,
    pub(super) last: Last,
    /// Comments since the last token, and line breaks since the last of them.
    pub(super) remarks: Vec<Remark>,
    pub(super) newlines: u32,
    /// Columns that a line broken here is indented by.
    pub(super) indent: u32,
    groups: Vec<usize>,
    pub(super) runs: Runs,
}

impl<'a> Writer<'a> {
    pub(super) fn new(text: &'a str, elements: &'a [Element], kept: &'a [bool]) -> Self {
        Self {
            text,
            elements,
            kept,
            ops: Vec::with_capacity(elements.len() * 2),
            separation: Separation::Nothing,
            last: Last::Start,
            remarks: Vec::new(),
            newlines: 0,
            indent: 0,
            groups: Vec::new(),
            runs: Runs::default(),
        }
    }

    /// All that has been written.
    pub(super) fn finish(self) -> (Vec<Op>, Runs) {
        (self.ops, self.runs)
    }

    pub(super) fn element(&self, index: usize) -> Element {
        self.elements[index]
    }

    pub(super) fn rule(&self, index: usize) -> Option<Rule> {
        match self.elements[index].kind {
            SyntaxKind::Rule(rule) => Some(rule),
            _ => None,
        }
    }

    pub(super) fn text_of(&self, index: usize) -> &'a str {
        let element = self.elements[index];
        &self.text[element.start as usize..element.end as usize]
    }

    pub(super) fn next(&self, index: usize) -> usize {
        self.elements[index].next as usize
    }

    pub(super) fn is_kept(&self, index: usize) -> bool {
        self.kept.get(index).copied().unwrap_or(false)
    }

    /// Whether this element is white space or a comment, or stands for what is missing.
    pub(super) fn is_trivia(&self, index: usize) -> bool {
        let element = self.elements[index];
        let kind = element.kind;
        matches!(kind, SyntaxKind::Whitespace | SyntaxKind::Newline | SyntaxKind::Comment | SyntaxKind::DocComment)
            || element.start == element.end
    }

    /// Takes white space and comments into the gap before the next token. False for anything else.
    pub(super) fn trivia(&mut self, index: usize) -> bool {
        let element = self.elements[index];
        match element.kind {
            SyntaxKind::Newline => self.newlines += 1,
            SyntaxKind::Whitespace => {}
            SyntaxKind::Comment | SyntaxKind::DocComment => self.take_remark(element),
            _ => return element.start == element.end,
        }
        true
    }

    /// Takes everything from `from` up to `to`, which holds nothing but white space and comments.
    pub(super) fn trivia_between(&mut self, from: usize, to: usize) {
        let mut index = from;
        while index < to {
            self.trivia(index);
            index = self.next(index);
        }
    }

    /// What stands in `index` but for white space and comments.
    pub(super) fn parts(&self, index: usize) -> Parts<'a> {
        Parts { elements: self.elements, next: index + 1, end: self.next(index) }
    }

    /// Writes a token as it stands in the source.
    pub(super) fn token(&mut self, index: usize) {
        let element = self.elements[index];
        self.separate();
        self.source(element.start, element.end);
        self.last = match self.text_of(index) {
            "(" | "[" => Last::Opener { spaced: false },
            "{" => Last::Opener { spaced: true },
            "," => Last::Comma,
            _ => Last::Other,
        };
    }

    /// Writes a token with other words than it stands in the source with.
    pub(super) fn word(&mut self, word: &'static str) {
        self.separate();
        self.ops.push(Op::Word(word));
        self.last = Last::Other;
    }

    /// Writes a stretch of the source as it is.
    pub(super) fn keep(&mut self, start: u32, end: u32) {
        self.separate();
        self.source(start, end);
        self.last = Last::Other;
    }

    pub(super) fn source(&mut self, start: u32, end: u32) {
        let tall = self.text.as_bytes()[start as usize..end as usize].contains(&b'\n');
        self.ops.push(if tall { Op::Lines { start, end } } else { Op::Text { start, end } });
    }

    /// Writes a closing bracket: comments before it still stand inside.
    pub(super) fn closer(&mut self, index: usize, inside: u8, separation: Separation) {
        self.separation = self.remarks_before_closer(separation);
        self.dedent(inside);
        self.token(index);
    }

    pub(super) fn open(&mut self, kind: Group) {
        self.separate();
        self.groups.push(self.ops.len());
        self.ops.push(Op::Open { kind, end: 0 });
    }

    pub(super) fn close(&mut self) {
        let end = u32::try_from(self.ops.len()).unwrap_or(u32::MAX);
        if let Some(open) = self.groups.pop()
            && let Op::Open { end: known, .. } = &mut self.ops[open]
        {
            *known = end;
        }
        self.ops.push(Op::Close);
    }

    pub(super) fn indent(&mut self, width: u8) {
        if width > 0 {
            self.indent += u32::from(width);
            self.ops.push(Op::Indent(width));
        }
    }

    pub(super) fn dedent(&mut self, width: u8) {
        if width > 0 {
            self.indent -= u32::from(width);
            self.ops.push(Op::Dedent(width));
        }
    }

    /// Writes what separates the next token from the last one, with the comments between them.
    pub(super) fn separate(&mut self) {
        let wanted = std::mem::replace(&mut self.separation, Separation::Nothing);
        let separation = if self.remarks.is_empty() { wanted } else { self.write_remarks(wanted, false) };
        self.write_separation(separation);
        self.newlines = 0;
    }

    pub(super) fn write_separation(&mut self, separation: Separation) {
        let blank = self.newlines > 1 && !matches!(self.last, Last::Opener { .. });
        match separation {
            Separation::Nothing => {}
            Separation::Space => self.ops.push(Op::Space),
            Separation::Source { start, end } => self.source(start, end),
            Separation::Break { kind, blanks } => self.ops.push(Op::Break { kind, blank: blanks && blank }),
            Separation::Hard { blanks } => self.ops.push(Op::Hard { blank: blanks && blank }),
            Separation::Item => {
                self.runs.between_items(self.ops.len());
                self.ops.push(Op::Hard { blank });
            }
        }
    }
}

/// Elements beside one another, without white space and comments.
#[derive(Clone)]
pub(super) struct Parts<'a> {
    elements: &'a [Element],
    next: usize,
    end: usize,
}

impl Iterator for Parts<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.next < self.end {
            let index = self.next;
            let element = self.elements[index];
            self.next = element.next as usize;
            let trivia = matches!(
                element.kind,
                SyntaxKind::Whitespace | SyntaxKind::Newline | SyntaxKind::Comment | SyntaxKind::DocComment
            );
            if !trivia && element.start < element.end {
                return Some(index);
            }
        }
        None
    }
}

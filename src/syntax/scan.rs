//! One pass over the bytes before the grammar sees them.
//!
//! It finds the comments, measures how deep the text nests (PG009 must be known before anything recurses), and writes
//! the tokens that the grammar reads. Beside them it keeps the prepared text: as long as the source, with look-alike
//! characters replaced by what they look like, and with marks for the line breaks where a statement or an item begins.
//! What is inside strings and comments stays as it is.

use crate::base::span::Span;

use super::beginnings::{begins_item, begins_statement, blanks, has_value_ahead, is_word, word_length};
use super::look_alikes::look_alike;
use super::nesting::{DEEPEST, Nesting};
use super::quotes::{Quote, Quoted, is_line_end, quoted};
use super::tokens::{
    Begins, GLUED_EQUALS, GLUED_GREATER, ITEM_MARK, MARK, NEWLINE, NUMBER, OTHER, STRING, Tokens, WORD, keyword, sign,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommentKind {
    /// `//`
    Line,
    /// `///`
    Doc,
    /// `/* */`
    Block,
    /// `/*` that nothing closes.
    Open,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Comment {
    pub(super) kind: CommentKind,
    pub(super) at: Span,
}

/// A string that is not closed, or has a `${` that is not.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenString {
    pub(super) at: Span,
    pub(super) quote: Quote,
    pub(super) hole: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct LookAlike {
    pub(super) at: Span,
    pub(super) meant: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) prepared: String,
    pub(super) tokens: Tokens,
    pub(super) comments: Vec<Comment>,
    pub(super) open_strings: Vec<OpenString>,
    pub(super) look_alikes: Vec<LookAlike>,
    /// Every `{` and `}` outside of strings and comments.
    pub(super) braces: Vec<usize>,
    /// The first opening that is one too deep.
    pub(super) too_deep: Option<Span>,
    /// The line breaks before items where no bracket is open: what stands above one has no say in how the rest is scanned.
    pub(super) fresh_starts: Vec<usize>,
}

/// Prepares text. `marks` is off for the inside of `${…}`, where no statement begins.
pub(super) fn scan(text: &str, marks: bool) -> Scan {
    let tokens = Tokens::with_capacity(text.len());
    let mut scanner = Scanner::new(text, marks, 0, Scan { tokens, ..Scan::default() });
    if text.starts_with('\u{FEFF}') {
        scanner.bytes[..3].fill(b' ');
        scanner.at = 3;
    }
    scanner.run(|_| false);
    let mut found = scanner.found;
    found.tokens.finish(text.len());
    // Only whole characters are replaced, by ASCII.
    found.prepared = String::from_utf8(scanner.bytes).unwrap_or_else(|_| text.to_owned());
    found
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    pub(super) bytes: Vec<u8>,
    pub(super) at: usize,
    marks: bool,
    pub(super) nesting: Nesting,
    pub(super) found: Scan,
}

impl<'a> Scanner<'a> {
    /// `found`: what the text before `at` holds.
    pub(super) fn new(text: &'a str, marks: bool, at: usize, found: Scan) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        // Marks are ours alone, wherever they stand.
        if memchr::memchr2(0x1D, 0x1E, &bytes).is_some() {
            for byte in bytes.iter_mut().filter(|byte| matches!(**byte, 0x1D | 0x1E)) {
                *byte = 0x01;
            }
        }
        Self { text, bytes, at, marks, nesting: Nesting::new(), found }
    }

    /// Goes on to the end, or to the line break that `ends` names.
    pub(super) fn run(&mut self, ends: impl Fn(&Self) -> bool) {
        while let Some(byte) = self.bytes.get(self.at).copied() {
            if byte == b'\n' && ends(self) {
                return;
            }
            self.step(byte);
            if self.found.too_deep.is_none() && self.nesting.total > DEEPEST {
                self.found.too_deep = Some(Span::new(self.at.saturating_sub(1), self.at));
            }
        }
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | 0x0C => self.at += 1 + blanks(&self.bytes[self.at + 1..]),
            b'\n' => self.line_break(),
            b'/' if matches!(self.bytes.get(self.at + 1), Some(b'/' | b'*')) => self.comment(),
            b'"' => self.string(Quote::opens_at(&self.bytes, self.at).unwrap_or(Quote::Plain)),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            0x80.. => self.beyond_ascii(),
            _ => self.sign(),
        }
    }

    /// Marks the line break when a statement or an item begins on the next line.
    fn line_break(&mut self) {
        let start = self.at + 1;
        let first = start + blanks(&self.bytes[start..]);
        let mut token = NEWLINE;
        if self.marks && self.bytes.get(first).is_some_and(u8::is_ascii_lowercase) {
            let end = self.word_end(first);
            let word = &self.bytes[first..end];
            let rest = &self.bytes[end..];
            match keyword(word).map(|keyword| keyword.begins) {
                Some(Begins::Item) if first == start && begins_item(rest) => token = ITEM_MARK,
                Some(Begins::Statement) if begins_statement(word, rest) => token = MARK,
                _ => {}
            }
        }
        if token == ITEM_MARK && self.nesting.is_outside() {
            self.found.fresh_starts.push(self.at);
        }
        if token != NEWLINE {
            self.bytes[self.at] = token as u8;
            self.nesting.line();
        }
        self.found.tokens.push(token, self.at, start);
        self.at = first;
    }

    /// One or more signs that stand together.
    fn sign(&mut self) {
        let start = self.at;
        let glued = start > 0 && is_word(self.bytes[start - 1]);
        let (token, length) = sign(&self.bytes[start..], glued);
        self.at += length;
        self.found.tokens.push(token, start, self.at);
        let behind = match (token, self.bytes.get(self.at)) {
            ('≻', Some(b'=')) => Some(GLUED_EQUALS),
            ('⊲', Some(b'>')) => Some(GLUED_GREATER),
            _ => None,
        };
        if let Some(behind) = behind {
            self.found.tokens.push(behind, self.at, self.at + 1);
            self.at += 1;
        }
        for at in start..self.at {
            self.nesting.punctuation(self.bytes[at], glued && at == start);
        }
        if matches!(token, '{' | '}') {
            self.found.braces.push(start);
        }
    }

    /// Any digits with what is glued to them: letters, a point before a digit, an exponent, a percent sign.
    fn number(&mut self) {
        let start = self.at;
        let is_digit = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut end = start;
        loop {
            end += match &self.bytes[end..] {
                [b'e' | b'E', b'+' | b'-', ..] if end > start && is_digit(end + 2) => 2,
                [b'.', ..] if is_digit(end + 1) => 1,
                [0xC2, 0xB5, ..] | [0xCE, 0xBC, ..] => 2,
                [byte, ..] if is_word(*byte) => 1,
                _ => break,
            };
        }
        end += usize::from(self.bytes.get(end) == Some(&b'%'));
        self.found.tokens.push(NUMBER, start, end);
        self.at = end;
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let (kind, end) = if rest[1] == b'/' {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let doc = rest.starts_with(b"///") && rest.get(3) != Some(&b'/');
            (if doc { CommentKind::Doc } else { CommentKind::Line }, end)
        } else {
            match self.text[self.at + 2..].find("*/") {
                Some(inside) => (CommentKind::Block, inside + 4),
                None => (CommentKind::Open, rest.len()),
            }
        };
        let at = Span::new(self.at, self.at + end);
        self.found.comments.push(Comment { kind, at });
        self.at += end;
    }

    fn string(&mut self, quote: Quote) {
        let mut string = quoted(&self.bytes, self.at, quote);
        if !string.closed && quote == Quote::Plain && self.close_with_look_alike() {
            string = quoted(&self.bytes, self.at, quote);
        }
        self.nesting.inside(string.depth);
        let Quoted { end, closed, open_hole, .. } = string;
        if !closed || open_hole.is_some() {
            self.found.open_strings.push(OpenString { at: Span::new(self.at, end), quote, hole: open_hole });
        }
        self.found.tokens.push(STRING, self.at, end);
        self.at = end;
    }

    /// `"abc”`: takes the next curly quote of the line for the closing one.
    fn close_with_look_alike(&mut self) -> bool {
        let line =
            self.bytes[self.at..].iter().position(|byte| is_line_end(*byte)).map_or(self.bytes.len(), |n| self.at + n);
        let Some(offset) = self.text[self.at..line].find(['“', '”', '„', '‟']) else { return false };
        self.replace(self.at + offset, '”', "\"");
        true
    }

    fn word(&mut self) {
        let end = self.word_end(self.at);
        let word = &self.bytes[self.at..end];
        if word == b"r" && self.bytes.get(end) == Some(&b'"') {
            return self.string(Quote::Raw);
        }
        let token = keyword(word).map_or(WORD, |keyword| keyword.token(|| has_value_ahead(&self.bytes[end..])));
        if word == b"if" {
            self.nesting.conditional();
        }
        self.found.tokens.push(token, self.at, end);
        self.at = end;
    }

    fn word_end(&self, start: usize) -> usize {
        start + word_length(&self.bytes[start..])
    }

    fn beyond_ascii(&mut self) {
        let Some(character) = self.text[self.at..].chars().next() else { return };
        let start = self.at;
        self.at += character.len_utf8();
        let Some(meant) = look_alike(character) else {
            return self.found.tokens.push(OTHER, start, self.at);
        };
        self.replace(start, character, meant);
        match meant {
            "\"" => {
                self.at = start;
                self.curly_string(start + character.len_utf8());
            }
            " " => {}
            _ => {
                let (token, length) = sign(meant.as_bytes(), false);
                self.found.tokens.push(token, start, start + meant.len());
                if length < meant.len() {
                    self.found.tokens.push(GLUED_EQUALS, start + length, start + meant.len());
                }
                if meant != "+-" {
                    meant.bytes().for_each(|byte| self.nesting.punctuation(byte, false));
                }
            }
        }
    }

    /// A string whose opening quote was a curly one: it ends at whatever quote comes first.
    fn curly_string(&mut self, inside: usize) {
        let line =
            self.bytes[inside..].iter().position(|byte| is_line_end(*byte)).map_or(self.bytes.len(), |n| inside + n);
        let closing = self.text[inside..line].char_indices().find(|(_, c)| *c == '"' || look_alike(*c) == Some("\""));
        if let Some((offset, character)) = closing
            && character != '"'
        {
            self.replace(inside + offset, character, "\"");
        }
        self.string(Quote::Plain);
    }

    /// Writes `meant` over a look-alike and fills the rest with blanks; `±` is one of the language's own.
    fn replace(&mut self, start: usize, character: char, meant: &'static str) {
        let end = start + character.len_utf8();
        self.bytes[start..end].fill(b' ');
        self.bytes[start..start + meant.len()].copy_from_slice(meant.as_bytes());
        if character != '±' {
            self.found.look_alikes.push(LookAlike { at: Span::new(start, end), meant });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn look_alikes_become_what_they_look_like_without_moving_anything() {
        let found = scan("require a ≤ “b” – 1\u{A0}// ≤", true);
        assert_eq!(found.prepared, "require a <=  \"  b\"   -   1  // ≤");
        assert_eq!(found.look_alikes.len(), 5);
    }

    #[test]
    fn a_plus_minus_sign_is_no_fault() {
        let found = scan("5 ± 2", true);
        assert_eq!((found.prepared.as_str(), found.look_alikes.len()), ("5 +- 2", 0));
    }

    #[test]
    fn line_breaks_before_statements_and_items_are_marked() {
        let found = scan("pipeline p {\n  step a = f(\n    step: 1,\n    timeout\n  )\n}\ntype T = int", true);
        assert_eq!(
            found.prepared,
            "pipeline p {\u{1E}  step a = f(\n    step: 1,\n    timeout\n  )\n}\u{1D}type T = int"
        );
    }

    #[test]
    fn depth_counts_brackets_generics_and_conditionals_but_not_text() {
        let deep = |open: &str| scan(&open.repeat(129), true).too_deep.is_some();
        assert!(deep("(") && deep("{") && deep("list<") && deep("if a then ") && deep("a[(f{ "));
        let flat = |text: &str| scan(&text.repeat(500), true).too_deep.is_none();
        assert!(
            flat("()")
                && flat("\"((((\" ")
                && flat("// ((((\n")
                && flat("[if a then b else c, a<b] ")
                && flat("let x = if a then b else c\n")
        );
    }
}

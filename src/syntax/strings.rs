//! What a string says: escapes, `${…}`, the indentation of text blocks.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;

use super::ast::{Expr, ExprKind, Name, StringLiteral, StringPiece};
use super::grammar::{self, Node, Rule};
use super::lower::Lower;
use super::nesting::DEEPEST;
use super::quotes::{Quote, hole, plain_length, quoted};
use super::scan::scan;

/// A stretch of the inside of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// As it is written.
    Text(Span),
    /// `\n` and its like, with the backslash.
    Escape(Span),
    /// The inside of `${…}`.
    Hole(Span),
}

/// Cuts a string into its parts; offsets are those of `bytes`, which begins with the opening quote.
pub(super) fn parts(bytes: &[u8]) -> Vec<Part> {
    let quote = Quote::opens_at(bytes, 0).unwrap_or(Quote::Plain);
    let string = quoted(bytes, 0, quote);
    let closing = if string.closed { quote.width().min(3) - usize::from(quote == Quote::Raw) } else { 0 };
    let end = string.end.saturating_sub(closing).max(quote.width().min(bytes.len()));
    let mut found = Vec::new();
    let mut at = quote.width().min(end);
    let mut text = at;
    while at < end && quote != Quote::Raw {
        let part = match bytes[at] {
            b'\\' => Part::Escape(Span::new(at, escape_end(bytes, at, end))),
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                let inside = hole(bytes, at + 2, quote == Quote::Block);
                Part::Hole(Span::new(at + 2, inside.end - usize::from(inside.closed)))
            }
            _ => {
                at = (at + 1 + plain_length(&bytes[at + 1..])).min(end);
                continue;
            }
        };
        if text < at {
            found.push(Part::Text(Span::new(text, at)));
        }
        at = match part {
            Part::Hole(inside) => {
                (inside.end as usize + usize::from(bytes.get(inside.end as usize) == Some(&b'}'))).min(end)
            }
            Part::Escape(span) | Part::Text(span) => span.end as usize,
        };
        text = at;
        found.push(part);
    }
    if text < end {
        found.push(Part::Text(Span::new(text, end)));
    }
    found
}

/// Behind an escape: `\u{…}` with its braces, else one character.
fn escape_end(bytes: &[u8], at: usize, end: usize) -> usize {
    if bytes[at..end].starts_with(b"\\u{") {
        let digits = bytes[at + 3..end].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let behind = at + 3 + digits;
        return behind + usize::from(behind < end && bytes[behind] == b'}');
    }
    let mut behind = (at + 1).min(end);
    if behind < end && !matches!(bytes[behind], b'\n' | b'\r') {
        behind += 1;
        while behind < end && bytes[behind] & 0xC0 == 0x80 {
            behind += 1;
        }
    }
    behind
}

impl Lower<'_> {
    /// Reads a `string` token.
    pub(super) fn string(&mut self, node: &Node<'_>) -> StringLiteral {
        let start = node.start();
        let written = node.as_str();
        if let Some(text) = simple_text(written) {
            let pieces = if text.is_empty() { Vec::new() } else { vec![StringPiece::Text(text.to_owned())] };
            return StringLiteral { pieces, at: self.span(node) };
        }
        let quote = Quote::opens_at(written.as_bytes(), 0).unwrap_or(Quote::Plain);
        let found = parts(written.as_bytes());
        let layout = Layout::of(written, quote, &found);
        let mut pieces = Vec::new();
        let mut text = String::new();
        for (index, part) in found.iter().enumerate() {
            match *part {
                Part::Text(span) => layout.push(&mut text, written, span, index == 0, index + 1 == found.len()),
                Part::Escape(span) => match escape(&written[span.range()]) {
                    Some(character) => text.push(character),
                    None => {
                        text.push_str(&written[span.range()]);
                        self.bad_escape(
                            &written[span.range()],
                            Span::new(self.base + start + span.start as usize, self.base + start + span.end as usize),
                        );
                    }
                },
                Part::Hole(span) => {
                    if !text.is_empty() {
                        pieces.push(StringPiece::Text(std::mem::take(&mut text)));
                    }
                    let inside = Span::new(start + span.start as usize, start + span.end as usize);
                    pieces.push(StringPiece::Interpolation(self.hole(inside)));
                }
            }
        }
        if !text.is_empty() {
            pieces.push(StringPiece::Text(text));
        }
        StringLiteral { pieces, at: self.span(node) }
    }

    /// Reads the inside of `${…}` (a span of the parsed piece) as an expression.
    fn hole(&mut self, inside: Span) -> Expr {
        let base = self.base + inside.start as usize;
        let at = Span::new(base, self.base + inside.end as usize);
        let broken = Expr { kind: Box::new(ExprKind::Broken), at };
        let text = self.text.get(at.range()).unwrap_or_default();
        if let Some(path) = simple_path(text, base) {
            return path;
        }
        let scan = scan(text, false);
        if scan.too_deep.is_some() || self.depth >= DEEPEST {
            self.faults.lexical(Diagnostic::new(Code::PG009, self.at(at), format!("more than {DEEPEST} levels deep")));
            return broken;
        }
        self.report_scan(&scan, base);
        let Some(concrete) = grammar::parse(Rule::hole, &scan) else { return broken };
        let mut lower = Lower {
            file: self.file,
            text: self.text,
            base,
            prepared: &scan.prepared,
            comments: &scan.comments,
            braces: &scan.braces,
            faults: &mut *self.faults,
            targets: Vec::new(),
            depth: self.depth + 1,
            only_steps: false,
        };
        let mut expr = broken;
        for node in concrete.nodes() {
            match node.as_rule() {
                Rule::hole_expr => expr = lower.hole_expr(node),
                Rule::hole_rest => lower.unexpected(&node, ": expected `}`"),
                _ => {}
            }
        }
        expr
    }

    fn hole_expr(&mut self, node: Node<'_>) -> Expr {
        let at = self.span(&node);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::expr => return self.expr(inner),
                _ => self.note(&inner),
            }
        }
        Expr { kind: Box::new(ExprKind::Broken), at }
    }

    fn bad_escape(&mut self, written: &str, at: Span) {
        let message = if written.starts_with("\\u") {
            format!("`{written}` is not a character: write `\\u{{…}}` with up to six hexadecimal digits")
        } else {
            format!("`{written}` is not an escape")
        };
        let mut diagnostic = Diagnostic::new(Code::PG004, self.at(at), message)
            .label("unknown escape")
            .help("the escapes are `\\n`, `\\t`, `\\r`, `\\0`, `\\\"`, `\\\\`, `\\$` and `\\u{…}`; a raw string `r\"…\"` has none");
        if written.len() > 1 && !written.starts_with("\\u") {
            let backslash = Span::new(at.start as usize, at.start as usize + 1);
            diagnostic = diagnostic.fix("double the backslash", backslash, "\\\\");
        }
        self.faults.lexical(diagnostic);
    }
}

/// The text of a plain string without escapes and `${…}`: most are like that.
fn simple_text(written: &str) -> Option<&str> {
    let inside = written.strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | b'$');
    inside.as_bytes().iter().all(is_plain).then_some(inside)
}

/// `env.name`, the most common inside of `${…}`, read without the grammar. `base` is where it begins in the file.
fn simple_path(text: &str, base: usize) -> Option<Expr> {
    let mut path: Option<Expr> = None;
    let mut at = base;
    for word in text.split('.') {
        let is_name = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && word.starts_with(|first: char| !first.is_ascii_digit());
        if !is_name || RESERVED.contains(&word) {
            return None;
        }
        let name = Name { text: word.to_owned(), at: Span::new(at, at + word.len()) };
        let whole = Span::new(base, at + word.len());
        at += word.len() + 1;
        let kind = match path.take() {
            None => ExprKind::Name(name),
            Some(before) => ExprKind::Field(before, name),
        };
        path = Some(Expr { kind: Box::new(kind), at: whole });
    }
    // Long ones are left to the grammar, which bounds them.
    path.filter(|_| text.len() < 100)
}

/// Words that are no names in an expression.
const RESERVED: [&str; 9] = ["and", "or", "not", "in", "if", "then", "else", "true", "false"];

fn escape(written: &str) -> Option<char> {
    Some(match written {
        "\\n" => '\n',
        "\\t" => '\t',
        "\\r" => '\r',
        "\\0" => '\0',
        "\\\"" => '"',
        "\\\\" => '\\',
        "\\$" => '$',
        _ => {
            let digits = written.strip_prefix("\\u{")?.strip_suffix('}')?;
            let in_reach = (1..=6).contains(&digits.len());
            return in_reach.then(|| u32::from_str_radix(digits, 16).ok()).flatten().and_then(char::from_u32);
        }
    })
}

/// How the lines of a text block are stripped: nothing for other strings.
struct Layout {
    block: bool,
    /// The white space before the closing quotes, when they stand on a line of their own.
    indent: Option<String>,
}

impl Layout {
    fn of(written: &str, quote: Quote, found: &[Part]) -> Self {
        let last = match found.last() {
            Some(Part::Text(span)) => &written[span.range()],
            _ => "",
        };
        let closing_line = last.rsplit_once('\n').map(|(_, line)| line);
        let indent = closing_line.filter(|line| line.chars().all(|c| matches!(c, ' ' | '\t' | '\r')));
        let block = quote == Quote::Block;
        Self { block, indent: indent.filter(|_| block).map(str::to_owned) }
    }

    /// Adds a stretch of text as it counts: without the line break behind the opening quotes, without the closing
    /// line, and each line without the indentation of the closing one.
    fn push(&self, into: &mut String, written: &str, span: Span, first: bool, last: bool) {
        let mut text = &written[span.range()];
        if !self.block {
            into.push_str(text);
            return;
        }
        let mut at_line_start = false;
        if first
            && let Some((opening, rest)) = text.split_once('\n')
            && opening.trim().is_empty()
        {
            text = rest;
            at_line_start = true;
        }
        if last && self.indent.is_some() {
            text = match text.rsplit_once('\n') {
                Some((before, _)) => before,
                None if at_line_start => "",
                None => text,
            };
        }
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                into.push('\n');
                at_line_start = true;
            }
            let indent = self.indent.as_deref().filter(|_| at_line_start).unwrap_or("");
            let shared = line.bytes().zip(indent.bytes()).take_while(|(left, right)| left == right).count();
            into.push_str(line[shared..].trim_end_matches('\r'));
        }
    }
}

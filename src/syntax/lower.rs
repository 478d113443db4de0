//! What all of lowering shares: where things stand, what is documented, and how faults are worded.
//!
//! A `Lower` reads nodes of the concrete tree and gives owned pieces of [`super::ast`]. It never fails: what is not
//! there becomes an empty name or a `Broken` piece and is reported once.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::{FileId, Location, Span};

use super::ast::Name;
use super::faults::{Faults, Rank};
use super::grammar::{Node, Rule};
use super::scan::{Comment, CommentKind};

pub(super) struct Lower<'a> {
    pub(super) file: FileId,
    /// The source, as it was written.
    pub(super) text: &'a str,
    /// Where the parsed piece begins in it: 0 but for the inside of `${…}`.
    pub(super) base: usize,
    /// The prepared text of the parsed piece.
    pub(super) prepared: &'a str,
    pub(super) comments: &'a [Comment],
    /// Every `{` and `}` of the parsed piece that is code.
    pub(super) braces: &'a [usize],
    pub(super) faults: &'a mut Faults,
    /// Every statement, item and field so far, for the allows that speak about them.
    pub(super) targets: Vec<Span>,
    /// Around the parsed piece: how many `${…}`.
    pub(super) depth: usize,
    /// Whether only steps stand in the block that is read: a hook, or a side of a kill switch.
    pub(super) only_steps: bool,
}

impl Lower<'_> {
    /// The text a node covers, without the white space and comments at its end.
    pub(super) fn span(&self, node: &Node<'_>) -> Span {
        self.covering(node.start(), node.end())
    }

    /// A span of the source for offsets in the parsed piece. A sign may stand for a wider character: then all of it.
    pub(super) fn covering(&self, start: usize, end: usize) -> Span {
        Span::new(self.boundary(start), self.boundary(end))
    }

    fn boundary(&self, offset: usize) -> usize {
        let mut offset = (self.base + offset).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset += 1;
        }
        offset
    }

    pub(super) fn name(&self, node: &Node<'_>) -> Name {
        Name { text: node.as_str().to_owned(), at: self.span(node) }
    }

    /// A name that is missing at `node`.
    pub(super) fn no_name(&self, node: &Node<'_>) -> Name {
        Name { text: String::new(), at: self.covering(node.start(), node.start()) }
    }

    /// Going back from `end` over white space and comments (offsets in the parsed piece).
    pub(super) fn end_before(&self, end: usize) -> usize {
        let mut end = end.min(self.prepared.len());
        loop {
            end = self.prepared[..end].trim_end_matches(is_blank).len();
            let index = self.comments.partition_point(|comment| (comment.at.start as usize) < end);
            match index.checked_sub(1).map(|last| self.comments[last]) {
                Some(last) if last.at.end as usize >= end => end = last.at.start as usize,
                _ => return end,
            }
        }
    }

    /// Going forward from `start` to the next token.
    pub(super) fn start_behind(&self, start: usize) -> usize {
        let mut start = start.min(self.prepared.len());
        loop {
            let rest = &self.prepared[start..];
            start += rest.len() - rest.trim_start_matches(is_blank).len();
            let index = self.comments.partition_point(|comment| (comment.at.start as usize) < start);
            match self.comments.get(index) {
                Some(next) if next.at.start as usize == start => start = next.at.end as usize,
                _ => return start,
            }
        }
    }

    /// Where to point when something is missing at `offset`: at the token found instead if it is on the same line,
    /// else at the last character before. With it, the offset of that token in the parsed piece.
    fn place(&self, offset: usize) -> (usize, Span) {
        let found = self.start_behind(offset);
        let behind = self.end_before(found);
        let same_line = !self.prepared[behind..found].contains(['\n', '\u{1E}', '\u{1D}']);
        if same_line && found < self.prepared.len() {
            let end = found + token_length(&self.prepared[found..]);
            return (found, self.covering(found, end));
        }
        let mut last = (self.base + behind).saturating_sub(1);
        while !self.text.is_char_boundary(last) {
            last -= 1;
        }
        (found, self.covering(last.saturating_sub(self.base), behind))
    }

    /// How to name the token at `found`.
    pub(super) fn found(&self, found: usize) -> String {
        let rest = &self.prepared[found.min(self.prepared.len())..];
        if rest.is_empty() {
            return if self.depth > 0 { "the end of `${…}`".to_owned() } else { "the end of the file".to_owned() };
        }
        let written = self.text.get(self.covering(found, found + token_length(rest)).range()).unwrap_or_default();
        if rest.starts_with('"') && written.chars().count() > 24 {
            "a string".to_owned()
        } else {
            format!("`{written}`")
        }
    }

    pub(super) fn at(&self, span: Span) -> Location {
        Location::new(self.file, span)
    }

    /// `expected …, found …` at a node that stands for what is not there.
    pub(super) fn missing(&mut self, node: &Node<'_>, what: &str) {
        let (found, span) = self.place(node.start());
        let message = format!("expected {what}, found {}", self.found(found));
        let mut diagnostic = Diagnostic::new(Code::PG001, self.at(span), message).label(format!("expected {what}"));
        diagnostic.fix = self.cure_missing(node, found);
        self.report(found, Rank::Missing, diagnostic);
    }

    /// An opening bracket that nothing closes before `node`.
    pub(super) fn unclosed(&mut self, opening: usize, node: &Node<'_>) {
        let found = self.start_behind(node.start());
        let opening = self.really_open(opening, found);
        let bracket = self.prepared[opening..].chars().next().unwrap_or('{');
        let closing = closing_of(bracket);
        let span = self.covering(opening, opening + bracket.len_utf8());
        let (_, at) = self.place(found);
        let mut diagnostic = Diagnostic::new(Code::PG008, self.at(span), format!("this `{bracket}` is never closed"))
            .label(format!("opened here, without a `{closing}`"))
            .also(self.at(at), format!("expected `{closing}` here, found {}", self.found(found)))
            .help(format!("write `{closing}` where it ends"));
        diagnostic.fix = self.cure_unclosed(opening, closing, found);
        self.report(found, Rank::Unclosed, diagnostic);
    }

    /// Of the blocks between `opening` and `end` the one that lacks its brace, by the look of it: the first whose closing
    /// brace begins a line further to the left than the line it was opened on.
    fn really_open(&self, opening: usize, end: usize) -> usize {
        if self.prepared.as_bytes().get(opening) != Some(&b'{') {
            return opening;
        }
        let first = self.braces.partition_point(|brace| *brace <= opening);
        let mut open = Vec::new();
        for brace in self.braces[first..].iter().copied().take_while(|brace| *brace < end) {
            if self.prepared.as_bytes()[brace] == b'{' {
                open.push(brace);
                continue;
            }
            let Some(innermost) = open.pop() else { return opening };
            let (indent, first_on_line) = self.indent(brace);
            if first_on_line && indent < self.indent(innermost).0 {
                return innermost;
            }
        }
        opening
    }

    /// How far the line of `offset` is indented, and whether `offset` is where its text begins.
    fn indent(&self, offset: usize) -> (usize, bool) {
        let line = self.prepared[..offset].rfind(['\n', '\u{1E}', '\u{1D}']).map_or(0, |end| end + 1);
        let blanks = self.prepared[line..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        (blanks, line + blanks == offset)
    }

    /// Something that fits nothing.
    pub(super) fn unexpected(&mut self, node: &Node<'_>, why: &str) {
        let start = node.start();
        let end = start + token_length(&self.prepared[start..]);
        let span = self.covering(start, end);
        let message = format!("unexpected {}{why}", self.found(start));
        let diagnostic = Diagnostic::new(Code::PG001, self.at(span), message).label("not expected here");
        self.report(start, Rank::Unexpected, diagnostic);
    }

    /// `as` inside `{…}` of an import.
    pub(super) fn renamed(&mut self, node: &Node<'_>) {
        let message = "unexpected `as`: what is imported by name keeps its name";
        let diagnostic = Diagnostic::new(Code::PG001, self.at(self.span(node)), message)
            .label("not expected here")
            .help("import the file under a name instead: `use \"./file.deploy\" as slo`, and write `slo.NAME`");
        self.report(node.start(), Rank::Unexpected, diagnostic);
    }

    /// Whether a clause of a step begins at `start`: its word, and something that is no comma and no end of a list.
    pub(super) fn begins_clause(&self, start: usize) -> bool {
        let rest = &self.prepared[start.min(self.prepared.len())..];
        let (word, behind) = rest.split_at(token_length(rest));
        let behind = behind.trim_start_matches(is_blank);
        matches!(word, "timeout" | "retry" | "effect" | "idempotent" | "when" | "undo" | "backoff")
            && !behind.starts_with([',', ')', ']', '}', ':', '.', '('])
    }

    /// A sign that stands where another one should.
    pub(super) fn instead(&mut self, node: &Node<'_>, meant: &str, why: &str) {
        let span = self.span(node);
        let written = node.as_str().trim_end();
        let diagnostic = Diagnostic::new(Code::PG001, self.at(span), format!("{why}, found `{written}`"))
            .label(format!("write `{}`", meant.trim()))
            .fix(format!("replace with `{}`", meant.trim()), span, meant);
        self.report(node.start(), Rank::Missing, diagnostic);
    }

    pub(super) fn report(&mut self, found: usize, rank: Rank, diagnostic: Diagnostic) {
        let behind = self.end_before(found);
        self.faults.report(self.base + found, self.base + behind, rank, diagnostic);
    }

    /// Reports a node that stands for something missing or swallowed; says nothing about any other.
    pub(super) fn note(&mut self, node: &Node<'_>) {
        if let Some(what) = expected_at(node.as_rule()) {
            self.missing(node, what);
        } else if matches!(node.as_rule(), Rule::bad_entry | Rule::bad_clause | Rule::bad_stmt | Rule::bad_item) {
            self.unexpected(node, "");
        }
    }

    /// The `///` lines right above `start` (an offset in the parsed piece).
    pub(super) fn doc(&self, start: usize) -> Option<String> {
        let mut index = self.comments.partition_point(|comment| (comment.at.start as usize) < start);
        let mut below = start;
        let mut lines = Vec::new();
        while let Some(comment) = index.checked_sub(1).map(|last| self.comments[last]) {
            let between = self.prepared.get(comment.at.end as usize..below);
            if !between.is_some_and(|between| between.chars().all(is_blank)) {
                break;
            }
            if comment.kind == CommentKind::Doc {
                let line = self.prepared[comment.at.range()].trim_end();
                let line = line.strip_prefix("///").unwrap_or(line);
                lines.push(line.strip_prefix(' ').unwrap_or(line));
            }
            below = comment.at.start as usize;
            index -= 1;
        }
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Remembers a piece that an allow may speak about, and gives its documentation.
    pub(super) fn declare(&mut self, node: &Node<'_>) -> (Span, Option<String>) {
        let span = self.span(node);
        self.targets.push(span);
        (span, self.doc(node.start()))
    }
}

/// White space of prepared text.
pub(super) fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | '\u{0C}' | '\u{1E}' | '\u{1D}')
}

fn closing_of(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        '<' => '>',
        _ => '}',
    }
}

const LONG_SIGNS: [&str; 11] = ["==", "!=", "<=", ">=", "&&", "||", "??", "..", "+-", "->", "=>"];

/// Bytes of the token that a text begins with: a word, a number, a string up to its first quote, a sign.
pub(super) fn token_length(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'"') => text[1..]
            .find(['"', '\n', '\u{1E}', '\u{1D}'])
            .map_or(text.len(), |inside| inside + 1 + usize::from(bytes[inside + 1] == b'"')),
        Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'_' => {
            text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
        }
        Some(_) if text.get(..2).is_some_and(|sign| LONG_SIGNS.contains(&sign)) => 2,
        _ => first,
    }
}

/// What should stand where a `missing_…` rule does.
fn expected_at(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::missing_name => "a name",
        Rule::missing_expr => "an expression",
        Rule::missing_type => "a type",
        Rule::missing_open => "`{`",
        Rule::missing_equals => "`=`",
        Rule::missing_colon => "`:`",
        Rule::missing_when => "`when` and a condition",
        Rule::missing_then => "`then`",
        Rule::missing_else => "`else`: an `if` in an expression needs both branches",
        Rule::missing_in => "`in` and a list",
        Rule::missing_at_once => "`at once`",
        Rule::missing_through => "`through` and the weights",
        Rule::missing_from => "`from`",
        Rule::missing_to => "`to`",
        Rule::missing_at => "`at` and a time",
        Rule::missing_run => "`run` and a pipeline",
        Rule::missing_title => "a title in quotes",
        Rule::missing_source => "`std` or a path in quotes",
        Rule::missing_imports => "`.{names}` or `as name`",
        Rule::missing_severity => "`critical`, `warning` or `info`",
        Rule::missing_given => "`step`, `undo`, `approval`, `resume`, `resolve`, `file`, `crash`, `start` or a metric",
        Rule::missing_expect => "`outcome`, `always`, `never`, `step`, `undone`, `notified` or a phase and its state",
        Rule::missing_outcome => "`= value`, `fails` or `takes` and a duration",
        Rule::missing_ran => "`ran` or `never ran`",
        Rule::missing_times => "`times`",
        _ => return None,
    })
}

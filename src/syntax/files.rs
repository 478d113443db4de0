//! Whole files: the way in.

use std::sync::Arc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::SourceFile;
use crate::base::span::{Location, Span};

use super::ast::{Allow, File, Item, ItemKind, Name};
use super::cures::Begins;
use super::faults::{Faults, Rank};
use super::grammar::{self, Concrete, Node, Rule};
use super::lower::Lower;
use super::nesting::DEEPEST;
use super::quotes::Quote;
use super::scan::{Comment, CommentKind, Scan, scan};

/// What a file says, and what is wrong with how it says it.
#[derive(Debug, Default)]
pub struct Parsed {
    pub file: File,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file. Never fails: what cannot be read is `Broken` in the tree and has a diagnostic.
#[must_use]
pub fn parse(source: &SourceFile) -> Parsed {
    parse_watched(source, &mut |_| {})
}

/// What reading a file is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Scan,
    Grammar,
    Lower,
}

/// As [`parse`], and tells `done` the end of every stage.
#[must_use]
pub fn parse_watched(source: &SourceFile, done: &mut dyn FnMut(Stage)) -> Parsed {
    parse_with(source, done, |_, _| ()).0
}

/// As [`parse`], with what `look` makes of the concrete tree; there is none of what nests too deep.
pub(super) fn parse_with<T>(
    source: &SourceFile,
    done: &mut dyn FnMut(Stage),
    look: impl FnOnce(&Scan, Option<&Concrete<'_>>) -> T,
) -> (Parsed, T) {
    let scan = scan(&source.text, true);
    done(Stage::Scan);
    let concrete = if scan.too_deep.is_none() { grammar::parse(Rule::file, &scan) } else { None };
    done(Stage::Grammar);
    let looked = look(&scan, concrete.as_ref());
    let mut faults = Faults::default();
    let mut lower = Lower::of_file(source, &scan, &mut faults);
    let file = match (scan.too_deep, &concrete) {
        (Some(at), _) => lower.too_deep(at),
        (None, Some(concrete)) => lower.file(concrete),
        (None, None) => lower.too_much(),
    };
    done(Stage::Lower);
    (Parsed { file, diagnostics: faults.finish() }, looked)
}

/// What was read at top level so far.
#[derive(Debug, Default)]
pub(super) struct Top {
    pub(super) items: Vec<Arc<Item>>,
    /// The latest one was a statement that should stand in a block, so the block has ended too early, and only the first
    /// sign of that is reported.
    pub(super) astray: bool,
    /// Where the latest `}` too many ends.
    stray: Option<usize>,
}

impl Top {
    fn push(&mut self, item: Item) {
        self.items.push(Arc::new(item));
    }
}

impl<'a> Lower<'a> {
    /// Of a whole file, with all that its bytes alone tell reported.
    pub(super) fn of_file(source: &'a SourceFile, scan: &'a Scan, faults: &'a mut Faults) -> Self {
        let mut lower = Self {
            file: source.id,
            text: &source.text,
            base: 0,
            prepared: &scan.prepared,
            comments: &scan.comments,
            braces: &scan.braces,
            faults,
            targets: Vec::new(),
            depth: 0,
            only_steps: false,
        };
        lower.report_scan(scan, 0);
        if let Some(bad) = source.first_bad_byte {
            lower.not_utf_8(bad);
        }
        lower
    }
}

impl Lower<'_> {
    /// Reports what the scan of a piece that begins at `base` found.
    pub(super) fn report_scan(&mut self, scan: &Scan, base: usize) {
        let moved = |span: Span| Span::new(base + span.start as usize, base + span.end as usize);
        for found in &scan.look_alikes {
            let at = moved(found.at);
            let character = self.text.get(at.range()).unwrap_or_default();
            let shown = if found.meant == " " {
                "a space that is not a plain one".to_owned()
            } else {
                format!("`{character}`")
            };
            let meant = if found.meant == " " { "a plain space".to_owned() } else { format!("`{}`", found.meant) };
            let message =
                if found.meant == " " { shown } else { format!("{shown} looks like {meant} but is another character") };
            let diagnostic = Diagnostic::new(Code::PG006, self.at(at), message).label(format!("write {meant}")).fix(
                format!("replace with {meant}"),
                at,
                found.meant,
            );
            self.faults.lexical(diagnostic);
        }
        for string in &scan.open_strings {
            self.open_string(moved(string.at), string.quote, string.hole.map(|hole| base + hole));
        }
        for comment in scan.comments.iter().filter(|comment| comment.kind == CommentKind::Open) {
            let start = base + comment.at.start as usize;
            self.faults.open_comment(start);
            let at = self.at(Span::new(start, start + 2));
            let diagnostic = Diagnostic::new(Code::PG003, at, "this comment is never closed")
                .label("opened here")
                .help("close it with `*/`; block comments do not nest");
            self.faults.lexical(diagnostic);
        }
    }

    fn open_string(&mut self, at: Span, quote: Quote, hole: Option<usize>) {
        if !self.faults.open_string(at) {
            return;
        }
        let (span, message, help) = match (hole, quote) {
            (Some(hole), _) => (
                Span::new(hole, hole + 2),
                "this `${` is never closed",
                "close it with `}`, or write `\\$` for a dollar sign",
            ),
            (None, Quote::Block) => (
                Span::new(at.start as usize, at.start as usize + 3),
                "this text block is never closed",
                "close it with `\"\"\"`",
            ),
            (None, _) => (
                at,
                "this string is not closed on its line",
                "close it with `\"`; a text over several lines stands in `\"\"\"`",
            ),
        };
        let mut diagnostic = Diagnostic::new(Code::PG002, self.at(span), message).label("opened here").help(help);
        let written = self.text.get(at.range()).unwrap_or_default().trim_end();
        let inside = written.trim_start_matches('r').strip_prefix('"').unwrap_or_default();
        // One word: the string ends where it does. Of several, some may be code.
        let is_word =
            !inside.is_empty() && !inside.contains(|c: char| c.is_whitespace() || "\"(){}[]<>,\\$".contains(c));
        if hole.is_none() && quote != Quote::Block && is_word {
            let end = at.start as usize + written.len();
            diagnostic = diagnostic.fix("close the string", Span::new(end, end), "\"");
        }
        self.faults.lexical(diagnostic);
    }

    fn not_utf_8(&mut self, bad: usize) {
        let width = self.text.get(bad..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let at = self.at(Span::new(bad, bad + width));
        let diagnostic = Diagnostic::new(Code::PG010, at, "the file is not UTF-8")
            .label("the first byte that is not")
            .help("save the file as UTF-8; the rest was read with `U+FFFD` in place of what is not");
        self.faults.lexical(diagnostic);
    }

    fn too_deep(&mut self, at: Span) -> File {
        let diagnostic =
            Diagnostic::new(Code::PG009, self.at(at), format!("more than {DEEPEST} blocks or parentheses deep"))
                .label("one too many")
                .help("move a part into a component, or name it with `let`; nothing of this file was read");
        self.faults.lexical(diagnostic);
        File { items: vec![Arc::new(self.broken_item())], allows: Vec::new() }
    }

    fn broken_item(&self) -> Item {
        Item { doc: None, at: Span::new(0, self.text.len()), kind: ItemKind::Broken }
    }

    fn too_much(&mut self) -> File {
        let at = Location::new(self.file, Span::new(0, self.text.len().min(1)));
        self.faults
            .lexical(Diagnostic::new(Code::PG009, at, "this file takes too much work to read").label("given up"));
        File { items: vec![Arc::new(self.broken_item())], allows: Vec::new() }
    }

    fn file(&mut self, concrete: &Concrete<'_>) -> File {
        let mut top = Top::default();
        self.items(concrete, &mut top);
        let allows = self.allows();
        File { items: top.items, allows }
    }

    /// Reads what stands at top level of a file or of a part of it.
    pub(super) fn items(&mut self, concrete: &Concrete<'_>, top: &mut Top) {
        for node in concrete.nodes().filter(|node| node.as_rule() == Rule::item) {
            self.item(node, top);
        }
    }

    fn item(&mut self, node: Node<'_>, top: &mut Top) {
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::stray_close => {
                    // Of several in a row on one line the first stands for all.
                    let at = self.span(&inner);
                    let between = top.stray.and_then(|end| self.text.get(end..at.start as usize));
                    let is_next = between.is_some_and(|between| between.chars().all(|c| c == ' ' || c == '\t'));
                    if !top.astray && !is_next {
                        self.unexpected(&inner, ": no block is open here");
                    }
                    top.stray = Some(at.end as usize);
                }
                Rule::misplaced => {
                    self.misplaced(inner, top);
                    top.astray = true;
                }
                Rule::bad_item => {
                    let (at, _) = self.declare(&inner);
                    self.bad_item(inner);
                    top.push(Item { doc: None, at, kind: ItemKind::Broken });
                }
                _ => {
                    let (at, doc) = self.declare(&inner);
                    // Without its opening brace, what was meant for its block follows at top level.
                    top.astray = inner.into_inner().any(|part| part.as_rule() == Rule::missing_open);
                    if let Some(kind) = self.item_kind(inner) {
                        top.push(Item { doc, at, kind });
                    }
                }
            }
        }
    }

    /// A statement at top level: it is taken for one of the pipeline or component above it.
    fn misplaced(&mut self, node: Node<'_>, top: &mut Top) {
        let at = self.span(&node);
        let start = node.start();
        if !top.astray {
            let word: String = node.as_str().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let span = Span::new(start, start + word.len());
            let diagnostic = Diagnostic::new(Code::PG112, self.at(span), format!("`{word}` cannot stand at top level"))
                .label("belongs into a pipeline or a phase")
                .help("is a `}` too many above it?");
            self.report(start, Rank::Missing, diagnostic);
        }
        let mut statements: Vec<_> = node.into_inner().map(|inner| self.statement(inner, None)).collect();
        match top.items.last_mut().map(|item| &mut Arc::make_mut(item).kind) {
            Some(ItemKind::Pipeline(pipeline)) => pipeline.body.statements.append(&mut statements),
            Some(ItemKind::Component(component)) => component.body.statements.append(&mut statements),
            _ => top.push(Item { doc: None, at, kind: ItemKind::Broken }),
        }
    }

    fn bad_item(&mut self, node: Node<'_>) {
        let start = node.start();
        let word: String = node.as_str().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let why = ": expected a declaration such as `pipeline`, `metrics` or `use`";
        let span = self.covering(start, start + word.len());
        let message = format!("unexpected `{word}`{why}");
        let diagnostic = Diagnostic::new(Code::PG001, self.at(span), message).label("not expected here");
        let diagnostic = self.suggest_keyword(diagnostic, &word, span, Begins::Declaration);
        if word.is_empty() {
            self.unexpected(&node, why);
        } else {
            self.report(start, Rank::Unexpected, diagnostic);
        }
        for inner in node.into_inner() {
            if inner.as_rule() == Rule::block {
                self.block(inner);
            }
        }
    }

    /// The comments that silence a warning, each with the statement below it.
    pub(super) fn allows(&mut self) -> Vec<Allow> {
        let mut targets = std::mem::take(&mut self.targets);
        let comments = self.comments;
        let said: Vec<(&Comment, &str)> =
            comments.iter().filter_map(|comment| Some((comment, self.said_in(comment)?))).collect();
        if !said.is_empty() {
            targets.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        }
        said.into_iter().map(|(comment, said)| self.allow(comment, said, &targets)).collect()
    }

    /// What is said to this program in a comment.
    fn said_in(&self, comment: &Comment) -> Option<&str> {
        let written = self.text.get(comment.at.range())?;
        written.trim_start_matches('/').trim_start_matches('*').trim_start().strip_prefix("phasegate:")
    }

    fn allow(&self, comment: &Comment, said: &str, targets: &[Span]) -> Allow {
        let opening = said.find('(').filter(|at| said[..*at].trim() == "allow");
        let (codes, reason) = match opening.map(|at| said[at + 1..].split_once(')').unwrap_or((&said[at + 1..], ""))) {
            Some((codes, reason)) => (self.codes(codes), reason.trim().trim_end_matches("*/").trim().to_owned()),
            None => (Vec::new(), said.trim().to_owned()),
        };
        let next = self.start_behind(comment.at.end as usize);
        let index = targets.partition_point(|span| (span.start as usize) < next);
        let target = targets.get(index).copied().filter(|span| span.start as usize == next);
        Allow { at: comment.at, codes, reason, target }
    }

    /// `PG410, PG411`, a slice of the source.
    fn codes(&self, written: &str) -> Vec<Name> {
        let start = written.as_ptr() as usize - self.text.as_ptr() as usize;
        let mut at = start;
        let mut found = Vec::new();
        for part in written.split(',') {
            let code = part.trim();
            let from = at + part.len() - part.trim_start().len();
            if !code.is_empty() {
                found.push(Name { text: code.to_owned(), at: Span::new(from, from + code.len()) });
            }
            at += part.len() + 1;
        }
        found
    }
}

//! From a document to text.

use super::document::{Break, Group, INSIDE, Op, WIDEST, columns};
use super::measure::{Measure, first_line, last_line};

/// Prints a document over `text`, ending in a line break unless it is empty.
pub(super) fn print(ops: &[Op], measure: &Measure, text: &str) -> String {
    let mut printer = Printer {
        ops,
        measure,
        text,
        out: String::with_capacity(text.len() + text.len() / 8),
        column: 0,
        indent: 0,
        line_indent: Some(0),
        closers: Closers::None,
        open: Vec::new(),
    };
    for index in 0..ops.len() {
        printer.op(index);
    }
    let mut out = printer.out;
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

struct Printer<'a> {
    ops: &'a [Op],
    measure: &'a Measure,
    text: &'a str,
    out: String,
    column: u32,
    indent: u32,
    /// The indentation of the line, when nothing of it has been written yet.
    line_indent: Option<u32>,
    closers: Closers,
    open: Vec<Mode>,
}

/// What the line holds so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closers {
    /// Nothing.
    None,
    /// Closing brackets.
    Only,
    /// Something else.
    No,
}

#[derive(Clone, Copy)]
struct Mode {
    end: usize,
    broken: bool,
    /// Its clauses go on behind closing brackets.
    hangs: bool,
}

impl Printer<'_> {
    fn op(&mut self, index: usize) {
        match self.ops[index] {
            Op::Text { start, end } => self.write(&self.text[start as usize..end as usize]),
            Op::Word(word) => self.write(word),
            Op::Lines { start, end } => {
                let text = &self.text[start as usize..end as usize];
                self.write(text);
                self.column = last_line(text);
            }
            Op::Remark { start, end } => {
                self.write("  ");
                self.write(&self.text[start as usize..end as usize]);
            }
            Op::Space => self.blanks(1),
            Op::Comma if self.is_broken() => self.write(","),
            Op::Pad(width) if self.is_broken() => self.blanks(u32::from(width)),
            Op::Comma | Op::Pad(_) => {}
            Op::Break { kind, blank } => self.line_or_blank(index, kind, blank),
            Op::Hard { blank } => self.line(blank),
            Op::Open { kind, end } => {
                let end = end as usize;
                let broken = !self.fits(index, end, kind);
                self.open.push(Mode { end, broken, hangs: false });
            }
            Op::Close => drop(self.open.pop()),
            Op::Indent(width) => self.indent += u32::from(width),
            Op::Dedent(width) => self.indent = self.indent.saturating_sub(u32::from(width)),
        }
    }

    fn is_broken(&self) -> bool {
        self.open.last().is_none_or(|mode| mode.broken)
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(indent) = self.line_indent.take() {
            self.out.extend(std::iter::repeat_n(' ', indent as usize));
        }
        let closes = matches!(text, ")" | "]" | "}") && self.closers != Closers::No;
        self.closers = if closes { Closers::Only } else { Closers::No };
        self.out.push_str(text);
        self.column = self.column.saturating_add(columns(text));
    }

    fn blanks(&mut self, count: u32) {
        if self.line_indent.is_none() {
            self.out.extend(std::iter::repeat_n(' ', count as usize));
            self.column += count;
        }
    }

    fn line(&mut self, blank: bool) {
        if !self.out.is_empty() {
            self.out.push_str(if blank { "\n\n" } else { "\n" });
        }
        self.column = self.indent;
        self.line_indent = Some(self.indent);
        self.closers = Closers::None;
    }

    fn line_or_blank(&mut self, index: usize, kind: Break, blank: bool) {
        let flat = !self.is_broken()
            || match kind {
                Break::Soft | Break::Line => false,
                Break::Clause => self.hangs(index),
                Break::Fill => self.column + 1 + self.measure.to_break(index + 1) <= WIDEST,
            };
        match (flat, kind) {
            (false, _) => self.line(blank),
            (true, Break::Soft) => {}
            (true, _) => self.blanks(1),
        }
    }

    /// Whether the clauses of the innermost group go on on a line that holds nothing but closing brackets so far.
    fn hangs(&mut self, index: usize) -> bool {
        let Some(mode) = self.open.last().copied() else { return false };
        if mode.hangs {
            return true;
        }
        let measure = self.measure;
        let rest = measure.flat(index, mode.end).saturating_add(measure.to_break(mode.end));
        let plain = !measure.is_forced(index, mode.end) && !measure.is_tall(index, mode.end);
        let hangs = self.closers == Closers::Only && plain && self.column.saturating_add(rest) <= WIDEST;
        if let Some(mode) = self.open.last_mut() {
            mode.hangs = hangs;
        }
        hangs
    }

    fn fits(&self, from: usize, to: usize, kind: Group) -> bool {
        if !self.is_broken() {
            return true;
        }
        let measure = self.measure;
        if measure.is_forced(from, to) {
            return false;
        }
        let column = if measure.is_tall(from, to) {
            self.column_behind(from, to)
        } else {
            Some(self.column.saturating_add(measure.flat(from, to)))
        };
        let fits = column.is_some_and(|column| column.saturating_add(measure.to_break(to)) <= WIDEST);
        // The brackets are two columns, and a comma comes behind the word.
        fits || (kind == Group::Sole && self.indent + u32::from(INSIDE) + measure.flat(from, to) - 1 > WIDEST)
    }

    /// Where a stretch with tall texts ends when none of its breaks is one; nothing if one of its lines is too long.
    fn column_behind(&self, from: usize, to: usize) -> Option<u32> {
        let mut column = self.column;
        for index in from..to {
            if let Op::Lines { start, end } = self.ops[index] {
                let text = &self.text[start as usize..end as usize];
                if column.saturating_add(first_line(text)) > WIDEST {
                    return None;
                }
                column = last_line(text);
            } else {
                column = column.saturating_add(self.measure.flat(index, index + 1));
                if column > WIDEST {
                    return None;
                }
            }
        }
        Some(column)
    }
}

//! What depends on neighbours: columns of `=` and `{` in a run of lines, and the empty lines between items.
//!
//! A run is a row of entries of one kind without an empty line between them. It is aligned only if each of its entries
//! stands on one line, also when aligned; an entry that does not ends the run, so that one long line moves no others.

use super::document::{Op, WIDEST};
use super::measure::Measure;
use crate::syntax::tree::Rule;

#[derive(Debug, Default)]
pub(super) struct Runs {
    entries: Vec<Entry>,
    items: Vec<Item>,
    /// Where the line breaks between items are, by the item behind them.
    breaks: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: Rule,
    /// What it is an entry of.
    parent: usize,
    indent: u32,
    from: usize,
    /// The `Pad` in it.
    pad: usize,
    to: usize,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    kind: Option<Rule>,
    from: usize,
    to: usize,
}

/// An entry that has been begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) kind: Rule,
    pub(super) parent: usize,
    pub(super) indent: u32,
    pub(super) from: usize,
}

impl Runs {
    /// Adds an entry, the `Pad` of which is at `pad` and which ends before `to`.
    pub(super) fn entry(&mut self, begun: Begun, pad: usize, to: usize) {
        let Begun { kind, parent, indent, from } = begun;
        self.entries.push(Entry { kind, parent, indent, from, pad, to });
    }

    pub(super) fn item(&mut self, kind: Option<Rule>, from: usize, to: usize) {
        self.items.push(Item { kind, from, to });
    }

    /// The line break at `op` stands before the next item.
    pub(super) fn between_items(&mut self, op: usize) {
        self.breaks.push((op, self.items.len()));
    }

    /// Sets the padding and the empty lines in `ops`.
    pub(super) fn settle(&mut self, ops: &mut [Op], measure: &Measure) {
        for (op, next) in &self.breaks {
            let pair = next.checked_sub(1).map(|before| (self.items.get(before), self.items.get(*next)));
            if let (Some((Some(before), Some(behind))), Op::Hard { blank }) = (pair, &mut ops[*op]) {
                let alike = before.kind.is_some() && before.kind == behind.kind;
                *blank |= !(alike && is_short(*before, measure) && is_short(*behind, measure));
            }
        }
        // An entry ends behind those inside it.
        self.entries.sort_by_key(|entry| (entry.parent, entry.from));
        let mut rest = self.entries.as_slice();
        while !rest.is_empty() {
            let pairs = rest.iter().zip(rest.iter().skip(1));
            let length = 1 + pairs.take_while(|(entry, next)| continues(**entry, **next, ops, measure)).count();
            let (run, behind) = rest.split_at(length);
            align(run, ops, measure);
            rest = behind;
        }
    }
}

fn is_short(item: Item, measure: &Measure) -> bool {
    !measure.is_forced(item.from, item.to)
        && !measure.is_tall(item.from, item.to)
        && measure.flat(item.from, item.to) <= WIDEST
}

/// Whether two entries stand on lines below one another, with nothing but a line break between.
fn continues(entry: Entry, next: Entry, ops: &[Op], measure: &Measure) -> bool {
    let between = ops.get(entry.to..next.from).unwrap_or_default();
    let no_blank = |op: &Op| !matches!(op, Op::Hard { blank: true } | Op::Break { blank: true, .. });
    (entry.kind, entry.parent) == (next.kind, next.parent)
        && between.iter().all(no_blank)
        && is_one_line(entry, measure)
        && is_one_line(next, measure)
}

fn is_one_line(entry: Entry, measure: &Measure) -> bool {
    !measure.is_forced(entry.from, entry.to)
        && !measure.is_tall(entry.from, entry.to)
        && entry.indent + measure.flat(entry.from, entry.to) < WIDEST
}

fn align(run: &[Entry], ops: &mut [Op], measure: &Measure) {
    let head = |entry: &Entry| measure.flat(entry.from, entry.pad);
    let widest = run.iter().map(head).max().unwrap_or(0);
    let padding = |entry: &Entry| widest - head(entry);
    let fits = |entry: &Entry| entry.indent + measure.flat(entry.from, entry.to) + padding(entry) < WIDEST;
    if run.len() < 2 || !run.iter().all(fits) {
        return;
    }
    for entry in run {
        ops[entry.pad] = Op::Pad(u16::try_from(padding(entry)).unwrap_or(0));
    }
}

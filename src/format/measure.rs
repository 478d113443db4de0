//! How wide every stretch of a document is, in one pass each way, so that every question is answered at once.

use super::document::{Break, Op, columns};

/// Sums over the operations of a document; entry `i` speaks about those before `i`.
#[derive(Debug)]
pub(super) struct Measure {
    flat: Vec<u32>,
    forced: Vec<u32>,
    /// Texts with line breaks in them.
    tall: Vec<u32>,
    /// Columns from an operation to the next place where the line may break.
    to_break: Vec<u32>,
}

impl Measure {
    pub(super) fn new(ops: &[Op], text: &str) -> Self {
        let count = ops.len() + 1;
        let mut measure = Self {
            flat: Vec::with_capacity(count),
            forced: Vec::with_capacity(count),
            tall: Vec::with_capacity(count),
            to_break: Vec::new(),
        };
        let (mut flat, mut forced, mut tall) = (0u32, 0u32, 0u32);
        for op in ops {
            measure.flat.push(flat);
            measure.forced.push(forced);
            measure.tall.push(tall);
            flat = flat.saturating_add(flat_width(*op, text));
            forced += u32::from(matches!(op, Op::Hard { .. }));
            tall += u32::from(matches!(op, Op::Lines { .. }));
        }
        measure.flat.push(flat);
        measure.forced.push(forced);
        measure.tall.push(tall);
        measure
    }

    /// Once padding is known.
    pub(super) fn look_ahead(&mut self, ops: &[Op], text: &str) {
        let mut to_break = vec![0u32; ops.len() + 1];
        for (index, op) in ops.iter().enumerate().rev() {
            let behind = to_break[index + 1];
            to_break[index] = match op {
                Op::Break { .. } | Op::Hard { .. } | Op::Remark { .. } => 0,
                Op::Lines { start, end } => first_line(&text[*start as usize..*end as usize]),
                Op::Comma => behind.saturating_add(1),
                Op::Pad(width) => behind.saturating_add(u32::from(*width)),
                _ => behind.saturating_add(self.flat(index, index + 1)),
            };
        }
        self.to_break = to_break;
    }

    /// Columns of the operations `from..to` on one line; tall texts count as nothing.
    pub(super) fn flat(&self, from: usize, to: usize) -> u32 {
        self.flat[to].saturating_sub(self.flat[from])
    }

    pub(super) fn is_forced(&self, from: usize, to: usize) -> bool {
        self.forced[to] > self.forced[from]
    }

    pub(super) fn is_tall(&self, from: usize, to: usize) -> bool {
        self.tall[to] > self.tall[from]
    }

    pub(super) fn to_break(&self, from: usize) -> u32 {
        self.to_break[from]
    }
}

fn flat_width(op: Op, text: &str) -> u32 {
    match op {
        Op::Text { start, end } => columns(&text[start as usize..end as usize]),
        Op::Word(word) => columns(word),
        Op::Space => 1,
        Op::Break { kind, .. } => u32::from(kind != Break::Soft),
        _ => 0,
    }
}

pub(super) fn first_line(text: &str) -> u32 {
    columns(text.split('\n').next().unwrap_or_default())
}

pub(super) fn last_line(text: &str) -> u32 {
    columns(text.rsplit('\n').next().unwrap_or_default())
}

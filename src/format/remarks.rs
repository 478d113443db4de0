//! Comments keep their place: behind the code of their line, or on lines of their own before what follows.

use super::document::{Break, Op};
use super::writer::{Last, Separation, Writer};
use crate::syntax::elements::Element;

/// A comment on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remark {
    start: u32,
    end: u32,
    /// Line breaks before it.
    newlines: u32,
    /// `//`: a line break has to follow.
    to_line_end: bool,
}

/// What has become of a gap while its comments are written.
struct Gap {
    wanted: Separation,
    /// The line on which the next token may stand has begun.
    begun: bool,
    /// A line break has to come next.
    breaks: bool,
}

impl Writer<'_> {
    pub(super) fn take_remark(&mut self, element: Element) {
        let text = &self.text[element.start as usize..element.end as usize];
        let to_line_end = text.starts_with("//");
        let kept = if to_line_end { text.trim_end() } else { text };
        let end = element.start + u32::try_from(kept.len()).unwrap_or(u32::MAX);
        self.remarks.push(Remark { start: element.start, end, newlines: self.newlines, to_line_end });
        self.newlines = 0;
    }

    pub(super) fn remarks_before_closer(&mut self, separation: Separation) -> Separation {
        let rest = if self.remarks.is_empty() { separation } else { self.write_remarks(separation, true) };
        // No empty line before a closing bracket.
        self.newlines = self.newlines.min(1);
        rest
    }

    /// Writes the comments at the end of the file.
    pub(super) fn last_remarks(&mut self) {
        if !self.remarks.is_empty() {
            self.write_remarks(Separation::Hard { blanks: true }, true);
        }
    }

    /// Writes the comments of the gap, and gives what still separates the next token from them.
    pub(super) fn write_remarks(&mut self, wanted: Separation, closes: bool) -> Separation {
        let mut remarks = std::mem::take(&mut self.remarks);
        let behind = self.newlines;
        let mut gap = Gap { wanted, begun: false, breaks: false };
        for (index, remark) in remarks.iter().enumerate() {
            let following = &remarks[index + 1..];
            let broken_behind = following.first().map_or(behind, |next| next.newlines) > 0;
            let on_line = following.iter().all(|next| next.newlines == 0 && !next.to_line_end);
            let leads = !closes && on_line && self.leads(wanted, behind > 0);
            self.write_remark(*remark, leads, &mut gap);
            gap.breaks = remark.to_line_end || (gap.begun && broken_behind);
        }
        remarks.clear();
        self.remarks = remarks;
        self.newlines = behind;
        match (gap.breaks, gap.begun) {
            (true, false) if wanted == Separation::Item => wanted,
            (true, _) => Separation::Hard { blanks: keeps_blanks(wanted) },
            (false, true) => Separation::Space,
            (false, false) => wanted,
        }
    }

    /// Whether a comment on the line of the last token belongs to the next one.
    fn leads(&self, wanted: Separation, broken_behind: bool) -> bool {
        let may_break = matches!(wanted, Separation::Break { kind: Break::Soft | Break::Line, .. });
        match self.last {
            Last::Opener { .. } if may_break => true,
            Last::Opener { .. } | Last::Comma => !broken_behind,
            _ => !broken_behind && matches!(wanted, Separation::Hard { .. } | Separation::Item),
        }
    }

    fn write_remark(&mut self, remark: Remark, leads: bool, gap: &mut Gap) {
        if self.last == Last::Start {
            gap.begun = true;
            self.last = Last::Other;
        } else if remark.newlines > 0 {
            self.newlines = remark.newlines;
            let first_of_item = gap.wanted == Separation::Item && !gap.begun;
            let hard = Separation::Hard { blanks: keeps_blanks(gap.wanted) };
            self.write_separation(if first_of_item { Separation::Item } else { hard });
            gap.begun = true;
            self.last = Last::Other;
        } else if gap.begun {
            self.ops.push(Op::Space);
        } else if remark.to_line_end {
            self.ops.push(Op::Remark { start: remark.start, end: remark.end });
            return;
        } else if leads {
            self.newlines = 0;
            self.write_separation(gap.wanted);
            gap.begun = true;
        } else if self.last != (Last::Opener { spaced: false }) {
            self.ops.push(Op::Space);
        }
        self.source(remark.start, remark.end);
    }
}

fn keeps_blanks(separation: Separation) -> bool {
    match separation {
        Separation::Break { blanks, .. } | Separation::Hard { blanks } => blanks,
        Separation::Item => true,
        Separation::Nothing | Separation::Space | Separation::Source { .. } => false,
    }
}

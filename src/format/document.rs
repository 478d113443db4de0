//! What is to be printed, before it is known where lines break: one flat row of operations.
//!
//! A group is printed on one line when it fits, with all that is in it; otherwise its breaks become line breaks, and
//! the groups inside are asked in turn. A forced line break breaks every group around it.

/// Columns that a line may have.
pub(super) const WIDEST: u32 = 100;

/// What lists, records and blocks are indented by.
pub(super) const INSIDE: u8 = 2;
/// What the rest of a statement is indented by when it goes on on another line.
pub(super) const GOES_ON: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// A stretch of the source that stands on one line.
    Text {
        start: u32,
        end: u32,
    },
    /// A stretch of the source with line breaks in it.
    Lines {
        start: u32,
        end: u32,
    },
    /// A `//` comment behind code: it takes no room, so that no code moves because of it.
    Remark {
        start: u32,
        end: u32,
    },
    Word(&'static str),
    Space,
    /// A comma, when the group it stands in is broken.
    Comma,
    Break {
        kind: Break,
        blank: bool,
    },
    /// A line break, and an empty line if `blank`.
    Hard {
        blank: bool,
    },
    /// Up to the operation at `end`, which closes it.
    Open {
        kind: Group,
        end: u32,
    },
    Close,
    Indent(u8),
    Dedent(u8),
    /// Blanks, when the group it stands in is broken.
    Pad(u16),
}

/// What a break is when its group is not broken, and how it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Nothing.
    Soft,
    /// A blank.
    Line,
    /// A blank. Behind a line of nothing but closing brackets it stays one, if all that follows fits.
    Clause,
    /// A blank. It breaks only if what stands before the next break does not fit.
    Fill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Ordinary,
    /// Brackets around one long word: broken only if that makes it fit.
    Sole,
}

/// Columns of a text without line breaks.
pub(super) fn columns(text: &str) -> u32 {
    let count = if text.is_ascii() { text.len() } else { text.chars().count() };
    u32::try_from(count).unwrap_or(u32::MAX)
}

//! Collects what is wrong while the tree is read, and keeps one diagnostic for one cause.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::diagnostic::{Diagnostic, Fix, Label};
use crate::base::span::Span;

/// What counts more when several faults begin at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// An opening that nothing closes.
    Unclosed,
    /// Something that should stand here and does not.
    Missing,
    /// Something that should not stand here.
    Unexpected,
}

/// Faults by the place of the token they are about.
#[derive(Debug, Default)]
pub(super) struct Faults {
    lexical: Vec<Diagnostic>,
    by_place: BTreeMap<usize, (Rank, Diagnostic)>,
    /// Strings that are not closed: whatever is found missing right behind one is its echo.
    open_strings: Vec<Span>,
    /// Where a comment begins that is not closed: what is missing behind it may stand in it.
    open_comment: Option<usize>,
    /// How often something was wrong, reported or not.
    told: usize,
}

impl Faults {
    /// Grows with all that is wrong: while it does not, nothing is.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    pub(super) fn lexical(&mut self, diagnostic: Diagnostic) {
        self.told += 1;
        self.lexical.push(diagnostic);
    }

    /// Reports unless the same was said somewhere else in the file.
    pub(super) fn lexical_once(&mut self, diagnostic: Diagnostic) {
        self.told += 1;
        if !self.lexical.iter().any(|known| known.code == diagnostic.code) {
            self.lexical.push(diagnostic);
        }
    }

    /// False when it is part of another one that is not closed.
    pub(super) fn open_string(&mut self, at: Span) -> bool {
        self.told += 1;
        let is_inner = self.open_strings.iter().any(|outer| outer.start < at.start && at.start < outer.end);
        self.open_strings.push(at);
        !is_inner
    }

    pub(super) fn open_comment(&mut self, start: usize) {
        self.told += 1;
        self.open_comment.get_or_insert(start);
    }

    /// Reports what is wrong at the token that begins at `place`; `behind` is where the token before it ends.
    pub(super) fn report(&mut self, place: usize, behind: usize, rank: Rank, diagnostic: Diagnostic) {
        self.told += 1;
        // The blanks at its end belong to the string.
        let is_echo = |string: &Span| (string.start as usize) < behind && behind <= string.end as usize;
        let in_comment = self.open_comment.is_some_and(|start| start <= place);
        if in_comment || self.open_strings.iter().any(is_echo) {
            return;
        }
        match self.by_place.get_mut(&place) {
            None => {
                self.by_place.insert(place, (rank, diagnostic));
            }
            Some((Rank::Unclosed, first)) if rank == Rank::Unclosed => {
                first.fix = both(first.fix.take(), diagnostic.fix);
                first.labels.push(Label { at: diagnostic.at, message: "nor is this one".to_owned() });
            }
            Some(kept) if rank < kept.0 => *kept = (rank, diagnostic),
            Some(_) => {}
        }
    }

    /// Everything, in the order of the text.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let starts: BTreeSet<u32> = self.lexical.iter().map(|diagnostic| diagnostic.at.span.start).collect();
        let told = self.by_place.into_values().map(|(_, diagnostic)| diagnostic);
        let mut all: Vec<Diagnostic> = told.filter(|diagnostic| !starts.contains(&diagnostic.at.span.start)).collect();
        all.extend(self.lexical);
        all.sort_by_key(|diagnostic| (diagnostic.at.span.start, diagnostic.code));
        all
    }
}

/// What closes both: the inner one, which is reported first, and the outer one behind it.
fn both(inner: Option<Fix>, outer: Option<Fix>) -> Option<Fix> {
    let (mut inner, outer) = (inner?, outer?);
    let (last, more) = (inner.edits.last_mut()?, outer.edits.first()?);
    if last.span != more.span {
        return None;
    }
    last.text.push_str(&more.text);
    inner.title = format!("insert `{}`", last.text);
    Some(inner)
}

//! What is kept as it is: every statement or item that does not parse, but for the blocks in it.

use super::items::{holds_entries, holds_statements};
use crate::base::diagnostic::{Code, Diagnostic};
use crate::syntax::elements::Element;
use crate::syntax::tree::{Rule, SyntaxKind};

/// Which of the elements are kept; nothing when all is well.
pub(super) fn kept(elements: &[Element], diagnostics: &[Diagnostic]) -> Vec<bool> {
    if diagnostics.is_empty() {
        return Vec::new();
    }
    let mut offsets: Vec<(u32, bool)> = diagnostics
        .iter()
        .map(|diagnostic| {
            let whole = matches!(diagnostic.code, Code::PG002 | Code::PG003);
            (diagnostic.at.span.start, whole)
        })
        .collect();
    offsets.sort_unstable();
    let mut search = Search { elements, kept: vec![false; elements.len()], around: Vec::new(), pointed: &offsets };
    for index in 0..elements.len() {
        search.look(index);
    }
    search.kept
}

struct Search<'a> {
    elements: &'a [Element],
    kept: Vec<bool>,
    /// The elements around the one that is looked at, the outermost first.
    around: Vec<usize>,
    /// Where diagnostics point that have not been reached, and whether they spoil a whole item.
    pointed: &'a [(u32, bool)],
}

impl Search<'_> {
    fn look(&mut self, index: usize) {
        while self.around.last().is_some_and(|outer| self.elements[*outer].next as usize <= index) {
            self.around.pop();
        }
        let element = self.elements[index];
        self.around.push(index);
        if let SyntaxKind::Rule(rule) = element.kind
            && let Some(whole) = spoils(rule, element)
        {
            self.spoil(whole);
        }
        let leaf = element.next as usize == index + 1;
        while leaf && let Some((offset, whole)) = self.pointed.first().copied() {
            if offset >= element.end {
                break;
            }
            self.spoil(whole || self.begins_entry(offset));
            self.pointed = &self.pointed[1..];
        }
    }

    /// Whether an entry of an environment or of metrics begins here: then the comma before it may be missing.
    fn begins_entry(&self, offset: u32) -> bool {
        let is_entry = |index: &usize| {
            matches!(self.elements[*index].kind, SyntaxKind::Rule(Rule::environment_entry | Rule::metric_field))
        };
        self.around.iter().any(|index| is_entry(index) && self.elements[*index].start == offset)
    }

    /// Keeps the innermost statement around, or the item.
    fn spoil(&mut self, whole: bool) {
        let rule = |index: usize| match self.elements[index].kind {
            SyntaxKind::Rule(rule) => Some(rule),
            _ => None,
        };
        let mut found = None;
        for (place, index) in self.around.iter().enumerate().rev() {
            let outer = place.checked_sub(1).and_then(|outer| rule(self.around[outer]));
            let is_item = rule(*index) == Some(Rule::item);
            let is_unit = outer == Some(Rule::item) || outer.is_some_and(holds_statements);
            let is_entry = matches!(rule(*index), Some(Rule::environment_entry | Rule::metric_field));
            let is_part = self.elements[*index].next as usize > *index + 1;
            // What is between entries belongs to none of them.
            let stray = outer.is_some_and(holds_entries) && !is_entry;
            if is_item || (!whole && !stray && is_part && (is_unit || is_entry)) {
                found = Some(*index);
                break;
            }
            if stray && !whole {
                return self.spoil(true);
            }
        }
        if let Some(index) = found {
            self.kept[index] = true;
        }
    }
}

/// Whether this element cannot be read, and if so, whether that spoils the whole item.
fn spoils(rule: Rule, element: Element) -> Option<bool> {
    match rule {
        Rule::missing_brace | Rule::missing_open | Rule::misplaced | Rule::stray_close | Rule::bad_item => Some(true),
        Rule::bad_stmt | Rule::bad_clause | Rule::bad_entry | Rule::wrong_equals | Rule::wrong_colon => Some(false),
        Rule::file | Rule::EOI => None,
        _ => (element.start == element.end).then_some(false),
    }
}

//! What stands in brackets: on one line, or one element to a line with a comma behind the last.

use super::document::{Break, Group, INSIDE, Op};
use super::writer::{Separation, Writer};
use crate::syntax::tree::Rule;

/// How a list looks.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// Blanks inside of its brackets when it stands on one line.
    spaced: bool,
    /// Broken, whether it fits or not.
    broken: bool,
    /// A comma behind the last element when it is broken.
    comma: bool,
}

impl Writer<'_> {
    /// Braces with fields: they stay broken when the source begins them on a line of their own.
    pub(super) fn fields(&mut self, index: usize) {
        let broken = self.begins_line(index + 1);
        self.list(index + 1, self.next(index), Look { spaced: true, broken, comma: true });
    }

    /// The entries of an environment or of metrics.
    pub(super) fn entries(&mut self, index: usize) {
        let broken = self.text_of(index).contains('\n');
        let comma = self.rule(index) == Some(Rule::environment_block);
        self.list(index + 1, self.next(index), Look { spaced: true, broken, comma });
    }

    /// A list, or the arguments of a call.
    pub(super) fn elements(&mut self, index: usize) {
        let look = Look { spaced: false, broken: false, comma: true };
        match self.only_element(index) {
            Some(only) if self.is_bracketed(only) && !self.has_comment(index) => self.embraced(index, only),
            Some(only) if self.is_word(only) => self.list_in(index + 1, self.next(index), look, Group::Sole),
            _ => self.list(index + 1, self.next(index), look),
        }
    }

    /// `{a, b}` behind `use std.`.
    pub(super) fn names(&mut self, opener: usize, end: usize) {
        self.list(opener, end, Look { spaced: false, broken: false, comma: true });
    }

    /// Whether the source has a line break right behind this bracket.
    fn begins_line(&self, opener: usize) -> bool {
        let behind = &self.text[self.element(opener).end as usize..];
        let blanks = behind.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        behind.as_bytes().get(blanks) == Some(&b'\n')
    }

    fn list(&mut self, opener: usize, end: usize, look: Look) {
        self.list_in(opener, end, look, Group::Ordinary);
    }

    fn list_in(&mut self, opener: usize, end: usize, look: Look, group: Group) {
        self.open(group);
        self.token(opener);
        self.indent(INSIDE);
        let between = look.separation(Break::Line);
        let edge = look.separation(if look.spaced { Break::Line } else { Break::Soft });
        let mut wanted = edge;
        let mut at = opener + 1;
        let mut empty = true;
        while at < end {
            let next = self.next(at);
            if !self.trivia(at) {
                if next == end {
                    self.end_list(at, edge, empty, look);
                } else if self.rule(at) == Some(Rule::comma) {
                    self.comma(at, end);
                } else {
                    self.separation = wanted;
                    self.element_of_list(at, opener);
                    (wanted, empty) = (between, false);
                }
            }
            at = next;
        }
        self.close();
    }

    fn end_list(&mut self, closer: usize, edge: Separation, empty: bool, look: Look) {
        if !empty {
            if look.comma {
                self.ops.push(Op::Comma);
            }
            return self.closer(closer, INSIDE, edge);
        }
        let remarked = !self.remarks.is_empty();
        let separation = if remarked && look.spaced { Separation::Space } else { Separation::Nothing };
        self.closer(closer, INSIDE, separation);
    }

    /// A comma of the source; the one behind the last element is left out.
    fn comma(&mut self, index: usize, end: usize) {
        let mut behind = self.next(index);
        while behind < end && self.is_trivia(behind) {
            behind = self.next(behind);
        }
        if behind < end && self.next(behind) < end {
            self.separation = Separation::Nothing;
            self.token(index);
        }
    }

    fn element_of_list(&mut self, index: usize, list: usize) {
        match self.rule(index) {
            Some(Rule::environment_entry | Rule::metric_field) => self.unit(index, list),
            _ => self.part(index),
        }
    }

    /// The element, if there is exactly one.
    fn only_element(&self, index: usize) -> Option<usize> {
        let mut elements = self.parts(index).filter(|part| {
            !matches!(self.text_of(*part), "(" | ")" | "[" | "]") && self.rule(*part) != Some(Rule::comma)
        });
        elements.next().filter(|_| elements.next().is_none())
    }

    /// What an argument or element is made of, if it is one thing.
    fn sole_operand(&self, index: usize) -> Option<usize> {
        let mut at = index;
        while matches!(self.rule(at), Some(Rule::arg | Rule::expr | Rule::operand)) {
            let mut parts = self.parts(at);
            at = parts.next().filter(|_| parts.next().is_none())?;
        }
        Some(at)
    }

    fn is_bracketed(&self, element: usize) -> bool {
        let rule = self.sole_operand(element).and_then(|operand| self.rule(operand));
        matches!(rule, Some(Rule::list | Rule::record))
    }

    fn is_word(&self, element: usize) -> bool {
        let operand = self.sole_operand(element);
        operand.is_some_and(|operand| self.rule(operand) == Some(Rule::string))
    }

    fn has_comment(&self, index: usize) -> bool {
        let mut at = index + 1;
        while at < self.next(index) {
            if self.is_trivia(at) && self.text_of(at).starts_with('/') {
                return true;
            }
            at = self.next(at);
        }
        false
    }

    /// `f([…])`: the brackets inside are the ones that break.
    fn embraced(&mut self, index: usize, only: usize) {
        let end = self.next(index);
        let mut at = index + 1;
        while at < end {
            if !self.trivia(at) && self.rule(at) != Some(Rule::comma) {
                self.separation = if at == index + 1 { self.separation } else { Separation::Nothing };
                if at == only { self.part(at) } else { self.token(at) }
            }
            at = self.next(at);
        }
    }
}

impl Look {
    fn separation(self, kind: Break) -> Separation {
        if self.broken { Separation::Hard { blanks: true } } else { Separation::Break { kind, blanks: true } }
    }
}

//! Expressions: a long one breaks before its loosest operators first.

use super::document::{Break, GOES_ON, Group, INSIDE};
use super::writer::{Separation, Writer};
use crate::syntax::tree::Rule;

const SOFT: Separation = Separation::Break { kind: Break::Soft, blanks: false };
const CLAUSE: Separation = Separation::Break { kind: Break::Clause, blanks: false };

impl Writer<'_> {
    pub(super) fn expression(&mut self, index: usize) {
        let parts: Vec<usize> = self.parts(index).collect();
        match parts.as_slice() {
            [] => {}
            [only] => self.inner(index + 1, *only),
            parts => {
                self.trivia_between(index + 1, parts[0]);
                self.chain(parts);
            }
        }
    }

    /// Operands with operators between them. Recursion ends with the levels of operators.
    fn chain(&mut self, parts: &[usize]) {
        let operators = parts.iter().skip(1).step_by(2);
        let Some(loosest) = operators.map(|part| looseness(self.text_of(*part))).min() else {
            return parts.iter().for_each(|part| self.part(*part));
        };
        self.open(Group::Ordinary);
        let mut from = 0;
        for at in (1..=parts.len()).step_by(2) {
            let ends = parts.get(at).is_none_or(|part| looseness(self.text_of(*part)) == loosest);
            if !ends {
                continue;
            }
            let operand = parts.get(from..at).unwrap_or_default();
            if from == 0 {
                self.chain(operand);
            } else {
                self.behind_operator(parts[from - 1], operand);
            }
            if let Some(operator) = parts.get(at) {
                self.trivia_between(self.next(parts[at - 1]), *operator);
            }
            from = at + 1;
        }
        self.close();
    }

    fn behind_operator(&mut self, operator: usize, operand: &[usize]) {
        let range = self.text_of(operator) == "..";
        self.indent(GOES_ON);
        self.separation = if range { Separation::Nothing } else { CLAUSE };
        self.operator(operator);
        self.separation = if range { Separation::Nothing } else { Separation::Space };
        if let Some(first) = operand.first() {
            self.trivia_between(self.next(operator), *first);
            self.chain(operand);
        }
        self.dedent(GOES_ON);
    }

    fn inner(&mut self, from: usize, only: usize) {
        self.trivia_between(from, only);
        self.part(only);
    }

    /// Writes an operator the one way it is written.
    pub(super) fn operator(&mut self, index: usize) {
        match self.text_of(index) {
            "±" => self.word("+-"),
            text if text.starts_with("not") => self.word("not in"),
            _ => self.token(index),
        }
    }

    pub(super) fn operand(&mut self, index: usize) {
        let mut at = index + 1;
        while at < self.next(index) {
            if !self.trivia(at) {
                self.part(at);
                if self.rule(at) == Some(Rule::prefix) && self.text_of(at) == "not" {
                    self.separation = Separation::Space;
                }
            }
            at = self.next(at);
        }
    }

    /// `(…)`
    pub(super) fn group(&mut self, index: usize) {
        let end = self.next(index);
        self.open(Group::Ordinary);
        let mut at = index + 1;
        while at < end {
            if !self.trivia(at) {
                if at == index + 1 {
                    self.token(at);
                    self.indent(INSIDE);
                } else if self.next(at) == end {
                    self.closer(at, INSIDE, SOFT);
                } else {
                    self.separation = SOFT;
                    self.part(at);
                }
            }
            at = self.next(at);
        }
        self.close();
    }

    /// `if … then … else …`
    pub(super) fn conditional(&mut self, index: usize) {
        self.open(Group::Ordinary);
        let mut at = index + 1;
        let mut opens = 0;
        let mut separation = self.separation;
        while at < self.next(index) {
            if !self.trivia(at) {
                if matches!(self.text_of(at), "then" | "else") && self.next(at) == at + 1 {
                    separation = CLAUSE;
                    self.indent(GOES_ON);
                    opens += 1;
                }
                self.separation = separation;
                self.part(at);
                separation = Separation::Space;
                if opens > 0 && self.rule(at) == Some(Rule::expr) {
                    self.dedent(GOES_ON);
                    opens -= 1;
                }
            }
            at = self.next(at);
        }
        (0..opens).for_each(|_| self.dedent(GOES_ON));
        self.close();
    }
}

/// From 0, the level of an operator.
fn looseness(operator: &str) -> u8 {
    match operator {
        "or" | "||" => 0,
        "and" | "&&" => 1,
        "??" => 3,
        "+-" | "±" | ".." => 4,
        "+" | "-" => 5,
        "*" | "/" => 6,
        _ => 2,
    }
}

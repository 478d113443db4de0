//! What statements are made of: clauses, expressions, types.

use super::document::{Break, GOES_ON, Group, Op};
use super::writer::{Separation, Writer};
use crate::syntax::tree::{Rule, SyntaxKind};

/// Words that may begin a statement when they begin a line.
const STATEMENTS: [&str; 28] = [
    "abort",
    "approve",
    "award",
    "criterion",
    "expect",
    "gate",
    "given",
    "hold",
    "let",
    "lock",
    "notify",
    "parallel",
    "param",
    "pause",
    "phase",
    "probe",
    "ramp",
    "recover",
    "require",
    "return",
    "rollback",
    "run",
    "step",
    "tier",
    "trip",
    "wait",
    "warn",
    "window",
];

impl Writer<'_> {
    /// Writes any part of a statement; the caller has said what separates it from what stands before.
    pub(super) fn part(&mut self, index: usize) {
        match self.rule(index) {
            Some(Rule::operator) => self.operator(index),
            _ if self.next(index) == index + 1 => self.token(index),
            Some(Rule::expr) => self.expression(index),
            Some(Rule::operand) => self.operand(index),
            Some(Rule::call | Rule::list | Rule::params) => self.elements(index),
            Some(Rule::record | Rule::type_record) => self.fields(index),
            Some(Rule::group) => self.group(index),
            Some(Rule::if_expr) => self.conditional(index),
            Some(Rule::use_names) => self.use_names(index),
            Some(Rule::output) => self.output(index),
            Some(Rule::weights | Rule::after_phases | Rule::alert_notify) => self.enumeration(index),
            Some(
                Rule::dotted
                | Rule::path
                | Rule::field
                | Rule::index
                | Rule::type_expr
                | Rule::type_ref
                | Rule::encoding,
            ) => self.tight(index),
            Some(Rule::type_args) => self.type_args(index),
            _ => self.spaced_until(index, self.next(index)),
        }
    }

    /// Parts with blanks between them, clauses with a break before each, up to the element `end`.
    pub(super) fn spaced_until(&mut self, index: usize, end: usize) {
        let mut at = index + 1;
        let mut separation = self.separation;
        let mut open = false;
        let mut before = None;
        while at < end {
            if !self.trivia(at) {
                let clause = before.is_some() && self.is_clause(at, index);
                if clause {
                    self.dedent(if open { GOES_ON } else { 0 });
                    self.indent(GOES_ON);
                    separation = Separation::Break { kind: Break::Clause, blanks: false };
                } else if before.is_some_and(|before| self.is_glued(before, at)) {
                    separation = Separation::Nothing;
                }
                self.separation = separation;
                self.part(at);
                if clause {
                    // What follows a keyword belongs to its clause.
                    open = self.next(at) == at + 1;
                    self.dedent(if open { 0 } else { GOES_ON });
                }
                before = Some(at);
                separation = Separation::Space;
            }
            at = self.next(at);
        }
        self.dedent(if open { GOES_ON } else { 0 });
    }

    fn is_clause(&self, index: usize, of: usize) -> bool {
        let keyword = match self.rule(of) {
            Some(Rule::freeze_item) => "to",
            Some(Rule::schedule_item) => "run",
            _ => "",
        };
        if matches!(self.rule(of), Some(Rule::retry_clause | Rule::then_value)) {
            return false;
        }
        self.rule(index).is_some_and(begins_clause) || (!keyword.is_empty() && self.text_of(index) == keyword)
    }

    /// Whether nothing stands between two parts.
    fn is_glued(&self, before: usize, index: usize) -> bool {
        let signs = matches!(self.text_of(index), "," | ":" | ")")
            || matches!(self.text_of(before), "(")
            || self.rule(index) == Some(Rule::optional);
        signs || matches!(self.rule(index), Some(Rule::params | Rule::threshold_param | Rule::use_names))
    }

    pub(super) fn tight(&mut self, index: usize) {
        let mut at = index + 1;
        while at < self.next(index) {
            if !self.trivia(at) {
                self.part(at);
            }
            at = self.next(at);
        }
    }

    /// Elements with commas and no brackets: as many on a line as fit.
    pub(super) fn enumeration(&mut self, index: usize) {
        let mut at = index + 1;
        let mut separation = Separation::Nothing;
        self.separate();
        self.indent(GOES_ON);
        while at < self.next(index) {
            if !self.trivia(at) {
                let comma = self.text_of(at) == ",";
                self.separation = if comma { Separation::Nothing } else { separation };
                self.part(at);
                separation = if comma && !self.begins_statement(self.next(at)) {
                    Separation::Break { kind: Break::Fill, blanks: false }
                } else {
                    Separation::Space
                };
            }
            at = self.next(at);
        }
        self.dedent(GOES_ON);
    }

    /// Whether the next part would be taken for a statement at the beginning of a line.
    fn begins_statement(&self, from: usize) -> bool {
        let mut at = from;
        while at < self.elements.len() && self.is_trivia(at) {
            at = self.next(at);
        }
        at < self.elements.len() && STATEMENTS.contains(&self.text_of(at))
    }

    fn type_args(&mut self, index: usize) {
        let mut at = index + 1;
        while at < self.next(index) {
            if !self.trivia(at) {
                self.part(at);
                if self.text_of(at) == "," {
                    self.separation = Separation::Space;
                }
            }
            at = self.next(at);
        }
    }

    /// `.name` or `.{a, b}`
    fn use_names(&mut self, index: usize) {
        let end = self.next(index);
        let mut at = index + 1;
        while at < end {
            if !self.trivia(at) {
                if self.text_of(at) == "{" {
                    return self.names(at, end);
                }
                self.token(at);
            }
            at = self.next(at);
        }
    }

    /// `-> TYPE`
    fn output(&mut self, index: usize) {
        let mut at = index + 1;
        let mut arrow = false;
        while at < self.next(index) {
            if !self.trivia(at) {
                if self.element(at).kind == SyntaxKind::Punctuation {
                    if !arrow {
                        self.word("->");
                    }
                    arrow = true;
                } else {
                    self.separation = Separation::Space;
                    self.part(at);
                }
            }
            at = self.next(at);
        }
    }

    /// The header of a signature of the library: on one line if it stands on one, else what it declares, and the brace of
    /// its block, on lines of their own.
    pub(super) fn signature(&mut self, index: usize, block: Option<usize>) {
        let end = block.unwrap_or_else(|| self.next(index));
        let header = self.parts(index).take_while(|part| *part < end).last().unwrap_or(index);
        let text = &self.text[self.element(index).start as usize..self.element(header).end as usize];
        let line = Separation::Break { kind: Break::Line, blanks: false };
        let declares = if text.contains('\n') { Separation::Hard { blanks: false } } else { line };
        self.open(Group::Ordinary);
        let mut at = index + 1;
        let mut separation = Separation::Nothing;
        let mut declared = false;
        while at < end {
            if !self.trivia(at) {
                let declaration = matches!(self.rule(at), Some(Rule::effect_clause | Rule::idempotent | Rule::builtin));
                self.separation = match self.rule(at) {
                    Some(Rule::params) => Separation::Nothing,
                    _ if declaration => declares,
                    _ => separation,
                };
                self.part(at);
                separation = Separation::Space;
                declared |= declaration;
            }
            at = self.next(at);
        }
        if block.is_some() && declared && self.remarks.is_empty() {
            self.ops.push(Op::Break { kind: Break::Line, blank: false });
            separation = Separation::Nothing;
        }
        self.close();
        self.separation = if block.is_some() { separation } else { Separation::Nothing };
    }

    /// An entry with `=`. Gives the place before it.
    pub(super) fn assigned(&mut self, index: usize) -> Option<usize> {
        let equals = self.parts(index).find(|part| self.text_of(*part) == "=")?;
        self.spaced_until(index, equals);
        self.separation = Separation::Space;
        self.separate();
        let pad = self.ops.len();
        self.ops.push(Op::Pad(0));
        self.token(equals);
        let mut at = self.next(equals);
        while at < self.next(index) {
            if !self.trivia(at) {
                self.separation = Separation::Space;
                self.part(at);
            }
            at = self.next(at);
        }
        Some(pad)
    }
}

fn begins_clause(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::after_phases
            | Rule::each_clause
            | Rule::when_clause
            | Rule::every_clause
            | Rule::lag_clause
            | Rule::for_clause
            | Rule::after_clause
            | Rule::missing_clause
            | Rule::else_clause
            | Rule::effect_clause
            | Rule::idempotent
            | Rule::timeout_clause
            | Rule::retry_clause
            | Rule::backoff_clause
            | Rule::undo_clause
            | Rule::failure_clause
            | Rule::by_clause
            | Rule::within_clause
            | Rule::else_word
            | Rule::at_clause
            | Rule::in_clause
            | Rule::weights
            | Rule::then_value
            | Rule::noise
            | Rule::because
            | Rule::before
            | Rule::expect_clause
    )
}

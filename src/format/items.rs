//! Files, items, and blocks of statements.

use super::document::{Break, Group, INSIDE, Op};
use super::runs::Begun;
use super::writer::{Last, Separation, Writer};
use crate::syntax::tree::Rule;

const HARD: Separation = Separation::Hard { blanks: true };

impl Writer<'_> {
    pub(super) fn file(&mut self) {
        let mut index = 1;
        let mut healthy = true;
        let end = self.next(0);
        while index < end {
            if !self.trivia(index) {
                let kept = self.is_kept(index) || self.rule(index) != Some(Rule::item);
                let first = self.last == Last::Start && self.remarks.is_empty();
                self.separation = match (first, kept || !healthy) {
                    (true, _) => Separation::Nothing,
                    (false, true) => self.beside_kept(index),
                    (false, false) => Separation::Item,
                };
                if kept {
                    self.keep_with_indent(index)
                } else {
                    self.item(index)
                }
                healthy = !kept;
            }
            index = self.next(index);
        }
        self.last_remarks();
    }

    /// Keeps an item with its indentation: what was meant for a block is recognised by it.
    fn keep_with_indent(&mut self, index: usize) {
        let element = self.element(index);
        let line = self.text[..element.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let blanks = &self.text[line..element.start as usize];
        let indented = blanks.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
        let start = if indented { u32::try_from(line).unwrap_or(element.start) } else { element.start };
        self.keep(start, element.end);
    }

    /// What separates something that is kept as it is from what stands before or behind it: what does in the source.
    fn beside_kept(&self, index: usize) -> Separation {
        if self.newlines > 0 || !self.remarks.is_empty() {
            return HARD;
        }
        let end = self.element(index).start;
        let blanks = self.text[..end as usize].trim_end_matches([' ', '\t']).len();
        Separation::Source { start: u32::try_from(blanks).unwrap_or(end), end }
    }

    fn item(&mut self, index: usize) {
        let Some(inner) = self.parts(index).next() else { return };
        self.separate();
        let from = self.ops.len();
        self.unit(inner, 0);
        let to = self.ops.len();
        self.runs.item(self.rule(inner), from, to);
    }

    /// Writes an item or a statement: its header, which breaks as one, and its block.
    pub(super) fn unit(&mut self, index: usize, parent: usize) {
        let kind = self.rule(index);
        self.separate();
        let begun = kind.map(|kind| Begun { kind, parent, indent: self.indent, from: self.ops.len() });
        match kind {
            _ if self.is_kept(index) => self.keep_header(index),
            Some(Rule::signature_item) => {
                let block = self.parts(index).find(|part| self.is_block(*part));
                self.signature(index, block);
                if let Some(block) = block {
                    self.block(block);
                }
            }
            Some(Rule::alert_notify) => {
                self.open(Group::Ordinary);
                self.enumeration(index);
                self.close();
            }
            Some(Rule::environment_entry | Rule::metric_field | Rule::channel_item) => {
                let pad = self.assigned(index);
                if let (Some(begun), Some(pad)) = (begun, pad) {
                    self.runs.entry(begun, pad, self.ops.len());
                }
            }
            _ => {
                let pad = self.headed(index);
                if let (Some(begun), Some(pad), Some(Rule::environment_item | Rule::on_stmt)) = (begun, pad, kind) {
                    self.runs.entry(begun, pad, self.ops.len());
                }
            }
        }
    }

    /// A header and, if there is one, a block. Gives the place before the block.
    fn headed(&mut self, index: usize) -> Option<usize> {
        let block = self.parts(index).find(|part| self.is_block(*part));
        self.open(Group::Ordinary);
        let end = block.unwrap_or_else(|| self.next(index));
        self.spaced_until(index, end);
        self.close();
        let block = block?;
        self.separation = Separation::Space;
        let pad = self.ops.len();
        self.ops.push(Op::Pad(0));
        self.block(block);
        Some(pad)
    }

    /// Keeps a header as it is; the block behind it is written as any other.
    fn keep_header(&mut self, index: usize) {
        let block = self.parts(index).find(|part| self.is_block(*part));
        let Some(block) = block else {
            let element = self.element(index);
            return self.keep(element.start, element.end);
        };
        let last = self.parts(index).take_while(|part| *part < block).last();
        if let Some(last) = last {
            self.keep(self.element(index).start, self.element(last).end);
            self.trivia_between(self.next(last), block);
            self.separation = Separation::Space;
        }
        self.block(block);
    }

    fn is_block(&self, index: usize) -> bool {
        self.rule(index).is_some_and(|rule| holds_statements(rule) || holds_entries(rule))
    }

    fn block(&mut self, index: usize) {
        if self.rule(index).is_some_and(holds_entries) {
            return self.entries(index);
        }
        let mut units = self.parts(index).filter(|part| self.next(*part) > *part + 1 || self.is_kept(*part));
        let only = units.next().filter(|_| units.next().is_none());
        let on_one_line = !self.text_of(index).contains('\n');
        let simple = only.is_some_and(|only| !self.is_kept(only) && !self.parts(only).any(|part| self.is_block(part)));
        if on_one_line && simple {
            self.open(Group::Ordinary);
            self.statements(index, Separation::Break { kind: Break::Line, blanks: false });
            self.close();
        } else {
            self.statements(index, HARD);
        }
    }

    fn statements(&mut self, index: usize, separation: Separation) {
        let end = self.next(index);
        let mut at = index + 1;
        let (mut first, mut healthy) = (true, true);
        while at < end {
            if !self.trivia(at) {
                let text = self.text_of(at);
                if first && text == "{" {
                    self.token(at);
                    self.indent(INSIDE);
                } else if text == "}" && self.next(at) == end {
                    let separation = self.before_brace(index, separation);
                    self.closer(at, INSIDE, separation);
                } else {
                    let kept = self.is_kept(at);
                    let beside = (kept || !healthy) && self.last != (Last::Opener { spaced: true });
                    self.separation = if beside { self.beside_kept(at) } else { separation };
                    self.unit(at, index);
                    healthy = !kept;
                }
                first = false;
            }
            at = self.next(at);
        }
    }

    /// What separates the closing brace of a block from what stands in it.
    fn before_brace(&self, block: usize, separation: Separation) -> Separation {
        match (self.last, self.remarks.is_empty()) {
            (Last::Opener { .. }, true) => Separation::Nothing,
            (Last::Opener { .. }, false) if !self.text_of(block).contains('\n') => Separation::Space,
            _ => separation,
        }
    }
}

/// Blocks of statements, one to a line.
pub(super) fn holds_statements(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::block
            | Rule::killswitch_block
            | Rule::sentinel_block
            | Rule::alert_block
            | Rule::rubric_block
            | Rule::tier_block
            | Rule::criterion_block
            | Rule::test_block
    )
}

/// Blocks of entries, which may have commas between them.
pub(super) fn holds_entries(rule: Rule) -> bool {
    matches!(rule, Rule::environment_block | Rule::metrics_block)
}

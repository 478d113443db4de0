//! Reading what stands in an item, or taking what was found in it the last time.

use indexmap::IndexMap;

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Location;
use crate::model::program::Program;
use crate::syntax::ast::ItemKind;

use super::checker::Checker;
use super::lints::Judge;
use super::memory::{Findings, Part};
use super::symbols::ItemRef;

impl Checker<'_> {
    /// Reads an item with `read`, which gives what the lints found in it, or takes what was found the last time. Then the item
    /// is no part of the program, as nobody asks for that.
    pub fn read_or_recall(
        &mut self,
        (reference, part): (ItemRef, Part),
        program: &mut Program,
        judge: &mut Judge<'_>,
        read: impl FnOnce(&mut Self, &mut Program, &mut Judge<'_>) -> Vec<Diagnostic>,
    ) {
        if self.memory.is_none() {
            read(self, program, judge);
            return;
        }
        if let Some(known) = self.memory.as_mut().and_then(|memory| memory.recall(reference, part)) {
            self.diagnostics.extend(known.found.iter().cloned());
            self.used.extend(known.used.iter().cloned());
            self.expansions += known.expansions;
            judge.take(&known.lints);
            return;
        }
        self.read_near(reference, program);
        let (first, expansions) = (self.diagnostics.len(), self.expansions);
        let used_before = std::mem::take(&mut self.used);
        let depended = std::mem::take(&mut self.depends_on_more);
        self.unreadable.take_asked();
        let lints = read(self, program, judge);
        let used = std::mem::replace(&mut self.used, used_before);
        let found = self.diagnostics[first..].to_vec();
        let asked = self.unreadable.take_asked();
        let findings =
            Findings { found, lints, used: used.iter().cloned().collect(), expansions: self.expansions - expansions };
        self.used.extend(used);
        if let Some(memory) = self.memory.as_mut().filter(|_| !self.depends_on_more) {
            memory.remember((reference, part), findings, asked);
        }
        self.depends_on_more |= depended;
    }

    /// Puts into the program what was recalled and what an item that is read again may name: lints look into metrics and
    /// switches.
    fn read_near(&mut self, reference: ItemRef, program: &mut Program) {
        let Some(memory) = &mut self.memory else { return };
        for near in memory.take_recalled(reference) {
            self.in_module(near.module, |checker| checker.read_again(|checker| checker.read_model(near, program)));
        }
    }

    /// Does `read` for what was recalled: all that it would tell has been told.
    pub fn read_again<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let expansions = self.expansions;
        let result = self.muted(read);
        self.expansions = expansions;
        result
    }

    fn read_model(&mut self, reference: ItemRef, program: &mut Program) {
        let item = self.item(reference);
        match &item.kind {
            ItemKind::Metrics(written) => {
                let group = self.read_metrics(reference, written, item.doc.clone());
                enter(&mut program.groups, group.name.clone(), group, |group| group.at);
            }
            ItemKind::KillSwitch(written) => {
                let switch = self.read_killswitch(self.program_name(reference), item.doc.clone(), written);
                enter(&mut program.killswitches, switch.name.clone(), switch, |switch| switch.at);
            }
            _ => {}
        }
    }
}

/// Puts an item into the program. Of several with one name the first counts, in whichever order they are read.
pub fn enter<T>(all: &mut IndexMap<String, T>, name: String, item: T, at: impl Fn(&T) -> Location) {
    if all.get(&name).is_none_or(|known| at(&item) < at(known)) {
        all.insert(name, item);
    }
}

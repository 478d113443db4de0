//! The items around pipelines, one file each: what happens outside of a run, how documents are scored, and tests.
//!
//! They are read behind all pipelines: a schedule or a test names one. What an item cannot have becomes nothing or
//! `Type::Error` in the model, as everywhere; an item without anything to stand on (a test that runs nothing) is left out.

mod alerts;
mod expectations;
mod freezes;
mod given;
mod killswitches;
mod launched;
mod launches;
mod places;
mod raw;
mod rubrics;
mod scenarios;
mod schedules;
mod sentinels;

use rustc_hash::FxHashSet;

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Location;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::Expr;
use crate::model::phase::{Block, Condition, Trigger, TriggerAction};
use crate::model::program::{Local, LocalKind, Pipeline, Program};
use crate::syntax::ast::{self, ItemKind};

use super::checker::{Checker, Frame, Place, Surroundings, Used};
use super::conditions::{Holder, collapse};
use super::lints::Judge;
use super::memory::Part;
use super::pipelines::Known;
use super::recall::enter;
use super::soundness::standing::Beside;
use super::symbols::{ItemRef, Space, declared};

pub use launched::Launched;
pub use launches::launched_from_afar;

/// Reads the items that name no pipeline. The lints look at each by itself.
pub fn read_operations(checker: &mut Checker<'_>, items: &[ItemRef], program: &mut Program, judge: &mut Judge<'_>) {
    for reference in items {
        checker.module = reference.module;
        let is_one = matches!(
            checker.item(*reference).kind,
            ItemKind::KillSwitch(_)
                | ItemKind::Sentinel(_)
                | ItemKind::Freeze(_)
                | ItemKind::Alert(_)
                | ItemKind::Rubric(_)
        );
        if is_one {
            checker.read_or_recall((*reference, Part::Itself), program, judge, |checker, program, judge| {
                checker.read_operation(*reference, program, judge)
            });
        }
    }
}

/// What can only be said once everything has been read.
pub fn finish(checker: &mut Checker<'_>, items: &[ItemRef], program: &mut Program) {
    checker.report_endless_turns(&program.killswitches);
    checker.report_repeated_titles();
    checker.use_what_acts_by_itself();
    let bystanders = checker.bystanders(items).into_iter();
    let bystanders: FxHashSet<(Space, String)> = bystanders
        .filter_map(|reference| Some((declared(checker.item(reference))?.0, checker.program_name(reference))))
        .collect();
    let takes_part = |space: Space, name: &str| !bystanders.contains(&(space, name.to_owned()));
    program.sentinels.retain(|name, _| takes_part(Space::Sentinel, name));
    program.freezes.retain(|name, _| takes_part(Space::Freeze, name));
    program.alerts.retain(|name, _| takes_part(Space::Alert, name));
    program.schedules.retain(|name, _| takes_part(Space::Schedule, name));
}

impl<'a> Checker<'a> {
    /// Gives what the lints found in it.
    fn read_operation(&mut self, reference: ItemRef, program: &mut Program, judge: &mut Judge<'_>) -> Vec<Diagnostic> {
        let item = self.item(reference);
        let (name, doc) = (self.program_name(reference), item.doc.clone());
        match &item.kind {
            ItemKind::KillSwitch(written) => {
                let read = self.read_killswitch(name, doc, written);
                let found = judge.pipeline(program, &killswitches::for_lints(&read));
                enter(&mut program.killswitches, read.name.clone(), read, |switch| switch.at);
                found
            }
            ItemKind::Sentinel(written) => {
                let read = self.read_sentinel(reference, doc, written);
                let mut found = judge.beside(program, Beside::Sentinel(&read));
                found.extend(judge.pipeline(program, &sentinels::for_lints(&read)));
                program.sentinels.entry(name).or_insert(read);
                found
            }
            ItemKind::Freeze(written) => {
                let read = self.read_freeze(name.clone(), doc, written);
                program.freezes.entry(name).or_insert(read);
                Vec::new()
            }
            ItemKind::Alert(written) => {
                let read = self.read_alert(name.clone(), doc, written);
                let mut found = judge.beside(program, Beside::Alert(&read));
                found.extend(judge.pipeline(program, &alerts::for_lints(&read)));
                program.alerts.entry(name).or_insert(read);
                found
            }
            ItemKind::Rubric(written) => {
                let read = self.read_rubric(name.clone(), doc, written);
                let found = judge.pipeline(program, &rubrics::for_lints(&read));
                program.rubrics.entry(name).or_insert(read);
                found
            }
            _ => Vec::new(),
        }
    }

    /// An item that starts runs.
    pub fn read_launching(
        &mut self,
        reference: ItemRef,
        program: &mut Program,
        known: &mut Known,
        judge: &mut Judge<'_>,
    ) {
        self.module = reference.module;
        let item = self.item(reference);
        let read = |checker: &mut Self, program: &mut Program, judge: &mut Judge<'_>| match &item.kind {
            ItemKind::Schedule(written) => {
                let (pipeline, read) = checker.read_schedule(reference, item.doc.clone(), written);
                if let Some(read) = read {
                    program.schedules.entry(read.name.clone()).or_insert(read);
                }
                known.started.extend(pipeline);
                Vec::new()
            }
            ItemKind::Test(written) => {
                let (pipeline, read) = checker.read_test(item.doc.clone(), written, &known.pipelines, program);
                let found = read.as_ref().map(|read| judge.pipeline(program, &scenarios::for_lints(read)));
                // Tests of other files are theirs, and so is what they run.
                if reference.module == 0 {
                    program.tests.extend(read);
                    known.started.extend(pipeline);
                }
                found.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if matches!(item.kind, ItemKind::Schedule(_) | ItemKind::Test(_)) {
            self.read_or_recall((reference, Part::Itself), program, judge, read);
        }
    }

    /// Items that nothing names are taken in by their import.
    fn use_what_acts_by_itself(&mut self) {
        const SPACES: [Space; 5] = [Space::Sentinel, Space::Freeze, Space::Alert, Space::Schedule, Space::Environment];
        for module in 0..self.modules.len() {
            for space in SPACES {
                let names: Vec<&str> = self.scopes[module].names_of(space).collect();
                for name in names {
                    let Some(binding) = self.scopes[module].get(space, name).filter(|binding| binding.imported) else {
                        continue;
                    };
                    self.used.insert(Used::Item(binding.target));
                    self.used.insert(Used::Import(module, binding.at));
                }
            }
        }
    }

    /// Items of other files that nothing uses. What acts by itself is then no part of the program.
    fn bystanders(&self, items: &[ItemRef]) -> Vec<ItemRef> {
        let is_bystander = |reference: &&ItemRef| reference.module > 0 && !self.used.contains(&Used::Item(**reference));
        items.iter().filter(is_bystander).copied().collect()
    }

    /// Does `work` in a frame of its own, in which `run` means nothing.
    fn watching<T>(&mut self, sentinel: Option<ItemRef>, work: impl FnOnce(&mut Self) -> T) -> T {
        let frame = Frame { surroundings: Surroundings::Watch(sentinel), ..Frame::new() };
        self.in_frame(frame, work).0
    }

    /// `when COND for D`, as alerts and sentinels have it.
    fn read_watch(
        &mut self,
        when: &'a ast::Expr,
        sustain: Option<&'a ast::Sustain>,
        at: crate::base::span::Span,
    ) -> Condition {
        let expr = self.in_place(Place::Condition, |checker| checker.check_condition(when));
        Condition {
            text: collapse(self.text(when.at)),
            expr,
            warns: false,
            sustain: sustain.map(|sustain| self.read_sustain(sustain)),
            after: None,
            missing: crate::model::phase::MissingPolicy::Pause,
            reason: None,
            at: self.here(at),
        }
    }

    /// The same, one by one for a negated threshold whose conditions have clauses of their own.
    fn read_watches(
        &mut self,
        when: &'a ast::Expr,
        sustain: Option<&'a ast::Sustain>,
        at: crate::base::span::Span,
    ) -> Vec<Condition> {
        let whole = self.read_watch(when, sustain, at);
        self.spread_threshold(when, whole, Holder::Trigger)
    }
}

/// Conditions that are watched for as long as the daemon runs, as triggers of a pipeline, for the lints. Its window
/// says that nothing bounds how long that is.
fn watched<'c>(name: &str, conditions: impl IntoIterator<Item = &'c Condition>, at: Location) -> Pipeline {
    let triggers = conditions.into_iter().map(|condition| Trigger {
        action: TriggerAction::Notify(name.to_owned()),
        condition: condition.clone(),
        at: condition.at,
    });
    let scope = Block { triggers: triggers.collect(), ..Block::default() };
    let always = Expr::literal(Value::Text(String::new()), Type::String, at);
    Pipeline { scope, window: Some(always), ..no_pipeline(name, Vec::new(), at) }
}

/// Expressions that are no triggers, as values of a pipeline, for the lints.
fn computed<'e>(name: &str, exprs: impl IntoIterator<Item = &'e Expr>, at: Location) -> Pipeline {
    let locals = exprs.into_iter().map(|expr| Local {
        name: String::new(),
        doc: None,
        ty: expr.ty.clone(),
        kind: LocalKind::Value(expr.clone()),
        at: expr.at,
    });
    no_pipeline(name, locals.collect(), at)
}

/// A pipeline without anything in it.
fn no_pipeline(name: &str, locals: Vec<Local>, at: Location) -> Pipeline {
    Pipeline { locals, ..Pipeline::empty(name, at) }
}

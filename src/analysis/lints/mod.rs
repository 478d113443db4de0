//! The lints: what is allowed by the rules of the language and still a mistake. One file each, with its `LINT`: the words
//! and examples that `explain` shows. A lint reports what is certain and is silent about the rest.

mod alert_goes_nowhere;
mod approval_without_deadline;
mod change_without_undo;
mod command_without_timeout;
mod condition_always_holds;
mod condition_can_never_hold;
mod full_traffic_without_guard;
mod gate_allows_what_rolls_back;
mod hold_longer_than_timeout;
mod missing_data_passes;
mod naming;
mod percent_of_ratio;
mod permanent_without_backup;
mod redundant_expression;
mod retry_of_a_change;
mod rollback_on_one_sample;
mod sustained_less_than_a_sample;
mod trigger_can_never_fire;
mod trigger_shadowed;
mod undocumented_pipeline;
mod unreachable_phase;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::base::span::{FileId, Location};
use crate::model::phase::StatementKind;
use crate::model::program::{Pipeline, Program};
use crate::model::walk::{statements, triggers};

use super::Stage;
use super::amounts;
use super::folded;
use super::graph::Order;
use super::load::Module;
use super::soundness::standing::{Beside, NOWHERE};
use super::soundness::survey::Survey;

/// A lint, for `explain` and its tests: the bad example gives the code, the good one does not.
#[derive(Debug, Clone, Copy)]
pub struct Lint {
    pub code: Code,
    pub why: &'static str,
    pub bad: &'static str,
    pub good: &'static str,
    check: fn(&Subject<'_>, &mut Vec<Diagnostic>),
}

/// What lints look at: one pipeline, or what stands outside of all of them.
pub struct Subject<'s> {
    /// Once all is read.
    pub modules: &'s [Module],
    pub beside: Beside<'s>,
    /// Its pipelines are not in it.
    pub program: &'s Program,
    /// One, or none.
    pub pipelines: &'s [Pipeline],
    pub sources: &'s Sources,
    /// Of the phases of its pipeline.
    pub order: Rc<Order<'s>>,
    survey: OnceCell<Survey<'s>>,
}

impl<'s> Subject<'s> {
    /// What the conditions come to; read once for all lints.
    pub fn survey(&self) -> &Survey<'s> {
        self.survey.get_or_init(|| match self.pipelines {
            [pipeline] => Survey::of(self.program, pipeline, &self.order),
            _ => Survey::outside(self.program, self.beside),
        })
    }

    /// The text at a place.
    pub fn text(&self, at: Location) -> &'s str {
        self.sources.get(at.file).map(|source| source.slice(at.span)).unwrap_or_default()
    }
}

/// In the order of their codes.
pub const LINTS: &[Lint] = &[
    unreachable_phase::LINT,
    condition_can_never_hold::LINT,
    condition_always_holds::LINT,
    hold_longer_than_timeout::LINT,
    trigger_can_never_fire::LINT,
    sustained_less_than_a_sample::LINT,
    full_traffic_without_guard::LINT,
    change_without_undo::LINT,
    permanent_without_backup::LINT,
    trigger_shadowed::LINT,
    rollback_on_one_sample::LINT,
    percent_of_ratio::LINT,
    command_without_timeout::LINT,
    approval_without_deadline::LINT,
    alert_goes_nowhere::LINT,
    missing_data_passes::LINT,
    retry_of_a_change::LINT,
    gate_allows_what_rolls_back::LINT,
    naming::LINT,
    undocumented_pipeline::LINT,
    redundant_expression::LINT,
];

/// Runs all lints, over one pipeline after the other: what several of them look at is near at hand then, and what the
/// conditions of one come to is forgotten before the next. The body of a component is judged once, so one place gets one
/// diagnostic of a code.
pub struct Judge<'j> {
    modules: &'j [Module],
    sources: &'j Sources,
    done: &'j mut dyn FnMut(Stage),
    /// Somebody wants to know what the lints find.
    is_asked: bool,
    found: Vec<Diagnostic>,
    seen: FxHashSet<(Code, Location)>,
}

impl<'j> Judge<'j> {
    pub fn new(modules: &'j [Module], sources: &'j Sources, done: &'j mut dyn FnMut(Stage), is_asked: bool) -> Self {
        Self { modules, sources, done, is_asked, found: Vec::new(), seen: FxHashSet::default() }
    }

    /// Judges a pipeline of a program whose metrics, environments and switches are known as far as it names them; other
    /// pipelines need not be. Gives what was found, whether it had been found before or not.
    pub fn pipeline(&mut self, program: &Program, pipeline: &Pipeline) -> Vec<Diagnostic> {
        let mut found = self.look(program, (std::slice::from_ref(pipeline), Beside::Nothing), &[]);
        keep_what_every_use_has(pipeline, &mut found);
        keep_what_can_happen(&mut found);
        self.take(&found);
        found
    }

    /// Judges what is no pipeline, and gives what was found in it.
    pub fn beside(&mut self, program: &Program, beside: Beside<'_>) -> Vec<Diagnostic> {
        let found = self.look(program, (&[], beside), &[]);
        self.take(&found);
        found
    }

    /// Takes what was found, now or the last time.
    pub fn take(&mut self, found: &[Diagnostic]) {
        let seen = &mut self.seen;
        let new = found.iter().filter(|diagnostic| seen.insert((diagnostic.code, diagnostic.at)));
        self.found.extend(new.cloned());
    }

    /// Everything that was found, and what is wrong with the environments and with all files as they are written.
    pub fn finish(mut self, program: &Program) -> Vec<Diagnostic> {
        let found = self.look(program, (&[], Beside::Environments), self.modules);
        self.take(&found);
        self.found
    }

    fn look<'s>(
        &mut self,
        program: &'s Program,
        (pipelines, beside): (&'s [Pipeline], Beside<'s>),
        modules: &'s [Module],
    ) -> Vec<Diagnostic>
    where
        'j: 's,
    {
        if !self.is_asked {
            return Vec::new();
        }
        (self.done)(Stage::Meaning);
        let order = Rc::new(Order::of(pipelines.first().unwrap_or(&NOWHERE)));
        let (sources, survey) = (self.sources, OnceCell::new());
        let found = found_in(&Subject { modules, beside, program, pipelines, sources, order, survey });
        (self.done)(Stage::Lints);
        found
    }
}

/// Warnings that depend on values: a component may be given others by its next use.
const BY_VALUE: [Code; 5] = [Code::PG402, Code::PG404, Code::PG405, Code::PG409, Code::PG417];

/// The body of a component is judged once: a warning of it counts when every use of it in the pipeline has it.
fn keep_what_every_use_has(pipeline: &Pipeline, found: &mut Vec<Diagnostic>) {
    let mut times: FxHashMap<(Code, Location), usize> = FxHashMap::default();
    for diagnostic in found.iter().filter(|diagnostic| BY_VALUE.contains(&diagnostic.code)) {
        *times.entry((diagnostic.code, diagnostic.at)).or_default() += 1;
    }
    if times.is_empty() {
        return;
    }
    let uses = Uses::of(pipeline);
    found.retain(|diagnostic| {
        times.get(&(diagnostic.code, diagnostic.at)).is_none_or(|times| *times >= uses.around(diagnostic.at))
    });
}

/// How often each gate, hold and trigger stands in a pipeline: once, or once for each use of its component. None stands in
/// another one.
struct Uses(BTreeMap<(FileId, u32), (u32, usize)>);

impl Uses {
    fn of(pipeline: &Pipeline) -> Self {
        let judged = statements(pipeline)
            .filter(|statement| matches!(statement.kind, StatementKind::Gate { .. } | StatementKind::Hold { .. }));
        let places = judged.map(|statement| statement.at).chain(triggers(pipeline).map(|trigger| trigger.at));
        let mut uses = BTreeMap::new();
        for place in places {
            uses.entry((place.file, place.span.start)).or_insert((place.span.end, 0)).1 += 1;
        }
        Self(uses)
    }

    /// Of the one that a place is in; none when it is in no one.
    fn around(&self, at: Location) -> usize {
        let before = self.0.range(..=(at.file, at.span.start)).next_back();
        before.map_or(0, |((file, _), (end, uses))| if *file == at.file && at.span.end <= *end { *uses } else { 0 })
    }
}

/// A trigger that never fires is not shadowed as well.
fn keep_what_can_happen(found: &mut Vec<Diagnostic>) {
    let dead = found.iter().filter(|diagnostic| diagnostic.code == Code::PG404);
    let dead: FxHashSet<Location> = dead.map(|diagnostic| diagnostic.at).collect();
    found.retain(|diagnostic| diagnostic.code != Code::PG409 || !dead.contains(&diagnostic.at));
}

fn found_in(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    folded::check(subject, &mut found);
    amounts::check(subject, &mut found);
    for lint in LINTS {
        (lint.check)(subject, &mut found);
    }
    found
}

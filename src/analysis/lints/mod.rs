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

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::base::span::Location;
use crate::model::program::{Pipeline, Program};

use super::folded;
use super::load::Module;
use super::pipelines::Built;
use super::soundness::survey::{Survey, mentions_environment_in_groups};

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
    /// None beside a pipeline.
    pub modules: &'s [Module],
    /// Its pipelines are not in it.
    pub program: &'s Program,
    /// One, or none.
    pub pipelines: &'s [Pipeline],
    pub sources: &'s Sources,
    groups_differ: bool,
    survey: OnceCell<Survey<'s>>,
}

impl<'s> Subject<'s> {
    /// What stands outside of pipelines.
    fn outside(modules: &'s [Module], built: &'s Built, sources: &'s Sources) -> Self {
        let groups_differ = mentions_environment_in_groups(&built.program);
        Self { modules, program: &built.program, pipelines: &[], sources, groups_differ, survey: OnceCell::new() }
    }

    /// The same program, with one of its pipelines.
    fn beside(&self, pipeline: &'s Pipeline) -> Self {
        let pipelines = std::slice::from_ref(pipeline);
        Self { modules: &[], pipelines, survey: OnceCell::new(), ..*self }
    }

    /// What the conditions come to; read once for all lints.
    pub fn survey(&self) -> &Survey<'s> {
        self.survey.get_or_init(|| match self.pipelines {
            [] => Survey::outside(self.program),
            pipelines => Survey::of(self.program, pipelines, self.groups_differ),
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
pub fn check(modules: &[Module], built: &Built, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    let outside = Subject::outside(modules, built, sources);
    let mut seen = rustc_hash::FxHashSet::default();
    let mut judge = |subject: &Subject<'_>| {
        let mut found = Vec::new();
        folded::check(subject, &mut found);
        for lint in LINTS {
            (lint.check)(subject, &mut found);
        }
        diagnostics.extend(found.into_iter().filter(|diagnostic| seen.insert((diagnostic.code, diagnostic.at))));
    };
    judge(&outside);
    for pipeline in &built.pipelines {
        judge(&outside.beside(pipeline));
    }
}

//! PG407: a rollback would leave this change where it is.

use rustc_hash::FxHashSet;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::operations::{WayBack, is_turned_on};
use crate::model::phase::{Block, Expiry, FailurePolicy, Phase, StatementKind, Step, TriggerAction};
use crate::model::program::{Pipeline, Program};
use crate::model::signature::EffectClass;
use crate::model::walk::blocks_within;

use super::super::constants::Constants;
use super::super::durations::running;
use super::super::graph::Order;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG407,
    why: "A rollback undoes what was done. A change that says nothing about its undo stays, and the system ends in a \
          mixture that nobody tested.",
    bad: r#"use std.shell

metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Installs the new version.
pipeline rollout {
  phase install {
    rollback when api.errors > 5% for 5m
    step shell("./install.sh 2.0") timeout 5m
    wait 10m
  }
}
"#,
    good: r#"use std.shell

metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Installs the new version.
pipeline rollout {
  phase install {
    rollback when api.errors > 5% for 5m
    step shell("./install.sh 2.0") timeout 5m undo shell("./install.sh 1.9")
    wait 10m
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let Some(reach) = Reach::of(pipeline, &subject.order) else { continue };
        let runs = runs_anywhere(subject, pipeline);
        for (index, phase) in pipeline.phases.iter().enumerate().filter(|(index, _)| runs[*index]) {
            let mut open = Vec::new();
            collect_steps(&phase.body, &mut open);
            for step in open {
                let Some(help) = way_out(subject.program, step).filter(|_| reach.includes(index, step)) else {
                    continue;
                };
                let message = format!("a rollback leaves what `{}` changed", step.called());
                let diagnostic = Diagnostic::new(Code::PG407, step.call.at, message).label("no undo").help(help);
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// Which phases run in one environment at least: what the others would change stays as it is.
fn runs_anywhere(subject: &Subject<'_>, pipeline: &Pipeline) -> Vec<bool> {
    let mut found = vec![pipeline.phases.iter().all(|phase| phase.when.is_none()); pipeline.phases.len()];
    if found.contains(&false) {
        for constants in Constants::of(subject.program, pipeline) {
            let runs = running(pipeline, &subject.order, &constants);
            found.iter_mut().zip(runs).for_each(|(found, runs)| *found |= runs);
        }
    }
    found
}

/// What to do about a step that a rollback leaves behind; none when it does not.
fn way_out(program: &Program, step: &Step) -> Option<&'static str> {
    if step.effect != EffectClass::Changes || step.undo.is_some() {
        return None;
    }
    if !step.has_undo {
        return Some("say how it is taken back with `undo …`, or `effect reads` when it changes nothing");
    }
    let on = is_turned_on(&step.call.name)?;
    let (_, switch) = step.call.args.iter().find(|(name, _)| name == "switch")?;
    let switch = program.killswitches.get(switch.as_literal()?.as_text()?)?;
    (switch.way_back(on) == WayBack::Partly).then_some(
        "a step of the switch has no `undo`, and its other side is not made of plain steps that could stand in for it: \
         give the steps an `undo` each",
    )
}

fn collect_steps<'p>(block: &'p Block, found: &mut Vec<&'p Step>) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Step(step) => found.push(step),
            other => other.inner().into_iter().for_each(|inner| collect_steps(inner, found)),
        }
    }
}

/// Where a rollback of the run may come from.
struct Reach<'p> {
    pipeline: &'p Pipeline,
    /// A trigger of the whole pipeline.
    everywhere: bool,
    /// Something can be undone in a phase whose failure rolls back.
    by_failure: bool,
    /// Phases in which a trigger or an approval may roll back.
    phases: Vec<usize>,
    /// For each phase those that are over when it begins.
    before: Vec<FxHashSet<usize>>,
}

impl<'p> Reach<'p> {
    fn of(pipeline: &'p Pipeline, order: &Order<'_>) -> Option<Self> {
        let phases: Vec<usize> =
            (0..pipeline.phases.len()).filter(|index| can_roll_back(&pipeline.phases[*index].body)).collect();
        let everywhere = pipeline.scope.triggers.iter().any(|trigger| trigger.action == TriggerAction::Rollback);
        let by_failure = pipeline.phases.iter().any(|phase| rolls_back_on_failure(phase) && has_undoable(&phase.body));
        let stated = pipeline.phases.iter().any(|phase| phase.on_failure == Some(FailurePolicy::Rollback));
        let any = everywhere || by_failure || stated || !phases.is_empty();
        any.then(|| Self { pipeline, everywhere, by_failure, phases, before: order.ancestors() })
    }

    fn includes(&self, phase: usize, step: &Step) -> bool {
        let own = &self.pipeline.phases[phase];
        if self.everywhere || (self.by_failure && rolls_back_on_failure(own)) {
            return true;
        }
        if own.on_failure == Some(FailurePolicy::Rollback) {
            return true;
        }
        self.phases.iter().any(|other| {
            if *other == phase {
                still_to_come(&own.body, step, &mut false)
            } else {
                !self.before[phase].contains(other)
            }
        })
    }
}

fn rolls_back_on_failure(phase: &Phase) -> bool {
    matches!(phase.on_failure, None | Some(FailurePolicy::Rollback))
}

fn has_undoable(body: &Block) -> bool {
    blocks_within(body).into_iter().flat_map(|block| &block.statements).any(|statement| match &statement.kind {
        StatementKind::Ramp { .. } => true,
        StatementKind::Step(step) => step.effect == EffectClass::Changes && (step.undo.is_some() || step.has_undo),
        _ => false,
    })
}

fn can_roll_back(body: &Block) -> bool {
    blocks_within(body).into_iter().any(block_rolls_back)
}

fn block_rolls_back(block: &Block) -> bool {
    let by_trigger = block
        .triggers
        .iter()
        .any(|trigger| matches!(trigger.action, TriggerAction::Rollback | TriggerAction::RollbackPhase));
    by_trigger
        || block
            .statements
            .iter()
            .any(|statement| matches!(statement.kind, StatementKind::Approve { otherwise: Some(Expiry::Rollback), .. }))
}

/// Whether something that rolls back is not over yet when the step runs. `passed` says that the step has been met.
fn still_to_come(block: &Block, step: &Step, passed: &mut bool) -> bool {
    let met_before = *passed;
    let mut later = false;
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Step(other) => *passed |= std::ptr::eq(other, step),
            StatementKind::Approve { otherwise: Some(Expiry::Rollback), .. } => later |= *passed,
            other => {
                if let Some(inner) = other.inner() {
                    later |= still_to_come(inner, step, passed);
                }
            }
        }
    }
    let is_over = !met_before && !*passed;
    let by_trigger = block
        .triggers
        .iter()
        .any(|trigger| matches!(trigger.action, TriggerAction::Rollback | TriggerAction::RollbackPhase));
    later || (by_trigger && !is_over)
}

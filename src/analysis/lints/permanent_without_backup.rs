//! PG408: something is done that cannot be taken back, and nothing was saved before.

use rustc_hash::FxHashSet;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::model::phase::{Block, StatementKind};
use crate::model::signature::EffectClass;
use crate::model::walk::blocks_within;

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG408,
    why: "A permanent change cannot be undone. A backup before it is the only way back.",
    bad: r#"use std.shell

/// Moves the data to the new form.
pipeline migrate {
  phase move { step shell("./migrate.sh") effect permanent timeout 10m }
}
"#,
    good: r#"use std.{backup, shell}

/// Moves the data to the new form.
pipeline migrate {
  phase save { step backup.create(["data/"]) }
  phase move after save { step shell("./migrate.sh") effect permanent timeout 10m }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let saving: FxHashSet<usize> =
            (0..pipeline.phases.len()).filter(|index| has_backup(&pipeline.phases[*index].body)).collect();
        let mut before: Option<Vec<FxHashSet<usize>>> = None;
        for (index, phase) in pipeline.phases.iter().enumerate() {
            let mut found = Vec::new();
            unsaved(&phase.body, &mut false, &mut found);
            if found.is_empty() {
                continue;
            }
            let before = before.get_or_insert_with(|| subject.order.ancestors());
            if before[index].is_disjoint(&saving) {
                diagnostics.extend(found.into_iter().map(diagnostic));
            }
        }
    }
}

fn diagnostic((name, at): (&str, Location)) -> Diagnostic {
    let message = format!("what `{name}` does is permanent, and nothing was saved before");
    Diagnostic::new(Code::PG408, at, message)
        .label("cannot be taken back")
        .help("make a backup first: `step backup.create([…])` here or in a phase before")
}

fn has_backup(body: &Block) -> bool {
    let statements = blocks_within(body).into_iter().flat_map(|block| &block.statements);
    statements.into_iter().any(|statement| is_backup(&statement.kind))
}

fn is_backup(statement: &StatementKind) -> bool {
    matches!(statement, StatementKind::Step(step) if step.call.name == "backup.create")
}

/// Permanent steps that no backup of the same phase comes before.
fn unsaved<'p>(block: &'p Block, saved: &mut bool, found: &mut Vec<(&'p str, Location)>) {
    for statement in &block.statements {
        unsaved_in(&statement.kind, saved, found);
    }
}

fn unsaved_in<'p>(statement: &'p StatementKind, saved: &mut bool, found: &mut Vec<(&'p str, Location)>) {
    match statement {
        StatementKind::Step(step) if step.effect == EffectClass::Permanent && !*saved => {
            found.push((step.called(), step.call.at));
        }
        other if is_backup(other) => *saved = true,
        // What runs beside it is no backup before it.
        StatementKind::Parallel(beside) => {
            let before = *saved;
            for statement in &beside.statements {
                let mut saved_there = before;
                unsaved_in(&statement.kind, &mut saved_there, found);
                *saved |= saved_there;
            }
        }
        other => other.inner().into_iter().for_each(|inner| unsaved(inner, saved, found)),
    }
}

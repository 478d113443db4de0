//! PG404: a trigger whose block is over before its `for` is.

use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;
use crate::model::phase::{Block, StatementKind, Trigger};

use super::super::constants::Constants;
use super::super::durations::{bound, bound_of, interval, least, pipeline_bound};
use super::super::graph::predecessors;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG404,
    why: "Triggers end with their block. One that needs an hour of bad samples in a block of ten minutes guards nothing.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for ten minutes.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 1h
    wait 10m
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for ten minutes.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 5m
    wait 10m
  }
}
"#,
    check,
};

/// A block with triggers, and how long it can last in each environment.
struct Guarded<'p> {
    block: &'p Block,
    bounds: Vec<Option<Duration>>,
}

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        let mut blocks = Vec::new();
        if !pipeline.scope.triggers.is_empty() {
            let before = predecessors(pipeline);
            let bounds = constants.iter().map(|constants| pipeline_bound(pipeline, &before, constants)).collect();
            blocks.push(Guarded { block: &pipeline.scope, bounds });
        }
        for phase in &pipeline.phases {
            let bounds = constants.iter().map(|constants| bound(&phase.body, constants)).collect();
            collect(&phase.body, bounds, &constants, &mut blocks);
        }
        for guarded in blocks {
            for trigger in &guarded.block.triggers {
                check_trigger(subject, trigger, &guarded.bounds, &constants, diagnostics);
            }
        }
    }
}

fn collect<'p>(
    block: &'p Block,
    bounds: Vec<Option<Duration>>,
    constants: &[Constants<'_>],
    blocks: &mut Vec<Guarded<'p>>,
) {
    if !block.triggers.is_empty() {
        blocks.push(Guarded { block, bounds });
    }
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Ramp { body, .. } | StatementKind::Parallel(body) | StatementKind::Scope(body) => {
                let bounds = constants.iter().map(|constants| bound_of(statement, constants)).collect();
                collect(body, bounds, constants, blocks);
            }
            StatementKind::Step(_)
            | StatementKind::Gate { .. }
            | StatementKind::Hold { .. }
            | StatementKind::Approve { .. }
            | StatementKind::Wait(_) => {}
        }
    }
}

fn check_trigger(
    subject: &Subject<'_>,
    trigger: &Trigger,
    bounds: &[Option<Duration>],
    constants: &[Constants<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(sustain) = &trigger.condition.sustain else { return };
    let mut worst: Option<(Duration, Duration)> = None;
    for (constants, bound) in constants.iter().zip(bounds) {
        let interval = interval(subject.program, &trigger.condition, constants);
        let (Some(bound), Some(needed)) = (bound, least(sustain, interval, constants)) else { return };
        let after = trigger.condition.after.as_ref().and_then(|after| least(after, interval, constants));
        let needed = needed.saturating_add(after.unwrap_or_default());
        if needed <= *bound {
            return;
        }
        worst = Some((needed, *bound));
    }
    let Some((needed, bound)) = worst else { return };
    let message = format!(
        "this trigger can never fire: it needs {}, and its block lasts {}",
        format_duration(needed),
        format_duration(bound)
    );
    let diagnostic = Diagnostic::new(Code::PG404, trigger.at, message)
        .label("outlasts its block")
        .help("shorten its `for`, or move it to a block that lasts longer");
    diagnostics.push(diagnostic);
}

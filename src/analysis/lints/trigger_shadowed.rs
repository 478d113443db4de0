//! PG409: a trigger that another one always beats.

use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::expr::Operator;
use crate::model::phase::{Block, Sustain, Trigger, TriggerAction};

use super::super::constants::Constants;
use super::super::intervals::{flatten, term};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG409,
    why: "When a stricter trigger of the same block fires first every time, the looser one is dead text.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 1% for 5m
    rollback when api.errors > 5% for 10m
    wait 1h
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 1% for 30m
    rollback when api.errors > 5% for 5m
    wait 1h
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        let mut around: Vec<&Trigger> = pipeline.scope.triggers.iter().collect();
        check_own(&pipeline.scope, &[], &constants, diagnostics);
        for phase in &pipeline.phases {
            check_block(&phase.body, &mut around, &constants, diagnostics);
        }
    }
}

fn check_block<'p>(
    block: &'p Block,
    around: &mut Vec<&'p Trigger>,
    constants: &[Constants<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    check_own(block, around, constants, diagnostics);
    let outside = around.len();
    around.extend(&block.triggers);
    for statement in &block.statements {
        if let Some(inner) = statement.kind.inner() {
            check_block(inner, around, constants, diagnostics);
        }
    }
    around.truncate(outside);
}

fn check_own(block: &Block, around: &[&Trigger], constants: &[Constants<'_>], diagnostics: &mut Vec<Diagnostic>) {
    for (index, looser) in block.triggers.iter().enumerate() {
        let beside = block.triggers.iter().enumerate().filter(|(other, _)| *other != index);
        let candidates = beside.map(|(other, trigger)| (trigger, other < index));
        let candidates = candidates.chain(around.iter().map(|trigger| (*trigger, true)));
        for (stricter, comes_first) in candidates {
            let beats = |constants: &Constants<'_>| is_beaten(looser, stricter, constants);
            if !constants.iter().all(beats) {
                continue;
            }
            // Of two that are the same only the later one is dead.
            let is_mutual = constants.iter().all(|constants| is_beaten(stricter, looser, constants));
            if is_mutual && !comes_first {
                continue;
            }
            let diagnostic = Diagnostic::new(Code::PG409, looser.at, "another trigger always fires before this one")
                .label("never the first")
                .also(stricter.at, "this one is stricter")
                .help("take it out, or make it faster than the stricter one");
            diagnostics.push(diagnostic);
            break;
        }
    }
}

/// Whether `stricter` has fired whenever `looser` would.
fn is_beaten(looser: &Trigger, stricter: &Trigger, constants: &Constants<'_>) -> bool {
    let ends_the_run = matches!(stricter.action, TriggerAction::Rollback | TriggerAction::Abort);
    let is_ending = !matches!(looser.action, TriggerAction::Pause | TriggerAction::Notify(_));
    if !is_ending || !(ends_the_run || stricter.action == looser.action) {
        return false;
    }
    let (loose, strict) = (&looser.condition, &stricter.condition);
    let same_data = loose.missing == strict.missing;
    same_data
        && is_no_longer(strict.sustain.as_ref(), loose.sustain.as_ref(), constants)
        && is_no_longer(strict.after.as_ref(), loose.after.as_ref(), constants)
        && is_implied(looser, stricter, constants)
}

fn is_no_longer(strict: Option<&Sustain>, loose: Option<&Sustain>, constants: &Constants<'_>) -> bool {
    let time = |sustain: &Sustain| match sustain {
        Sustain::Time(time) => constants.duration(time),
        Sustain::Samples(_) => None,
    };
    let count = |sustain: &Sustain| match sustain {
        Sustain::Samples(count) => constants.integer(count),
        Sustain::Time(_) => None,
    };
    match (strict, loose) {
        (None, _) => true,
        (Some(strict), None) => time(strict) == Some(Duration::ZERO) || count(strict) == Some(1),
        (Some(strict), Some(loose)) => {
            let by_time = time(strict).zip(time(loose)).is_some_and(|(strict, loose)| strict <= loose);
            let by_count = count(strict).zip(count(loose)).is_some_and(|(strict, loose)| strict <= loose);
            by_time || by_count
        }
    }
}

/// Whether the stricter condition is true whenever the looser one is.
fn is_implied(looser: &Trigger, stricter: &Trigger, constants: &Constants<'_>) -> bool {
    let Some(limit) = term(&stricter.condition.expr, false, constants) else {
        return stricter.condition.expr.is_same_as(&looser.condition.expr);
    };
    let mut parts = Vec::new();
    flatten(&looser.condition.expr, Operator::And, &mut parts);
    parts
        .into_iter()
        .filter_map(|part| term(part, false, constants))
        .any(|part| part.subject.is_same_as(limit.subject) && part.interval.is_within(&limit.interval))
}

//! PG403: the pipeline's timeout ends it before it can succeed.

use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;
use crate::model::expr::Expr;
use crate::model::program::Pipeline;

use super::super::constants::Constants;
use super::super::durations::{is_switched_off, known, longest_path, waits};
use super::super::graph::predecessors;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG403,
    why: "The holds and waits along the longest path take longer than the pipeline may last: it always fails with a timeout.",
    bad: r#"
/// Waits for a day.
pipeline soak {
  timeout 1h
  phase first { wait 24h }
}
"#,
    good: r#"
/// Waits for a day.
pipeline soak {
  timeout 2d
  phase first { wait 24h }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let Some(timeout) = &pipeline.timeout else { continue };
        let before = predecessors(pipeline);
        for constants in Constants::of(subject.program, pipeline) {
            let Some(limit) = constants.duration(timeout) else { continue };
            let length = |phase: usize| {
                let phase = &pipeline.phases[phase];
                Some(if is_switched_off(phase, &constants) { Duration::ZERO } else { known(&phase.body, &constants) })
            };
            let Some((total, path)) = longest_path(&before, length) else { continue };
            if total <= limit {
                continue;
            }
            let Some(longest) = longest_wait(pipeline, &path, &constants) else { continue };
            let message = format!(
                "holds and waits take {}{}, and the pipeline may last {}",
                format_duration(total),
                constants.place(),
                format_duration(limit)
            );
            let diagnostic = Diagnostic::new(Code::PG403, longest.at, message)
                .label("the longest of them")
                .also(timeout.at, "the timeout of the pipeline")
                .help("give the pipeline more time, or hold for less");
            diagnostics.push(diagnostic);
        }
    }
}

/// The longest hold on the path, or the longest wait when there is no hold.
fn longest_wait<'p>(pipeline: &'p Pipeline, path: &[usize], constants: &Constants<'_>) -> Option<&'p Expr> {
    let mut found: Vec<(&Expr, bool)> = Vec::new();
    for phase in path {
        let phase = &pipeline.phases[*phase];
        if !is_switched_off(phase, constants) {
            waits(&phase.body, &mut found);
        }
    }
    let has_hold = found.iter().any(|(_, is_hold)| *is_hold);
    let candidates = found.into_iter().filter(|(_, is_hold)| *is_hold || !has_hold).rev();
    candidates.max_by_key(|(duration, _)| constants.duration(duration)).map(|(duration, _)| duration)
}

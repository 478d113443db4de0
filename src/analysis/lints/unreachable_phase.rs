//! PG303: a phase that never runs.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;

use super::super::constants::Constants;
use super::super::durations::is_switched_off;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG303,
    why: "Its `when` is false in every environment, so neither it nor what waits for it ever runs.",
    bad: r#"
/// Waits.
pipeline rollout {
  phase first when 1 > 2 { wait 1s }
}
"#,
    good: r#"
/// Waits.
pipeline rollout {
  param careful: bool = true
  phase first when careful { wait 1s }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        let mut ancestors = None;
        for (index, phase) in pipeline.phases.iter().enumerate() {
            let Some(when) = phase.when.as_ref().filter(|when| when.ty != Type::Error) else { continue };
            if !constants.iter().all(|constants| is_switched_off(phase, constants)) {
                continue;
            }
            let message = format!("the phase `{}` never runs", phase.name);
            let mut diagnostic = Diagnostic::new(Code::PG303, when.at, message).label("always false");
            let ancestors = ancestors.get_or_insert_with(|| subject.order.ancestors());
            for (later, follower) in pipeline.phases.iter().enumerate() {
                if ancestors[later].contains(&index) && later != index {
                    diagnostic = diagnostic.also(follower.name_at, "waits for it, and never runs either");
                }
            }
            diagnostics.push(diagnostic);
        }
    }
}

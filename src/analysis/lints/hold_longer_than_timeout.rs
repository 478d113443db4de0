//! PG403: the pipeline's timeout ends it before it can succeed.

use rustc_hash::FxHashSet;
use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::base::time::format_duration;
use crate::model::expr::{Expr, ExprKind, OutputRef};
use crate::model::phase::{Each, Phase};
use crate::model::program::Pipeline;
use crate::model::walk::phase_expressions;

use super::super::constants::Constants;
use super::super::durations::{known, longest_path, running, waits};
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
        let before = subject.order.predecessors();
        let named_apart = named_apart(pipeline);
        let environments = Constants::of(subject.program, pipeline);
        let mut excesses = Vec::new();
        for constants in &environments {
            let Some(limit) = constants.duration(timeout) else { continue };
            let runs = running(pipeline, &subject.order, constants);
            let length = |index: usize| {
                let phase = &pipeline.phases[index];
                let batches = || if named_apart[index] { 1 } else { batches(phase, constants) };
                Some(if runs[index] { known(&phase.body, constants).saturating_mul(batches()) } else { Duration::ZERO })
            };
            let Some((total, path)) = longest_path(before, length) else { continue };
            if total <= limit {
                continue;
            }
            let Some(longest) = longest_wait(pipeline, (&path, &runs), constants) else { continue };
            excesses.push((Excess { total, limit, longest: longest.at, timeout: timeout.at }, constants.place()));
        }
        let is_same = excesses.windows(2).all(|pair| pair[0].0 == pair[1].0);
        if is_same && excesses.len() == environments.len() {
            excesses.truncate(1);
            excesses.iter_mut().for_each(|(_, place)| place.clear());
        }
        diagnostics.extend(excesses.iter().map(|(excess, place)| excess.diagnostic(place)));
    }
}

/// More time than there is, in one environment.
#[derive(PartialEq, Eq)]
struct Excess {
    total: Duration,
    limit: Duration,
    longest: Location,
    timeout: Location,
}

impl Excess {
    /// `place` says in which environment, where it is not so in all of them.
    fn diagnostic(&self, place: &str) -> Diagnostic {
        let (total, limit) = (format_duration(self.total), format_duration(self.limit));
        let message = format!("holds and waits take {total}{place}, and the pipeline may last {limit}");
        Diagnostic::new(Code::PG403, self.longest, message)
            .label("the longest of them")
            .also(self.timeout, "the timeout of the pipeline")
            .help("give the pipeline more time, or hold for less")
    }
}

/// How often one after the other a phase runs at least: `for x in [a, b, c] max 2 at once` twice.
fn batches(phase: &Phase, constants: &Constants<'_>) -> u32 {
    let count = |each: &Each| {
        let elements = constants.value(&each.list)?.as_list()?.len();
        let at_once = usize::try_from(constants.integer(each.at_once.as_ref()?)?).ok()?;
        u32::try_from(elements.div_ceil(at_once.max(1))).ok()
    };
    phase.each.as_ref().and_then(count).unwrap_or(1).max(1)
}

/// Phases of which others wait for one element alone, which may be among the first.
fn named_apart(pipeline: &Pipeline) -> Vec<bool> {
    let mut apart: FxHashSet<&str> = FxHashSet::default();
    for phase in &pipeline.phases {
        let elements = phase.after.iter().filter(|reference| reference.element.is_some());
        apart.extend(elements.map(|reference| reference.name.as_str()));
        phase_expressions(phase, &mut |expr| {
            if let ExprKind::Output(OutputRef { phase, element: Some(_), .. }) = &*expr.kind {
                apart.insert(phase);
            }
        });
    }
    pipeline.phases.iter().map(|phase| apart.contains(phase.name.as_str())).collect()
}

/// The longest hold on the path, or the longest wait when there is no hold.
fn longest_wait<'p>(
    pipeline: &'p Pipeline,
    (path, runs): (&[usize], &[bool]),
    constants: &Constants<'_>,
) -> Option<&'p Expr> {
    let mut found: Vec<(&Expr, bool)> = Vec::new();
    for phase in path {
        if runs[*phase] {
            waits(&pipeline.phases[*phase].body, &mut found);
        }
    }
    let has_hold = found.iter().any(|(_, is_hold)| *is_hold);
    let candidates = found.into_iter().filter(|(_, is_hold)| *is_hold || !has_hold).rev();
    candidates.max_by_key(|(duration, _)| constants.duration(duration)).map(|(duration, _)| duration)
}

//! PG405: a `for` that one sample satisfies.

use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;
use crate::model::expr::Expr;
use crate::model::phase::{Condition, Sustain};

use super::super::soundness::machine::rhythm;
use super::super::soundness::standing::{Standing, Watched};
use super::super::soundness::survey::{Surveyed, World};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG405,
    why: "Between two samples nothing is known. A `for` shorter than the sampling interval asks for two samples all the \
          same, and reads as if it were faster.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") every 1m {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 10s
    wait 1h
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") every 5s {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 10s
    wait 1h
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        for watch in &surveyed.watches {
            check_condition(subject, surveyed, (watch.place, &watch.trigger.condition), diagnostics);
        }
        for look in surveyed.looks.iter().filter(|look| look.hold.is_some()) {
            for condition in look.conditions {
                check_condition(subject, surveyed, (look.place, condition), diagnostics);
            }
        }
    }
    let Watched { conditions, worlds } = &subject.survey().standing;
    for Standing { condition, .. } in conditions {
        let Some(Sustain::Time(time)) = &condition.sustain else { continue };
        let longer = worlds.iter().map(|world| longer_interval(subject, condition, time, world));
        if let Some(interval) = longer.reduce(|one, other| one.and(other)).flatten() {
            diagnostics.push(report(time, interval));
        }
    }
}

fn check_condition(
    subject: &Subject<'_>,
    surveyed: &Surveyed<'_>,
    (place, condition): (usize, &Condition),
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(Sustain::Time(time)) = &condition.sustain else { return };
    let mut interval = None;
    let is_shorter = surveyed.everywhere(place, |world| {
        interval = longer_interval(subject, condition, time, world);
        interval.is_some()
    });
    if let Some(interval) = interval.filter(|_| is_shorter) {
        diagnostics.push(report(time, interval));
    }
}

/// The time between two samples, when the `for` is shorter.
fn longer_interval(subject: &Subject<'_>, condition: &Condition, time: &Expr, world: &World<'_>) -> Option<Duration> {
    let rhythm = rhythm(subject.program, &condition.expr, &world.constants)?;
    let sustained = world.constants.duration(time)?;
    rhythm.every.first().copied().filter(|shortest| sustained < *shortest)
}

fn report(time: &Expr, interval: Duration) -> Diagnostic {
    let message = format!("this is shorter than the {} between two samples", format_duration(interval));
    Diagnostic::new(Code::PG405, time.at, message)
        .label("less than one sample")
        .help("sample more often with `every`, or count samples: `for 3 samples`")
}

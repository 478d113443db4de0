//! PG405: a `for` that one sample satisfies.

use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;
use crate::model::phase::{Condition, Sustain};

use super::super::soundness::machine::rhythm;
use super::super::soundness::survey::Surveyed;
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
}

fn check_condition(
    subject: &Subject<'_>,
    surveyed: &Surveyed<'_>,
    (place, condition): (usize, &Condition),
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(Sustain::Time(time)) = &condition.sustain else { return };
    let mut interval: Option<Duration> = None;
    let is_shorter = surveyed.everywhere(place, |world| {
        let rhythm = rhythm(subject.program, &condition.expr, &world.constants);
        let shortest = rhythm.and_then(|rhythm| rhythm.every.first().copied());
        interval = shortest;
        let sustained = world.constants.duration(time);
        sustained.zip(shortest).is_some_and(|(sustained, shortest)| sustained < shortest)
    });
    let Some(interval) = interval.filter(|_| is_shorter) else { return };
    let message = format!("this is shorter than the {} between two samples", format_duration(interval));
    let diagnostic = Diagnostic::new(Code::PG405, time.at, message)
        .label("less than one sample")
        .help("sample more often with `every`, or count samples: `for 3 samples`");
    diagnostics.push(diagnostic);
}

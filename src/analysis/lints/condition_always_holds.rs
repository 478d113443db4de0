//! PG402: a condition that looks at nothing.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::phase::{Condition, MissingPolicy};

use super::super::soundness::standing::Watched;
use super::super::soundness::survey::{Surveyed, World};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG402,
    why: "A condition that is true whatever happens guards nothing and looks as if it did. It may still be unknown: with \
          `missing breach` it asks whether there are data, and is not reported.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look { gate { require api.p95 > 100ms or api.p95 < 200ms } }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look { gate { require api.p95 < 200ms } }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        for watch in &surveyed.watches {
            let place = (watch.place, watch.condition);
            check_condition(surveyed, &watch.trigger.condition, place, "the condition of this trigger", diagnostics);
        }
        for look in &surveyed.looks {
            for (number, condition) in (look.first..).zip(look.conditions) {
                check_condition(surveyed, condition, (look.place, number), "this condition", diagnostics);
            }
        }
    }
    let Watched { conditions, worlds } = &subject.survey().standing;
    for (number, standing) in conditions.iter().enumerate() {
        let always = |world: &World<'_>| is_always(world, standing.condition, number);
        if !worlds.is_empty() && worlds.iter().all(always) {
            report(standing.condition, number, worlds, &format!("the condition of {}", standing.what), diagnostics);
        }
    }
}

fn check_condition(
    surveyed: &Surveyed<'_>,
    condition: &Condition,
    (place, number): (usize, usize),
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if surveyed.everywhere(place, |world| is_always(world, condition, number)) {
        report(condition, number, &surveyed.worlds, what, diagnostics);
    }
}

fn is_always(world: &World<'_>, condition: &Condition, number: usize) -> bool {
    let reading = &world.readings[number];
    // With `missing breach` it still asks whether there are data at all.
    reading.is_always && (reading.is_constant || condition.missing != MissingPolicy::Breach)
}

fn report(condition: &Condition, number: usize, worlds: &[World<'_>], what: &str, diagnostics: &mut Vec<Diagnostic>) {
    let label = if worlds.iter().all(|world| world.readings[number].is_constant) {
        "true whatever happens"
    } else {
        "true whatever the sample is"
    };
    let diagnostic = Diagnostic::new(Code::PG402, condition.expr.at, format!("{what} always holds"))
        .label(label)
        .help("take it out, or give it a limit that something can exceed");
    diagnostics.push(diagnostic);
}

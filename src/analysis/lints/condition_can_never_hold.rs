//! PG401: a condition that cannot be true.

use std::rc::Rc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::model::phase::{Condition, MissingPolicy};

use super::super::soundness::linear::Variable;
use super::super::soundness::sets::Cell;
use super::super::soundness::standing::Watched;
use super::super::soundness::survey::{Look, Surveyed, World, names};
use super::{Lint, Subject};

/// What the requirements of one gate may come to, at most.
const MOST_CELLS: usize = 64;

pub const LINT: Lint = Lint {
    code: Code::PG401,
    why: "A gate with such a condition always fails, a trigger with it guards nothing. Limits are compared with each other, \
          with those of the other requirements of the same gate or hold, through sums, quotients, thresholds and derived \
          fields, in every environment. What a measured percentile, a count or a spread cannot be is known as well.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look {
    gate {
      require api.p95 > 500ms
      require api.p95 < 200ms
    }
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  p95: duration(ms) = json("$.p95")
}

/// Looks once.
pipeline watch {
  phase look {
    gate {
      require api.p95 > 5ms
      require api.p95 < 200ms
    }
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        for watch in &surveyed.watches {
            check_condition(surveyed, &watch.trigger.condition, (watch.place, watch.condition), diagnostics);
        }
        for look in &surveyed.looks {
            for (number, condition) in (look.first..).zip(look.conditions) {
                check_condition(surveyed, condition, (look.place, number), diagnostics);
            }
            check_together(surveyed, look, diagnostics);
        }
    }
    let Watched { conditions, worlds } = &subject.survey().standing;
    for (number, standing) in conditions.iter().enumerate() {
        let never: Vec<&World<'_>> = worlds.iter().filter(|world| world.readings[number].is_never).collect();
        report(standing.condition, &never, &names(&never, worlds.len()), diagnostics);
    }
}

fn check_condition(
    surveyed: &Surveyed<'_>,
    condition: &Condition,
    (place, number): (usize, usize),
    diagnostics: &mut Vec<Diagnostic>,
) {
    let never: Vec<&World<'_>> = surveyed.worlds_of(place).filter(|world| world.readings[number].is_never).collect();
    report(condition, &never, &surveyed.names(&never), diagnostics);
}

fn report(condition: &Condition, never: &[&World<'_>], place: &str, diagnostics: &mut Vec<Diagnostic>) {
    if !never.is_empty() {
        let message = format!("this condition can never hold{place}");
        let diagnostic = Diagnostic::new(Code::PG401, condition.expr.at, message)
            .label("never true")
            .help("compare the limits with each other and with the values of the environment");
        diagnostics.push(diagnostic);
    }
}

/// A requirement that leaves nothing of what is allowed, and the one before it that it contradicts by itself.
type Conflict = Option<(usize, Option<usize>)>;

/// Requirements that each may hold, and never all of them at once.
fn check_together(surveyed: &Surveyed<'_>, look: &Look<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // Beside one that is in error, what was meant is not known.
    if look.conditions.iter().any(|condition| condition.expr.ty == Type::Error) {
        return;
    }
    let mut found: Conflict = None;
    let mut before: Option<(&World<'_>, Conflict)> = None;
    let never: Vec<&World<'_>> = surveyed
        .worlds_of(look.place)
        .filter(|world| {
            let known = before.filter(|(before, _)| Rc::ptr_eq(&before.readings, &world.readings));
            let conflict = known.map_or_else(|| conflict(look, world), |(_, conflict)| conflict);
            before = Some((world, conflict));
            found = found.or(conflict);
            conflict.is_some()
        })
        .collect();
    let Some((later, earlier)) = found else { return };
    let (what, always) = match look.hold {
        Some(_) => ("hold", "this hold always fails"),
        None => ("gate", "this gate always fails"),
    };
    let beside = match earlier {
        Some(earlier) => format!("`{}`", look.conditions[earlier].text),
        None => "the requirements above".to_owned(),
    };
    let message = format!("this condition can never hold together with {beside}{}", surveyed.names(&never));
    let mut diagnostic = Diagnostic::new(Code::PG401, look.conditions[later].expr.at, message)
        .label(always)
        .help(format!("no sample satisfies both, so nothing passes the {what}: one of the limits is wrong"));
    if let Some(earlier) = earlier {
        diagnostic = diagnostic.also(look.conditions[earlier].expr.at, "never true at the same time");
    }
    diagnostics.push(diagnostic);
}

/// The first requirement that leaves nothing of what those before it allow, and the one that it contradicts by itself.
fn conflict(look: &Look<'_>, world: &World<'_>) -> Conflict {
    let mut allowed = vec![Cell::default()];
    let mut before: Vec<(usize, &[Cell])> = Vec::new();
    for (index, condition) in look.conditions.iter().enumerate() {
        let reading = &world.readings[look.first + index];
        // What may be violated for a while, or passes without data, contradicts nothing.
        let always_asked = !condition.warns && condition.sustain.is_none() && condition.missing != MissingPolicy::Ok;
        let Some(own) = reading.truth.as_deref().filter(|_| always_asked && !reading.is_never) else { continue };
        let left: Vec<Cell> = allowed.iter().flat_map(|cell| own.iter().map(|own| cell.and(own))).collect();
        if left.len() > MOST_CELLS {
            return None;
        }
        let variables: Vec<Variable> = own.iter().flat_map(Cell::variables).collect();
        let is_impossible = |cell: &Cell| cell.about(&variables).is_empty(&world.table);
        if !before.is_empty() && left.iter().all(is_impossible) {
            let excludes =
                |other: &[Cell]| other.iter().all(|cell| own.iter().all(|own| is_impossible(&cell.and(own))));
            return Some((index, before.iter().find(|(_, other)| excludes(other)).map(|(earlier, _)| *earlier)));
        }
        allowed = left;
        before.push((index, own));
    }
    None
}

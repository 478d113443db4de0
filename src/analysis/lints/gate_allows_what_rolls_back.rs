//! PG417: a gate that is looser than the trigger around it.

use rustc_hash::FxHashMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;
use crate::model::phase::TriggerAction;

use super::super::soundness::leniency::{Leniency, of_gate, of_hold};
use super::super::soundness::linear::Variable;
use super::super::soundness::survey::{Look, Surveyed, Watch, World};
use super::{Lint, Subject};

/// Triggers that a gate is compared with, at most.
const MOST_CANDIDATES: usize = 64;

pub const LINT: Lint = Lint {
    code: Code::PG417,
    why: "The gate lets through what the trigger around it takes back: whoever passes at 8% is rolled back at 5%. A hold \
          that fails at once on a higher limit is a second line of defence; one that asks for no less time than the trigger, \
          too, comes after it every time.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Looks twice.
pipeline watch {
  rollback when api.errors > 5% for 5m
  phase look {
    gate { require api.errors < 8% }
    wait 1h
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Looks twice.
pipeline watch {
  rollback when api.errors > 5% for 5m
  phase look {
    gate { require api.errors < 4% }
    wait 1h
  }
}
"#,
    check,
};

/// The triggers of each block that take something back, by what they look at.
type Index = FxHashMap<(usize, Variable), Vec<usize>>;

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        let Some(world) = surveyed.worlds.first().filter(|_| !surveyed.watches.is_empty()) else { continue };
        let index = index(surveyed, world);
        for look in &surveyed.looks {
            let candidates = candidates(surveyed, world, &index, look);
            for watch in candidates {
                check_against(subject, surveyed, look, &surveyed.watches[watch], diagnostics);
            }
        }
    }
}

fn index(surveyed: &Surveyed<'_>, world: &World<'_>) -> Index {
    let mut index = Index::default();
    for (number, watch) in surveyed.watches.iter().enumerate() {
        if matches!(watch.trigger.action, TriggerAction::Rollback | TriggerAction::RollbackPhase) {
            for variable in variables(world, watch.condition) {
                index.entry((watch.place, variable)).or_default().push(number);
            }
        }
    }
    index
}

fn variables(world: &World<'_>, condition: usize) -> Vec<Variable> {
    let truth = world.readings[condition].truth.as_deref().unwrap_or_default();
    let mut found: Vec<Variable> = truth.iter().flat_map(|cell| cell.variables()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Triggers around a gate or a hold that look at something it looks at.
fn candidates(surveyed: &Surveyed<'_>, world: &World<'_>, index: &Index, look: &Look<'_>) -> Vec<usize> {
    let mut own: Vec<Variable> = (0..look.conditions.len()).flat_map(|at| variables(world, look.first + at)).collect();
    own.sort_unstable();
    own.dedup();
    let mut found = Vec::new();
    for place in surveyed.around(look.place) {
        for variable in &own {
            found.extend(index.get(&(place, *variable)).into_iter().flatten().take(MOST_CANDIDATES));
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST_CANDIDATES);
    found
}

fn check_against(
    subject: &Subject<'_>,
    surveyed: &Surveyed<'_>,
    look: &Look<'_>,
    watch: &Watch<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut judge = |find: &dyn Fn(&World<'_>) -> Option<Leniency>| {
        let mut shown = None;
        let everywhere = surveyed.everywhere(look.place, |world| {
            let found = find(world);
            let is_lenient = found.is_some();
            shown = shown.take().or(found);
            is_lenient
        });
        if let Some(leniency) = shown.filter(|_| everywhere) {
            diagnostics.push(report(look, watch, &leniency));
        }
    };
    if look.hold.is_none() {
        judge(&|world| of_gate(subject.program, look, watch, world));
        return;
    }
    for (index, condition) in look.conditions.iter().enumerate() {
        if !condition.warns {
            judge(&|world| of_hold(subject.program, surveyed, (look, index), watch, world));
        }
    }
}

fn report(look: &Look<'_>, watch: &Watch<'_>, leniency: &Leniency) -> Diagnostic {
    let what = if look.hold.is_some() { "hold" } else { "gate" };
    let advice = format!("make the {what} at least as strict as the trigger");
    let help = match &leniency.shown {
        Some(line) if line.lasts.is_zero() => {
            format!("{}: the {what} passes although the trigger rolls back at once; {advice}", line.words)
        }
        Some(line) => format!(
            "{}: the {what} passes although the trigger rolls back after {}; {advice}",
            line.words,
            format_duration(line.lasts)
        ),
        None => advice,
    };
    let at = look.conditions[leniency.require].at;
    Diagnostic::new(Code::PG417, at, format!("this {what} allows what a trigger rolls back"))
        .label("looser than the trigger")
        .also(watch.trigger.condition.at, "this takes it back")
        .help(help)
}

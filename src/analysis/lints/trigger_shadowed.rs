//! PG409: a trigger that another one always beats.

use rustc_hash::FxHashMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;

use super::super::soundness::linear::{Solved, Variable};
use super::super::soundness::machine::{Run, rhythm, run_of};
use super::super::soundness::order::{leaves_nothing, machine_of, precedes};
use super::super::soundness::survey::{Surveyed, Watch, World};
use super::super::soundness::witness::{TimeLine, time_line, values};
use super::{Lint, Subject};

/// Triggers that one is compared with, at most.
const MOST_CANDIDATES: usize = 64;

pub const LINT: Lint = Lint {
    code: Code::PG409,
    why: "When a stricter trigger of the same block, or of one around it, has fired every time, the looser one is dead \
          text. It must be true whenever the looser one is, ask for no longer, begin no later, and do no less.",
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

/// The triggers of each block by what they look at.
type Index = FxHashMap<(usize, Variable), Vec<usize>>;

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        let Some(world) = surveyed.worlds.first().filter(|_| surveyed.watches.len() > 1) else { continue };
        let index = index(surveyed, world);
        for loose in 0..surveyed.watches.len() {
            let stricter = candidates(surveyed, world, &index, loose);
            let found = stricter.into_iter().find(|strict| is_shadowed(subject, surveyed, loose, *strict));
            if let Some(strict) = found {
                diagnostics.push(report(subject, surveyed, &surveyed.watches[loose], &surveyed.watches[strict]));
            }
        }
    }
}

fn index(surveyed: &Surveyed<'_>, world: &World<'_>) -> Index {
    let mut index = Index::default();
    for (number, watch) in surveyed.watches.iter().enumerate() {
        // What it looks at is looked at by all that it shadows: the first is enough to find it.
        let truth = world.readings[watch.condition].truth.as_deref().unwrap_or_default();
        let mut first: Vec<Variable> = truth.iter().filter_map(|cell| cell.variables().first().copied()).collect();
        first.sort_unstable();
        first.dedup();
        first.into_iter().for_each(|variable| index.entry((watch.place, variable)).or_default().push(number));
    }
    index
}

/// Triggers of the same block and of those around it that look at nothing but what this one looks at.
fn candidates(surveyed: &Surveyed<'_>, world: &World<'_>, index: &Index, loose: usize) -> Vec<usize> {
    let watch = &surveyed.watches[loose];
    let truth = world.readings[watch.condition].truth.as_deref().unwrap_or_default();
    let mut variables: Vec<Variable> = truth.iter().flat_map(|cell| cell.variables()).collect();
    variables.sort_unstable();
    variables.dedup();
    let mut found = Vec::new();
    for place in surveyed.around(watch.place) {
        for variable in &variables {
            let others = index.get(&(place, *variable)).into_iter().flatten();
            found.extend(others.copied().filter(|other| *other != loose).take(MOST_CANDIDATES));
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST_CANDIDATES);
    found
}

fn is_shadowed(subject: &Subject<'_>, surveyed: &Surveyed<'_>, loose: usize, strict: usize) -> bool {
    let comes_first = strict < loose;
    let (loose, strict) = (&surveyed.watches[loose], &surveyed.watches[strict]);
    // One line may give several triggers.
    if loose.trigger.at == strict.trigger.at {
        return false;
    }
    let beats = |strict: &Watch<'_>, loose: &Watch<'_>, comes_first: bool, world: &World<'_>| {
        let machines = machine_of(surveyed, strict, world).zip(machine_of(surveyed, loose, world));
        let precedence = machines.and_then(|(strict, loose)| precedes(subject.program, strict, loose, world));
        precedence.is_some_and(|precedence| {
            leaves_nothing(&strict.trigger.action, &loose.trigger.action, precedence, comes_first)
        })
    };
    let is_beaten = surveyed.everywhere(loose.place, |world| beats(strict, loose, comes_first, world));
    // Of two that are the same only the later one is dead.
    let is_mutual =
        || !comes_first && surveyed.everywhere(loose.place, |world| beats(loose, strict, !comes_first, world));
    is_beaten && !is_mutual()
}

fn report(subject: &Subject<'_>, surveyed: &Surveyed<'_>, loose: &Watch<'_>, strict: &Watch<'_>) -> Diagnostic {
    let shown = surveyed.worlds_of(loose.place).find_map(|world| show(subject, surveyed, (loose, strict), world));
    let help = match shown {
        Some(line) => format!(
            "{}: the stricter one fires after {}; take this one out, or make it the faster of the two",
            line.words,
            format_duration(line.lasts)
        ),
        None => "take it out, or make it faster than the stricter one".to_owned(),
    };
    Diagnostic::new(Code::PG409, loose.trigger.at, "another trigger always fires before this one")
        .label("never the first")
        .also(strict.trigger.at, "this one is stricter")
        .help(help)
}

/// The shortest series that would bring the looser one to fire: the other has fired by then.
fn show(
    subject: &Subject<'_>,
    surveyed: &Surveyed<'_>,
    (loose, strict): (&Watch<'_>, &Watch<'_>),
    world: &World<'_>,
) -> Option<TimeLine> {
    let cell = machine_of(surveyed, loose, world)?.bad.first()?;
    let Solved::Point(point) = cell.solve(&world.table) else { return None };
    let condition = &strict.trigger.condition;
    let run = match &condition.sustain {
        Some(sustain) => run_of(sustain, &world.constants)?,
        None => Run::Samples(1),
    };
    let rhythm = rhythm(subject.program, &condition.expr, &world.constants)?;
    time_line(&values(&world.table, &point, &cell.variables()).filter(|words| !words.is_empty())?, run, &rhythm)
}

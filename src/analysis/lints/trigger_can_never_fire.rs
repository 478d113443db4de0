//! PG404: a trigger whose block is over before its `for` is.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::time::format_duration;

use super::super::soundness::machine::{Run, TooLong, never_fails, never_fires};
use super::super::soundness::survey::{Hold, Look, Surveyed, Watch};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG404,
    why: "Triggers end with their block. One that needs an hour of bad samples in a block of ten minutes guards nothing: \
          `after` and `for` add up, samples come only so often, and those of a weight's first `lag` do not count. The same \
          holds for a requirement whose `for` outlasts its hold: the hold passes without a single good sample.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for ten minutes.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 1h
    wait 10m
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for ten minutes.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 5m
    wait 10m
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        for watch in &surveyed.watches {
            check_trigger(subject, surveyed, watch, diagnostics);
        }
        for look in &surveyed.looks {
            if let Some(hold) = look.hold {
                check_hold(subject, surveyed, (look, hold), diagnostics);
            }
        }
    }
}

fn check_trigger(subject: &Subject<'_>, surveyed: &Surveyed<'_>, watch: &Watch<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let condition = &watch.trigger.condition;
    if condition.sustain.is_none() && condition.after.is_none() && surveyed.places[watch.place].ramp == 0 {
        return;
    }
    let mut worst = None;
    let never = surveyed.everywhere(watch.place, |world| {
        let found = never_fires(subject.program, surveyed, watch, world);
        worst = found.or(worst);
        found.is_some() && !world.readings[watch.condition].is_never
    });
    let Some(found) = worst.filter(|_| never) else { return };
    let message = format!(
        "this trigger can never fire: it needs {}, and its block lasts {}",
        needed(&found),
        format_duration(found.lasts)
    );
    let help = match (found.unseen.is_zero(), condition.sustain.is_some()) {
        (false, _) => format!(
            "samples of the first {} after a weight is set do not count: hold for longer, or move it out of the ramp",
            format_duration(found.unseen)
        ),
        (true, true) => "shorten its `for`, or move it to a block that lasts longer".to_owned(),
        (true, false) => "shorten its `after`, or move it to a block that lasts longer".to_owned(),
    };
    let diagnostic = Diagnostic::new(Code::PG404, watch.trigger.at, message).label("outlasts its block").help(help);
    diagnostics.push(diagnostic);
}

/// A `for` that the hold is too short for: whatever the samples are, it passes.
fn check_hold(
    subject: &Subject<'_>,
    surveyed: &Surveyed<'_>,
    (look, hold): (&Look<'_>, Hold<'_>),
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (number, condition) in (look.first..).zip(look.conditions) {
        if condition.sustain.is_none() {
            continue;
        }
        let mut worst = None;
        let never = surveyed.everywhere(look.place, |world| {
            let found = never_fails(subject.program, surveyed, (look, hold), condition, world);
            worst = found.or(worst);
            let reading = &world.readings[number];
            found.is_some() && !reading.is_never && !reading.is_always
        });
        let Some(found) = worst.filter(|_| never) else { continue };
        let word = if condition.warns { "be violated" } else { "fail" };
        let message = format!(
            "this requirement can never {word}: it must be false for {}, and the hold lasts {}",
            needed(&found),
            format_duration(found.lasts)
        );
        let help = if found.unseen.is_zero() {
            "the hold passes without a single good sample: shorten the `for`, or hold for longer".to_owned()
        } else {
            format!(
                "samples of the first {} after the weight is set do not count, so the hold passes without a single good \
                 one: shorten the `for`, or hold for longer",
                format_duration(found.unseen)
            )
        };
        let diagnostic = Diagnostic::new(Code::PG404, condition.at, message)
            .label("outlasts its hold")
            .also(hold.duration.at, "over before that")
            .help(help);
        diagnostics.push(diagnostic);
    }
}

/// `10m`, `5 samples`, `10m after 1h`
fn needed(found: &TooLong) -> String {
    let run = |run: Run| match run {
        Run::Time(time) => format_duration(time),
        Run::Samples(1) => "a sample".to_owned(),
        Run::Samples(samples) => format!("{samples} samples"),
    };
    match found.after {
        Some(after) => format!("{} after {}", run(found.needed), run(after)),
        None => run(found.needed),
    }
}

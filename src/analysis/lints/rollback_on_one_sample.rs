//! PG410: one bad sample is enough.

use std::time::Duration;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::base::time::format_duration;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::{Condition, Sustain, Trigger, TriggerAction};
use crate::stats::repeated_looks::repeated_looks;
use crate::stats::run_length::{CusumChart, Sides, cusum};

use super::super::soundness::machine::rhythm;
use super::super::soundness::survey::{Hold, Surveyed, World};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG410,
    why: "Every metric has a bad sample now and then. A trigger that takes everything back on one of them fires on noise. \
          A `cusum` is no exception: looked at with every sample it alarms falsely, on average after as many samples as its \
          `k` and `h` say. A hold looks with every sample too, and one look fails its phase: `kayenta`, a test of a fixed number \
          of samples, errs there as often as in a trigger.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5%
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
    rollback when api.errors > 5% for 3 samples
    wait 1h
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for surveyed in &subject.survey().pipelines {
        check_holds(subject, surveyed, diagnostics);
        for watch in surveyed.watches.iter().filter(|watch| takes_back(watch.trigger)) {
            let condition = &watch.trigger.condition;
            let once = match &condition.sustain {
                None => true,
                Some(Sustain::Samples(count)) => {
                    surveyed.everywhere(watch.place, |world| world.constants.integer(count) == Some(1))
                }
                Some(Sustain::Time(_)) => false,
            };
            if !once {
                continue;
            }
            let every = surveyed.worlds_of(watch.place).find_map(|world| false_alarm_every(subject, condition, world));
            let advice = "say for how long it must be so: `for 5m` or `for 3 samples`";
            let help = match every {
                _ if reads_kayenta(&condition.expr) => format!(
                    "`kayenta` is a test of a fixed number of samples: looked at 10 times as samples come in, its 2% of \
                     errors become {:.0}%, looked at 60 times {:.0}%; ask it in a gate, or use `worse`, which is valid at \
                     every look",
                    repeated_looks(10, KAYENTA_LIMIT).unwrap_or(1.0) * 100.0,
                    repeated_looks(60, KAYENTA_LIMIT).unwrap_or(1.0) * 100.0
                ),
                Some(every) => format!(
                    "looked at with every sample, this `cusum` alarms falsely every {} on average; {advice}, or choose a \
                     greater `h`",
                    format_duration(every)
                ),
                None => advice.to_owned(),
            };
            let message = format!("`{}` on one sample", watch.trigger.action.name());
            let diagnostic =
                Diagnostic::new(Code::PG410, watch.trigger.at, message).label("one bad sample is enough").help(help);
            diagnostics.push(diagnostic);
        }
    }
}

/// A hold looks with every sample, so a test of a fixed number of samples errs there like in a trigger. With a `for` one look is not
/// enough, and a hold that looks at its start and its end alone has seen nothing in between.
fn check_holds(subject: &Subject<'_>, surveyed: &Surveyed<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for look in &surveyed.looks {
        let Some(hold) = look.hold else { continue };
        let fails_at_once = |condition: &&Condition| !condition.warns && condition.sustain.is_none();
        for condition in look.conditions.iter().filter(fails_at_once).filter(|condition| reads_kayenta(&condition.expr))
        {
            let count = |world: &World<'_>| looks(subject, hold, condition, world).filter(|looks| *looks > 2);
            if !surveyed.everywhere(look.place, |world| count(world).is_some()) {
                continue;
            }
            let Some(looks) = surveyed.worlds_of(look.place).find_map(count) else { continue };
            let (than, counted) = if looks > MOST_LOOKS { ("more than ", MOST_LOOKS) } else { ("", looks) };
            let rate = repeated_looks(counted, KAYENTA_LIMIT).unwrap_or(1.0) * 100.0;
            let message = format!("`kayenta` in a hold that looks {looks} times");
            let help = format!(
                "`kayenta` is a test of a fixed number of samples: looked at {than}{counted} times as samples come in, its 2% of \
                 errors become {than}{rate:.0}%; ask it in a gate after the hold, or use `worse`, which is valid at every look"
            );
            let label = "one look that errs fails the phase";
            diagnostics.push(Diagnostic::new(Code::PG410, condition.at, message).label(label).help(help));
        }
    }
}

/// How often a hold looks, with the look at its start.
fn looks(subject: &Subject<'_>, hold: Hold<'_>, condition: &Condition, world: &World<'_>) -> Option<u32> {
    let lasts = world.constants.duration(hold.duration)?;
    let every = match hold.every {
        Some(every) => world.constants.duration(every)?,
        None => *rhythm(subject.program, &condition.expr, &world.constants)?.every.first()?,
    };
    let between = lasts.as_micros().checked_div(every.as_micros())?;
    Some(u32::try_from(between).unwrap_or(u32::MAX).saturating_add(1))
}

/// The looks that a rate is computed for; with more of them it is greater still.
const MOST_LOOKS: u32 = 200;

/// The normal quantile of Kayenta's level, 98% on two sides.
const KAYENTA_LIMIT: f64 = 2.326_347_874;

fn reads_kayenta(expr: &Expr) -> bool {
    let own = matches!(&*expr.kind, ExprKind::Call(function, _) if function.as_str() == "kayenta");
    own || expr.children().into_iter().any(reads_kayenta)
}

/// How long a cumulative sum takes on average to alarm without a shift, rounded to minutes.
fn false_alarm_every(subject: &Subject<'_>, condition: &Condition, world: &World<'_>) -> Option<Duration> {
    let ExprKind::Field(sum, field) = &*condition.expr.kind else { return None };
    let ExprKind::Call(function, args) = &*sum.kind else { return None };
    let given = |name: &str| args.iter().find(|(own, _)| own == name).map(|(_, value)| value);
    if function != "cusum" || field != "alarm" || given("false_alarm_every").is_some() {
        return None;
    }
    let number = |name: &str, default: f64| match given(name) {
        Some(value) => world.constants.value(value)?.as_number().map(Number::to_f64),
        None => Some(default),
    };
    let is_two_sided = match given("side") {
        Some(side) => world.constants.value(side)?.as_text()? == "both",
        None => true,
    };
    let sides = if is_two_sided { Sides::Both } else { Sides::Upper };
    let chart = CusumChart { k: number("k", 0.5)?, h: number("h", 5.0)?, headstart: number("headstart", 0.0)?, sides };
    let samples = cusum(&chart, 0.0)?;
    let every = *rhythm(subject.program, &condition.expr, &world.constants)?.every.first()?;
    let seconds = (samples * every.as_secs_f64() / 60.0).round() * 60.0;
    // Nobody waits for ten years.
    (60.0..3.2e8).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

fn takes_back(trigger: &Trigger) -> bool {
    match trigger.action {
        TriggerAction::Rollback | TriggerAction::RollbackPhase | TriggerAction::Abort => true,
        TriggerAction::Pause | TriggerAction::Notify(_) => false,
    }
}

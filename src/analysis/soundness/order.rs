//! Which of two machines is done first, whatever the samples are and whichever of them are missing.

use std::time::Duration;

use crate::model::phase::{Condition, MissingPolicy, TriggerAction};
use crate::model::program::Program;

use super::machine::{Rhythm, Run, rhythm, run_of};
use super::sets::{Cell, surely_implies};
use super::survey::{Surveyed, Watch, World};

/// How one run of bad evaluations compares with another that is never broken off earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precedence {
    /// At the same instant or before.
    NoLater,
    /// At an instant before.
    Earlier,
}

/// A machine: a condition, where it is bad, and for how long it must be so.
#[derive(Clone, Copy)]
pub struct Machine<'m> {
    pub condition: &'m Condition,
    pub bad: &'m [Cell],
    /// How often what has been seen is kept over a stretch that is not judged.
    pub stretches: u32,
    /// The ramp's body that it stands in; 0 outside.
    pub ramp: usize,
}

/// Whether `strict` is surely done when `loose` is.
#[must_use]
pub fn precedes(program: &Program, strict: Machine<'_>, loose: Machine<'_>, world: &World<'_>) -> Option<Precedence> {
    let constants = &world.constants;
    let run = |condition: &Condition| match &condition.sustain {
        Some(sustain) => run_of(sustain, constants),
        None => Some(Run::Samples(1)),
    };
    let (short, long) = (run(strict.condition)?, run(loose.condition)?);
    if !begins_no_later(strict.condition, loose.condition, world) || !covers_missing(strict, loose) {
        return None;
    }
    let own = rhythm(program, &strict.condition.expr, constants);
    let other = rhythm(program, &loose.condition.expr, constants);
    let at_one_time = match (&own, &other) {
        (Some(own), Some(other)) => own.every == other.every && own.lag == other.lag,
        (None, None) => strict.condition.expr.is_same_as(&loose.condition.expr),
        _ => false,
    };
    if !at_one_time || !surely_implies(loose.bad, strict.bad, &world.table) {
        return None;
    }
    // Seen from outside of a ramp, what lies between two weights is judged, and may break a run off.
    let has_gaps = strict.ramp != loose.ramp && own.as_ref().is_some_and(|rhythm| !rhythm.lag.is_zero());
    if has_gaps && !fits_into_one_stretch(short, long, loose.stretches) {
        return None;
    }
    compare(short, long, own.as_ref())
}

fn begins_no_later(strict: &Condition, loose: &Condition, world: &World<'_>) -> bool {
    let Some(own) = &strict.after else { return true };
    let Some(other) = &loose.after else { return false };
    match (run_of(own, &world.constants), run_of(other, &world.constants)) {
        (Some(Run::Time(own)), Some(Run::Time(other))) => own <= other,
        (Some(Run::Samples(own)), Some(Run::Samples(other))) => own <= other,
        _ => false,
    }
}

/// Missing data that count as bad for the one count as bad for the other.
fn covers_missing(strict: Machine<'_>, loose: Machine<'_>) -> bool {
    if loose.condition.missing != MissingPolicy::Breach {
        return true;
    }
    let same_data = match (strict.bad, loose.bad) {
        ([own], [other]) => own.variables() == other.variables(),
        _ => false,
    };
    strict.condition.missing == MissingPolicy::Breach && same_data
}

fn fits_into_one_stretch(short: Run, long: Run, stretches: u32) -> bool {
    match (short, long) {
        (Run::Samples(0 | 1), _) => true,
        (Run::Time(short), Run::Time(long)) => short.saturating_mul(stretches) <= long,
        (Run::Samples(short), Run::Samples(long)) => {
            (short - 1).saturating_mul(u64::from(stretches)).saturating_add(1) <= long
        }
        _ => false,
    }
}

fn compare(short: Run, long: Run, rhythm: Option<&Rhythm>) -> Option<Precedence> {
    let every = match rhythm.map(|rhythm| rhythm.every.as_slice()) {
        Some([every]) => Some(*every),
        _ => None,
    };
    let known = |ordered: bool, earlier: bool| match (ordered, earlier) {
        (true, true) => Some(Precedence::Earlier),
        (true, false) => Some(Precedence::NoLater),
        (false, _) => None,
    };
    match (short, long) {
        (Run::Samples(short), Run::Samples(long)) => known(short.max(1) <= long.max(1), short.max(1) < long.max(1)),
        (Run::Time(short), Run::Time(long)) => {
            known(short <= long, every.is_some_and(|every| pairs(short, every) < pairs(long, every)))
        }
        // Between neighbours that are known no more than one interval passes.
        (Run::Samples(samples), Run::Time(time)) => match every {
            Some(every) => known(samples <= pairs(time, every) + 1, samples < pairs(time, every) + 1),
            None => known(samples <= 1, samples <= 1 && !time.is_zero()),
        },
        (Run::Time(time), Run::Samples(samples)) => known(time.is_zero(), samples > 1),
    }
}

/// Pairs of neighbouring evaluations that a time takes.
fn pairs(time: Duration, every: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(every.as_micros().max(1))).unwrap_or(u64::MAX)
}

/// A trigger as a machine; none when its condition is not understood, or is always or never true.
#[must_use]
pub fn machine_of<'m>(surveyed: &Surveyed<'m>, watch: &Watch<'m>, world: &'m World<'m>) -> Option<Machine<'m>> {
    let reading = &world.readings[watch.condition];
    let bad = reading.truth.as_deref().filter(|_| !reading.is_never && !reading.is_always)?;
    let place = &surveyed.places[watch.place];
    let stretches = u32::try_from(place.weights).unwrap_or(u32::MAX);
    Some(Machine { condition: &watch.trigger.condition, bad, stretches, ramp: place.ramp })
}

/// Whether nothing is left for `loose` to do once `strict` has fired. `comes_first` says who is asked first at one instant.
#[must_use]
pub fn leaves_nothing(
    strict: &TriggerAction,
    loose: &TriggerAction,
    precedence: Precedence,
    comes_first: bool,
) -> bool {
    let earlier = precedence == Precedence::Earlier;
    match (strict, loose) {
        (TriggerAction::Rollback, TriggerAction::Rollback)
        | (TriggerAction::Abort, TriggerAction::Abort)
        | (TriggerAction::RollbackPhase, TriggerAction::RollbackPhase) => true,
        (TriggerAction::Rollback | TriggerAction::Abort, TriggerAction::Pause | TriggerAction::Notify(_)) => earlier,
        (TriggerAction::Rollback | TriggerAction::Abort, _) => earlier || comes_first,
        (TriggerAction::RollbackPhase, _) => earlier,
        (TriggerAction::Pause | TriggerAction::Notify(_), _) => false,
    }
}

//! Triggers and the requirements of holds as the small machines they are: when they are looked at, how long a run of bad
//! evaluations they ask for, and how long a one they can see at most before their block is over.
//!
//! Every figure errs on the long side: what cannot happen here cannot happen.

use std::time::Duration;

use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::{Block, Condition, StatementKind, Sustain};
use crate::model::program::Program;
use crate::model::walk::expressions;

use super::super::constants::Constants;
use super::super::durations::{bound, bound_of, every, lag};
use super::survey::{Hold, Look, Surveyed, Watch, World};

/// When new data come for a condition: at multiples of these from the start of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rhythm {
    /// In rising order; none is a multiple of another.
    pub every: Vec<Duration>,
    pub lag: Duration,
    /// Groups that it reads, in order.
    pub groups: Vec<String>,
}

/// How a condition is looked at; none when that is only known in the run. Without any metric there is no rhythm.
#[must_use]
pub fn rhythm(program: &Program, expr: &Expr, constants: &Constants<'_>) -> Option<Rhythm> {
    let mut groups: Vec<&str> = Vec::new();
    expressions(expr, &mut |expr| {
        if let ExprKind::Metric { group, .. } = &*expr.kind
            && !groups.contains(&group.as_str())
        {
            groups.push(group);
        }
    });
    groups.sort_unstable();
    let mut rhythm = Rhythm { every: Vec::new(), lag: Duration::ZERO, groups: Vec::new() };
    for name in groups {
        let group = program.groups.get(name)?;
        rhythm.every.push(every(group, constants)?);
        rhythm.lag = rhythm.lag.max(lag(group, constants)?);
        rhythm.groups.push(name.to_owned());
    }
    rhythm.every.sort_unstable();
    let all = std::mem::take(&mut rhythm.every);
    for every in all.into_iter().filter(|every| !every.is_zero()) {
        if !rhythm.every.iter().any(|shorter| every.as_micros().is_multiple_of(shorter.as_micros().max(1))) {
            rhythm.every.push(every);
        }
    }
    (!rhythm.every.is_empty()).then_some(rhythm)
}

/// What a `for` or `after` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Time(Duration),
    Samples(u64),
}

#[must_use]
pub fn run_of(sustain: &Sustain, constants: &Constants<'_>) -> Option<Run> {
    match sustain {
        Sustain::Time(time) => constants.duration(time).map(Run::Time),
        Sustain::Samples(count) => u64::try_from(constants.integer(count)?).ok().map(Run::Samples),
    }
}

/// What something can see: stretches of time one after the other, between which nothing counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub stretches: Vec<Duration>,
}

impl Sight {
    /// Whether a run that long fits: time between neighbouring evaluations of one stretch, evaluations of all.
    #[must_use]
    pub fn fits(&self, run: Run, rhythm: Option<&Rhythm>) -> bool {
        match (run, rhythm.map(|rhythm| rhythm.every.as_slice())) {
            (Run::Time(time), Some([every])) => {
                let whole = |stretch: &Duration| every.saturating_mul(intervals(*stretch, *every));
                sum(self.stretches.iter().map(whole)) >= time
            }
            (Run::Time(time), _) => sum(self.stretches.iter().copied()) >= time,
            (Run::Samples(samples), Some(every)) => {
                let seen = |stretch: &Duration| {
                    every.iter().map(|every| u64::from(intervals(*stretch, *every)) + 1).sum::<u64>()
                };
                self.stretches.iter().map(seen).sum::<u64>() >= samples
            }
            // Without a metric it is looked at whenever a step has passed.
            (Run::Samples(_), None) => true,
        }
    }
}

fn sum(durations: impl Iterator<Item = Duration>) -> Duration {
    durations.fold(Duration::ZERO, Duration::saturating_add)
}

/// How often `every` fits into a stretch.
fn intervals(stretch: Duration, every: Duration) -> u32 {
    u32::try_from(stretch.as_micros() / every.as_micros().max(1)).unwrap_or(u32::MAX)
}

/// What a trigger that cannot fire asks for, and what it has.
#[derive(Debug, Clone, Copy)]
pub struct TooLong {
    pub needed: Run,
    pub after: Option<Run>,
    pub lasts: Duration,
    /// What of it is over before the first sample can be judged.
    pub unseen: Duration,
}

/// Why a trigger can never fire in this world; none when it can, or that is not known.
#[must_use]
pub fn never_fires(
    program: &Program,
    surveyed: &Surveyed<'_>,
    watch: &Watch<'_>,
    world: &World<'_>,
) -> Option<TooLong> {
    let condition = &watch.trigger.condition;
    let constants = &world.constants;
    let rhythm = rhythm(program, &condition.expr, constants);
    let needed = match &condition.sustain {
        Some(sustain) => run_of(sustain, constants)?,
        None => Run::Samples(1),
    };
    let after = match &condition.after {
        Some(after) => Some(run_of(after, constants)?),
        None => None,
    };
    let stay = stay(surveyed, watch, world)?;
    let unseen = match &rhythm {
        Some(rhythm) if surveyed.places[watch.place].ramp != 0 => {
            lag_left(surveyed, (watch.place, 0), rhythm.lag, constants)
        }
        _ => Duration::ZERO,
    };
    let sight = seen_after(&stay, unseen, after, rhythm.as_ref())?;
    let lasts = stay.each.saturating_mul(stay.times);
    (!sight.fits(needed, rhythm.as_ref())).then_some(TooLong { needed, after, lasts, unseen })
}

/// How long a block lasts at most, and how often one after the other it is the same to its triggers.
struct Stay {
    each: Duration,
    times: u32,
}

fn stay(surveyed: &Surveyed<'_>, watch: &Watch<'_>, world: &World<'_>) -> Option<Stay> {
    let place = &surveyed.places[watch.place];
    let constants = &world.constants;
    let own = match (place.parent, place.phase) {
        (Some(0), Some(_)) => bound(place.block, constants),
        (Some(parent), Some(_)) if place.weights == 1 => {
            let statement = &surveyed.places[parent].block.statements[place.position];
            bound_of(statement, constants).and_then(|lasts| match &statement.kind {
                // A ramp of one weight, or what is no ramp at all.
                StatementKind::Ramp { body, .. } => bound(body, constants),
                _ => Some(lasts),
            })
        }
        (Some(_), Some(_)) => bound(place.block, constants),
        _ => world.lasts(),
    };
    let timeout = surveyed.pipeline.timeout.as_ref().and_then(|timeout| constants.duration(timeout));
    let times = u32::try_from(place.weights).ok()?;
    if times == 1 {
        let rest = rest_after_outputs(surveyed, watch, world);
        let each = [own, timeout, rest].into_iter().flatten().min()?;
        return Some(Stay { each, times });
    }
    own.map(|each| Stay { each, times })
}

/// A condition that needs the output of a step of its block is unknown until that step is done.
fn rest_after_outputs(surveyed: &Surveyed<'_>, watch: &Watch<'_>, world: &World<'_>) -> Option<Duration> {
    let place = &surveyed.places[watch.place];
    let phase = surveyed.phase(watch.place)?;
    let is_parallel = place.parent.is_some_and(|parent| {
        let statement = surveyed.places[parent].block.statements.get(place.position);
        parent != 0 && statement.is_some_and(|statement| matches!(statement.kind, StatementKind::Parallel(_)))
    });
    if is_parallel || place.ramp != 0 {
        return None;
    }
    let cells = world.readings[watch.condition].truth.as_ref().filter(|cells| !cells.is_empty())?;
    let produced_at = |step: &String| {
        place.block.statements.iter().position(|statement| {
            matches!(&statement.kind, StatementKind::Step(own)
                if own.name.as_ref().is_some_and(|name| *step == format!("{}.{name}", phase.name)))
        })
    };
    let mut longest = Duration::ZERO;
    for cell in cells {
        let variables = cell.variables();
        let steps = variables.iter().flat_map(|variable| &world.table.facts(*variable).steps);
        let last = steps.filter_map(produced_at).max()?;
        longest = longest.max(rest_from(place.block, last + 1, &world.constants)?);
    }
    Some(longest)
}

fn rest_from(block: &Block, position: usize, constants: &Constants<'_>) -> Option<Duration> {
    block.statements[position..]
        .iter()
        .try_fold(Duration::ZERO, |sum, statement| Some(sum.saturating_add(bound_of(statement, constants)?)))
}

/// What is left to see of each stretch once nothing is too early any more.
fn seen_after(stay: &Stay, unseen: Duration, after: Option<Run>, rhythm: Option<&Rhythm>) -> Option<Sight> {
    let idle = match (after, rhythm.map(|rhythm| rhythm.every.as_slice())) {
        (None, _) => Duration::ZERO,
        (Some(Run::Time(time)), _) => time,
        // Between two stretches a sample may be nearer than its interval.
        (Some(Run::Samples(samples)), Some([every])) => {
            let between = samples.saturating_sub(1).saturating_sub(u64::from(stay.times) - 1);
            every.saturating_mul(u32::try_from(between).unwrap_or(u32::MAX))
        }
        (Some(Run::Samples(_)), _) => return None,
    };
    let mut stretches = Vec::new();
    for index in 0..stay.times.min(1_000) {
        let start = stay.each.saturating_mul(index);
        let (first, end) = (start.saturating_add(unseen).max(idle), start.saturating_add(stay.each));
        if let Some(stretch) = end.checked_sub(first) {
            stretches.push(stretch);
        }
    }
    (stay.times <= 1_000).then_some(Sight { stretches })
}

/// How much of the lag is surely not over when a statement of a ramp's body begins.
fn lag_left(
    surveyed: &Surveyed<'_>,
    (place, position): (usize, usize),
    lag: Duration,
    constants: &Constants<'_>,
) -> Duration {
    let (mut place, mut position, mut left) = (place, position, lag);
    loop {
        let current = &surveyed.places[place];
        if current.ramp == 0 || waits_for_data(current.block, lag, constants) {
            return Duration::ZERO;
        }
        let parallel = current.parent.is_some_and(|parent| {
            let statement = surveyed.places[parent].block.statements.get(current.position);
            statement.is_some_and(|statement| matches!(statement.kind, StatementKind::Parallel(_)))
        });
        for statement in current.block.statements.iter().take(if parallel { 0 } else { position }) {
            let Some(lasts) = bound_of(statement, constants) else { return Duration::ZERO };
            left = left.saturating_sub(lasts);
        }
        match current.parent {
            Some(parent) if current.ramp != place => (place, position) = (parent, current.position),
            _ => return left,
        }
    }
}

/// A hold goes on until its conditions are known, so it may outlast its own duration when that is short.
fn waits_for_data(block: &Block, lag: Duration, constants: &Constants<'_>) -> bool {
    block.statements.iter().any(|statement| match &statement.kind {
        StatementKind::Hold { duration, conditions, .. } => {
            let is_short = constants.duration(duration).is_none_or(|duration| duration < lag);
            is_short && conditions.iter().any(|condition| !condition.warns)
        }
        other => other.inner().is_some_and(|inner| waits_for_data(inner, lag, constants)),
    })
}

/// Why a requirement of a hold can never fail.
#[must_use]
pub fn never_fails(
    program: &Program,
    surveyed: &Surveyed<'_>,
    (look, hold): (&Look<'_>, Hold<'_>),
    condition: &Condition,
    world: &World<'_>,
) -> Option<TooLong> {
    let constants = &world.constants;
    let needed = run_of(condition.sustain.as_ref()?, constants)?;
    let lasts = constants.duration(hold.duration)?;
    let rhythm = rhythm(program, &condition.expr, constants);
    let unseen = match &rhythm {
        Some(rhythm) => lag_left(surveyed, (look.place, look.position), rhythm.lag, constants).min(lasts),
        None => Duration::ZERO,
    };
    let seen = lasts.saturating_sub(unseen);
    let fits = match needed {
        Run::Time(time) => time <= seen,
        Run::Samples(samples) => {
            let between = match (hold.every, &rhythm) {
                (Some(every), _) => parts(seen, constants.duration(every)?),
                (None, Some(rhythm)) => rhythm.every.iter().map(|every| parts(seen, *every)).sum(),
                (None, None) if reads_metrics(&condition.expr) => return None,
                (None, None) => 0,
            };
            // The start and the end are looked at as well.
            samples <= between.saturating_add(2)
        }
    };
    (!fits).then_some(TooLong { needed, after: None, lasts, unseen })
}

fn reads_metrics(expr: &Expr) -> bool {
    let mut found = false;
    expressions(expr, &mut |expr| found |= matches!(&*expr.kind, ExprKind::Metric { .. }));
    found
}

/// How many instants with this distance lie strictly inside of a time, at most.
fn parts(time: Duration, every: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(every.as_micros().max(1))).unwrap_or(u64::MAX)
}

//! How a metric goes by chance: terms that add up, and what is lost of them on the way to who looks.
//!
//! A sample is a pure function of well and time. `Gap`s at random come once in each stretch of `every`, at a time drawn for
//! that stretch.

use std::time::Duration;

use super::noise::{Draws, Well, cosine_of_turns};
use super::recording::Series;
use crate::base::number::Number;
use crate::contract::held::Held;
use crate::contract::value::{Unit, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub terms: Vec<Term>,
    pub unit: Unit,
    /// The metric is a whole number.
    pub whole: bool,
    /// How often the metric is sampled: the step of what goes on from its last value.
    pub every: Duration,
    /// What the term `recorded` stands for.
    pub recorded: Option<Series>,
    /// After so long the recording begins anew.
    pub repeats: Option<Duration>,
    /// Samples reach whoever looks so much later.
    pub lag: Duration,
    /// Digits behind the point that a sample has: at most 28.
    pub digits: u8,
    /// Never below zero, as a duration or a share of errors is not.
    pub positive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Term {
    Constant(f64),
    Recorded,
    /// Independent from sample to sample.
    Normal {
        mean: f64,
        deviation: f64,
    },
    /// Each sample keeps so much of the last one's distance from the mean; the deviation is that of a sample, not of a step.
    Autoregressive {
        mean: f64,
        deviation: f64,
        keeps: f64,
    },
    /// A wave, in seconds: from crest to crest, and from the start to one of them.
    Season {
        amplitude: f64,
        period: f64,
        crest: f64,
    },
    Step {
        by: f64,
        at: Duration,
    },
    Ramp {
        by: f64,
        from: Duration,
        to: Duration,
    },
    /// There is no sample.
    Outage(Gap),
    /// Samples are no numbers.
    NotANumber(Gap),
    Clamp {
        low: f64,
        high: f64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// From inclusive, to exclusive.
    Between(Duration, Option<Duration>),
    /// Once in each `every`, at a random time.
    Often { every: Duration, lasts: Duration },
}

/// Microseconds after the start of a run.
pub type Micros = u64;

/// What each term draws from, and where processes that go on from their last value have got to: by the place of the term.
#[derive(Debug, Clone, Default)]
pub struct State {
    terms: Vec<Drawn>,
    /// The model's times and digits, worked out once for its samples.
    lag: Micros,
    every: Micros,
    digits: u8,
    /// Ten to the power of the digits.
    scale: f64,
}

#[derive(Debug, Clone)]
struct Drawn {
    term: Term,
    draws: Draws,
    /// Tick and value.
    level: Option<(u64, f64)>,
}

impl State {
    #[must_use]
    pub fn new(model: &Model, well: Well) -> Self {
        let every = micros(model.every).max(1);
        let terms = (0u64..).zip(&model.terms).map(|(place, term)| {
            // A process has a draw for each tick, the rest one for each time.
            let step = if matches!(term, Term::Autoregressive { .. }) { 1 } else { every };
            Drawn { term: *term, draws: Draws::new(well.beside(place), step), level: None }
        });
        let digits = if model.whole { 0 } else { model.digits };
        let scale = 10_f64.powi(i32::from(digits));
        Self { terms: terms.collect(), lag: micros(model.lag), every, digits, scale }
    }
}

/// What a term may ask for: the time of the sample, how often there is one, and the recorded value then.
#[derive(Clone, Copy)]
struct Now {
    then: Micros,
    every: Micros,
    recorded: f64,
}

impl Drawn {
    /// The sum with this term; `None` where there is no sample. Apart from the loop, which has little to do for most samples.
    #[inline(never)]
    fn add_to(&mut self, sum: f64, Now { then, every, recorded }: Now) -> Option<f64> {
        let Self { term, draws, level } = self;
        Some(match *term {
            Term::Normal { mean, deviation } => sum + (mean + deviation * draws.normal(then)),
            Term::Autoregressive { mean, deviation, keeps } => {
                sum + (mean + deviation * carried(level, draws, then / every, keeps))
            }
            Term::Outage(gap) if gap.holds(draws.well(), then) => return None,
            Term::NotANumber(gap) if gap.holds(draws.well(), then) => f64::NAN,
            Term::Clamp { low, high } => f64::clamp(sum, low, high),
            Term::Recorded => sum + recorded,
            _ => sum + steady(term, Duration::from_micros(then)),
        })
    }
}

/// A change for the worse that is part of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    pub by: f64,
    /// When it begins.
    pub at: Duration,
}

impl Model {
    /// The sample at `since`; `recorded` is the recorded value then.
    pub fn sample(&self, state: &mut State, (since, recorded): (Micros, f64)) -> Held {
        let Some(then) = since.checked_sub(state.lag) else {
            return Held::missing("it lags behind: there is no sample yet");
        };
        let now = Now { then, every: state.every, recorded };
        let mut value = 0.0;
        for drawn in &mut state.terms {
            match drawn.term {
                Term::Normal { mean, deviation } => value += mean + deviation * drawn.draws.normal(then),
                _ => match drawn.add_to(value, now) {
                    Some(sum) => value = sum,
                    None => return Held::missing("missing, as modelled"),
                },
            }
        }
        self.held(state, value)
    }

    /// The time whose sample is seen at `since`.
    #[must_use]
    pub fn seen_at(&self, since: Micros) -> Option<Micros> {
        since.checked_sub(micros(self.lag))
    }

    /// With few digits, so that sums of samples stay exact and values can be read.
    fn held(&self, State { digits, scale, .. }: &State, value: f64) -> Held {
        // A NaN stays one: no sample is as good as zero.
        let value = if self.positive && value < 0.0 { 0.0 } else { value };
        match nearest_whole(value * scale) {
            Some(scaled) => Held::decimal(scaled, *digits, self.unit),
            None => Held::from(Ok(Value::Quantity(Number::from_f64(value), self.unit))),
        }
    }

    /// The changes that it contains.
    pub fn shifts(&self) -> impl Iterator<Item = Shift> {
        self.terms.iter().filter_map(|term| match *term {
            Term::Step { by, at } => Some(Shift { by, at }),
            Term::Ramp { by, from, .. } => Some(Shift { by, at: from }),
            _ => None,
        })
    }

    /// The same without its changes.
    #[must_use]
    pub fn without_shifts(&self) -> Self {
        let mut healthy = self.clone();
        // In their places, so that everything else draws what it drew before.
        for term in &mut healthy.terms {
            if matches!(term, Term::Step { .. } | Term::Ramp { .. }) {
                *term = Term::Constant(0.0);
            }
        }
        healthy
    }

    /// The standard deviation of a sample as far as it is chance, when it is known.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let variance = self.terms.iter().map(|term| match term {
            Term::Normal { deviation, .. } | Term::Autoregressive { deviation, .. } => deviation * deviation,
            _ => 0.0,
        });
        let is_known = !self.terms.contains(&Term::Recorded);
        Some(variance.sum::<f64>().sqrt()).filter(|deviation| *deviation > 0.0 && is_known)
    }

    /// When it goes another way than before.
    pub(super) fn turns(&self) -> Vec<Duration> {
        let lagged = |at: Duration| at.saturating_add(self.lag);
        let recorded = self.recorded.iter().flatten().map(|(at, _)| lagged(*at));
        let own = self.terms.iter().flat_map(|term| match *term {
            Term::Step { at, .. } => vec![lagged(at)],
            Term::Ramp { from, to, .. } => vec![lagged(from), lagged(to)],
            Term::Outage(Gap::Between(from, to)) | Term::NotANumber(Gap::Between(from, to)) => {
                std::iter::once(from).chain(to).map(lagged).collect()
            }
            _ => Vec::new(),
        });
        own.chain(recorded).chain([self.lag]).collect()
    }

    pub(super) fn is_random(&self) -> bool {
        let is_noise = |term: &Term| matches!(term, Term::Normal { .. } | Term::Autoregressive { .. });
        self.has_random_gaps() || self.terms.iter().any(is_noise)
    }

    pub(super) fn has_random_gaps(&self) -> bool {
        let is_random = |gap: &Gap| matches!(gap, Gap::Often { .. });
        self.terms.iter().any(|term| matches!(term, Term::Outage(gap) | Term::NotANumber(gap) if is_random(gap)))
    }
}

/// What a term that does not go by chance adds at a time.
fn steady(term: &Term, then: Duration) -> f64 {
    let seconds = |duration: Duration| duration.as_secs_f64();
    match *term {
        Term::Constant(value) => value,
        Term::Season { amplitude, period, crest } => {
            amplitude * cosine_of_turns((seconds(then) - crest) / period.max(1e-6))
        }
        Term::Step { by, at } => {
            if then >= at {
                by
            } else {
                0.0
            }
        }
        Term::Ramp { by, from, to } => {
            let length = seconds(to.saturating_sub(from));
            let done = if length > 0.0 { seconds(then.saturating_sub(from)) / length } else { 0.0 };
            if then >= to { by } else { by * done.clamp(0.0, 1.0) }
        }
        Term::Normal { .. }
        | Term::Autoregressive { .. }
        | Term::Recorded
        | Term::Outage(_)
        | Term::NotANumber(_)
        | Term::Clamp { .. } => 0.0,
    }
}

impl Gap {
    fn holds(self, well: Well, then: Micros) -> bool {
        match self {
            Self::Between(from, to) => micros(from) <= then && to.is_none_or(|to| then < micros(to)),
            Self::Often { every, lasts } => {
                let every = micros(every).max(1);
                let stretch = then / every;
                // One that began in the stretch before may still last.
                [Some(stretch), stretch.checked_sub(1)].into_iter().flatten().any(|stretch| {
                    let begin = (stretch as f64 + well.uniform(stretch)) * every as f64;
                    let now = then as f64;
                    begin <= now && now < begin + micros(lasts) as f64
                })
            }
        }
    }
}

/// The whole number next to it, of two the one further from zero; none of what is too large for that.
fn nearest_whole(value: f64) -> Option<i64> {
    if value.is_nan() || value.abs() >= 9e18 {
        return None;
    }
    let whole = value as i64;
    let rest = value - whole as f64;
    Some(whole + i64::from(rest >= 0.5) - i64::from(rest <= -0.5))
}

pub(super) fn micros(duration: Duration) -> Micros {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The process at a tick, in its own deviations: carried on from where it was, or from its beginning.
fn carried(level: &mut Option<(u64, f64)>, draws: &mut Draws, tick: u64, keeps: f64) -> f64 {
    /// Whoever asks for a tick beyond so many gets a process that began later.
    const LONGEST: u64 = 10_000_000;
    let first = tick.saturating_sub(LONGEST);
    let known = level.filter(|(at, _)| *at <= tick && *at >= first);
    let (mut at, mut value) = known.unwrap_or_else(|| (first, draws.normal(first)));
    let moves = (1.0 - keeps * keeps).max(0.0).sqrt();
    while at < tick {
        at += 1;
        value = keeps * value + moves * draws.normal(at);
    }
    *level = Some((at, value));
    value
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Model, State, Term};
    use crate::contract::value::Unit;
    use crate::sim::noise::Well;

    #[test]
    fn what_is_no_number_is_not_as_good_as_zero() {
        let model = Model {
            terms: vec![Term::Recorded],
            unit: Unit::Ratio,
            whole: false,
            every: Duration::from_secs(60),
            recorded: None,
            repeats: None,
            lag: Duration::ZERO,
            digits: 4,
            positive: true,
        };
        let mut state = State::new(&model, Well::new(&["a test"]));
        let mut sampled =
            |recorded| model.sample(&mut state, (0, recorded)).amount().map(|(number, _)| number.to_f64());
        assert_eq!(sampled(0.25), Some(0.25));
        assert_eq!(sampled(-1.0), Some(0.0));
        assert_eq!(sampled(f64::NAN), None);
    }
}

//! How long it takes until a condition on noise has held for long enough: by simulation, where no closed form is known.
//!
//! Samples are independent and normal, in their own standard deviations, and may be shifted. A window is full of healthy samples,
//! and a mean that forgets has settled, before it is looked at: most runs have measured for a while when a block begins. What
//! happens to the others [`early`] says. After each alarm everything begins anew. The same question always has the same
//! answer: draws come from one fixed well.

use std::collections::VecDeque;

use super::noise::{Draws, Well};
use crate::stats::cusum::{Cusum, OnAlarm, Setting};

/// Samples that are drawn for one answer: some hundredths of a second.
const MOST_SAMPLES: u64 = 200_000;
/// Alarms after which an answer is good to a few per cent.
const ENOUGH: u64 = 2_000;
/// Longer windows are not gone through.
const LONGEST_WINDOW: usize = 2_000;
/// Runs that are begun to see what the first samples do.
const STARTS: u64 = 4_000;
/// What is left of the first sample when a mean that forgets has settled.
const FORGOTTEN: f64 = 1e-2;

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Over the last so many samples.
    Mean(usize),
    Least(usize),
    Greatest(usize),
    Percentile(usize, f64),
    Deviation(usize),
    /// The weight that is kept from sample to sample.
    Ewma(f64),
    /// Alarms by itself.
    Cusum {
        k: f64,
        h: f64,
        headstart: f64,
        up: bool,
        down: bool,
    },
}

impl Statistic {
    /// How many samples it looks at; none of what runs on from sample to sample.
    fn window(self) -> Option<usize> {
        match self {
            Self::Mean(n) | Self::Least(n) | Self::Greatest(n) | Self::Percentile(n, _) | Self::Deviation(n) => Some(n),
            Self::Ewma(_) | Self::Cusum { .. } => None,
        }
    }
}

/// A condition: bad when the statistic is beyond a limit that by chance it exceeds in this share of looks, and firing
/// after so many bad looks in a row. A CUSUM brings its own limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    pub statistic: Statistic,
    pub bad_share: f64,
    pub needed: u64,
}

/// The average number of samples until the alarm, that one included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// None: there was no alarm in `watched` samples.
    pub samples: Option<f64>,
    pub alarms: u64,
    pub watched: u64,
}

/// None for what is not simulated: a window without samples or with very many.
#[must_use]
pub fn answer(question: &Question, shift: f64) -> Option<Answer> {
    let limit = match question.statistic {
        Statistic::Cusum { .. } => 0.0,
        statistic => limit(statistic, question.bad_share)?,
    };
    let mut draws = Stream { shift, ..Stream::new(Well::new(&["how often it alarms"])) };
    let mut state = State::settled(question.statistic, &mut draws)?;
    let (mut alarms, mut bad, mut watched) = (0, 0, 0);
    while draws.next < MOST_SAMPLES && alarms < ENOUGH {
        watched += 1;
        let value = state.push(draws.draw());
        bad = if value.is_some_and(|value| value > limit) { bad + 1 } else { 0 };
        if bad >= question.needed.max(1) {
            alarms += 1;
            bad = 0;
            state = State::settled(question.statistic, &mut draws)?;
        }
    }
    let samples = (alarms > 0).then(|| watched as f64 / alarms as f64);
    Some(Answer { samples, alarms, watched })
}

/// What comes of the first samples of a run, when there are none from before its block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Early {
    /// Until it has settled.
    pub samples: u64,
    /// The share of healthy runs with an alarm by then.
    pub share: f64,
}

/// None for what needs no time to settle, and for what is not simulated.
#[must_use]
pub fn early(question: &Question) -> Option<Early> {
    let samples = settling(question.statistic).filter(|samples| *samples > 1)?;
    let limit = limit(question.statistic, question.bad_share)?;
    let mut draws = Stream::new(Well::new(&["what the first samples do"]));
    let starts = STARTS.min(MOST_SAMPLES / samples).max(1);
    let mut alarms = 0u64;
    for _ in 0..starts {
        let mut state = State::new(question.statistic)?;
        let mut bad = 0;
        let is_bad = |value: Option<f64>| value.is_some_and(|value| value > limit);
        for _ in 0..samples {
            bad = if is_bad(state.push(draws.draw())) { bad + 1 } else { 0 };
            if bad >= question.needed.max(1) {
                alarms += 1;
                break;
            }
        }
    }
    Some(Early { samples, share: alarms as f64 / starts as f64 })
}

/// Samples until the first one no longer matters.
fn settling(statistic: Statistic) -> Option<u64> {
    match (statistic, statistic.window()) {
        (_, Some(window)) => Some(window as u64),
        (Statistic::Ewma(keeps), None) if keeps > 0.0 && keeps < 1.0 => {
            Some((FORGOTTEN.ln() / keeps.ln()).ceil() as u64)
        }
        (Statistic::Cusum { .. }, None) => Some(0), // It begins with its block.
        _ => None,
    }
    .filter(|samples| *samples <= LONGEST_WINDOW as u64)
}

/// What the statistic exceeds by chance in this share of looks.
fn limit(statistic: Statistic, share: f64) -> Option<f64> {
    const LOOKS: usize = 50_000;
    let mut draws = Stream::new(Well::new(&["where the limit lies"]));
    let mut state = State::settled(statistic, &mut draws)?;
    let mut seen: Vec<f64> = Vec::with_capacity(LOOKS);
    while seen.len() < LOOKS {
        seen.extend(state.push(draws.draw()));
    }
    seen.sort_by(f64::total_cmp);
    seen.get(((1.0 - share) * LOOKS as f64) as usize).copied()
}

struct Stream {
    draws: Draws,
    next: u64,
    shift: f64,
}

impl Stream {
    fn new(well: Well) -> Self {
        Self { draws: Draws::new(well, 1), next: 0, shift: 0.0 }
    }

    fn draw(&mut self) -> f64 {
        self.healthy() + self.shift
    }

    /// One from before the shift.
    fn healthy(&mut self) -> f64 {
        self.next += 1;
        self.draws.normal(self.next)
    }
}

/// A statistic that has begun.
struct State {
    statistic: Statistic,
    window: VecDeque<f64>,
    sum: f64,
    level: Option<f64>,
    chart: Option<Cusum>,
}

impl State {
    fn new(statistic: Statistic) -> Option<Self> {
        let window = statistic.window().unwrap_or(1);
        if window == 0 || window > LONGEST_WINDOW {
            return None;
        }
        let chart = match statistic {
            Statistic::Cusum { k, h, headstart, .. } => {
                let on_alarm = OnAlarm::Continue;
                Some(Cusum::new(Setting { target: 0.0, sigma: 1.0, k, h, headstart, on_alarm })?)
            }
            _ => None,
        };
        Some(Self { statistic, window: VecDeque::with_capacity(window), sum: 0.0, level: None, chart })
    }

    /// One that has seen healthy samples for long enough.
    fn settled(statistic: Statistic, draws: &mut Stream) -> Option<Self> {
        let mut state = Self::new(statistic)?;
        for _ in 0..settling(statistic)? {
            let x = draws.healthy();
            match statistic.window() {
                // Nothing is sorted for what nobody looks at.
                Some(window) => state.slide(x, window),
                None => drop(state.push(x)),
            }
        }
        Some(state)
    }

    /// The statistic with one more sample: of as many as there are.
    fn push(&mut self, x: f64) -> Option<f64> {
        match self.statistic {
            Statistic::Ewma(keeps) => {
                let level = self.level.map_or(x, |level| keeps * level + (1.0 - keeps) * x);
                self.level = Some(level);
                Some(level)
            }
            Statistic::Cusum { up, down, .. } => {
                let chart = self.chart.as_mut()?;
                chart.push(x);
                Some(f64::from(u8::from((up && chart.is_high()) || (down && chart.is_low()))))
            }
            Statistic::Mean(n) => {
                self.slide(x, n);
                Some(self.sum / self.window.len() as f64)
            }
            Statistic::Least(n) => self.of_window(x, n, |sorted| sorted.first().copied()),
            Statistic::Greatest(n) => self.of_window(x, n, |sorted| sorted.last().copied()),
            Statistic::Deviation(n) => {
                self.slide(x, n);
                let count = self.window.len() as f64;
                let mean = self.sum / count;
                let squares: f64 = self.window.iter().map(|x| (x - mean).powi(2)).sum();
                Some((squares / count).sqrt())
            }
            Statistic::Percentile(n, q) => self.of_window(x, n, |sorted| {
                let place = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
                let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
                Some(low + (high - low) * place.fract())
            }),
        }
    }

    fn slide(&mut self, x: f64, n: usize) {
        self.window.push_back(x);
        self.sum += x;
        if self.window.len() > n {
            self.sum -= self.window.pop_front().unwrap_or_default();
        }
    }

    fn of_window(&mut self, x: f64, n: usize, read: impl FnOnce(&[f64]) -> Option<f64>) -> Option<f64> {
        self.slide(x, n);
        let mut sorted: Vec<f64> = self.window.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        read(&sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::{Question, Statistic, answer, early};
    use crate::stats::run_length::{CusumChart, Sides, cusum};

    #[test]
    fn a_cumulative_sum_without_a_for_has_the_run_length_of_the_integral_equation() {
        let statistic = Statistic::Cusum { k: 0.5, h: 4.0, headstart: 0.0, up: true, down: true };
        let question = Question { statistic, bad_share: 0.01, needed: 1 };
        let chart = CusumChart { k: 0.5, h: 4.0, headstart: 0.0, sides: Sides::Both };
        for shift in [0.0, 1.0] {
            let found = answer(&question, shift).and_then(|answer| answer.samples).expect("alarms");
            let expected = cusum(&chart, shift).expect("a length");
            assert!((found / expected - 1.0).abs() < 0.06, "{shift}: {found} and not {expected}");
        }
    }

    #[test]
    fn a_mean_of_one_sample_is_a_limit_on_samples() {
        let question = Question { statistic: Statistic::Mean(1), bad_share: 0.01, needed: 1 };
        let found = answer(&question, 0.0).and_then(|answer| answer.samples).expect("alarms");
        assert!((found / 100.0 - 1.0).abs() < 0.1, "{found}");
    }

    #[test]
    fn a_shift_is_seen_by_what_has_settled_and_not_by_what_begins_with_it() {
        // A mean that keeps 0.933 goes from 0 to 1 - 0.933^n, and its limit is 2.33 · sqrt(0.067 / 1.933) = 0.433: n = 8.2.
        let question = Question { statistic: Statistic::Ewma(0.5_f64.powf(0.1)), bad_share: 0.01, needed: 1 };
        let seen = answer(&question, 1.0).and_then(|answer| answer.samples).expect("alarms");
        assert!((7.0..11.0).contains(&seen), "{seen}");
        // Ten samples, of which n are shifted, reach 2.33 / sqrt(10) = 0.736 with the eighth.
        let question = Question { statistic: Statistic::Mean(10), bad_share: 0.01, needed: 1 };
        let seen = answer(&question, 1.0).and_then(|answer| answer.samples).expect("alarms");
        assert!((5.0..10.0).contains(&seen), "{seen}");
    }

    #[test]
    fn few_samples_at_the_start_alarm_more_often() {
        let mean = Question { statistic: Statistic::Mean(10), bad_share: 0.01, needed: 1 };
        let at_start = early(&mean).expect("a window takes time");
        // The first sample alone is beyond 0.736 in 23 of 100 runs.
        assert!(at_start.samples == 10 && (0.23..0.6).contains(&at_start.share), "{at_start:?}");
        assert_eq!(early(&Question { statistic: Statistic::Mean(1), ..mean }), None);
        let deviation = Question { statistic: Statistic::Deviation(10), ..mean };
        // 9.6% by a simulation in another language: two or three samples lie far apart more easily than ten.
        let at_start = early(&deviation).expect("a window takes time");
        assert!((0.07..0.12).contains(&at_start.share), "{at_start:?}");
    }

    #[test]
    fn what_lasts_is_rarer_and_windows_make_it_less_rare_than_chance_by_itself() {
        let lasting = |statistic| {
            let question = Question { statistic, bad_share: 0.01, needed: 5 };
            answer(&question, 0.0).expect("it is simulated")
        };
        // Five independent samples in a row: one in ten thousand million.
        assert_eq!(lasting(Statistic::Mean(1)).samples, None);
        let smooth = lasting(Statistic::Mean(15)).samples.expect("windows overlap");
        assert!((200.0..5_000.0).contains(&smooth), "{smooth}");
        assert!(lasting(Statistic::Ewma(0.9)).samples.is_some());
        assert_eq!(answer(&Question { statistic: Statistic::Mean(0), bad_share: 0.01, needed: 1 }, 0.0), None);
    }
}

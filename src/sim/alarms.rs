//! How long it takes until a condition on noise has held for long enough: by simulation, where no closed form is known.
//!
//! Samples are independent and normal, in their own standard deviations, and may be shifted. After each alarm everything begins
//! anew, as a run would. The same question always has the same answer: draws come from one fixed well.

use std::collections::VecDeque;

use super::noise::Well;
use crate::base::time::Timestamp;
use crate::stats::cusum::{Cusum, OnAlarm, Setting};

/// Samples that are drawn for one answer: some hundredths of a second.
const MOST_SAMPLES: u64 = 200_000;
/// Alarms after which an answer is good to a few per cent.
const ENOUGH: u64 = 2_000;
/// Longer windows are not gone through.
const LONGEST_WINDOW: usize = 2_000;

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Over the last so many samples.
    Mean(usize),
    Least(usize),
    Greatest(usize),
    Percentile(usize, f64),
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
    let mut draws = Draws { well: Well::new(&["how often it alarms"]), next: 0, shift };
    let mut state = State::new(question.statistic)?;
    let (mut alarms, mut bad) = (0, 0);
    while draws.next < MOST_SAMPLES && alarms < ENOUGH {
        let value = state.push(draws.draw());
        bad = if value.is_some_and(|value| value > limit) { bad + 1 } else { 0 };
        if bad >= question.needed.max(1) {
            alarms += 1;
            bad = 0;
            state = State::new(question.statistic)?;
        }
    }
    let watched = draws.next;
    let samples = (alarms > 0).then(|| watched as f64 / alarms as f64);
    Some(Answer { samples, alarms, watched })
}

/// What the statistic exceeds by chance in this share of looks.
fn limit(statistic: Statistic, share: f64) -> Option<f64> {
    const LOOKS: usize = 50_000;
    let mut draws = Draws { well: Well::new(&["where the limit lies"]), next: 0, shift: 0.0 };
    let mut state = State::new(statistic)?;
    let mut seen: Vec<f64> = Vec::with_capacity(LOOKS);
    while seen.len() < LOOKS {
        seen.extend(state.push(draws.draw()));
    }
    seen.sort_by(f64::total_cmp);
    seen.get(((1.0 - share) * LOOKS as f64) as usize).copied()
}

struct Draws {
    well: Well,
    next: u64,
    shift: f64,
}

impl Draws {
    fn draw(&mut self) -> f64 {
        self.next += 1;
        self.well.normal(Timestamp(i64::try_from(self.next).unwrap_or(i64::MAX))) + self.shift
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
        let window = match statistic {
            Statistic::Mean(n) | Statistic::Least(n) | Statistic::Greatest(n) | Statistic::Percentile(n, _) => n,
            Statistic::Ewma(_) | Statistic::Cusum { .. } => 1,
        };
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

    /// The statistic with one more sample; none while a window is not full.
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
                (self.window.len() == n).then(|| self.sum / n as f64)
            }
            Statistic::Least(n) => self.of_window(x, n, |sorted| sorted.first().copied()),
            Statistic::Greatest(n) => self.of_window(x, n, |sorted| sorted.last().copied()),
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
        if self.window.len() < n {
            return None;
        }
        let mut sorted: Vec<f64> = self.window.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        read(&sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::{Question, Statistic, answer};
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

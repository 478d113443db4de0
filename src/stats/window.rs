//! A window of samples that moves along: (t − D, t], of which sums, means, extremes and growth are known without looking at
//! all of it again. Exact as long as the samples are decimals; with a float among them everything is summed up anew.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::time::Duration;

use crate::base::number::Number;
use crate::base::time::Timestamp;

type Entry = (Timestamp, Number);

/// What a window keeps up with every sample; the rest is read from the samples when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    Samples,
    Sum,
    /// What a counter grew by.
    Growth,
    /// The smallest (`Less`) or the greatest sample.
    Extreme(Ordering),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    length: Duration,
    keeps: Keeps,
    /// Everything at or before it has left.
    edge: Timestamp,
    samples: VecDeque<Entry>,
    /// Of the samples, or of what each is above the one before it: exact, or not to be used.
    sum: Number,
    is_exact: bool,
    /// Those that no later one is beyond.
    extremes: VecDeque<Entry>,
}

impl Window {
    #[must_use]
    pub fn new(length: Duration, keeps: Keeps) -> Self {
        Self {
            length,
            keeps,
            edge: Timestamp(i64::MIN),
            samples: VecDeque::new(),
            sum: Number::ZERO,
            is_exact: true,
            extremes: VecDeque::new(),
        }
    }

    /// Takes in a sample; samples come in the order of their time.
    pub fn push(&mut self, at: Timestamp, value: Number) {
        match (self.keeps, self.samples.back()) {
            (Keeps::Sum, _) => self.sum = self.sum.add(value),
            (Keeps::Growth, Some((_, before))) => self.sum = self.sum.add(growth(*before, value)),
            (Keeps::Extreme(wanted), _) => {
                while self.extremes.back().is_some_and(|(_, last)| last.compare(value) != Some(wanted)) {
                    self.extremes.pop_back();
                }
                self.extremes.push_back((at, value));
            }
            (Keeps::Samples | Keeps::Growth, _) => {}
        }
        self.is_exact &= is_exact(value) && is_exact(self.sum);
        self.samples.push_back((at, value));
        self.move_to(at);
    }

    /// Lets go of what lies before the window that ends at `at`.
    pub fn move_to(&mut self, at: Timestamp) {
        let edge = at.minus(self.length);
        self.edge = self.edge.max(edge);
        while let Some((_, value)) = self.samples.pop_front_if(|(time, _)| *time <= edge) {
            match (self.keeps, self.samples.front()) {
                (Keeps::Sum, _) => self.sum = self.sum.subtract(value),
                (Keeps::Growth, Some((_, next))) => self.sum = self.sum.subtract(growth(value, *next)),
                _ => {}
            }
        }
        while self.extremes.pop_front_if(|(time, _)| *time <= edge).is_some() {}
        if self.samples.is_empty() {
            (self.sum, self.is_exact) = (Number::ZERO, true);
        }
    }

    /// Whether it has already let go of what a window that ends at `at` would hold.
    #[must_use]
    pub fn is_beyond(&self, at: Timestamp) -> bool {
        self.edge > at.minus(self.length)
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.samples.len()
    }

    pub fn values(&self) -> impl Iterator<Item = Number> {
        self.samples.iter().map(|(_, value)| *value)
    }

    #[must_use]
    pub fn sum(&self) -> Number {
        if self.is_exact && self.keeps == Keeps::Sum { self.sum } else { self.values().fold(Number::ZERO, Number::add) }
    }

    #[must_use]
    pub fn mean(&self) -> Option<Number> {
        self.sum().divide(Number::from(i64::try_from(self.count()).ok()?))
    }

    /// The smallest or greatest sample, whichever the window keeps.
    #[must_use]
    pub fn extreme(&self) -> Option<Number> {
        self.extremes.front().map(|(_, value)| *value)
    }

    /// The samples' own spread: divided by n, as Prometheus' `stddev_over_time`.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?.to_f64();
        let squares: f64 = self.values().map(|value| (value.to_f64() - mean).powi(2)).sum();
        Some((squares / self.count() as f64).sqrt())
    }

    /// The last sample minus the first; none with fewer than two.
    #[must_use]
    pub fn delta(&self) -> Option<Number> {
        self.span().map(|(first, last)| last.1.subtract(first.1))
    }

    /// What a counter grew by; a fall is a reset, from which it grew from zero. None with fewer than two samples.
    #[must_use]
    pub fn increase(&self) -> Option<Number> {
        self.span()?;
        if self.is_exact && self.keeps == Keeps::Growth {
            return Some(self.sum);
        }
        let pairs = self.values().zip(self.values().skip(1));
        Some(pairs.fold(Number::ZERO, |total, (before, value)| total.add(growth(before, value))))
    }

    /// From the first sample to the last.
    #[must_use]
    pub fn seconds(&self) -> Option<Number> {
        let (first, last) = self.span()?;
        let micros = i64::try_from(last.0.since(first.0).as_micros()).ok()?;
        Number::from(micros).divide(Number::from(1_000_000))
    }

    fn span(&self) -> Option<(&Entry, &Entry)> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        (first.0 < last.0).then_some((first, last))
    }
}

fn is_exact(number: Number) -> bool {
    matches!(number, Number::Exact(_))
}

fn growth(before: Number, value: Number) -> Number {
    if value.compare(before) == Some(Ordering::Less) { value } else { value.subtract(before) }
}

#[cfg(test)]
mod tests {
    use super::{Keeps, Number, Ordering, Timestamp, Window};
    use std::time::Duration;

    fn window(keeps: Keeps, samples: &[(i64, &str)]) -> Window {
        let mut window = Window::new(Duration::from_secs(5), keeps);
        for (second, value) in samples {
            window.push(Timestamp(second * 1_000_000), Number::parse(value).expect("a number"));
        }
        window
    }

    #[test]
    fn its_beginning_is_out_and_its_end_is_in() {
        let mut window = window(Keeps::Sum, &[(1, "1"), (2, "2"), (6, "4")]);
        assert_eq!((window.count(), window.sum()), (2, Number::from(6)));
        window.move_to(Timestamp(7_000_000));
        assert_eq!((window.count(), window.sum(), window.delta()), (1, Number::from(4), None));
    }

    #[test]
    fn decimals_stay_decimals_however_long_it_moves() {
        let samples: Vec<(i64, &str)> = (0..1_000).map(|second| (second, "0.1")).collect();
        let window = window(Keeps::Sum, &samples);
        assert_eq!(window.sum().to_string(), "0.5");
        assert_eq!(window.mean().expect("a mean").to_string(), "0.1");
    }

    #[test]
    fn a_counter_that_was_reset_grew_from_zero() {
        let window = window(Keeps::Growth, &[(1, "10"), (2, "14"), (3, "3"), (4, "5")]);
        assert_eq!((window.increase(), window.delta()), (Some(Number::from(9)), Some(Number::from(-5))));
        assert_eq!(window.seconds(), Some(Number::from(3)));
    }

    #[test]
    fn extremes_leave_with_their_sample() {
        let samples = [(1, "3"), (2, "9"), (3, "4"), (6, "5"), (7, "1")];
        assert_eq!(window(Keeps::Extreme(Ordering::Greater), &samples).extreme(), Some(Number::from(5)));
        assert_eq!(window(Keeps::Extreme(Ordering::Greater), &samples[..4]).extreme(), Some(Number::from(9)));
        assert_eq!(window(Keeps::Extreme(Ordering::Less), &samples).extreme(), Some(Number::from(1)));
    }

    #[test]
    fn an_infinity_is_gone_when_it_has_left() {
        let mut window = Window::new(Duration::from_secs(5), Keeps::Sum);
        window.push(Timestamp(0), Number::Float(f64::INFINITY));
        window.push(Timestamp(2_000_000), Number::from(4));
        assert!(!window.sum().is_finite());
        window.push(Timestamp(6_000_000), Number::from(6));
        assert_eq!((window.sum(), window.increase()), (Number::from(10), Some(Number::from(2))));
    }
}

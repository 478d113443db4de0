//! Rules over the outcomes of checks: so many failures in a row, in all, or too small a share of successes.

use std::cmp::Ordering;

use crate::base::number::Number;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    Pass,
    Fail,
    /// The check itself broke.
    Error,
    Inconclusive,
    Missing,
}

impl Check {
    /// Whether it went well; none when it says nothing.
    #[must_use]
    pub fn verdict(self, errors_count: bool) -> Option<bool> {
        match self {
            Self::Pass => Some(true),
            Self::Fail => Some(false),
            Self::Error => errors_count.then_some(false),
            Self::Inconclusive | Self::Missing => None,
        }
    }
}

/// How many have failed since one last passed; what says nothing is passed over.
#[must_use]
pub fn trailing_failures(checks: &[Check]) -> u64 {
    let verdicts = checks.iter().rev().filter_map(|check| check.verdict(false));
    verdicts.take_while(|passed| !passed).count() as u64
}

/// How many have passed, of how many that said something.
#[must_use]
pub fn success_rate(checks: &[Check]) -> (u64, u64) {
    let verdicts = || checks.iter().filter_map(|check| check.verdict(false));
    (verdicts().filter(|passed| *passed).count() as u64, verdicts().count() as u64)
}

/// A rule over a run of checks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// So many failures in a row.
    Consecutive(u64),
    /// So many failures in all: no success takes one back.
    Total(u64),
    /// A share of successes strictly below `threshold`, once there are `least`, over the latest `window` or all.
    SuccessRate { threshold: Number, least: u64, window: Option<u64> },
}

impl Rule {
    /// Whether it can hold at all: a window that never has enough checks cannot.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Consecutive(count) | Self::Total(count) => *count > 0,
            Self::SuccessRate { least, window, .. } => *least > 0 && window.is_none_or(|window| window >= *least),
        }
    }

    /// The position, from 1, of the check with which it holds first.
    #[must_use]
    pub fn first(&self, checks: &[Check], errors_count: bool) -> Option<usize> {
        let mut known: Vec<bool> = Vec::new();
        checks
            .iter()
            .position(|check| match check.verdict(errors_count) {
                Some(passed) => {
                    known.push(passed);
                    self.holds(&known)
                }
                None => false,
            })
            .map(|at| at + 1)
    }

    fn holds(&self, known: &[bool]) -> bool {
        match self {
            Self::Consecutive(count) => known.iter().rev().take_while(|passed| !**passed).count() as u64 >= *count,
            Self::Total(count) => known.iter().filter(|passed| !**passed).count() as u64 >= *count,
            Self::SuccessRate { threshold, least, window } => {
                let from = window.map_or(0, |window| known.len().saturating_sub(window as usize));
                let recent = &known[from..];
                let count = recent.len() as u64;
                count >= *least && is_below(recent.iter().filter(|passed| **passed).count() as u64, count, *threshold)
            }
        }
    }
}

/// How likely a share of successes over so many checks is below the threshold when checks pass at `rate`: how noisy it is.
#[must_use]
pub fn fire_probability(threshold: Number, checks: u64, rate: f64) -> f64 {
    let below = (0..=checks).take_while(|passed| is_below(*passed, checks, threshold)).count();
    super::special::binomial_at_most(below as i64 - 1, checks, rate)
}

/// Whether `part / whole` is strictly below a share as it is written: cross-multiplied, so that nothing is rounded.
#[must_use]
pub fn is_below(part: u64, whole: u64, threshold: Number) -> bool {
    let number = |count: u64| Number::from(i64::try_from(count).unwrap_or(i64::MAX));
    number(part).compare(threshold.multiply(number(whole))) == Some(Ordering::Less)
}

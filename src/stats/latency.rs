//! Two sets of latencies, higher is worse: the ratio of Hodges and Lehmann on logarithms, with its interval.
//!
//! A test of a fixed number of samples. Looked at again and again it errs more often than it says: [`super::compare`] is for that.

use super::compare::Verdict;
use super::ranks::{RankTest, Shift, ratio};

/// Whether the canary is worse by more than `margin` (1.2: by a fifth): a pass is shown, not merely not refuted.
#[must_use]
pub fn judge(
    canary: &[f64],
    baseline: &[f64],
    margin: f64,
    (confidence, least): (f64, usize),
) -> (Verdict, Option<Shift>) {
    if canary.len().min(baseline.len()) < least.max(1) {
        return (Verdict::Unknown, None);
    }
    let Some(found) = ratio(canary, baseline, confidence) else { return (Verdict::Unknown, None) };
    let verdict = if found.high <= margin {
        Verdict::Pass
    } else if found.low > margin {
        Verdict::Fail
    } else {
        Verdict::Inconclusive
    };
    (verdict, Some(found))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Slower,
    Faster,
    Same,
    Inconclusive,
}

impl Change {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::Same => "same",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A benchmark against an older one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// New over old.
    pub ratio: Shift,
    pub change: Change,
    pub p: f64,
    pub is_significant: bool,
}

/// None when a side is empty or holds what is no latency.
#[must_use]
pub fn compare(old: &[f64], new: &[f64], least_effect: f64, alpha: f64) -> Option<Comparison> {
    let found = ratio(new, old, 1.0 - alpha)?;
    let (slower, faster) = (1.0 + least_effect, 1.0 / (1.0 + least_effect));
    let change = if found.low > slower {
        Change::Slower
    } else if found.high < faster {
        Change::Faster
    } else if found.low >= faster && found.high <= slower {
        Change::Same
    } else {
        Change::Inconclusive
    };
    let p = RankTest::new(new, old)?.p_values().two_sided;
    Some(Comparison { ratio: found, change, p, is_significant: p < alpha })
}

/// The bounds of a statistic over all resamples with replacement, each as likely: type 1 quantiles of the exact bootstrap
/// distribution (Efron and Tibshirani 1993). None for more than seven samples, whose resamples are too many to list.
#[must_use]
pub fn exact_bootstrap(x: &[f64], alpha: f64, statistic: impl Fn(&mut [f64]) -> f64) -> Option<(f64, f64)> {
    let n = x.len();
    if n == 0 || n > 7 {
        return None;
    }
    let all = n.pow(u32::try_from(n).ok()?);
    let resample = |mut code: usize| {
        let mut drawn: Vec<f64> = (0..n)
            .map(|_| {
                let value = x[code % n];
                code /= n;
                value
            })
            .collect();
        statistic(&mut drawn)
    };
    let mut found: Vec<f64> = (0..all).map(resample).collect();
    found.sort_unstable_by(f64::total_cmp);
    let at = |q: f64| found[((q * all as f64 - 1e-9).ceil().max(1.0) as usize - 1).min(all - 1)];
    Some((at(alpha / 2.0), at(1.0 - alpha / 2.0)))
}

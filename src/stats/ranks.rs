//! The rank-sum test of Mann and Whitney (1947), its effect sizes and the shift of Hodges and Lehmann (1963).
//!
//! x is the canary, y the baseline. All figures agree with R's `wilcox.test`: mid-ranks for ties, the variance corrected for
//! them, a continuity correction of one half. An empty side, or anything that is no number, has no answer.

use super::special::{normal_below, normal_quantile};

/// Beyond this many samples on a side p-values are the asymptotic ones.
const EXACT_UP_TO: usize = 50;

/// What a test against no difference came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankTest {
    /// How often x is above y, a tie counting half.
    pub u: f64,
    pub sizes: (usize, usize),
    /// The standard deviation of U without a difference, corrected for ties; zero when all are equal.
    pub sigma: f64,
    pub has_ties: bool,
}

/// P-values of the three alternatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PValues {
    pub two_sided: f64,
    /// x is greater.
    pub greater: f64,
    pub less: f64,
}

impl RankTest {
    #[must_use]
    pub fn new(x: &[f64], y: &[f64]) -> Option<Self> {
        if x.is_empty() || y.is_empty() || x.iter().chain(y).any(|value| value.is_nan()) {
            return None;
        }
        let mut all: Vec<(f64, bool)> =
            x.iter().map(|value| (*value, true)).chain(y.iter().map(|value| (*value, false))).collect();
        all.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        let (mut ranks, mut ties, mut has_ties) = (0.0, 0.0, false);
        let mut at = 0;
        for group in all.chunk_by(|left, right| left.0 == right.0) {
            let size = group.len() as f64;
            let middle = at as f64 + (size + 1.0) / 2.0;
            ranks += middle * group.iter().filter(|(_, is_x)| *is_x).count() as f64;
            ties += size * (size * size - 1.0);
            has_ties |= group.len() > 1;
            at += group.len();
        }
        let (m, n) = (x.len() as f64, y.len() as f64);
        let u = ranks - m * (m + 1.0) / 2.0;
        Some(Self { u, sizes: (x.len(), y.len()), sigma: sigma(m, n, ties), has_ties })
    }

    fn pairs(&self) -> f64 {
        self.sizes.0 as f64 * self.sizes.1 as f64
    }

    /// P(X > Y) + P(X = Y)/2, the effect size of Vargha and Delaney (2000).
    #[must_use]
    pub fn a12(&self) -> f64 {
        self.u / self.pairs()
    }

    #[must_use]
    pub fn cliffs_delta(&self) -> f64 {
        2.0 * self.a12() - 1.0
    }

    /// By the normal approximation, with or without the correction of one half.
    #[must_use]
    pub fn asymptotic(&self, correction: bool) -> PValues {
        let distance = self.u - self.pairs() / 2.0;
        if self.sigma == 0.0 {
            return PValues { two_sided: 1.0, greater: 1.0, less: 1.0 };
        }
        let half = if correction { 0.5 } else { 0.0 };
        let above = |distance: f64| normal_below(-(distance - half) / self.sigma);
        let (greater, less) = (above(distance), above(-distance));
        PValues { two_sided: (2.0 * greater.min(less)).min(1.0), greater, less }
    }

    /// By counting all orders of the samples; none with ties.
    #[must_use]
    pub fn exact(&self) -> Option<PValues> {
        if self.has_ties {
            return None;
        }
        let counts = orders(self.sizes.0, self.sizes.1);
        let all: f64 = counts.iter().sum();
        let u = self.u.round() as usize;
        let at_most = |u: usize| counts.iter().take(u + 1).sum::<f64>() / all;
        let (less, greater) = (at_most(u), if u == 0 { 1.0 } else { at_most(counts.len() - 1 - u) });
        Some(PValues { two_sided: (2.0 * less.min(greater)).min(1.0), greater, less })
    }

    /// Exact without ties and up to fifty samples a side, else asymptotic with the correction.
    #[must_use]
    pub fn p_values(&self) -> PValues {
        // All orders of many samples are never counted: that would take the memory of m·n numbers.
        let small = self.sizes.0.max(self.sizes.1) <= EXACT_UP_TO;
        let exact = if small { self.exact() } else { None };
        exact.unwrap_or_else(|| self.asymptotic(true))
    }
}

fn sigma(m: f64, n: f64, ties: f64) -> f64 {
    let all = m + n;
    let correction = if all > 1.0 { ties / (all * (all - 1.0)) } else { 0.0 };
    (m * n / 12.0 * (all + 1.0 - correction)).max(0.0).sqrt()
}

/// In how many orders of m and n samples without ties U is 0, 1, …, m·n.
fn orders(m: usize, n: usize) -> Vec<f64> {
    // The Gaussian binomial coefficient ∏ (1 − q^(n+i)) / (1 − q^i), multiplied and divided in place.
    let mut counts = vec![0.0; m * n + 1];
    counts[0] = 1.0;
    for i in 1..=m {
        for at in (n + i..counts.len()).rev() {
            counts[at] -= counts[at - n - i];
        }
        for at in i..counts.len() {
            counts[at] += counts[at - i];
        }
    }
    counts
}

/// The smallest two-sided p that so many samples can show: 2 / C(m+n, m).
#[must_use]
pub fn least_p(m: u64, n: u64) -> f64 {
    (2.0 / (1..=m).fold(1.0, |product, i| product * (n + i) as f64 / i as f64)).min(1.0)
}

/// An estimate with the ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// How far x lies above y: the median of all differences, and where the rank statistic jumps over its normal quantiles
/// (`wilcox.test(exact = FALSE, conf.int = TRUE)`, found exactly).
///
/// The m·n differences are counted, never listed: a million samples a side take no more memory than the samples.
#[must_use]
pub fn shift(x: &[f64], y: &[f64], confidence: f64) -> Option<Shift> {
    let differences = Differences::new(x, y)?;
    let sigma = sigma(x.len() as f64, y.len() as f64, ties_within(&differences.x) + ties_within(&differences.y));
    let z = normal_quantile((1.0 + confidence) / 2.0);
    let pairs = differences.pairs();
    // Between the k-th difference and the next, n − k pairs are above.
    let crosses = |z: f64| {
        let beyond = |k: u64| {
            let distance = pairs as f64 - k as f64 - pairs as f64 / 2.0;
            distance - 0.5 * distance.signum() * f64::from(u8::from(distance != 0.0)) < z * sigma
        };
        let (mut low, mut high) = (1, pairs);
        while low < high {
            let middle = low + (high - low) / 2;
            if beyond(middle) { high = middle } else { low = middle + 1 }
        }
        differences.nth(low)
    };
    let estimate = f64::midpoint(differences.nth(pairs.div_ceil(2)), differences.nth(pairs / 2 + 1));
    Some(Shift { estimate, low: crosses(z), high: crosses(-z) })
}

/// Σ t³ − t over the groups of equal values.
fn ties_within(sorted: &[f64]) -> f64 {
    sorted.chunk_by(|left, right| left == right).map(|group| (group.len() as f64).powi(3) - group.len() as f64).sum()
}

/// All differences of two sides, in order, without a list of them.
struct Differences {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Differences {
    fn new(x: &[f64], y: &[f64]) -> Option<Self> {
        let unusable = x.is_empty() || y.is_empty() || x.iter().chain(y).any(|value| !value.is_finite());
        let sorted = |side: &[f64]| {
            let mut side = side.to_vec();
            side.sort_unstable_by(f64::total_cmp);
            side
        };
        (!unusable).then(|| Self { x: sorted(x), y: sorted(y) })
    }

    fn pairs(&self) -> u64 {
        self.x.len() as u64 * self.y.len() as u64
    }

    /// How many are at most `limit`.
    fn at_most(&self, limit: f64) -> u64 {
        let (mut count, mut first) = (0, 0);
        // Greater x need greater y: both sides are walked once.
        for x in &self.x {
            while self.y.get(first).is_some_and(|y| x - y > limit) {
                first += 1;
            }
            count += (self.y.len() - first) as u64;
        }
        count
    }

    /// The k-th smallest, from 1, found by halving the doubles themselves: exactly one of the differences.
    fn nth(&self, k: u64) -> f64 {
        let (last_x, last_y) = (self.x.len() - 1, self.y.len() - 1);
        let (mut low, mut high) = (rank_of(self.x[0] - self.y[last_y]), rank_of(self.x[last_x] - self.y[0]));
        while low < high {
            let middle = ((i128::from(low) + i128::from(high)).div_euclid(2)) as i64;
            if self.at_most(double_at(middle)) >= k { high = middle } else { low = middle + 1 }
        }
        // Both zeros are one value.
        double_at(low) + 0.0
    }
}

/// The place of a double among all doubles: the order of these is the order of those.
fn rank_of(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    if bits < 0 { i64::MIN - bits } else { bits }
}

fn double_at(rank: i64) -> f64 {
    let bits = if rank < 0 { i64::MIN - rank } else { rank };
    f64::from_bits(bits as u64)
}

/// The same with the order statistics of the differences that the exact distribution names; for samples without ties.
#[must_use]
pub fn exact_shift(x: &[f64], y: &[f64], confidence: f64) -> Option<Shift> {
    let differences = differences(x, y)?;
    let counts = orders(x.len(), y.len());
    let all: f64 = counts.iter().sum();
    let mut below = 0.0;
    let rank = counts.iter().position(|count| {
        below += count;
        below / all >= (1.0 - confidence) / 2.0
    })?;
    let rank = rank.max(1);
    let high = *differences.get(differences.len().checked_sub(rank)?)?;
    Some(Shift { estimate: middle(&differences), low: differences[rank - 1], high })
}

/// x over y instead of x minus y: the shift of the logarithms. None unless all are above zero.
#[must_use]
pub fn ratio(x: &[f64], y: &[f64], confidence: f64) -> Option<Shift> {
    if x.iter().chain(y).any(|value| value.is_nan() || *value <= 0.0) {
        return None;
    }
    let logarithms = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<f64>>();
    let found = shift(&logarithms(x), &logarithms(y), confidence)?;
    Some(Shift { estimate: found.estimate.exp(), low: found.low.exp(), high: found.high.exp() })
}

/// Four million pairs: more would take seconds, and whoever has more thins them out.
const MOST_PAIRS: usize = 4_000_000;

fn differences(x: &[f64], y: &[f64]) -> Option<Vec<f64>> {
    let unusable = x.is_empty() || y.is_empty() || x.iter().chain(y).any(|value| !value.is_finite());
    if unusable || x.len().checked_mul(y.len())? > MOST_PAIRS {
        return None;
    }
    let mut differences: Vec<f64> = x.iter().flat_map(|x| y.iter().map(move |y| x - y)).collect();
    differences.sort_unstable_by(f64::total_cmp);
    Some(differences)
}

fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::{RankTest, least_p, orders, ratio, shift};

    #[test]
    fn all_orders_are_counted() {
        assert_eq!(orders(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert!((orders(12, 15).iter().sum::<f64>() - 17_383_860.0).abs() < 0.5);
        assert!((least_p(3, 3) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_side_without_numbers_has_no_answer() {
        assert_eq!(RankTest::new(&[], &[1.0]), None);
        assert_eq!(RankTest::new(&[f64::NAN], &[1.0]), None);
        assert_eq!(shift(&[f64::INFINITY], &[1.0], 0.95), None);
        assert_eq!(ratio(&[0.0], &[1.0], 0.95), None);
    }

    #[test]
    fn nothing_depends_on_the_unit() {
        let (x, y) = ([1.0, 2.5, 3.0, 4.0, 7.0], [0.9, 2.0, 2.9, 3.0]);
        let scale = |values: &[f64]| values.iter().map(|value| value * 1e-9).collect::<Vec<f64>>();
        let (large, small) =
            (ratio(&x, &y, 0.9).expect("a ratio"), ratio(&scale(&x), &scale(&y), 0.9).expect("a ratio"));
        assert!((large.low - small.low).abs() < 1e-9 && (large.high - small.high).abs() < 1e-9);
        assert!((large.estimate - small.estimate).abs() < 1e-9);
    }
}

//! Whether what is seen now still looks like what was learnt from: distances of means, population stability, and the test of
//! Kolmogorov and Smirnov.

use super::quantiles::{Method, quantile};
use crate::base::number::Number;

/// How far the mean has moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// In standard deviations of the reference.
    pub in_deviations: f64,
    /// In standard errors of the difference: a test of the mean, which grows with the samples.
    pub in_errors: f64,
}

/// None when a side is empty or holds what is no number: then nobody knows, and the fallback is to be taken.
#[must_use]
pub fn distance(reference: &[f64], current: &[f64]) -> Option<Distance> {
    let usable = |side: &[f64]| !side.is_empty() && side.iter().all(|value| value.is_finite());
    if !usable(reference) || !usable(current) {
        return None;
    }
    let mean = |side: &[f64]| side.iter().sum::<f64>() / side.len() as f64;
    let (learnt, moved) = (mean(reference), (mean(current) - mean(reference)).abs());
    let squares: f64 = reference.iter().map(|value| (value - learnt).powi(2)).sum();
    let deviation = if reference.len() > 1 { (squares / (reference.len() - 1) as f64).sqrt() } else { 0.0 };
    let error = deviation * (1.0 / reference.len() as f64 + 1.0 / current.len() as f64).sqrt();
    let over = |scale: f64| match (moved == 0.0, scale == 0.0) {
        (true, _) => 0.0,
        (false, true) => f64::INFINITY,
        (false, false) => moved / scale,
    };
    Some(Distance { in_deviations: over(deviation), in_errors: over(error) })
}

/// The population stability index Σ (a − e) ln(a/e) (Siddiqi 2006) of counts by bin, shares not below `floor`.
#[must_use]
pub fn stability(reference: &[u64], current: &[u64], floor: f64) -> Option<f64> {
    let totals = (reference.iter().sum::<u64>(), current.iter().sum::<u64>());
    if reference.len() != current.len() || totals.0 == 0 || totals.1 == 0 {
        return None;
    }
    let share = |count: u64, total: u64| (count as f64 / total as f64).max(floor);
    let bins = reference.iter().zip(current).map(|(e, a)| (share(*e, totals.0), share(*a, totals.1)));
    Some(bins.map(|(expected, actual)| (actual - expected) * (actual / expected).ln()).sum())
}

/// Inner edges at the type 7 quantiles of the reference, each once.
#[must_use]
pub fn quantile_edges(reference: &[f64], bins: u32) -> Option<Vec<f64>> {
    let mut sorted = reference.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let edge = |k: u32| {
        let p = Number::from(i64::from(k)).divide(Number::from(i64::from(bins)))?;
        quantile(&sorted, p, Method::LINEAR)
    };
    let mut edges: Vec<f64> = (1..bins).map(edge).collect::<Option<_>>()?;
    edges.dedup();
    Some(edges)
}

/// How many values lie in each of (−∞, e₁], (e₁, e₂], …, (eₙ, ∞).
#[must_use]
pub fn binned(values: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        counts[edges.partition_point(|edge| edge < value)] += 1;
    }
    counts
}

/// The greatest distance of the distribution functions, and how likely that is without a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    pub d: f64,
    /// In the limit of many samples.
    pub p_limit: f64,
    /// By counting all orders of the samples; none with ties.
    pub p_exact: Option<f64>,
}

#[must_use]
pub fn kolmogorov_smirnov(reference: &[f64], current: &[f64]) -> Option<KolmogorovSmirnov> {
    let (m, n) = (reference.len(), current.len());
    if m == 0 || n == 0 || reference.iter().chain(current).any(|value| value.is_nan()) {
        return None;
    }
    let mut all: Vec<(f64, bool)> =
        reference.iter().map(|value| (*value, true)).chain(current.iter().map(|value| (*value, false))).collect();
    all.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    // In units of 1/mn, so that equal distances are equal.
    let (mut below, mut greatest, mut has_ties) = ((0_i64, 0_i64), 0_i64, false);
    for group in all.chunk_by(|left, right| left.0 == right.0) {
        has_ties |= group.len() > 1;
        let of_reference = group.iter().filter(|(_, is_reference)| *is_reference).count();
        below = (below.0 + of_reference as i64, below.1 + (group.len() - of_reference) as i64);
        greatest = greatest.max((below.0 * n as i64 - below.1 * m as i64).abs());
    }
    let d = greatest as f64 / (m * n) as f64;
    let p_exact = (!has_ties && m * n <= 4_000_000).then(|| 1.0 - stays_within(m, n, greatest));
    Some(KolmogorovSmirnov { d, p_limit: limit((m as f64 * n as f64 / (m + n) as f64).sqrt() * d), p_exact })
}

/// How likely a random order of m and n samples keeps the distance strictly below `reach` / mn all the way.
fn stays_within(m: usize, n: usize, reach: i64) -> f64 {
    let is_within = |i: usize, j: usize| (i as i64 * n as i64 - j as i64 * m as i64).abs() < reach;
    let mut row = vec![0.0; n + 1];
    for i in 0..=m {
        for j in 0..=n {
            let left = (m + n + 1 - i - j) as f64;
            let from_above = if i > 0 { row[j] * (m - i + 1) as f64 / left } else { 0.0 };
            let from_left = if j > 0 { row[j - 1] * (n - j + 1) as f64 / left } else { 0.0 };
            let start = if i == 0 && j == 0 { 1.0 } else { 0.0 };
            row[j] = if is_within(i, j) || (i == 0 && j == 0) { from_above + from_left + start } else { 0.0 };
        }
    }
    row[n]
}

/// P(K > t) of Kolmogorov's distribution, by the series that converges fast there.
fn limit(t: f64) -> f64 {
    if t <= 0.0 {
        return 1.0;
    }
    let p = if t < 1.0 {
        let each = |k: i32| (-(2.0 * f64::from(k) - 1.0).powi(2) * std::f64::consts::PI.powi(2) / (8.0 * t * t)).exp();
        1.0 - (2.0 * std::f64::consts::PI).sqrt() / t * (1..=20).map(each).sum::<f64>()
    } else {
        let each = |k: i32| if k % 2 == 1 { 1.0 } else { -1.0 } * (-2.0 * f64::from(k * k) * t * t).exp();
        2.0 * (1..=20).map(each).sum::<f64>()
    };
    p.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{distance, kolmogorov_smirnov, stability};

    #[test]
    fn nobody_knows_what_an_empty_window_says() {
        assert_eq!(distance(&[1.0, 2.0], &[]), None);
        assert_eq!(distance(&[1.0, 2.0], &[f64::NAN]), None);
        assert_eq!(stability(&[1], &[0], 1e-4), None);
        assert_eq!(kolmogorov_smirnov(&[], &[1.0]), None);
    }

    #[test]
    fn a_reference_without_a_spread_tells_equal_from_different() {
        let far = distance(&[2.0, 2.0], &[2.5]).expect("a distance");
        assert_eq!(far.in_deviations, f64::INFINITY);
        assert_eq!(distance(&[2.0, 2.0], &[2.0]).map(|it| it.in_errors), Some(0.0));
    }
}

//! Shares: intervals for one, comparisons of two, and p-values that are many.

use super::special::{beta_below, beta_quantile, normal_below, normal_quantile};

/// So many of so many.
pub type Share = (u64, u64);

fn value((part, whole): Share) -> f64 {
    part as f64 / whole as f64
}

/// Wilson's score interval (1927), for a normal quantile z.
#[must_use]
pub fn wilson((part, whole): Share, z: f64) -> (f64, f64) {
    let (n, p) = (whole as f64, value((part, whole)));
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let low = if part == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if part == whole { 1.0 } else { (centre + half).min(1.0) };
    (low, high)
}

/// Clopper and Pearson's exact interval (1934).
#[must_use]
pub fn clopper_pearson(share: Share, alpha: f64) -> (f64, f64) {
    beta_interval(share, (0.0, 1.0), alpha)
}

/// Jeffreys' interval: a Beta(½, ½) prior.
#[must_use]
pub fn jeffreys(share: Share, alpha: f64) -> (f64, f64) {
    beta_interval(share, (0.5, 0.5), alpha)
}

fn beta_interval((part, whole): Share, (below, above): (f64, f64), alpha: f64) -> (f64, f64) {
    let (ones, zeros) = (part as f64, (whole - part.min(whole)) as f64);
    let low = if part == 0 { 0.0 } else { beta_quantile(ones + below, zeros + 1.0 - below, alpha / 2.0) };
    let high = if part >= whole { 1.0 } else { beta_quantile(ones + above, zeros + 1.0 - above, 1.0 - alpha / 2.0) };
    (low, high)
}

/// Agresti and Coull's interval (1998), kept within 0 and 1.
#[must_use]
pub fn agresti_coull((part, whole): Share, alpha: f64) -> (f64, f64) {
    let z = normal_quantile(1.0 - alpha / 2.0);
    let n = whole as f64 + z * z;
    let p = (part as f64 + z * z / 2.0) / n;
    let half = z * (p * (1.0 - p) / n).sqrt();
    ((p - half).max(0.0), (p + half).min(1.0))
}

/// A comparison of two shares, canary minus baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    pub difference: f64,
    /// Pooled, without a continuity correction; none when both shares are 0 or both 1.
    pub z: Option<f64>,
    pub p_two_sided: f64,
    /// The canary's share is greater.
    pub p_greater: f64,
    /// Fisher's exact test: all tables that are no more probable than this one, and those with more in the canary.
    pub fisher_two_sided: f64,
    pub fisher_greater: f64,
}

/// None when a side has no samples, more parts than a whole, or both together more than can be counted.
#[must_use]
pub fn compare(canary: Share, baseline: Share) -> Option<Comparison> {
    let sound = |share: Share| share.1 > 0 && share.0 <= share.1;
    if !sound(canary) || !sound(baseline) {
        return None;
    }
    let difference = value(canary) - value(baseline);
    let whole = canary.1.checked_add(baseline.1)?;
    let pooled = value((canary.0 + baseline.0, whole));
    let error = (pooled * (1.0 - pooled) * (1.0 / canary.1 as f64 + 1.0 / baseline.1 as f64)).sqrt();
    let z = (error > 0.0).then(|| difference / error);
    let (fisher_two_sided, fisher_greater) = fisher(canary, baseline);
    Some(Comparison {
        difference,
        z,
        p_two_sided: z.map_or(1.0, |z| 2.0 * normal_below(-z.abs())),
        p_greater: z.map_or(1.0, |z| normal_below(-z)),
        fisher_two_sided,
        fisher_greater,
    })
}

fn fisher(canary: Share, baseline: Share) -> (f64, f64) {
    let ones = canary.0 + baseline.0;
    let (first, last) = (ones.saturating_sub(baseline.1), ones.min(canary.1));
    let ln_table = |k: u64| ln_choose(canary.1, k) + ln_choose(baseline.1, ones - k);
    let whole = ln_choose(canary.1 + baseline.1, ones);
    let observed = ln_table(canary.0);
    let (mut two_sided, mut greater) = (0.0, 0.0);
    for k in first..=last {
        let ln = ln_table(k);
        let probability = (ln - whole).exp();
        // Tables that are as probable differ in the last digits only.
        two_sided += if ln <= observed + 1e-7 { probability } else { 0.0 };
        greater += if k >= canary.0 { probability } else { 0.0 };
    }
    (two_sided.min(1.0), greater.min(1.0))
}

fn ln_choose(n: u64, k: u64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    -(n + 1.0).ln() - super::special::ln_beta(n - k + 1.0, k + 1.0)
}

/// Newcombe's hybrid score interval for the difference (1998, method 10).
#[must_use]
pub fn newcombe(canary: Share, baseline: Share, alpha: f64) -> (f64, f64) {
    let z = normal_quantile(1.0 - alpha / 2.0);
    let (p, q) = (value(canary), value(baseline));
    let ((low, high), (base_low, base_high)) = (wilson(canary, z), wilson(baseline, z));
    let down = ((p - low).powi(2) + (base_high - q).powi(2)).sqrt();
    let up = ((high - p).powi(2) + (q - base_low).powi(2)).sqrt();
    (p - q - down, p - q + up)
}

/// Whether the canary's share is not greater by `margin` or more: Wald's z with each side's own variance, and its p.
#[must_use]
pub fn non_inferiority(canary: Share, baseline: Share, margin: f64) -> Option<(f64, f64)> {
    let variance = |share: Share| value(share) * (1.0 - value(share)) / share.1 as f64;
    let error = (variance(canary) + variance(baseline)).sqrt();
    let z = (value(canary) - value(baseline) - margin) / error;
    (error > 0.0).then(|| (z, normal_below(z)))
}

/// P(canary's share > baseline's) with independent Beta(a, b) priors, by Simpson's rule over the baseline's.
#[must_use]
pub fn probability_greater(canary: Share, baseline: Share, (a, b): (f64, f64)) -> f64 {
    const STEPS: u32 = 4_000;
    let after = |(part, whole): Share| (a + part as f64, b + (whole - part) as f64);
    let ((a1, b1), (a2, b2)) = (after(canary), after(baseline));
    let front = super::special::ln_beta(a2, b2);
    let at = |x: f64| {
        let density = ((a2 - 1.0) * x.ln() + (b2 - 1.0) * (-x).ln_1p() - front).exp();
        if density.is_finite() { density * (1.0 - beta_below(a1, b1, x)) } else { 0.0 }
    };
    let step = 1.0 / f64::from(STEPS);
    let inner: f64 = (1..STEPS).map(|k| at(f64::from(k) * step) * if k % 2 == 1 { 4.0 } else { 2.0 }).sum();
    inner * step / 3.0
}

/// P-values adjusted for being many.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjusted {
    pub bonferroni: Vec<f64>,
    /// Holm 1979.
    pub holm: Vec<f64>,
    /// Benjamini and Hochberg 1995.
    pub benjamini_hochberg: Vec<f64>,
}

#[must_use]
pub fn adjust(p_values: &[f64]) -> Adjusted {
    let count = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut holm = vec![0.0; p_values.len()];
    let mut greatest = 0.0_f64;
    for (rank, at) in order.iter().enumerate() {
        greatest = greatest.max(((count - rank as f64) * p_values[*at]).min(1.0));
        holm[*at] = greatest;
    }
    let mut benjamini_hochberg = vec![0.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        least = least.min(count / (rank as f64 + 1.0) * p_values[*at]);
        benjamini_hochberg[*at] = least;
    }
    let bonferroni = p_values.iter().map(|p| (p * count).min(1.0)).collect();
    Adjusted { bonferroni, holm, benjamini_hochberg }
}

#[cfg(test)]
mod tests {
    use super::{clopper_pearson, compare, jeffreys, wilson};

    #[test]
    fn nothing_of_something_has_an_interval_that_begins_at_zero() {
        assert_eq!(
            (wilson((0, 5), 1.96).0, clopper_pearson((0, 5), 0.05).0, jeffreys((0, 5), 0.05).0),
            (0.0, 0.0, 0.0)
        );
        assert_eq!(
            (wilson((5, 5), 1.96).1, clopper_pearson((5, 5), 0.05).1, jeffreys((5, 5), 0.05).1),
            (1.0, 1.0, 1.0)
        );
    }

    #[test]
    fn two_sides_without_errors_do_not_differ() {
        let compared = compare((0, 10), (0, 20)).expect("a comparison");
        assert_eq!((compared.z, compared.p_two_sided), (None, 1.0));
        assert!((compared.fisher_two_sided - 1.0).abs() < 1e-12);
        assert_eq!(compare((0, 0), (0, 20)), None);
        assert_eq!(compare((3, 2), (0, 20)), None);
    }
}

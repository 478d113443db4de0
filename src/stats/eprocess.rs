//! Evidence that may be looked at at any time: e-processes, the p-values and the intervals made from them.
//!
//! An e-process is a bet against a null hypothesis that nobody gains from when it is true: it exceeds 1/α at any time with
//! probability α at most (Ville 1939), however often it is looked at. All are kept as logarithms.

use serde::{Deserialize, Serialize};

use super::special::{ln_beta, ln_beta_below, root};

/// What a share of ones is said not to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Null {
    /// p = p0
    Exactly,
    /// p ≤ p0: gains when there are too many ones.
    AtMost,
    /// p ≥ p0: gains when there are too few.
    AtLeast,
}

/// The beta-binomial mixture: Beta(a, b) over the share of ones, cut to the side that the null leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BetaBinomial {
    pub p0: f64,
    pub a: f64,
    pub b: f64,
    pub null: Null,
}

impl BetaBinomial {
    /// With the uniform distribution as the mixture. None when p0 is not between 0 and 1.
    #[must_use]
    pub fn uniform(p0: f64, null: Null) -> Option<Self> {
        (p0 > 0.0 && p0 < 1.0).then_some(Self { p0, a: 1.0, b: 1.0, null })
    }

    /// ln E after `n` samples of which `ones` were ones (Robbins 1970; Lindon and Malek 2022).
    #[must_use]
    pub fn ln_e(&self, ones: u64, n: u64) -> f64 {
        let (ones, zeros) = (ones as f64, n.saturating_sub(ones) as f64);
        let (a, b) = (self.a + ones, self.b + zeros);
        let whole = ln_beta(a, b) - ln_beta(self.a, self.b) - ones * self.p0.ln() - zeros * (-self.p0).ln_1p();
        // The share of the mixture that lies on the other side, after and before.
        whole
            + match self.null {
                Null::Exactly => 0.0,
                Null::AtMost => ln_beta_below(b, a, 1.0 - self.p0) - ln_beta_below(self.b, self.a, 1.0 - self.p0),
                Null::AtLeast => ln_beta_below(a, b, self.p0) - ln_beta_below(self.a, self.b, self.p0),
            }
    }

    /// The shares that `ones` of `n` do not speak against at level α: all p with E(p) < 1/α. Valid at every look.
    #[must_use]
    pub fn interval(&self, (ones, n): (u64, u64), alpha: f64) -> (f64, f64) {
        let mean = if n == 0 { 0.5 } else { ones as f64 / n as f64 };
        let excess = |p: f64| Self { p0: p, null: Null::Exactly, ..*self }.ln_e(ones, n) + alpha.ln();
        let low = if ones == 0 { 0.0 } else { root((f64::MIN_POSITIVE, mean), |p| -excess(p)) };
        let high = if ones == n { 1.0 } else { root((mean, 1.0 - f64::EPSILON / 2.0), excess) };
        (low, high)
    }
}

/// ln of the mixture likelihood ratio of the mean of normal samples against `null`, with a normal prior of spread τ around it
/// (Robbins 1970; the mSPRT of Johari et al. 2022).
#[must_use]
pub fn ln_normal_mixture(mean: f64, n: u64, null: f64, (sigma, tau): (f64, f64)) -> f64 {
    let (n, variance) = (n as f64, sigma * sigma);
    let widened = variance + n * tau * tau;
    let distance = n * tau * (mean - null);
    0.5 * (variance / widened).ln() + distance * distance / (2.0 * variance * widened)
}

/// Half of the width of the interval for the mean of normal samples that goes with it, ρ = σ²/τ² (Howard et al. 2021).
#[must_use]
pub fn normal_mixture_half_width(n: u64, sigma: f64, rho: f64, alpha: f64) -> f64 {
    let n = n as f64;
    sigma * ((n + rho) * ((n + rho) / (rho * alpha * alpha)).ln()).sqrt() / n
}

/// Half of the width of a band around the distribution function of `n` samples, for all n ≥ m at once (Howard and Ramdas 2022).
#[must_use]
pub fn distribution_half_width(n: f64, m: f64, alpha: f64) -> f64 {
    0.85 * (((n / m).ln().ln_1p() + 0.8 * (1612.0 / alpha).ln()) / n).sqrt()
}

/// The mean of values from 0 to 1, by predictable empirical Bernstein bets (Waudby-Smith and Ramdas 2024, theorem 2): the
/// interval after each value, each side at α/2.
#[must_use]
pub fn empirical_bernstein(values: &[f64], alpha: f64) -> Vec<(f64, f64)> {
    let level = (2.0 / alpha).ln();
    let (mut sum, mut squares, mut mean, mut variance) = (0.5, 0.25, 0.5, 0.25);
    let (mut bets, mut weighted, mut spread) = (0.0, 0.0, 0.0);
    let mut intervals = Vec::with_capacity(values.len());
    for (x, n) in values.iter().zip(1..) {
        let n = f64::from(n);
        let bet = (2.0 * level / (variance * n * n.ln_1p())).sqrt().min(0.5);
        bets += bet;
        weighted += bet * x;
        spread += (x - mean).powi(2) * (-(-bet).ln_1p() - bet);
        let (centre, half) = (weighted / bets, (level + spread) / bets);
        intervals.push(((centre - half).max(0.0), (centre + half).min(1.0)));
        sum += x;
        mean = sum / (n + 1.0);
        squares += (x - mean).powi(2);
        variance = squares / (n + 1.0);
    }
    intervals
}

/// A bet on ones that began at an unknown time: a mixture over when it began (the k-th look with weight 1/k(k+1)) and over
/// how frequent ones are since then. The weights add up to 1, and each part is an e-process, so this is one too; it pays for not
/// knowing the time with the logarithm of it, where a bet from the start would have to lose all it has lost so far again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Onset {
    /// Ratio of likelihoods of a one and of a zero under each frequency.
    odds: [(f64, f64); FREQUENCIES],
    begun: [f64; FREQUENCIES],
    samples: u64,
}

const FREQUENCIES: usize = 6;

impl Onset {
    /// Against p ≤ p0 or, as zeros, p ≥ p0. None when p0 is not between 0 and 1.
    #[must_use]
    pub fn new(p0: f64) -> Option<Self> {
        let mut odds = [(1.0, 1.0); FREQUENCIES];
        for (at, odd) in odds.iter_mut().enumerate() {
            let p = p0 + (1.0 - p0) * (at as f64 + 0.5) / FREQUENCIES as f64;
            *odd = (p / p0, (1.0 - p) / (1.0 - p0));
        }
        (p0 > 0.0 && p0 < 1.0).then_some(Self { odds, begun: [0.0; FREQUENCIES], samples: 0 })
    }

    /// Takes in what came since the last look, in whatever order.
    pub fn push(&mut self, ones: u64, zeros: u64) {
        self.samples += 1;
        let n = self.samples as f64;
        let weight = 1.0 / (n * (n + 1.0));
        for (begun, (on_one, on_zero)) in self.begun.iter_mut().zip(&self.odds) {
            let gain = match (ones, zeros) {
                (1, 0) => *on_one,
                (0, 1) => *on_zero,
                _ => (ones as f64 * on_one.ln() + zeros as f64 * on_zero.ln()).exp(),
            };
            // What is beyond a float is beyond every level as well.
            *begun = ((*begun + weight) * gain).min(1e300);
        }
    }

    #[must_use]
    pub fn ln_e(&self) -> f64 {
        let waiting = 1.0 / (self.samples as f64 + 1.0);
        (waiting + self.begun.iter().sum::<f64>() / FREQUENCIES as f64).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::{BetaBinomial, Null, Onset};

    #[test]
    fn the_two_sides_of_a_coin_are_alike() {
        let many = BetaBinomial::uniform(0.3, Null::AtMost).expect("a share");
        let few = BetaBinomial::uniform(0.7, Null::AtLeast).expect("a share");
        for (ones, n) in [(0, 5), (4, 5), (12, 20), (900, 2_000)] {
            assert!((many.ln_e(ones, n) - few.ln_e(n - ones, n)).abs() < 1e-9);
        }
        // Nine of nine ones speak against p ≤ 1/2 at 1%: 2·(1 − 2⁻¹⁰)·2⁹/10.
        let fair = BetaBinomial::uniform(0.5, Null::AtMost).expect("a share");
        assert!((fair.ln_e(9, 9).exp() - 2.0 * 512.0 * (1.0 - 1.0 / 1024.0) / 10.0).abs() < 1e-9);
        assert_eq!(BetaBinomial::uniform(0.0, Null::AtMost), None);
    }

    /// Over all sequences of zeros and ones, weighted by how likely the null makes them, the bet gains nothing.
    #[test]
    fn nobody_gains_when_the_null_is_true() {
        let p0 = 0.5;
        let mut total = 0.0;
        for outcomes in 0..1_u32 << 12 {
            let mut onset = Onset::new(p0).expect("a share");
            (0..12).for_each(|at| {
                let one = u64::from(outcomes >> at & 1);
                onset.push(one, 1 - one);
            });
            total += onset.ln_e().exp() * p0_of(outcomes, p0);
        }
        assert!((total - 1.0).abs() < 1e-9, "{total}");
    }

    fn p0_of(outcomes: u32, p0: f64) -> f64 {
        let ones = i32::try_from(outcomes.count_ones()).expect("few");
        p0.powi(ones) * (1.0 - p0).powi(12 - ones)
    }

    #[test]
    fn what_begins_late_is_seen_soon() {
        let (mut onset, mut ones) = (Onset::new(0.5).expect("a share"), 0);
        (0..500).for_each(|_| onset.push(0, 1));
        while onset.ln_e() < 100f64.ln() {
            onset.push(1, 0);
            ones += 1;
        }
        assert!(ones < 40, "{ones}");
    }
}

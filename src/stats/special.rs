//! The few special functions that everything here rests on.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::ln_gamma;

/// The density of the standard normal distribution.
#[must_use]
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// P(Z ≤ x) of a standard normal Z; exact in the lower tail too.
#[must_use]
pub fn normal_below(x: f64) -> f64 {
    0.5 * erfc(-x / SQRT_2)
}

/// The x with P(Z ≤ x) = p.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let guess = -SQRT_2 * erfc_inv(2.0 * p);
    if !guess.is_finite() {
        return guess;
    }
    // One step of Newton takes the last digits along.
    let density = normal_density(guess);
    if density > 0.0 { guess - (normal_below(guess) - p) / density } else { guess }
}

/// ln B(a, b)
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// I_x(a, b), the distribution function of Beta(a, b) (DLMF 8.17); 0 and 1 at and beyond the ends.
///
/// By its continued fraction (DLMF 8.17.22) with the method of Lentz, for as many terms as it takes: the one of the library
/// stops after 140, which is too early for some ten thousand samples.
#[must_use]
pub fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 || x >= 1.0 {
        return if x >= 1.0 { 1.0 } else { 0.0 };
    }
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp();
    // The fraction converges fast on this side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const SMALLEST: f64 = 1e-300;
    let away = |value: f64| if value.abs() < SMALLEST { SMALLEST } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..20_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for coefficient in [even, odd] {
            d = 1.0 / away(1.0 + coefficient * d);
            c = away(1.0 + coefficient / c);
            result *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
}

/// ln I_x(a, b), also where I_x(a, b) itself is too small for a float.
#[must_use]
pub fn ln_beta_below(a: f64, b: f64, x: f64) -> f64 {
    let below = beta_below(a, b, x);
    if below > 1e-290 {
        return below.ln();
    }
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    // Far in the lower tail: x^a (1−x)^b / (a B(a, b)) · Σ (a+b)_n / (a+1)_n xⁿ (DLMF 8.17.7 with 8.17.8).
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..100_000 {
        let n = f64::from(n);
        term *= (a + b + n) / (a + 1.0 + n) * x;
        sum += term;
        if term < sum * 1e-16 {
            break;
        }
    }
    a * x.ln() + b * (-x).ln_1p() - a.ln() - ln_beta(a, b) + sum.ln()
}

/// The x with I_x(a, b) = p, by halving.
#[must_use]
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    root((0.0, 1.0), |x| beta_below(a, b, x) - p)
}

/// P(X ≤ k) of a binomial X with n trials; k may be −1 or n.
#[must_use]
pub fn binomial_at_most(k: i64, n: u64, p: f64) -> f64 {
    if k < 0 {
        return 0.0;
    }
    if k.unsigned_abs() >= n {
        return 1.0;
    }
    beta_below(n as f64 - k as f64, k as f64 + 1.0, 1.0 - p)
}

/// P(T ≤ t) of Student's T.
#[must_use]
pub fn student_below(t: f64, degrees: f64) -> f64 {
    let outside = beta_below(degrees / 2.0, 0.5, degrees / (degrees + t * t));
    if t > 0.0 { 1.0 - outside / 2.0 } else { outside / 2.0 }
}

/// Where a rising function changes its sign between two places, as exactly as floats can say.
#[must_use]
pub fn root((mut low, mut high): (f64, f64), rising: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..2_000 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if rising(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::{beta_below, beta_quantile, binomial_at_most, ln_beta_below, normal_below, normal_quantile};

    #[test]
    fn the_normal_distribution_and_its_quantiles_undo_each_other() {
        for p in [1e-12, 1e-6, 0.01, 0.3, 0.5, 0.975, 0.999_999] {
            let x = normal_quantile(p);
            assert!((normal_below(x) / p - 1.0).abs() < 1e-9, "{p}: {x}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-10);
        assert!((normal_below(-8.0) / 6.220_960_574_271_785e-16 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_far_tail_of_the_beta_distribution_has_a_logarithm() {
        let near = ln_beta_below(30.0, 20.0, 1e-3);
        assert!((near - beta_below(30.0, 20.0, 1e-3).ln()).abs() < 1e-9);
        // One side of a fair coin in 2,000 throws: I_0.01(2001, 1) = 0.01^2001.
        assert!((ln_beta_below(2001.0, 1.0, 0.01) - 2001.0 * 0.01_f64.ln()).abs() < 1e-6);
        assert!((beta_quantile(2.0, 3.0, beta_below(2.0, 3.0, 0.37)) - 0.37).abs() < 1e-12);
    }

    #[test]
    fn a_binomial_is_a_sum() {
        let sum: f64 = [0.4f64.powi(5), 5.0 * 0.6 * 0.4f64.powi(4), 10.0 * 0.36 * 0.4f64.powi(3)].iter().sum();
        assert!((binomial_at_most(2, 5, 0.6) - sum).abs() < 1e-12);
        assert_eq!((binomial_at_most(-1, 5, 0.6), binomial_at_most(5, 5, 0.6)), (0.0, 1.0));
    }
}

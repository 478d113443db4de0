//! A chart that needs neither target nor deviation: each sample is held against the ones before it (Hawkins, *Self-starting
//! CUSUM charts for location and scale*, The Statistician 36, 1987).

use super::special::{normal_quantile, student_below};

/// What the samples so far say of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SelfStarting {
    /// Samples that were taken in.
    pub samples: u64,
    pub mean: f64,
    /// The sum of squared deviations from the mean (Welford 1962).
    squares: f64,
}

/// No standard normal figure that a float has a probability for is further out.
const FURTHEST: f64 = 38.0;

impl SelfStarting {
    /// How far this sample is off those before it, as a standard normal figure U = Φ⁻¹(F(T)): T = √((n−1)/n) (x − mean) / s
    /// of the n − 1 before has Student's distribution F with n − 2 degrees of freedom, so the U of normal samples are independent and
    /// standard normal. A CUSUM of them has target 0 and sigma 1. Then the sample is taken in.
    ///
    /// From the third sample on, kept within ±38. None before that, while all samples were equal, and for a sample that is NaN or
    /// infinite or too great for its square: such a one is not taken in.
    pub fn push(&mut self, x: f64) -> Option<f64> {
        let n = self.samples as f64 + 1.0;
        let (off, spread) = (x - self.mean, (self.squares / (n - 2.0)).sqrt());
        let squares = self.squares + off * off * ((n - 1.0) / n);
        if !squares.is_finite() {
            return None;
        }
        let figure = (n > 2.0 && spread > 0.0).then(|| normal_figure(((n - 1.0) / n).sqrt() * off / spread, n - 2.0));
        *self = Self { samples: self.samples + 1, mean: self.mean + off / n, squares };
        figure
    }
}

/// The standard normal figure that is as far out as a T; by its lower tail, which floats resolve.
fn normal_figure(t: f64, degrees: f64) -> f64 {
    let low = normal_quantile(student_below(-t.abs(), degrees)).max(-FURTHEST);
    if t > 0.0 { -low } else { low }
}

#[cfg(test)]
mod tests {
    use super::SelfStarting;
    use crate::stats::cusum::{Cusum, OnAlarm, Setting};

    fn figures(samples: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
        let mut chart = SelfStarting::default();
        samples.into_iter().map(|x| chart.push(x)).collect()
    }

    #[test]
    fn nothing_depends_on_the_unit() {
        let samples = [53.334, 46.894, 50.888, 54.452, 47.04];
        let pairs = figures(samples).into_iter().zip(figures(samples.map(|x| x * 1000.0 - 7.0)));
        for (found, scaled) in pairs {
            assert_eq!(found.is_some(), scaled.is_some());
            assert!((found.unwrap_or(0.0) - scaled.unwrap_or(0.0)).abs() < 1e-9, "{found:?} {scaled:?}");
        }
    }

    /// Without a target and a deviation the chart sees what changes after twenty samples.
    #[test]
    fn a_sum_of_the_figures_sees_a_shift() {
        let setting = Setting { target: 0.0, sigma: 1.0, k: 0.5, h: 5.0, headstart: 0.0, on_alarm: OnAlarm::Continue };
        let mut sum = Cusum::new(setting).expect("a chart");
        let noise = |n: u32| f64::from(n * 7 % 10) - 4.5;
        let quiet = figures((0..20).map(noise));
        let shifted = figures((0..20).map(noise).chain((20..32).map(|n| noise(n) + 6.0)));
        quiet.into_iter().flatten().for_each(|figure| sum.push(figure));
        assert!(!sum.is_high() && !sum.is_low());
        shifted.into_iter().skip(20).flatten().for_each(|figure| sum.push(figure));
        assert!(sum.is_high() && !sum.is_low());
    }

    #[test]
    fn what_is_no_sample_is_left_out() {
        let found = figures([5.0, f64::NAN, 7.0, f64::INFINITY, 1e200, 6.5]);
        assert!(found[..5].iter().all(Option::is_none), "{found:?}");
        assert_eq!(found[5], figures([5.0, 7.0, 6.5])[2]);
        // Equal samples say nothing of how far off the next one is.
        assert!(figures([3.0, 3.0, 3.0, 4.0])[..4].iter().all(Option::is_none));
        let found = figures((0..60).map(|n| f64::from(n % 2)).chain([1e150]));
        assert!(found[60].is_some_and(|figure| (10.0..=38.0).contains(&figure)), "{found:?}");
    }
}

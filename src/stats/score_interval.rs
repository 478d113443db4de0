//! The score interval of Miettinen and Nurminen for the difference of two shares (*Comparative analysis of two rates*,
//! Statistics in Medicine 4, 1985).

use super::proportions::Share;
use super::special::{normal_quantile, root};

/// All differences canary − baseline, from −1 to 1, that a score test at level `alpha` does not speak against. The variance is the
/// one of the shares that are most likely under the difference, times N / (N − 1) with N samples on both sides together.
///
/// None when a side has no samples or more parts than a whole, and for an `alpha` that is not between 0 and 1.
#[must_use]
pub fn miettinen_nurminen(canary: Share, baseline: Share, alpha: f64) -> Option<(f64, f64)> {
    let sound = |share: Share| share.1 > 0 && share.0 <= share.1;
    if !(sound(canary) && sound(baseline) && alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let (canary, baseline) = (Side::of(canary), Side::of(baseline));
    let difference = canary.ones / canary.all - baseline.ones / baseline.all;
    let limit = normal_quantile(1.0 - alpha / 2.0);
    // The score falls while the difference that it is asked about rises.
    let low = root((-1.0, difference), |under| limit - score(canary, baseline, under));
    let high = root((difference, 1.0), |under| -limit - score(canary, baseline, under));
    Some((low, high))
}

#[derive(Clone, Copy)]
struct Side {
    ones: f64,
    all: f64,
}

impl Side {
    fn of((ones, all): Share) -> Self {
        Self { ones: ones as f64, all: all as f64 }
    }

    /// The slope of the logarithm of the likelihood of a share p within 0 and 1.
    fn slope(self, p: f64) -> f64 {
        let part = |count: f64, share: f64| if count > 0.0 { count / share } else { 0.0 };
        part(self.ones, p) - part(self.all - self.ones, 1.0 - p)
    }

    fn variance(self, p: f64) -> f64 {
        p * (1.0 - p) / self.all
    }
}

/// By how many deviations the difference that was found is above the one that is asked about.
fn score(canary: Side, baseline: Side, under: f64) -> f64 {
    let found = canary.ones / canary.all - baseline.ones / baseline.all;
    // The likelihood of the baseline's share has one maximum, since its logarithm is concave.
    let within = ((-under).max(0.0), (1.0 - under).min(1.0));
    let share = root(within, |p| -(canary.slope(p + under) + baseline.slope(p)));
    let variance = canary.variance((share + under).clamp(0.0, 1.0)) + baseline.variance(share);
    let samples = canary.all + baseline.all;
    (found - under) / (variance * samples / (samples - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::miettinen_nurminen;

    /// With the root of the cubic equation in the paper's appendix instead of a search. statsmodels 0.14 has 0.07841 for the second of
    /// the first: there the baseline's ones stand where the equation has its samples (issue 10269 of that project).
    #[test]
    fn the_interval_is_that_of_the_closed_form() {
        let cases = [
            ((12, 200), (10, 400), 0.002_894_269_3, 0.078_761_623_6),
            ((7, 34), (1, 34), 0.027_041_626_6, 0.345_291_217_0),
        ];
        for (canary, baseline, low, high) in cases {
            let found = miettinen_nurminen(canary, baseline, 0.05).expect("an interval");
            assert!(
                (found.0 - low).abs() < 1e-9 && (found.1 - high).abs() < 1e-9,
                "{canary:?} {baseline:?}: {found:?}"
            );
        }
    }

    /// Swapping the sides turns the interval around, and it holds what was found.
    #[test]
    fn the_sides_are_alike() {
        for (canary, baseline) in
            [((0, 10), (0, 20)), ((10, 10), (0, 20)), ((3, 7), (5, 9)), ((1, 1), (0, 1)), ((7, 7), (9, 9))]
        {
            let (low, high) = miettinen_nurminen(canary, baseline, 0.05).expect("an interval");
            let (turned_low, turned_high) = miettinen_nurminen(baseline, canary, 0.05).expect("an interval");
            assert!((low + turned_high).abs() < 1e-9 && (high + turned_low).abs() < 1e-9, "{canary:?} {baseline:?}");
            let found = canary.0 as f64 / canary.1 as f64 - baseline.0 as f64 / baseline.1 as f64;
            assert!(
                -1.0 <= low && low <= found && found <= high && high <= 1.0,
                "{canary:?} {baseline:?}: {low}..{high}"
            );
        }
    }

    #[test]
    fn what_is_no_share_has_no_interval() {
        for (canary, baseline, alpha) in [
            ((0, 0), (1, 2), 0.05),
            ((1, 2), (0, 0), 0.05),
            ((3, 2), (1, 2), 0.05),
            ((1, 2), (1, 2), 0.0),
            ((1, 2), (1, 2), 1.0),
            ((1, 2), (1, 2), f64::NAN),
        ] {
            assert_eq!(miettinen_nurminen(canary, baseline, alpha), None, "{canary:?} {baseline:?} {alpha}");
        }
        let (low, high) =
            miettinen_nurminen((u64::MAX / 2, u64::MAX), (u64::MAX, u64::MAX), 0.05).expect("an interval");
        assert!(low <= high && (low + 0.5).abs() < 1e-6, "{low}..{high}");
    }
}

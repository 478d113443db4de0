//! How often a test errs that is looked at again and again: the recursive numerical integration of Armitage, McPherson and Rowe
//! (*Repeated significance tests on accumulating data*, Journal of the Royal Statistical Society A 132, 1969).
//!
//! What is summed is a walk with normal steps and no drift, so that nothing is there to find. Its information t is the
//! variance so far. The walk goes on while it is inside the limits of each look; the density of those walks is kept on the
//! nodes of a Gauss-Legendre rule and carried from look to look. Everything here is exact to six digits or more.

use super::eprocess::normal_mixture_half_width;
use super::quadrature::gauss_legendre;
use super::special::{normal_below, normal_density, root};

/// The most looks that are computed: a thousand take some ten milliseconds.
pub const MOST_LOOKS: u32 = 1_000;

/// The share of runs without any difference that a test at ±`z` calls one, when it is looked at `looks` times at equal
/// distances: what a test of a fixed size that is looked at repeatedly really promises. 0 without a look.
///
/// None for more than [`MOST_LOOKS`] looks and for a `z` that is below 0 or no number.
#[must_use]
pub fn repeated_looks(looks: u32, z: f64) -> Option<f64> {
    let sound = looks <= MOST_LOOKS && z >= 0.0;
    sound.then(|| crossed((1..=looks).map(|look| (f64::from(look), z * f64::from(look).sqrt()))))?
}

/// The share of runs without any difference in which the normal mixture of `eprocess` (mSPRT with a mixing deviation `tau`,
/// samples of a known deviation `sigma`) reaches 1/`alpha` at one of the first `samples` samples; below `alpha` by Ville's
/// inequality, at every number of samples.
///
/// None for more than [`MOST_LOOKS`] samples, deviations that are not above 0, and an `alpha` that is not between 0 and 1.
#[must_use]
pub fn mixture_crossing((tau, sigma): (f64, f64), alpha: f64, samples: u32) -> Option<f64> {
    let sound = samples <= MOST_LOOKS && tau > 0.0 && sigma > 0.0 && alpha > 0.0 && alpha < 1.0;
    let rho = (sigma / tau).powi(2);
    // In deviations of a sample.
    let limit = |n: u32| f64::from(n) * normal_mixture_half_width(u64::from(n), 1.0, rho, alpha);
    (sound && rho.is_finite() && rho > 0.0).then(|| crossed((1..=samples).map(|n| (f64::from(n), limit(n)))))?
}

/// How likely the walk is outside at one of the looks, each an information and a limit.
fn crossed(looks: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut inside, mut outside) = (Inside::start(), 0.0);
    for (information, limit) in looks {
        outside += inside.leaves(information, limit);
        inside = inside.after(information, limit)?;
    }
    Some(outside.min(1.0))
}

/// The walks that no look has stopped.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    /// Places from the least to the greatest, each with its share of all walks.
    places: Vec<(f64, f64)>,
    information: f64,
}

/// Beyond so many deviations there is no walk that a float would notice.
const REACH: f64 = 9.0;

/// The sizes of the rules: nodes two to a deviation of the step, so that the density is never between them.
const SIZES: [usize; 6] = [64, 128, 256, 512, 1_024, 2_048];

impl Inside {
    pub(super) fn start() -> Self {
        Self { places: vec![(0.0, 1.0)], information: 0.0 }
    }

    /// How likely a walk is inside at every look so far, and outside of ±`limit` at one with this information.
    pub(super) fn leaves(&self, information: f64, limit: f64) -> f64 {
        let deviation = (information - self.information).sqrt();
        let leaves =
            |place: f64| normal_below((place - limit) / deviation) + normal_below((-limit - place) / deviation);
        self.places.iter().map(|(place, share)| share * leaves(*place)).sum()
    }

    /// The walks that are inside at this look too. None when steps are so small that no rule is fine enough.
    pub(super) fn after(&self, information: f64, limit: f64) -> Option<Self> {
        let deviation = (information - self.information).sqrt();
        let limit = limit.min(REACH * information.sqrt());
        let size = SIZES.into_iter().find(|size| *size as f64 >= 4.0 * limit / deviation)?;
        let density = |x: f64| {
            let near = self.places.partition_point(|(place, _)| *place < x - REACH * deviation);
            let reached = self.places[near..].iter().take_while(|(place, _)| *place <= x + REACH * deviation);
            reached.map(|(place, share)| share * normal_density((x - place) / deviation)).sum::<f64>() / deviation
        };
        let rule = rule(size);
        let places = rule.iter().map(|(x, weight)| (limit * x, limit * weight * density(limit * x))).collect();
        Some(Self { places, information })
    }

    /// The limit in deviations, of the sum so far, that a share `spent` of all walks leaves at this look; infinite when
    /// nothing is spent, 0 when no more walks are left.
    pub(super) fn limit_for(&self, information: f64, spent: f64) -> f64 {
        if spent > 0.0 {
            root((0.0, 40.0), |z| spent - self.leaves(information, z * information.sqrt()))
        } else {
            f64::INFINITY
        }
    }
}

/// The rule of a size on −1 to 1, places rising; each is made once.
fn rule(size: usize) -> &'static [(f64, f64)] {
    use std::sync::OnceLock;
    static RULES: [OnceLock<Vec<(f64, f64)>>; SIZES.len()] = [const { OnceLock::new() }; SIZES.len()];
    let at = SIZES.iter().position(|own| *own == size).unwrap_or(0);
    RULES[at].get_or_init(|| {
        let mut nodes = gauss_legendre(-1.0, 1.0, SIZES[at]);
        nodes.reverse();
        nodes
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST_LOOKS, mixture_crossing, repeated_looks};

    /// Armitage, McPherson and Rowe 1969, table 2: a two-sided test at 5%.
    #[test]
    fn rates_are_those_of_the_table() {
        let printed =
            [(1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)];
        for (looks, expected) in printed {
            let found = repeated_looks(looks, 1.959_963_985).expect("a rate");
            assert!((found - expected).abs() < 6e-4, "{looks}: {found}");
        }
    }

    /// What docs/statistics.md prints of Kayenta's level.
    #[test]
    fn rates_of_two_per_cent_are_those_of_the_documentation() {
        for (looks, expected) in [(1, 2.0), (2, 3.5), (4, 5.5), (10, 8.8), (20, 11.6), (60, 16.4), (200, 21.8)] {
            let found = repeated_looks(looks, 2.326_347_874).expect("a rate") * 100.0;
            assert!((found - expected).abs() < 0.051, "{looks}: {found}");
        }
    }

    /// A level that is never reached, one that everything reaches, and what comes between: nothing is lost on the way.
    #[test]
    fn rates_grow_with_the_looks_and_fall_with_the_limit() {
        assert_eq!((repeated_looks(0, 2.0), repeated_looks(3, f64::INFINITY)), (Some(0.0), Some(0.0)));
        assert_eq!(repeated_looks(1, 0.0), Some(1.0));
        let rates: Vec<f64> =
            [1, 2, 60, 200, MOST_LOOKS].map(|looks| repeated_looks(looks, 2.326_348).expect("a rate")).into();
        assert!(rates.is_sorted() && rates[4] < 0.5, "{rates:?}");
        assert!(mixture_crossing((0.3, 1.0), 0.05, MOST_LOOKS).expect("a rate") < 0.05);
    }

    #[test]
    fn what_is_no_test_has_no_rate() {
        for (looks, z) in [(u32::MAX, 2.0), (MOST_LOOKS + 1, 2.0), (3, f64::NAN), (3, -1.0)] {
            assert_eq!(repeated_looks(looks, z), None, "{looks} {z}");
        }
        for (deviations, alpha) in [
            ((0.0, 1.0), 0.05),
            ((1.0, f64::INFINITY), 0.05),
            ((f64::NAN, 1.0), 0.05),
            ((1.0, 1.0), 1.0),
            ((1e-200, 1e200), 0.1),
        ] {
            assert_eq!(mixture_crossing(deviations, alpha, 10), None, "{deviations:?} {alpha}");
        }
        assert_eq!(mixture_crossing((1.0, 1.0), 0.05, u32::MAX), None);
    }
}

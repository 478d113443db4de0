//! Limits for a test that is looked at a number of times that is known before: group-sequential designs (Jennison and
//! Turnbull, *Group Sequential Methods*, 2000). Two-sided and symmetric, as normal quantiles, for the test's own z at each look.

use super::repeated_looks::Inside;
use super::special::{normal_below, normal_quantile, root};

/// How the level is shared among the looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// The same limit at every look (Pocock, Biometrika 64, 1977).
    Pocock,
    /// A limit of c / √t, wide at first (O'Brien and Fleming, Biometrics 35, 1979).
    ObrienFleming,
    /// Spends α ln(1 + (e − 1) t) by the time t (Lan and DeMets, Biometrika 70, 1983).
    SpendsAsPocock,
    /// Spends 2 (2 − 2 Φ(z(1 − α/4) / √t)) by the time t: on each side the spending function of Lan and DeMets that resembles
    /// O'Brien and Fleming's limits, at α/2.
    SpendsAsObrienFleming,
}

/// The most looks that a design is computed for.
const MOST_LOOKS: usize = 100;

/// The limit of |z| at each look, for looks at these shares of all information, so that a share `alpha` of runs without a
/// difference is beyond one of them. A limit is infinite where there is nothing to spend yet. The designs that spend do so by
/// their times alone: with a last time below 1 they keep the rest.
///
/// None without a look, for more than a hundred, for times that do not rise within 0 to 1 (or lie too close to each other to
/// be told apart), and for an `alpha` that is not between 0 and 1.
#[must_use]
pub fn limits(design: Design, times: &[f64], alpha: f64) -> Option<Vec<f64>> {
    let rising = times.windows(2).all(|pair| pair[0] < pair[1]);
    let last = *times.last()?;
    let sound = rising && times[0] > 0.0 && last <= 1.0 && alpha > 0.0 && alpha < 1.0 && times.len() <= MOST_LOOKS;
    if !sound {
        return None;
    }
    match design {
        Design::Pocock => shaped(times, alpha, |_| 1.0),
        Design::ObrienFleming => shaped(times, alpha, |time| (last / time).sqrt()),
        Design::SpendsAsPocock => spending(times, |time| alpha * ((1.0_f64.exp() - 1.0) * time).ln_1p()),
        Design::SpendsAsObrienFleming => {
            let quantile = normal_quantile(1.0 - alpha / 4.0);
            spending(times, |time| 4.0 * normal_below(-quantile / time.sqrt()))
        }
    }
}

/// Limits of one shape, as far out as the level needs.
fn shaped(times: &[f64], alpha: f64, shape: impl Fn(f64) -> f64) -> Option<Vec<f64>> {
    let outside = |scale: f64| {
        let (mut inside, mut outside) = (Inside::start(), 0.0);
        for time in times {
            let limit = scale * shape(*time) * time.sqrt();
            outside += inside.leaves(*time, limit);
            inside = inside.after(*time, limit)?;
        }
        Some(outside)
    };
    // The widest limits are the hardest to compute.
    outside(WIDEST)?;
    let scale = root((0.0, WIDEST), |scale| alpha - outside(scale).unwrap_or(0.0));
    Some(times.iter().map(|time| scale * shape(*time)).collect())
}

/// Beyond this no level that a float can hold is left.
const WIDEST: f64 = 40.0;

/// Limits that use up at each look what may be spent by then.
fn spending(times: &[f64], spent_by: impl Fn(f64) -> f64) -> Option<Vec<f64>> {
    let (mut inside, mut spent, mut limits) = (Inside::start(), 0.0, Vec::new());
    for time in times {
        let limit = inside.limit_for(*time, spent_by(*time) - spent);
        spent = spent_by(*time);
        inside = inside.after(*time, limit * time.sqrt())?;
        limits.push(limit);
    }
    Some(limits)
}

#[cfg(test)]
mod tests {
    use super::{Design, limits};

    const ALL: [Design; 4] =
        [Design::Pocock, Design::ObrienFleming, Design::SpendsAsPocock, Design::SpendsAsObrienFleming];

    /// Jennison and Turnbull, tables 2.1 and 2.3, for five looks at 5%.
    #[test]
    fn the_constants_are_those_of_the_tables() {
        let times = [0.2, 0.4, 0.6, 0.8, 1.0];
        let last = |design| *limits(design, &times, 0.05).expect("limits").last().expect("five");
        assert!((last(Design::Pocock) - 2.413).abs() < 6e-4, "{}", last(Design::Pocock));
        assert!((last(Design::ObrienFleming) - 2.040).abs() < 6e-4, "{}", last(Design::ObrienFleming));
    }

    /// With one look there is nothing to share.
    #[test]
    fn one_look_is_a_test_of_a_fixed_size() {
        for design in ALL {
            let found = limits(design, &[1.0], 0.05).expect("limits");
            assert!((found[0] - 1.959_963_985).abs() < 1e-6, "{design:?}: {found:?}");
        }
    }

    #[test]
    fn a_level_that_no_float_holds_yet_is_not_spent() {
        let found = limits(Design::SpendsAsObrienFleming, &[1e-4, 0.5, 1.0], 0.05).expect("limits");
        assert!(found[0].is_infinite() && found[1] > found[2], "{found:?}");
    }

    #[test]
    fn what_is_no_design_has_no_limits() {
        let times_of =
            |looks: u32| -> Vec<f64> { (1..=looks).map(|look| f64::from(look) / f64::from(looks)).collect() };
        let many = times_of(101);
        let broken: [&[f64]; 8] =
            [&[], &[0.0, 1.0], &[-0.5, 1.0], &[0.5, 0.5], &[1.0, 0.5], &[0.5, 1.5], &[f64::NAN], &many];
        for design in ALL {
            for times in broken {
                assert_eq!(limits(design, times, 0.05), None, "{design:?} {times:?}");
            }
            for alpha in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
                assert_eq!(limits(design, &[0.5, 1.0], alpha), None, "{design:?} {alpha}");
            }
            assert_eq!(limits(design, &[0.5, 0.5 + 1e-15, 1.0], 0.05), None, "{design:?}");
            assert!(limits(design, &times_of(20), 1e-12).is_some_and(|found| found.len() == 20), "{design:?}");
        }
    }
}

//! Student's t distribution (Gosset 1908).

use super::special::beta_below;

/// The t that a share `confidence` of the distribution lies within, in both directions.
///
/// Found by halving the interval.
#[must_use]
pub fn two_sided(confidence: f64, degrees: f64) -> f64 {
    let outside = |t: f64| beta_below(degrees / 2.0, 0.5, degrees / (degrees + t * t));
    let (mut low, mut high) = (0.0, 1.0);
    while outside(high) > 1.0 - confidence && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if outside(middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::two_sided;

    /// From the tables of every textbook.
    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        for (degrees, confidence, expected) in
            [(1.0, 0.95, 12.706), (4.0, 0.95, 2.776), (9.0, 0.99, 3.250), (30.0, 0.90, 1.697), (1e6, 0.95, 1.960)]
        {
            let found = two_sided(confidence, degrees);
            assert!((found - expected).abs() < 5e-4, "{degrees} {confidence}: {found}");
        }
    }
}

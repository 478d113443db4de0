//! How far a model's probabilities are from what happened.

/// A probability from 0 to 1, and whether it came so.
pub type Prediction = (f64, bool);

#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// Expected calibration error: Σ nₘ/N · |mean(y)ₘ − mean(p)ₘ| (Guo et al. 2017).
    pub error: f64,
    /// mean (p − y)² (Brier 1950).
    pub brier: f64,
    /// Bins that hold something, in rising order.
    pub bins: Vec<Bin>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    pub predicted: f64,
    pub observed: f64,
    pub samples: usize,
}

/// The diagram with bins ((m−1)/M, m/M], the first of which also holds 0; none without predictions.
#[must_use]
pub fn reliability(predictions: &[Prediction], bins: usize) -> Option<Reliability> {
    let bins = bins.max(1);
    let mut sums = vec![(0.0, 0.0, 0_usize); bins];
    for (probability, outcome) in predictions {
        let (predicted, observed, count) = &mut sums[bin_of(*probability, bins)];
        *predicted += probability;
        *observed += f64::from(u8::from(*outcome));
        *count += 1;
    }
    if predictions.is_empty() {
        return None;
    }
    let total = predictions.len() as f64;
    let held = sums.into_iter().filter(|(_, _, count)| *count > 0);
    let bins: Vec<Bin> = held
        .map(|(predicted, observed, samples)| {
            let count = samples as f64;
            Bin { predicted: predicted / count, observed: observed / count, samples }
        })
        .collect();
    let error = bins.iter().map(|bin| bin.samples as f64 / total * (bin.observed - bin.predicted).abs()).sum();
    let squares =
        predictions.iter().map(|(probability, outcome)| (probability - f64::from(u8::from(*outcome))).powi(2));
    Some(Reliability { error, brier: squares.sum::<f64>() / total, bins })
}

/// The bin whose upper edge is the lowest one that is not below; edges are the doubles m/M.
fn bin_of(probability: f64, bins: usize) -> usize {
    let edge = |index: usize| index as f64 / bins as f64;
    let guess = ((probability * bins as f64).ceil().max(1.0) as usize).min(bins);
    let mut index = guess;
    while index > 1 && probability <= edge(index - 1) {
        index -= 1;
    }
    while index < bins && probability > edge(index) {
        index += 1;
    }
    index - 1
}

/// A threshold and the mean number of results at or above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    pub tau: f64,
    pub expected: f64,
}

/// The observed probability that brings the mean number of results of a query closest to `target`, the highest of several;
/// none when showing nothing at all comes closer than every one, or when there are no results.
#[must_use]
pub fn threshold(queries: usize, probabilities: &[f64], target: f64) -> Option<Threshold> {
    let mut falling: Vec<f64> = probabilities.to_vec();
    falling.sort_by(|left, right| right.total_cmp(left));
    let count = queries as f64;
    let mut best: Option<(f64, Threshold)> = None;
    for (at, tau) in falling.iter().enumerate() {
        // Equal ones come in together.
        if falling.get(at + 1) == Some(tau) {
            continue;
        }
        let results = (at + 1) as f64;
        let distance = (results - target * count).abs();
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, Threshold { tau: *tau, expected: results / count }));
        }
    }
    best.filter(|(distance, _)| *distance <= target * count).map(|(_, threshold)| threshold)
}

#[cfg(test)]
mod tests {
    use super::{reliability, threshold};

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    #[test]
    fn an_edge_belongs_to_the_lower_bin() {
        let diagram = reliability(&[(0.0, false), (0.5, true), (0.50001, true), (1.0, true)], 2).unwrap();
        let counts: Vec<usize> = diagram.bins.iter().map(|bin| bin.samples).collect();
        assert_eq!(counts, [2, 2]);
        assert!(near(diagram.bins[0].predicted, 0.25) && near(diagram.bins[0].observed, 0.5));
    }

    #[test]
    fn errors_are_weighted_by_the_size_of_their_bin() {
        let diagram = reliability(&[(0.2, false), (0.2, true), (0.2, false), (0.9, true)], 10).unwrap();
        let bin = (1.0_f64 / 3.0 - 0.2).abs() * 0.75;
        assert!(near(diagram.error, bin + 0.1 * 0.25), "{diagram:?}");
        assert!(near(diagram.brier, (0.04 + 0.64 + 0.04 + 0.01) / 4.0));
        assert_eq!(reliability(&[], 10), None);
    }

    #[test]
    fn of_two_thresholds_that_are_as_close_the_higher_is_taken() {
        let first = [0.8, 0.8, 0.8, 0.8, 0.6, 0.6, 0.6, 0.6, 0.8, 0.8, 0.8, 0.8];
        let found = threshold(2, &first, 5.0).unwrap();
        assert!(near(found.tau, 0.8) && near(found.expected, 4.0));
    }

    #[test]
    fn a_target_that_is_never_reached_takes_everything() {
        let found = threshold(2, &[0.3, 0.2, 0.9], 5.0).unwrap();
        assert!(near(found.tau, 0.2) && near(found.expected, 1.5));
        assert_eq!(threshold(1, &[0.5, 0.5, 0.5], 1.0), None);
        assert_eq!(threshold(1, &[], 1.0), None);
    }
}

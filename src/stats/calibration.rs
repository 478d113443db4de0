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

impl Reliability {
    /// Maximum calibration error: the worst bin that holds something.
    #[must_use]
    pub fn greatest_error(&self) -> f64 {
        self.bins.iter().map(|bin| (bin.observed - bin.predicted).abs()).fold(0.0, f64::max)
    }
}

/// mean −ln of the probability that was given to what happened, kept 10⁻¹⁵ away from 0 and 1.
#[must_use]
pub fn log_loss(predictions: &[Prediction]) -> Option<f64> {
    let losses = predictions.iter().map(|(probability, outcome)| {
        let p = probability.clamp(1e-15, 1.0 - 1e-15);
        if *outcome { -p.ln() } else { -(-p).ln_1p() }
    });
    (!predictions.is_empty()).then(|| losses.sum::<f64>() / predictions.len() as f64)
}

/// The parts of the Brier score: reliability − resolution + uncertainty (Murphy 1973), by distinct probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Murphy {
    pub reliability: f64,
    pub resolution: f64,
    pub uncertainty: f64,
}

#[must_use]
pub fn murphy(predictions: &[Prediction]) -> Option<Murphy> {
    let mut sorted = predictions.to_vec();
    sorted.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let share = |of: &[Prediction]| of.iter().filter(|(_, outcome)| *outcome).count() as f64 / of.len() as f64;
    let (base, count) = (share(predictions), predictions.len() as f64);
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for group in sorted.chunk_by(|left, right| left.0 == right.0) {
        let (weight, observed) = (group.len() as f64 / count, share(group));
        reliability += weight * (group[0].0 - observed).powi(2);
        resolution += weight * (observed - base).powi(2);
    }
    (!predictions.is_empty()).then_some(Murphy { reliability, resolution, uncertainty: base * (1.0 - base) })
}

/// 1 − Brier / uncertainty: how much better than the base rate alone. None when only one thing ever happened.
#[must_use]
pub fn skill(predictions: &[Prediction]) -> Option<f64> {
    let (brier, parts) = (reliability(predictions, 1)?.brier, murphy(predictions)?);
    (parts.uncertainty > 0.0).then(|| 1.0 - brier / parts.uncertainty)
}

/// Platt's sigmoid 1 / (1 + exp(A s + B)) through scores, with smoothed targets (Platt 1999), by Newton's method with
/// backtracking (Lin, Lin and Weng 2007).
#[must_use]
pub fn platt(scores: &[(f64, bool)]) -> Option<(f64, f64)> {
    let ones = scores.iter().filter(|(_, outcome)| *outcome).count() as f64;
    let zeros = scores.len() as f64 - ones;
    if scores.is_empty() || scores.iter().any(|(score, _)| !score.is_finite()) {
        return None;
    }
    let target = |outcome: bool| if outcome { (ones + 1.0) / (ones + 2.0) } else { 1.0 / (zeros + 2.0) };
    let loss = |(a, b): (f64, f64)| -> f64 {
        let each = scores.iter().map(|(score, outcome)| {
            let f = a * score + b;
            // ln(1 + exp(f)) − (1 − t) f, without overflow.
            f.max(0.0) + (-f.abs()).exp().ln_1p() - (1.0 - target(*outcome)) * f
        });
        each.sum()
    };
    let mut at = (0.0, ((zeros + 1.0) / (ones + 1.0)).ln());
    for _ in 0..100 {
        let (slope, curve) = newton(scores, at, &target);
        if slope.0.abs().max(slope.1.abs()) < 1e-9 {
            break;
        }
        let determinant = curve.0 * curve.2 - curve.1 * curve.1;
        let step = (
            -(curve.2 * slope.0 - curve.1 * slope.1) / determinant,
            -(curve.0 * slope.1 - curve.1 * slope.0) / determinant,
        );
        let mut length = 1.0;
        let moved = |length: f64| (at.0 + length * step.0, at.1 + length * step.1);
        while length > 1e-10 && loss(moved(length)) > loss(at) {
            length /= 2.0;
        }
        at = moved(length);
    }
    Some(at)
}

type Curve = (f64, f64, f64);

/// The slope and the curvature of the loss.
fn newton(scores: &[(f64, bool)], (a, b): (f64, f64), target: &dyn Fn(bool) -> f64) -> ((f64, f64), Curve) {
    let (mut slope, mut curve) = ((0.0, 0.0), (1e-12, 0.0, 1e-12));
    for (score, outcome) in scores {
        let p = 1.0 / (1.0 + (a * score + b).exp());
        let (off, spread) = (target(*outcome) - p, p * (1.0 - p));
        slope = (slope.0 + score * off, slope.1 + off);
        curve = (curve.0 + score * score * spread, curve.1 + score * spread, curve.2 + spread);
    }
    (slope, curve)
}

/// Times that are trained on, held out, and not used: the holdout is [now − length, now), training is strictly before it.
#[must_use]
pub fn split(times: &[i64], now: i64, length: i64) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    let first = now.saturating_sub(length);
    let chosen = |keep: &dyn Fn(i64) -> bool| times.iter().copied().filter(|time| keep(*time)).collect();
    (chosen(&|time| time < first), chosen(&|time| time >= first && time < now), chosen(&|time| time >= now))
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

/// Thresholds (low, high] that all give the same mean number of results.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimum {
    pub low: f64,
    /// An observed probability, or infinity for showing nothing.
    pub high: f64,
    pub expected: f64,
}

/// The thresholds that bring the mean number of results of a query closest to `target`, the highest first.
#[must_use]
pub fn optima(queries: usize, probabilities: &[f64], target: f64) -> Vec<Optimum> {
    let mut falling: Vec<f64> = probabilities.to_vec();
    falling.sort_unstable_by(|left, right| right.total_cmp(left));
    let count = queries as f64;
    let highest = falling.first().copied().unwrap_or(f64::NEG_INFINITY);
    let mut best = (target * count, vec![Optimum { low: highest, high: f64::INFINITY, expected: 0.0 }]);
    for (at, tau) in falling.iter().enumerate() {
        let below = falling.get(at + 1).copied();
        // Equal ones come in together.
        if below == Some(*tau) {
            continue;
        }
        let results = (at + 1) as f64;
        let distance = (results - target * count).abs();
        let found = Optimum { low: below.unwrap_or(f64::NEG_INFINITY), high: *tau, expected: results / count };
        if distance < best.0 {
            best = (distance, vec![found]);
        } else if distance == best.0 {
            best.1.push(found);
        }
    }
    if queries == 0 { Vec::new() } else { best.1 }
}

/// The observed probability that brings the mean number of results of a query closest to `target`, the highest of several;
/// none when showing nothing at all comes closer than every one, or when there are no results.
#[must_use]
pub fn threshold(queries: usize, probabilities: &[f64], target: f64) -> Option<Threshold> {
    let found = optima(queries, probabilities, target).into_iter().find(|optimum| optimum.high.is_finite())?;
    Some(Threshold { tau: found.high, expected: found.expected })
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

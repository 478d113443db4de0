//! Quantiles of samples and of histograms. Every one names its type.

use crate::base::number::Number;

use super::special::binomial_at_most;

/// A type of Hyndman and Fan (American Statistician 50, 1996), 1 to 9. Type 1: "at least p of all samples are at most this";
/// type 7: what NumPy and R print by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method(u8);

impl Method {
    pub const NEAREST_RANK: Self = Self(1);
    pub const LINEAR: Self = Self(7);

    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (1..=9).contains(&number).then_some(Self(number))
    }

    /// The m of j = ⌊n p + m⌋.
    fn offset(self, p: Number) -> Number {
        let number = |text: &str| Number::parse(text).unwrap_or(Number::ZERO);
        match self.0 {
            3 => number("-0.5"),
            5 => number("0.5"),
            6 => p,
            7 => Number::ONE.subtract(p),
            8 => p.add(Number::ONE).divide(Number::from(3)).unwrap_or(Number::ZERO),
            9 => p.multiply(number("0.25")).add(number("0.375")),
            _ => Number::ZERO,
        }
    }
}

/// The quantile of samples in rising order, for the decimal p as it is written: n·p is formed without binary rounding. None
/// without samples, with a NaN among them, or for a p outside of 0 and 1.
#[must_use]
pub fn quantile(sorted: &[f64], p: Number, method: Method) -> Option<f64> {
    let last = sorted.last()?;
    let in_range = (0.0..=1.0).contains(&p.to_f64());
    // NaN sorts to an end.
    if !in_range || last.is_nan() || sorted[0].is_nan() {
        return None;
    }
    let count = Number::from(i64::try_from(sorted.len()).ok()?);
    let place = count.multiply(p).add(method.offset(p));
    let j = place.to_f64().floor();
    let rest = place.subtract(Number::from(j as i64));
    let share = match method.0 {
        1 => f64::from(u8::from(!rest.is_zero())),
        2 if rest.is_zero() => 0.5,
        2 => 1.0,
        3 => f64::from(u8::from(!(rest.is_zero() && j.rem_euclid(2.0) == 0.0))),
        _ => rest.to_f64(),
    };
    let at = |rank: f64| sorted[(rank.clamp(1.0, sorted.len() as f64)) as usize - 1];
    let (low, high) = (at(j), at(j + 1.0));
    Some(if share == 0.0 || low == high {
        low
    } else if share == 1.0 {
        high
    } else {
        low + (high - low) * share
    })
}

/// Ranks of the samples between which the p-quantile lies at level 1 − α (David and Nagaraja 2003, 7.1), and how likely it does.
/// No rank on a side means that no sample bounds it there.
#[must_use]
pub fn order_interval(n: u64, p: f64, alpha: f64) -> (Option<u64>, Option<u64>, f64) {
    let below = |rank: u64| binomial_at_most(rank as i64 - 1, n, p);
    let low = (1..=n).rev().find(|rank| below(*rank) <= alpha / 2.0);
    let high = (1..=n).find(|rank| below(*rank) >= 1.0 - alpha / 2.0);
    let coverage = high.map_or(1.0, below) - low.map_or(0.0, below);
    (low, high, coverage)
}

/// The fewest samples whose greatest one is above the p-quantile with this confidence (Wilks 1941).
#[must_use]
pub fn wilks(p: f64, confidence: f64) -> Option<u64> {
    let sound = p > 0.0 && p < 1.0 && confidence > 0.0 && confidence < 1.0;
    sound.then(|| ((1.0 - confidence).ln() / p.ln()).ceil() as u64)
}

/// `histogram_quantile` of Prometheus over a classic histogram: cumulative counts by inclusive upper bounds. NaN where
/// Prometheus says so: no bucket of +Inf, fewer than two, no observations.
#[must_use]
pub fn histogram_quantile(q: f64, buckets: &[(f64, f64)]) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&q) {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let buckets = repaired(buckets);
    let Some((last, total)) = buckets.last().copied() else { return f64::NAN };
    if last != f64::INFINITY || buckets.len() < 2 || total.is_nan() || total == 0.0 {
        return f64::NAN;
    }
    let rank = q * total;
    let index = buckets[..buckets.len() - 1].iter().position(|(_, count)| *count >= rank).unwrap_or(buckets.len() - 1);
    if index == buckets.len() - 1 {
        return buckets[buckets.len() - 2].0;
    }
    let (bound, count) = buckets[index];
    if index == 0 && bound <= 0.0 {
        return bound;
    }
    let (start, before) = if index == 0 { (0.0, 0.0) } else { buckets[index - 1] };
    start + (bound - start) * ((rank - before) / (count - before))
}

/// In the order of their bounds, equal ones added up, and never falling.
fn repaired(buckets: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = buckets.iter().copied().filter(|(bound, _)| !bound.is_nan()).collect();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut merged: Vec<(f64, f64)> = Vec::with_capacity(sorted.len());
    for (bound, count) in sorted {
        match merged.last_mut() {
            Some(last) if last.0 == bound => last.1 += count,
            _ => merged.push((bound, count)),
        }
    }
    let mut greatest = 0.0_f64;
    for (_, count) in &mut merged {
        let close = (*count - greatest).abs() <= 1e-12 * count.abs().max(greatest.abs());
        // Since 2.49 what differs by rounding only is the same.
        greatest = if *count < greatest || close { greatest } else { *count };
        *count = greatest;
    }
    merged
}

/// A summary of values from which quantiles are read with a relative error of at most a two-thousandth: counts by value, in
/// steps that grow with it (2,048 to each doubling, as HdrHistogram has with three digits).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sketch {
    /// By exponent: those of the steps in use.
    counts: std::collections::BTreeMap<i64, u64>,
    zeros: u64,
    total: u64,
}

const STEPS: i64 = 2_048;

impl Sketch {
    /// Takes in a value; what is negative or no finite number is left out.
    pub fn push(&mut self, value: f64) {
        if !(value >= 0.0 && value.is_finite()) {
            return;
        }
        self.total += 1;
        if value < f64::MIN_POSITIVE {
            self.zeros += 1;
            return;
        }
        // The exponent and the first eleven bits behind it.
        *self.counts.entry((value.to_bits() >> 41) as i64).or_default() += 1;
    }

    /// The type 1 quantile, as the middle of its step.
    #[must_use]
    pub fn quantile(&self, p: f64) -> Option<f64> {
        if self.total == 0 || !(0.0..=1.0).contains(&p) {
            return None;
        }
        let rank = (p * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = self.zeros;
        if rank <= seen {
            return Some(0.0);
        }
        let step = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        step.map(|(step, _)| f64::from_bits((((*step as u64) << 1) | 1) << 40))
    }

    /// Steps in use: what it takes, however many values came.
    #[must_use]
    pub fn steps(&self) -> usize {
        debug_assert!(self.counts.len() as i64 <= STEPS * 2_046, "no more steps than floats have");
        self.counts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, Sketch, histogram_quantile, quantile, wilks};
    use crate::base::number::Number;

    fn p(text: &str) -> Number {
        Number::parse(text).expect("a number")
    }

    #[test]
    fn a_rank_is_that_of_the_decimal() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&hundred, p("0.07"), Method::NEAREST_RANK), Some(7.0));
        assert_eq!(quantile(&hundred, p("0.99"), Method::LINEAR), Some(99.01));
        assert_eq!(quantile(&[1.0, f64::INFINITY], p("0.5"), Method::LINEAR), Some(f64::INFINITY));
        assert_eq!(quantile(&[], p("0.5"), Method::LINEAR), None);
        assert_eq!(Method::new(10), None);
    }

    #[test]
    fn what_cannot_be_read_from_a_histogram_is_no_number() {
        let buckets = [(1.0, 3.0), (f64::INFINITY, 4.0)];
        assert!(histogram_quantile(f64::NAN, &buckets).is_nan() && histogram_quantile(0.5, &[]).is_nan());
        assert_eq!(histogram_quantile(1.5, &buckets), f64::INFINITY);
        // A bucket that fell behind the one below it is lifted.
        let fallen = [(1.0, 3.0), (2.0, 2.0), (f64::INFINITY, 4.0)];
        assert_eq!(histogram_quantile(1.0, &fallen), 2.0);
    }

    #[test]
    fn a_sketch_is_small_and_near() {
        let mut sketch = Sketch::default();
        (1..=100_000).for_each(|value| sketch.push(f64::from(value)));
        let found = sketch.quantile(0.99).expect("a value");
        assert!((found / 99_000.0 - 1.0).abs() < 5e-4 && sketch.steps() < 25_000, "{found}");
        assert_eq!(Sketch::default().quantile(0.5), None);
        assert_eq!(wilks(0.95, 0.95), Some(59));
    }
}

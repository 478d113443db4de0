//! Isotonic regression by pooling adjacent violators (Ayer et al. 1955; Best and Chakravarti 1990): the rising step
//! function with the least squared error. Points of one x are pooled first.

/// A point of the curve.
pub type Knot = (f64, f64);

/// The ends of each level, rising in both; between them the curve is linear.
#[must_use]
pub fn fit(points: &[(f64, f64)]) -> Vec<Knot> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut levels: Vec<Level> = Vec::new();
    for (x, y) in sorted {
        match levels.last_mut() {
            Some(last) if last.low == x && last.high == x => last.take(y),
            _ => {
                // What came before is complete now.
                settle(&mut levels);
                levels.push(Level { low: x, high: x, sum: y, weight: 1.0 });
            }
        }
    }
    settle(&mut levels);
    let mut knots: Vec<Knot> = Vec::new();
    for level in &levels {
        knots.push((level.low, level.value()));
        if level.high > level.low {
            knots.push((level.high, level.value()));
        }
    }
    knots
}

/// The curve at `x`: between knots linear, beyond the ends the value at the end.
#[must_use]
pub fn predict(knots: &[Knot], x: f64) -> f64 {
    let above = knots.partition_point(|(knot, _)| *knot < x);
    match (above.checked_sub(1).and_then(|below| knots.get(below)), knots.get(above)) {
        (Some((left, low)), Some((right, high))) if right > left => low + (high - low) * (x - left) / (right - left),
        (_, Some((_, value))) | (Some((_, value)), None) => *value,
        (None, None) => f64::NAN,
    }
}

struct Level {
    low: f64,
    high: f64,
    sum: f64,
    weight: f64,
}

impl Level {
    fn value(&self) -> f64 {
        self.sum / self.weight
    }

    fn take(&mut self, y: f64) {
        self.sum += y;
        self.weight += 1.0;
    }
}

/// Pools the last level with those before it that are not below it.
fn settle(levels: &mut Vec<Level>) {
    while let [.., before, last] = levels.as_slice()
        && before.value() >= last.value()
    {
        let pooled =
            Level { low: before.low, high: last.high, sum: before.sum + last.sum, weight: before.weight + last.weight };
        levels.truncate(levels.len() - 2);
        levels.push(pooled);
    }
}

#[cfg(test)]
mod tests {
    use super::{fit, predict};

    #[test]
    fn what_falls_is_pooled() {
        let knots = fit(&[(1.0, 0.0), (2.0, 1.0), (3.0, 0.0), (4.0, 1.0), (5.0, 1.0)]);
        assert_eq!(knots, [(1.0, 0.0), (2.0, 0.5), (3.0, 0.5), (4.0, 1.0), (5.0, 1.0)]);
        let values: Vec<f64> = [0.0, 2.5, 3.5, 9.0].iter().map(|x| predict(&knots, *x)).collect();
        assert_eq!(values, [0.0, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn points_of_one_place_are_one_point() {
        let knots = fit(&[(0.2, 1.0), (0.2, 0.0), (0.4, 0.0), (0.9, 1.0)]);
        assert_eq!(knots.len(), 3);
        assert!((knots[0].1 - 1.0 / 3.0).abs() < 1e-12 && (knots[1].0 - 0.4).abs() < 1e-12, "{knots:?}");
        assert!(fit(&[]).is_empty() && predict(&[], 1.0).is_nan());
    }

    #[test]
    fn an_order_that_rises_is_kept() {
        let points: Vec<(f64, f64)> = (0..50).map(|n| (f64::from(n), f64::from(n) / 50.0)).collect();
        assert_eq!(fit(&points), points);
    }
}

//! Isotonic regression by pooling adjacent violators (Ayer et al. 1955; Best and Chakravarti 1990): the rising step
//! function with the least squared error. Points of one x are pooled first.

/// A point of the curve.
pub type Knot = (f64, f64);

/// Where the fit has one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    pub low: f64,
    pub high: f64,
    sum: f64,
    weight: f64,
}

/// The ends of each level, rising in both; between them the curve is linear.
#[must_use]
pub fn fit(points: &[(f64, f64)]) -> Vec<Knot> {
    knots(&pool(points.iter().map(|(x, y)| (*x, *y, 1.0)).collect()))
}

/// The levels of points with weights; one of weight 0 is left out. None when something is no number, a weight is below zero or
/// without end, or no point is left.
#[must_use]
pub fn fit_weighted(points: &[(f64, f64, f64)]) -> Option<Vec<Level>> {
    let sound = |(x, y, w): &(f64, f64, f64)| !x.is_nan() && y.is_finite() && w.is_finite() && *w >= 0.0;
    let kept: Vec<_> = points.iter().copied().filter(|(_, _, weight)| *weight != 0.0).collect();
    (points.iter().all(sound) && !kept.is_empty()).then(|| pool(kept))
}

fn pool(mut points: Vec<(f64, f64, f64)>) -> Vec<Level> {
    points.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let mut levels: Vec<Level> = Vec::new();
    for (x, y, weight) in points {
        match levels.last_mut() {
            Some(last) if last.low == x && last.high == x => {
                last.sum += y * weight;
                last.weight += weight;
            }
            _ => {
                // What came before is complete now.
                settle(&mut levels);
                levels.push(Level { low: x, high: x, sum: y * weight, weight });
            }
        }
    }
    settle(&mut levels);
    levels
}

/// The curve through the ends of levels.
#[must_use]
pub fn knots(levels: &[Level]) -> Vec<Knot> {
    let mut knots: Vec<Knot> = Vec::with_capacity(levels.len());
    for level in levels {
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

/// The value of the level that the greatest point at or below `x` is in; below all points that of the lowest level.
#[must_use]
pub fn predict_step(levels: &[Level], x: f64) -> f64 {
    let level = levels.partition_point(|level| level.low <= x).saturating_sub(1);
    levels.get(level).map_or(f64::NAN, Level::value)
}

impl Level {
    #[must_use]
    pub fn value(&self) -> f64 {
        self.sum / self.weight
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
    use super::{fit, fit_weighted, predict, predict_step};

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
    fn weights_pull_and_none_is_no_point() {
        let levels = fit_weighted(&[(1.0, 1.0, 3.0), (2.0, 0.0, 1.0), (3.0, 9.0, 0.0)]).expect("levels");
        assert_eq!((levels.len(), levels[0].value()), (1, 0.75));
        assert!((predict_step(&levels, 0.0) - 0.75).abs() < 1e-12);
        assert_eq!(fit_weighted(&[(1.0, f64::NAN, 1.0)]), None);
        assert_eq!(fit_weighted(&[(1.0, 1.0, -1.0)]), None);
        assert_eq!(fit_weighted(&[(1.0, 1.0, 0.0)]), None);
    }

    #[test]
    fn an_order_that_rises_is_kept() {
        let points: Vec<(f64, f64)> = (0..50).map(|n| (f64::from(n), f64::from(n) / 50.0)).collect();
        assert_eq!(fit(&points), points);
    }
}

//! Integrals as weighted sums.

/// Nodes and weights of the Gauss-Legendre rule on an interval (DLMF 3.5.v), by Newton's method.
#[must_use]
pub fn gauss_legendre(low: f64, high: f64, count: usize) -> Vec<(f64, f64)> {
    let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
    let n = count as f64;
    let polynomial = |x: f64| {
        let (mut before, mut at) = (1.0, x);
        for degree in 2..=count {
            let degree = degree as f64;
            (before, at) = (at, ((2.0 * degree - 1.0) * x * at - (degree - 1.0) * before) / degree);
        }
        (at, n * (x * at - before) / (x * x - 1.0))
    };
    let node = |index: usize| {
        let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (n + 0.5)).cos();
        for _ in 0..100 {
            let (value, slope) = polynomial(x);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        let slope = polynomial(x).1;
        (middle + half * x, half * 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::gauss_legendre;

    /// A rule of n nodes is exact for polynomials up to the degree 2n − 1.
    #[test]
    fn polynomials_are_integrated_exactly() {
        let integral: f64 = gauss_legendre(-1.0, 3.0, 4).iter().map(|(x, weight)| weight * x.powi(7)).sum();
        assert!((integral - 820.0).abs() < 1e-9, "{integral}");
        let length: f64 = gauss_legendre(2.0, 5.0, 64).iter().map(|(_, weight)| weight).sum();
        assert!((length - 3.0).abs() < 1e-12, "{length}");
    }
}

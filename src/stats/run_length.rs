//! Average run lengths of control charts: how many samples pass until one alarms, for independent normal samples whose
//! mean is `shift` standard deviations off the target. The alarming sample counts.
//!
//! The run length L(z) of a chart at z solves a Fredholm equation of the second kind, L(z) = 1 + ∫ L(y) f(y | z) dy (Page
//! 1954 for the CUSUM, Crowder 1987 for the EWMA). It is solved at the nodes of a Gauss-Legendre rule (Nyström's method), the
//! limit of the Markov chain of Brook and Evans (Biometrika 59, 1972) for ever finer states.

use super::quadrature::gauss_legendre;
use super::special::{normal_below, normal_density, root};

/// Nodes of the quadrature: run lengths are exact to six digits up to limits of 20 standard deviations.
const NODES: usize = 64;

/// A tabular CUSUM: C± = max(0, C± ± z − k) from `headstart`, which alarms above `h`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CusumChart {
    pub k: f64,
    pub h: f64,
    pub headstart: f64,
    pub sides: Sides,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    Upper,
    Lower,
    Both,
}

/// The average run length; none when the chart is none (h or k below zero, a headstart above h).
#[must_use]
pub fn cusum(chart: &CusumChart, shift: f64) -> Option<f64> {
    let one = |shift: f64| OneSided::new(chart, shift);
    match chart.sides {
        Sides::Upper => one(shift).map(|upper| upper.from(chart.headstart)),
        Sides::Lower => one(-shift).map(|lower| lower.from(chart.headstart)),
        Sides::Both => {
            let (upper, lower) = (one(shift)?, one(-shift)?);
            let (up, down) = (upper.from(0.0), lower.from(0.0));
            let (up_ahead, down_ahead) = (upper.from(chart.headstart), lower.from(chart.headstart));
            // Lucas and Crosier 1982; without a headstart 1/L = 1/L⁺ + 1/L⁻ (Van Dobben de Bruyn 1968).
            Some((up_ahead * down + up * down_ahead - up * down) / (up + down))
        }
    }
}

/// P(run length > n) of a one-sided chart, by iterating its recursion n times.
#[must_use]
pub fn cusum_survival(chart: &CusumChart, shift: f64, n: u32) -> Option<f64> {
    let shift = if chart.sides == Sides::Lower { -shift } else { shift };
    let chain = OneSided::kernel(chart, shift)?;
    let mut survives = vec![1.0; chain.nodes.len() + 1];
    let step = |survives: &[f64], z: f64| {
        let stays = chain.nodes.iter().zip(&survives[1..]).map(|((y, weight), at)| at * weight * chain.density(z, *y));
        chain.returns(z) * survives[0] + stays.sum::<f64>()
    };
    for _ in 1..n {
        let places = std::iter::once(0.0).chain(chain.nodes.iter().map(|(y, _)| *y));
        survives = places.map(|z| step(&survives, z)).collect();
    }
    Some(if n == 0 { 1.0 } else { step(&survives, chart.headstart) })
}

/// The limit `h` at which a chart without a shift alarms once in `samples` samples on average; the chart's own `h` is not
/// looked at. None when no limit does that, or the figure is out of reach (a billion samples).
#[must_use]
pub fn limit_for(chart: &CusumChart, samples: f64) -> Option<f64> {
    let gap = |h: f64| Some(cusum(&CusumChart { h, ..*chart }, 0.0)?.ln() - samples.ln());
    let mut low = (chart.headstart.max(1e-6), gap(chart.headstart.max(1e-6))?);
    if !(samples <= 1e9 && low.1 <= 0.0) {
        return None;
    }
    let mut high = (low.0 + 1.0, gap(low.0 + 1.0)?);
    while high.1 < 0.0 {
        low = high;
        high = (high.0 * 1.5, gap(high.0 * 1.5)?);
        if high.0 > 1e3 {
            return None;
        }
    }
    // The logarithm of the run length is nearly a line: a few chords find the place (the Illinois variant of regula falsi).
    for _ in 0..60 {
        let h = (low.0 * high.1 - high.0 * low.1) / (high.1 - low.1);
        let found = gap(h)?;
        if found.abs() < 1e-10 || !h.is_finite() {
            return h.is_finite().then_some(h);
        }
        if found < 0.0 {
            low = (h, found);
            high.1 /= 2.0;
        } else {
            high = (h, found);
            low.1 /= 2.0;
        }
    }
    Some(f64::midpoint(low.0, high.0))
}

/// Siegmund's corrected diffusion approximation for one side (D. Siegmund, *Sequential Analysis*, 1985): a few per cent off.
#[must_use]
pub fn cusum_siegmund(k: f64, h: f64, shift: f64) -> f64 {
    let (drift, limit) = (shift - k, h + 1.166);
    if drift == 0.0 {
        return limit * limit;
    }
    let grown = 2.0 * drift * limit;
    ((-grown).exp() + grown - 1.0) / (2.0 * drift * drift)
}

/// An EWMA with fixed limits at ±L σ √(λ/(2−λ)), from the target (Crowder 1987; Lucas and Saccucci 1990).
#[must_use]
pub fn ewma(lambda: f64, width: f64, shift: f64) -> Option<f64> {
    if !(lambda > 0.0 && lambda <= 1.0 && width > 0.0 && shift.is_finite()) {
        return None;
    }
    let limit = width * (lambda / (2.0 - lambda)).sqrt();
    let nodes = gauss_legendre(-limit, limit, NODES);
    let density = |z: f64, y: f64| normal_density((y - (1.0 - lambda) * z) / lambda - shift) / lambda;
    let lengths = solve(nodes.iter().map(|(z, _)| nodes.iter().map(|(y, weight)| weight * density(*z, *y)).collect()))?;
    let stays: f64 = nodes.iter().zip(&lengths).map(|((y, weight), length)| length * weight * density(0.0, *y)).sum();
    Some(1.0 + stays)
}

/// A Shewhart chart with limits at ±L σ: 1 / P(a sample is outside).
#[must_use]
pub fn shewhart(width: f64, shift: f64, sides: Sides) -> f64 {
    let (above, below) = (normal_below(shift - width), normal_below(-width - shift));
    match sides {
        Sides::Upper => 1.0 / above,
        Sides::Lower => 1.0 / below,
        Sides::Both => 1.0 / (above + below),
    }
}

/// The average run length of a CUSUM of zeros and ones, B = max(0, B + x − γ) that alarms above `h`, for a share `p` of
/// ones; exact where γ = 1/m (Reynolds and Stoumbos 1999): B then moves on multiples of γ.
#[must_use]
pub fn bernoulli(gamma: f64, h: f64, p: f64) -> Option<f64> {
    if !(gamma > 0.0 && gamma < 1.0 && h > 0.0 && (0.0..=1.0).contains(&p)) {
        return None;
    }
    let rise = (1.0 / gamma).round();
    if (rise * gamma - 1.0).abs() > 1e-9 {
        return None;
    }
    let (rise, states) = (rise as usize - 1, (h / gamma + 1e-9).floor() as usize + 1);
    if states > 2_000 {
        return None;
    }
    let rows = (0..states).map(|state| {
        let mut row = vec![0.0; states];
        row[state.saturating_sub(1)] += 1.0 - p;
        if let Some(risen) = row.get_mut(state + rise) {
            *risen += p;
        }
        row
    });
    solve(rows)?.first().copied()
}

struct Kernel {
    drift: f64,
    nodes: Vec<(f64, f64)>,
}

impl Kernel {
    /// How likely C goes from z to y > 0.
    fn density(&self, z: f64, y: f64) -> f64 {
        normal_density(y - z - self.drift)
    }

    /// How likely C falls back to 0 from z.
    fn returns(&self, z: f64) -> f64 {
        normal_below(-z - self.drift)
    }
}

struct OneSided {
    kernel: Kernel,
    /// The run length from 0, and from each node.
    lengths: Vec<f64>,
}

impl OneSided {
    fn kernel(chart: &CusumChart, shift: f64) -> Option<Kernel> {
        let CusumChart { k, h, headstart, .. } = *chart;
        let sound = k >= 0.0 && h > 0.0 && headstart >= 0.0 && headstart <= h;
        (sound && h.is_finite() && k.is_finite() && shift.is_finite())
            .then(|| Kernel { drift: shift - k, nodes: gauss_legendre(0.0, h, NODES.max((h * 4.0) as usize).min(400)) })
    }

    fn new(chart: &CusumChart, shift: f64) -> Option<Self> {
        let kernel = Self::kernel(chart, shift)?;
        let places = std::iter::once(0.0).chain(kernel.nodes.iter().map(|(y, _)| *y));
        let rows = places.map(|z| {
            let stays = kernel.nodes.iter().map(|(y, weight)| weight * kernel.density(z, *y));
            std::iter::once(kernel.returns(z)).chain(stays).collect()
        });
        let lengths = solve(rows)?;
        Some(Self { kernel, lengths })
    }

    fn from(&self, z: f64) -> f64 {
        let stays = self.kernel.nodes.iter().zip(&self.lengths[1..]);
        let stays: f64 = stays.map(|((y, weight), length)| length * weight * self.kernel.density(z, *y)).sum();
        1.0 + self.kernel.returns(z) * self.lengths[0] + stays
    }
}

/// The x with x = 1 + P x, by elimination with pivots; none when there is none.
fn solve(rows: impl Iterator<Item = Vec<f64>>) -> Option<Vec<f64>> {
    let mut matrix: Vec<Vec<f64>> =
        rows.map(|row| row.into_iter().map(|value| -value).chain([1.0]).collect()).collect();
    let size = matrix.len();
    for (at, row) in matrix.iter_mut().enumerate() {
        row[at] += 1.0;
    }
    for column in 0..size {
        let pivot = (column..size).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        matrix.swap(column, pivot);
        let (done, rest) = matrix.split_at_mut(column + 1);
        let pivot = &done[column];
        if pivot[column] == 0.0 {
            return None;
        }
        for row in rest {
            let factor = row[column] / pivot[column];
            if factor != 0.0 {
                row[column..].iter_mut().zip(&pivot[column..]).for_each(|(value, above)| *value -= factor * above);
            }
        }
    }
    let mut solution = vec![0.0; size];
    for at in (0..size).rev() {
        let known: f64 = (at + 1..size).map(|column| matrix[at][column] * solution[column]).sum();
        solution[at] = (matrix[at][size] - known) / matrix[at][at];
    }
    solution.iter().all(|length| length.is_finite() && *length >= 0.0).then_some(solution)
}

/// The width L of a Shewhart chart that alarms falsely once in `samples` samples on average.
#[must_use]
pub fn shewhart_width_for(samples: f64, sides: Sides) -> Option<f64> {
    (samples > 2.0).then(|| root((0.0, 40.0), |width| shewhart(width, 0.0, sides) - samples))
}

#[cfg(test)]
mod tests {
    use super::{CusumChart, Sides, bernoulli, cusum, cusum_siegmund, ewma, limit_for, shewhart_width_for};

    const CHART: CusumChart = CusumChart { k: 0.5, h: 5.0, headstart: 0.0, sides: Sides::Both };

    /// Montgomery, *Introduction to Statistical Quality Control*, tables 9.3 and 9.11.
    #[test]
    fn run_lengths_are_those_of_the_tables() {
        for (shift, expected) in [(0.0, 465.0), (0.5, 38.0), (1.0, 10.4), (2.0, 4.01), (4.0, 2.01)] {
            let found = cusum(&CHART, shift).expect("a length");
            assert!((found / expected - 1.0).abs() < 0.005, "{shift}: {found}");
        }
        let found = ewma(0.1, 2.814, 0.0).expect("a length");
        assert!((found / 500.0 - 1.0).abs() < 0.01, "{found}");
        assert!((cusum_siegmund(0.5, 5.0, 0.0) - 938.2).abs() < 0.1);
    }

    /// Lucas and Crosier 1982: with half of h ahead, a shift of 1σ is seen after 6.35 samples instead of 10.4.
    #[test]
    fn a_headstart_sees_an_early_shift_sooner() {
        let ahead = CusumChart { headstart: 2.5, ..CHART };
        assert!((cusum(&ahead, 1.0).expect("a length") - 6.35).abs() < 0.02);
        assert!((cusum(&ahead, 0.0).expect("a length") - 430.0).abs() < 1.0);
    }

    #[test]
    fn a_limit_is_chosen_by_its_false_alarms() {
        for samples in [50.0, 10_080.0, 2.6e6] {
            let h = limit_for(&CHART, samples).expect("a limit");
            let found = cusum(&CusumChart { h, ..CHART }, 0.0).expect("a length");
            assert!((found / samples - 1.0).abs() < 1e-6, "{samples}: {found}");
        }
        assert_eq!(limit_for(&CHART, 1.0), None);
        assert_eq!(limit_for(&CHART, f64::NAN), None);
        let width = shewhart_width_for(370.398, Sides::Both).expect("a width");
        assert!((width - 3.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_chart_has_no_run_length() {
        for broken in [
            CusumChart { h: 0.0, ..CHART },
            CusumChart { k: f64::NAN, ..CHART },
            CusumChart { headstart: 9.0, ..CHART },
        ] {
            assert_eq!(cusum(&broken, 0.0), None);
        }
        assert_eq!(ewma(0.0, 3.0, 0.0), None);
        assert_eq!(bernoulli(0.3, 1.0, 0.1), None);
    }
}

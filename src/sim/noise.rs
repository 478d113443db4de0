//! Noise that is the same each time: a function of the test's title, the metric and the instant.
//!
//! Without a state of its own it is the same after a crash, and in whatever order the groups are sampled.

use crate::base::time::Timestamp;

/// A draw from the standard normal distribution.
pub(super) fn normal(title: &str, group: &str, field: &str, at: Timestamp) -> f64 {
    let mut state = hash(&[title, group, field]) ^ mix(u64::from_le_bytes(at.0.to_le_bytes()));
    let (first, second) = (uniform(&mut state), uniform(&mut state));
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

/// FNV-1a, with a byte between the parts that no text has.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The output function of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// In (0, 1): never zero, whose logarithm there is not.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = u32::try_from(mix(*state) >> 32).unwrap_or(u32::MAX);
    (f64::from(bits) + 0.5) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::normal;
    use crate::base::time::Timestamp;

    #[test]
    fn ten_thousand_draws_are_normal_and_the_same_each_time() {
        let draw = |at: i64| normal("a test", "search", "p95", Timestamp(at * 60_000_000));
        let draws: Vec<f64> = (0..10_000).map(draw).collect();
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.04, "{mean}");
        assert!((variance - 1.0).abs() < 0.06, "{variance}");
        let next: f64 = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 10_000.0;
        assert!(next.abs() < 0.04, "neighbours go together: {next}");
        assert_eq!(draw(7).to_bits(), draws[7].to_bits());
        assert_ne!(draw(7).to_bits(), normal("another", "search", "p95", Timestamp(7 * 60_000_000)).to_bits());
    }
}

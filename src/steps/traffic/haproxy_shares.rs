//! Which whole weights of 0..256 give a canary its share of the traffic.

use super::haproxy_state::Server;

const HEAVIEST: u32 = 256;

/// Weights for the canary and, in their order, the other servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    pub canary: u32,
    pub others: Vec<u32>,
}

impl Shares {
    /// The canary's part of the whole.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        fraction(self.canary, self.others.iter().sum())
    }
}

/// The canary's part of the whole; nothing of nothing is nothing.
#[must_use]
pub fn fraction(canary: u32, others: u32) -> f64 {
    if canary == 0 { 0.0 } else { f64::from(canary) / (f64::from(canary) + f64::from(others)) }
}

/// The smallest weights that come closest to `share`; the others keep the proportions of their configuration.
///
/// # Errors
/// When the share is so small, or so near to all, that whole weights cannot tell it from 0% or 100%.
pub fn choose_shares(share: f64, others: &[&Server]) -> Result<Shares, String> {
    let proportions = proportions(others);
    let total: u32 = proportions.iter().sum();
    let scaled = |factor: u32| proportions.iter().map(|part| part * factor).collect::<Vec<u32>>();
    if share <= 0.0 {
        return Ok(Shares { canary: 0, others: scaled(1) });
    }
    if share >= 1.0 {
        return Ok(Shares { canary: 1, others: scaled(0) });
    }
    let heaviest = proportions.iter().copied().max().unwrap_or(1);
    let mut best: Option<(f64, Shares)> = None;
    for factor in 1..=HEAVIEST / heaviest {
        let canary = (share / (1.0 - share) * f64::from(total * factor)).round();
        if canary < 1.0 || canary > f64::from(HEAVIEST) {
            continue;
        }
        // In 1..=256, see above.
        let canary = canary as u32;
        let error = (fraction(canary, total * factor) - share).abs();
        if best.as_ref().is_none_or(|(least, _)| error < least - 1e-12) {
            best = Some((error, Shares { canary, others: scaled(factor) }));
        }
    }
    best.map(|(_, shares)| shares).ok_or_else(|| {
        format!(
            "haproxy's weights are whole numbers up to {HEAVIEST}: they cannot give a share of {:.3}%",
            share * 100.0
        )
    })
}

/// The weights of the configuration, reduced; servers that have none there count alike.
fn proportions(others: &[&Server]) -> Vec<u32> {
    let divisor = others.iter().map(|server| server.initial).fold(0, greatest_common_divisor);
    if divisor == 0 {
        return vec![1; others.len()];
    }
    others.iter().map(|server| (server.initial / divisor).min(HEAVIEST)).collect()
}

fn greatest_common_divisor(left: u32, right: u32) -> u32 {
    if right == 0 { left } else { greatest_common_divisor(right, left % right) }
}

#[cfg(test)]
mod tests {
    use super::{Shares, choose_shares};
    use crate::steps::traffic::haproxy_state::Server;

    fn server(initial: u32) -> Server {
        Server { name: "v1".into(), weight: 1, initial, up: true }
    }

    #[test]
    fn usual_shares_are_exact_with_small_weights() {
        let stable = server(100);
        for (share, canary, other) in [
            (0.05, 1, 19),
            (0.25, 1, 3),
            (0.5, 1, 1),
            (0.0, 0, 1),
            (1.0, 1, 0),
            (0.01, 1, 99),
            (0.99, 99, 1),
            (0.33, 33, 67),
        ] {
            let shares = choose_shares(share, &[&stable]).unwrap();
            assert_eq!(shares, Shares { canary, others: vec![other] }, "{share}");
        }
    }

    #[test]
    fn other_servers_keep_their_proportions() {
        let (large, small) = (server(100), server(50));
        let shares = choose_shares(0.25, &[&large, &small]).unwrap();
        assert_eq!(shares, Shares { canary: 1, others: vec![2, 1] });
        let unset = server(0);
        assert_eq!(choose_shares(0.0, &[&unset, &unset]).unwrap().others, [1, 1]);
    }

    #[test]
    fn every_tenth_of_a_percent_within_reach_is_met_closely() {
        let stable = server(1);
        for tenths in 4..=996 {
            let share = f64::from(tenths) / 1000.0;
            let found = choose_shares(share, &[&stable]).unwrap().fraction();
            assert!((found - share).abs() < 0.002, "{share}: {found}");
        }
    }

    #[test]
    fn a_share_too_small_for_whole_weights_is_refused() {
        let reason = choose_shares(0.001, &[&server(1)]).unwrap_err();
        assert!(reason.contains("0.100%"), "{reason}");
        assert!(choose_shares(0.9999, &[&server(1)]).is_err());
    }
}

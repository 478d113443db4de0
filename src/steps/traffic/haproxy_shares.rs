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

/// The largest weights that come closest to `share`; the others keep the proportions of their configuration.
///
/// The largest, because HAProxy's round robin breaks ties between light servers unevenly: among three servers, weights
/// of 2, 19 and 19 gave 4.85%, weights of 26, 247 and 247 exactly 5%.
///
/// # Errors
/// When the share is so small, or so near to all, that whole weights cannot tell it from 0% or 100%.
pub fn choose_shares(share: f64, others: &[&Server]) -> Result<Shares, String> {
    let proportions = proportions(others);
    let total: u32 = proportions.iter().sum();
    let scaled = |factor: u32| proportions.iter().map(|part| part * factor).collect::<Vec<u32>>();
    if share <= 0.0 {
        return Ok(Shares { canary: 0, others: configured(others) });
    }
    if share >= 1.0 {
        return Ok(Shares { canary: HEAVIEST, others: scaled(0) });
    }
    let heaviest = proportions.iter().copied().max().unwrap_or(1);
    let mut best: Option<(f64, Shares)> = None;
    for factor in (1..=HEAVIEST / heaviest).rev() {
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

/// The weights of the configuration; servers that have none there count alike.
fn configured(others: &[&Server]) -> Vec<u32> {
    if others.iter().all(|server| server.initial == 0) {
        return vec![1; others.len()];
    }
    others.iter().map(|server| server.initial.min(HEAVIEST)).collect()
}

fn proportions(others: &[&Server]) -> Vec<u32> {
    let weights = configured(others);
    let divisor = weights.iter().copied().fold(0, greatest_common_divisor).max(1);
    weights.iter().map(|weight| weight / divisor).collect()
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
    fn usual_shares_are_exact_with_large_weights() {
        let stable = server(100);
        for (share, canary, other) in [
            (0.05, 13, 247),
            (0.25, 85, 255),
            (0.5, 256, 256),
            (0.0, 0, 100),
            (1.0, 256, 0),
            (0.01, 2, 198),
            (0.99, 198, 2),
            (0.33, 99, 201),
        ] {
            let shares = choose_shares(share, &[&stable]).unwrap();
            assert_eq!(shares, Shares { canary, others: vec![other] }, "{share}");
        }
    }

    #[test]
    fn other_servers_keep_their_proportions() {
        let (large, small) = (server(100), server(50));
        let shares = choose_shares(0.25, &[&large, &small]).unwrap();
        assert_eq!(shares, Shares { canary: 128, others: vec![256, 128] });
        assert_eq!(choose_shares(0.0, &[&large, &small]).unwrap().others, [100, 50]);
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

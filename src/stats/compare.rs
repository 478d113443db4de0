//! Whether one side is worse than the other, at every look: "not significant" is never a pass.
//!
//! Two questions are asked at once, each at level α: is it worse by more than the margin (then it fails), and is it not worse by
//! more than the margin (non-inferiority; then it passes). As long as neither is answered the comparison is inconclusive.
//!
//! - Values taken at the same instants ([`Pairs`]): the share of instants at which the canary is above the stable side and its
//!   margin, against a half. It asks nothing of the distribution, nor of the unit, and of time only that each instant is no
//!   more likely above than below, given those before.
//! - Events such as errors ([`Events`]): the share of all events that came from the canary, against its share of the traffic
//!   (Lindon and Malek 2022), widened by the margin.
//!
//! Evidence that it is worse is half a beta-binomial mixture since the beginning and half one that began at an unknown time:
//! what breaks after a good week is seen after some twenty samples, not after another week.

use serde::{Deserialize, Serialize};

use super::eprocess::{BetaBinomial, Null, Onset};
use super::special::root;

/// Below this many samples on a side there is no answer.
pub const LEAST_PAIRS: u64 = 5;
/// Below this many events of the canary it does not fail, and of both together it does not pass.
pub const LEAST_EVENTS: u64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    Inconclusive,
    /// There is too little to say anything.
    Unknown,
}

impl Verdict {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Unknown => "unknown",
        }
    }
}

/// A verdict with its arithmetic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    pub verdict: Verdict,
    /// Samples or events of the canary and of the stable side.
    pub sides: (u64, u64),
    /// Canary over stable.
    pub ratio: Option<f64>,
    /// The lower and the upper bound of that ratio, each valid at every look.
    pub interval: (f64, f64),
    /// The greatest ratio that is not worse.
    pub margin: f64,
    pub alpha: f64,
    /// ln of the evidence that it is worse, and that it is not.
    pub evidence: (f64, f64),
    pub method: &'static str,
}

/// The two bets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Bets {
    worse: BetaBinomial,
    better: BetaBinomial,
    onset: Onset,
    alpha: f64,
    has_failed: bool,
}

impl Bets {
    fn new(p0: f64, alpha: f64) -> Option<Self> {
        let worse = BetaBinomial::uniform(p0, Null::AtMost)?;
        let better = BetaBinomial::uniform(p0, Null::AtLeast)?;
        let sound = alpha > 0.0 && alpha < 1.0;
        sound.then_some(Self { worse, better, onset: Onset::new(p0)?, alpha, has_failed: false })
    }

    fn level(&self) -> f64 {
        -self.alpha.ln()
    }

    fn worse(&self, ones: u64, n: u64) -> f64 {
        let (begun, late) = (self.worse.ln_e(ones, n), self.onset.ln_e());
        let greater = begun.max(late);
        greater + ((begun - greater).exp() + (late - greater).exp()).ln() - 2f64.ln()
    }

    /// What has failed once stays so: it was shown.
    fn look(&mut self, (ones, n): (u64, u64), may_fail: bool) {
        // No mixture is above its best member, which is cheap to know: most looks end here.
        let can = |level: f64| divergence(ones, n, self.worse.p0) >= level || self.onset.ln_e() >= level;
        if may_fail && !self.has_failed && can(self.level()) {
            self.has_failed = self.worse(ones, n) >= self.level();
        }
    }

    fn verdict(&self, (ones, n): (u64, u64), may_pass: bool) -> Verdict {
        if self.has_failed {
            Verdict::Fail
        } else if may_pass && self.better.ln_e(ones, n) >= self.level() {
            Verdict::Pass
        } else {
            Verdict::Inconclusive
        }
    }
}

/// n times the divergence of the share of ones from p0, when there are more of them: the greatest ln of a likelihood ratio.
fn divergence(ones: u64, n: u64, p0: f64) -> f64 {
    let share = ones as f64 / n as f64;
    if share <= p0 {
        return 0.0;
    }
    let zeros = if share < 1.0 { (1.0 - share) * ((1.0 - share) / (1.0 - p0)).ln() } else { 0.0 };
    n as f64 * (share * (share / p0).ln() + zeros)
}

/// Values of both sides at the same instants, higher is worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pairs {
    margin: f64,
    bets: Bets,
    pairs: u64,
    above: u64,
    ratios: Ratios,
}

impl Pairs {
    /// Worse is more than `by` above the stable side. None when `by` or `alpha` is out of its range.
    #[must_use]
    pub fn new(by: f64, alpha: f64) -> Option<Self> {
        let bets = Bets::new(0.5, alpha)?;
        (by > -1.0 && by.is_finite()).then(|| Self {
            margin: 1.0 + by,
            bets,
            pairs: 0,
            above: 0,
            ratios: Ratios::default(),
        })
    }

    /// Takes in what was seen at one instant; what is no number is missing.
    pub fn push(&mut self, canary: f64, stable: f64) {
        if !(canary.is_finite() && stable.is_finite()) {
            return;
        }
        let is_above = canary > stable + (self.margin - 1.0) * stable.abs();
        self.pairs += 1;
        self.above += u64::from(is_above);
        self.bets.onset.push(u64::from(is_above), u64::from(!is_above));
        self.ratios.push(canary, stable);
        self.bets.look((self.above, self.pairs), self.pairs >= LEAST_PAIRS);
    }

    #[must_use]
    pub fn finding(&self) -> Finding {
        let seen = (self.above, self.pairs);
        let enough = self.pairs >= LEAST_PAIRS;
        Finding {
            verdict: if enough { self.bets.verdict(seen, true) } else { Verdict::Unknown },
            sides: (self.pairs, self.pairs),
            ratio: self.ratios.median(),
            interval: self.interval(),
            margin: self.margin,
            alpha: self.bets.alpha,
            evidence: (self.bets.worse(seen.0, seen.1), self.bets.better.ln_e(seen.0, seen.1)),
            method: "sign e-process over pairs",
        }
    }

    /// At how many instants the canary was above the margin.
    #[must_use]
    pub fn above(&self) -> u64 {
        self.above
    }

    /// The median ratio is at least the c-th smallest, where fewer than c below would be too few for a half.
    fn interval(&self) -> (f64, f64) {
        let n = self.pairs;
        let accepts = |count: u64, level: f64| self.bets.worse.ln_e(n - count, n) < level;
        let low = first(n, |count| accepts(count, self.bets.level() + 2f64.ln()));
        let high = first(n, |count| accepts(count, self.bets.level()));
        (self.ratios.at_least(low), self.ratios.at_most(high))
    }
}

/// The smallest count up to n/2 for which `accepts` holds; it holds for all above.
fn first(n: u64, accepts: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n / 2 + 1);
    while low < high {
        let middle = u64::midpoint(low, high);
        if accepts(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// Ratios in steps of a five-hundredth, from 1/32 to 32: what a median needs, in 14 kB.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Ratios {
    counts: Vec<u32>,
    total: u64,
}

const STEP: f64 = 0.002;
const STEPS: usize = 3_466;

impl Ratios {
    fn push(&mut self, canary: f64, stable: f64) {
        let ratio = if canary == stable { 1.0 } else { canary / stable };
        let place = if ratio > 0.0 { (ratio.ln() / STEP).round() } else { f64::NEG_INFINITY };
        let last = STEPS as f64 / 2.0;
        let place = (place.clamp(-last, last) + last) as usize;
        if self.counts.is_empty() {
            self.counts = vec![0; STEPS + 1];
        }
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
        self.total += 1;
    }

    /// The ratio with this rank from below, counted from 1.
    fn ranked(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        })?;
        Some(((place as f64 - STEPS as f64 / 2.0) * STEP).exp())
    }

    fn median(&self) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let (low, high) = (self.ranked(self.total.div_ceil(2))?, self.ranked(self.total / 2 + 1)?);
        Some((low * high).sqrt())
    }

    fn at_least(&self, rank: u64) -> f64 {
        if rank == 0 { 0.0 } else { self.ranked(rank).unwrap_or(0.0) }
    }

    fn at_most(&self, rank: u64) -> f64 {
        if rank == 0 {
            f64::INFINITY
        } else {
            self.ranked(self.total + 1 - rank.min(self.total)).unwrap_or(f64::INFINITY)
        }
    }
}

/// Events of both sides, fewer are better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Events {
    share: f64,
    margin: f64,
    bets: Bets,
    canary: u64,
    stable: u64,
}

impl Events {
    /// For a canary with this share of the traffic. None when one side gets no traffic, or `by` or `alpha` is out of range.
    #[must_use]
    pub fn new(share: f64, by: f64, alpha: f64) -> Option<Self> {
        let margin = 1.0 + by;
        let sound = share > 0.0 && share < 1.0 && margin > 0.0 && margin.is_finite();
        let expected = share * margin / (share * margin + 1.0 - share);
        let bets = Bets::new(expected, alpha)?;
        sound.then_some(Self { share, margin, bets, canary: 0, stable: 0 })
    }

    /// Takes in the events since the last look, in whatever order they came.
    pub fn push(&mut self, canary: u64, stable: u64) {
        if canary == 0 && stable == 0 {
            return;
        }
        self.canary += canary;
        self.stable += stable;
        self.bets.onset.push(canary, stable);
        self.bets.look((self.canary, self.canary + self.stable), self.canary >= LEAST_EVENTS);
    }

    #[must_use]
    pub fn finding(&self) -> Finding {
        let seen = (self.canary, self.canary + self.stable);
        let odds = (1.0 - self.share) / self.share;
        let ratio = |p: f64| if p >= 1.0 { f64::INFINITY } else { p / (1.0 - p) * odds };
        let share = if seen.1 == 0 { None } else { Some(seen.0 as f64 / seen.1 as f64) };
        let bounds = self.bounds();
        Finding {
            verdict: if seen.1 < LEAST_EVENTS { Verdict::Unknown } else { self.bets.verdict(seen, true) },
            sides: (self.canary, self.stable),
            ratio: share.map(ratio),
            interval: (ratio(bounds.0), ratio(bounds.1)),
            margin: self.margin,
            alpha: self.bets.alpha,
            evidence: (self.bets.worse(seen.0, seen.1), self.bets.better.ln_e(seen.0, seen.1)),
            method: "beta-binomial e-process over events",
        }
    }

    /// The canary's share of the events: what neither side speaks against.
    fn bounds(&self) -> (f64, f64) {
        let (ones, n) = (self.canary, self.canary + self.stable);
        let mean = if n == 0 { 0.5 } else { ones as f64 / n as f64 };
        let against = |p0: f64, null: Null| BetaBinomial { p0, null, ..self.bets.worse }.ln_e(ones, n);
        let level = self.bets.level();
        let low = |p: f64| level + 2f64.ln() - against(p, Null::AtMost);
        let high = |p: f64| against(p, Null::AtLeast) - level;
        let low = if ones == 0 { 0.0 } else { root((1e-15, mean), low) };
        let high = if ones == n { 1.0 } else { root((mean, 1.0 - 1e-15), high) };
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::{Events, Pairs, Verdict};

    fn pairs(ratios: impl IntoIterator<Item = f64>) -> Pairs {
        let mut pairs = Pairs::new(0.1, 0.01).expect("sound");
        ratios.into_iter().for_each(|ratio| pairs.push(ratio * 120.0, 120.0));
        pairs
    }

    #[test]
    fn ten_samples_that_are_all_worse_are_enough() {
        assert_eq!(pairs([1.3; 4]).finding().verdict, Verdict::Unknown);
        assert_eq!(pairs([1.3; 6]).finding().verdict, Verdict::Inconclusive);
        let finding = pairs([1.3; 12]).finding();
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!((finding.ratio.expect("a ratio") - 1.3).abs() < 0.002 && finding.interval.0 > 1.29);
    }

    #[test]
    fn no_difference_within_the_margin_is_shown_before_it_passes() {
        assert_eq!(pairs([1.0; 6]).finding().verdict, Verdict::Inconclusive);
        let finding = pairs([1.0; 9]).finding();
        assert_eq!(finding.verdict, Verdict::Pass);
        assert!(finding.interval.1 <= 1.1);
        // Half above the margin and half below is neither.
        let mixed = pairs((0..400).map(|at| if at % 2 == 0 { 1.0 } else { 1.3 })).finding();
        assert_eq!(mixed.verdict, Verdict::Inconclusive);
        assert!(mixed.interval.0 < 1.1 && mixed.interval.1 > 1.1);
    }

    #[test]
    fn what_breaks_after_a_long_good_time_is_seen_soon() {
        let mut test = pairs([1.0; 500]);
        let needed = (0..100).position(|_| {
            test.push(150.0, 120.0);
            test.finding().verdict == Verdict::Fail
        });
        assert!(needed.is_some_and(|needed| needed < 40), "{needed:?}");
    }

    #[test]
    fn gaps_and_zeros_are_no_evidence_against_it() {
        let mut test = pairs([]);
        (0..20).for_each(|_| test.push(f64::NAN, 1.0));
        assert_eq!(test.finding().sides, (0, 0));
        (0..20).for_each(|_| test.push(0.0, 0.0));
        assert_eq!((test.finding().verdict, test.above()), (Verdict::Pass, 0));
    }

    #[test]
    fn errors_are_judged_by_the_share_of_the_traffic() {
        let events = |canary: u64, stable: u64| {
            let mut events = Events::new(0.05, 0.1, 0.01).expect("sound");
            events.push(canary, stable);
            events.finding()
        };
        assert_eq!(events(0, 0).verdict, Verdict::Unknown);
        assert_eq!(events(1, 3).verdict, Verdict::Unknown);
        assert_eq!(events(4, 1).verdict, Verdict::Inconclusive, "four errors are too few");
        assert_eq!(events(5, 5).verdict, Verdict::Fail);
        assert_eq!(events(5, 95).verdict, Verdict::Inconclusive);
        assert_eq!(events(0, 200).verdict, Verdict::Pass);
        assert!((events(5, 95).ratio.expect("a ratio") - 1.0).abs() < 1e-9);
        assert!(events(10, 90).interval.0 < 2.1 && events(10, 90).interval.1 > 2.1);
        assert!(Events::new(1.0, 0.1, 0.01).is_none());
    }

    /// Streams without a difference: at most one in a hundred may fail at 99%, at whatever of 1,000 looks.
    #[test]
    fn the_level_holds_under_looking_at_every_sample() {
        let mut seed = 7_u64;
        let mut uniform = || {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
        };
        let failed = (0..200).filter(|_| {
            let mut test = Pairs::new(0.0, 0.1).expect("sound");
            (0..300).for_each(|_| test.push(uniform(), uniform()));
            test.finding().verdict == Verdict::Fail
        });
        let failed = failed.count();
        assert!(failed <= 20, "{failed} of 200 at 10%");
    }
}

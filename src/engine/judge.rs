//! One condition over time: how long it has been bad, and how long it has been unknown.
//!
//! "Bad" is true for a trigger's condition and false for a hold's `require`. An unknown neither advances nor resets;
//! one good evaluation resets.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::model::phase::MissingPolicy;
use crate::plan::program::{Condition, Sustain};

/// Unknown samples in a row after which missing data has its consequence.
pub const MISSING_LIMIT: u32 = 5;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Judge {
    /// The latest evaluation: when, and whether it was bad (None: unknown).
    pub last: Option<(Timestamp, Option<bool>)>,
    /// Time between neighbouring bad evaluations of the current run of them.
    pub held: Duration,
    /// Bad evaluations of the current run of them.
    pub count: u32,
    /// Unknown samples in a row.
    pub unknown_run: u32,
    /// Samples since the block began.
    pub seen: u32,
    /// Fired, and not been good since.
    pub fired: bool,
    /// The values behind the latest evaluation if it was bad, or why it is unknown.
    pub evidence: String,
}

impl Judge {
    /// Counts a sample of what the condition reads.
    pub fn count_sample(&mut self, known: bool) {
        self.seen = self.seen.saturating_add(1);
        self.unknown_run = if known { 0 } else { self.unknown_run.saturating_add(1) };
    }

    /// Takes in a sample on which the evaluation is good.
    pub fn pass(&mut self, at: Timestamp) {
        self.count_sample(true);
        self.observe(at, Some(false));
        self.evidence.clear();
    }

    /// The latest evaluation was bad.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self.last, Some((_, Some(true))))
    }

    /// Takes in an evaluation. Of several at one instant the last one counts.
    pub fn observe(&mut self, at: Timestamp, bad: Option<bool>) {
        let before = self.last.filter(|(time, _)| *time < at);
        match bad {
            Some(true) => {
                if let Some((time, Some(true))) = before {
                    self.held = self.held.saturating_add(at.since(time));
                }
                if self.last.is_none_or(|(time, verdict)| time < at || verdict != Some(true)) {
                    self.count = self.count.saturating_add(1);
                }
            }
            Some(false) => {
                self.held = Duration::ZERO;
                self.count = 0;
                self.fired = false;
            }
            None => {}
        }
        self.last = Some((at, bad));
    }

    /// Time until the next evaluation does not count: the run was paused.
    pub fn stand_still(&mut self) {
        if let Some((_, verdict)) = &mut self.last {
            *verdict = None;
        }
    }

    /// Whether it has been bad for as long as `sustain` asks.
    #[must_use]
    pub fn sustained(&self, sustain: Option<Sustain>) -> bool {
        self.is_bad()
            && match sustain {
                None => true,
                Some(Sustain::Time(duration)) => self.held >= duration,
                Some(Sustain::Samples(samples)) => self.count >= samples.max(1),
            }
    }

    /// Unknown for so long that missing data has its consequence.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.unknown_run >= MISSING_LIMIT
    }

    /// Whether the run may have to do something about it: it has been bad or unknown for long enough.
    #[must_use]
    pub fn calls(&self, condition: &Condition) -> bool {
        self.is_missing() || self.sustained(condition.sustain)
    }

    /// An evaluation after the policy for missing data: with `breach`, unknown counts as bad from the fifth on.
    #[must_use]
    pub fn with_policy(&self, bad: Option<bool>, policy: MissingPolicy) -> Option<bool> {
        match (bad, policy) {
            (None, MissingPolicy::Breach) if self.is_missing() => Some(true),
            _ => bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Judge, MissingPolicy, Sustain};
    use crate::base::time::Timestamp;
    use std::time::Duration;

    fn minute(at: i64) -> Timestamp {
        Timestamp(at * 60_000_000)
    }

    fn judged(verdicts: &[Option<bool>]) -> Judge {
        let mut judge = Judge::default();
        for (at, verdict) in verdicts.iter().enumerate() {
            judge.count_sample(verdict.is_some());
            judge.observe(minute(i64::try_from(at).expect("few")), *verdict);
        }
        judge
    }

    const BAD: Option<bool> = Some(true);
    const GOOD: Option<bool> = Some(false);

    #[test]
    fn ten_minutes_are_counted_from_the_first_bad_evaluation_to_the_last() {
        let ten = Some(Sustain::Time(Duration::from_secs(600)));
        assert!(!judged(&[BAD; 10]).sustained(ten));
        assert!(judged(&[BAD; 11]).sustained(ten));
    }

    #[test]
    fn one_good_evaluation_resets() {
        assert!(!judged(&[BAD, BAD, GOOD, BAD, BAD]).sustained(Some(Sustain::Samples(3))));
        assert!(judged(&[BAD, BAD, GOOD, BAD, BAD, BAD]).sustained(Some(Sustain::Samples(3))));
    }

    #[test]
    fn an_unknown_neither_advances_nor_resets() {
        assert!(judged(&[BAD, None, BAD, BAD]).sustained(Some(Sustain::Samples(3))));
        let judge = judged(&[BAD, None, BAD, BAD]);
        assert_eq!(judge.held, Duration::from_secs(60));
    }

    #[test]
    fn the_fifth_unknown_in_a_row_is_a_breach_where_that_is_the_policy() {
        let judge = judged(&[None; 4]);
        assert_eq!(judge.with_policy(None, MissingPolicy::Breach), None);
        let judge = judged(&[None; 5]);
        assert_eq!(judge.with_policy(None, MissingPolicy::Breach), Some(true));
        assert_eq!(judge.with_policy(None, MissingPolicy::Pause), None);
        assert!(judge.is_missing());
    }

    #[test]
    fn paused_time_does_not_count() {
        let mut judge = judged(&[BAD, BAD]);
        judge.stand_still();
        judge.observe(minute(60), BAD);
        assert_eq!(judge.held, Duration::from_secs(60));
    }
}

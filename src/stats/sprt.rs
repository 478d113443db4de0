//! Wald's sequential probability ratio test of a share of bad outcomes (1945, 1947).

/// p0 against p1 > p0, with the risks α of rejecting what is good and β of accepting what is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sprt {
    on_bad: f64,
    on_good: f64,
    /// Rejected at or above, accepted at or below.
    pub upper: f64,
    pub lower: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Reject,
    Accept,
    Continue,
}

impl Sprt {
    #[must_use]
    pub fn new((p0, p1): (f64, f64), (alpha, beta): (f64, f64)) -> Option<Self> {
        let sound = p0 > 0.0 && p0 < p1 && p1 < 1.0 && alpha > 0.0 && beta > 0.0 && alpha + beta < 1.0;
        sound.then(|| Self {
            on_bad: (p1 / p0).ln(),
            on_good: ((1.0 - p1) / (1.0 - p0)).ln(),
            upper: ((1.0 - beta) / alpha).ln(),
            lower: (beta / (1.0 - alpha)).ln(),
        })
    }

    /// The logarithm of the likelihood ratio after so many outcomes.
    #[must_use]
    pub fn ln_ratio(&self, bad: u64, n: u64) -> f64 {
        bad as f64 * self.on_bad + (n - bad.min(n)) as f64 * self.on_good
    }

    #[must_use]
    pub fn decision(&self, bad: u64, n: u64) -> Decision {
        let ratio = self.ln_ratio(bad, n);
        if ratio >= self.upper {
            Decision::Reject
        } else if ratio <= self.lower {
            Decision::Accept
        } else {
            Decision::Continue
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Sprt};

    #[test]
    fn it_stops_at_the_boundary() {
        let test = Sprt::new((0.05, 0.2), (0.05, 0.05)).expect("a test");
        assert_eq!((test.decision(0, 17), test.decision(0, 18)), (Decision::Continue, Decision::Accept));
        assert_eq!((test.decision(2, 2), test.decision(3, 3)), (Decision::Continue, Decision::Reject));
        assert_eq!(Sprt::new((0.2, 0.05), (0.05, 0.05)), None);
    }
}

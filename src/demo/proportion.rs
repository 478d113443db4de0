//! Shares that come out exactly, without chance: every request adds the share to what is owed, and whoever is
//! owed a whole request gets it. Of any N requests in a row, a share `s` takes `s·N`, give or take one.

/// One whole, in the millionths that shares are counted in.
const WHOLE: u64 = 1_000_000;

/// A share of a stream of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    millionths: u64,
    owed: u64,
}

impl Proportion {
    /// A share between 0 and 1; what lies outside, or is no number, is taken as the nearer end.
    #[must_use]
    pub fn of(share: f64) -> Self {
        Self { millionths: millionths(share), owed: 0 }
    }

    #[must_use]
    pub fn share(&self) -> f64 {
        to_share(self.millionths)
    }

    /// Changes the share and keeps what is owed, so that a change neither favours nor starves anyone.
    pub fn change(&mut self, share: f64) {
        self.millionths = millionths(share);
        if self.millionths == 0 {
            self.owed = 0;
        }
    }

    /// Whether the next request belongs to this share.
    pub fn take(&mut self) -> bool {
        self.owed += self.millionths;
        let taken = self.owed >= WHOLE;
        if taken {
            self.owed -= WHOLE;
        }
        taken
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1 just before")]
fn millionths(share: f64) -> u64 {
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    (share * 1_000_000.0).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "at most a million")]
fn to_share(millionths: u64) -> f64 {
    millionths as f64 / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::Proportion;

    fn taken(proportion: &mut Proportion, requests: usize) -> usize {
        (0..requests).filter(|_| proportion.take()).count()
    }

    #[test]
    fn a_share_is_exact_over_any_stretch() {
        let mut five = Proportion::of(0.05);
        assert_eq!(taken(&mut five, 2000), 100);
        for _ in 0..50 {
            let hundred = taken(&mut five, 100);
            assert_eq!(hundred, 5);
        }
        assert_eq!(taken(&mut Proportion::of(1.0), 777), 777);
        assert_eq!(taken(&mut Proportion::of(0.333), 3000), 999);
    }

    #[test]
    fn nothing_is_sent_at_zero_even_when_a_part_was_owed() {
        let mut proportion = Proportion::of(0.9);
        proportion.take();
        proportion.change(0.0);
        assert_eq!(taken(&mut proportion, 1000), 0);
        assert!(proportion.share().abs() < f64::EPSILON);
    }

    #[test]
    fn a_change_keeps_what_is_owed() {
        let mut proportion = Proportion::of(0.5);
        assert!(!proportion.take());
        proportion.change(0.5);
        assert!(proportion.take());
    }

    #[test]
    fn senseless_shares_are_taken_as_the_nearer_end() {
        assert_eq!(taken(&mut Proportion::of(f64::NAN), 10), 0);
        assert_eq!(taken(&mut Proportion::of(-3.0), 10), 0);
        assert_eq!(taken(&mut Proportion::of(7.0), 10), 10);
    }
}

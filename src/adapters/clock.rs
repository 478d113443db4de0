//! The system clock; the only place that asks what time it is.
//!
//! Invariant: time never goes back. A wall clock that jumps forward (sleep of the machine, correction) is followed, one
//! that jumps back is not: time then goes on at its own pace from where it was.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::base::time::Timestamp;
use crate::runtime::ports::Clock;

#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    /// The greatest difference seen between the wall and the time since `started`, in microseconds.
    ahead: Mutex<i64>,
}

impl SystemClock {
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now(), ahead: Mutex::new(wall()) }
    }

    /// A clock that goes on from `floor`, should the wall be behind it: what a journal already holds stays in the past.
    #[must_use]
    pub fn not_before(floor: Timestamp) -> Self {
        Self { started: Instant::now(), ahead: Mutex::new(wall().max(floor.0)) }
    }

    fn read(&self, wall: i64, elapsed: i64) -> Timestamp {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        *ahead = (*ahead).max(wall.saturating_sub(elapsed));
        Timestamp(ahead.saturating_add(elapsed))
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.read(wall(), elapsed)
    }
}

/// Microseconds since 1970 by the wall clock; zero for a clock set before that.
fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock, Timestamp, wall};

    #[test]
    fn follows_the_wall() {
        let before = wall();
        let now = SystemClock::new().now();
        assert!(now.0 >= before && now.0 <= wall() + 1_000_000);
    }

    #[test]
    fn goes_on_when_the_wall_jumps_back_and_follows_when_it_jumps_forward() {
        let clock = SystemClock { started: std::time::Instant::now(), ahead: std::sync::Mutex::new(1_000) };
        assert_eq!(clock.read(1_010, 10), Timestamp(1_010));
        assert_eq!(clock.read(20, 30), Timestamp(1_030));
        assert_eq!(clock.read(9_040, 40), Timestamp(9_040));
        assert_eq!(clock.read(50, 50), Timestamp(9_050));
    }

    #[test]
    fn starts_behind_what_a_journal_holds() {
        let floor = Timestamp(wall() + 3_600_000_000);
        assert!(SystemClock::not_before(floor).now() >= floor);
    }
}

//! "For so long": alerts as Prometheus judges them, tick by tick, and the three ways a gap may be taken.

/// What a scrape brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scrape {
    Value(f64),
    /// Nothing was scraped: an older sample may still stand for it.
    Nothing,
    /// The series ended: nothing older stands for it.
    Stale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertState {
    Inactive,
    Pending,
    Firing,
}

/// A rule `m > threshold` with its times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertRule {
    pub threshold: f64,
    pub sustain: f64,
    pub keep_firing: f64,
    /// How old a sample may be that stands for now.
    pub lookback: f64,
    /// Whether one exactly that old still does: it did before Prometheus 3.
    pub inclusive: bool,
}

/// The states of the rule at each tick, for scrapes at multiples of `scraped_every`.
#[must_use]
pub fn alert_states(rule: &AlertRule, scrapes: &[Scrape], scraped_every: f64, judged_every: f64) -> Vec<AlertState> {
    let end = scrapes.len().saturating_sub(1) as f64 * scraped_every;
    let mut alert = Alert { state: AlertState::Inactive, since: 0.0, quiet_since: None };
    let mut states = Vec::new();
    let mut tick = 0_u32;
    while !scrapes.is_empty() && f64::from(tick) * judged_every <= end {
        let now = f64::from(tick) * judged_every;
        let value = latest(rule, scrapes, scraped_every, now);
        alert.judge(rule, value.is_some_and(|value| value > rule.threshold), now);
        states.push(alert.state);
        tick += 1;
    }
    states
}

fn latest(rule: &AlertRule, scrapes: &[Scrape], every: f64, now: f64) -> Option<f64> {
    let upto = ((now / every).floor() as usize).min(scrapes.len() - 1);
    for (at, scrape) in scrapes[..=upto].iter().enumerate().rev() {
        let age = now - at as f64 * every;
        if age > rule.lookback || (age == rule.lookback && !rule.inclusive) {
            return None;
        }
        match scrape {
            Scrape::Value(value) => return Some(*value),
            Scrape::Stale => return None,
            Scrape::Nothing => {}
        }
    }
    None
}

struct Alert {
    state: AlertState,
    since: f64,
    /// While it fires: since when the condition no longer holds.
    quiet_since: Option<f64>,
}

impl Alert {
    fn judge(&mut self, rule: &AlertRule, active: bool, now: f64) {
        if active {
            self.quiet_since = None;
            if self.state == AlertState::Inactive {
                (self.state, self.since) = (AlertState::Pending, now);
            }
            if now - self.since >= rule.sustain {
                self.state = AlertState::Firing;
            }
        } else if self.state == AlertState::Firing && rule.keep_firing > 0.0 {
            let quiet = *self.quiet_since.get_or_insert(now);
            if now - quiet >= rule.keep_firing {
                self.state = AlertState::Inactive;
            }
        } else {
            self.state = AlertState::Inactive;
        }
    }
}

/// What a gap between two samples does to "sustained for".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gaps {
    /// It begins anew: nobody knows what was in it.
    Restart,
    /// It does not count.
    Pause,
    /// It counts as whatever is on its sides.
    Bridge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Sustained,
    Accumulating,
    /// The latest sample is false.
    Violated,
    NoData,
    /// The latest sample is too old to say.
    Unknown,
}

/// When a condition was first sustained, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sustained {
    pub first: Option<f64>,
    pub standing: Standing,
}

/// Whether samples (seconds, truth) have been true for `duration`; what is further apart than `widest` is a gap.
#[must_use]
pub fn sustained(samples: &[(f64, bool)], duration: f64, widest: f64, gaps: Gaps) -> Sustained {
    let (mut held, mut before): (Option<f64>, Option<f64>) = (None, None);
    let mut found = Sustained { first: None, standing: Standing::NoData };
    for (at, truth) in samples {
        let apart = before.map_or(0.0, |before| at - before);
        before = Some(*at);
        if !truth {
            (held, found.standing) = (None, Standing::Violated);
            continue;
        }
        let counted = match (held, gaps) {
            (None, _) => 0.0,
            (Some(_), Gaps::Restart) if apart > widest => 0.0,
            (Some(held), Gaps::Pause) if apart > widest => held,
            (Some(held), _) => held + apart,
        };
        held = Some(counted);
        found.standing = if counted >= duration { Standing::Sustained } else { Standing::Accumulating };
        if found.standing == Standing::Sustained && found.first.is_none() {
            found.first = Some(*at);
        }
    }
    found
}

/// How it stands at a time: unknown when the latest sample is older than the widest gap.
#[must_use]
pub fn standing_at(samples: &[(f64, bool)], (duration, widest): (f64, f64), gaps: Gaps, at: f64) -> Standing {
    let until = samples.partition_point(|(time, _)| *time <= at);
    match samples[..until].last() {
        Some((last, _)) if at - last > widest => Standing::Unknown,
        _ => sustained(&samples[..until], duration, widest, gaps).standing,
    }
}

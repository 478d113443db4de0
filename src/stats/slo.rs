//! Error budgets and burn rates (Beyer et al., *The Site Reliability Workbook*, 2018, chapter 5). Exact: objectives are the
//! decimals that were written, counts are whole.

use std::cmp::Ordering;

use crate::base::number::Number;

/// Bad events and all events of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub bad: u64,
    pub total: u64,
}

/// The share of events that may be bad. None when the objective leaves no budget, or is none.
#[must_use]
pub fn budget(objective: Number) -> Option<Number> {
    let budget = Number::ONE.subtract(objective);
    let sound = !budget.is_negative() && !budget.is_zero() && budget.compare(Number::ONE) != Some(Ordering::Greater);
    sound.then_some(budget)
}

fn number(count: u64) -> Number {
    Number::from(i64::try_from(count).unwrap_or(i64::MAX))
}

/// How many times faster than allowed the budget is used up; of the whole period it is the share that is spent. None without
/// events: no traffic is neither good nor bad.
#[must_use]
pub fn burn_rate(counts: Counts, budget: Number) -> Option<Number> {
    number(counts.bad).divide(number(counts.total))?.divide(budget)
}

/// Whether the burn rate is strictly above `factor`, cross-multiplied so that nothing is rounded.
#[must_use]
pub fn burns_faster(counts: Counts, budget: Number, factor: Number) -> bool {
    let allowed = factor.multiply(budget).multiply(number(counts.total));
    counts.total > 0 && number(counts.bad).compare(allowed) == Some(Ordering::Greater)
}

/// Days until a budget of a period is gone at a burn rate.
#[must_use]
pub fn days_to_exhaust(period_days: f64, burn_rate: f64) -> Option<f64> {
    (burn_rate > 0.0).then(|| period_days / burn_rate)
}

/// Seconds of total outage that a period allows.
#[must_use]
pub fn allowed_downtime(period_days: i64, objective: Number) -> Option<Number> {
    budget(objective).map(|budget| budget.multiply(Number::from(period_days * 86_400)))
}

/// Seconds until an alert over a window of `long` seconds fires at a constant share of errors, from a clean start.
#[must_use]
pub fn time_to_detect(long: f64, factor: f64, (errors, budget): (f64, f64)) -> Option<f64> {
    (errors / budget > factor).then(|| long * factor * budget / errors)
}

/// An alert on two windows, in minutes: it is active while both burn faster than `factor`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnAlert {
    pub severity: &'static str,
    pub long: usize,
    pub short: usize,
    pub factor: Number,
}

/// Two that page and two that open a ticket, as the workbook recommends (table 5-8).
#[must_use]
pub fn recommended() -> [BurnAlert; 4] {
    let alert = |severity, long, short, factor: &str| BurnAlert {
        severity,
        long,
        short,
        factor: Number::parse(factor).unwrap_or(Number::ONE),
    };
    [
        alert("page", 60, 5, "14.4"),
        alert("page", 360, 30, "6"),
        alert("ticket", 1_440, 120, "3"),
        alert("ticket", 4_320, 360, "1"),
    ]
}

/// Counts minute by minute, summed up so that any window costs the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Minutes {
    sums: Vec<Counts>,
}

impl Minutes {
    #[must_use]
    pub fn new(minutes: impl IntoIterator<Item = Counts>) -> Self {
        let mut sums = vec![Counts::default()];
        let mut sum = Counts::default();
        for minute in minutes {
            sum.bad = sum.bad.saturating_add(minute.bad);
            sum.total = sum.total.saturating_add(minute.total);
            sums.push(sum);
        }
        Self { sums }
    }

    /// What was counted in the `window` minutes up to a minute's end, or since the beginning when that is less.
    #[must_use]
    pub fn window(&self, end: usize, window: usize) -> Counts {
        let (last, first) =
            (self.sums[end.min(self.sums.len() - 1)], self.sums[end.saturating_sub(window).min(self.sums.len() - 1)]);
        Counts { bad: last.bad - first.bad, total: last.total - first.total }
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.sums.len() - 1
    }

    /// Whether an alert is active at a minute's end.
    #[must_use]
    pub fn alerts(&self, alert: &BurnAlert, budget: Number, end: usize) -> bool {
        [alert.long, alert.short].iter().all(|window| burns_faster(self.window(end, *window), budget, alert.factor))
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, budget, burn_rate, burns_faster};
    use crate::base::number::Number;

    #[test]
    fn a_budget_is_the_decimal_that_was_written() {
        let objective = Number::parse("0.999").expect("a number");
        let budget = budget(objective).expect("a budget");
        assert_eq!(budget.to_string(), "0.001");
        // Exactly at the factor is not above it.
        let factor = Number::parse("14.4").expect("a number");
        assert!(!burns_faster(Counts { bad: 144, total: 10_000 }, budget, factor));
        assert!(burns_faster(Counts { bad: 145, total: 10_000 }, budget, factor));
        assert_eq!(burn_rate(Counts::default(), budget), None);
        assert_eq!(super::budget(Number::ONE), None);
    }
}

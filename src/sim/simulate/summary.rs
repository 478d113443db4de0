//! Many runs together: how they end, how long they take, how often each guard fires, and how soon it sees a change.
//!
//! "Falsely" is what happens in the world without the changes of the model, with the same chance otherwise. A model without
//! changes is that world itself. Shares come with Wilson's interval at 95 %.

use std::collections::BTreeMap;
use std::time::Duration;

use super::record::{Guards, Record};
use crate::base::number::Number;
use crate::stats::proportions::wilson;
use crate::stats::quantiles::{Method, quantile};

/// The normal quantile of an interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many, with the interval of the share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub count: u64,
    pub of: u64,
    pub low: f64,
    pub high: f64,
}

impl Share {
    #[must_use]
    pub fn new(count: usize, of: usize) -> Self {
        let (count, of) = (count as u64, of as u64);
        let (low, high) = if of == 0 { (0.0, 1.0) } else { wilson((count, of), Z) };
        Self { count, of, low, high }
    }

    #[must_use]
    pub fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }
}

/// Quantiles of some amounts, linear between them (type 7).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub least: f64,
    pub p10: f64,
    pub median: f64,
    pub p90: f64,
    pub most: f64,
    pub count: usize,
}

impl Spread {
    /// None of nothing.
    #[must_use]
    pub fn of(mut amounts: Vec<f64>) -> Option<Self> {
        amounts.sort_by(f64::total_cmp);
        let at = |p: &str| quantile(&amounts, Number::parse(p)?, Method::LINEAR);
        Some(Self {
            least: *amounts.first()?,
            p10: at("0.1")?,
            median: at("0.5")?,
            p90: at("0.9")?,
            most: *amounts.last()?,
            count: amounts.len(),
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// By outcome, the most frequent first.
    pub outcomes: Vec<(String, Share, Spread)>,
    pub duration: Spread,
    pub guards: Vec<GuardSummary>,
    /// Runs that a guard stopped although nothing was wrong.
    pub false_stops: Share,
    /// How the runs of the healthy world ended, when it is another one.
    pub healthy: Option<Vec<(String, Share, Spread)>>,
    /// From the change until the first guard fired, in seconds.
    pub delay: Option<Spread>,
    /// Of the runs that went on until the change, those in which a guard fired behind it.
    pub seen: Option<Share>,
    /// The share of requests that met the bad version, and full-traffic seconds.
    pub met: Option<(Spread, Spread)>,
}

/// One guard over all runs.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSummary {
    /// Among the guards of the plan.
    pub place: usize,
    /// Of the runs in which it watched.
    pub fired: Share,
    /// Of the healthy runs in which it watched.
    pub falsely: Share,
    /// Of the runs in which it watched after the change, those in which it fired after it; with the delay in seconds.
    pub seen: Option<(Share, Option<Spread>)>,
}

/// Sums up runs; `healthy` are those without the changes, none when there are none to leave out.
#[must_use]
pub fn sum_up(
    guards: &Guards,
    runs: &[Record],
    healthy: Option<&[Record]>,
    onset: Option<Duration>,
) -> Option<Summary> {
    let duration = Spread::of(seconds(runs.iter().map(|run| run.at)))?;
    let innocent = healthy.unwrap_or(runs);
    let stopped = |run: &Record| run.fired.iter().any(Option::is_some) && run.outcome != "succeeded";
    // Without a healthy world of its own, what comes behind the change is no false alarm.
    let is_false = |at: Duration| healthy.is_some() || onset.is_none_or(|onset| at < onset);
    let falsely_stopped = innocent.iter().filter(|run| stopped(run) && is_false(run.at)).count();
    let guard = |place: usize| {
        let fired = |run: &&Record| run.fired[place].is_some();
        let falsely = |run: &&Record| run.fired[place].is_some_and(is_false);
        let watched = |runs: &[Record]| runs.iter().filter(|run| run.watched[place]).count();
        GuardSummary {
            place,
            fired: Share::new(runs.iter().filter(fired).count(), watched(runs)),
            falsely: Share::new(innocent.iter().filter(falsely).count(), watched(innocent)),
            seen: onset.map(|onset| seen(runs, place, onset)),
        }
    };
    let first = |run: &Record, onset: Duration| run.fired.iter().flatten().filter(|at| **at >= onset).min().copied();
    let lasting = |onset: Duration| runs.iter().filter(move |run| run.at >= onset);
    let delays = onset.map(|onset| seconds(lasting(onset).filter_map(|run| Some(first(run, onset)? - onset))));
    let met: Vec<_> = runs.iter().filter_map(|run| run.met).collect();
    Some(Summary {
        outcomes: outcomes(runs),
        duration,
        guards: (0..guards.all.len()).map(guard).collect(),
        false_stops: Share::new(falsely_stopped, innocent.len()),
        healthy: healthy.map(outcomes),
        seen: onset.map(|onset| {
            Share::new(lasting(onset).filter(|run| first(run, onset).is_some()).count(), lasting(onset).count())
        }),
        delay: delays.and_then(Spread::of),
        met: Spread::of(met.iter().map(|met| met.share).collect())
            .zip(Spread::of(met.iter().map(|met| met.seconds).collect())),
    })
}

fn seconds(times: impl Iterator<Item = Duration>) -> Vec<f64> {
    times.map(|time| time.as_secs_f64()).collect()
}

fn seen(runs: &[Record], place: usize, onset: Duration) -> (Share, Option<Spread>) {
    let watching = runs.iter().filter(|run| run.watched[place] && run.at >= onset);
    let watching: Vec<&Record> = watching.filter(|run| run.fired[place].is_none_or(|at| at >= onset)).collect();
    let delays = seconds(watching.iter().filter_map(|run| run.fired[place]).map(|at| at.saturating_sub(onset)));
    (Share::new(delays.len(), watching.len()), Spread::of(delays))
}

fn outcomes(runs: &[Record]) -> Vec<(String, Share, Spread)> {
    let mut by_outcome: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for run in runs {
        by_outcome.entry(run.outcome).or_default().push(run.at);
    }
    let found = by_outcome.into_iter().filter_map(|(outcome, times)| {
        let share = Share::new(times.len(), runs.len());
        Some((outcome.to_owned(), share, Spread::of(seconds(times.into_iter()))?))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(_, share, _)| std::cmp::Reverse(share.count));
    found
}

//! The labels and scores of Kayenta's judge (`NetflixACAJudge-v1.0`): a test of a fixed number of samples per metric, and
//! the share of metrics that pass. Semantics only; the intervals are found exactly.

use std::collections::BTreeMap;

use super::quantiles::{Method, quantile};
use super::ranks::{RankTest, Shift, shift};
use crate::base::number::Number;

/// How far a shift has to be from zero, as a share of itself.
const TOLERANCE: f64 = 0.25;
/// Of the interval of a shift, two-sided.
pub const CONFIDENCE: f64 = 0.98;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Pass,
    High,
    Low,
    Nodata,
    NodataFailMetric,
}

impl Label {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::High => "High",
            Self::Low => "Low",
            Self::Nodata => "Nodata",
            Self::NodataFailMetric => "NodataFailMetric",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Increase,
    Decrease,
    Either,
}

/// How the size of an effect is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    MeanRatio,
    /// P(X > Y) + P(X = Y)/2
    Cles,
}

/// How a metric is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    pub direction: Direction,
    /// A NaN becomes 0 instead of being left out.
    pub replaces_nan: bool,
    /// Outliers beyond this many interquartile ranges are left out.
    pub outlier_factor: Option<f64>,
    pub measure: Measure,
    pub is_critical: bool,
    pub must_have_data: bool,
    /// Effects from which a rise and a fall count.
    pub allowed: (f64, f64),
    pub critical: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    pub label: Label,
    pub is_critical: bool,
    /// None where it is not defined, and where the judge did not get that far.
    pub effect: Option<f64>,
    /// How far the canary lies above the baseline; None where the two were not compared.
    pub shift: Option<Shift>,
}

/// A shift counts when its whole interval lies farther from zero than this.
#[must_use]
pub fn band(shift: &Shift) -> f64 {
    TOLERANCE * shift.estimate.abs()
}

#[must_use]
pub fn classify(metric: &Metric, canary: &[f64], baseline: &[f64]) -> Judgement {
    let prepared = |side: &[f64]| prepare(metric, side);
    let (canary, baseline) = (prepared(canary), prepared(baseline));
    let plain = |label: Label| Judgement { label, is_critical: false, effect: None, shift: None };
    if canary.is_empty() || baseline.is_empty() {
        return match metric.replaces_nan {
            true => plain(Label::Pass),
            false if metric.must_have_data && !metric.is_critical => plain(Label::NodataFailMetric),
            false => Judgement { is_critical: metric.is_critical, ..plain(Label::Nodata) },
        };
    }
    let first = canary[0];
    let single = canary.iter().chain(&baseline).all(|value| *value == first);
    if canary == baseline || single {
        return plain(Label::Pass);
    }
    compare(metric, &canary, &baseline).unwrap_or_else(|| plain(Label::Nodata))
}

/// In rising order, without what is no number and without outliers.
fn prepare(metric: &Metric, side: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = side
        .iter()
        .filter_map(|value| if value.is_nan() { metric.replaces_nan.then_some(0.0) } else { Some(*value) })
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    let Some(factor) = metric.outlier_factor else { return values };
    let at = |text: &str| quantile(&values, Number::parse(text).unwrap_or(Number::ZERO), Method::LINEAR);
    if let (Some(least), Some(q1), Some(q3), Some(most)) = (at("0.01"), at("0.25"), at("0.75"), at("0.99")) {
        let (low, high) = (least.min(q1 - factor * (q3 - q1)), most.max(q3 + factor * (q3 - q1)));
        values.retain(|value| (low..=high).contains(value));
    }
    values
}

fn compare(metric: &Metric, canary: &[f64], baseline: &[f64]) -> Option<Judgement> {
    let found = shift(canary, baseline, CONFIDENCE)?;
    let band = band(&found);
    let effect = effect(metric.measure, canary, baseline);
    let at_least = |limit: f64| effect.is_none_or(|effect| effect >= limit);
    let at_most = |limit: f64| effect.is_none_or(|effect| effect <= limit);
    let is_high = metric.direction != Direction::Decrease && found.low > band && at_least(metric.allowed.0);
    let is_low = metric.direction != Direction::Increase && found.high < -band && at_most(metric.allowed.1);
    let (label, grave) = match (is_high, is_low) {
        (true, _) => (Label::High, at_least(metric.critical.0)),
        (false, true) => (Label::Low, at_most(metric.critical.1)),
        (false, false) => (Label::Pass, false),
    };
    Some(Judgement { label, is_critical: metric.is_critical && grave, effect, shift: Some(found) })
}

fn effect(measure: Measure, canary: &[f64], baseline: &[f64]) -> Option<f64> {
    let mean = |side: &[f64]| side.iter().sum::<f64>() / side.len() as f64;
    match measure {
        Measure::Cles => RankTest::new(canary, baseline).map(|test| test.a12()),
        Measure::MeanRatio => {
            let (above, below) = (mean(canary), mean(baseline));
            (above != 0.0 && below != 0.0).then(|| above / below)
        }
    }
}

/// A judged metric, with the groups it counts in.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub label: Label,
    pub is_critical: bool,
    pub groups: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classification {
    Pass,
    Marginal,
    Fail,
}

impl Classification {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Marginal => "Marginal",
            Self::Fail => "Fail",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 to 100, two decimals.
    pub score: f64,
    pub classification: Classification,
    pub groups: BTreeMap<String, f64>,
}

/// The score of all metrics, the muted ones left out; weights of groups are percentages, and what is not listed shares the rest.
#[must_use]
pub fn score(metrics: &[Judged], weights: &BTreeMap<String, f64>, (pass, marginal): (f64, f64)) -> Score {
    let mut counted: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for metric in metrics {
        for group in &metric.groups {
            let (passed, all) = counted.entry(group.clone()).or_default();
            *passed += f64::from(u8::from(metric.label == Label::Pass));
            *all += f64::from(u8::from(metric.label != Label::Nodata));
        }
    }
    let unlisted = counted.keys().filter(|group| !weights.contains_key(*group)).count() as f64;
    let listed: f64 = counted.keys().filter_map(|group| weights.get(group)).sum();
    let weight = |group: &str| weights.get(group).copied().unwrap_or((100.0 - listed) / unlisted);
    let of = |(passed, all): (f64, f64)| if all > 0.0 { 100.0 * passed / all } else { 0.0 };
    let summed: f64 = counted
        .iter()
        .map(|(group, counts)| weight(group) / 100.0 * if counts.1 > 0.0 { of(*counts) } else { 100.0 })
        .sum();
    let silent = metrics.iter().filter(|metric| metric.label == Label::Nodata).count();
    let grave = metrics.iter().any(|metric| metric.is_critical && metric.label != Label::Pass);
    let nothing = grave || metrics.is_empty() || 2 * silent >= metrics.len();
    let score = if nothing { 0.0 } else { (summed * 100.0 + 0.5).floor() / 100.0 };
    let classification = if score >= pass {
        Classification::Pass
    } else if score >= marginal {
        Classification::Marginal
    } else {
        Classification::Fail
    };
    let groups = counted.into_iter().map(|(group, counts)| (group, of(counts))).collect();
    Score { score, classification, groups }
}

//! What the splitter saw of each version, as Prometheus text (counters and histograms since the start) and as JSON
//! (rates and percentiles over the last few seconds; `null` where there is nothing to say).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Upper bounds of the histogram's buckets, in seconds, as Prometheus writes them.
const BUCKETS: [(f64, &str); 10] = [
    (0.005, "0.005"),
    (0.01, "0.01"),
    (0.025, "0.025"),
    (0.05, "0.05"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (2.5, "2.5"),
    (5.0, "5"),
];

/// What is kept for the sliding window, however many requests come.
const KEPT: usize = 20_000;

/// The two versions behind a splitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Canary,
    Stable,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Canary, Self::Stable];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Stable => "stable",
        }
    }
}

/// One request, as the splitter saw it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub at: Instant,
    pub took: Duration,
    pub failed: bool,
}

/// What was seen of one version. Cheap to copy: whoever serves records, the endpoints read.
#[derive(Debug, Clone)]
pub struct Recorder {
    window: Duration,
    recorded: Arc<Mutex<Recorded>>,
}

/// What was seen of both versions.
#[derive(Debug, Clone)]
pub struct Metrics {
    canary: Recorder,
    stable: Recorder,
}

/// What `/metrics.json` says of one version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lately {
    pub error_rate: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// In the window.
    pub requests: u64,
    /// Since the start.
    pub requests_total: u64,
    pub errors_total: u64,
}

/// All of `/metrics.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub canary: Lately,
    pub stable: Lately,
    pub window_s: f64,
}

#[derive(Debug, Clone, Default)]
struct Recorded {
    lately: VecDeque<Seen>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    requests: u64,
    errors: u64,
}

impl Recorder {
    /// Rates and percentiles are over the last `window`.
    #[must_use]
    pub fn over(window: Duration) -> Self {
        Self { window, recorded: Arc::default() }
    }

    pub fn record(&self, seen: Seen) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.add(seen);
        recorded.forget(seen.at, self.window);
    }

    /// The state of things at `now`.
    #[must_use]
    pub fn lately(&self, now: Instant) -> Lately {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.forget(now, self.window);
        recorded.lately()
    }

    fn copy(&self) -> Recorded {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Metrics {
    #[must_use]
    pub fn over(window: Duration) -> Self {
        Self { canary: Recorder::over(window), stable: Recorder::over(window) }
    }

    pub fn record(&self, side: Side, seen: Seen) {
        self.of(side).record(seen);
    }

    #[must_use]
    pub fn report(&self, now: Instant) -> Report {
        let window_s = self.canary.window.as_secs_f64();
        Report { canary: self.canary.lately(now), stable: self.stable.lately(now), window_s }
    }

    /// The same since the start, in the text format of Prometheus, with the splitter's weight.
    #[must_use]
    pub fn prometheus(&self, weight: f64) -> String {
        let mut text = lines(&Side::BOTH.map(|side| self.of(side).copy()), weight).join("\n");
        text.push('\n');
        text
    }

    fn of(&self, side: Side) -> &Recorder {
        match side {
            Side::Canary => &self.canary,
            Side::Stable => &self.stable,
        }
    }
}

impl Recorded {
    fn add(&mut self, seen: Seen) {
        let took = seen.took.as_secs_f64();
        for (count, (bound, _)) in self.buckets.iter_mut().zip(BUCKETS) {
            *count += u64::from(took <= bound);
        }
        self.seconds += took;
        self.requests += 1;
        self.errors += u64::from(seen.failed);
        self.lately.push_back(seen);
    }

    fn forget(&mut self, now: Instant, window: Duration) {
        let old = |seen: &Seen| now.saturating_duration_since(seen.at) >= window;
        while self.lately.len() > KEPT || self.lately.front().is_some_and(old) {
            self.lately.pop_front();
        }
    }

    fn lately(&self) -> Lately {
        let mut took: Vec<f64> = self.lately.iter().map(|seen| seen.took.as_secs_f64() * 1000.0).collect();
        took.sort_by(f64::total_cmp);
        let failed = self.lately.iter().filter(|seen| seen.failed).count();
        Lately {
            error_rate: quotient(failed, took.len()),
            p50_ms: percentile(&took, 0.5),
            p95_ms: percentile(&took, 0.95),
            p99_ms: percentile(&took, 0.99),
            requests: took.len() as u64,
            requests_total: self.requests,
            errors_total: self.errors,
        }
    }
}

fn lines(sides: &[Recorded; 2], weight: f64) -> Vec<String> {
    let mut lines = heading("demo_requests_total", "Requests answered, by version and outcome.", "counter");
    for (side, recorded) in named(sides) {
        let good = recorded.requests - recorded.errors;
        lines.push(format!("demo_requests_total{{version=\"{side}\",outcome=\"ok\"}} {good}"));
        lines.push(format!("demo_requests_total{{version=\"{side}\",outcome=\"error\"}} {}", recorded.errors));
    }
    lines.extend(heading("demo_request_duration_seconds", "Time to the answer, by version.", "histogram"));
    for (side, recorded) in named(sides) {
        lines.extend(histogram(side, recorded));
    }
    lines.extend(heading("demo_canary_weight_ratio", "Share of the traffic that goes to the canary.", "gauge"));
    lines.push(format!("demo_canary_weight_ratio {weight}"));
    lines
}

fn histogram(side: &str, recorded: &Recorded) -> Vec<String> {
    let name = "demo_request_duration_seconds";
    let bucket = |bound: &str, count: u64| format!("{name}_bucket{{version=\"{side}\",le=\"{bound}\"}} {count}");
    let mut lines: Vec<String> =
        recorded.buckets.iter().zip(BUCKETS).map(|(count, (_, bound))| bucket(bound, *count)).collect();
    lines.push(bucket("+Inf", recorded.requests));
    lines.push(format!("{name}_sum{{version=\"{side}\"}} {}", recorded.seconds));
    lines.push(format!("{name}_count{{version=\"{side}\"}} {}", recorded.requests));
    lines
}

fn heading(name: &str, help: &str, kind: &str) -> Vec<String> {
    vec![format!("# HELP {name} {help}"), format!("# TYPE {name} {kind}")]
}

fn named(sides: &[Recorded; 2]) -> impl Iterator<Item = (&'static str, &Recorded)> {
    Side::BOTH.into_iter().map(Side::name).zip(sides)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests in a few seconds")]
fn quotient(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Linear interpolation between the two nearest ranks, as the language's `percentile` does it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index into a list of at most a few thousand"
)]
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = share * last as f64;
    let below = rank.floor() as usize;
    let (low, high) = (sorted[below.min(last)], sorted[(below + 1).min(last)]);
    Some(low + (high - low) * rank.fract())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Metrics, Seen, Side};

    fn seen(at: Instant, took_ms: u64, failed: bool) -> Seen {
        Seen { at, took: Duration::from_millis(took_ms), failed }
    }

    #[test]
    fn rates_and_percentiles_are_of_the_last_seconds() {
        let metrics = Metrics::over(Duration::from_secs(3));
        let start = Instant::now();
        metrics.record(Side::Canary, seen(start, 900, true));
        for number in 1..=100 {
            metrics.record(Side::Canary, seen(start + Duration::from_secs(4), number, number <= 12));
        }
        let report = metrics.report(start + Duration::from_secs(5));
        assert_eq!(report.canary.requests, 100);
        assert_eq!(report.canary.requests_total, 101);
        assert_eq!(report.canary.errors_total, 13);
        assert_eq!(report.canary.error_rate, Some(0.12));
        assert!((report.canary.p95_ms.unwrap() - 95.05).abs() < 1e-9);
        assert!((report.canary.p99_ms.unwrap() - 99.01).abs() < 1e-9);
    }

    #[test]
    fn a_version_without_requests_has_no_rates_rather_than_good_ones() {
        let metrics = Metrics::over(Duration::from_secs(3));
        let report = serde_json::to_value(metrics.report(Instant::now())).unwrap();
        assert!(report["canary"]["error_rate"].is_null());
        assert!(report["canary"]["p99_ms"].is_null());
        assert_eq!(report["canary"]["requests"], 0);
    }

    #[test]
    fn the_text_for_prometheus_has_help_and_type_and_rising_buckets() {
        let metrics = Metrics::over(Duration::from_secs(3));
        let now = Instant::now();
        for took in [1, 8, 30, 30, 9000] {
            metrics.record(Side::Stable, seen(now, took, took == 8));
        }
        let text = metrics.prometheus(0.25);
        for name in ["demo_requests_total", "demo_request_duration_seconds", "demo_canary_weight_ratio"] {
            assert!(text.contains(&format!("# HELP {name} ")), "{text}");
            assert!(text.contains(&format!("# TYPE {name} ")), "{text}");
        }
        let counts: Vec<u64> = text
            .lines()
            .filter(|line| line.starts_with("demo_request_duration_seconds_bucket{version=\"stable\""))
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(counts, [1, 2, 2, 4, 4, 4, 4, 4, 4, 4, 5]);
        assert!(text.contains("demo_requests_total{version=\"stable\",outcome=\"error\"} 1\n"));
        assert!(text.contains("demo_request_duration_seconds_count{version=\"stable\"} 5\n"));
        assert!(text.contains("demo_canary_weight_ratio 0.25\n"));
    }
}

//! One version of the small web service. How it behaves is a [`Behaviour`]; which request fails or is slow follows
//! from its number alone.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::time::sleep;

use super::listen::Listening;
use super::metrics::{Lately, Recorder, Seen};
use super::proportion::Proportion;

/// The header in which a service says which version it is.
pub const VERSION_HEADER: &str = "x-demo-version";

/// How a version behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    /// The share of requests answered with a 500.
    pub error_rate: f64,
    /// The share of requests that are slow.
    pub slow_share: f64,
    /// What the quickest request takes.
    pub quickest: Duration,
    /// Requests that are not slow spread evenly over this much more.
    pub spread: Duration,
    /// What a slow request takes in addition.
    pub slow_by: Duration,
}

impl Behaviour {
    /// Quick, and never wrong.
    pub const GOOD: Self = Self {
        error_rate: 0.0,
        slow_share: 0.01,
        quickest: Duration::from_millis(3),
        spread: Duration::from_millis(14),
        slow_by: Duration::from_millis(20),
    };

    /// One request in eight fails, one in eleven takes half a second.
    pub const BAD: Self = Self {
        error_rate: 0.12,
        slow_share: 0.09,
        quickest: Duration::from_millis(3),
        spread: Duration::from_millis(14),
        slow_by: Duration::from_millis(500),
    };

    /// What the `number`-th request takes when it is not slow: evenly spread, in an order that looks like chance.
    fn usual(&self, number: u64) -> Duration {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let scattered = u32::try_from(number.wrapping_mul(GOLDEN) >> 32).unwrap_or(u32::MAX);
        self.quickest + self.spread.mul_f64(f64::from(scattered) / f64::from(u32::MAX))
    }
}

/// How far back a service's own metrics look.
const WINDOW: Duration = Duration::from_secs(3);

/// A running service. `/healthz` tells its health, `/metrics.json` what it did lately, any other path does its work.
#[derive(Debug)]
pub struct DemoService {
    listening: Listening,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    version: String,
    behaviour: Behaviour,
    served: AtomicU64,
    ill: Mutex<Proportion>,
    recorder: Recorder,
    failing: Mutex<Proportion>,
    slow: Mutex<Proportion>,
}

impl DemoService {
    /// # Errors
    /// When loopback has no port to give.
    pub async fn start(version: &str, behaviour: Behaviour) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            version: version.to_owned(),
            behaviour,
            served: AtomicU64::new(0),
            ill: Mutex::new(Proportion::of(0.0)),
            recorder: Recorder::over(WINDOW),
            failing: Mutex::new(Proportion::of(behaviour.error_rate)),
            slow: Mutex::new(Proportion::of(behaviour.slow_share)),
        });
        let router = Router::new().route("/healthz", get(health)).route("/metrics.json", get(lately)).fallback(work);
        let router = router.with_state(Arc::clone(&shared));
        let listening = Listening::start(router, 0).await?;
        Ok(Self { listening, shared })
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.listening.url()
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.listening.address().port()
    }

    /// How many requests it has answered; those that ask for its health are not counted.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.shared.served.load(Ordering::Relaxed)
    }

    /// From now on `/healthz` tells of trouble this often: 0 never, 0.5 every other time, 1 always.
    pub fn fail_health_checks(&self, share: f64) {
        self.shared.ill.lock().unwrap_or_else(PoisonError::into_inner).change(share);
    }

    pub async fn stop(self) {
        self.listening.stop().await;
    }
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let healthy = !take(&shared.ill);
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = if healthy { "ok" } else { "failing" };
    (status, Json(json!({ "status": told, "version": shared.version }))).into_response()
}

async fn lately(State(shared): State<Arc<Shared>>) -> Json<Lately> {
    Json(shared.recorder.lately(Instant::now()))
}

async fn work(State(shared): State<Arc<Shared>>) -> Response {
    let started = Instant::now();
    let number = shared.served.fetch_add(1, Ordering::Relaxed);
    let mut takes = shared.behaviour.usual(number);
    if take(&shared.slow) {
        takes += shared.behaviour.slow_by;
    }
    let fails = take(&shared.failing);
    sleep(takes).await;
    let now = Instant::now();
    shared.recorder.record(Seen { at: now, took: now.duration_since(started), failed: fails });
    let status = if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let answer = if fails { "something broke" } else { "hello" };
    (status, [(VERSION_HEADER, shared.version.clone())], Json(json!({ "answer": answer, "version": shared.version })))
        .into_response()
}

fn take(proportion: &Mutex<Proportion>) -> bool {
    proportion.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Behaviour;

    #[test]
    fn usual_answers_spread_evenly_between_the_quickest_and_the_slowest() {
        let took: Vec<Duration> = (0..1000).map(|number| Behaviour::GOOD.usual(number)).collect();
        let middle = Behaviour::GOOD.quickest + Behaviour::GOOD.spread / 2;
        let quicker = took.iter().filter(|took| **took < middle).count();
        assert!((480..=520).contains(&quicker), "{quicker} of 1000 were quicker than the middle");
        assert!(took.iter().all(|took| *took >= Behaviour::GOOD.quickest));
        assert!(took.iter().all(|took| *took <= Behaviour::GOOD.quickest + Behaviour::GOOD.spread));
    }
}

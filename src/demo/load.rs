//! The clients: a steady stream of requests through the splitter, bounded in rate and in how many are under way.
//! They tell apart what a bad version answers (an error) and what nobody answered at all (a lost request).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::metrics::Side;
use super::service::VERSION_HEADER;

/// How much load there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub requests_per_second: u32,
    /// At most so many requests are under way; beyond that the stream waits.
    pub at_once: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self { requests_per_second: 200, at_once: 256 }
    }
}

/// What the clients saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    pub sent: u64,
    /// Answered by the canary, well or not.
    pub by_canary: u64,
    /// Answered by the stable version, well or not.
    pub by_stable: u64,
    /// Answers with a status of 500 and above.
    pub errors: u64,
    /// Not answered at all: refused, broken off, or too late.
    pub lost: u64,
}

/// A running stream of requests.
#[derive(Debug)]
pub struct LoadGenerator {
    stop: CancellationToken,
    task: JoinHandle<()>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    by_canary: AtomicU64,
    by_stable: AtomicU64,
    errors: AtomicU64,
    lost: AtomicU64,
}

impl LoadGenerator {
    /// Sends `GET url` until stopped.
    #[must_use]
    pub fn start(client: Client, url: String, load: Load) -> Self {
        let stop = CancellationToken::new();
        let counts = Arc::<Counts>::default();
        let task = tokio::spawn(send_all(client, url, load, Arc::clone(&counts), stop.clone()));
        Self { stop, task, counts }
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        self.counts.tally()
    }

    /// Sends no more, waits for the answers that are due, and counts up.
    pub async fn stop(mut self) -> Tally {
        self.stop.cancel();
        // The task ends by itself: every request has a deadline. Should it have panicked, what was counted still counts.
        let _ = (&mut self.task).await;
        self.counts.tally()
    }
}

impl Drop for LoadGenerator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Counts {
    fn tally(&self) -> Tally {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally {
            sent: read(&self.sent),
            by_canary: read(&self.by_canary),
            by_stable: read(&self.by_stable),
            errors: read(&self.errors),
            lost: read(&self.lost),
        }
    }
}

async fn send_all(client: Client, url: String, load: Load, counts: Arc<Counts>, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(load.at_once.max(1)));
    let mut ticks = interval(Duration::from_secs(1) / load.requests_per_second.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let permit = Arc::clone(&permits).acquire_owned().await;
        let (client, url, counts) = (client.clone(), url.clone(), Arc::clone(&counts));
        under_way.spawn(async move {
            let _permit = permit;
            send_one(&client, &url, &counts).await;
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

async fn send_one(client: &Client, url: &str, counts: &Counts) {
    counts.sent.fetch_add(1, Ordering::Relaxed);
    let Ok(answer) = client.get(url).send().await else {
        counts.lost.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let version = answer.headers().get(VERSION_HEADER).cloned();
    let by = match version.as_ref().and_then(|version| version.to_str().ok()) {
        Some(version) if version == Side::Canary.name() => &counts.by_canary,
        Some(_) => &counts.by_stable,
        // The splitter's own answer: no version had one.
        None => &counts.lost,
    };
    by.fetch_add(1, Ordering::Relaxed);
    if answer.status().is_server_error() {
        counts.errors.fetch_add(1, Ordering::Relaxed);
    }
    if answer.bytes().await.is_err() && version.is_some() {
        counts.lost.fetch_add(1, Ordering::Relaxed);
    }
}

//! The whole world, started and stopped as one.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use reqwest::Client;
use serde_json::{Value, json};

use super::folder::{Folder, FolderWatch};
use super::listen::Listening;
use super::load::{Load, LoadGenerator, Tally};
use super::metrics::{Metrics, Report, Side};
use super::service::{Behaviour, DemoService};
use super::sink::Sink;
use super::splitter::Splitter;
use super::story::Story;

/// The ports that the world takes when they are free, those that `pipelines/quickstart.deploy` names.
pub const FRONT_PORT: u16 = 7171;
pub const CONTROL_PORT: u16 = 7172;

/// How far back rates and percentiles look.
const WINDOW: Duration = Duration::from_secs(3);

/// A client that waits longer counts its request as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// What kind of world to start.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where configuration, flags and the pipeline are.
    pub folder: PathBuf,
    /// How the new version behaves.
    pub canary: Behaviour,
    pub load: Load,
    /// Ports for traffic and controls; a taken one is replaced by any that is free, as is 0.
    pub ports: (u16, u16),
}

impl DemoOptions {
    /// A world with a good new version, in `folder`, on the usual ports.
    #[must_use]
    pub fn good(folder: PathBuf) -> Self {
        Self { folder, canary: Behaviour::GOOD, load: Load::default(), ports: (FRONT_PORT, CONTROL_PORT) }
    }

    /// The same with a new version that fails and is slow.
    #[must_use]
    pub fn bad(folder: PathBuf) -> Self {
        Self { canary: Behaviour::BAD, ..Self::good(folder) }
    }

    /// On any free ports, for tests beside each other.
    #[must_use]
    pub fn anywhere(self) -> Self {
        Self { ports: (0, 0), ..self }
    }
}

/// A running world. Dropping it stops it too, without counting up.
#[derive(Debug)]
pub struct DemoWorld {
    folder: Folder,
    watch: FolderWatch,
    splitter: Splitter,
    metrics: Metrics,
    sink: Sink,
    load: LoadGenerator,
    front: Listening,
    controls: Listening,
    services: [DemoService; 2],
}

impl DemoWorld {
    /// # Errors
    /// When the folder cannot be written or loopback has no port to give.
    pub async fn start(options: DemoOptions) -> io::Result<Self> {
        let folder = Folder::create(&options.folder)?;
        let watch = FolderWatch::start(&folder)?;
        let client = client()?;
        let canary = DemoService::start(Side::Canary.name(), options.canary).await?;
        let stable = DemoService::start(Side::Stable.name(), Behaviour::GOOD).await?;
        let metrics = Metrics::over(WINDOW);
        let splitter = Splitter::new(client.clone(), canary.url(), stable.url(), metrics.clone());
        let sink = Sink::default();
        let front = Listening::start(splitter.front(), options.ports.0).await?;
        let watched = (metrics.clone(), splitter.clone());
        let controls = splitter.controls().merge(sink.routes()).merge(endpoints(watched));
        let controls = Listening::start(controls, options.ports.1).await?;
        let load = LoadGenerator::start(client, front.url(), options.load);
        Ok(Self { folder, watch, splitter, metrics, sink, load, front, controls, services: [canary, stable] })
    }

    /// Where the traffic goes in.
    #[must_use]
    pub fn front_url(&self) -> String {
        self.front.url()
    }

    /// Where weight, metrics and notifications are: `/weight`, `/metrics`, `/metrics.json`, `/hook`, `/healthz`.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.controls.url()
    }

    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    #[must_use]
    pub fn weight(&self) -> f64 {
        self.splitter.weight()
    }

    /// Rates and percentiles of the last seconds.
    #[must_use]
    pub fn report(&self) -> Report {
        self.metrics.report(Instant::now())
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        self.load.tally()
    }

    #[must_use]
    pub fn notifications(&self) -> Vec<String> {
        self.sink.texts()
    }

    /// Stops the clients first, then the servers, so that nothing is lost in the end; tells what happened.
    ///
    /// # Errors
    /// When a file of the world's folder cannot be read any more.
    pub async fn stop(self) -> io::Result<Story> {
        let report = self.report();
        let tally = self.load.stop().await;
        let (weights, notifications) = (self.splitter.weights_set(), self.sink.texts());
        let story = Story { tally, report, weights, notifications, fingerprints: self.watch.stop().await? };
        self.front.stop().await;
        self.controls.stop().await;
        for service in self.services {
            service.stop().await;
        }
        Ok(story)
    }
}

fn client() -> io::Result<Client> {
    // A provider that is installed already serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(PATIENCE).build().map_err(io::Error::other)
}

type Watched = (Metrics, Splitter);

fn endpoints(watched: Watched) -> Router {
    Router::new()
        .route("/metrics", get(prometheus))
        .route("/metrics.json", get(lately))
        .route("/healthz", get(health))
        .with_state(watched)
}

async fn prometheus(State((metrics, splitter)): State<Watched>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.prometheus(splitter.weight()))
}

async fn lately(State((metrics, _)): State<Watched>) -> Json<Report> {
    Json(metrics.report(Instant::now()))
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

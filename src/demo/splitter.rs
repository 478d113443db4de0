//! The weighted splitter in front of the two versions: sends every request to one of them and records what came of
//! it. Its weight is read with `GET /weight` and set with `PUT /weight {"weight": 0.25}` on another port, as with
//! any router whose traffic and whose controls are apart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use reqwest::Client;
use serde::Serialize;
use serde_json::{Value, json};

use super::metrics::{Metrics, Seen, Side};
use super::proportion::Proportion;
use super::service::VERSION_HEADER;

/// What a request may carry.
const BODY_LIMIT: usize = 1 << 20;

/// The headers that pass through in both directions.
const PASSED_ON: [&str; 4] = ["accept", "content-type", "user-agent", VERSION_HEADER];

/// A weight that was set, and when, counted from the start of the world.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WeightSet {
    pub at: Duration,
    pub weight: f64,
}

/// Cheap to copy; all copies are the same splitter.
#[derive(Debug, Clone)]
pub struct Splitter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    canary: String,
    stable: String,
    metrics: Metrics,
    started: Instant,
    canary_share: Mutex<Proportion>,
    set: Mutex<Vec<WeightSet>>,
}

impl Splitter {
    #[must_use]
    pub fn new(client: Client, canary: String, stable: String, metrics: Metrics) -> Self {
        let inner = Inner {
            client,
            canary,
            stable,
            metrics,
            started: Instant::now(),
            canary_share: Mutex::new(Proportion::of(0.0)),
            set: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Where the traffic goes through.
    pub fn front(&self) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }

    /// Where the weight is read and set.
    pub fn controls(&self) -> Router {
        Router::new().route("/weight", get(read_weight).put(set_weight)).with_state(self.clone())
    }

    #[must_use]
    pub fn weight(&self) -> f64 {
        self.inner.canary_share.lock().unwrap_or_else(PoisonError::into_inner).share()
    }

    /// Every weight that was set, in order.
    #[must_use]
    pub fn weights_set(&self) -> Vec<WeightSet> {
        self.inner.set.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, weight: f64) {
        self.inner.canary_share.lock().unwrap_or_else(PoisonError::into_inner).change(weight);
        let set = WeightSet { at: self.inner.started.elapsed(), weight };
        self.inner.set.lock().unwrap_or_else(PoisonError::into_inner).push(set);
    }

    fn choose(&self) -> Side {
        let taken = self.inner.canary_share.lock().unwrap_or_else(PoisonError::into_inner).take();
        if taken { Side::Canary } else { Side::Stable }
    }

    fn base(&self, side: Side) -> &str {
        match side {
            Side::Canary => &self.inner.canary,
            Side::Stable => &self.inner.stable,
        }
    }
}

async fn pass(State(splitter): State<Splitter>, request: Request) -> Response {
    let side = splitter.choose();
    let started = Instant::now();
    let response = forward(&splitter.inner.client, splitter.base(side), request).await;
    let now = Instant::now();
    let failed = response.status().is_server_error();
    splitter.inner.metrics.record(side, Seen { at: now, took: now.duration_since(started), failed });
    response
}

async fn forward(client: &Client, base: &str, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB\n").into_response();
    };
    let url = format!("{base}{}", head.uri.path_and_query().map_or("/", |path| path.as_str()));
    let sent = client.request(head.method, url).headers(passed_on(&head.headers)).body(body).send().await;
    match sent {
        Ok(answer) => answer_with(answer).await,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("no answer from the service: {error}\n")).into_response(),
    }
}

async fn answer_with(answer: reqwest::Response) -> Response {
    let status = answer.status();
    let headers = passed_on(answer.headers());
    match answer.bytes().await {
        Ok(bytes) => (status, headers, Body::from(bytes)).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("half an answer from the service: {error}\n")).into_response(),
    }
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in PASSED_ON {
        if let Some(value) = headers.get(name) {
            kept.insert(HeaderName::from_static(name), value.clone());
        }
    }
    kept
}

async fn read_weight(State(splitter): State<Splitter>) -> Json<Value> {
    Json(json!({ "weight": splitter.weight() }))
}

async fn set_weight(State(splitter): State<Splitter>, uri: Uri, body: axum::body::Bytes) -> Response {
    let weight =
        serde_json::from_slice::<Value>(&body).ok().and_then(|body| body.get("weight").and_then(Value::as_f64));
    match weight {
        Some(weight) if (0.0..=1.0).contains(&weight) => {
            splitter.set(weight);
            Json(json!({ "weight": splitter.weight() })).into_response()
        }
        _ => {
            let error = format!("`PUT {uri}` takes {{\"weight\": W}} with W between 0 and 1");
            (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], json!({ "error": error }).to_string())
                .into_response()
        }
    }
}

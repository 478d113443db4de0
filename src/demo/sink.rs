//! Receives notifications, as a chat room or a pager would, and keeps them for whoever asks.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;

/// What is kept; later ones are answered and dropped.
const KEPT: usize = 1_000;

/// Cheap to copy; all copies are the same sink.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    received: Arc<Mutex<Vec<Value>>>,
}

impl Sink {
    /// `POST /hook` receives, `GET /hook/received` shows.
    pub fn routes(&self) -> Router {
        Router::new().route("/hook", post(receive)).route("/hook/received", get(show)).with_state(self.clone())
    }

    /// The bodies received so far, in order; what is no JSON is kept as a string.
    #[must_use]
    pub fn received(&self) -> Vec<Value> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same as text: the field `text` where there is one, else the whole body.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.received().iter().map(text_of).collect()
    }
}

fn text_of(body: &Value) -> String {
    let text = body.get("text").unwrap_or(body);
    text.as_str().map_or_else(|| text.to_string(), str::to_owned)
}

async fn receive(State(sink): State<Sink>, body: Bytes) -> StatusCode {
    let body =
        serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    let mut received = sink.received.lock().unwrap_or_else(PoisonError::into_inner);
    if received.len() < KEPT {
        received.push(body);
    }
    StatusCode::NO_CONTENT
}

async fn show(State(sink): State<Sink>) -> Json<Vec<Value>> {
    Json(sink.received())
}

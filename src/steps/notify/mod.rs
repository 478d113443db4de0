//! Messages to people: the step that sends, and the kinds of channels.

pub mod email;
pub mod send;
pub mod slack;
pub mod teams;
pub mod webhook;

use serde_json::Value as Json;

use crate::contract::effect::{Body, Effect, SealedText, seal};
use crate::contract::registry::Args;

/// A message to the address that a channel keeps secret.
fn post(args: &Args, body: Json) -> Effect {
    let url: SealedText = args.get("url").map(seal).unwrap_or_default();
    Effect::HttpRequest { method: "POST".to_owned(), url, headers: Vec::new(), body: Some(Body::Json(body)) }
}

//! Steps that read files.

pub mod json;
pub mod text;

use super::protocol::{Attempt, in_turn, text};
use crate::contract::effect::{Effect, History};
use crate::contract::registry::Args;

/// Reads the file at `path` and hands its text to `finish`.
fn read_file(args: &Args, history: &History, finish: impl FnOnce(&str, &str) -> Attempt) -> Attempt {
    let path = text(args, "path")?;
    in_turn(history, [Effect::ReadFile { path: path.clone() }], |answer| {
        let text = answer.get("text").and_then(serde_json::Value::as_str);
        finish(&path, text.ok_or_else(|| format!("reading `{path}` gave no text"))?)
    })
}

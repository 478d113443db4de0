//! `read.json`

use super::read_file;
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;
use crate::steps::protocol::{Attempt, pass, settle};

pub const JSON: StepImpl = StepImpl { name: "read.json", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(read_file(args, history, parse))
}

fn parse(path: &str, text: &str) -> Attempt {
    // A byte order mark is what some editors put before JSON.
    let json = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    json.map(|json| pass(Value::Json(json))).map_err(|error| format!("`{path}` is no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Args, History, JSON, Value, pass};
    use crate::contract::effect::{Act, Effect, Outcome, Reaction, Verdict};

    fn react_to(text: &str) -> Reaction {
        let args: Args = [("path".to_owned(), Value::text("baseline.json"))].into();
        let effect = Effect::ReadFile { path: "baseline.json".to_owned() };
        let outcome = Some(Outcome::Done(serde_json::json!({ "text": text })));
        (JSON.react)(&args, &History { acts: vec![Act { effect, outcome }], ..History::default() })
    }

    #[test]
    fn json_is_the_output() {
        let json = serde_json::json!({ "p95": 120 });
        assert_eq!(react_to("{\"p95\": 120}"), pass(Value::Json(json.clone())));
        assert_eq!(react_to("\u{feff}{\"p95\": 120}"), pass(Value::Json(json)));
    }

    #[test]
    fn what_is_no_json_fails_with_file_and_place() {
        let Reaction::Finish(Verdict::Failed(message)) = react_to("{\"p95\": }") else {
            panic!("a failure is expected")
        };
        assert!(message.starts_with("`baseline.json` is no JSON: ") && message.contains("column"), "{message}");
    }
}

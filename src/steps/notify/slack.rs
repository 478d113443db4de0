//! `notify.slack`: an incoming webhook of Slack, or of what speaks like it (Mattermost, Rocket.Chat).

use serde_json::json;

use super::post;
use crate::contract::effect::Effect;
use crate::contract::registry::{Args, ChannelImpl};

pub const SLACK: ChannelImpl = ChannelImpl { name: "notify.slack", send };

fn send(args: &Args, text: &str) -> Effect {
    post(args, json!({ "text": text }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::SLACK;
    use crate::contract::effect::{Body, Effect, TextPiece};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    #[test]
    fn the_address_stays_sealed_and_the_text_is_the_message() {
        let args = Args::from([("url".to_owned(), Value::Secret("SLACK_WEBHOOK".into()))]);
        let expected = Effect::HttpRequest {
            method: "POST".into(),
            url: vec![TextPiece::Secret("SLACK_WEBHOOK".into())],
            headers: Vec::new(),
            body: Some(Body::Json(json!({ "text": "rolled back: \"p99\"" }))),
        };
        assert_eq!((SLACK.send)(&args, "rolled back: \"p99\""), expected);
    }
}

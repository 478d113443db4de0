//! `notify.teams`: an adaptive card through a workflow's webhook of Microsoft Teams.

use serde_json::json;

use super::post;
use crate::contract::effect::Effect;
use crate::contract::registry::{Args, ChannelImpl};

pub const TEAMS: ChannelImpl = ChannelImpl { name: "notify.teams", send };

fn send(args: &Args, text: &str) -> Effect {
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{ "type": "TextBlock", "text": text, "wrap": true }],
    });
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    post(args, json!({ "type": "message", "attachments": [attachment] }))
}

#[cfg(test)]
mod tests {
    use super::TEAMS;
    use crate::contract::effect::{Body, Effect, TextPiece};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    #[test]
    fn the_text_stands_in_a_card_and_the_address_stays_sealed() {
        let args = Args::from([("url".to_owned(), Value::Secret("TEAMS".into()))]);
        let Effect::HttpRequest { url, body: Some(Body::Json(body)), .. } = (TEAMS.send)(&args, "rolled back") else {
            panic!("it is posted")
        };
        assert_eq!(url, [TextPiece::Secret("TEAMS".into())]);
        assert_eq!(body["attachments"][0]["content"]["body"][0]["text"], "rolled back");
    }
}

//! `notify.webhook`: a JSON event to any address.

use serde_json::json;

use super::post;
use crate::contract::effect::Effect;
use crate::contract::registry::{Args, ChannelImpl};

pub const WEBHOOK: ChannelImpl = ChannelImpl { name: "notify.webhook", send };

/// `type` and `data` as Standard Webhooks have it, and the text beside them for receivers that look only for that.
fn send(args: &Args, text: &str) -> Effect {
    post(args, json!({ "type": "phasegate.notification", "text": text, "data": { "text": text } }))
}

#[cfg(test)]
mod tests {
    use super::WEBHOOK;
    use crate::contract::effect::{Body, Effect};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    #[test]
    fn an_event_names_its_type_and_holds_the_text() {
        let args = Args::from([("url".to_owned(), Value::Secret("HOOK".into()))]);
        let Effect::HttpRequest { body: Some(Body::Json(body)), .. } = (WEBHOOK.send)(&args, "paused") else {
            panic!("no request with a body");
        };
        assert_eq!((&body["type"], &body["text"]), (&"phasegate.notification".into(), &"paused".into()));
    }
}

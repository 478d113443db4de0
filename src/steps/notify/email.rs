//! `notify.email`: a message by mail, handed to a relay.

use crate::contract::effect::{Effect, seal};
use crate::contract::registry::{Args, ChannelImpl};
use crate::contract::value::Value;

pub const EMAIL: ChannelImpl = ChannelImpl { name: "notify.email", send };

/// The first line of the text is the subject; the whole text is what is written.
fn send(args: &Args, text: &str) -> Effect {
    let written = |name: &str| args.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
    let to = args.get("to").and_then(Value::as_list).unwrap_or_default();
    Effect::SendMail {
        relay: args.get("relay").map(seal).unwrap_or_default(),
        from: written("from"),
        to: to.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
        subject: text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned(),
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, EMAIL, Effect, Value};
    use crate::contract::effect::TextPiece;

    #[test]
    fn the_relay_stays_sealed_and_the_first_line_is_the_subject() {
        let to = Value::List(vec![Value::text("a@example.com"), Value::text("b@example.com")]);
        let args: Args = [
            ("to".to_owned(), to),
            ("from".to_owned(), Value::text("search@example.com")),
            ("relay".to_owned(), Value::Secret("RELAY".into())),
        ]
        .into();
        let expected = Effect::SendMail {
            relay: vec![TextPiece::Secret("RELAY".into())],
            from: "search@example.com".to_owned(),
            to: vec!["a@example.com".to_owned(), "b@example.com".to_owned()],
            subject: "search 1.2.3 was rolled back".to_owned(),
            text: "\nsearch 1.2.3 was rolled back\np99 rose".to_owned(),
        };
        assert_eq!((EMAIL.send)(&args, "\nsearch 1.2.3 was rolled back\np99 rose"), expected);
    }
}

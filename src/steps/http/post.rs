//! `http.post`: sends JSON.

use super::{output, request};
use crate::contract::effect::{Body, Effect, History, Reaction, SealedText, TextPiece};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;

pub const POST: StepImpl = StepImpl { name: "http.post", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    match history.outcome(0) {
        None => Reaction::perform(post(args, history)),
        Some(outcome) => Reaction::finish(output(args, outcome)),
    }
}

fn post(args: &Args, history: &History) -> Result<Effect, String> {
    let body = args.get("body").ok_or("argument `body` is missing")?;
    if holds_secret(body) {
        return Err("a secret cannot stand in a body, send it in `headers`".to_owned());
    }
    let mut effect = request("POST", args, Some(Body::Json(body.to_json())))?;
    if let Effect::HttpRequest { headers, .. } = &mut effect {
        tell_key(headers, &history.key);
    }
    Ok(effect)
}

/// The same request after a crash has the same key, so that the other side can know it.
fn tell_key(headers: &mut Vec<(String, SealedText)>, key: &str) {
    let given = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(KEY_HEADER));
    if !key.is_empty() && !given {
        headers.push((KEY_HEADER.to_owned(), vec![TextPiece::Plain(key.to_owned())]));
    }
}

const KEY_HEADER: &str = "Idempotency-Key";

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(values) => values.iter().any(holds_secret),
        Value::Record(fields) => fields.values().any(holds_secret),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::POST;
    use crate::contract::effect::{Body, Effect, History, Reaction, TextPiece};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    fn args(body: Value) -> Args {
        let url = ("url".to_owned(), Value::text("http://localhost/deploy"));
        Args::from([url, ("body".to_owned(), body), ("expect".to_owned(), Value::int(202))])
    }

    #[test]
    fn the_body_is_sent_as_json() {
        let body = Value::Record([("version".to_owned(), Value::text("1.2.3"))].into_iter().collect());
        let expected = Effect::HttpRequest {
            method: "POST".into(),
            url: vec![TextPiece::Plain("http://localhost/deploy".into())],
            headers: Vec::new(),
            body: Some(Body::Json(json!({ "version": "1.2.3" }))),
        };
        assert_eq!((POST.react)(&args(body), &History::default()), Reaction::Perform(expected));
    }

    #[test]
    fn the_other_side_is_told_which_execution_it_is() {
        let history = History { key: "run/deploy.start/1".to_owned(), ..History::default() };
        let reaction = (POST.react)(&args(Value::Null), &history);
        let Reaction::Perform(Effect::HttpRequest { headers, .. }) = reaction else {
            panic!("no request: {reaction:?}")
        };
        let key = vec![TextPiece::Plain("run/deploy.start/1".to_owned())];
        assert_eq!(headers, [("Idempotency-Key".to_owned(), key)]);
    }

    #[test]
    fn a_secret_in_the_body_is_refused_rather_than_sent_by_name() {
        let body = Value::List(vec![Value::Secret("TOKEN".into())]);
        let reason = "a secret cannot stand in a body, send it in `headers`";
        assert_eq!((POST.react)(&args(body), &History::default()), Reaction::finish(Err(reason.into())));
    }
}

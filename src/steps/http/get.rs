//! `http.get`: reads a resource.

use super::{output, request};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};

pub const GET: StepImpl = StepImpl { name: "http.get", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    match history.outcome(0) {
        None => Reaction::perform(request("GET", args, None)),
        Some(outcome) => Reaction::finish(output(args, outcome)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::GET;
    use crate::contract::effect::{Act, Effect, History, Outcome, Reaction, TextPiece, Verdict};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    fn args() -> Args {
        let headers =
            Value::Record([("authorization".to_owned(), Value::Secret("TOKEN".into()))].into_iter().collect());
        let url = Value::text("http://localhost/health");
        Args::from([("url".to_owned(), url), ("expect".to_owned(), Value::int(200)), ("headers".to_owned(), headers)])
    }

    fn requested() -> Effect {
        Effect::HttpRequest {
            method: "GET".into(),
            url: vec![TextPiece::Plain("http://localhost/health".into())],
            headers: vec![("authorization".into(), vec![TextPiece::Secret("TOKEN".into())])],
            body: None,
        }
    }

    fn after(outcome: Outcome) -> History {
        History { acts: vec![Act { effect: requested(), outcome: Some(outcome) }], ..History::default() }
    }

    #[test]
    fn a_request_keeps_secrets_in_headers_sealed() {
        assert_eq!((GET.react)(&args(), &History::default()), Reaction::Perform(requested()));
    }

    #[test]
    fn the_expected_status_passes_with_body_headers_and_time() {
        let answer = json!({ "status": 200, "headers": { "etag": "1" }, "body": { "ok": true }, "took_s": 0.25 });
        let Reaction::Finish(Verdict::Passed(Value::Record(output))) =
            (GET.react)(&args(), &after(Outcome::Done(answer)))
        else {
            panic!("did not pass");
        };
        assert_eq!(output["status"], Value::int(200));
        assert_eq!(output["body"], Value::Json(json!({ "ok": true })));
        assert_eq!(output["took"].to_string(), "250ms");
        assert_eq!(output["headers"].as_record().unwrap()["etag"], Value::text("1"));
    }

    #[test]
    fn another_status_fails_with_what_was_said() {
        let answer = json!({ "status": 503, "text": "warming\nup", "took_s": 0.1 });
        let reason = "`http://localhost/health` was expected to answer 200, it answered 503: warming up";
        assert_eq!((GET.react)(&args(), &after(Outcome::Done(answer))), Reaction::finish(Err(reason.into())));
    }

    #[test]
    fn no_answer_fails_with_the_reason() {
        let reaction = (GET.react)(&args(), &after(Outcome::failed("connection refused")));
        assert_eq!(reaction, Reaction::finish(Err("connection refused".into())));
    }
}

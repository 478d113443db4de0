//! `http`: a JSON resource; each field is a place in it.

use crate::base::time::Timestamp;
use crate::contract::answer::{HttpAnswer, read_answer};
use crate::contract::effect::{Effect, Outcome, SealedText, seal};
use crate::contract::extract::extract_json;
use crate::contract::registry::{Args, FieldQuery, SourceImpl, SourceRequest, text_argument};
use crate::contract::samples::Sample;
use crate::contract::value::Value;

pub const HTTP: SourceImpl = SourceImpl { name: "http", requests, read };

/// One request serves all fields, so that they are of one moment.
fn requests(args: &Args, fields: &[FieldQuery]) -> Vec<SourceRequest> {
    let url: SealedText = args.get("url").map(seal).unwrap_or_default();
    let headers = args.get("headers").and_then(Value::as_record).into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.clone(), seal(value))).collect();
    let effect = Effect::HttpRequest { method: "GET".to_owned(), url, headers, body: None };
    vec![((0..fields.len()).collect(), effect)]
}

fn read(_args: &Args, field: &FieldQuery, outcome: &Outcome, _now: Timestamp) -> Sample {
    let answer: HttpAnswer = read_answer(outcome)?;
    if !answer.is_success() {
        return Err(format!("the source {}", answer.complaint()));
    }
    if answer.body.is_null() && answer.text.trim() != "null" {
        return Err(format!("the source should answer JSON, it {}", answer.complaint()));
    }
    extract_json(&answer.body, text_argument(&field.args, "path")?, &field.ty)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::HTTP;
    use crate::base::time::Timestamp;
    use crate::contract::effect::{Effect, Outcome, TextPiece};
    use crate::contract::registry::{Args, FieldQuery};
    use crate::contract::samples::Sample;
    use crate::contract::types::Type;
    use crate::contract::value::Value;

    fn field(path: &str) -> FieldQuery {
        let args = Args::from([("path".to_owned(), Value::text(path))]);
        FieldQuery { field: path.into(), extractor: "json".into(), args, ty: Type::Int }
    }

    fn read(answer: Json) -> Sample {
        (HTTP.read)(&Args::new(), &field("errors"), &Outcome::Done(answer), Timestamp(0))
    }

    #[test]
    fn one_request_serves_all_fields_with_its_headers() {
        let headers = Value::Record([("x-key".to_owned(), Value::Secret("KEY".into()))].into_iter().collect());
        let args = Args::from([("url".to_owned(), Value::text("http://a/m")), ("headers".to_owned(), headers)]);
        let effect = Effect::HttpRequest {
            method: "GET".into(),
            url: vec![TextPiece::Plain("http://a/m".into())],
            headers: vec![("x-key".into(), vec![TextPiece::Secret("KEY".into())])],
            body: None,
        };
        assert_eq!((HTTP.requests)(&args, &[field("a"), field("b")]), [(vec![0, 1], effect)]);
    }

    #[test]
    fn a_field_is_read_from_its_place() {
        assert_eq!(read(json!({ "status": 200, "body": { "errors": 3 } })), Ok(Value::int(3)));
    }

    #[test]
    fn an_error_status_or_something_else_than_json_is_no_sample() {
        assert_eq!(read(json!({ "status": 503, "text": "busy" })), Err("the source answered 503: busy".into()));
        let html = read(json!({ "status": 200, "text": "<html>" }));
        assert_eq!(html, Err("the source should answer JSON, it answered 200: <html>".into()));
        let absent = read(json!({ "status": 200, "body": {}, "text": "{}" }));
        assert_eq!(absent, Err("`errors` selects nothing in the answer".into()));
    }
}

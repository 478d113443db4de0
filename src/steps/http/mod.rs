//! `http.get` and `http.post`: one request, one expected status.

pub mod get;
pub mod post;

use indexmap::IndexMap;

use crate::contract::answer::{HttpAnswer, read_answer};
use crate::contract::effect::{Body, Effect, Outcome, SealedText, describe_sealed, seal};
use crate::contract::registry::Args;
use crate::contract::value::Value;

fn request(method: &str, args: &Args, body: Option<Body>) -> Result<Effect, String> {
    Ok(Effect::HttpRequest { method: method.to_owned(), url: url(args)?, headers: headers(args), body })
}

fn url(args: &Args) -> Result<SealedText, String> {
    args.get("url").map(seal).ok_or_else(|| "argument `url` is missing".to_owned())
}

fn headers(args: &Args) -> Vec<(String, SealedText)> {
    let Some(headers) = args.get("headers").and_then(Value::as_record) else { return Vec::new() };
    headers.iter().map(|(name, value)| (name.clone(), seal(value))).collect()
}

/// The output of a request that was answered with the expected status.
fn output(args: &Args, outcome: &Outcome) -> Result<Value, String> {
    let answer: HttpAnswer = read_answer(outcome)?;
    let expected = args.get("expect").and_then(Value::as_number).and_then(|number| number.to_i64()).unwrap_or(200);
    if i64::from(answer.status) != expected {
        let url = describe_sealed(&url(args)?);
        return Err(format!("`{url}` was expected to answer {expected}, it {}", answer.complaint()));
    }
    let took = Value::duration(answer.took());
    let headers = answer.headers.into_iter().map(|(name, value)| (name, Value::Text(value)));
    Ok(Value::Record(IndexMap::from([
        ("status".to_owned(), Value::int(answer.status.into())),
        ("body".to_owned(), Value::Json(answer.body)),
        ("headers".to_owned(), Value::Record(headers.collect())),
        ("took".to_owned(), took),
    ])))
}

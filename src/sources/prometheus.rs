//! `prometheus`: instant queries through the HTTP API of Prometheus and of what speaks like it.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::base::time::{Timestamp, format_duration};
use crate::contract::answer::{HttpAnswer, read_answer};
use crate::contract::effect::{Effect, Outcome, TextPiece};
use crate::contract::extract::extract_text;
use crate::contract::registry::{Args, FieldQuery, SourceImpl, SourceRequest, duration_argument, text_argument};
use crate::contract::samples::Sample;

pub const PROMETHEUS: SourceImpl = SourceImpl { name: "prometheus", requests, read };

/// One query for each field: an API answers only one expression at a time.
fn requests(args: &Args, fields: &[FieldQuery]) -> Vec<SourceRequest> {
    let requests = fields.iter().enumerate().map(|(index, field)| {
        let promql = text_argument(&field.args, "promql").unwrap_or_default();
        (vec![index], query(text_argument(args, "url").unwrap_or_default(), promql))
    });
    requests.collect()
}

fn query(base: &str, promql: &str) -> Effect {
    let address = format!("{}/api/v1/query", base.trim_end_matches('/'));
    let url = url::Url::parse_with_params(&address, [("query", promql)]).map_or(address, String::from);
    Effect::HttpRequest { method: "GET".to_owned(), url: vec![TextPiece::Plain(url)], headers: Vec::new(), body: None }
}

fn read(args: &Args, field: &FieldQuery, outcome: &Outcome, now: Timestamp) -> Sample {
    let answer: HttpAnswer = read_answer(outcome)?;
    let parsed = QueryAnswer::deserialize(&answer.body).map_err(|_| format!("prometheus {}", answer.complaint()))?;
    if parsed.status != "success" {
        let (kind, message) = (parsed.error_type.unwrap_or_default(), parsed.error.unwrap_or_default());
        return Err(format!("prometheus answered {}: {kind}: {message}", answer.status));
    }
    if !parsed.warnings.is_empty() {
        return Err(format!("prometheus warns that its answer may be partial: {}", parsed.warnings.join("; ")));
    }
    let (at, text) = only_point(&parsed.data.ok_or("prometheus answered without data")?)?;
    require_fresh(args, at, now)?;
    match text.as_str() {
        "NaN" => Err("the query gave NaN, as 0/0 does: there was nothing to divide by".to_owned()),
        "+Inf" | "-Inf" | "Inf" => Err(format!("the query gave {text}, as a division by zero does")),
        number => extract_text(number, &field.ty),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryAnswer {
    status: String,
    data: Option<Data>,
    error_type: Option<String>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    #[serde(default)]
    result: Json,
}

/// Time and text of the one value that the query gave.
fn only_point(data: &Data) -> Result<(f64, String), String> {
    match data.result_type.as_str() {
        "scalar" => point(&data.result),
        "vector" => match data.result.as_array().map(Vec::as_slice) {
            Some([series]) if series.get("histogram").is_some() => {
                Err("the query gave a native histogram, take a quantile of it with histogram_quantile".to_owned())
            }
            Some([series]) => point(series.get("value").unwrap_or(&Json::Null)),
            Some([]) => Err("the query gave no series: nothing of that name was scraped lately".to_owned()),
            Some(several) => Err(too_many(several)),
            None => Err("prometheus answered a vector that is no list".to_owned()),
        },
        other => Err(format!("the query gave a {other}, a sample is one number of an instant vector or a scalar")),
    }
}

fn point(value: &Json) -> Result<(f64, String), String> {
    let pair = value.as_array().map(Vec::as_slice);
    match pair {
        Some([at, Json::String(text)]) if at.is_number() => Ok((at.as_f64().unwrap_or_default(), text.clone())),
        _ => Err("prometheus answered a sample that is no pair of time and value".to_owned()),
    }
}

fn too_many(series: &[Json]) -> String {
    let labels = series.iter().take(2).filter_map(|one| one.get("metric")).map(Json::to_string);
    format!(
        "the query gave {} series, a sample is one: aggregate them, for instance with sum() (among them {})",
        series.len(),
        labels.collect::<Vec<_>>().join(" and ")
    )
}

/// Prometheus itself stamps an answer with the time of the question; stores behind it may have only old data.
fn require_fresh(args: &Args, at_s: f64, now: Timestamp) -> Result<(), String> {
    let at = Timestamp((at_s * 1e6) as i64);
    let (age, limit) = (now.since(at), duration_argument(args, "max_age").unwrap_or(crate::sources::DEFAULT_MAX_AGE));
    let ahead = at.since(now);
    if ahead > limit {
        let ahead = format_duration(std::time::Duration::from_secs(ahead.as_secs()));
        return Err(format!("the newest sample is dated {ahead} ahead of now: one of the two clocks is wrong"));
    }
    if age > limit {
        let age = format_duration(std::time::Duration::from_secs(age.as_secs()));
        return Err(format!("the newest sample is {age} old, more than {}", format_duration(limit)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::PROMETHEUS;
    use crate::base::time::Timestamp;
    use crate::contract::effect::{Effect, Outcome, TextPiece};
    use crate::contract::registry::{Args, FieldQuery};
    use crate::contract::samples::Sample;
    use crate::contract::types::Type;
    use crate::contract::value::Value;

    const NOW: Timestamp = Timestamp(1_700_000_100_000_000);

    fn field(promql: &str, ty: Type) -> FieldQuery {
        let args = Args::from([("promql".to_owned(), Value::text(promql))]);
        FieldQuery { field: "x".into(), extractor: "query".into(), args, ty }
    }

    fn read(status: u16, body: Json) -> Sample {
        let outcome = Outcome::Done(json!({ "status": status, "body": body, "text": body.to_string() }));
        (PROMETHEUS.read)(&Args::new(), &field("x", Type::Float), &outcome, NOW)
    }

    fn vector(result: Json) -> Json {
        json!({ "status": "success", "data": { "resultType": "vector", "result": result } })
    }

    fn series(text: &str) -> Json {
        json!({ "metric": { "job": "a" }, "value": [1_700_000_100.5, text] })
    }

    #[test]
    fn each_field_is_one_query_with_its_expression_encoded() {
        let args = Args::from([("url".to_owned(), Value::text("http://prom:9090/"))]);
        let fields = [field("up", Type::Float), field("sum(a{b=\"c+d&e\"}[5m]) / 2", Type::Float)];
        let requests = (PROMETHEUS.requests)(&args, &fields);
        let url = |effect: &Effect| match effect {
            Effect::HttpRequest { url, .. } => url.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(requests.iter().map(|(fields, _)| fields.clone()).collect::<Vec<_>>(), [vec![0], vec![1]]);
        assert_eq!(url(&requests[0].1), [TextPiece::Plain("http://prom:9090/api/v1/query?query=up".into())]);
        let encoded = "http://prom:9090/api/v1/query?query=sum%28a%7Bb%3D%22c%2Bd%26e%22%7D%5B5m%5D%29+%2F+2";
        assert_eq!(url(&requests[1].1), [TextPiece::Plain(encoded.into())]);
    }

    #[test]
    fn one_series_or_a_scalar_is_a_sample() {
        let half = Value::Quantity(crate::base::number::Number::from_f64(0.5), crate::contract::value::Unit::One);
        assert_eq!(read(200, vector(json!([series("0.5")]))), Ok(half.clone()));
        let scalar =
            json!({ "status": "success", "data": { "resultType": "scalar", "result": [1_700_000_100, "0.5"] } });
        assert_eq!(read(200, scalar), Ok(half));
    }

    #[test]
    fn whatever_is_not_one_number_is_no_sample_and_says_why() {
        let bad = json!({ "status": "error", "errorType": "bad_data", "error": "parse error" });
        let partial = json!({ "status": "success", "warnings": ["store down"], "data": { "resultType": "vector", "result": [series("1")] } });
        let matrix = json!({ "status": "success", "data": { "resultType": "matrix", "result": [] } });
        let old = json!([{ "metric": {}, "value": [1_699_999_000, "1"] }]);
        for (status, body, words) in [
            (200, vector(json!([])), "the query gave no series"),
            (200, vector(json!([series("NaN")])), "the query gave NaN"),
            (200, vector(json!([series("+Inf")])), "the query gave +Inf"),
            (200, vector(json!([series("1"), series("2")])), "the query gave 2 series"),
            (200, vector(json!([{ "metric": {}, "histogram": [1, {}] }])), "native histogram"),
            (200, vector(json!([{ "metric": {}, "value": "x" }])), "no pair of time and value"),
            (200, vector(json!({})), "a vector that is no list"),
            (200, matrix, "the query gave a matrix"),
            (400, bad, "prometheus answered 400: bad_data: parse error"),
            (200, partial, "may be partial: store down"),
            (200, vector(old), "the newest sample is 18m20s old, more than 5m"),
            (502, json!(null), "prometheus answered 502"),
            (200, json!({ "status": "success" }), "without data"),
            (200, vector(json!([series("fast")])), "expected `float`, found `fast`"),
        ] {
            let reason = read(status, body).unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
        let silent = (PROMETHEUS.read)(&Args::new(), &field("x", Type::Float), &Outcome::failed("refused"), NOW);
        assert_eq!(silent, Err("refused".to_owned()));
    }
}

//! A stretch of time from Prometheus: range queries through its HTTP API, for recordings.

use std::time::Duration;

use crate::base::time::Timestamp;
use crate::contract::answer::{HttpAnswer, read_answer};
use crate::contract::effect::{Effect, Outcome, TextPiece};
use crate::contract::registry::{Args, FieldQuery, text_argument};
use serde_json::Value as Json;

/// Prometheus answers with at most 11,000 points of a series.
const MOST_POINTS: u64 = 10_000;

/// One range of samples, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
    pub step: Duration,
}

impl Range {
    /// In parts that are each answered at once.
    #[must_use]
    pub fn parts(self) -> Vec<Self> {
        let longest = self.step.saturating_mul(u32::try_from(MOST_POINTS - 1).unwrap_or(u32::MAX));
        let mut parts = Vec::new();
        let mut from = self.from;
        while from <= self.to && !self.step.is_zero() {
            let to = from.plus(longest).min(self.to);
            parts.push(Self { from, to, ..self });
            from = from.plus(longest).plus(self.step);
        }
        parts
    }

    /// How many samples it has.
    #[must_use]
    pub fn count(self) -> usize {
        let length = self.to.since(self.from).as_micros();
        usize::try_from(length / self.step.as_micros().max(1)).map_or(usize::MAX, |count| count.saturating_add(1))
    }
}

/// The request for a field's samples.
#[must_use]
pub fn request(args: &Args, field: &FieldQuery, range: Range) -> Effect {
    let base = text_argument(args, "url").unwrap_or_default();
    let promql = text_argument(&field.args, "promql").unwrap_or_default();
    let address = format!("{}/api/v1/query_range", base.trim_end_matches('/'));
    let seconds = |at: Timestamp| format!("{}.{:06}", at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
    let (start, end) = (seconds(range.from), seconds(range.to));
    let step = range.step.as_secs_f64().to_string();
    let parameters = [("query", promql), ("start", &start), ("end", &end), ("step", &step)];
    let url = url::Url::parse_with_params(&address, parameters).map_or(address, String::from);
    Effect::HttpRequest { method: "GET".to_owned(), url: vec![TextPiece::Plain(url)], headers: Vec::new(), body: None }
}

/// The raw values by their place in the range.
///
/// # Errors
/// When it was not answered, or by anything else than the samples of one series.
pub fn read(outcome: &Outcome, range: Range) -> Result<Vec<Option<String>>, String> {
    let answer: HttpAnswer = read_answer(outcome)?;
    let text = |name: &str| answer.body.get(name).and_then(Json::as_str);
    match text("status") {
        Some("success") => {}
        Some(_) => {
            let (kind, message) = (text("errorType").unwrap_or_default(), text("error").unwrap_or_default());
            return Err(format!("prometheus answered {}: {kind}: {message}", answer.status));
        }
        None => return Err(format!("prometheus {}", answer.complaint())),
    }
    let data = answer.body.get("data").ok_or("prometheus answered without data")?;
    let mut values = vec![None; range.count()];
    let series = match (data.get("resultType").and_then(Json::as_str), data.get("result").and_then(Json::as_array)) {
        (Some("matrix"), Some(series)) => series,
        _ => return Err("prometheus answered no range of samples".to_owned()),
    };
    if series.len() > 1 {
        return Err(format!(
            "the query gave {} series, a sample is one: aggregate them, for instance with sum()",
            series.len()
        ));
    }
    let points = series.iter().filter_map(|one| one.get("values")?.as_array()).flatten();
    for point in points {
        let (Some(at), Some(value)) = (point.get(0).and_then(Json::as_f64), point.get(1).and_then(Json::as_str)) else {
            return Err("prometheus answered a sample that is no pair of time and value".to_owned());
        };
        let since = at - range.from.0 as f64 / 1e6;
        let place = (since / range.step.as_secs_f64().max(1e-6)).round();
        if let Some(slot) = values.get_mut(if place >= 0.0 { place as usize } else { usize::MAX }) {
            *slot = Some(value.to_owned());
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value as Json, json};

    use super::{Range, read, request};
    use crate::base::time::Timestamp;
    use crate::contract::effect::{Effect, Outcome, TextPiece};
    use crate::contract::registry::{Args, FieldQuery};
    use crate::contract::types::Type;
    use crate::contract::value::Value;

    fn range(seconds: i64) -> Range {
        let from = Timestamp(1_700_000_000_000_000);
        Range { from, to: Timestamp(from.0 + seconds * 1_000_000), step: Duration::from_secs(60) }
    }

    fn answered(body: &Json) -> Outcome {
        Outcome::Done(json!({ "status": 200, "body": body, "text": body.to_string() }))
    }

    #[test]
    fn a_range_is_asked_for_with_the_interval_of_the_group() {
        let args = Args::from([("url".to_owned(), Value::text("http://prom:9090/"))]);
        let promql = Args::from([("promql".to_owned(), Value::text("sum(up)"))]);
        let field = FieldQuery { field: "x".into(), extractor: "query".into(), args: promql, ty: Type::Float };
        let Effect::HttpRequest { url, .. } = request(&args, &field, range(120)) else { panic!("no request") };
        let expected = "http://prom:9090/api/v1/query_range?query=sum%28up%29&start=1700000000.000000&end=1700000120.000000&step=60";
        assert_eq!(url, vec![TextPiece::Plain(expected.to_owned())]);
    }

    #[test]
    fn long_ranges_are_asked_for_in_parts_without_a_sample_twice() {
        let parts = range(60 * 25_000).parts();
        assert_eq!(parts.iter().map(|part| part.count()).collect::<Vec<_>>(), [10_000, 10_000, 5_001]);
        assert_eq!(parts.iter().map(|part| part.count()).sum::<usize>(), range(60 * 25_000).count());
    }

    #[test]
    fn samples_find_their_places_and_what_is_missing_stays_empty() {
        let values = json!([[1_700_000_000.0, "1.5"], [1_700_000_120.0, "NaN"]]);
        let series = json!([{ "metric": {}, "values": values }]);
        let body = json!({ "status": "success", "data": { "resultType": "matrix", "result": series } });
        let found = read(&answered(&body), range(180)).expect("samples");
        assert_eq!(found, [Some("1.5".to_owned()), None, Some("NaN".to_owned()), None]);
        let none = json!({ "status": "success", "data": { "resultType": "matrix", "result": [] } });
        assert_eq!(read(&answered(&none), range(0)), Ok(vec![None]));
    }

    #[test]
    fn whatever_is_not_one_series_has_a_reason() {
        let two = json!({ "status": "success", "data": { "resultType": "matrix", "result": [{}, {}] } });
        assert!(read(&answered(&two), range(60)).unwrap_err().starts_with("the query gave 2 series"));
        let bad = json!({ "status": "error", "errorType": "bad_data", "error": "parse error" });
        assert_eq!(read(&answered(&bad), range(60)).unwrap_err(), "prometheus answered 200: bad_data: parse error");
        let scalar = json!({ "status": "success", "data": { "resultType": "scalar", "result": [] } });
        assert_eq!(read(&answered(&scalar), range(60)).unwrap_err(), "prometheus answered no range of samples");
    }
}

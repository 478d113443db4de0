//! Metric sources that are slow, lie, or never stop talking: each field says why it has no sample, and none keeps another
//! from having one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use phasegate::adapters::clock::SystemClock;
use phasegate::adapters::secrets::Secrets;
use phasegate::adapters::state::StateFolder;
use phasegate::adapters::world::LocalWorld;
use phasegate::contract::registry::{Args, FieldQuery};
use phasegate::contract::types::Type;
use phasegate::contract::value::{Unit, Value};
use phasegate::plan::program::Group;
use phasegate::runtime::ports::{Clock, World};
use phasegate::runtime::sampling::read_group;
use phasegate::steps::registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What stands for the query, and what is said of its field. Without words it has a sample.
const LIES: &[(&str, &str)] = &[
    ("good", ""),
    ("html", "prometheus answered 200: <html>log in first</html>"),
    ("nothing", "prometheus answered 200 without a text"),
    ("half", "prometheus answered 200: {\"status\":\"succ"),
    ("shape", "prometheus answered 200: [1,2,3]"),
    ("words", "expected `float`, found `quick`"),
    ("nan", "the query gave NaN"),
    ("beyond", "the value is inf, which is no finite number"),
    ("labels", "the query gave 2 series"),
    ("yesterday", "more than 5m"),
    ("tomorrow", "ahead of now: one of the two clocks is wrong"),
    ("down", "prometheus answered 503"),
    ("endless", "answered more than 8 MiB"),
    ("slow", "did not answer within 3 s"),
];

async fn answer(Query(asked): Query<HashMap<String, String>>) -> Response {
    let now = SystemClock::new().now().0 as f64 / 1e6;
    let of = |at: f64, texts: &[&str]| {
        let series: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(pod, text)| format!(r#"{{"metric":{{"pod":"{pod}"}},"value":[{at},"{text}"]}}"#))
            .collect();
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, series.join(","))
    };
    match asked.get("query").map_or("", String::as_str) {
        "good" => of(now, &["0.5"]).into_response(),
        "html" => ([(CONTENT_TYPE, "text/html")], "<html>log in first</html>").into_response(),
        "nothing" => "".into_response(),
        "half" => "{\"status\":\"succ".into_response(),
        "shape" => "[1,2,3]".into_response(),
        "words" => of(now, &["quick"]).into_response(),
        "nan" => of(now, &["NaN"]).into_response(),
        "beyond" => of(now, &["1e999"]).into_response(),
        "labels" => of(now, &["1", "2"]).into_response(),
        "yesterday" => of(now - 86_400.0, &["1"]).into_response(),
        "tomorrow" => of(now + 86_400.0, &["1"]).into_response(),
        "endless" => {
            let piece = Bytes::from(vec![b' '; 1 << 20]);
            Body::from_stream(stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()))).into_response()
        }
        "slow" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            of(now, &["1"]).into_response()
        }
        _ => (axum::http::StatusCode::SERVICE_UNAVAILABLE, "busy").into_response(),
    }
}

fn group(url: &str) -> Group {
    let text = |name: &str, text: &str| Args::from([(name.to_owned(), Value::text(text))]);
    let field = |(query, _): &(&str, &str)| FieldQuery {
        field: (*query).to_owned(),
        extractor: "query".to_owned(),
        args: text("promql", query),
        ty: Type::Float,
    };
    Group {
        name: "canary".to_owned(),
        source: "prometheus".to_owned(),
        args: text("url", url),
        every: Duration::from_secs(3),
        lag: Duration::ZERO,
        fields: LIES.iter().map(field).collect(),
        derived: Vec::new(),
    }
}

#[tokio::test]
async fn a_source_that_is_slow_or_lies_gives_no_sample_with_its_reason_and_keeps_no_other_from_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/api/v1/query", get(answer))).await });
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::at(folder.path().join("state"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let secrets = Arc::new(Secrets::new(|_| None, None));
    let world = LocalWorld::new(folder.path().to_owned(), &state, None, secrets, Arc::clone(&clock));
    let world: Arc<dyn World> = Arc::new(world);

    let begin = Instant::now();
    let reading = read_group(&group(&url), &registry(), &world, &*clock, &CancellationToken::new()).await;
    assert!(begin.elapsed() < Duration::from_secs(30), "the slow one was waited for");
    assert_eq!(reading.values.names().len(), LIES.len());
    for ((query, words), (field, sample)) in LIES.iter().zip(reading.values.iter()) {
        assert_eq!(field, *query);
        judge(query, words, sample.value());
    }
}

fn judge(query: &str, words: &str, sample: Result<Value, &str>) {
    match sample {
        Ok(Value::Quantity(number, Unit::One)) => {
            assert_eq!((words, number.to_f64()), ("", 0.5), "`{query}` gave {number}");
        }
        Err(reason) => {
            assert!(!words.is_empty() && reason.contains(words), "`{query}`: {reason}");
            assert!(reason.len() < 500, "`{query}` tells everything it was answered: {reason}");
        }
        other => panic!("`{query}` gave {other:?}"),
    }
}

//! HTTP, sockets and waiting against real servers on loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use phasegate::adapters::effects::{self, EffectContext};
use phasegate::adapters::net::{NetContext, NetLimits, perform};
use phasegate::adapters::process::NoSink;
use phasegate::adapters::secrets::Secrets;
use phasegate::adapters::switches::Switches;
use phasegate::base::time::Timestamp;
use phasegate::contract::answer::{HttpAnswer, TextAnswer, read_answer};
use phasegate::contract::effect::{Body, Effect, Failure, Outcome, TextPiece};
use phasegate::runtime::ports::Errand;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

fn context() -> NetContext {
    let secrets = Secrets::new(|name| (name == "TOKEN").then(|| "hunter22".to_owned()), None);
    let limits = NetLimits {
        grace: Duration::from_millis(300),
        connect: Duration::from_millis(500),
        request: Duration::from_millis(500),
        socket: Duration::from_millis(500),
    };
    NetContext::new(PathBuf::from("."), Arc::new(secrets)).with_limits(limits)
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn plain(text: &str) -> Vec<TextPiece> {
    vec![TextPiece::Plain(text.to_owned())]
}

fn request(method: &str, url: Vec<TextPiece>) -> Effect {
    Effect::HttpRequest { method: method.into(), url, headers: Vec::new(), body: None }
}

async fn run(effect: &Effect) -> Outcome {
    perform(effect, &context(), &mut NoSink, &CancellationToken::new()).await.unwrap()
}

async fn answer(effect: &Effect) -> HttpAnswer {
    read_answer(&run(effect).await).unwrap()
}

async fn failure(effect: &Effect) -> String {
    read_answer::<HttpAnswer>(&run(effect).await).unwrap_err()
}

#[tokio::test]
async fn every_status_is_an_answer_with_headers_body_and_time() {
    let health = || async { (StatusCode::OK, [("x-version", "v2")], "{\"ok\": true}") };
    let broken = || async { (StatusCode::SERVICE_UNAVAILABLE, "warming up") };
    let base = serve(Router::new().route("/health", get(health)).route("/broken", get(broken))).await;

    let well = answer(&request("GET", plain(&format!("{base}/health")))).await;
    assert_eq!((well.status, &well.body), (200, &serde_json::json!({ "ok": true })));
    assert_eq!(well.headers["x-version"], "v2");
    assert!(well.took_s > 0.0 && well.took_s < 0.5);
    let broken = answer(&request("GET", plain(&format!("{base}/broken")))).await;
    assert_eq!((broken.status, broken.text.as_str(), broken.body.is_null()), (503, "warming up", true));
}

#[tokio::test]
async fn bodies_and_headers_are_sent_and_secrets_that_come_back_are_redacted() {
    let echo = |headers: HeaderMap, body: String| async move {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let text = format!("{} {} {body}", header("content-type"), header("x-key"));
        ([("x-echo", header("x-key"))], text)
    };
    let base = serve(Router::new().route("/", post(echo))).await;
    let effect = Effect::HttpRequest {
        method: "POST".into(),
        url: plain(&base),
        headers: vec![("x-key".into(), vec![TextPiece::Plain("Bearer ".into()), TextPiece::Secret("TOKEN".into())])],
        body: Some(Body::Json(serde_json::json!({ "weight": 0.25 }))),
    };
    let answer = answer(&effect).await;
    assert_eq!(answer.text, "application/json Bearer *** {\"weight\":0.25}");
    assert_eq!(answer.headers["x-echo"], "Bearer ***");
}

#[tokio::test]
async fn a_request_without_an_answer_says_why() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = failure(&request("GET", plain(&format!("http://{free}/x")))).await;
    assert!(refused.starts_with(&format!("could not connect to `http://{free}/x`: ")), "{refused}");
    assert!(refused.to_lowercase().contains("refused"), "{refused}");

    let unknown = failure(&request("GET", plain("http://no-such-host.invalid/"))).await;
    assert!(unknown.starts_with("could not connect to `http://no-such-host.invalid/`"), "{unknown}");
    for address in ["localhost:80", "/health", "ftp://a/", "", "http://"] {
        let reason = failure(&request("GET", plain(address))).await;
        assert!(reason.contains(&format!("`{address}` is no address")), "{reason}");
    }
    assert!(failure(&request("G T", plain("http://a/"))).await.contains("no method `G T`"));
    let odd = [("a b", "x"), ("x-key", "a\nb")];
    for (name, value) in odd {
        let headers = vec![(name.to_owned(), plain(value))];
        let effect = Effect::HttpRequest { method: "GET".into(), url: plain("http://a/"), headers, body: None };
        assert!(failure(&effect).await.contains("header"), "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_or_never_ends_is_given_up() {
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "late"
    };
    let huge = || async { "x".repeat(9 << 20) };
    let base = serve(Router::new().route("/slow", get(slow)).route("/huge", get(huge))).await;
    let began = Instant::now();
    let late = failure(&request("GET", plain(&format!("{base}/slow")))).await;
    assert_eq!(late, format!("`{base}/slow` gave no whole answer within 500ms"));
    assert!(began.elapsed() < Duration::from_secs(10));
    let huge = failure(&request("GET", plain(&format!("{base}/huge")))).await;
    assert_eq!(huge, format!("`{base}/huge` answered more than 8 MiB"));
}

#[tokio::test]
async fn redirects_are_followed_five_times_and_not_to_other_hosts_with_a_secret() {
    let elsewhere = serve(Router::new().route("/", get(|| async { "arrived" }))).await;
    let target = elsewhere.clone();
    let router = Router::new()
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/here", get(|| async { Redirect::temporary("/end") }))
        .route("/end", get(|| async { "end" }))
        .route("/away", get(move || async move { Redirect::temporary(&target) }));
    let base = serve(router).await;
    assert_eq!(answer(&request("GET", plain(&format!("{base}/here")))).await.text, "end");
    assert_eq!(answer(&request("GET", plain(&format!("{base}/away")))).await.text, "arrived");
    assert!(failure(&request("GET", plain(&format!("{base}/loop")))).await.contains("redirects without end"));

    let with_secret = |path: &str| {
        let headers = vec![("x-key".to_owned(), vec![TextPiece::Secret("TOKEN".into())])];
        Effect::HttpRequest { method: "GET".into(), url: plain(&format!("{base}{path}")), headers, body: None }
    };
    assert_eq!(answer(&with_secret("/here")).await.text, "end");
    let reason = failure(&with_secret("/away")).await;
    assert!(reason.contains("a request with a secret is not sent to another host"), "{reason}");
}

#[tokio::test]
async fn secrets_in_addresses_are_named_never_shown() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = vec![TextPiece::Plain(format!("http://{free}/hook/")), TextPiece::Secret("TOKEN".into())];
    let reason = failure(&request("POST", url)).await;
    assert!(reason.contains("/hook/secret(\"TOKEN\")`") && !reason.contains("hunter22"), "{reason}");
    let whole = failure(&request("POST", vec![TextPiece::Secret("TOKEN".into())])).await;
    assert_eq!(whole, "`secret(\"TOKEN\")` is no address, expected one like `http://host/path`");
    let missing = failure(&request("POST", vec![TextPiece::Secret("HOOK".into())])).await;
    assert!(missing.starts_with("secret `HOOK` is not there"), "{missing}");
}

#[tokio::test]
async fn a_cancelled_request_or_wait_ends_at_once() {
    let slow = || async { tokio::time::sleep(Duration::from_secs(60)).await };
    let base = serve(Router::new().route("/", get(slow))).await;
    let limits = NetLimits { request: Duration::from_secs(60), ..context().limits };
    let ctx = context().with_limits(limits);
    for effect in [request("GET", plain(&base)), Effect::Pause { duration: Duration::from_secs(60) }] {
        let (began, cancel, mut sink) = (Instant::now(), CancellationToken::new(), NoSink);
        let later = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cancel.cancel();
        };
        let (outcome, ()) = tokio::join!(perform(&effect, &ctx, &mut sink, &cancel), later);
        assert!(matches!(outcome, Some(Outcome::Failed(Failure { cancelled: true, .. }))), "{outcome:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

/// A server that answers each line with what `reply` makes of it.
async fn line_server(reply: fn(String) -> Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut line = Vec::new();
            while !line.ends_with(b"\n") {
                let mut buffer = [0; 64];
                let size = stream.read(&mut buffer).await.unwrap_or(0);
                if size == 0 {
                    break;
                }
                line.extend_from_slice(&buffer[..size]);
            }
            // A client that gave up is no failure of the server.
            let _ = stream.write_all(&reply(String::from_utf8_lossy(&line).into_owned())).await;
        }
    });
    address
}

async fn say(address: &str, line: &str) -> Result<String, String> {
    let effect = Effect::Socket { address: address.into(), line: line.into() };
    read_answer::<TextAnswer>(&run(&effect).await).map(|answer| answer.text)
}

#[tokio::test]
async fn a_line_to_a_port_is_answered_with_all_that_comes() {
    let address = line_server(|line| format!("you said: {line}").into_bytes()).await;
    assert_eq!(say(&address, "show info; show stat").await, Ok("you said: show info; show stat\n".to_owned()));
    assert_eq!(say(&address, "a\nb").await, Err("what is sent to a socket is one line, this has several".to_owned()));
    let huge = line_server(|_| vec![b'x'; 2 << 20]).await;
    assert_eq!(say(&huge, "x").await, Err(format!("`{huge}` answered more than 1 MiB")));
}

#[tokio::test]
async fn a_server_that_is_silent_or_not_there_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    assert_eq!(say(&silent, "x").await, Err(format!("`{silent}` did not finish its answer within 500ms")));
    drop(listener);
    let refused = say(&silent, "x").await.unwrap_err();
    assert!(refused.contains("nobody listens there"), "{refused}");
}

#[tokio::test]
async fn a_connection_stands_where_something_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let effect = Effect::Connect { host: "127.0.0.1".into(), port, within: std::time::Duration::from_secs(5) };
    let Outcome::Done(answer) = run(&effect).await else { panic!("it connects") };
    assert!(answer["took_s"].as_f64().is_some_and(|took| (0.0..5.0).contains(&took)), "{answer}");
    drop(listener);
    let Outcome::Failed(failure) = run(&effect).await else { panic!("nobody listens") };
    assert!(failure.message.contains("nobody listens there"), "{}", failure.message);
}

#[cfg(unix)]
#[tokio::test]
async fn a_line_to_a_unix_socket_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 64];
        let size = stream.read(&mut buffer).await.unwrap();
        stream.write_all(&buffer[..size]).await.unwrap();
    });
    assert_eq!(say(path.to_str().unwrap(), "hello").await, Ok("hello\n".to_owned()));
    let missing = say("no/such.sock", "x").await.unwrap_err();
    assert_eq!(missing, "could not connect to `no/such.sock`: there is no such socket, is the server running?");
}

#[tokio::test]
async fn every_kind_of_effect_finds_who_performs_it() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Arc::new(Secrets::new(|_| Some("hunter22".to_owned()), None));
    let net = Arc::new(NetContext::new(folder.path().to_owned(), secrets));
    let switches = Switches::at(folder.path().join("switches"));
    let ctx = EffectContext { net, slots: folder.path().join("slots"), switches };
    let write = Effect::WriteFile { path: "a.txt".into(), content: vec![TextPiece::Secret("TOKEN".into())] };
    let perform = async |effect| {
        let errand = Errand { key: "r/a/1".to_owned(), effect, output: None };
        effects::perform(errand, &ctx, Timestamp(0), &mut NoSink, &CancellationToken::new()).await
    };
    let written = perform(write).await;
    assert!(matches!(written, Outcome::Done(_)), "{written:?}");
    assert_eq!(std::fs::read_to_string(folder.path().join("a.txt")).unwrap(), "hunter22");
    let paused = perform(Effect::Pause { duration: Duration::from_millis(1) }).await;
    assert_eq!(paused, Outcome::Done(serde_json::Value::Null));
    let missing = perform(Effect::ReadFile { path: "gone".into() }).await;
    assert!(matches!(missing, Outcome::Failed(_)), "{missing:?}");
    assert!(Path::new(&ctx.slots).starts_with(folder.path()));
}

//! Targets and sources against the servers they are for: HAProxy and Prometheus.
//!
//! Without the server a test says loudly that it was skipped; where `CI` is `true` it fails instead.
#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use phasegate::adapters::net::{NetContext, perform};
use phasegate::adapters::process::NoSink;
use phasegate::adapters::secrets::Secrets;
use phasegate::base::number::Number;
use phasegate::base::time::Timestamp;
use phasegate::contract::answer::{HttpAnswer, read_answer};
use phasegate::contract::effect::{Act, Effect, History, Reaction, TextPiece, Verdict};
use phasegate::contract::registry::{Args, FieldQuery};
use phasegate::contract::samples::Sample;
use phasegate::contract::types::Type;
use phasegate::contract::value::{Unit, Value};
use phasegate::steps::registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A server of a test; ended with it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// None, said loudly, when the program is not installed.
fn start(program: &str, arguments: &[&str], folder: &Path) -> Option<Server> {
    let log = std::fs::File::create(folder.join("server.log")).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    match command.stdout(log.try_clone().unwrap()).stderr(log).spawn() {
        Ok(child) => Some(Server(child)),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{program} must be installed in CI: {error}");
            eprintln!("\n*** SKIPPED: `{program}` is not installed, nothing was tested against it ***\n");
            None
        }
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("server.log")).unwrap_or_default()
}

fn context(folder: &Path) -> NetContext {
    NetContext::new(folder.to_owned(), Arc::new(Secrets::new(|_| None, None)))
}

/// Does what the runtime does: performs effects until there is a verdict.
async fn drive(ctx: &NetContext, mut react: impl FnMut(&History) -> Reaction) -> Verdict {
    let mut history = History::default();
    loop {
        match react(&history) {
            Reaction::Finish(verdict) => return verdict,
            Reaction::Perform(effect) => {
                let outcome = perform(&effect, ctx, &mut NoSink, &CancellationToken::new()).await;
                history.acts.push(Act { effect, outcome });
            }
        }
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

async fn get_text(ctx: &NetContext, url: &str) -> Result<String, String> {
    let url = vec![TextPiece::Plain(url.to_owned())];
    let effect = Effect::HttpRequest { method: "GET".into(), url, headers: Vec::new(), body: None };
    let outcome = perform(&effect, ctx, &mut NoSink, &CancellationToken::new()).await.unwrap();
    let answer: HttpAnswer = read_answer(&outcome)?;
    if answer.is_success() { Ok(answer.text) } else { Err(answer.complaint()) }
}

async fn wait_until_up(ctx: &NetContext, url: &str, folder: &Path) {
    for _ in 0..200 {
        if get_text(ctx, url).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{url} did not come up: {}", log(folder));
}

fn text_args(pairs: &[(&str, &str)]) -> Args {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::text(*text))).collect()
}

fn haproxy_configuration(front: u16, versions: [u16; 3]) -> String {
    let [v1, v1b, v2] = versions;
    format!(
        "global\n  stats socket unix@api.sock mode 600 level admin\n\
         defaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n\
         frontend front\n  bind 127.0.0.1:{front}\n  default_backend search\n\
         backend search\n  balance roundrobin\n  server v1 127.0.0.1:{v1} weight 100\n\
         \x20 server v1b 127.0.0.1:{v1b} weight 100\n  server v2 127.0.0.1:{v2} weight 0\n\
         backend fixed\n  balance static-rr\n  server v1 127.0.0.1:{v1} weight 100\n  server v2 127.0.0.1:{v2} weight 1\n"
    )
}

/// How many of `requests` each version answered: `v1` together with `v1b`, and `v2`.
async fn answered(ctx: &NetContext, front: u16, requests: usize) -> (usize, usize) {
    let (mut stable, mut canary) = (0, 0);
    for _ in 0..requests {
        match get_text(ctx, &format!("http://127.0.0.1:{front}/")).await.unwrap().as_str() {
            "v2" => canary += 1,
            _ => stable += 1,
        }
    }
    (stable, canary)
}

#[tokio::test]
async fn haproxy_gives_the_canary_exactly_its_share() {
    let folder = tempfile::tempdir().unwrap();
    let version = |name: &'static str| serve(Router::new().route("/", get(move || async move { name })));
    let versions = [version("v1").await, version("v1b").await, version("v2").await];
    let front = free_port().await;
    std::fs::write(folder.path().join("haproxy.cfg"), haproxy_configuration(front, versions)).unwrap();
    let Some(_server) = start("haproxy", &["-db", "-f", "haproxy.cfg"], folder.path()) else { return };
    let ctx = context(folder.path());
    wait_until_up(&ctx, &format!("http://127.0.0.1:{front}/"), folder.path()).await;

    let target = registry().target("traffic.haproxy").copied().unwrap();
    let args = text_args(&[("socket", "api.sock"), ("backend", "search"), ("canary", "v2"), ("stable", "")]);
    let read = async || drive(&ctx, |history| (target.read)(&args, history)).await;
    let set = async |weight| drive(&ctx, |history| (target.set)(&args, weight, history)).await;
    assert_eq!(read().await, Verdict::Passed(Value::Quantity(Number::ZERO, Unit::Ratio)));
    for (weight, canary) in [("0.05", 20), ("0.25", 100), ("1", 400), ("0", 0)] {
        let weight = Number::parse(weight).unwrap();
        assert_eq!(set(weight).await, Verdict::Passed(Value::Null));
        assert_eq!(read().await, Verdict::Passed(Value::Quantity(weight, Unit::Ratio)));
        assert_eq!(answered(&ctx, front, 400).await, (400 - canary, canary), "{weight}");
    }

    let fixed = text_args(&[("socket", "api.sock"), ("backend", "fixed"), ("canary", "v2"), ("stable", "v1")]);
    let refused = drive(&ctx, |history| (target.set)(&fixed, Number::parse("0.25").unwrap(), history)).await;
    assert!(matches!(&refused, Verdict::Failed(reason) if reason.contains("did not take the weights")), "{refused:?}");
    let unknown = text_args(&[("socket", "api.sock"), ("backend", "nope"), ("canary", "v2")]);
    let refused = drive(&ctx, |history| (target.read)(&unknown, history)).await;
    assert!(matches!(&refused, Verdict::Failed(reason) if reason.contains("backend `nope`")), "{refused:?}");
}

const EXPORTED: &str = "# HELP app_errors Errors.\n# TYPE app_errors gauge\napp_errors{kind=\"a b+c\"} 3\n\
    # HELP app_latency Latency.\n# TYPE app_latency gauge\napp_latency{v=\"1\"} 0.25\napp_latency{v=\"2\"} 0.5\n";

#[tokio::test]
async fn prometheus_is_asked_for_what_it_scraped() {
    let folder = tempfile::tempdir().unwrap();
    let exporter = serve(Router::new().route("/metrics", get(|| async { EXPORTED }))).await;
    let port = free_port().await;
    let configuration = format!(
        "global:\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\nscrape_configs:\n\
         - job_name: app\n  static_configs:\n  - targets: ['127.0.0.1:{exporter}']\n"
    );
    std::fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
    let listen = format!("--web.listen-address=127.0.0.1:{port}");
    let arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", &listen];
    let Some(_server) = start("prometheus", &arguments, folder.path()) else { return };
    let (ctx, base) = (context(folder.path()), format!("http://127.0.0.1:{port}"));
    wait_until_up(&ctx, &format!("{base}/-/ready"), folder.path()).await;

    let args = text_args(&[("url", &base)]);
    let ask = async |promql: &str| sample(&ctx, &args, promql).await;
    let mut errors = ask("app_errors{kind=\"a b+c\"}").await;
    for _ in 0..100 {
        if errors.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        errors = ask("app_errors{kind=\"a b+c\"}").await;
    }
    assert_eq!(errors, Ok(Value::Quantity(Number::from(3), Unit::One)));
    assert_eq!(ask("sum(app_latency) * 2").await, Ok(Value::Quantity(Number::parse("1.5").unwrap(), Unit::One)));
    assert_eq!(ask("scalar(app_errors)").await, Ok(Value::Quantity(Number::from(3), Unit::One)));
    for (promql, words) in [
        ("absent_metric", "the query gave no series"),
        ("app_latency", "the query gave 2 series"),
        ("app_errors[1m]", "the query gave a matrix"),
        ("app_errors * 0 / 0", "the query gave NaN"),
        ("app_errors / 0", "the query gave +Inf"),
        ("sum(", "prometheus answered 400: bad_data"),
    ] {
        let reason = ask(promql).await.unwrap_err();
        assert!(reason.contains(words), "{promql}: {reason}");
    }
}

async fn sample(ctx: &NetContext, args: &Args, promql: &str) -> Sample {
    let source = registry().source("prometheus").copied().unwrap();
    let query = text_args(&[("promql", promql)]);
    let field = FieldQuery { field: "x".into(), extractor: "query".into(), args: query, ty: Type::Float };
    let (_, effect) = (source.requests)(args, std::slice::from_ref(&field)).remove(0);
    let outcome = perform(&effect, ctx, &mut NoSink, &CancellationToken::new()).await.unwrap();
    (source.read)(args, &field, &outcome, Timestamp(jiff::Timestamp::now().as_microsecond()))
}

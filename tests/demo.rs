//! The demo's world over the wire: what a pipeline sees of it, and that it loses no request.

use std::process::{Command, Output};
use std::time::Duration;

use phasegate::demo::load::Load;
use phasegate::demo::world::{DemoOptions, DemoWorld};
use serde_json::{Value, json};
use tokio::time::sleep;

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn json_of(client: &reqwest::Client, url: &str) -> Value {
    client.get(url).send().await.unwrap().json().await.unwrap()
}

async fn set_weight(client: &reqwest::Client, world: &DemoWorld, weight: f64) {
    let url = format!("{}/weight", world.control_url());
    let answer = client.put(&url).json(&json!({ "weight": weight })).send().await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!(json_of(client, &url).await, json!({ "weight": weight }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_sends_exactly_its_share_to_the_canary_and_no_request_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = Load { requests_per_second: 1, at_once: 1 };
    let options = DemoOptions { load: quiet, ..DemoOptions::good(folder.path().to_owned()).anywhere() };
    let world = DemoWorld::start(options).await.unwrap();
    let client = client();
    set_weight(&client, &world, 0.25).await;
    let mut by_canary = 0;
    for _ in 0..400 {
        let answer = client.get(world.front_url()).send().await.unwrap();
        by_canary += u32::from(answer.headers()["x-demo-version"] == "canary");
    }
    // The world's own clients send one request a second beside these.
    assert!((98..=102).contains(&by_canary), "{by_canary} of 400");
    let story = world.stop().await.unwrap();
    assert_eq!(story.tally.lost, 0);
    assert_eq!(story.weights.iter().map(|set| set.weight).collect::<Vec<_>>(), [0.25]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_version_shows_in_the_metrics_and_a_good_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let world = DemoWorld::start(DemoOptions::bad(folder.path().to_owned()).anywhere()).await.unwrap();
    let client = client();
    let url = format!("{}/metrics.json", world.control_url());
    let quiet = json_of(&client, &url).await;
    assert!(quiet["canary"]["error_rate"].is_null() && quiet["canary"]["p99_ms"].is_null(), "{quiet}");
    set_weight(&client, &world, 0.5).await;
    sleep(Duration::from_millis(2500)).await;
    let report = json_of(&client, &url).await;
    assert!(report["canary"]["error_rate"].as_f64().unwrap() > 0.05, "{report}");
    assert!(report["canary"]["p99_ms"].as_f64().unwrap() > 400.0, "{report}");
    assert_eq!(report["stable"]["error_rate"], 0.0, "{report}");
    assert!(report["stable"]["requests"].as_u64().unwrap() > 50, "{report}");
    let text = client.get(format!("{}/metrics", world.control_url())).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("# TYPE demo_request_duration_seconds histogram\n"), "{text}");
    assert!(text.contains("demo_canary_weight_ratio 0.5\n"), "{text}");
    let story = world.stop().await.unwrap();
    assert_eq!(story.tally.lost, 0, "{:?}", story.tally);
    assert!(story.tally.errors > 0);
    assert_eq!(story.tally.sent, story.tally.by_canary + story.tally.by_stable);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_controls_refuse_a_weight_that_is_none_and_the_sink_keeps_what_it_gets() {
    let folder = tempfile::tempdir().unwrap();
    let world = DemoWorld::start(DemoOptions::good(folder.path().to_owned()).anywhere()).await.unwrap();
    let client = client();
    for body in ["{\"weight\": 1.5}", "{\"weight\": -0.1}", "{\"weight\": \"a lot\"}", "{}", "weight"] {
        let answer = client.put(format!("{}/weight", world.control_url())).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
    }
    assert!(world.weight().abs() < f64::EPSILON);
    let hook = format!("{}/hook", world.control_url());
    client.post(&hook).json(&json!({ "text": "5 % of the traffic" })).send().await.unwrap();
    client.post(&hook).body("no JSON").send().await.unwrap();
    assert_eq!(
        json_of(&client, &format!("{hook}/received")).await,
        json!([{ "text": "5 % of the traffic" }, "no JSON"])
    );
    assert_eq!(world.notifications(), ["5 % of the traffic", "no JSON"]);
    world.stop().await.unwrap();
}

#[test]
fn the_pipelines_that_are_shipped_check_without_findings() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines");
    let check = phasegate().args(["check", folder, "--deny", "warnings"]).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", told(&check));
}

#[test]
fn the_demo_promotes_a_good_version_and_keeps_what_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let demo = phasegate().args(["demo", "--soak", "2s"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(demo.status.code(), Some(0), "{}", told(&demo));
    let told = told(&demo);
    assert!(told.contains("What happened: the new version has all of the traffic"), "{told}");
    assert!(told.contains("0 got no answer"), "{told}");
    assert!(told.contains("notified  1.5.0 has all of the traffic"), "{told}");
    let service = std::fs::read_to_string(folder.path().join(".phasegate/demo/config/service.json")).unwrap();
    assert_eq!(service, "{ \"release\": \"1.5.0\", \"ranking\": \"new\" }\n");
}

#[test]
fn the_demo_catches_a_bad_version_and_takes_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let demo = phasegate().args(["demo", "--bad"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(demo.status.code(), Some(0), "{}", told(&demo));
    let told = told(&demo);
    assert!(told.contains("What happened: the new version was caught and taken back"), "{told}");
    assert_eq!(told.matches("changed, then taken back byte for byte").count(), 2, "{told}");
    assert!(told.contains("notified  1.5.0 was taken back: the new version "), "{told}");
    let service = std::fs::read_to_string(folder.path().join(".phasegate/demo/config/service.json")).unwrap();
    assert!(service.contains("\"classic\""), "{service}");
}

fn phasegate() -> Command {
    Command::new(env!("CARGO_BIN_EXE_phasegate"))
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worlds_stand_beside_each_other() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = DemoWorld::start(DemoOptions::good(folders[0].path().to_owned())).await.unwrap();
    let second = DemoWorld::start(DemoOptions::good(folders[1].path().to_owned())).await.unwrap();
    assert_ne!(first.front_url(), second.front_url());
    assert_ne!(first.control_url(), second.control_url());
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

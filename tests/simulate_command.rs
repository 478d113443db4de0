//! `phasegate simulate` from outside: recordings, models, what is printed for people and programs, and how it exits.

#[path = "support/outside.rs"]
mod outside;

use std::io::{Read, Write};
use std::path::Path;
use std::process::Output;

use outside::{command, folder_with, standard_error, standard_output};
use serde_json::{Value, json};

/// A canary over a week: a day at each of seven weights.
const PROGRAM: &str = r#"use std.{shell, traffic}

metrics api from prometheus("http://prom") every 1m {
  p95: duration(ms) = query("p95")
  errors: ratio = query("errors")
  users: int = query("users")
  double: ratio = errors * 2
}

/// A canary for a week.
pipeline canary {
  phase install { step set = shell("set") timeout 1m undo shell("unset") }
  phase bench after install {
    step now: { p95: duration(ms) } = shell("bench") effect reads timeout 1m
    gate "fast" { require now.p95 <= 200ms }
  }
  phase week after bench {
    approve "go" within 2h
    ramp traffic.http("http://one") through 1%, 5%, 10%, 25%, 50%, 75%, 100% {
      hold 24h {
        require api.p95 < 300ms for 10m
        require api.double <= 4% for 5m
      }
    }
    rollback when api.p95 > 400ms for 3 samples else "slow"
    rollback when api.users < 10 for 3 samples
  }
}
"#;

const CALM: &str = "time,api.p95,api.errors,api.users\n0,200,0.01,1000\n";

fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn folder(recording: &str) -> tempfile::TempDir {
    folder_with(&[("a.deploy", PROGRAM), ("m.csv", recording)])
}

fn simulated(folder: &Path, arguments: &[&str]) -> Value {
    let all: Vec<&str> =
        ["simulate", "a.deploy", "--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
    let output = phasegate(folder, &all);
    assert_eq!(output.status.code(), Some(0), "{}", standard_error(&output));
    serde_json::from_str(&standard_output(&output)).expect("JSON")
}

fn refused(recording: &str) -> String {
    let folder = folder(recording);
    let output = phasegate(folder.path(), &["simulate", "a.deploy", "--metrics", "m.csv", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "{}", standard_output(&output));
    standard_error(&output)
}

#[test]
fn a_week_that_is_calm_succeeds() {
    let folder = folder(CALM);
    let found = simulated(folder.path(), &["--metrics", "m.csv"]);
    let run = &found["runs"][0];
    assert_eq!((&run["outcome"], &run["at_s"], &run["because"]), (&json!("succeeded"), &json!(604_800), &Value::Null));
    let weights: Vec<&Value> = run["traffic"].as_array().expect("steps").iter().map(|step| &step["weight"]).collect();
    assert_eq!(
        weights,
        [&json!(0.01), &json!(0.05), &json!(0.1), &json!(0.25), &json!(0.5), &json!(0.75), &json!(1.0)]
    );
    let install = json!({ "id": "install", "state": "passed", "started_s": 0, "ended_s": 0 });
    assert_eq!(run["phases"][0], install);
    assert!(run["events"].as_u64().is_some_and(|events| events > 10_000), "{}", run["events"]);
}

#[test]
fn a_step_shift_in_a_canary_of_seven_days_rolls_back() {
    let folder = folder("time,api.p95,api.errors,api.users\n0,200,0.01,1000\n74h,500,0.01,1000\n");
    let found = simulated(folder.path(), &["--metrics", "m.csv", "--shift-at", "74h"]);
    let run = &found["runs"][0];
    assert_eq!((&run["outcome"], &run["at_s"]), (&json!("rolled_back"), &json!(266_520)));
    assert!(run["because"].as_str().is_some_and(|because| because.starts_with("slow (")), "{}", run["because"]);
    let back = json!({ "at_s": 266_520, "target": "traffic.http(\"http://one\")", "weight": 0.0 });
    assert_eq!(run["traffic"].as_array().and_then(|steps| steps.last()), Some(&back));
    // Three samples at a quarter of the traffic: two minutes from the first to the last.
    assert_eq!(run["met_bad"], json!({ "share": 0.25, "full_traffic_s": 30.0 }));
}

#[test]
fn times_are_absolute_or_count_from_the_start_and_tables_may_be_json_lines() {
    let shifted = |recording: &str| {
        let folder = folder(recording);
        let found = simulated(folder.path(), &["--metrics", "m.csv"]);
        (found["runs"][0]["outcome"].clone(), found["runs"][0]["at_s"].clone(), found["start"].clone())
    };
    let expected = |start: &str| (json!("rolled_back"), json!(3_720), json!(start));
    let somewhen = "2025-01-06T10:00:00.000Z";
    for recording in [
        "time,api.p95,api.errors,api.users\n0,200,0.01,1000\n3600,500,0.01,1000\n",
        "\u{feff}time,api.users,api.errors,api.p95\r\n\"0\",1000,\"0.01\",200\r\n\r\n\"1h\",1000,0.01,500\r\n",
        "{\"time\":0,\"api.p95\":200,\"api.errors\":0.01,\"api.users\":1000}\n{\"time\":\"1h\",\"api.p95\":500}\n",
    ] {
        assert_eq!(shifted(recording), expected(somewhen), "{recording}");
    }
    for recording in [
        "time,api.p95,api.errors,api.users\n2024-05-01T02:00:00+02:00,200,0.01,1000\n2024-05-01T01:00:00Z,500,0.01,1000\n",
        "time,api.p95,api.errors,api.users\n1714521600,200,0.01,1000\n1714525200,500,0.01,1000\n",
        "time,api.p95,api.errors,api.users\n1714521600000,200,0.01,1000\n1714525200000,500,0.01,1000\n",
    ] {
        assert_eq!(shifted(recording), expected("2024-05-01T00:00:00.000Z"), "{recording}");
    }
}

#[test]
fn empty_cells_and_what_is_no_number_are_no_samples() {
    for hole in ["", "NaN", "+Inf"] {
        let recording =
            format!("time,api.p95,api.errors,api.users\n0,200,0.01,1000\n1h,{hole},0.01,1000\n2h,200,0.01,1000\n");
        let folder = folder(&recording);
        let found = simulated(folder.path(), &["--metrics", "m.csv"]);
        // An hour without samples pauses the run after the fifth; it goes on when they are back, and holds an hour longer.
        assert_eq!(found["runs"][0]["outcome"], json!("succeeded"), "{hole}");
        assert_eq!(found["runs"][0]["at_s"], json!(604_800 + 3_600 - 240), "{hole}");
    }
}

#[test]
fn what_is_wrong_with_a_recording_is_said_with_file_line_and_column() {
    for (recording, expected) in [
        ("", "m.csv:1:1: the file is empty"),
        ("time,api.p95\n", "m.csv: there is no row in it"),
        ("time,api.double\n0,0.02\n", "m.csv: there is no metric but computed ones in it"),
        ("when,api.p95\n0,1\n", "m.csv:1:1: there is no column `time`"),
        (
            "time,api.p9\n0,1\n",
            "m.csv:1:6: the column `api.p9` names no metric of this program; did you mean `api.p95`?",
        ),
        ("time,api.p95,api.p95\n0,1,1\n", "m.csv:1:14: the column `api.p95` is there twice"),
        ("time,api.p95\n0,1\n60,many\n", "m.csv:3:4: `api.p95`: expected `duration(ms)`, found `many`"),
        ("time,api.p95\n60,1\n0,1\n", "m.csv:3:1: `0` is before the row above: rows rise in time"),
        ("time,api.p95\n60,1\n60,1\n", "m.csv:3:1: there is a row for `60` already"),
        ("time,api.p95\nnoon,1\n", "m.csv:2:1: `noon` is no time"),
        ("time,api.p95\n0,1,2\n", "m.csv:2:1: this row has 3 cells, and the header 2"),
        ("time,api.p95\n0,\"1\n", "m.csv:2:3: this quote is not closed"),
        ("time,api.p95\n0,1\n1714521600,1\n", "m.csv:3:1: `1714521600` counts from elsewhere than the rows before"),
        ("{\"time\":0,\n", "m.csv:1:10: this is no JSON object on a line"),
        ("{\"time\":0,\"api.p95\":1,\"api.p95\":2}\n", "m.csv:1:11: the column `api.p95` is there twice"),
        ("{\"api.p95\":1}\n", "m.csv:1:1: this row has no `time`"),
    ] {
        let told = refused(recording);
        assert!(told.starts_with(&format!("error: {expected}")), "{recording:?}: {told}");
    }
}

#[test]
fn one_metric_is_recorded_once_and_fields_that_are_computed_are_not_read() {
    let folder = folder_with(&[("a.deploy", PROGRAM), ("a.csv", CALM), ("b.csv", CALM)]);
    let output = phasegate(folder.path(), &["simulate", "a.deploy", "--metrics", "a.csv", "--metrics", "b.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(standard_error(&output).contains("b.csv: `api.p95` is in `a.csv` too"), "{}", standard_error(&output));
    let computed = "time,api.p95,api.double,api.errors,api.users\n0,200,1,0.01,1000\n";
    let folder = folder_with(&[("a.deploy", PROGRAM), ("m.csv", computed)]);
    let found = simulated(folder.path(), &["--metrics", "m.csv"]);
    assert_eq!(found["runs"][0]["outcome"], json!("succeeded"));
    assert_eq!(found["notes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn without_samples_the_run_pauses_and_says_what_is_missing() {
    let folder = folder(CALM);
    let found = simulated(folder.path(), &[]);
    assert_eq!(found["runs"][0]["outcome"], json!("paused"));
    assert_eq!(found["without_samples"], json!(["api.p95", "api.errors", "api.users"]));
    let output = phasegate(folder.path(), &["simulate", "a.deploy"]);
    let told = standard_output(&output);
    assert!(told.contains("note: no samples of `api.p95`"), "{told}");
    assert!(told.contains("taken as met: nobody gave `bench.now.p95`"), "{told}");
}

const NOISY: &str = "// A week with a bad third day.
given api.p95 = normal(200ms, 20ms) + season(20ms) + step(120ms, at: 50h)
given api.errors = ar1(0.2%, 0.05%, keeps: 0.9) + outage(every: 12h, lasts: 3m)
given api.users = constant(1000)
given step bench.now = { p95: 150 }
";

fn with_model(model: &str) -> tempfile::TempDir {
    folder_with(&[("a.deploy", PROGRAM), ("m.given", model)])
}

#[test]
fn the_same_seed_gives_the_same_runs_however_many_there_are_and_whoever_makes_them() {
    let folder = with_model(NOISY);
    let runs = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["--model", "m.given", "--seed", "7"].into_iter().chain(arguments.iter().copied()).collect();
        simulated(folder.path(), &all)["runs"].as_array().expect("runs").clone()
    };
    let six = runs(&["--runs", "6"]);
    assert_eq!(six, runs(&["--runs", "6"]));
    assert_eq!(six[..2], runs(&["--runs", "2"])[..]);
    assert_eq!(six[..1], runs(&[])[..]);
    let mut alone = command(folder.path(), &["simulate", "a.deploy", "--format", "json", "--model", "m.given"]);
    let output = alone.args(["--seed", "7", "--runs", "6"]).env("RAYON_NUM_THREADS", "1").output().expect("it starts");
    let found: Value = serde_json::from_str(&standard_output(&output)).expect("JSON");
    assert_eq!(found["runs"], Value::Array(six.clone()));
    let other = simulated(folder.path(), &["--model", "m.given", "--seed", "8", "--runs", "6"]);
    assert_ne!(other["runs"], Value::Array(six));
}

#[test]
fn many_runs_tell_how_often_a_guard_fires_falsely_and_how_soon_it_sees_the_change() {
    let folder = with_model(NOISY);
    let found = simulated(folder.path(), &["--model", "m.given", "--runs", "8"]);
    let summary = &found["summary"];
    assert_eq!(summary["outcomes"]["rolled_back"]["runs"], json!(8), "{summary}");
    assert_eq!(summary["healthy_outcomes"]["succeeded"]["runs"], json!(8), "{summary}");
    assert_eq!(summary["false_stops"]["runs"], json!(0));
    assert!(summary["false_stops"]["high"].as_f64().is_some_and(|high| (0.3..0.4).contains(&high)), "{summary}");
    assert_eq!(summary["seen"]["runs"], json!(8));
    let hold = summary["guards"].as_array().and_then(|guards| guards.iter().find(|guard| guard["kind"] == "hold"));
    let delay = hold.map(|hold| hold["delay_s"]["median"].as_f64().unwrap_or_default()).unwrap_or_default();
    assert!((600.0..7_200.0).contains(&delay), "{summary}");
    let met = summary["met_bad"]["share"]["median"].as_f64().unwrap_or_default();
    assert!((0.09..0.11).contains(&met), "a tenth of the traffic on the third day: {summary}");
    assert_eq!(found["shifts"][0]["metric"], json!("api.p95"));
    assert_eq!(found["shifts"][0]["sigmas"], json!(6.0));
}

#[test]
fn each_kind_of_chance_does_what_it_says() {
    let outcome = |p95: &str| {
        let model = format!(
            "given api.p95 = {p95}\ngiven api.errors = 0.2%\ngiven api.users = 1000\ngiven step bench.now = {{ p95: 1 }}\n"
        );
        let folder = with_model(&model);
        let found = simulated(folder.path(), &["--model", "m.given"]);
        (
            found["runs"][0]["outcome"].as_str().unwrap_or_default().to_owned(),
            found["runs"][0]["at_s"].as_u64().unwrap_or(0),
        )
    };
    let is = |name: &str, at: u64| (name.to_owned(), at);
    assert_eq!(outcome("constant(200ms)"), is("succeeded", 604_800));
    assert_eq!(outcome("constant(200ms) + step(300ms, at: 10h)"), is("rolled_back", 36_120));
    // 5 ms a minute from 200 ms: 405 ms at minute 41, and twice more.
    assert_eq!(
        outcome("constant(200ms) + ramp(300ms, from: 0s, to: 1h)"),
        is("rolled_back", 43 * 60).min(outcome("constant(200ms) + ramp(300ms, from: 0s, to: 1h)"))
    );
    assert_eq!(outcome("constant(200ms) + step(300ms, at: 10h) + lag(5m)").1, 36_120 + 300);
    assert_eq!(outcome("constant(200ms) + outage(from: 1h, to: 2h)"), is("succeeded", 604_800 + 3_360));
    assert_eq!(outcome("constant(200ms) + nan(from: 1h, to: 2h)"), is("succeeded", 604_800 + 3_360));
    assert_eq!(outcome("constant(200ms) + outage(from: 1h)").0, "paused");
    assert_eq!(outcome("normal(200ms, 80ms) + clamp(0ms, 290ms)"), is("succeeded", 604_800));
    assert_eq!(outcome("season(300ms, period: 4h, peak: 12h) + constant(150ms)").0, "rolled_back");
    assert_eq!(outcome("ar1(200ms, 60ms, keeps: 0.99)").0, "rolled_back");
}

#[test]
fn a_recording_may_be_shaken_and_shifted() {
    let folder = folder_with(&[("a.deploy", PROGRAM), ("m.csv", CALM)]);
    let found = simulated(
        folder.path(),
        &["--metrics", "m.csv", "--metric", "api.p95=recorded + normal(0ms, 5ms) + step(300ms, at: 30h)"],
    );
    assert_eq!(found["runs"][0]["outcome"], json!("rolled_back"));
    assert_eq!(found["runs"][0]["at_s"], json!(30 * 3_600 + 120));
}

#[test]
fn what_follows_the_last_row_is_chosen() {
    let recording = "time,api.p95,api.errors,api.users\n0,200,0.01,1000\n1h,210,0.01,1000\n";
    let folder = folder(recording);
    let outcome = |after: &str| {
        let found = simulated(folder.path(), &["--metrics", "m.csv", "--after-recording", after]);
        found["runs"][0]["outcome"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(["hold", "repeat", "missing"].map(outcome), ["succeeded", "succeeded", "paused"]);
}

#[test]
fn what_is_wrong_with_a_model_is_said_at_its_place() {
    for (line, expected) in [
        ("api.p95=norml(3)", "there is no model `norml`"),
        ("api.p95=normal(3, 4ms)", "this value does not fit the metric"),
        ("api.p95=normal(200ms)", "`sigma` is missing"),
        ("api.p95=normal(200ms, -4ms)", "a standard deviation is not negative"),
        ("api.p95=normal(200ms, 4ms, 5ms)", "there is no such parameter"),
        ("api.p95=normal(200ms, 4ms, mean: 3ms)", "`mean` is given twice"),
        ("api.p95=normal(200ms, 4ms) + outage(lasts: 4m)", "when is it?"),
        ("api.p95=ar1(200ms, 4ms, keeps: 1.5)", "what is kept from sample to sample lies from 0 to below 1"),
        ("api.p95=normal(200ms, 4ms) + ramp(1ms, from: 2h, to: 1h)", "this ramp ends before it begins"),
        ("api.p95=normal(200ms, 4ms) + outage(from: 5m, to: 1m)", "this gap ends before it begins"),
        ("api.p95=normal(200ms, 4ms) + nan(from: 5m, to: 5m)", "this gap ends before it begins"),
        ("api.p95=recorded", "there is no recording of this metric"),
        ("api.p9=normal(200ms, 4ms)", "there is no metric `api.p9`"),
        ("api.p95", "`--metric api.p95` says nothing"),
    ] {
        let folder = folder(CALM);
        let output = phasegate(folder.path(), &["simulate", "a.deploy", "--metric", line]);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(
            standard_error(&output).starts_with(&format!("error: {expected}")),
            "{line}: {}",
            standard_error(&output)
        );
    }
    for line in ["api.p95=200", "api.p95=normal(200ms, 4ms"] {
        let folder = folder(CALM);
        let output = phasegate(folder.path(), &["simulate", "a.deploy", "--metric", line]);
        assert_eq!(output.status.code(), Some(2), "{line}: {}", standard_output(&output));
        assert!(standard_error(&output).contains("--metric:1:"), "{line}: {}", standard_error(&output));
    }
}

#[test]
fn a_computed_metric_goes_as_it_is_given() {
    let folder = folder(CALM);
    let found = simulated(folder.path(), &["--metrics", "m.csv", "--metric", "api.double=5%"]);
    let run = &found["runs"][0];
    let because = json!("week.hold1: `api.double <= 4%` is false: api.double = 5%");
    assert_eq!((&run["outcome"], &run["at_s"], &run["because"]), (&json!("rolled_back"), &json!(300), &because));
}

#[test]
fn what_would_be_ignored_is_refused() {
    let folder = folder(CALM);
    let output = phasegate(folder.path(), &["simulate", "a.deploy", "--metric", "api.p95=200ms", "--out", "x.svg"]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "`--out` is where `--record` saves what it reads";
    assert!(standard_error(&output).contains(expected), "{}", standard_error(&output));
}

#[test]
fn approvals_take_as_long_as_is_said() {
    let folder = folder(CALM);
    let at = |arguments: &[&str]| {
        let all: Vec<&str> = ["--metrics", "m.csv"].into_iter().chain(arguments.iter().copied()).collect();
        let found = simulated(folder.path(), &all);
        (found["runs"][0]["outcome"].clone(), found["runs"][0]["at_s"].clone())
    };
    assert_eq!(at(&["--approve-after", "1h"]), (json!("succeeded"), json!(604_800 + 3_600)));
    // It expires after two hours, and what was installed is taken back.
    assert_eq!(at(&["--approve-after", "never"]), (json!("rolled_back"), json!(7_200)));
}

#[test]
fn the_picture_is_well_formed_and_says_what_it_shows() {
    let folder = with_model(NOISY);
    for runs in ["1", "3"] {
        let output = phasegate(
            folder.path(),
            &["simulate", "a.deploy", "--model", "m.given", "--runs", runs, "--format", "svg"],
        );
        let text = standard_output(&output);
        let picture = roxmltree::Document::parse(&text).expect("well formed");
        let root = picture.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        let content = |name: &str| {
            let found = root.children().find(|child| child.tag_name().name() == name);
            found.and_then(|child| child.text()).unwrap_or_default().to_owned()
        };
        assert_eq!(content("title"), "Simulation of canary");
        assert!(content("desc").contains("Phase week is undone"), "{}", content("desc"));
        assert!(!text.contains("<script") && !text.contains("NaN"), "it stands for itself");
    }
}

#[test]
fn the_text_keeps_to_the_terminal_and_to_ascii_where_that_is_all_there_is() {
    let folder = with_model(NOISY);
    let mut narrow = command(folder.path(), &["simulate", "a.deploy", "--model", "m.given"]);
    let output = narrow.env("COLUMNS", "60").env("NO_COLOR", "1").output().expect("it starts");
    let told = standard_output(&output);
    assert!(!told.contains('\u{1b}'), "{told}");
    let widest = told.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| widest <= 60), "{widest:?}:\n{told}");
    assert!(told.contains("traffic to traffic.http"), "{told}");
    assert!(told.contains("api.p95  limit"), "{told}");
    assert!(told.contains("week.hold1: failed"), "{told}");
}

/// Answers each range query with one sample a minute; the hundredth and the last are missing.
fn prometheus() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4_096];
            let length = stream.read(&mut request).unwrap_or(0);
            let asked = String::from_utf8_lossy(&request[..length]).into_owned();
            let line = asked.lines().next().unwrap_or_default();
            let value = if line.contains("query=p95") { "200" } else { "0.01" };
            let points: Vec<Value> = (0..120)
                .filter(|minute| *minute != 99)
                .map(|minute| json!([1_736_157_600 + minute * 60, value]))
                .collect();
            let data = json!({ "resultType": "matrix", "result": [{ "metric": {}, "values": points }] });
            let body = json!({ "status": "success", "data": data }).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    port
}

#[test]
fn what_prometheus_has_is_saved_and_simulated() {
    let program = PROGRAM.replace("http://prom", &format!("http://127.0.0.1:{}", prometheus()));
    let folder = folder_with(&[("a.deploy", &program)]);
    let output = phasegate(
        folder.path(),
        &["simulate", "a.deploy", "--record", "2025-01-06T10:00:00Z..2025-01-06T12:00:00Z", "--out", "saved.csv"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", standard_error(&output));
    assert!(standard_output(&output).contains("api.p95: 119 of 121 samples"), "{}", standard_output(&output));
    let saved = std::fs::read_to_string(folder.path().join("saved.csv")).expect("it is saved");
    let lines: Vec<&str> = saved.lines().collect();
    assert_eq!(lines[..2], ["time,api.p95,api.errors,api.users", "1736157600,200,0.01,0.01"]);
    assert_eq!((lines[100], lines.len()), ("1736163540,,,", 122));
    // A user count of 0.01 is no whole number, and is said to be none.
    let output = phasegate(folder.path(), &["simulate", "a.deploy", "--metrics", "saved.csv"]);
    assert!(standard_error(&output).starts_with("error: saved.csv:2:21: `api.users`"), "{}", standard_error(&output));
    let fixed: String = lines.iter().map(|line| line.replace(",200,0.01,0.01", ",200,0.01,1000") + "\n").collect();
    std::fs::write(folder.path().join("saved.csv"), fixed).expect("it is written");
    let found = simulated(folder.path(), &["--metrics", "saved.csv", "--after-recording", "repeat"]);
    assert_eq!(found["start"], json!("2025-01-06T10:00:00.000Z"));
    assert_eq!(found["runs"][0]["outcome"], json!("succeeded"));
}

#[test]
fn a_range_that_cannot_be_recorded_is_refused() {
    let folder = folder(CALM);
    for (range, expected) in [
        ("yesterday", "`yesterday` is no range of time"),
        ("now..1h", "`now..1h` ends before it begins"),
        ("noon..now", "`noon` is no time"),
    ] {
        let output = phasegate(folder.path(), &["simulate", "a.deploy", "--record", range, "--out", "x.csv"]);
        assert_eq!(output.status.code(), Some(2), "{range}");
        assert!(standard_error(&output).starts_with(&format!("error: {expected}")), "{}", standard_error(&output));
    }
    let output = phasegate(folder.path(), &["simulate", "a.deploy", "--record", "1h..now"]);
    assert_eq!(output.status.code(), Some(2), "it has to be said where to save it");
}

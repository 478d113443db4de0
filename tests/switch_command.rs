//! Kill switches as people meet them: the program itself, real processes, a real disk.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = r#"use std.{killswitch, shell}

environment staging    { place = "stage" }
environment production { place = "prod" }

/// No search at all.
killswitch search_off {
  on  { step shell("echo on ${env.place}: ${run.reason} >> effects") timeout 9s
        step shell("sh half.sh") timeout 9s }
  off { step shell("echo off ${env.place} >> effects") timeout 9s }
}

/// Trips it, and does something else that may fail.
pipeline brake {
  phase pull { step pulled = killswitch.trip(search_off, reason: "it burns") }
  phase check after pull { step shell("sh check.sh") effect reads timeout 9s }
}

/// Only looks.
pipeline look {
  phase only { step state = killswitch.status(search_off) gate { require state.tripped } }
}
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("search.deploy", PROGRAM), ("half.sh", ""), ("check.sh", "")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn phasegate(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        let words: Vec<String> = shell_words::split(line).unwrap();
        command.current_dir(self.folder.path()).args(words).env("USER", "ada").env("HOSTNAME", "host");
        command.env_remove("PHASEGATE_STATE").stdin(Stdio::null()).output().unwrap()
    }

    /// What it said, when it ends with this status.
    fn says(&self, line: &str, status: i32) -> String {
        let output = self.phasegate(line);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{line}: {text}");
        text
    }

    fn effects(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("effects")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_pipeline_trips_it_once_and_a_rollback_leaves_it_as_it_was() {
    let place = Place::new();
    fs::write(place.path("check.sh"), "exit 1").unwrap();
    let text = place.says("run search.deploy:brake --env production", 3);
    assert!(text.contains("brake.pulled") || text.contains("pull.pulled.turned"), "{text}");
    assert_eq!(place.effects(), ["on prod: it burns", "off prod"]);
    assert_eq!(place.says("switch list", 0), "no kill switch was ever turned here\n");

    fs::write(place.path("check.sh"), "").unwrap();
    place.says("run search.deploy:brake --env production", 0);
    place.says("run search.deploy:brake --env production", 0);
    assert_eq!(place.effects()[2..], ["on prod: it burns"], "the second time there was nothing to do");
    place.says("run search.deploy:look --env production", 0);
    place.says("run search.deploy:look --env staging", 1);
}

#[test]
fn by_hand_it_is_a_run_with_actor_and_reason() {
    let place = Place::new();
    let text = place.says("switch trip search_off --env staging --reason 'users see nothing' --actor grace", 0);
    assert!(
        text.contains("search_off in staging is tripped since ") && text.contains(", by grace: users see"),
        "{text}"
    );
    assert_eq!(place.effects(), ["on stage: users see nothing"]);
    let again = place.says("switch trip search.deploy:search_off --env staging", 0);
    assert!(again.contains("by grace: users see nothing"), "{again}");
    assert_eq!(place.effects().len(), 1);
    let list = place.says("switch list", 0);
    assert!(list.starts_with("search_off in staging is tripped since ") && list.lines().count() == 1, "{list}");
    let json: serde_json::Value =
        serde_json::from_str(&place.says("switch list search.deploy --format json", 0)).unwrap();
    assert_eq!(json["switches"][0]["standing"], "tripped");
    assert_eq!(json["switches"][0]["actor"], "grace");
    let history = place.says("history", 0);
    assert!(history.contains("trip_search_off"), "{history}");

    let reset = place.says("switch reset search_off --env staging", 0);
    assert!(
        reset.contains("search_off in staging is at rest since ") && reset.contains("by ada@host: by hand"),
        "{reset}"
    );
    assert_eq!(place.effects()[1..], ["off stage"]);
}

#[test]
fn half_a_brake_is_kept_and_told() {
    let place = Place::new();
    fs::write(place.path("half.sh"), "exit 1").unwrap();
    let text = place.says("switch trip search_off --env production", 1);
    assert!(text.contains("search_off in production is half tripped since "), "{text}");
    place.says("run search.deploy:look --env production", 1);
    fs::write(place.path("half.sh"), "").unwrap();
    place.says("switch trip search_off --env production", 0);
    place.says("run search.deploy:look --env production", 0);
    assert_eq!(place.effects(), ["on prod: by hand", "on prod: by hand"]);
}

/// Its second `on` step waits for a file that is not there yet.
const SLOW: &str = r#"use std.{exec, killswitch}

/// Slow.
killswitch slow {
  on  { step exec(["sh", "-c", "echo one >> effects"]) idempotent timeout 9s
        step exec(["sh", "-c", "echo two >> effects; while [ ! -e go ]; do sleep 0.05; done"]) idempotent timeout 60s }
  off { step exec(["sh", "-c", "echo off >> effects"]) idempotent timeout 9s }
}
"#;

#[test]
fn a_turn_that_is_killed_goes_on_where_it_was() {
    let place = Place::new();
    fs::write(place.path("slow.deploy"), SLOW).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    command.current_dir(place.folder.path()).args(["switch", "trip", "slow", "--reason", "a drill"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while place.effects() != ["one", "two"] {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", place.effects());
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let list = place.says("switch list", 0);
    assert!(list.starts_with("slow is half tripped since ") && list.contains("a drill"), "{list}");
    fs::write(place.path("go"), "").unwrap();
    place.says("resume", 0);
    let list = place.says("switch list", 0);
    assert!(list.starts_with("slow is tripped since ") && list.contains("a drill"), "{list}");
    assert_eq!(place.effects(), ["one", "two", "two"], "what was done is not done again");
}

/// Its steps may not be done twice, and it goes back by its other side.
const ONCE: &str = r#"use std.{exec, killswitch}

/// Brakes.
killswitch brake {
  on  { step exec(["sh", "-c", "echo one >> effects"]) timeout 9s
        step exec(["sh", "-c", "echo two >> effects; while [ ! -e go ]; do sleep 0.05; done"]) timeout 60s }
  off { step exec(["sh", "-c", "echo off >> effects; while [ ! -e go ]; do sleep 0.05; done"]) timeout 60s }
}
"#;

impl Place {
    /// Killed as soon as these are its effects.
    fn killed_at(&self, line: &str, effects: &[&str]) {
        let words = shell_words::split(line).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        command.current_dir(self.folder.path()).args(words).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = Instant::now();
        while self.effects() != effects {
            assert!(began.elapsed() < Duration::from_secs(30), "{:?}", self.effects());
            thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        fs::write(self.path("go"), "").unwrap();
    }

    /// Killed while the second step of a turn is under way; the run.
    fn in_doubt(&self) -> String {
        fs::write(self.path("brake.deploy"), ONCE).unwrap();
        self.killed_at("switch trip brake.deploy:brake --reason 'a drill'", &["one", "two"]);
        let run = fs::read_dir(self.path(".phasegate/runs")).unwrap().next().unwrap().unwrap();
        run.file_name().into_string().unwrap()
    }
}

#[test]
fn a_step_of_a_turn_in_doubt_is_told_exactly_and_done_or_redo_ends_the_turn() {
    for (answer, effects) in [("done", &["one", "two"][..]), ("redo", &["one", "two", "two"])] {
        let place = Place::new();
        let run = place.in_doubt();
        let status = place.says("status", 0);
        for piece in [
            "in doubt: `trip.brake.step2`, begun ",
            "call: exec(argv: [\"sh\", \"-c\", \"echo two >> effects;",
            &format!("phasegate resolve {run} trip.brake.step2 done"),
            &format!("cannot be: it goes back only with the rest of `brake`: phasegate rollback {run}"),
        ] {
            assert!(status.contains(piece), "`{piece}` in\n{status}");
        }
        assert!(!status.contains("undone_with"), "{status}");
        let list = place.says("switch list", 0);
        assert!(list.starts_with("brake is half tripped since ") && list.contains(&run), "{list}");
        let resumed = place.says("resume", 6);
        assert!(resumed.contains(&format!("phasegate resolve {run} trip.brake.step2 done|redo\n")), "{resumed}");
        let refused = place.says(&format!("resolve {run} trip.brake.step2 undo"), 1);
        assert!(
            refused.contains("`trip.brake.step2` goes back only with the rest of `brake`: answer `done`")
                && refused.contains(&format!("take back all that the run changed: phasegate rollback {run}")),
            "{refused}"
        );
        assert_eq!(place.effects(), ["one", "two"], "asking and refusing do nothing");
        place.says(&format!("resolve {run} trip.brake.step2 {answer}"), 0);
        assert_eq!(place.effects(), effects);
        let list = place.says("switch list", 0);
        assert!(list.starts_with("brake is tripped since ") && list.contains("a drill"), "{list}");
    }
}

#[test]
fn a_turn_in_doubt_that_is_rolled_back_goes_back_by_its_other_side_once() {
    let place = Place::new();
    let run = place.in_doubt();
    fs::remove_file(place.path("go")).unwrap();
    // Killed once more, while the other side is under way.
    place.killed_at(&format!("rollback {run}"), &["one", "two", "off"]);
    let status = place.says("status", 0);
    assert!(status.contains("in doubt: the undo of `trip.brake.way_back1`"), "{status}");
    assert!(status.contains("it has been taken back: go on"), "{status}");
    let done = place.says(&format!("resolve {run} trip.brake.way_back1 done"), 3);
    assert!(done.contains("rolled back after"), "{done}");
    assert_eq!(place.effects(), ["one", "two", "off"]);
    assert_eq!(place.says("switch list", 0), "no kill switch was ever turned here\n");
}

/// In a pipeline whose failure takes everything back, `undo` is an answer: all of the switch goes back with it.
#[test]
fn in_a_pipeline_that_rolls_back_undo_takes_back_the_whole_switch() {
    let place = Place::new();
    let pipeline =
        "/// Pulls it.\npipeline pull { phase now { step pulled = killswitch.trip(brake, reason: \"a drill\") } }\n";
    fs::write(place.path("brake.deploy"), format!("{ONCE}{pipeline}")).unwrap();
    place.killed_at("run brake.deploy:pull", &["one", "two"]);
    let status = place.says("status", 0);
    assert!(status.contains("in doubt: `now.pulled.step2`"), "{status}");
    let how = "take it back with the rest of `pulled` and fail `now`: the run is rolled back";
    assert!(status.contains(how) && !status.contains("undone_with"), "{status}");
    let run = status.split([' ', ':']).nth(1).unwrap().to_owned();
    place.says(&format!("resolve {run} now.pulled.step2 undo"), 3);
    assert_eq!(place.effects(), ["one", "two", "off"]);
    assert_eq!(place.says("switch list", 0), "no kill switch was ever turned here\n");
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let place = Place::new();
    let table = [
        ("switch trip search_off", "several environments"),
        ("switch trip search_of --env staging", "no program in this folder declares a kill switch `search_of`"),
        ("switch trip search.deploy:search_of --env staging", "did you mean `search_off`?"),
        ("switch trip search_off --env nowhere", "there is no environment `nowhere`"),
        ("switch trip gone.deploy:search_off", "there is no file `gone.deploy`"),
        ("switch list gone.deploy", "there is no file `gone.deploy`"),
    ];
    for (line, words) in table {
        let text = place.says(line, 2);
        assert!(text.contains(words), "{line}: {text}");
    }
    fs::copy(place.path("search.deploy"), place.path("other.deploy")).unwrap();
    let text = place.says("switch trip search_off --env staging", 2);
    assert!(text.contains("several programs") && text.contains("other.deploy"), "{text}");
    assert!(place.effects().is_empty());
}

#[test]
fn a_damaged_record_stops_everything_about_its_switch() {
    let place = Place::new();
    place.says("switch trip search_off --env staging", 0);
    let record = fs::read_dir(place.path(".phasegate/switches")).unwrap().filter_map(Result::ok);
    let record = record.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|it| it == "json"));
    fs::write(record.unwrap(), "{").unwrap();
    for line in ["switch trip search_off --env staging", "run search.deploy:look --env staging", "switch list"] {
        let text = place.says(line, 1);
        assert!(text.contains("is damaged"), "{line}: {text}");
    }
    place.says("switch reset search_off --env production", 0);
}

#[test]
fn a_test_knows_how_the_switches_of_its_run_stand() {
    let place = Place::new();
    let tests = r#"
test "it is pulled once" {
  run twice() in staging
  expect outcome succeeded
  expect step pull.pulled ran once
}
test "it was pulled before" {
  run twice() in staging
  given step pull.pulled = { already: true }
  expect outcome failed because pull.gate1
}
test "what fails is taken back" {
  run brake() in staging
  given step check.step1 fails
  expect outcome rolled_back
  expect undone pull.pulled
}
/// Trips it twice.
pipeline twice {
  phase pull {
    on failure stop
    step pulled = killswitch.trip(search_off, reason: "a")
    step again = killswitch.trip(search_off, reason: "b")
    gate { require again.already and not pulled.already }
  }
}
"#;
    fs::write(place.path("search.deploy"), format!("{PROGRAM}{tests}")).unwrap();
    let text = place.says("test search.deploy", 0);
    assert!(text.contains("3 passed"), "{text}");
}

//! Effects that may not be repeated, as people meet them: killed while one is under way, asked, answered.
#![cfg(unix)]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = format!("use std.{{shell, exec, http}}\n/// For a test.\npipeline p {{\n{body}\n}}\n");
        fs::write(folder.path().join("p.deploy"), source).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn phasegate(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        command.current_dir(self.folder.path()).args(words).env("USER", "ada").env("HOSTNAME", "host");
        command.env_remove("PHASEGATE_STATE").stdin(Stdio::null());
        command
    }

    /// Runs it until `line` is among the effects, and kills it then.
    fn killed_at(&self, words: &[&str], line: &str) -> String {
        let child = self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.kill_at(child, line)
    }

    fn kill_at(&self, mut child: Child, line: &str) -> String {
        let began = Instant::now();
        while !self.effects().iter().any(|effect| effect == line) {
            assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for `{line}`");
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        self.run()
    }

    fn effects(&self) -> Vec<String> {
        fs::read_to_string(self.path("effects")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn run(&self) -> String {
        let mut entries = fs::read_dir(self.path(".phasegate/runs")).unwrap();
        entries.next().unwrap().unwrap().file_name().into_string().unwrap()
    }

    fn status(&self) -> Json {
        let output = self.phasegate(&["status", &self.run(), "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The answer has to end so, and its words hold all of these.
    fn resolve(&self, words: &[&str], status: i32, said: &[&str]) {
        let run = self.run();
        let output = self.phasegate(&[&["resolve", &run][..], words].concat());
        let text = text(&output);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {text}");
        said.iter().for_each(|piece| assert!(text.contains(piece), "`{piece}` in\n{text}"));
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Leaves its name among the effects and then takes its time; answers on its standard output.
fn slow(name: &str, answer: &str) -> String {
    format!("shell(\"echo {name} >> effects; sleep 1; echo '{answer}'\")")
}

#[test]
fn status_says_what_is_in_doubt_as_soon_as_the_process_is_gone() {
    let place = Place::with(&format!(
        "phase a {{ step one = {} timeout 30s undo shell(\"echo undo-one >> effects\") }}\n\
         phase b after a {{ step exec([\"echo\", \"two\", a.one.stdout]) effect reads timeout 9s }}",
        slow("one", "x")
    ));
    let run = place.killed_at(&["run", "p.deploy"], "one");
    let shown = text(&place.phasegate(&["status"]));
    for piece in [
        "interrupted",
        "it goes on when this is answered",
        "in doubt: `a.one`, begun ",
        "call: shell(command: \"echo one >> effects; sleep 1; echo 'x'\")",
        &format!("PHASEGATE_KEY of its process: {run}/a.one/1"),
        "its output { stdout: string, exit_code: int } is read by b.step1",
        &format!("phasegate resolve {run} a.one done --output '{{…}}'"),
        &format!("phasegate resolve {run} a.one redo"),
        "take it back (shell(command: \"echo undo-one >> effects\")) and fail `a`: the run is rolled back",
        &format!("phasegate resolve {run} a.one undo"),
    ] {
        assert!(shown.contains(piece), "`{piece}` in\n{shown}");
    }
    let doubt = &place.status()["in_doubt"][0];
    assert_eq!((&doubt["node"], &doubt["undo"]), (&"a.one".into(), &false.into()), "{doubt:#}");
    assert_eq!(doubt["read_by"], serde_json::json!(["b.step1"]));
    assert_eq!(doubt["answers"][1]["command"], format!("phasegate resolve {run} a.one redo"));
    assert_eq!(place.effects(), ["one"], "looking changes nothing");
}

#[test]
fn the_call_of_a_doubt_is_shown_without_a_password_in_its_address() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap();
    let place = Place::with(&format!(
        "phase a {{ step send = http.post(\"http://ada:sesame@{address}/x\", {{ a: 1 }}) timeout 30s }}"
    ));
    let mut child = place.command(&["run", "p.deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    // Held open: a request that is refused has no doubt about it.
    let _unanswered = loop {
        if let Ok(connection) = server.accept() {
            break connection;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for the request");
        thread::sleep(Duration::from_millis(5));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = format!("{}{}", text(&place.phasegate(&["status"])), place.status());
    for piece in ["in doubt: `a.send`", "call: http.post(", "an HTTP POST to `http://ada:***@"] {
        assert!(shown.contains(piece), "`{piece}` in\n{shown}");
    }
    assert!(!shown.contains("sesame"), "{shown}");
}

#[test]
fn done_goes_on_with_the_output_that_a_person_gives() {
    let place = Place::with(&format!(
        "phase a {{ step one: {{ p95: duration(ms) }} = {} timeout 30s }}\n\
         phase b after a {{ gate {{ require a.one.p95 <= 200ms }} step shell(\"echo ${{a.one.p95}} >> effects\") effect reads timeout 9s }}",
        slow("one", "{\\\"p95\\\": 100}")
    ));
    place.killed_at(&["run", "p.deploy"], "one");
    place.resolve(&["a.one", "done"], 1, &["the output of `a.one` is read by `b.gate1`, `b.step1`", "--output"]);
    place.resolve(&["a.one", "done", "--output", "{ p95: 1 }"], 2, &["is no JSON"]);
    place.resolve(&["a.one", "done", "--output", "{\"p99\": 120}"], 1, &["p95", "this field is missing"]);
    place.resolve(&["a.one", "redo", "--output", "{\"p95\": 120}"], 1, &["goes with `done`"]);
    place.resolve(&["a.one", "done", "--output", "{\"p95\": 120}"], 0, &["succeeded"]);
    assert_eq!(place.effects(), ["one", "120ms"]);
}

#[test]
fn an_output_that_nobody_knows_fails_what_reads_it_in_words() {
    let place = Place::with(&format!(
        "phase a {{ step one = {} timeout 30s }}\n\
         phase b after a {{ step two = shell(\"echo ${{a.one.stdout}} >> effects\") timeout 9s }}",
        slow("one", "x")
    ));
    place.killed_at(&["run", "p.deploy"], "one");
    let why = "nobody gave the output of `a.one`, which was taken as done after a crash";
    place.resolve(&["a.one", "done", "--output", "null"], 1, &["b.two", why]);
    assert_eq!(place.effects(), ["one"]);
}

#[test]
fn redo_does_it_again_with_all_the_time_it_has_and_undo_takes_it_back() {
    let body = format!("phase a {{ step one = {} timeout 2s undo shell(\"echo undo >> effects\") }}", slow("one", "x"));
    let place = Place::with(&body);
    place.killed_at(&["run", "p.deploy"], "one");
    thread::sleep(Duration::from_millis(2_200));
    place.resolve(&["a.one", "redo"], 0, &["succeeded"]);
    assert_eq!(place.effects(), ["one", "one"]);

    let place = Place::with(&body);
    place.killed_at(&["run", "p.deploy"], "one");
    place.resolve(&["a.one", "undo", "--reason", "half of it"], 3, &["rolled back"]);
    assert_eq!(place.effects(), ["one", "undo"]);
}

#[test]
fn undo_takes_back_its_step_also_where_the_phase_leaves_its_changes() {
    for (policy, status) in [("stop", 1), ("continue", 0)] {
        let place = Place::with(&format!(
            "phase a {{ on failure {policy}\n step zero = shell(\"echo zero >> effects\") timeout 9s undo shell(\"echo -zero >> effects\")\n\
             step one = {} timeout 9s undo shell(\"echo -one >> effects; sleep 0.2\") }}\n\
             phase b after a {{ step shell(\"echo b >> effects\") effect reads timeout 9s }}",
            slow("one", "x")
        ));
        place.killed_at(&["run", "p.deploy"], "one");
        place.resolve(&["a.one", "undo"], status, &[]);
        let after: &[&str] = if status == 0 { &["b"] } else { &[] };
        assert_eq!(place.effects(), [&["zero", "one", "-one"][..], after].concat(), "{policy}");
    }
}

#[test]
fn wrong_answers_are_refused_in_words() {
    let place = Place::with(&format!(
        "phase a {{ step zero = shell(\"echo zero >> effects\") timeout 9s step one = {} timeout 30s step two = exec([\"true\"]) timeout 9s }}",
        slow("one", "x")
    ));
    let run = place.killed_at(&["run", "p.deploy"], "one");
    place.resolve(&["a.oen", "done"], 1, &["there is no `a.oen`", "did you mean `a.one`?"]);
    place.resolve(&["a", "done"], 1, &["`a` is a phase", "in doubt: `a.one`"]);
    place.resolve(&["a.zero", "done"], 1, &["`a.zero` is not in doubt: it has passed", "in doubt: `a.one`"]);
    place.resolve(&["a.two", "redo"], 1, &["it has not begun"]);
    place.resolve(&["a.one", "undo"], 1, &["has no undo", "`done`", "`redo`", &format!("phasegate abort {run}")]);
    place.resolve(&["a.one", "perhaps"], 2, &["possible values: done, redo, undo"]);
    let status = place.status();
    assert_eq!(status["in_doubt"][0]["answers"][2]["command"], Json::Null, "{status:#}");
    let slip = run.replace("-p-", "-q-");
    let output = place.phasegate(&["resolve", &slip, "a.one", "done"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains(&format!("did you mean `{run}`")), "{}", text(&output));
    assert_eq!(place.effects(), ["zero", "one"], "nothing refused has done anything");
    place.resolve(&["a.one", "done"], 0, &["succeeded"]);
    place.resolve(&["a.one", "done"], 1, &["the run is over (succeeded)"]);
}

#[test]
fn two_doubts_are_answered_one_after_the_other_also_while_another_process_drives() {
    let place = Place::with(&format!(
        "phase a {{ step one = {} timeout 30s }}\nphase b {{ step two = {} timeout 30s }}\n\
         phase c after a, b {{ wait 2s }}",
        slow("one", "x"),
        slow("two", "y")
    ));
    let child = place.command(&["run", "p.deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while place.effects().len() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    let run = place.kill_at(child, "two");
    place.resolve(&["a.one", "done"], 6, &["`b.two`", &format!("phasegate resolve {run} b.two done|redo")]);
    place.resolve(&["a.one", "done"], 1, &["`a.one` is not in doubt: it has passed (in doubt: `b.two`)"]);
    let mut driver = place.command(&["resolve", &run, "b.two", "done"]).stdout(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while place.status()["status"] != "running" && began.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    place.resolve(&["b.two", "done"], 1, &["refused: `b.two` is not in doubt: it has passed (nothing is in doubt)"]);
    assert_eq!(driver.wait().unwrap().code(), Some(0));
}

#[test]
fn an_undo_in_doubt_can_be_given_up_and_an_abort_waits_for_no_answer() {
    let body = format!(
        "phase a {{ step one = shell(\"echo one >> effects\") timeout 9s undo {}\n step exec([\"false\"]) effect reads timeout 9s }}",
        slow("-one", "x")
    );
    let place = Place::with(&body);
    place.killed_at(&["run", "p.deploy"], "-one");
    let shown = text(&place.phasegate(&["status"]));
    assert!(shown.contains("in doubt: the undo of `a.one`"), "{shown}");
    assert!(shown.contains("give it up: it stays changed"), "{shown}");
    place.resolve(&["a.one", "undo"], 4, &["rollback failed", "still changed: a.one"]);

    let place = Place::with(&body);
    let run = place.killed_at(&["run", "p.deploy"], "-one");
    let output = place.phasegate(&["abort", &run]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("still changed: a.one"), "{}", text(&output));
}

#[test]
fn what_may_be_repeated_is_said_to_be_and_done_when_somebody_goes_on_however_late() {
    let place = Place::with("phase a { step one = shell(\"echo one >> effects; sleep 1\") idempotent timeout 2s }");
    let run = place.killed_at(&["run", "p.deploy"], "one");
    let shown = text(&place.phasegate(&["status"]));
    assert!(shown.contains(&format!("go on with it: phasegate resume {run}")), "{shown}");
    assert!(shown.contains("`a.one`, which was running, is asked for again"), "{shown}");
    thread::sleep(Duration::from_millis(2_200));
    let output = place.phasegate(&["resume", &run]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(place.effects(), ["one", "one"]);
}

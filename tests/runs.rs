//! Runs as people meet them: the program itself, real processes, real signals, a real disk.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A folder with one program in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(body: &str) -> Self {
        Self::with_items("", body)
    }

    /// With other items before the pipeline.
    fn with_items(items: &str, body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = format!("use std.{{shell, exec}}\n{items}\n/// For a test.\npipeline p {{\n{body}\n}}\n");
        fs::write(folder.path().join("p.deploy"), source).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        command.current_dir(self.folder.path()).args(words).env("USER", "ada").env("HOSTNAME", "host");
        command.env_remove("PHASEGATE_STATE").env_remove("PHASEGATE_GROUPS").stdin(Stdio::null());
        command
    }

    fn phasegate(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Starts it in the background and waits until `file` holds `line`.
    fn started(&self, words: &[&str], line: &str) -> Child {
        let child = self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        self.await_line(line);
        child
    }

    fn await_line(&self, line: &str) {
        await_that(&format!("`{line}` in the effects"), || self.effects().iter().any(|effect| effect == line));
    }

    fn effects(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("effects")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn runs(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(".phasegate/runs")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn status(&self) -> serde_json::Value {
        let output = self.phasegate(&["status", &self.runs()[0], "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_exit(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}", said(output));
}

/// A step that leaves `NAME` in the file of effects, and whose undo leaves `undo-NAME`.
fn step(name: &str) -> String {
    format!("step {name} = shell(\"echo {name} >> effects\") timeout 30s undo shell(\"echo undo-{name} >> effects\")\n")
}

/// Two steps, a hold on a metric, a third step.
fn held() -> Place {
    let metrics = "metrics load from file(\"load.csv\") every 200ms { errors: ratio(%) = column(\"errors\") }";
    let watch = "phase watch after build { hold 2s { require load.errors <= 1% } }";
    let body = format!(
        "phase build {{ {} {} }}\n{watch}\nphase last after watch {{ {} }}",
        step("one"),
        step("two"),
        step("three")
    );
    let place = Place::with_items(metrics, &body);
    fs::write(place.path("load.csv"), "errors\n0.5\n").unwrap();
    place
}

#[test]
fn a_run_does_its_steps_in_order_and_can_be_looked_at_afterwards() {
    let place = Place::with(&format!("phase a {{ {} step say = shell(\"echo printed\") timeout 9s }}", step("one")));
    let output = place.phasegate(&["run", "p.deploy"]);
    assert_exit(&output, 0);
    let text = said(&output);
    assert!(text.contains("started by ada@host"), "{text}");
    assert!(text.contains("succeeded after"), "{text}");
    assert_eq!(place.effects(), ["one"]);
    let status = place.status();
    assert_eq!(status["status"], "succeeded");
    assert_eq!(status["phases"][0]["state"], "passed");
    assert!(said(&place.phasegate(&["history"])).contains("succeeded"));
    assert_eq!(said(&place.phasegate(&["logs"])), "--- a.say.1\nprinted\n");
}

#[test]
fn a_failed_run_takes_back_what_it_changed_in_reverse() {
    let place = Place::with(&format!(
        "phase a {{ {} {} step bad = exec([\"false\"]) effect reads timeout 9s }}",
        step("one"),
        step("two")
    ));
    let output = place.phasegate(&["run", "p.deploy"]);
    assert_exit(&output, 3);
    assert_eq!(place.effects(), ["one", "two", "undo-two", "undo-one"]);
    assert!(said(&output).contains("taken back: a.one, a.two"), "{}", said(&output));
}

#[test]
fn events_come_one_a_line_with_names_instead_of_indices() {
    let place = Place::with(&format!("phase a {{ {} }}", step("one")));
    let output = place.phasegate(&["run", "p.deploy", "--format", "json"]);
    assert_exit(&output, 0);
    let events: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
        assert_eq!(event["run"], place.runs()[0].as_str());
    }
    assert_eq!(events[0]["event"], "run_started");
    let started = events.iter().find(|event| event["event"] == "node_started").unwrap();
    assert_eq!((&started["node"], &started["phase"]), (&"a.one".into(), &"a".into()));
    assert_eq!(events.last().unwrap()["outcome"], "succeeded");
}

#[test]
fn killed_in_a_hold_and_resumed_nothing_is_done_twice() {
    let place = held();
    let run = place.started(&["run", "p.deploy"], "two");
    await_that("the hold", || place.status()["phases"][1]["state"] == "running");
    kill(run);
    assert_eq!(place.status()["status"], "interrupted");
    assert_exit(&place.phasegate(&["resume"]), 0);
    assert_eq!(place.effects(), ["one", "two", "three"]);
    assert_exit(&place.phasegate(&["resume", &place.runs()[0]]), 1);
    assert_eq!(place.effects().len(), 3, "what is over is not taken up again");
}

#[test]
fn killed_in_a_rollback_and_resumed_nothing_is_taken_back_twice() {
    let place = Place::with(&format!(
        "phase a {{ {} step slow = shell(\"echo slow >> effects\") timeout 30s undo shell(\"echo undo-slow >> effects; sleep 3\")\n {} \
         step bad = exec([\"false\"]) effect reads timeout 9s }}",
        step("one"),
        step("two")
    ));
    kill(place.started(&["run", "p.deploy"], "undo-slow"));
    let run = place.runs()[0].clone();
    let left = place.phasegate(&["resume", &run]);
    assert_exit(&left, 6);
    assert!(said(&left).contains(&format!("phasegate resolve {run} a.slow done|redo|undo")), "{}", said(&left));
    assert_exit(&place.phasegate(&["resolve", &run, "a.other", "done"]), 1);
    assert_exit(&place.phasegate(&["resolve", &run, "a.slow", "done"]), 3);
    assert_eq!(place.effects(), ["one", "slow", "two", "undo-two", "undo-slow", "undo-one"]);
}

#[test]
fn ctrl_c_pauses_says_how_to_go_on_and_a_second_process_does() {
    let place = held();
    let child = place.started(&["run", "p.deploy"], "two");
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 6);
    let run = &place.runs()[0];
    assert!(said(&output).contains(&format!("phasegate resume {run}")), "{}", said(&output));
    assert_eq!(place.status()["status"], "paused");
    assert_exit(&place.phasegate(&["resume"]), 0);
    assert_eq!(place.effects(), ["one", "two", "three"]);
}

#[test]
fn a_second_ctrl_c_aborts_and_takes_the_children_of_commands_with_it() {
    let place = Place::with(
        "phase a { step long = shell(\"(sleep 60; echo late >> effects) & echo $! > child; echo begun >> effects; wait\") timeout 2m }",
    );
    let child = place.started(&["run", "p.deploy"], "begun");
    signal(&child, "-INT");
    thread::sleep(Duration::from_millis(300));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 5);
    let grandchild = fs::read_to_string(place.path("child")).unwrap();
    let alive = || Path::new(&format!("/proc/{}/stat", grandchild.trim())).exists() && cfg!(target_os = "linux");
    await_that("the end of the command's child", || !alive());
}

#[test]
fn one_run_at_a_time_has_a_lock_and_the_second_is_told_who_has_it() {
    let place = Place::with(&format!("lock \"l\"\nphase a {{ {} wait 2s }}", step("one")));
    let first = place.started(&["run", "p.deploy"], "one");
    let holder = place.runs()[0].clone();
    let second = place.phasegate(&["run", "p.deploy"]);
    assert_exit(&second, 1);
    assert!(
        said(&second).contains(&format!("lock `l` is held by run `{holder}`, which is running")),
        "{}",
        said(&second)
    );
    kill(first);
    let third = place.phasegate(&["run", "p.deploy"]);
    assert!(said(&third).contains(&format!("phasegate resume {holder}")), "{}", said(&third));
    assert_eq!(place.runs(), [holder], "a refused run leaves nothing behind");
    assert_exit(&place.phasegate(&["abort"]), 5);
    assert_exit(&place.phasegate(&["run", "p.deploy"]), 0);
}

#[test]
fn a_running_process_obeys_others_and_refuses_in_words() {
    let place = Place::with(&format!("phase a {{ {} wait 1s {} }}", step("one"), step("two")));
    let child = place.started(&["run", "p.deploy"], "one");
    assert!(said(&place.phasegate(&["resume"])).contains("refused: the run is not paused"));
    let paused = place.phasegate(&["pause", "--reason", "lunch", "--actor", "grace"]);
    assert_exit(&paused, 0);
    assert_eq!(place.status()["status"], "paused");
    assert!(said(&place.phasegate(&["pause"])).contains("the run is paused already"));
    thread::sleep(Duration::from_millis(1200));
    assert_eq!(place.effects(), ["one"], "time stands still while it is paused");
    assert_exit(&place.phasegate(&["resume"]), 0);
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    assert!(said(&output).contains("grace: pause: lunch"), "{}", said(&output));
    assert_eq!(place.effects(), ["one", "two"]);
}

#[test]
fn an_approval_is_given_by_whoever_is_in_the_group() {
    let place = Place::with(&format!(
        "phase a {{ {} approve \"release manager\" by \"release\" within 1h {} }}",
        step("one"),
        step("two")
    ));
    let child = place.started(&["run", "p.deploy"], "one");
    let approve = |group: &str| place.phasegate(&["approve", "--group", group]);
    await_that("the question", || said(&approve("tourists")).contains("may only be approved by `release`"));
    let status = said(&place.phasegate(&["status"]));
    assert!(status.contains("waits for approval (release manager, group release), 59m"), "{status}");
    assert_exit(&approve("release"), 0);
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    // With the day: a deadline may lie on another one.
    let year = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::system()).year();
    let asked = format!("waits for approval (release manager, group release) until {year}-");
    assert!(said(&output).contains(&asked), "{}", said(&output));
    assert_eq!(place.effects(), ["one", "two"]);
}

#[test]
fn a_run_that_succeeded_can_still_be_rolled_back() {
    let place = Place::with(&format!("phase a {{ {} {} }}", step("one"), step("two")));
    assert_exit(&place.phasegate(&["run", "p.deploy"]), 0);
    let run = place.runs()[0].clone();
    assert_exit(&place.phasegate(&["rollback", &run]), 3);
    assert_eq!(place.effects(), ["one", "two", "undo-two", "undo-one"]);
    let again = place.phasegate(&["rollback", &run]);
    assert_exit(&again, 1);
    assert!(said(&again).contains("nothing that can be taken back"), "{}", said(&again));
}

#[test]
fn everything_that_is_missing_is_named_before_anything_is_changed() {
    let place = Place::with(&format!(
        "phase a {{ {} rollback when m.x > 1 for 3 samples step t = shell(\"no-such-program --x\") timeout 9s hold 1s every 1s {{ require m.y < 1 }} \
         step notify.send(room, \"x\") }}",
        step("one")
    ));
    let source = fs::read_to_string(place.path("p.deploy")).unwrap().replace("{shell, exec}", "{shell, exec, notify}");
    let more = "metrics m from http(\"http://127.0.0.1:9/\") every 1s { x: float = json(\"x\") y: float = json(\"y\") }\n\
                channel room = notify.webhook(url: secret(\"NO_SUCH_SECRET\"))\n";
    fs::write(place.path("p.deploy"), source.replace("/// For a test.", &format!("{more}\n/// For a test."))).unwrap();
    let output = place.phasegate(&["run", "p.deploy"]);
    assert_exit(&output, 1);
    let text = said(&output);
    for missing in ["NO_SUCH_SECRET", "no-such-program", "`m.x`, `m.y`", "nothing was changed"] {
        assert!(text.contains(missing), "`{missing}` in\n{text}");
    }
    assert_eq!(place.effects(), Vec::<String>::new());
    assert_eq!(place.runs(), Vec::<String>::new());
}

#[test]
fn names_of_runs_that_are_not_there_and_folders_that_cannot_be_written_are_told() {
    let place = Place::with(&format!("phase a {{ {} }}", step("one")));
    assert_exit(&place.phasegate(&["status", "x"]), 2);
    assert_exit(&place.phasegate(&["run", "p.deploy"]), 0);
    let slip = place.runs()[0].replace("-p-", "-q-");
    let output = place.phasegate(&["rollback", &slip]);
    assert_exit(&output, 2);
    assert!(said(&output).contains(&format!("did you mean `{}`", place.runs()[0])), "{}", said(&output));
    let output = place.command(&["run", "p.deploy"]).env("PHASEGATE_STATE", "p.deploy").output().unwrap();
    assert_exit(&output, 1);
    assert!(said(&output).contains("state folder `p.deploy` cannot be written"), "{}", said(&output));
    assert_eq!(place.effects(), ["one"]);
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_run() {
    let place = held();
    let mut child = place.started(&["run", "p.deploy"], "one");
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(place.effects(), ["one", "two", "three"]);
}

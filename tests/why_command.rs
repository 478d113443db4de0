//! `why`, `replay` and `bundle` as people meet them: the program itself, real runs, a real disk.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A folder with a program of two files, a metric, a secret that is printed, and two runs of it.
struct Place {
    folder: tempfile::TempDir,
}

const SECRET: &str = "s3cr3t-c0ntent-of-the-hook";

const SLO: &str = "/// What is still good.\nthreshold small(m: load) { require m.errors <= 10% }\n\
metrics load from file(\"load.csv\") every 100ms { errors: ratio(%) = column(\"errors\")  p95: duration(ms) = column(\"p95\") }\n";

const PROGRAM: &str = r#"use std.{exec, shell, version}
use "./slo.deploy".{load}
channel room = notify.webhook(url: secret("HOOK"))

/// For a test.
pipeline p {
  param version: version = "1.0.0"
  phase build {
    step frozen = version.freeze(version, files: ["load.csv"])
    step one = shell("echo one; cat token") timeout 30s undo shell("echo undo-one")
    gate "small" { require load.errors <= 10% warn load.p95 < 10ms }
  }
  phase watch after build {
    hold 1500ms { require load.errors <= 5% }
    step two = exec(["echo", "two"]) effect reads timeout 30s
  }
  rollback when load.p95 > 200ms for 300ms else "slow"
  on rollback { notify.send(room, "taken back") }
}
"#;

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let slo = SLO.lines().filter(|line| !line.contains("threshold") && !line.starts_with("///"));
        fs::write(place.path("slo.deploy"), slo.collect::<Vec<_>>().join("\n") + "\n").unwrap();
        fs::write(place.path("p.deploy"), PROGRAM.replace("exec, shell", "exec, notify, shell")).unwrap();
        fs::write(place.path("token"), SECRET).unwrap();
        place.load("0.5", "100");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the metrics are from now on; whole or not at all.
    fn load(&self, errors: &str, p95: &str) {
        fs::write(self.path("load.new"), format!("errors,p95\n{errors},{p95}\n")).unwrap();
        fs::rename(self.path("load.new"), self.path("load.csv")).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        command.current_dir(self.folder.path()).args(words).env("USER", "ada").env("HOSTNAME", "host");
        command.env("HOOK", SECRET).env("TZ", "UTC").env_remove("PHASEGATE_STATE").stdin(Stdio::null());
        command
    }

    fn phasegate(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A run that is taken back in the middle of its hold.
    fn run_badly(&self) -> String {
        let child = self.command(&["run", "p.deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.await_hold();
        self.load("0.5", "300");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        self.runs().pop().unwrap()
    }

    fn await_hold(&self) {
        let began = Instant::now();
        loop {
            let output = self.phasegate(&["status", "--format", "json"]);
            let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let phases = if status.is_array() { &status[0]["phases"] } else { &status["phases"] };
            if phases[1]["state"] == "running" {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for the hold: {status}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn runs(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(".phasegate/runs")) else { return Vec::new() };
        let mut runs: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        runs.sort();
        runs
    }

    fn journal(&self, run: &str) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path(".phasegate/runs").join(run).join("journal.db")).unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_exit(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}", said(output));
}

#[test]
fn a_run_is_explained_replayed_and_bundled_and_another_machine_says_the_same() {
    let place = Place::new();
    let run = place.run_badly();
    let why = place.phasegate(&["why", &run]);
    assert_exit(&why, 0);
    let text = said(&why);
    assert!(text.contains("trigger trigger1: fired"), "{text}");
    assert!(text.contains("load.p95 > 200ms") && text.contains("│") && text.contains("build.one: undone"), "{text}");
    let listened = place.command(&["why", &run, "build.gate1"]).env("NO_GRAPHICS", "1").output().unwrap();
    assert!(
        said(&listened).contains("gate build.gate1: passed") && !said(&listened).contains('│'),
        "{}",
        said(&listened)
    );
    let slip = place.phasegate(&["why", &run, "build.gate2"]);
    assert_exit(&slip, 2);
    assert!(said(&slip).contains("did you mean `build.gate1`?"), "{}", said(&slip));

    let replay = place.phasegate(&["replay", &run]);
    assert_exit(&replay, 0);
    assert_eq!(said(&replay).lines().count(), 1, "{}", said(&replay));
    assert!(said(&replay).contains("every decision comes out as it stands in the journal"), "{}", said(&replay));

    let bundle = place.phasegate(&["bundle", &run, "--out", "b.tar.zst"]);
    assert_exit(&bundle, 0);
    let bytes = fs::read(place.path("b.tar.zst")).unwrap();
    assert_exit(&place.phasegate(&["bundle", &run, "--out", "again.tar.zst"]), 0);
    assert_eq!(bytes, fs::read(place.path("again.tar.zst")).unwrap(), "the same run gives the same bytes");

    let elsewhere = Place::new();
    fs::write(elsewhere.path("b.tar.zst"), &bytes).unwrap();
    for words in [["why", &run, "b.tar.zst"], ["replay", &run, "b.tar.zst"], ["logs", &run, "b.tar.zst"]] {
        let (here, there) = (place.phasegate(&words[..2]), elsewhere.phasegate(&[words[0], words[2]]));
        assert_exit(&there, 0);
        let (mut here, mut there): (Vec<_>, Vec<_>) =
            (said(&here).lines().map(str::to_owned).collect(), said(&there).lines().map(str::to_owned).collect());
        if words[0] == "logs" {
            here.sort();
            there.sort();
        }
        assert_eq!(here, there, "{}", words[0]);
    }
    let status = elsewhere.phasegate(&["status", "b.tar.zst"]);
    assert_exit(&status, 0);
    assert!(said(&status).contains("rolled back (as bundled)"), "{}", said(&status));
    let json: serde_json::Value =
        serde_json::from_slice(&elsewhere.phasegate(&["replay", "b.tar.zst", "--format", "json"]).stdout).unwrap();
    assert_eq!((&json["equal"], &json["status"]), (&true.into(), &"rolled_back".into()));

    let members = unpacked(&bytes);
    let text = |name: &str| String::from_utf8_lossy(&members.iter().find(|(it, _)| it == name).unwrap().1).into_owned();
    assert!(text("program/0.deploy").contains("pipeline p") && text("program/1.deploy").contains("metrics load"));
    assert!(
        text("evidence/load.csv").starts_with("time,load.errors,load.p95\n")
            && text("evidence/load.csv").contains(",0.5,100\n")
    );
    assert!(text("evidence/artefacts.json").contains("build.frozen"));
    assert!(text("output/build.one.1.log").starts_with("one\n"));
    for (name, bytes) in &members {
        assert!(!String::from_utf8_lossy(bytes).contains(SECRET), "the secret stands in {name}");
    }
}

fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(bytes).unwrap());
    let read = |mut entry: tar::Entry<'_, _>| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        (entry.path().unwrap().display().to_string(), bytes)
    };
    archive.entries().unwrap().map(|entry| read(entry.unwrap())).collect()
}

#[test]
fn a_bundle_never_holds_the_content_of_a_secret_whatever_was_printed_where() {
    let place = Place::new();
    let run = place.run_badly();
    // As if something had written it past everything that takes it out.
    let log = place.path(".phasegate/runs").join(&run).join("output/build.one.1.log");
    fs::write(&log, format!("token: {SECRET}\n")).unwrap();
    let bundle = place.phasegate(&["bundle", &run, "--out", "b.tar.zst"]);
    assert_exit(&bundle, 1);
    let text = said(&bundle);
    assert!(text.contains("the content of a secret stands in its `output/build.one.1.log`"), "{text}");
    assert!(!text.contains(SECRET) && !place.path("b.tar.zst").exists(), "{text}");
}

#[test]
fn a_journal_that_was_changed_is_found_out_with_both_sides_beside_each_other() {
    let place = Place::new();
    let run = place.run_badly();
    let journal = place.journal(&run);
    let (seq, json): (i64, String) = journal
        .query_row("SELECT seq, json FROM events WHERE json LIKE '%trigger_fired%'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let changed = json.replace("\"action\":\"rollback\"", "\"action\":\"pause\"");
    assert_ne!(json, changed);
    journal.execute("UPDATE events SET json = ?1, sum = NULL WHERE seq = ?2", rusqlite::params![changed, seq]).unwrap();
    let replay = place.command(&["replay", &run]).env("COLUMNS", "100").output().unwrap();
    assert_exit(&replay, 1);
    let text = said(&replay);
    assert!(text.contains(&format!("event {seq} does not come out")), "{text}");
    assert!(text.contains("\"pause\"") && text.contains("\"rollback\""), "{text}");
    assert!(text.contains("the journal was written by this version"), "{text}");
    let json: serde_json::Value =
        serde_json::from_slice(&place.phasegate(&["replay", &run, "--format", "json"]).stdout).unwrap();
    assert_eq!((&json["equal"], &json["divergence"]["seq"]), (&false.into(), &seq.into()));
    assert_eq!(json["divergence"]["now"]["action"], "rollback");

    // Of another version it may well be.
    journal.execute("DELETE FROM meta WHERE key = 'run.sum'", []).unwrap();
    journal
        .execute("UPDATE meta SET value = replace(value, '\"tool\":\"', '\"tool\":\"0.0.9-') WHERE key = 'run'", [])
        .unwrap();
    assert!(said(&place.phasegate(&["replay", &run])).contains("the run was begun by Phasegate 0.0.9-"));
}

#[test]
fn a_journal_that_is_cut_or_has_another_plan_or_form_is_told_in_words() {
    let place = Place::new();
    let run = place.run_badly();
    let journal = place.journal(&run);
    let last: i64 = journal.query_row("SELECT max(seq) FROM events", [], |row| row.get(0)).unwrap();
    journal.execute("DELETE FROM events WHERE seq > ?1", [last - 2]).unwrap();
    let cut = place.phasegate(&["replay", &run]);
    assert_exit(&cut, 0);
    assert!(
        said(&cut).contains("the journal ends inside of a decision") || said(&cut).contains("not over"),
        "{}",
        said(&cut)
    );
    let set = |sql: &str| journal.execute(sql, []).unwrap();
    set("DELETE FROM meta WHERE key = 'plan.sum'");
    let plan: String = journal.query_row("SELECT value FROM meta WHERE key = 'plan'", [], |row| row.get(0)).unwrap();
    set("UPDATE meta SET value = json_set(value, '$.fingerprint', 'abcdefabcdefabcdef') WHERE key = 'plan'");
    let other = place.phasegate(&["why", &run]);
    assert_exit(&other, 2);
    assert!(said(&other).contains("is not the one that the run began with"), "{}", said(&other));
    journal.execute("UPDATE meta SET value = ?1 WHERE key = 'plan'", [&plan]).unwrap();
    set("UPDATE meta SET value = json_set(value, '$.version', 1) WHERE key = 'plan'");
    let older = place.phasegate(&["replay", &run]);
    assert_exit(&older, 2);
    assert!(said(&older).contains("its plan has the form 1 and this version"), "{}", said(&older));
    journal.execute("UPDATE meta SET value = ?1 WHERE key = 'plan'", [&plan]).unwrap();
    journal.execute("DELETE FROM events WHERE seq = 5", []).unwrap();
    let gap = place.phasegate(&["replay", &run]);
    assert_exit(&gap, 2);
    assert!(said(&gap).contains("event 5 is missing"), "{}", said(&gap));
    let nothing = place.phasegate(&["replay", "no-such-run"]);
    assert_exit(&nothing, 2);
}

#[test]
fn a_bundle_that_is_cut_altered_or_none_is_told_in_words() {
    let place = Place::new();
    let run = place.run_badly();
    assert_exit(&place.phasegate(&["bundle", &run]), 0);
    let name = format!("{run}.tar.zst");
    let bytes = fs::read(place.path(&name)).unwrap();
    for (bytes, expected) in [
        (bytes[..bytes.len() / 2].to_vec(), "is damaged"),
        (b"not a bundle".to_vec(), "is no bundle of a run"),
        (Vec::new(), "is no bundle of a run"),
    ] {
        fs::write(place.path("x.tar.zst"), bytes).unwrap();
        for command in ["replay", "why", "status", "logs"] {
            let output = place.phasegate(&[command, "x.tar.zst"]);
            assert_exit(&output, 2);
            assert!(said(&output).contains(expected), "{}", said(&output));
        }
    }
    let missing = place.phasegate(&["replay", "nowhere/x.tar.zst"]);
    assert_exit(&missing, 2);
    assert!(said(&missing).contains("`nowhere/x.tar.zst` cannot be read"), "{}", said(&missing));
}

#[test]
fn a_run_that_was_killed_and_taken_up_again_is_replayed_too() {
    let place = Place::new();
    let mut child = place.command(&["run", "p.deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    place.await_hold();
    child.kill().unwrap();
    child.wait().unwrap();
    let run = place.runs().pop().unwrap();
    let open = place.phasegate(&["replay", &run]);
    assert_exit(&open, 0);
    assert!(said(&open).contains("the run is not over"), "{}", said(&open));
    assert_exit(&place.phasegate(&["resume", &run]), 0);
    let done = place.phasegate(&["replay", &run]);
    assert_exit(&done, 0);
    assert!(said(&place.phasegate(&["why", &run])).contains("hold watch.hold1: passed"));
}

//! A folder with a program, what is done in it, and the person who goes on with what was killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// Leaves its first word in `once` and counts itself in `requests`. When `kill_at` says so, it kills who asked for it: before
/// it does anything or before it is answered.
const ACT: &str = r#"
echo "$1" >> requests
wanted="$(wc -l < requests | tr -d ' ')"
kill_at="$(cat kill_at 2>/dev/null)"
if [ "$kill_at" = "$wanted before" ]; then rm kill_at; kill -9 $PPID; exit 1; fi
echo "$1" >> once
if [ "$kill_at" = "$wanted after" ]; then rm kill_at; kill -9 $PPID; fi
[ "$1" != "$2" ]
"#;

pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn with(program: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("act.sh", ACT);
        place.write("p.deploy", program);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(words).env("USER", "ada").env("HOSTNAME", "host");
        command.env_remove("PHASEGATE_STATE").stdin(Stdio::null());
        command
    }

    pub fn phasegate(&self, words: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_phasegate"), words).output().unwrap()
    }

    /// What it said, when it ends with this status.
    pub fn says(&self, words: &[&str], status: i32) -> String {
        let output = self.phasegate(words);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {}", said(&output));
        said(&output)
    }

    pub fn runs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path(".phasegate/runs")).into_iter().flatten().flatten();
        let begun = entries.filter(|run| run.path().join("journal.db").exists());
        begun.map(|run| run.file_name().into_string().unwrap()).collect()
    }

    /// The only run.
    pub fn run(&self) -> String {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }

    pub fn journal(&self) -> PathBuf {
        self.path(".phasegate/runs").join(self.run()).join("journal.db")
    }

    pub fn status(&self) -> Json {
        serde_json::from_str(&self.says(&["status", &self.run(), "--format", "json"], 0)).unwrap()
    }

    /// Begins the run and kills it as soon as it has said this.
    pub fn killed_when_it_says(&self, words: &[&str], piece: &str) {
        let mut command = self.command(env!("CARGO_BIN_EXE_phasegate"), words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(piece)), "{words:?} never said `{piece}`");
        child.kill().unwrap();
        child.wait().unwrap();
        self.await_the_dead();
    }

    /// What was about to become a command when its parent was killed holds the parent's locks for a moment.
    pub fn await_the_dead(&self) {
        let began = Instant::now();
        while self.status()["process"].is_u64() && began.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Goes on with the run until it is over. The person looks into `once` and says what is true.
    pub fn go_on(&self) -> String {
        for _ in 0..20 {
            self.await_the_dead();
            let (run, status) = (self.run(), self.status());
            let doubt = &status["in_doubt"][0];
            let output = match (status["status"].as_str().unwrap(), doubt["node"].as_str()) {
                ("interrupted" | "paused", Some(node)) => {
                    let answer = self.truth(doubt);
                    let output = ["--output", r#"{"stdout":"","exit_code":0}"#];
                    let is_read = answer == "done" && doubt["read_by"].as_array().is_some_and(|by| !by.is_empty());
                    self.phasegate(&[&["resolve", &run, node, answer], &output[..2 * usize::from(is_read)]].concat())
                }
                ("interrupted" | "paused", None) => {
                    let approved = self.phasegate(&["approve", &run]);
                    if approved.status.code() == Some(1) { self.phasegate(&["resume", &run]) } else { approved }
                }
                (over, _) => return over.to_owned(),
            };
            assert!(matches!(output.status.code(), Some(0 | 1 | 3 | 6)), "{}", said(&output));
            assert!(!said(&output).contains("panicked"), "{}", said(&output));
        }
        panic!("it does not come to an end: {:#}", self.status());
    }

    /// What a person sees outside: whether it was done, and whether it is one that fails.
    fn truth(&self, doubt: &Json) -> &'static str {
        let node = doubt["node"].as_str().unwrap();
        let name = node.strip_prefix("on end.").unwrap_or(node);
        let wanted = if doubt["undo"] == true { format!("-{name}") } else { name.to_owned() };
        if !self.lines("once").contains(&wanted) {
            "redo"
        } else if name == "c.last" && self.path("fails").exists() && doubt["undo"] != true {
            "undo"
        } else {
            "done"
        }
    }
}

pub fn is_killed(output: &Output) -> bool {
    output.status.signal() == Some(9)
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

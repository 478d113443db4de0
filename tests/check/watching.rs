//! `--watch`: as a program that is left running.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::{command, folder_with};

const GOOD: &str = "/// Waits.\npipeline p {\n  phase only { wait 5m }\n}\n";
const BAD: &str = "/// Waits.\npipeline p {\n  phase only { wait 5 }\n}\n";

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &std::path::Path, arguments: &[&str]) -> Self {
        let mut command = command(folder, &[&["check", "--watch"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Everything up to a line with `end` in it.
    fn until(&self, end: &str) -> String {
        let mut text = String::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("`{end}` did not come after: {text}"));
            text.push_str(&line);
            text.push('\n');
            if line.contains(end) {
                return text;
            }
        }
    }

    #[cfg(unix)]
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let status = std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill starts");
        assert!(status.success());
        self.child.wait().expect("the program ends").code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
    }
}

#[cfg(unix)]
#[test]
fn every_change_is_checked_and_the_last_result_is_the_status() {
    let folder = folder_with(&[("a.deploy", GOOD)]);
    let path = folder.path().join("a.deploy");
    let watching = Watching::start(folder.path(), &[]);
    let first = watching.until("watching for changes");
    assert!(first.starts_with("no problems in 1 file\n"), "{first}");
    fs::write(&path, BAD).expect("written");
    let text = watching.until("watching for changes");
    assert!(text.contains("changed: `a.deploy`\n") && text.contains("1 error in 1 file"), "{text}");
    // Editors write another file and put it in the place of the first.
    fs::write(folder.path().join("a.tmp"), GOOD).expect("written");
    fs::rename(folder.path().join("a.tmp"), &path).expect("renamed");
    assert!(watching.until("watching for changes").contains("no problems in 1 file"));
    fs::create_dir(folder.path().join("inner")).expect("made");
    fs::write(folder.path().join("inner/new.deploy"), BAD).expect("written");
    while !watching.until("watching for changes").contains("1 error in 2 files") {}
    fs::remove_file(folder.path().join("inner/new.deploy")).expect("removed");
    while !watching.until("watching for changes").contains("no problems in 1 file") {}
    fs::write(&path, BAD).expect("written");
    assert!(watching.until("watching for changes").contains("1 error in 1 file"));
    assert_eq!(watching.interrupt(), Some(1));
}

#[cfg(unix)]
#[test]
fn imports_outside_are_watched_and_a_file_may_go_and_come_back() {
    let slo = "type A = { a: int }\n";
    let user = "use \"../slo.deploy\".{A}\ntype B = { b: A }\n";
    let folder = folder_with(&[("slo.deploy", slo), ("in/user.deploy", user)]);
    let watching = Watching::start(folder.path(), &["in/user.deploy"]);
    assert!(watching.until("watching for changes").contains("no problems in 2 files"));
    fs::write(folder.path().join("slo.deploy"), "type A = { a: strin }\n").expect("written");
    assert!(watching.until("watching for changes").contains("1 error in 2 files"));
    fs::remove_file(folder.path().join("slo.deploy")).expect("removed");
    while !watching.until("watching for changes").contains("1 error in 1 file\n") {}
    fs::write(folder.path().join("slo.deploy"), slo).expect("written");
    while !watching.until("watching for changes").contains("no problems in 2 files") {}
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn fixing_while_watching_is_refused() {
    let folder = folder_with(&[("a.deploy", GOOD)]);
    let output = command(folder.path(), &["check", "--watch", "--fix"]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
}

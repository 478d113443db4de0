//! Killed between every request and its answer: before anything was done, and when all was done and nobody has heard of it.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::super::exhaustive;
use super::place::{Place, is_killed, said};

/// Every kind of request: commands, posts, weights. Named steps are done once, the rest may be repeated.
const PROGRAM: &str = r#"
use std.{exec, http, traffic}
/// For a test.
pipeline p {
  phase a {
    step one = exec(["sh", "act.sh", "a.one"]) timeout 60s undo exec(["sh", "act.sh", "-a.one"])
    step post = http.post("http://@ADDRESS@/post", { step: "a.post" }) timeout 60s
      undo http.post("http://@ADDRESS@/post", { step: "-a.post" })
    step look = exec(["sh", "act.sh", "again a.look"]) effect reads timeout 60s
  }
  phase b after a {
    ramp traffic.http("http://@ADDRESS@/weight") through 10%, 90% { wait 1ms }
    step put = exec(["sh", "act.sh", "again b.put"]) idempotent timeout 60s undo exec(["sh", "act.sh", "-b.put"])
    step two = exec(["sh", "act.sh", "b.two"]) timeout 60s undo exec(["sh", "act.sh", "-b.two"])
  }
  phase c after b { step last = exec(["sh", "act.sh", "c.last", "@FAILS@"]) timeout 60s undo exec(["sh", "act.sh", "-c.last"]) }
  on end { step bye = exec(["sh", "act.sh", "bye"]) timeout 60s }
}
"#;

/// Whom the steps post to, and where the weight is. It counts and kills as the commands do.
struct Server {
    folder: PathBuf,
    weight: Mutex<String>,
}

impl Server {
    fn start(folder: PathBuf) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Arc::new(Self { folder, weight: Mutex::new("{\"weight\": 0}".to_owned()) });
        let serving = Arc::clone(&server);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                thread::spawn(move || serving.serve(stream));
            }
        });
        (server, address)
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some((head, body)) = request(&mut stream) else { return };
        // What is looked for before a run begins is no request of it.
        let has_begun = fs::read_dir(self.folder.join(".phasegate/runs")).is_ok_and(|mut runs| runs.next().is_some());
        let method = head.split(' ').next().unwrap_or_default().to_owned();
        if has_begun {
            append(&self.folder.join("requests"), &format!("{method} {body}"));
        }
        let number = fs::read_to_string(self.folder.join("requests")).unwrap_or_default().lines().count();
        let kill_at = fs::read_to_string(self.folder.join("kill_at")).unwrap_or_default();
        if kill_at.trim() == format!("{number} before") {
            return self.kill();
        }
        match method.as_str() {
            "POST" => {
                let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                append(&self.folder.join("once"), body["step"].as_str().unwrap());
            }
            "PUT" => body.clone_into(&mut self.weight.lock().unwrap()),
            _ => {}
        }
        if kill_at.trim() == format!("{number} after") {
            return self.kill();
        }
        let answer = self.weight.lock().unwrap().clone();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
    }

    /// Whoever drives the run stands in its lock. The connection is kept until it is gone, so that it never has an answer.
    fn kill(&self) {
        fs::remove_file(self.folder.join("kill_at")).unwrap();
        let run = fs::read_dir(self.folder.join(".phasegate/runs")).unwrap().next().unwrap().unwrap();
        let process = fs::read_to_string(run.path().join("driver.lock")).unwrap();
        assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
        thread::sleep(Duration::from_millis(50));
    }
}

fn append(path: &Path, line: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = |line: &str| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok();
            if body.len() >= head.lines().find_map(length).unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return None,
            Ok(size) => text.push_str(&String::from_utf8_lossy(&bytes[..size])),
        }
    }
}

/// How a run came out, as people outside see it.
#[derive(Debug, PartialEq)]
struct Seen {
    outcome: String,
    /// What was done, in order; of what may be repeated, that it was.
    done: Vec<String>,
    weight: String,
}

/// A run that is killed around its request `kill`, and gone on with; and how many requests there were.
fn live(fails: bool, kill: Option<(usize, &str)>) -> (Seen, usize) {
    let place = Place::with("");
    let (server, address) = Server::start(place.path(""));
    let program = PROGRAM.replace("@ADDRESS@", &address).replace("@FAILS@", if fails { "c.last" } else { "" });
    place.write("p.deploy", &program);
    if fails {
        place.write("fails", "");
    }
    if let Some((number, moment)) = kill {
        place.write("kill_at", &format!("{number} {moment}"));
    }
    let first = place.phasegate(&["run", "p.deploy"]);
    assert_eq!(is_killed(&first), kill.is_some(), "{kill:?}: {}", said(&first));
    let outcome = place.go_on();
    assert!(!place.path("kill_at").exists(), "{kill:?} came never");
    let mut done = place.lines("once");
    let mut seen: Vec<String> = Vec::new();
    done.retain(|line| {
        let is_new = !line.starts_with("again") || !seen.contains(line);
        seen.push(line.clone());
        is_new
    });
    let weight = server.weight.lock().unwrap().clone();
    (Seen { outcome, done, weight }, place.lines("requests").len())
}

fn killed_around_every_request(fails: bool, done: &[&str]) {
    let (whole, requests) = live(fails, None);
    assert_eq!(whole.done, done);
    for number in 1..=requests {
        let moments: &[&str] = match (exhaustive(), number % 2) {
            (true, _) => &["before", "after"],
            (false, 0) => &["before"],
            (false, _) => &["after"],
        };
        for moment in moments {
            let (seen, _) = live(fails, Some((number, moment)));
            assert_eq!(seen, whole, "killed {moment} request {number} was done");
        }
    }
}

#[test]
fn killed_between_any_request_and_its_answer_the_program_ends_as_it_would_have() {
    killed_around_every_request(false, &["a.one", "a.post", "again a.look", "again b.put", "b.two", "c.last", "bye"]);
}

#[test]
fn killed_between_any_request_and_its_answer_all_is_taken_back_once_and_in_order() {
    let forward = ["a.one", "a.post", "again a.look", "again b.put", "b.two", "c.last"];
    let back = ["-c.last", "-b.two", "-b.put", "-a.post", "-a.one", "bye"];
    killed_around_every_request(true, &[&forward[..], &back[..]].concat());
}

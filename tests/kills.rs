//! Real processes, killed with `kill -9` at random moments; an observer outside counts what was done.
//!
//! `PHASEGATE_KILLS=1000 cargo test --test kills` kills a thousand times; without it a few seconds' worth. `PHASEGATE_SEED`
//! takes up a series again: every failure names its own. `PHASEGATE_BINARY` is killed instead of what was just built.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// Kills without `PHASEGATE_KILLS`.
const FEW: usize = 24;

/// What a run may take between two kills, at the most.
const LONGEST: Duration = Duration::from_secs(60);

/// The pipeline: commands, posts, weights, a hold, side by side and one after the other. With `@` the last step fails, and
/// everything is taken back.
const PROGRAM: &str = r#"
use std.{exec, http, shell, traffic}

metrics load from file("load.csv") every 200ms { errors: ratio(%) = column("errors") }

/// For a test.
pipeline p {
  phase a {
    step one = shell("echo a.one >> once; printf out") timeout 60s undo shell("echo -a.one >> once")
    step post = http.post("http://@ADDRESS@/once", { step: "a.post" }) timeout 60s undo http.post("http://@ADDRESS@/once", { step: "-a.post" })
    step look = shell("echo a.look >> often") effect reads timeout 60s
  }
  phase b after a {
    parallel {
      step left = shell("echo b.left ${a.one.stdout} >> once; sleep 0.02") timeout 60s undo shell("echo -b.left >> once")
      step right = shell("echo b.right >> often; sleep 0.02") idempotent timeout 60s undo shell("echo -b.right >> once")
    }
    ramp traffic.http("http://@ADDRESS@/weight") through 10%, 100% {
      step warm = exec(["sh", "-c", "echo b.warm >> once"]) timeout 60s undo shell("echo -b.warm >> once")
      hold 250ms { require load.errors <= 1% }
    }
  }
  phase c after b {
    step last = shell("echo c.last >> once@FAILS@") timeout 60s undo shell("echo -c.last >> once")
  }
  on end { step bye = shell("echo bye >> once") timeout 60s }
}
"#;

/// Whom the steps post to, and where the weight is.
struct Server {
    address: String,
    /// Posts by their `Idempotency-Key`: the step, and how often it came.
    posts: Arc<Mutex<BTreeMap<String, (String, usize)>>>,
    weight: Arc<Mutex<f64>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = Self { address, posts: Arc::default(), weight: Arc::default() };
        let (posts, weight) = (Arc::clone(&server.posts), Arc::clone(&server.weight));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (posts, weight) = (Arc::clone(&posts), Arc::clone(&weight));
                thread::spawn(move || serve(stream, &posts, &weight));
            }
        });
        server
    }
}

fn serve(mut stream: TcpStream, posts: &Mutex<BTreeMap<String, (String, usize)>>, weight: &Mutex<f64>) {
    let Some((head, body)) = request(&mut stream) else { return };
    let body: Json = serde_json::from_str(&body).unwrap_or_default();
    let answer = match head.split(' ').next() {
        Some("POST") => {
            let key =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("idempotency-key: ").map(str::to_owned));
            let step = body["step"].as_str().unwrap_or("?").to_owned();
            posts.lock().expect("nobody panics").entry(key.unwrap_or_default()).or_insert((step, 0)).1 += 1;
            "{}".to_owned()
        }
        Some("PUT") => {
            *weight.lock().expect("nobody panics") = body["weight"].as_f64().unwrap_or(f64::NAN);
            body.to_string()
        }
        _ => format!("{{\"weight\": {}}}", weight.lock().expect("nobody panics")),
    };
    let length = answer.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    );
}

/// Head and body; none when whoever asked is gone before it has said everything.
fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return None,
            Ok(size) => text.push_str(&String::from_utf8_lossy(&bytes[..size])),
        }
    }
}

/// Random enough, and the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }
}

struct Place {
    folder: tempfile::TempDir,
    server: Server,
    fails: bool,
}

impl Place {
    fn new(fails: bool) -> Self {
        let (folder, server) = (tempfile::tempdir().expect("a folder"), Server::start());
        let program =
            PROGRAM.replace("@ADDRESS@", &server.address).replace("@FAILS@", if fails { "; exit 1" } else { "" });
        fs::write(folder.path().join("p.deploy"), program).expect("written");
        fs::write(folder.path().join("load.csv"), "errors\n0.5\n").expect("written");
        Self { folder, server, fails }
    }

    fn command(&self, words: &[String]) -> Command {
        let built = || env!("CARGO_BIN_EXE_phasegate").into();
        let mut command = Command::new(std::env::var_os("PHASEGATE_BINARY").unwrap_or_else(built));
        command.current_dir(self.folder.path()).args(words).env("USER", "ada").env("HOSTNAME", "host");
        command.env_remove("PHASEGATE_STATE").stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn run(&self) -> Option<String> {
        let runs = fs::read_dir(self.folder.path().join(".phasegate/runs")).ok()?;
        // Killed before it had a journal it was no run.
        let begun = runs.flatten().find(|run| run.path().join("journal.db").exists())?;
        begun.file_name().into_string().ok()
    }

    fn status(&self, run: &str) -> Json {
        let words = ["status", run, "--format", "json"].map(str::to_owned);
        let output = self.command(&words).output().expect("it can be started");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no status: {}", said(&output)))
    }

    /// What was about to become a command when its parent was killed holds the parent's locks for a moment.
    fn status_of_the_dead(&self, run: &str) -> Json {
        let began = Instant::now();
        loop {
            let status = self.status(run);
            let driven =
                status["process"].is_u64() && !matches!(status["status"].as_str(), Some("succeeded" | "rolled_back"));
            if !driven || began.elapsed() > Duration::from_secs(10) {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The whole life of one run, killed up to `most` times; how often it was.
    fn live(&self, chance: &mut Chance, most: usize) -> usize {
        let mut kills = 0;
        for _ in 0..200 {
            let words = self.next_words();
            let Some(words) = words else { return kills };
            let at = Duration::from_micros(chance.below(700_000));
            let spared = kills >= most;
            if self.killed(&words, (!spared).then_some(at)) {
                kills += 1;
            }
        }
        panic!("the run does not come to an end");
    }

    /// How to begin or go on; none when the run is over.
    fn next_words(&self) -> Option<Vec<String>> {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        let Some(run) = self.run() else { return words(&["run", "p.deploy"]) };
        let status = self.status_of_the_dead(&run);
        match status["status"].as_str() {
            Some("never_began") => {
                fs::remove_dir_all(self.folder.path().join(".phasegate/runs").join(&run)).expect("removed");
                words(&["run", "p.deploy"])
            }
            Some("succeeded" | "rolled_back") => None,
            Some("interrupted" | "paused") => match status["in_doubt"].as_array().and_then(|doubts| doubts.first()) {
                Some(doubt) => Some(self.answer(&run, doubt)),
                None => words(&["resume", &run]),
            },
            _ => panic!("{status:#}"),
        }
    }

    /// The person looks outside and says what is true. Killing Phasegate does not kill its commands: they are waited for.
    fn answer(&self, run: &str, doubt: &Json) -> Vec<String> {
        let node = doubt["node"].as_str().expect("a node");
        let began = Instant::now();
        while began.elapsed() < LONGEST {
            thread::sleep(Duration::from_millis(80));
            if !doubt["key"].as_str().is_some_and(is_running) {
                break;
            }
        }
        let wanted = if doubt["undo"] == true { format!("-{node}") } else { node.to_owned() };
        let wanted = if node == "on end.bye" { "bye".to_owned() } else { wanted };
        let times = self.done(&wanted);
        let before = self.known(&wanted);
        let answer = match times > before {
            // It did what it does and failed: whoever looks outside sees that it has to go.
            true if wanted == "c.last" && self.fails => "undo",
            true => "done",
            false => "redo",
        };
        let mut words = vec!["resolve".to_owned(), run.to_owned(), node.to_owned(), answer.to_owned()];
        if answer == "done" && doubt["read_by"].as_array().is_some_and(|readers| !readers.is_empty()) {
            words.extend(["--output".to_owned(), "{\"stdout\":\"out\",\"exit_code\":0}".to_owned()]);
        }
        words
    }

    /// How often this was done, as the outside has it.
    fn done(&self, wanted: &str) -> usize {
        let lines = self.lines("once").into_iter().filter(|line| line.split(' ').next() == Some(wanted)).count();
        let posts = self.server.posts.lock().expect("nobody panics");
        lines + posts.values().filter(|(step, _)| step == wanted).map(|(_, times)| times).sum::<usize>()
    }

    /// How often the journal knows that this was done.
    fn known(&self, wanted: &str) -> usize {
        let run = self.run().expect("a run");
        let path = self.folder.path().join(".phasegate/runs").join(run).join("journal.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let journal = rusqlite::Connection::open_with_flags(path, flags).expect("a journal");
        let like = |word: &str| format!("%\"event\":\"{word}\"%");
        let mut known = 0;
        let mut events = journal
            .prepare("SELECT json FROM events WHERE json LIKE ?1 OR json LIKE ?2 ORDER BY seq")
            .expect("a table of events");
        let rows = events.query_map([like("effect_requested"), like("effect_ended")], |row| row.get::<_, String>(0));
        let mut asked: BTreeMap<String, String> = BTreeMap::new();
        for row in rows.expect("rows") {
            let event: Json = serde_json::from_str(&row.expect("text")).expect("JSON");
            let key = event["key"].to_string();
            if event["event"] == "effect_requested" {
                asked.insert(key, event["effect"].to_string());
            } else if asked.get(&key).is_some_and(|effect| means(effect, wanted)) {
                known += 1;
            }
        }
        // What a person has called done is known as well.
        known + self.lines("answered").iter().filter(|line| *line == wanted).count()
    }

    /// Starts it and, when there is a moment, kills it then; true when it was still alive.
    fn killed(&self, words: &[String], at: Option<Duration>) -> bool {
        if words.first().is_some_and(|word| word == "resolve") && words[3] == "done" {
            return self.resolved(words, at);
        }
        self.started(words, at)
    }

    /// An answer that was durable is not given again, one that was not is.
    fn resolved(&self, words: &[String], at: Option<Duration>) -> bool {
        let resolutions = |place: &Self| place.events("resolved");
        let before = resolutions(self);
        let undo = self.status(&words[1])["in_doubt"][0]["undo"] == true;
        let killed = self.started(words, at);
        if resolutions(self) > before {
            let node = if words[2] == "on end.bye" { "bye" } else { words[2].as_str() };
            let name = if undo { format!("-{node}") } else { node.to_owned() };
            let mut answered = self.lines("answered");
            answered.push(name);
            fs::write(self.folder.path().join("answered"), format!("{}\n", answered.join("\n"))).expect("written");
        }
        killed
    }

    fn events(&self, kind: &str) -> i64 {
        let run = self.run().expect("a run");
        let path = self.folder.path().join(".phasegate/runs").join(run).join("journal.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let journal = rusqlite::Connection::open_with_flags(path, flags).expect("a journal");
        let pattern = format!("%\"event\":\"{kind}\"%");
        journal
            .query_row("SELECT count(*) FROM events WHERE json LIKE ?1", [pattern], |row| row.get(0))
            .expect("a number")
    }

    fn started(&self, words: &[String], at: Option<Duration>) -> bool {
        let mut child = self.command(words).spawn().expect("it can be started");
        let began = Instant::now();
        while at.is_none_or(|at| began.elapsed() < at) {
            if child.try_wait().expect("a child").is_some() {
                let output = child.wait_with_output().expect("its words");
                assert!(!said(&output).contains("panicked"), "{}", said(&output));
                assert!(matches!(output.status.code(), Some(0 | 3 | 6)), "{words:?}: {}", said(&output));
                return false;
            }
            assert!(began.elapsed() < LONGEST, "{words:?} hangs");
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        true
    }

    /// Nothing was lost, and nothing that may not be repeated was done twice.
    fn judge(&self) {
        let mut lines = self.lines("once");
        let posts = self.server.posts.lock().expect("nobody panics").clone();
        lines.extend(posts.values().flat_map(|(step, times)| std::iter::repeat_n(step.clone(), *times)));
        lines.sort();
        let mut expected = vec!["a.one", "a.post", "b.left out", "b.warm", "b.warm", "c.last", "bye"];
        if self.fails {
            expected.extend(["-a.one", "-a.post", "-b.left", "-b.right", "-b.warm", "-b.warm", "-c.last"]);
        }
        expected.sort_unstable();
        assert_eq!(lines, expected);
        let often = self.lines("often");
        assert!(["a.look", "b.right"].iter().all(|step| often.iter().any(|line| line == step)), "{often:?}");
        let weight = *self.server.weight.lock().expect("nobody panics");
        assert!((weight - if self.fails { 0.0 } else { 1.0 }).abs() < 1e-9, "weight {weight}");
        let status = self.status(&self.run().expect("a run"));
        assert_eq!(status["status"], if self.fails { "rolled_back" } else { "succeeded" });
    }
}

/// Whether a command that was handed this key is still running.
fn is_running(key: &str) -> bool {
    let wanted = format!("PHASEGATE_KEY={key}");
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    })
}

/// Whether an effect is what leaves `wanted` behind.
fn means(effect: &str, wanted: &str) -> bool {
    effect.contains(&format!("echo {wanted} "))
        || effect.contains(&format!("\\\"{wanted}\\\""))
        || effect.contains(&format!("\"{wanted}\""))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is a number, not `{value}`")))
}

/// Kept when a run went wrong, to be looked at.
fn keep(place: Place) -> PathBuf {
    place.folder.keep()
}

#[test]
fn killed_at_random_moments_nothing_is_lost_and_nothing_is_done_twice() {
    let wanted = number("PHASEGATE_KILLS").map_or(FEW, |kills| usize::try_from(kills).expect("not so many"));
    let seed = number("PHASEGATE_SEED").unwrap_or(0x9e37_79b9_7f4a_7c15);
    let mut chance = Chance(seed | 1);
    let (mut kills, mut runs) = (0, 0);
    let began = Instant::now();
    while kills < wanted {
        let seed = chance.0;
        let place = Place::new(runs % 2 == 1);
        let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let killed = place.live(&mut chance, (wanted - kills).min(12));
            place.judge();
            killed
        }));
        match lived {
            Ok(killed) => kills += killed,
            Err(_) => panic!("PHASEGATE_SEED={seed} shows it again; the run is in {}", display(&keep(place))),
        }
        runs += 1;
        if kills % 100 < 12 {
            eprintln!("{kills} kills, {runs} runs, {} s", began.elapsed().as_secs());
        }
    }
    eprintln!("{kills} kills in {runs} runs, {} s: nothing lost, nothing doubled", began.elapsed().as_secs());
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

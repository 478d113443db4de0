//! `pipelines/mobius.deploy` for real: the built program, two services, HAProxy between them and live clients.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use phasegate::demo::folder::hash_folder;
use phasegate::demo::listen::Listening;
use phasegate::demo::load::{Load, LoadGenerator, Tally};
use phasegate::demo::service::{Behaviour, DemoService};
use phasegate::demo::sink::Sink;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const PIPELINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines");

/// What a whole run may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_good_version_gets_all_of_the_traffic_until_an_emergency_and_no_request_is_lost() {
    let Some(site) = Site::start(Behaviour::GOOD).await else { return };
    let before = site.config_hash();
    let run = site.run("mobius", &["version=2.0.0", "monitor=4s"]).await;
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    assert_eq!(site.share_of_next().await, 100);
    assert_eq!(site.read("config/release.json"), "{ \"release\": \"2.0.0\" }\n");
    assert_ne!(site.config_hash(), before);
    let archive = site.only_archive("backups");
    let run = site.run("mobius_rollback", &[&format!("archive={}", archive.display())]).await;
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    assert_eq!(site.share_of_next().await, 0);
    assert_eq!(site.config_hash(), before);
    let served = site.next.served();
    let (notified, tally) = site.stop().await;
    assert_eq!((tally.lost, tally.errors), (0, 0), "{tally:?}");
    assert!(tally.by_canary > 100 && tally.by_stable > 100 && served >= tally.by_canary, "{tally:?}");
    assert!(notified.iter().any(|text| text.contains("2.0.0 is live in rehearsal")), "{notified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_failed_health_checks_take_weights_and_files_back() {
    let Some(site) = Site::start(Behaviour::GOOD).await else { return };
    let before = site.config_hash();
    let running = site.spawn("mobius", &["version=2.0.0", "monitor=60s"]);
    site.until_next_serves_all().await;
    assert_ne!(site.config_hash(), before, "the deployment has changed the configuration by now");
    site.next.fail_health_checks(1.0);
    let run = finish(running).await;
    assert_eq!(run.status.code(), Some(3), "{}", told(&run));
    assert!(told(&run).contains("3 health checks failed in a row"), "{}", told(&run));
    assert_eq!(site.share_of_next().await, 0);
    assert_eq!(site.config_hash(), before);
    let (notified, tally) = site.stop().await;
    assert_eq!((tally.lost, tally.errors), (0, 0), "{tally:?}");
    assert!(notified.iter().any(|text| text.contains("2.0.0 was taken back")), "{notified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_too_often_does_not_get_past_its_first_share() {
    let Some(site) = Site::start(Behaviour::BAD).await else { return };
    let before = site.config_hash();
    let run = site.run("mobius", &["version=2.0.0", "monitor=60s", "smoke_command=true"]).await;
    assert_eq!(run.status.code(), Some(3), "{}", told(&run));
    assert!(told(&run).contains("more than 5% of the requests fail"), "{}", told(&run));
    assert_eq!(site.share_of_next().await, 0);
    assert_eq!(site.config_hash(), before);
    let (_, tally) = site.stop().await;
    assert!(tally.by_stable > 4 * tally.by_canary, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_well_only_every_other_time_is_taken_back() {
    let Some(site) = Site::start(Behaviour::GOOD).await else { return };
    let before = site.config_hash();
    site.next.fail_health_checks(0.5);
    let run = site.run("mobius", &["version=2.0.0", "monitor=60s", "smoke_command=true"]).await;
    assert_eq!(run.status.code(), Some(3), "{}", told(&run));
    assert!(told(&run).contains("less than 70% of the health checks were well"), "{}", told(&run));
    assert_eq!(site.share_of_next().await, 0);
    assert_eq!(site.config_hash(), before);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_stays_slow_is_taken_back() {
    let slow = Behaviour { slow_share: 0.5, slow_by: Duration::from_millis(5500), ..Behaviour::GOOD };
    let Some(site) = Site::start(slow).await else { return };
    let before = site.config_hash();
    let run = site.run("mobius", &["version=2.0.0", "monitor=60s", "smoke_command=true"]).await;
    assert_eq!(run.status.code(), Some(3), "{}", told(&run));
    assert!(told(&run).contains("p95 latency stays above 5 seconds"), "{}", told(&run));
    assert_eq!(site.share_of_next().await, 0);
    assert_eq!(site.config_hash(), before);
    let (_, tally) = site.stop().await;
    assert_eq!((tally.lost, tally.errors), (0, 0), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_without_a_way_back_stops_the_rollout_before_anything_is_deployed() {
    let Some(site) = Site::start(Behaviour::GOOD).await else { return };
    site.write("config/migrations/002_drop_names.up.sql", "DROP TABLE names;\n");
    let before = site.config_hash();
    let run = site.run("mobius", &["version=2.0.0", "monitor=4s"]).await;
    assert_eq!(run.status.code(), Some(3), "{}", told(&run));
    assert!(told(&run).contains("`assessed.irreversible == 0` is false"), "{}", told(&run));
    assert_eq!(site.config_hash(), before);
    assert_eq!(site.share_of_next().await, 0);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_rollback_restores_a_verified_backup_and_keeps_what_was_there() {
    let Some(site) = Site::start(Behaviour::GOOD).await else { return };
    let before = site.config_hash();
    let premerge = site.run("mobius_premerge", &["version=2.0.0"]).await;
    assert_eq!(premerge.status.code(), Some(0), "{}", told(&premerge));
    assert!(site.read("premerge-report.md").contains("# Ready to merge: 2.0.0"));
    site.write("config/release.json", "{ \"release\": \"broken\" }\n");
    let archive = site.only_archive("backups/premerge");
    let run = site.run("mobius_rollback", &[&format!("archive={}", archive.display())]).await;
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    assert_eq!(site.config_hash(), before);
    site.only_archive("backups"); // what was there before

    let mut bytes = fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&archive, bytes).unwrap();
    site.write("config/release.json", "{ \"release\": \"3.0.0\" }\n");
    let run = site.run("mobius_rollback", &[&format!("archive={}", archive.display())]).await;
    assert_ne!(run.status.code(), Some(0), "{}", told(&run));
    assert_eq!(site.read("config/release.json"), "{ \"release\": \"3.0.0\" }\n");
    site.stop().await;
}

/// A place where MOBIUS runs: its configuration, the version that serves, the next one, and HAProxy before both.
struct Site {
    folder: tempfile::TempDir,
    current: DemoService,
    next: DemoService,
    router: Child,
    front: String,
    hooks: Listening,
    sink: Sink,
    load: LoadGenerator,
}

impl Site {
    /// None when HAProxy is not installed: the test is skipped, which fails in CI.
    async fn start(next: Behaviour) -> Option<Self> {
        if !haproxy_is_here() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        write_config(folder.path());
        let current = DemoService::start("stable", Behaviour::GOOD).await.unwrap();
        let next = DemoService::start("canary", next).await.unwrap();
        let port = free_port();
        let router = start_haproxy(folder.path(), port, [current.port(), next.port()]).await;
        let sink = Sink::default();
        let hooks = Listening::start(sink.routes(), 0).await.unwrap();
        let front = format!("http://127.0.0.1:{port}");
        let load = Load { requests_per_second: 100, at_once: 1000 };
        let load = LoadGenerator::start(client(), front.clone(), load);
        Some(Self { folder, current, next, router, front, hooks, sink, load })
    }

    fn spawn(&self, pipeline: &str, params: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        command.args(["run", &format!("{PIPELINES}/mobius.deploy:{pipeline}"), "--env", "rehearsal"]);
        for param in params {
            command.args(["--set", param]);
        }
        let hook = format!("{}/hook", self.hooks.url());
        command
            .current_dir(self.folder.path())
            .env("MOBIUS_API", &self.front)
            .env("MOBIUS_NEXT", self.next.url())
            .env("MOBIUS_ROUTER", self.folder.path().join("haproxy.sock"))
            .env("MOBIUS_SCRIPTS", format!("{PIPELINES}/mobius"))
            .env("MOBIUS_SLACK_WEBHOOK", &hook)
            .env("MOBIUS_MAIL_WEBHOOK", &hook)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }

    async fn run(&self, pipeline: &str, params: &[&str]) -> Output {
        finish(self.spawn(pipeline, params)).await
    }

    /// In percent, as HAProxy itself counts it.
    async fn share_of_next(&self) -> u32 {
        let state = ask_haproxy(&self.folder.path().join("haproxy.sock"), "show stat").await;
        let [current, next] = ["current", "next"].map(|server| column(&state, server, "weight"));
        100 * next / (current + next)
    }

    async fn until_next_serves_all(&self) {
        timeout(PATIENCE, async {
            while self.share_of_next().await < 100 {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .expect("the next version gets all of the traffic");
    }

    fn config_hash(&self) -> String {
        hash_folder(&self.folder.path().join("config")).unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.path().join(path), text).unwrap();
    }

    /// The one archive in a folder, which is asserted to be the only one.
    fn only_archive(&self, folder: &str) -> PathBuf {
        let entries = fs::read_dir(self.folder.path().join(folder)).unwrap();
        let archives: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
            .collect();
        assert_eq!(archives.len(), 1, "{archives:?}");
        archives[0].clone()
    }

    /// The texts of all notifications, and what the clients saw.
    async fn stop(mut self) -> (Vec<String>, Tally) {
        let tally = self.load.stop().await;
        self.router.kill().await.unwrap();
        self.hooks.stop().await;
        self.current.stop().await;
        self.next.stop().await;
        (self.sink.texts(), tally)
    }
}

async fn finish(running: Child) -> Output {
    timeout(PATIENCE, running.wait_with_output()).await.expect("the run ends in time").unwrap()
}

fn told(run: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr))
}

fn haproxy_is_here() -> bool {
    let here = std::process::Command::new("haproxy").arg("-v").stdout(Stdio::null()).status().is_ok();
    if !here {
        // Not by a macro: the words of a passing test would be kept back.
        let _ = writeln!(std::io::stderr(), "SKIPPED: haproxy is not installed (Debian: apt-get install haproxy)");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "haproxy has to be there in CI");
    }
    here
}

fn write_config(folder: &Path) {
    let config = folder.join("config");
    fs::create_dir_all(config.join("migrations")).unwrap();
    fs::write(config.join("release.json"), "{ \"release\": \"1.9.3\" }\n").unwrap();
    fs::write(config.join("history.log"), "1.9.2\n1.9.3\n").unwrap();
    fs::write(config.join("model.bin"), (0..=255).collect::<Vec<u8>>()).unwrap();
    fs::write(config.join("migrations/001_names.up.sql"), "CREATE TABLE names (name TEXT);\n").unwrap();
    fs::write(config.join("migrations/001_names.down.sql"), "DROP TABLE names;\n").unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn start_haproxy(folder: &Path, port: u16, [current, next]: [u16; 2]) -> Child {
    let socket = folder.join("haproxy.sock");
    let text = format!(
        "global\n  stats socket {} level admin\n\
         defaults\n  mode http\n  timeout connect 2s\n  timeout client 20s\n  timeout server 20s\n\
         frontend front\n  bind 127.0.0.1:{port}\n  default_backend mobius\n\
         backend mobius\n  balance roundrobin\n  server current 127.0.0.1:{current} weight 256\n  \
         server next 127.0.0.1:{next} weight 0\n",
        socket.display()
    );
    fs::write(folder.join("haproxy.cfg"), text).unwrap();
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg")).stdin(Stdio::null()).kill_on_drop(true);
    let router = command.stdout(Stdio::null()).spawn().unwrap();
    timeout(Duration::from_secs(10), async {
        while UnixStream::connect(&socket).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("haproxy opens its socket");
    router
}

async fn ask_haproxy(socket: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// A number from HAProxy's `show stat`: CSV whose first line, after `# `, names the columns.
fn column(csv: &str, server: &str, name: &str) -> u32 {
    let mut lines = csv.lines();
    let names = lines.next().unwrap().trim_start_matches("# ");
    let index = names.split(',').position(|column| column == name).unwrap();
    let row = lines.find(|line| line.starts_with(&format!("mobius,{server},"))).unwrap();
    row.split(',').nth(index).unwrap().parse().unwrap()
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap()
}

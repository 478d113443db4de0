//! A program of any size for the benchmarks: many files in the proportions of real ones, the same text every time.
//!
//! `main.deploy` imports from every service file, and every service file from `shared.deploy`, so that checking
//! `main.deploy` checks everything. The program is without a fault: what is measured is the ordinary case.

use std::fmt::Write;

/// About so many lines stand in one service file.
const LINES_PER_FILE: usize = 500;

/// A file with its path.
#[derive(Debug, Clone)]
pub struct Generated {
    pub path: String,
    pub text: String,
}

/// The files of a program of about `lines` lines, `main.deploy` first.
pub fn program(lines: usize) -> Vec<Generated> {
    let mut made = Maker { services: 0, seed: 0x2545_F491_4F6C_DD1D };
    let mut files = Vec::new();
    let mut left = lines.saturating_sub(SHARED.lines().count());
    // A file that is much smaller would use nothing of what it imports.
    while left > 0 && (files.is_empty() || left > LINES_PER_FILE / 2) {
        let wanted = left.min(LINES_PER_FILE);
        let file = made.file(files.len(), wanted);
        // Two lines of the main file belong to it.
        left = left.saturating_sub(file.text.lines().count() + 4);
        files.push(file);
    }
    let shared = Generated { path: "shared.deploy".to_owned(), text: SHARED.to_owned() };
    [main_file(files.len()), shared].into_iter().chain(files).collect()
}

/// How many lines the files have together.
pub fn line_count(files: &[Generated]) -> usize {
    files.iter().map(|file| file.text.lines().count()).sum()
}

/// `files` with one fault in each of the first `count` conditions: a duration that is compared with a number.
pub fn with_faults(files: &[Generated], count: usize) -> Vec<Generated> {
    let mut left = count;
    let faulty = |file: &Generated| {
        let mut text = String::with_capacity(file.text.len());
        for line in file.text.lines() {
            let right = ".p99 <= 900ms";
            if left > 0 && line.contains(right) {
                left -= 1;
                text.push_str(&line.replace(right, ".p99 <= 900"));
            } else {
                text.push_str(line);
            }
            text.push('\n');
        }
        Generated { path: file.path.clone(), text }
    };
    files.iter().map(faulty).collect()
}

const SHARED: &str = r#"// What every service of the shop shares: where it runs, whom it tells, and what "well" means.
use std.{backup, flags, notify}

/// Where the shop runs.
environment staging {
  api        = "http://127.0.0.1:8080",
  prometheus = "http://127.0.0.1:9090",
  soak       = 10m,
  replicas   = 2,
}

environment production {
  api        = "https://shop.example.com",
  prometheus = "https://prometheus.example.com",
  soak       = 24h,
  replicas   = 12,
}

channel oncall  = notify.slack(url: secret("ONCALL_WEBHOOK"))
channel release = notify.webhook(url: secret("RELEASE_WEBHOOK"))

/// What a load test reports.
type LoadTest = { p50: duration(ms), p95: duration(ms), p99: duration(ms), errors: ratio(%), note: string? }

/// Saves the configuration and switches a feature on.
component switched(feature: string, settings: map<string>) {
  step saved  = backup.create(["config/"], retain: 30d)
  step switch = flags.set(feature, settings)
}
"#;

fn main_file(services: usize) -> Generated {
    let mut text = String::from("// The whole shop, one service after the other.\n");
    for at in 0..services {
        writeln!(text, "use \"./services/s{at:03}.deploy\".{{roll_s{at:03}}}").expect("text grows");
    }
    text.push_str("\n/// Every service of the shop, one after the other.\npipeline everything {\n  timeout 90d\n");
    for at in 0..services {
        let after = at.checked_sub(1).map(|before| format!(" after roll{before}")).unwrap_or_default();
        writeln!(text, "  phase roll{at}{after} {{ run roll_s{at:03}(\"s{at:03}\") }}").expect("text grows");
    }
    text.push_str("}\n");
    Generated { path: "main.deploy".to_owned(), text }
}

struct Maker {
    services: usize,
    seed: u64,
}

impl Maker {
    /// A number below `bound`, from a xorshift generator.
    fn any(&mut self, bound: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from(self.seed % bound as u64).expect("below a usize")
    }

    fn file(&mut self, number: usize, lines: usize) -> Generated {
        let mut text = format!("// Service file {number}, owned by the team that runs it.\n");
        text.push_str("use std.{exec, flags, http, notify, shell, traffic}\n");
        text.push_str("use \"../shared.deploy\".{LoadTest, staging, production, oncall, release, switched}\n");
        text.push_str(&entry(number));
        while text.lines().count() + 20 < lines {
            let name = self.name();
            text.push_str(&self.fill(SERVICE, &name));
            if self.any(3) == 0 {
                text.push_str(&self.fill(SWITCH, &name));
            }
            if self.any(2) == 0 {
                text.push_str(&self.fill(TEST, &name));
            }
        }
        Generated { path: format!("services/s{number:03}.deploy"), text }
    }

    fn name(&mut self) -> String {
        const NAMES: [&str; 12] = [
            "catalog",
            "search",
            "checkout",
            "payment",
            "basket",
            "ranking",
            "shipping",
            "pricing",
            "inventory",
            "login",
            "mail",
            "reviews",
        ];
        self.services += 1;
        format!("{}_{}", NAMES[self.any(NAMES.len())], self.services)
    }

    /// A template with its name and numbers.
    fn fill(&mut self, template: &str, name: &str) -> String {
        let target = 20 + self.any(30);
        let filled = template.replace("NAME", name).replace("TARGET", &target.to_string());
        filled.replace("PORT", &(8000 + self.any(900)).to_string())
    }
}

/// What the main file imports.
fn entry(number: usize) -> String {
    format!(
        r#"
/// Reloads the servers of this file.
component roll_s{number:03}(group: string) {{
  step reload = shell("systemctl reload ${{group}}") effect reads timeout 5m retry 2 backoff 1s..30s
  wait 30s
}}
"#
    )
}

const SERVICE: &str = r#"
// ── NAME ───────────────────────────────────────────────────────────────

/// What NAME measures of itself.
metrics NAME from prometheus(env.prometheus) every 1m lag 15s {
  p50: duration(s)  = query("histogram_quantile(0.50, sum by (le) (rate(NAME_seconds_bucket{track=\"canary\"}[5m])))")
  p95: duration(s)  = query("histogram_quantile(0.95, sum by (le) (rate(NAME_seconds_bucket{track=\"canary\"}[5m])))")
  p99: duration(s)  = query("histogram_quantile(0.99, sum by (le) (rate(NAME_seconds_bucket{track=\"canary\"}[5m])))")
  /// Server errors among all answers.
  error_rate: ratio = query("sum(rate(NAME_errors_total{track=\"canary\"}[5m])) / sum(rate(NAME_total{track=\"canary\"}[5m]))")
  saturation: ratio = query("max(NAME_busy_workers{track=\"canary\"})")
  results: float    = query("avg(NAME_results{track=\"canary\"})")
  tail: float       = p99 / p95
}

/// NAME serves as it should.
threshold NAME_well {
  require NAME.p99 <= 900ms
  require NAME.error_rate <= 1%
  require NAME.saturation < 85% or NAME.results > 0
}

/// Shifts the traffic of NAME, step by step.
component NAME_shift(feature: string, settings: map<string>, settle: duration = 10m) {
  step enable = flags.set(feature, settings)
  ramp traffic.haproxy(socket: "/run/haproxy.sock", backend: "NAME", canary: "next") through 5%, 25%, 100% {
    hold settle every 1m {
      require NAME_well
      require NAME.results in TARGET +- 5 for 15m   else "results per request left the envelope"
      require NAME.p50 < 400ms and NAME.tail <= 3.5
    }
  }
  // The tail tells first.
  rollback when NAME.p99 > 2 * NAME.p95 for 10m         else "tail latency"
  rollback when mean(NAME.error_rate, 5m) > 2% for 3 samples after 5 samples
  rollback when cusum(NAME.results, target: TARGET, sigma: 2.5).alarm for 1h
}

/// Releases NAME: measure, shift, watch.
pipeline NAME_release {
  /// What is released.
  param version: version
  param baseline: path = "baselines/NAME.json"
  param concurrency: int = 4
  lock "NAME-${env.name}"
  timeout 20d

  let before: LoadTest = read.json(baseline)
  let allowed = before.p95 * 110%

  on start { notify.send(release, "NAME ${version} → ${env.name}: started by ${run.actor} as ${run.id}") }

  phase prepare "Prepare" {
    step ready = http.get("${env.api}/NAME/readyz") timeout 10s retry 3 backoff 1s..5s
    run switched("NAME_trace", { sample: "0.1", sink: "otel" })
  }

  phase load "Load test" after prepare {
    step now: LoadTest = shell("bin/load --json --target ${env.api}/NAME --users ${concurrency}") effect reads timeout 1h
    gate "no regression" {
      require now.p95 <= allowed
      require now.p99 / now.p95 <= 2.5
      require now.errors < 1%
      require (now.note ?? "none") != "aborted"
    }
  }

  phase shift "Shift the traffic" after load {
    run NAME_shift("NAME_v2", { margin: "0.12", probes: "96", mode: "fast" }, settle: env.soak)
  }

  phase regions "Every region" after shift for region in ["eu", "us", "ap"] max 2 at once {
    step apply = exec(["bin/apply", "--region", region, "--replicas", "${env.replicas}"]) timeout 15m undo exec(["bin/undo", region])
    parallel {
      step check_a = http.get("http://${region}.example.com:PORT/healthz") timeout 10s
      step check_b = shell("bin/probe ${region} NAME") effect reads timeout 2m
    }
    wait 1m
    hold 30m every 1m {
      require NAME.p95 < 600ms for 2m missing breach
      require NAME.error_rate < 0.5%
    }
  }

  phase confirm "Somebody looks" after regions {
    approve "NAME ${version} looks right" by "release" within 12h else rollback
    gate { require NAME.saturation < 80%  warn NAME.p50 < 300ms }
  }

  rollback when not NAME_well for 20m   else "not well for twenty minutes"

  on success  { notify.send(release, "NAME ${version} is live in ${env.name}") }
  on rollback { notify.send(oncall, "NAME ${version} rolled back: ${run.reason}") }
}

alert NAME_slow critical when NAME.p99 > 1500ms for 10m {
  summary "NAME answers slowly"
  runbook "https://runbooks.example.com/NAME"
  notify oncall, release
}

schedule NAME_nightly "0 2 * * *" run NAME_release(version: "1.0.0") in staging
"#;

const SWITCH: &str = r#"
killswitch NAME_basic {
  on  { flags.set("NAME_basic", { on: "true" }) }
  off { flags.unset("NAME_basic") }
}

sentinel NAME_watch every 5m {
  probe home = http.get("https://NAME.example.com/healthz") timeout 5s expect result.status == 200
  trip NAME_basic when failures(home) >= 3
  recover when failures(home) == 0 for 30m
}
"#;

const TEST: &str = r#"
test "NAME: a slow tail takes the release back" {
  run NAME_release(version: "1.2.3") in production
  given step load.now = { p50: 80, p95: 120, p99: 200, errors: 0.2, note: "fine" }
  given file "baselines/NAME.json" = { p50: 80, p95: 118, p99: 190, errors: 0.1 }
  given NAME.p50 = 80ms
  given NAME.p95 = 200ms
  given NAME.p99 = 250ms then 700ms at 26h
  given NAME.error_rate = 0.1%
  given NAME.saturation = 40%
  given NAME.results = TARGET
  given approval confirm at 100h by "ada"
  expect outcome rolled_back because NAME.p99
  expect never traffic > 25%
  expect undone shift.enable
}
"#;

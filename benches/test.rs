//! How long a thousand `test` blocks take, from text to verdicts; the figure to hold is two seconds on two cores.
//!
//! `cargo bench --bench test` prints the best of five: a rollout over three weights with a sample a minute for a day, and
//! one without metrics.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use phasegate::analysis::analyze;
use phasegate::base::source::Sources;
use phasegate::sim::given::Recordings;
use phasegate::sim::trial;
use phasegate::steps::registry;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

const ROUNDS: usize = 5;
const TESTS: usize = 1_000;
const LIMIT: Duration = Duration::from_secs(2);

const ROLLOUT: &str = r#"use std.{shell, traffic}

metrics m from prometheus("http://prom") every 1m {
  load: float = query("load")
  errors: ratio = query("errors")
}

/// A canary for a day.
pipeline rollout {
  phase install { step set = shell("set") timeout 1m undo shell("unset") }
  phase canary after install {
    ramp traffic.http("http://one") through 5%, 25%, 100% {
      hold 8h {
        require m.load < 10 for 10m
        require m.errors <= 1% for 5m
      }
    }
    rollback when m.load > 20 for 3 samples
  }
}
"#;

const PLAIN: &str = r#"use std.shell

/// Some steps.
pipeline rollout {
  phase install { step set = shell("set") timeout 1m undo shell("unset") }
  phase look after install { step now = shell("look") effect reads timeout 1m }
}
"#;

fn main() {
    println!("{:<34}{:>8}{:>14}{:>14}{:>12}", "program", "tests", "analysis", "tests", "samples");
    let watched = "  given m.load = 1 noise 0.1\n  given m.errors = 0.1%\n  expect always traffic <= 100%\n";
    let slowest = measure("a day at a sample a minute", ROLLOUT, watched).max(measure("without metrics", PLAIN, ""));
    assert!(slowest <= LIMIT, "{TESTS} tests take {slowest:?}, more than {LIMIT:?}");
}

/// The time of all tests and of reading them.
fn measure(name: &str, program: &str, given: &str) -> Duration {
    let mut source = program.to_owned();
    for number in 0..TESTS {
        write!(source, "\ntest \"number {number}\" {{\n  run rollout()\n{given}  expect outcome succeeded\n}}\n")
            .expect("text grows");
    }
    let real = registry();
    let mut best = (Duration::MAX, Duration::MAX);
    let mut samples = 0;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let mut sources = Sources::default();
        let mut load = |_: &str| Ok(source.as_bytes().to_vec());
        let analysis = analyze(&mut load, "many.deploy", &mut sources).expect("the loader answers");
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics.first());
        let read = begin.elapsed();
        let trials: Vec<_> = analysis
            .program
            .tests
            .par_iter()
            .map(|test| trial::run(&analysis.program, test, &real, &Recordings::new()))
            .collect();
        let all = begin.elapsed();
        assert!(trials.iter().all(|trial| trial.failures.is_empty()), "a test fails");
        samples = trials.iter().filter_map(|trial| trial.story.as_ref()).map(|story| story.count).sum();
        black_box(trials);
        if all < best.1 {
            best = (read, all);
        }
    }
    println!("{name:<34}{TESTS:>8}{:>14.1?}{:>14.1?}{samples:>12}", best.0, best.1 - best.0);
    best.1
}

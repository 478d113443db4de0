//! How long ten days of the search pipeline take in virtual time: one run, a thousand, and runs with more samples.
//!
//! `cargo bench --bench simulate` prints the best of twenty-five, so that a busy second of the machine does not count.
//! Twenty metrics go by chance, each sampled once a minute, from a frozen version to a calm week in production. The figures
//! to hold: 50 ms for one run, 30 s for a thousand on two cores, and as much time for each sample whatever the interval.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use phasegate::analysis::analyze;
use phasegate::base::source::Sources;
use phasegate::contract::registry::Registry;
use phasegate::plan::request::{PlanRequest, Surroundings};
use phasegate::sim::simulate::record::{Guards, Record};
use phasegate::sim::simulate::recordings::{Ending, Recordings};
use phasegate::sim::simulate::{Approvals, Setup, Wanted, World, prepare, wording};
use phasegate::steps::registry;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 25;
const RUNS: u64 = 1_000;
const ONE_RUN: Duration = Duration::from_millis(50);
const ALL_RUNS: Duration = Duration::from_secs(30);
/// Twice the samples may cost so much more than twice the time: caches are not linear.
const GROWTH: f64 = 1.5;

const FIELD: &str = "  recall_50: ratio             = query(\"avg(search_recall_50{track='canary'})\")\n";
const MORE_FIELDS: &str = "  cache_misses: ratio = query(\"misses\")
  queue: float = query(\"queue\")
  rerank: duration(s) = query(\"rerank\")
";
const TRIGGER: &str = "  notify release_room when canary.error_rate > 0.5% for 30m\n";
const MORE_TRIGGERS: &str = "  rollback when canary.cache_misses > 50% for env.sustained
  rollback when mean(canary.queue, 15m) > 100 for env.sustained
  rollback when search.p99 > 2s for env.sustained
  rollback when ewma(canary.rerank, half_life: 10m) > 1s for env.sustained
";

const MODEL: &str = r#"
given step bench.smoke = { ndcg_10: 0.66, recall_50: 0.9, p95: 110, p99: 190, span_coverage: 100 }
given step bench.now = { ndcg_10: 0.66, recall_50: 0.9, p95: 120, p99: 200, span_coverage: 100 }
given step bench.judged = { without_results: 0 }
given step calibration.features = { drift: 0.4 }
given step calibration.diagram = { error: 2% }
given step calibration.solved = { threshold: 0.62, results_per_query: 5.1 }
given step calibration.layer = { before: 3%, after: 1% }
given canary.requests = normal(900, 30)
given canary.error_rate = normal(0.2%, 0.02%)
given canary.p95 = normal(120ms, 4ms)
given canary.p99 = normal(200ms, 6ms)
given canary.results_per_query = normal(5, 0.2)
given canary.hard_negative_leakage = normal(0.1%, 0.02%)
given canary.recall_50 = normal(90%, 0.2%)
given canary.cache_misses = ar1(20%, 1%, keeps: 0.9)
given canary.queue = normal(20, 4) + season(5)
given canary.rerank = normal(300ms, 20ms)
given search.error_rate = normal(0.2%, 0.02%)
given search.qps = normal(3, 0.1)
given search.p99 = normal(200ms, 6ms)
given search.results_per_query = normal(5, 0.2)
given quality.anchor_p1 = normal(75.5%, 0.3%)
given quality.recall_50 = normal(90%, 0.2%)
given quality.ladder_positives = normal(80%, 0.3%)
given quality.lsif_coverage = normal(98%, 0.1%)
given quality.tree_sitter_coverage = normal(98%, 0.1%)
given quality.span_coverage = constant(100%)
"#;

fn main() {
    let real = registry();
    println!("{:<34}{:>10}{:>12}{:>14}{:>16}", "the search pipeline", "runs", "samples", "time", "for a sample");
    let minute = setup("1m");
    let one = best(|| drop(black_box(minute.run(0, World::Modelled, &real))));
    let samples = report("one run, a sample a minute", &minute, &real, one);
    let half = setup("2m");
    let fewer = best(|| drop(black_box(half.run(0, World::Modelled, &real))));
    let fewer_samples = report("one run, a sample every two minutes", &half, &real, fewer);
    let begin = Instant::now();
    let guards = Guards::of(&minute.plan);
    let run = |number| Record::of(&minute.run(number, World::Modelled, &real), number, &guards, None);
    let runs: Vec<Record> = (0..RUNS).into_par_iter().map(run).collect();
    let all = begin.elapsed();
    let succeeded = runs.iter().filter(|run| run.outcome == "succeeded").count();
    println!("{:<34}{RUNS:>10}{:>12}{all:>14.1?}   {succeeded} succeed", "a thousand runs", "");
    assert!(one <= ONE_RUN, "one run takes {one:?}, more than {ONE_RUN:?}");
    assert!(all <= ALL_RUNS, "{RUNS} runs take {all:?}, more than {ALL_RUNS:?}");
    let growth = (one.as_secs_f64() / samples as f64) / (fewer.as_secs_f64() / fewer_samples as f64);
    assert!(growth <= GROWTH, "a sample costs {growth:.2} times as much with twice as many of them");
}

fn best(mut run: impl FnMut()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        run();
        begin.elapsed()
    });
    rounds.min().unwrap_or_default()
}

fn report(name: &str, setup: &Setup, real: &Registry, time: Duration) -> usize {
    let story = setup.run(0, World::Modelled, real);
    assert_eq!(story.end.name(), "succeeded", "{name}");
    let fields: usize = setup.plan.groups.iter().map(|group| group.fields.len()).sum();
    assert_eq!(fields, 20, "the plan reads other metrics");
    let ran = story.end.at().since(setup.start());
    let ticks: usize = setup
        .plan
        .groups
        .iter()
        .map(|group| (ran.as_secs() / group.every.as_secs()) as usize * group.fields.len())
        .sum();
    println!("{name:<34}{:>10}{ticks:>12}{time:>14.1?}{:>14.0?}", 1, time / u32::try_from(ticks).unwrap_or(1));
    ticks
}

fn setup(every: &str) -> Setup {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let program = std::fs::read_to_string(folder.join("search.deploy")).expect("the program is there");
    let replaced = |text: String, from: &str, to: &str| {
        assert!(text.contains(from), "the program has changed: {from}");
        text.replacen(from, to, 1)
    };
    let program = replaced(program, FIELD, &format!("{FIELD}{MORE_FIELDS}"));
    let program = replaced(program, TRIGGER, &format!("{TRIGGER}{MORE_TRIGGERS}"));
    let program = program.replace("(env.prometheus) every 1m", &format!("(env.prometheus) every {every}"));
    let program = program.replace("(env.prometheus) every 5m", &format!("(env.prometheus) every {every}"));
    let (chances, rest) = wording::split(MODEL);
    let program =
        format!("{program}\ntest \"the model\" {{ run search_rollout(version: \"1.2.3\") in production\n{rest}\n}}\n");
    let mut sources = Sources::default();
    let mut read = |path: &str| {
        if path.ends_with("search.deploy") {
            Ok(program.clone().into_bytes())
        } else {
            std::fs::read(folder.join(path)).map_err(|error| error.to_string())
        }
    };
    let analysis = analyze(&mut read, "search.deploy", &mut sources).expect("the program is read");
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics.first());
    let given = analysis.program.tests.iter().find(|test| test.title == "the model").expect("it was appended");
    let params = IndexMap::from([("version".to_owned(), "1.2.3".to_owned())]);
    let request = PlanRequest {
        pipeline: Some("search_rollout"),
        environment: Some("production"),
        params: &params,
        sources: &sources,
    };
    let wanted = Wanted {
        given: Some(given),
        chances: &chances,
        recordings: Recordings::default(),
        files: &HashMap::new(),
        ending: Ending::Hold,
        start: None,
        approvals: Approvals::After(Duration::ZERO),
        seed: 1,
        shift_at: None,
    };
    prepare(&analysis.program, &request, wanted, &Baseline).unwrap_or_else(|complaints| panic!("{complaints:?}"))
}

/// The only file that the plan reads.
struct Baseline;

impl Surroundings for Baseline {
    fn read_file(&self, _: &str) -> Result<String, String> {
        Ok("{ \"ndcg_10\": 0.61, \"recall_50\": 0.9, \"p95\": 118 }".to_owned())
    }

    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

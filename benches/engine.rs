//! What a step costs beyond its effect: the engine alone, and with the journal on disk.
//!
//! `cargo bench --bench engine` takes 10,000 independent steps; `cargo bench --bench engine -- 1000` takes 1,000. Every
//! effect is answered at once, so that nothing but the program itself is measured.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use phasegate::adapters::clock::SystemClock;
use phasegate::adapters::journal::{Meta, SqliteJournal};
use phasegate::base::source::Sources;
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::Outcome;
use phasegate::engine::event::RunOutcome;
use phasegate::engine::turn::{Engine, Input, Request};
use phasegate::plan::program::Plan;
use phasegate::plan::request::{PlanRequest, Surroundings};
use phasegate::runtime::driver::{self, Ending, Equipment};
use phasegate::runtime::ports::{Errand, World};
use phasegate::session::interrupts;
use phasegate::session::views::View;
use phasegate::steps;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;

/// Steps side by side while the journal is written: so many share one sync.
const JOBS: u32 = 256;

fn main() {
    let steps = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000usize);
    let began = Instant::now();
    let plan = Arc::new(plan(steps));
    println!("{steps} independent steps, planned in {:.2} s; best of {ROUNDS} rounds\n", began.elapsed().as_secs_f64());
    let memory = best(|| in_memory(&plan));
    let journaled = best(|| journaled(&plan));
    let each = |took: Duration| took.as_secs_f64() * 1e6 / steps as f64;
    println!("{:<44} {:>10} {:>12}", "what", "us a step", "steps/s");
    for (what, took) in [("in memory", memory), ("with the journal on disk", journaled)] {
        println!("{what:<44} {:>10.1} {:>12.0}", each(took), steps as f64 / took.as_secs_f64());
    }
    println!("\nwanted: in memory at most 20 us a step; journaled at least 5,000 steps/s");
}

fn best(mut work: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| work()).min().unwrap_or_default()
}

struct Nothing;

impl Surroundings for Nothing {
    fn read_file(&self, _: &str) -> Result<String, String> {
        Err("there is no such file".to_owned())
    }

    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

fn plan(steps: usize) -> Plan {
    let mut source = "use std.exec\n\n/// For measuring.\npipeline p {\n".to_owned();
    for step in 0..steps {
        source.push_str(&format!("  phase p{step} {{ step exec([\"true\"]) effect reads timeout 1m }}\n"));
    }
    source.push_str("}\n");
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.clone().into_bytes());
    let analysis = phasegate::analysis::analyze(&mut load, "bench.deploy", &mut sources).expect("it loads");
    assert!(!analysis.has_errors(), "the program has no errors");
    let params = IndexMap::new();
    let request = PlanRequest { pipeline: None, environment: None, params: &params, sources: &sources };
    phasegate::plan::build(&analysis.program, &request, &Nothing).expect("it can be planned")
}

fn answer() -> Outcome {
    Outcome::Done(serde_json::json!({ "stdout": "", "stderr": "", "exit_code": 0, "stdout_cut": 0 }))
}

fn start() -> Input {
    Input::Start { run_id: "20250106-1000-p-0000".to_owned(), actor: "bench".to_owned(), jobs: JOBS }
}

fn in_memory(plan: &Plan) -> Duration {
    let registry = steps::registry();
    let began = Instant::now();
    let mut engine = Engine::new(plan, &registry);
    let now = Timestamp(1_736_157_600_000_000);
    let mut requests = VecDeque::from(engine.turn(start(), now).requests);
    while let Some(request) = requests.pop_front() {
        if let Request::Perform { key, .. } = request {
            requests.extend(engine.turn(Input::EffectEnded { key, outcome: answer() }, now).requests);
        }
    }
    assert_eq!(engine.state().outcome, Some(RunOutcome::Succeeded));
    began.elapsed()
}

/// Everything is done at once.
struct Willing;

impl World for Willing {
    fn perform(&self, _errand: Errand, _cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        async { answer() }.boxed()
    }

    fn look_for_secret(&self, _name: &str) -> Result<(), String> {
        Ok(())
    }

    fn look_for_program(&self, _name: &str) -> Result<(), String> {
        Ok(())
    }
}

fn journaled(plan: &Arc<Plan>) -> Duration {
    let folder = tempfile::tempdir_in(".").expect("a folder on this disk");
    let meta = Meta {
        run_id: "20250106-1000-p-0000".to_owned(),
        pipeline: plan.pipeline.clone(),
        environment: None,
        lock: None,
        actor: "bench".to_owned(),
        started_at: Timestamp(0),
        tool: "bench".to_owned(),
        jobs: JOBS,
        root: ".".to_owned(),
    };
    let journal = SqliteJournal::create(&folder.path().join("journal.db"), &meta, plan).expect("a journal");
    let registry = steps::registry();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let began = Instant::now();
    let mut engine = Engine::new(plan, &registry);
    let equipment = Equipment {
        plan: Arc::clone(plan),
        registry,
        clock: Arc::new(SystemClock::new()),
        world: Arc::new(Willing),
        journal: Box::new(journal),
        inbox: None,
        observer: View::Silent.observe(Arc::clone(plan)),
        interrupts: interrupts::none(),
        actor: "bench".to_owned(),
        leave_when_stuck: false,
    };
    let ending = runtime.block_on(driver::drive(&mut engine, equipment, vec![start()]));
    assert_eq!(ending, Ok(Ending::Ended(RunOutcome::Succeeded)));
    began.elapsed()
}

//! What a long run costs: folding and replaying its events, writing them, and taking the run up again.
//!
//! `cargo bench --bench journal` takes a million events, `cargo bench --bench journal -- 100000` so many. The disk's own rate of
//! syncs is measured in the same run, since everything durable hangs on it.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use phasegate::adapters::journal::{Meta, SqliteJournal};
use phasegate::base::number::Number;
use phasegate::base::source::Sources;
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::Outcome;
use phasegate::contract::samples::Samples;
use phasegate::contract::value::{Unit, Value};
use phasegate::engine::event::Recorded;
use phasegate::engine::replay::replay;
use phasegate::engine::snapshot::{self, Snapshot};
use phasegate::engine::state::State;
use phasegate::engine::turn::{Engine, Input};
use phasegate::plan::program::{GroupIndex, Plan};
use phasegate::plan::request::{PlanRequest, Surroundings};
use phasegate::runtime::ports::Journal;
use phasegate::sim::{Asked, Simulation, World};
use phasegate::steps;

const START: Timestamp = Timestamp(1_736_157_600_000_000);
/// Events that share a commit, as they do when a run is busy.
const GROUP: usize = 1_000;
const SYNCS: u32 = 200;

fn main() {
    let wanted = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000usize);
    let plan = plan(wanted);
    let began = Instant::now();
    let events = events(&plan);
    println!(
        "{} events of a hold that samples every 5 s, decided in {:.1} s",
        events.len(),
        began.elapsed().as_secs_f64()
    );
    let folder = tempfile::tempdir_in(".").expect("a folder on this disk");
    folding(&plan, &events);
    let path = folder.path().join("journal.db");
    writing(&plan, &events, &path);
    taking_up(&plan, &path);
    syncs(&plan, folder.path(), &events);
    println!("\nwanted: at least 100,000 events/s folded; taken up in less than 1 s");
}

fn told(what: &str, count: usize, took: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    println!("{what:<52} {:>9.2} s {rate:>12.0}/s", took.as_secs_f64());
}

fn folding(plan: &Plan, events: &[Recorded]) {
    let began = Instant::now();
    let mut state = State::new(plan);
    events.iter().for_each(|recorded| state.apply(plan, recorded));
    told("folded", events.len(), began.elapsed());
    let began = Instant::now();
    let replayed = replay(plan, &steps::registry(), &State::new(plan), events);
    assert_eq!(replayed.divergence, None);
    told("decided anew (`replay`)", events.len(), began.elapsed());
}

fn writing(plan: &Plan, events: &[Recorded], path: &Path) {
    let meta = Meta {
        run_id: "simulated".to_owned(),
        pipeline: plan.pipeline.clone(),
        environment: None,
        lock: None,
        actor: "bench".to_owned(),
        started_at: START,
        tool: "bench".to_owned(),
        jobs: 1,
        root: ".".to_owned(),
    };
    let began = Instant::now();
    let mut journal = SqliteJournal::create(path, &meta, plan).expect("a journal");
    let (mut state, mut last, mut keeping) = (State::new(plan), 0, Duration::ZERO);
    // The last group stays out of it, so that the run is not over.
    for group in events[..events.len() - events.len() % GROUP - 1].chunks(GROUP) {
        journal.append(&mut group.iter()).expect("it can be written");
        group.iter().for_each(|recorded| state.apply(plan, recorded));
        if snapshot::is_due(&state, last) {
            let kept = Instant::now();
            last = state.last_seq;
            journal.keep(&Snapshot::of(plan, &state).expect("a snapshot")).expect("it can be kept");
            keeping += kept.elapsed();
        }
    }
    told("folded, journaled in groups of 1,000, old samples dropped", events.len(), began.elapsed());
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    println!("{:<52} {:>9.2} s, journal {} MiB", "  of it snapshots", keeping.as_secs_f64(), size >> 20);
}

fn taking_up(plan: &Plan, path: &Path) {
    let began = Instant::now();
    let journal = SqliteJournal::open(path).expect("it can be opened");
    let past = journal.past(plan).expect("it can be read");
    let registry = steps::registry();
    let state = past.state(plan);
    let (seq, at) = (state.last_seq, state.last_at);
    let mut engine = Engine::restored(plan, &registry, state);
    engine.turn(Input::Recover, at);
    println!("{:<52} {:>9.3} s, at event {seq}", "taken up again", began.elapsed().as_secs_f64());
}

/// Single commits, and the disk's own syncs of as many bytes.
fn syncs(plan: &Plan, folder: &Path, events: &[Recorded]) {
    let mut file = File::create(folder.join("sync")).expect("a file");
    let began = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[7; 4_096]).and_then(|()| file.sync_data()).expect("it can be synced");
    }
    told("the disk's own syncs of 4 KiB", SYNCS as usize, began.elapsed());
    let meta: Meta = SqliteJournal::read(&folder.join("journal.db")).and_then(|journal| journal.meta()).expect("meta");
    let mut journal = SqliteJournal::create(&folder.join("single.db"), &meta, plan).expect("a journal");
    let began = Instant::now();
    for recorded in &events[..SYNCS as usize] {
        journal.append(&mut std::iter::once(recorded)).expect("it can be written");
    }
    told("commits of one event", SYNCS as usize, began.elapsed());
    let began = Instant::now();
    let (from, to) = (SYNCS as usize, (SYNCS as usize + 100 * GROUP).min(events.len()));
    for group in events[from..to].chunks(GROUP) {
        journal.append(&mut group.iter()).expect("it can be written");
    }
    told("events in commits of 1,000", to - from, began.elapsed());
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

fn plan(events: usize) -> Plan {
    let source = format!(
        "metrics m from http(\"http://127.0.0.1:1/\") every 5s {{ errors: ratio = json(\"errors\")  p95: float = json(\"p95\") }}\n\
         /// For measuring.\npipeline p {{\n  phase a {{ hold {}s {{ require mean(m.errors, 10m) <= 1% }} }}\n  \
         rollback when m.p95 > 9 for 10m\n}}\n",
        events * 5
    );
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.clone().into_bytes());
    let analysis = phasegate::analysis::analyze(&mut load, "bench.deploy", &mut sources).expect("it loads");
    assert!(!analysis.has_errors(), "the program has no errors");
    let params = IndexMap::new();
    let request = PlanRequest { pipeline: None, environment: None, params: &params, sources: &sources };
    phasegate::plan::build(&analysis.program, &request, &Nothing).expect("it can be planned")
}

struct Steady;

impl World for Steady {
    fn perform(&mut self, _: Asked<'_>) -> (Outcome, Duration) {
        (Outcome::failed("nothing is performed here"), Duration::ZERO)
    }

    fn sample(&mut self, plan: &Plan, group: GroupIndex, tick: Timestamp) -> Samples {
        let value = |unit| Ok(Value::Quantity(Number::from_f64((tick.0 % 7) as f64 / 1_000.0), unit));
        let unit = |query: &phasegate::contract::registry::FieldQuery| query.ty.unit().unwrap_or(Unit::One);
        plan.group(group).fields.iter().map(|query| (query.field.as_str(), value(unit(query)))).collect()
    }
}

fn events(plan: &Plan) -> Vec<Recorded> {
    let registry = steps::registry();
    let mut simulation = Simulation::start(plan, &registry, Steady, START);
    simulation.run_until(Timestamp(i64::MAX));
    simulation.into_parts().2
}

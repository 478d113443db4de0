//! Runs that go on for long: a snapshot is as good as all that came before it, and what is dropped is missed by nobody.

mod support;
#[path = "support/taken_up.rs"]
mod taken_up;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use phasegate::adapters::journal::{KEPT, Meta, SqliteJournal};
use phasegate::base::time::Timestamp;
use phasegate::engine::event::{Event, Recorded};
use phasegate::engine::replay::replay;
use phasegate::engine::snapshot::{self, Snapshot};
use phasegate::engine::state::State;
use phasegate::plan::program::Plan;
use phasegate::runtime::ports::{Journal, JournalError};
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use support::{START, Script, plan};
use taken_up::bytes;

/// Everything that looks back: windows, sums from the start of the block, a weighted mean, a comparison, a baseline.
const PROGRAM: &str = r#"
use std.{shell, traffic}
metrics m from http("http://127.0.0.1:1/") every 1m { errors: ratio = json("errors")  p95: float = json("p95")  old: float = json("old") }

/// For a test.
pipeline p {
  phase a { step one = shell("one") timeout 1m undo shell("un-one")
    ramp traffic.http("http://127.0.0.1:2/") through 5%, 100% {
      hold 4h every 7m { require mean(m.errors, 20m) <= 1% for 10m  require m.errors <= 50% }
    }
    approve "release manager" within 90m
  }
  phase b after a { step two = shell("two") effect reads timeout 1m retry 1 wait 2h }
  rollback when cusum(m.p95, target: 1, sigma: 0.37).up > 1e6
  rollback when ewma(m.p95, half_life: 11m) > 90 or percentile(m.p95, 95%, 30m) > 1000
  rollback when worse(m.p95, m.old, by: 300%) for 2 samples
  rollback when m.p95 > 900 * baseline(m.p95, 10m) for 3 samples
}"#;

fn wobble(field: &str, minute: f64) -> Option<f64> {
    let wave = (minute * 0.7133).sin() / 3.0;
    match field {
        "errors" => Some(0.002 + 0.001 * wave),
        _ if (minute as i64) % 41 == 7 => None,
        "old" => Some(1.0 + wave * 0.1),
        _ => Some(1.0 + wave),
    }
}

fn events(plan: &Plan) -> (Vec<Recorded>, State) {
    let registry = registry();
    let mut simulation = Simulation::start(plan, &registry, Script::new().metrics(wobble).fails("two", 1), START);
    let approve = phasegate::engine::turn::Command::Approve { node: None, groups: Vec::new() };
    simulation.command(START.plus(Duration::from_secs(500 * 60)), approve);
    simulation.run_until(START.plus(Duration::from_secs(86_400)));
    (simulation.events.clone(), simulation.state().clone())
}

fn folded(plan: &Plan, events: &[Recorded]) -> State {
    let mut state = State::new(plan);
    events.iter().for_each(|recorded| state.apply(plan, recorded));
    state
}

#[test]
fn a_run_taken_up_from_a_snapshot_at_any_event_is_the_same_as_from_all_events() {
    let plan = plan(PROGRAM);
    let (events, live) = events(&plan);
    assert!(live.outcome.is_some() && events.len() > 600, "{} events, {}", events.len(), live.reason);
    let whole = bytes(&plan, &folded(&plan, &events));
    assert_eq!(bytes(&plan, &live), whole, "what has decided is what its events make");
    // Every one when somebody has the time: `faults::snapshots` takes every one of the shorter runs.
    let every = if std::env::var("PHASEGATE_FAULTS").is_ok_and(|value| value == "all") { 1 } else { 37 };
    let sets_weight = |cut: usize| matches!(events.get(cut + 1).map(|next| &next.event), Some(Event::WeightSet { .. }));
    taken_up::compare("a long run", &plan, &events, |cut| cut % every == 0 || sets_weight(cut));
}

#[test]
fn a_snapshot_that_was_changed_is_none_and_never_panics() {
    let plan = plan(PROGRAM);
    let (events, _) = events(&plan);
    let good = bytes(&plan, &folded(&plan, &events[..events.len() / 2]));
    let rest = &events[events.len() / 2..events.len() / 2 + 20];
    let mut read = 0;
    for at in (0..good.len()).step_by(1 + good.len() / 150) {
        let mut altered = good.clone();
        altered[at] ^= 0x15;
        if let Some(mut state) = snapshot::read(&plan, &altered) {
            rest.iter().for_each(|recorded| state.apply(&plan, recorded));
            read += 1;
        }
    }
    // The journal's own check finds these; here it matters that nothing falls over.
    assert!(read < 400);
    assert!(snapshot::read(&plan, &good[..good.len() - 1]).is_none());
    let other = support::plan("use std.shell\n/// T.\npipeline p { phase a { step one = shell(\"one\") timeout 1m } }");
    assert!(snapshot::read(&other, &good).is_none(), "a snapshot of another plan");
}

fn meta() -> Meta {
    Meta {
        run_id: "simulated".to_owned(),
        pipeline: "p".to_owned(),
        environment: None,
        lock: None,
        actor: "simulation".to_owned(),
        started_at: START,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        jobs: 1,
        root: ".".to_owned(),
    }
}

/// Writes events as a run does, with a snapshot behind each `every` of them.
fn write(plan: &Plan, path: &Path, events: &[Recorded], every: usize) -> SqliteJournal {
    let mut journal = SqliteJournal::create(path, &meta(), plan).unwrap();
    let mut state = State::new(plan);
    for group in events.chunks(every) {
        journal.append(&mut group.iter()).unwrap();
        group.iter().for_each(|recorded| state.apply(plan, recorded));
        journal.keep(&Snapshot::of(plan, &state).unwrap()).unwrap();
    }
    journal
}

fn spoil(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn old_samples_are_dropped_the_rest_stays_and_the_run_is_taken_up_and_decided_anew() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(PROGRAM));
    let (events, _) = events(&plan);
    let path = folder.path().join("journal.db");
    let journal = write(&plan, &path, &events, 100);
    let whole = bytes(&plan, &folded(&plan, &events));
    let past = journal.past(&plan).unwrap();
    assert!(past.events.len() < 100, "{}", past.events.len());
    assert_eq!(bytes(&plan, &past.state(&plan)), whole);

    let past = journal.whole_past(&plan).unwrap();
    assert!(past.events.len() <= 100 * KEPT && past.base.last_seq > 300, "{}", past.base.last_seq);
    assert_eq!(bytes(&plan, &past.state(&plan)), whole);
    let kept: Vec<Recorded> = past.earlier.iter().chain(&past.events).cloned().collect();
    let is_look = |recorded: &&Recorded| matches!(recorded.event, Event::Sampled { .. } | Event::HoldJudged { .. });
    let all: Vec<&Recorded> = events.iter().filter(|recorded| !is_look(recorded)).collect();
    assert_eq!(kept.iter().filter(|recorded| !is_look(recorded)).collect::<Vec<_>>(), all, "every decision stays");
    assert!(past.earlier.iter().all(|recorded| !is_look(&recorded)));
    let replayed = replay(&plan, &registry(), &past.base, &past.events);
    assert_eq!((replayed.divergence, replayed.events), (None, past.events.len() as u64));
    assert!(journal.events_after(0).is_err(), "nobody takes what is left for all there was");
}

#[test]
fn a_damaged_snapshot_costs_time_and_nothing_else_while_an_older_one_or_all_events_are_there() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(PROGRAM));
    let (events, _) = events(&plan);
    let path = folder.path().join("journal.db");
    drop(write(&plan, &path, &events, 100));
    let whole = bytes(&plan, &folded(&plan, &events));
    let taken_up = |path: &Path| {
        let journal = SqliteJournal::open(path)?;
        journal.past(&plan).map(|past| (past.base.last_seq, bytes(&plan, &past.state(&plan))))
    };
    let newest = taken_up(&path).unwrap().0;
    spoil(&path, "UPDATE snapshots SET state = zeroblob(100) WHERE seq = (SELECT max(seq) FROM snapshots)");
    let (seq, state) = taken_up(&path).unwrap();
    assert!(seq < newest && seq > 0 && state == whole);
    spoil(&path, "UPDATE snapshots SET sha256 = 'x'");
    let error = taken_up(&path).unwrap_err();
    assert!(matches!(&error, JournalError::Damaged(what) if what.contains("none of the snapshots")), "{error}");

    // Without anything dropped all events are there to go by.
    let path = folder.path().join("young.db");
    drop(write(&plan, &path, &events[..150], 100));
    spoil(&path, "UPDATE snapshots SET state = x'00'");
    let (seq, state) = taken_up(&path).unwrap();
    assert_eq!((seq, state), (0, bytes(&plan, &folded(&plan, &events[..150]))));
    // A sample that is missing without having been dropped is found out.
    let path = folder.path().join("holed.db");
    let journal = write(&plan, &path, &events, 100);
    spoil(&path, "DELETE FROM events WHERE seq IN (SELECT seq FROM events ORDER BY seq LIMIT 1)");
    assert!(matches!(journal.whole_past(&plan), Err(JournalError::Damaged(_))));
}

#[test]
fn a_journal_of_the_form_without_snapshots_is_read_and_taken_up() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(PROGRAM));
    let (events, _) = events(&plan);
    let path = folder.path().join("journal.db");
    let mut journal = SqliteJournal::create(&path, &meta(), &plan).unwrap();
    journal.append(&mut events[..300].iter()).unwrap();
    drop(journal);
    spoil(&path, "DROP TABLE snapshots; PRAGMA user_version = 1;");
    assert_eq!(SqliteJournal::read(&path).unwrap().past(&plan).unwrap().events.len(), 300);
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.keep(&Snapshot::of(&plan, &folded(&plan, &events[..300])).unwrap()).unwrap();
    assert_eq!(journal.past(&plan).unwrap().base.last_seq, 300);
}

/// Not a test of its own: what the next one starts and kills.
#[test]
fn writes_until_it_is_killed() {
    let Ok(path) = std::env::var("PHASEGATE_TEST_JOURNAL") else { return };
    let plan = plan(PROGRAM);
    let (events, _) = events(&plan);
    drop(write(&plan, Path::new(&path), &events, 20));
    thread::sleep(Duration::from_secs(60));
}

#[test]
fn killed_while_it_writes_snapshots_and_drops_samples_nothing_is_lost() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), plan(PROGRAM));
    let (events, _) = events(&plan);
    let mut dropped = 0;
    for round in 0..8u64 {
        let path = folder.path().join(format!("{round}.db"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env("PHASEGATE_TEST_JOURNAL", &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        for _ in 0..6_000 {
            if size(&path.with_extension("db-wal")) + size(&path) > 60_000 {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        let journal = SqliteJournal::open(&path).unwrap();
        let past = journal.past(&plan).unwrap();
        let state = past.state(&plan);
        let count = usize::try_from(state.last_seq).unwrap();
        assert_eq!(
            bytes(&plan, &state),
            bytes(&plan, &folded(&plan, &events[..count])),
            "round {round}: {count} events"
        );
        let whole = journal.whole_past(&plan).unwrap();
        assert_eq!(bytes(&plan, &whole.state(&plan)), bytes(&plan, &state), "round {round}");
        dropped += usize::from(whole.base.started);
    }
    assert!(dropped > 0, "no round got as far as to drop samples");
}

#[test]
fn a_hold_of_days_keeps_state_and_journal_bounded() {
    let plan = plan(
        "use std.shell\nmetrics m from http(\"http://127.0.0.1:1/\") every 5s { errors: ratio = json(\"errors\") }\n\
         /// T.\npipeline p { phase a { hold 3d { require mean(m.errors, 10m) <= 1% } } }",
    );
    let registry = registry();
    let mut simulation = Simulation::start(&plan, &registry, Script::new().metrics(|_, _| Some(0.001)), START);
    simulation.run_until(START.plus(Duration::from_secs(4 * 86_400)));
    assert!(simulation.events.len() > 50_000, "{}", simulation.events.len());
    assert!(simulation.state().series.len() < 200, "{}", simulation.state().series.len());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = write(&plan, &path, &simulation.events, 5_000);
    let kept = journal.whole_past(&plan).unwrap();
    assert!(kept.events.len() + kept.earlier.len() <= 5_000 * KEPT + 100, "{}", kept.events.len());
    let latest = journal.past(&plan).unwrap();
    assert_eq!(latest.state(&plan).outcome, simulation.state().outcome);
    assert!(latest.base.last_at > Timestamp(START.0));
}

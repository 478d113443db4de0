//! Disks: journals cut at any byte and with turned bits, an empty one, a full disk under a real process.

use std::fs;
use std::path::Path;
use std::time::Instant;

use phasegate::adapters::journal::{Meta, SqliteJournal};
use phasegate::adapters::state::StateFolder;
use phasegate::engine::event::Recorded;
use phasegate::plan::program::Plan;
use phasegate::runtime::ports::{Journal, JournalError};

use super::cases::held;
use super::exhaustive;
use super::machine::{Bug, Case, run};

/// A journal as it lies on the disk, with its log that is not yet in the database.
struct OnDisk {
    database: Vec<u8>,
    log: Vec<u8>,
    events: Vec<Recorded>,
    meta: Meta,
    plan: Plan,
}

/// Writes the journal of a case, some events at a time; closed, it has no log.
fn on_disk(case: &Case, closed: bool) -> OnDisk {
    let folder = tempfile::tempdir().unwrap();
    let run_folder = StateFolder::at(folder.path()).create_run("p", phasegate::base::time::Timestamp(0)).unwrap();
    let meta = Meta {
        run_id: "r".to_owned(),
        pipeline: "p".to_owned(),
        environment: None,
        lock: None,
        actor: "ada@host".to_owned(),
        started_at: super::support::START,
        tool: "0.1.0".to_owned(),
        jobs: 100,
        root: ".".to_owned(),
    };
    let events = run(case, &[], Bug::None).journal;
    let mut journal = SqliteJournal::create(&run_folder.journal(), &meta, &case.plan).unwrap();
    for batch in events.chunks(5) {
        journal.append(&mut batch.iter()).unwrap();
    }
    let read = |name: &str| fs::read(run_folder.path().join(name)).unwrap_or_default();
    let open = (read("journal.db"), read("journal.db-wal"));
    drop(journal);
    let (database, log) = if closed { (read("journal.db"), Vec::new()) } else { open };
    OnDisk { database, log, events, meta, plan: case.plan.clone() }
}

/// What is read of these bytes. Whatever they are, there is an answer.
fn look(folder: &Path, database: &[u8], log: &[u8]) -> Result<(Meta, Plan, Vec<Recorded>), JournalError> {
    let path = folder.join("journal.db");
    for name in ["journal.db-wal", "journal.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::write(&path, database).unwrap();
    if !log.is_empty() {
        fs::write(folder.join("journal.db-wal"), log).unwrap();
    }
    let journal = SqliteJournal::open(&path)?;
    Ok((journal.meta()?, journal.plan()?, journal.events_after(0)?))
}

/// Either the beginning of what was written, or words. From each beginning a run ends as it would have: see `kills`.
fn judge(whole: &OnDisk, read: Result<(Meta, Plan, Vec<Recorded>), JournalError>, what: &str) -> Option<usize> {
    match read {
        Ok((meta, plan, events)) => {
            assert!(whole.events.starts_with(&events), "{what}: other events than were written");
            assert!(meta == whole.meta && plan == whole.plan, "{what}: another plan than was written");
            Some(events.len())
        }
        Err(error) => {
            assert!(error.to_string().contains("journal `"), "{what}: {error}");
            None
        }
    }
}

/// In memory, where there is such a place: hundreds of thousands of journals are looked at when somebody has the time.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let in_memory = if exhaustive() && memory.is_dir() { tempfile::tempdir_in(memory).ok() } else { None };
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn many(most: usize, few: usize) -> impl Iterator<Item = usize> {
    (0..most).step_by(if exhaustive() { 1 } else { (most / few).max(1) })
}

#[test]
fn a_journal_cut_at_any_byte_is_the_beginning_of_what_it_was_or_is_told() {
    let folder = scratch();
    let open = on_disk(&held(), false);
    let mut lengths = std::collections::BTreeSet::new();
    for cut in many(open.log.len(), 150) {
        let read = look(folder.path(), &open.database, &open.log[..cut]);
        lengths.extend(judge(&open, read, &format!("log cut at {cut}")));
    }
    assert!(lengths.len() > 5, "batches are lost one after the other: {lengths:?}");
    let closed = on_disk(&held(), true);
    for cut in many(closed.database.len(), 150) {
        judge(&closed, look(folder.path(), &closed.database[..cut], &[]), &format!("cut at {cut}"));
    }
    assert_eq!(judge(&closed, look(folder.path(), &closed.database, &[]), "whole"), Some(closed.events.len()));
}

#[test]
fn a_journal_with_a_turned_bit_is_told_and_never_believed() {
    let folder = scratch();
    let (closed, open) = (on_disk(&held(), true), on_disk(&held(), false));
    let (mut told, mut tried) = (0, 0);
    for at in many(closed.database.len(), 400) {
        let mut bytes = closed.database.clone();
        bytes[at] ^= 1 << (at % 8);
        tried += 1;
        told += usize::from(judge(&closed, look(folder.path(), &bytes, &[]), &format!("bit at {at}")).is_none());
    }
    assert!(told * 4 > tried, "only {told} of {tried} are told");
    for at in many(open.log.len(), 100) {
        let mut bytes = open.log.clone();
        bytes[at] ^= 1 << (at % 8);
        judge(&open, look(folder.path(), &open.database, &bytes), &format!("bit of the log at {at}"));
    }
}

#[test]
fn an_empty_file_is_no_journal_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"SQLite format 3\0", b"not a journal at all"] {
        let error = look(folder.path(), bytes, &[]).unwrap_err();
        assert!(matches!(error, JournalError::Damaged(_)), "{error:?}");
        assert!(error.to_string().contains("put back a copy of it, or begin a new run"), "{error}");
    }
}

/// A limit on the size of files is the disk that is full: the log of the journal cannot grow.
#[test]
#[cfg(unix)]
fn a_disk_that_is_full_leaves_the_run_with_words_and_it_goes_on_when_there_is_room() {
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let steps: String = (0..40)
        .map(|step| format!("step s{step} = shell(\"echo {step} >> effects\") idempotent timeout 30s\n"))
        .collect();
    let program = format!("use std.shell\n/// For a test.\npipeline p {{ phase a {{ {steps} }} }}\n");
    fs::write(folder.path().join("p.deploy"), program).unwrap();
    let binary = env!("CARGO_BIN_EXE_phasegate");
    let limited = format!("trap '' XFSZ; ulimit -f 120; exec '{binary}' run p.deploy");
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        command.current_dir(folder.path()).args(["-c", line]).env_remove("PHASEGATE_STATE").stdin(Stdio::null());
        command.output().unwrap()
    };
    let began = Instant::now();
    let full = shell(&limited);
    let text = format!("{}{}", String::from_utf8_lossy(&full.stdout), String::from_utf8_lossy(&full.stderr));
    assert_eq!(full.status.code(), Some(6), "after {:?}: {text}", began.elapsed());
    assert!(text.contains("could not be written") && text.contains("put that right, then phasegate resume"), "{text}");
    let done = |text: &str| text.lines().count();
    let before = done(&fs::read_to_string(folder.path().join("effects")).unwrap());
    assert!((1..40).contains(&before), "{before} steps were done");
    let resumed = shell(&format!("exec '{binary}' resume"));
    let text = format!("{}{}", String::from_utf8_lossy(&resumed.stdout), String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(resumed.status.code(), Some(0), "{text}");
    let effects = fs::read_to_string(folder.path().join("effects")).unwrap();
    let mut once: Vec<&str> = effects.lines().collect();
    once.dedup();
    assert_eq!(once, (0..40).map(|step| step.to_string()).collect::<Vec<_>>());
    assert!(effects.lines().count() <= 41, "only what was under way was done again: {effects}");
}

//! Journals, locks and inboxes on a real disk: what survives, what is refused, and in which words.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use indexmap::IndexMap;
use phasegate::adapters::inbox::{self, FolderInbox, Sent};
use phasegate::adapters::journal::{Meta, SqliteJournal};
use phasegate::adapters::locks;
use phasegate::adapters::state::{RunFolder, StateFolder};
use phasegate::base::time::Timestamp;
use phasegate::engine::event::{Event, Recorded, RunOutcome};
use phasegate::plan::program::{Block, BlockIndex, Inputs, PLAN_VERSION, Plan};
use phasegate::runtime::ports::{Answer, Inbox, Journal, JournalError, Letter};

fn plan() -> Plan {
    Plan {
        version: PLAN_VERSION,
        fingerprint: "f".to_owned(),
        inputs: Inputs {
            program: IndexMap::new(),
            environment: None,
            params: IndexMap::new(),
            files: IndexMap::new(),
            variables: IndexMap::new(),
        },
        pipeline: "p".to_owned(),
        doc: None,
        environment: None,
        params: IndexMap::new(),
        lock: None,
        timeout: None,
        freezes: Vec::new(),
        groups: Vec::new(),
        channels: IndexMap::new(),
        rubrics: IndexMap::new(),
        phases: Vec::new(),
        nodes: Vec::new(),
        blocks: vec![Block::default()],
        scope: BlockIndex(0),
        secrets: Vec::new(),
    }
}

fn meta(run: &RunFolder) -> Meta {
    Meta {
        run_id: run.id().to_owned(),
        pipeline: "p".to_owned(),
        environment: None,
        lock: None,
        actor: "ada@host".to_owned(),
        started_at: Timestamp(1),
        tool: "0.1.0".to_owned(),
        jobs: 16,
        root: ".".to_owned(),
    }
}

fn new_run(state: &StateFolder) -> (RunFolder, SqliteJournal) {
    let run = state.create_run("p", Timestamp(0)).unwrap();
    let journal = SqliteJournal::create(&run.journal(), &meta(&run), &plan()).unwrap();
    (run, journal)
}

fn started(seq: u64) -> Recorded {
    let event = Event::RunStarted { run_id: "r".to_owned(), actor: "ada@host".to_owned(), jobs: 16 };
    Recorded { seq, at: Timestamp(i64::try_from(seq).unwrap()), event }
}

fn ended(seq: u64) -> Recorded {
    let event = Event::RunEnded {
        outcome: RunOutcome::Succeeded,
        reason: String::new(),
        because: Vec::new(),
        still_changed: Vec::new(),
    };
    Recorded { seq, at: Timestamp(i64::try_from(seq).unwrap()), event }
}

fn append(journal: &mut SqliteJournal, events: &[Recorded]) -> Result<(), JournalError> {
    journal.append(&mut events.iter())
}

#[test]
fn what_was_appended_is_read_back_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut journal) = new_run(&StateFolder::at(folder.path()));
    append(&mut journal, &[started(1), ended(2)]).unwrap();
    let read = SqliteJournal::read(&run.journal()).unwrap();
    assert_eq!(read.events_after(0).unwrap(), vec![started(1), ended(2)]);
    assert_eq!(read.events_after(1).unwrap(), vec![ended(2)]);
    assert_eq!(read.meta().unwrap(), meta(&run));
    assert_eq!(read.plan().unwrap(), plan());
    assert_eq!(read.ending().unwrap(), Some(ended(2)));
    assert_eq!(read.last_at().unwrap(), Some(Timestamp(2)));
}

#[test]
fn an_append_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut journal) = new_run(&StateFolder::at(folder.path()));
    append(&mut journal, &[started(1)]).unwrap();
    append(&mut journal, &[ended(2), started(1)]).unwrap_err();
    append(&mut journal, &[ended(2)]).unwrap();
    drop(journal);
    assert_eq!(SqliteJournal::open(&run.journal()).unwrap().events_after(0).unwrap().len(), 2);
}

#[test]
fn a_run_that_is_rolled_back_after_its_end_is_not_over() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut journal) = new_run(&StateFolder::at(folder.path()));
    let rollback = Recorded { seq: 3, at: Timestamp(3), event: Event::RollbackStarted { reason: "r".to_owned() } };
    append(&mut journal, &[started(1), ended(2), rollback]).unwrap();
    assert_eq!(journal.ending().unwrap(), None);
}

#[test]
fn a_journal_of_a_later_version_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (run, journal) = new_run(&StateFolder::at(folder.path()));
    drop(journal);
    let connection = rusqlite::Connection::open(run.journal()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(run.journal()).unwrap();
    let error = SqliteJournal::open(&run.journal()).unwrap_err();
    assert!(matches!(error, JournalError::Newer(_)), "{error:?}");
    assert!(error.to_string().contains("later version of Phasegate (format 99"), "{error}");
    assert_eq!(fs::read(run.journal()).unwrap(), before);
}

#[test]
fn a_damaged_journal_is_told_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut journal) = new_run(&StateFolder::at(folder.path()));
    append(&mut journal, &(1..500).map(started).collect::<Vec<_>>()).unwrap();
    drop(journal);
    let whole = fs::read(run.journal()).unwrap();
    let look = |bytes: &[u8]| {
        fs::write(run.journal(), bytes).unwrap();
        let _ = fs::remove_file(run.path().join("journal.db-wal"));
        SqliteJournal::open(&run.journal()).and_then(|journal| journal.events_after(0))
    };
    assert_eq!(look(&whole).unwrap().len(), 499);
    for (start, end) in [(0, 100), (90, 120), (4096, 8192), (whole.len() / 2, whole.len() / 2 + 4096)] {
        let mut bytes = whole.clone();
        bytes[start..end].fill(0xa5);
        let error = look(&bytes).unwrap_err();
        assert!(matches!(error, JournalError::Damaged(_)), "{start}: {error:?}");
    }
    for size in [0, 1, 99, 4096, whole.len() / 2] {
        look(&whole[..size]).unwrap_err();
    }
}

#[test]
fn an_event_that_is_missing_or_unreadable_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut journal) = new_run(&StateFolder::at(folder.path()));
    append(&mut journal, &[started(1), started(2), started(3)]).unwrap();
    drop(journal);
    let spoil = |sql: &str| {
        rusqlite::Connection::open(run.journal()).unwrap().execute_batch(sql).unwrap();
        SqliteJournal::open(&run.journal()).and_then(|journal| journal.events_after(0)).unwrap_err().to_string()
    };
    assert!(spoil("UPDATE events SET json = '{}' WHERE seq = 3").contains("event 3 cannot be read"));
    assert!(spoil("DELETE FROM events WHERE seq = 2").contains("event 2 is missing"));
    assert!(spoil("DROP TABLE events").contains("is damaged"));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let (run, journal) = new_run(&StateFolder::at(folder.path()));
    drop(journal);
    let missing = run.path().join("nowhere/journal.db");
    let error = SqliteJournal::create(&missing, &meta(&run), &plan()).unwrap_err();
    assert!(matches!(error, JournalError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains("could not be created"), "{error}");
}

#[test]
fn two_runs_of_one_lock_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::at(folder.path());
    let (first, mut first_journal) = new_run(&state);
    let (second, mut second_journal) = new_run(&state);
    append(&mut first_journal, &[started(1)]).unwrap();
    assert_eq!(locks::acquire(&state, "search-prod", &first), Ok(None));
    assert_eq!(locks::acquire(&state, "search-prod", &first), Ok(None), "taking one's own lock again is well");
    let holder = locks::acquire(&state, "search-prod", &second).unwrap().unwrap();
    assert_eq!(holder.run, first);
    assert_eq!(locks::acquire(&state, "search prod", &second), Ok(None), "another name is another lock");

    append(&mut first_journal, &[ended(2)]).unwrap();
    assert_eq!(locks::holder(&state, "search-prod"), Ok(None), "a run that is over holds nothing");
    assert_eq!(locks::acquire(&state, "search-prod", &second), Ok(None));
    append(&mut second_journal, &[started(1)]).unwrap();
    assert_eq!(locks::acquire(&state, "search-prod", &first).unwrap().unwrap().run, second);
}

#[test]
fn a_lock_whose_run_is_gone_or_never_began_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::at(folder.path());
    let (first, journal) = new_run(&state);
    let (second, _journal) = new_run(&state);
    assert_eq!(locks::acquire(&state, "l", &first), Ok(None));
    assert_eq!(locks::acquire(&state, "l", &second), Ok(None), "it never began");
    drop(journal);
    assert_eq!(locks::acquire(&state, "l", &first), Ok(None));
    fs::remove_dir_all(first.path()).unwrap();
    assert_eq!(locks::acquire(&state, "l", &second), Ok(None), "it is gone");
}

#[test]
fn a_holder_whose_journal_cannot_be_read_keeps_its_lock() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::at(folder.path());
    let (first, _) = new_run(&state);
    let (second, _) = new_run(&state);
    assert_eq!(locks::acquire(&state, "l", &first), Ok(None));
    fs::write(first.journal(), "not a journal at all").unwrap();
    let holder = locks::acquire(&state, "l", &second).unwrap().unwrap();
    assert!(holder.unreadable.unwrap().contains("is damaged"));
}

#[test]
fn at_most_one_of_many_takes_a_lock() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::at(folder.path());
    let runs: Vec<RunFolder> = (0..8)
        .map(|_| {
            let (run, mut journal) = new_run(&state);
            append(&mut journal, &[started(1)]).unwrap();
            run
        })
        .collect();
    let takers: Vec<_> = runs
        .into_iter()
        .map(|run| {
            let state = state.clone();
            thread::spawn(move || locks::acquire(&state, "l", &run).unwrap().is_none())
        })
        .collect();
    assert_eq!(takers.into_iter().map(|taker| taker.join().unwrap()).filter(|took| *took).count(), 1);
}

fn letter() -> Letter {
    Letter {
        command: phasegate::engine::turn::Command::Pause,
        actor: "ada@host".to_owned(),
        reason: "lunch".to_owned(),
    }
}

#[test]
fn a_letter_is_collected_once_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _journal) = new_run(&StateFolder::at(folder.path()));
    let driving = run.drive().unwrap();
    let mut inbox = FolderInbox::open(&run);
    let sender = {
        let run = run.clone();
        thread::spawn(move || inbox::send(&run, &letter(), Duration::from_secs(10)))
    };
    let (name, received) = loop {
        if let Some(first) = inbox.collect().into_iter().next() {
            break first;
        }
        thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(received, letter());
    let answer = Answer { refusal: Some("it is over".to_owned()) };
    inbox.answer(&name, &answer);
    assert_eq!(inbox.collect(), Vec::new());
    assert_eq!(sender.join().unwrap(), Ok(Sent::Answered(answer)));
    assert_eq!(names(&run.inbox()), Vec::<String>::new(), "nothing is left behind");
    drop(driving);
}

#[test]
fn nobody_waits_for_a_process_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _journal) = new_run(&StateFolder::at(folder.path()));
    assert_eq!(inbox::send(&run, &letter(), Duration::from_secs(10)), Ok(Sent::NobodyThere));
    let driving = run.drive().unwrap();
    let sender = {
        let run = run.clone();
        thread::spawn(move || inbox::send(&run, &letter(), Duration::from_secs(10)))
    };
    while names(&run.inbox()).is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    drop(driving);
    assert_eq!(sender.join().unwrap(), Ok(Sent::NobodyThere));
    assert_eq!(names(&run.inbox()), Vec::<String>::new());
}

#[test]
fn what_is_no_letter_is_refused_and_a_new_driver_refuses_what_lay_there() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _journal) = new_run(&StateFolder::at(folder.path()));
    let _driving = run.drive().unwrap();
    let mut inbox = FolderInbox::open(&run);
    fs::write(run.inbox().join("1.letter"), "{ not json").unwrap();
    assert_eq!(inbox.collect(), Vec::new());
    assert!(fs::read_to_string(run.inbox().join("1.answer")).unwrap().contains("could not be understood"));
    fs::write(run.inbox().join("2.letter"), serde_json::to_vec(&letter()).unwrap()).unwrap();
    assert_eq!(FolderInbox::open(&run).collect(), Vec::new());
    assert!(fs::read_to_string(run.inbox().join("2.answer")).unwrap().contains("give the command again"));
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

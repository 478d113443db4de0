//! The wall clock jumps by hours between the process that was killed and the one that goes on.
//!
//! Nobody may set the clock of the machine for a test. All that one process hands to the next are the times in its journal, so
//! these are moved: hours ahead, and the clock has been set back since; hours behind, and it has been set forward.

use std::time::{Duration, Instant};

use super::place::Place;

const HOURS: i64 = 5 * 3_600 * 1_000_000;

/// Moves every moment in the journal; events of earlier versions have no sums, and these have none any more.
fn move_journal(place: &Place, by: i64) {
    let journal = rusqlite::Connection::open(place.journal()).unwrap();
    let mut select = journal.prepare("SELECT seq, at, json FROM events").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let rows: Vec<(i64, i64, String)> = rows.map(Result::unwrap).collect();
    for (seq, at, json) in rows {
        let moved = moved(&json, by);
        assert_ne!(moved, json, "every event has its moment");
        let sql = "UPDATE events SET at = ?2, json = ?3, sum = NULL WHERE seq = ?1";
        journal.execute(sql, (seq, at + by, moved)).unwrap();
    }
}

/// Numbers of sixteen digits are microseconds since 1970.
fn moved(json: &str, by: i64) -> String {
    let mut text = String::new();
    for piece in json.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
        let digits: String = piece.chars().take_while(char::is_ascii_digit).collect();
        match digits.parse::<i64>() {
            Ok(micros) if digits.len() == 16 => text.push_str(&format!("{}{}", micros + by, &piece[16..])),
            _ => text.push_str(piece),
        }
    }
    text
}

const PROGRAM: &str = r#"
use std.exec
@METRICS@
/// For a test.
pipeline p {
  phase a {
    step one = exec(["sh", "act.sh", "a.one"]) timeout 60s undo exec(["sh", "act.sh", "-a.one"])
    @WAITS@
    step two = exec(["sh", "act.sh", "a.two"]) timeout 60s undo exec(["sh", "act.sh", "-a.two"])
  }
}
"#;

/// Killed in the middle of what it waits for; the clock jumps; how it ends, and how long that takes.
fn jumped(waits: &str, by: i64) -> (String, Duration, Vec<String>) {
    let metrics = "metrics load from file(\"load.csv\") every 200ms { errors: ratio(%) = column(\"errors\") }";
    let metrics = if waits.contains("load") { metrics } else { "" };
    let place = Place::with(&PROGRAM.replace("@METRICS@", metrics).replace("@WAITS@", waits));
    place.write("load.csv", "errors\n0.5\n");
    place.killed_when_it_says(&["run", "p.deploy"], "a.one: done");
    move_journal(&place, by);
    let began = Instant::now();
    let outcome = place.go_on();
    (outcome, began.elapsed(), place.lines("once"))
}

#[test]
fn a_clock_that_was_set_back_by_hours_makes_nobody_wait_for_hours() {
    for waits in ["wait 1500ms", "hold 1500ms { require load.errors <= 1% }"] {
        let (outcome, took, once) = jumped(waits, HOURS);
        assert_eq!((outcome.as_str(), once), ("succeeded", vec!["a.one".to_owned(), "a.two".to_owned()]), "{waits}");
        assert!(took < Duration::from_secs(30), "{waits}: {took:?}");
    }
}

#[test]
fn a_clock_that_was_set_forward_by_hours_ends_what_waits_and_never_shortens_a_hold() {
    let (outcome, _, once) = jumped("wait 4h", -HOURS);
    assert_eq!((outcome.as_str(), once.len()), ("succeeded", 2), "a wait is over when its time has come");
    let (outcome, took, once) = jumped("hold 3s { require load.errors <= 1% }", -HOURS);
    assert_eq!((outcome.as_str(), once.len()), ("succeeded", 2));
    assert!(took >= Duration::from_millis(1_500), "a hold is held to its end: {took:?}");
    let (outcome, _, once) = jumped("approve \"go on?\" within 4h else rollback", -HOURS);
    assert_eq!(
        (outcome.as_str(), once),
        ("rolled_back", vec!["a.one".to_owned(), "-a.one".to_owned()]),
        "a deadline runs on"
    );
}

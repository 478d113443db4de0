//! `rollback RUN --to BACKUP`, killed at every write of the journal and at every change of a file.

use std::fs;

use super::place::{Place, is_killed, said};
use super::tracing::{Meddling, strace_works, traced};

const PROGRAM: &str = r#"
use std.exec
/// For a test.
pipeline p { phase a { step one = exec(["sh", "act.sh", "a.one"]) timeout 60s } }
"#;

/// Files by their names, in `config` alone.
type Files = Vec<(String, String)>;

fn files(place: &Place) -> Files {
    let mut found = Vec::new();
    let mut folders = vec![place.path("config")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(place.path("config")).unwrap().display().to_string();
                found.push((name, fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A run that is over, a backup of before, and files that have become others since.
fn changed() -> (Place, Files, Files) {
    let place = Place::with(PROGRAM);
    for name in ["a", "b", "deep/c", "deep/er/d"] {
        place.write(&format!("config/{name}"), &format!("old {name}"));
    }
    place.says(&["backup", "create", "config", "--id", "before"], 0);
    let old = files(&place);
    place.says(&["run", "p.deploy"], 0);
    place.write("config/a", "newer");
    place.write("config/deep/c", "newer too");
    fs::remove_dir_all(place.path("config/deep/er")).unwrap();
    place.write("config/mine", "mine");
    let new = files(&place);
    (place, old, new)
}

/// The files of a backup stand beside those that it does not know.
fn restored(old: &Files, new: &Files) -> Files {
    let mut files = old.clone();
    files.extend(new.iter().filter(|(name, _)| name == "mine").cloned());
    files.sort();
    files
}

fn restores_begun(place: &Place) -> Vec<String> {
    let journal = rusqlite::Connection::open(place.journal()).unwrap();
    let mut rows = journal
        .prepare("SELECT json_extract(json, '$.emergency') FROM events WHERE json_extract(json, '$.event') = 'restore_began'")
        .unwrap();
    let found: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    found
}

/// Nothing is torn, nothing is lost, and whoever looks is told.
fn judge((place, old, new): &(Place, Files, Files), what: &str) {
    let whole = |(name, text): &(String, String)| {
        [old, new].iter().any(|files| files.iter().any(|(other, content)| other == name && content == text))
    };
    assert!(files(place).iter().all(whole), "{what}: {:?}", files(place));
    let run = place.run();
    let status = place.status();
    assert_eq!(status["status"], "succeeded", "{what}: the run itself is over: {status:#}");
    let interrupted = !status["restores"].as_array().unwrap().is_empty();
    let shown = place.says(&["status", &run], 0);
    assert_eq!(shown.contains("interrupted: putting back `before`"), interrupted, "{what}: {shown}");
    if interrupted {
        assert!(shown.contains(&format!("finish it: phasegate rollback {run} --to before")), "{what}: {shown}");
        let refused = place.says(&["rollback", &run], 1);
        assert!(refused.contains("putting back `before` was interrupted"), "{what}: {refused}");
    } else {
        let all = [new.clone(), restored(old, new)];
        assert!(all.contains(&files(place)), "{what}: nobody is told, and the files are {:?}", files(place));
    }
    let told = place.says(&["rollback", &run, "--to", "before", "--reason", "once more"], 0);
    assert!(told.contains("restored 4 files from"), "{what}: {told}");
    assert_eq!(files(place), restored(old, new), "{what}");
    assert!(place.status()["restores"].as_array().unwrap().is_empty(), "{what}");
    // The first thing that was kept is how everything was.
    let kept = restores_begun(place).into_iter().find(|emergency| place.path(&format!("{emergency}.sha256")).exists());
    let kept = kept.expect("something was kept");
    if interrupted && restores_begun(place)[0] == kept {
        assert!(told.contains(&format!("was interrupted before; what was there before that is in `{kept}`")), "{told}");
    }
    if !interrupted || told.contains("was interrupted before") || restores_begun(place).len() == 1 {
        place.says(&["rollback", &run, "--to", &kept], 0);
        assert_eq!(files(place), *new, "{what}: all of it comes back");
    }
    place.says(&["replay", &run], 0);
}

fn killed_at_each(calls: &str, on_journal: bool) -> usize {
    for number in 1..400 {
        let there = changed();
        let (place, when) = (&there.0, number.to_string());
        let run = place.run();
        let meddling = Meddling { calls, how: "signal=SIGKILL", when: &when, on_journal };
        let output = traced(place, meddling, &["rollback", &run, "--to", "before"]);
        if !is_killed(&output) {
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            return number - 1;
        }
        judge(&there, &format!("killed at {calls} {number}"));
    }
    panic!("it is always killed");
}

#[test]
fn putting_back_a_backup_is_recorded_with_who_and_why() {
    let (place, old, new) = changed();
    let run = place.run();
    let told = place.says(&["rollback", &run, "--to", "before", "--reason", "bad models", "--actor", "grace"], 0);
    assert!(told.contains("restored 4 files from `.phasegate/backups/before.tar.zst`"), "{told}");
    assert_eq!(files(&place), restored(&old, &new));
    let journal = rusqlite::Connection::open(place.journal()).unwrap();
    let rows = "SELECT json FROM events ORDER BY seq DESC LIMIT 2";
    let mut last: Vec<String> =
        journal.prepare(rows).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    last.reverse();
    for piece in ["\"restore_began\"", "\"backup\":\"before\"", "\"actor\":\"grace\"", "\"reason\":\"bad models\""] {
        assert!(last[0].contains(piece), "{piece}: {}", last[0]);
    }
    assert!(last[1].contains("\"restore_ended\"") && last[1].contains("\"restored\":4"), "{}", last[1]);
    // The run took as long as it took, and comes out as it did.
    let status = place.status();
    assert!(status["took_s"].as_f64().unwrap() < 60.0 && status["status"] == "succeeded", "{status:#}");
    place.says(&["replay", &run], 0);
}

#[test]
fn a_backup_that_cannot_be_put_back_changes_nothing_and_is_no_interruption() {
    let (place, _, new) = changed();
    let run = place.run();
    place.write(".phasegate/backups/before.tar.zst", "half");
    let told = place.says(&["rollback", &run, "--to", "before"], 1);
    assert!(told.contains("was not restored") && told.contains("is damaged"), "{told}");
    assert_eq!(files(&place), new);
    assert!(place.status()["restores"].as_array().unwrap().is_empty());
}

#[test]
fn killed_at_any_write_while_a_backup_is_put_back_it_is_told_and_finished() {
    if !strace_works() {
        return;
    }
    let kills = killed_at_each("pwrite64,fsync,fdatasync", true);
    assert!(kills >= 6, "only {kills} kills at the journal");
    let calls = "rename,renameat,renameat2,link,linkat,mkdir,mkdirat,fchmod,utimensat";
    let kills = killed_at_each(calls, false);
    assert!(kills >= 8, "only {kills} kills at the files");
}

//! `strace` as an adversary: it kills a process at its n-th system call of a kind, or lets such calls fail.

use std::process::Output;

use super::place::Place;

/// None, said loudly, where it is not installed or may not trace.
pub fn strace_works() -> bool {
    let tried = std::process::Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let works = tried.is_ok_and(|output| output.status.success());
    if !works {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "strace must be installed in CI, and allowed to trace");
        eprintln!("\n*** SKIPPED: `strace` is not here: nothing was killed at an exact write ***\n");
    }
    works
}

/// Calls to meddle with, how (`signal=SIGKILL`, `error=ENOSPC`), and when (`3`, `3+`).
#[derive(Debug, Clone, Copy)]
pub struct Meddling<'m> {
    pub calls: &'m str,
    pub how: &'m str,
    pub when: &'m str,
    /// Only calls on the journal of the run.
    pub on_journal: bool,
}

pub fn traced(place: &Place, meddling: Meddling<'_>, words: &[&str]) -> Output {
    let Meddling { calls, how, when, on_journal } = meddling;
    let mut all = ["-f", "-qq", "-o", "/dev/null"].map(str::to_owned).to_vec();
    if on_journal {
        let journal = place.journal().display().to_string();
        all.extend(["-P".to_owned(), journal.clone(), "-P".to_owned(), format!("{journal}-wal")]);
    }
    all.extend([
        "-e".to_owned(),
        format!("trace={calls}"),
        "-e".to_owned(),
        format!("inject={calls}:{how}:when={when}"),
    ]);
    all.push(env!("CARGO_BIN_EXE_phasegate").to_owned());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    place.command("strace", &all).output().unwrap()
}

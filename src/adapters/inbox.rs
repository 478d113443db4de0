//! Commands between processes: a file in the run's inbox, and a file with the answer.
//!
//! Invariants: letters and answers appear whole or not at all; a letter is answered once what it did is durable; nobody
//! waits for an answer from a process that is gone.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::clock::SystemClock;
use super::state::{RunFolder, write_whole};
use crate::runtime::ports::{Answer, Clock, Inbox, Letter};

const LETTER: &str = "letter";
const ANSWER: &str = "answer";

/// Letters longer than this are no commands.
const LONGEST: u64 = 1 << 20;

/// How often the sender looks for its answer.
const GLANCE: Duration = Duration::from_millis(20);

/// The inbox of a run that this process drives.
#[derive(Debug)]
pub struct FolderInbox {
    folder: PathBuf,
    /// Collected and not answered yet.
    taken: HashSet<String>,
}

impl FolderInbox {
    /// The run's inbox. Letters to a driver that is gone are refused: whoever sent them may be gone too.
    #[must_use]
    pub fn open(run: &RunFolder) -> Self {
        let mut inbox = Self { folder: run.inbox(), taken: HashSet::new() };
        let refusal = "the process that drove the run was gone and another has taken over; give the command again";
        for (name, _) in inbox.collect() {
            inbox.answer(&name, &Answer { refusal: Some(refusal.to_owned()) });
        }
        inbox
    }
}

impl Inbox for FolderInbox {
    fn collect(&mut self) -> Vec<(String, Letter)> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter(|name| name.ends_with(LETTER) && !self.taken.contains(name)).collect();
        names.sort_unstable();
        let mut letters = Vec::new();
        for name in names {
            match read_letter(&self.folder.join(&name)) {
                Ok(letter) => {
                    self.taken.insert(name.clone());
                    letters.push((name, letter));
                }
                Err(problem) => self.answer(&name, &Answer { refusal: Some(problem) }),
            }
        }
        letters
    }

    fn answer(&mut self, name: &str, answer: &Answer) {
        let content = serde_json::to_vec(answer).unwrap_or_default();
        // Nothing better can be done about a failure here than to let the sender wait until it gives up.
        let _ = write_whole(&self.folder, &answer_name(name), &content);
        let _ = fs::remove_file(self.folder.join(name));
        self.taken.remove(name);
    }
}

/// What became of sending a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Answered(Answer),
    /// Nobody drives the run (any more); the letter was taken back.
    NobodyThere,
}

/// Sends a letter to whoever drives `run`, and waits for the answer.
///
/// # Errors
/// When it cannot be sent or no answer comes in `patience`, in words for people.
pub fn send(run: &RunFolder, letter: &Letter, patience: Duration) -> Result<Sent, String> {
    if run.driven_by().is_none() {
        return Ok(Sent::NobodyThere);
    }
    let folder = run.inbox();
    let name = letter_name();
    let content = serde_json::to_vec(letter).map_err(|error| format!("the command could not be written: {error}"))?;
    fs::create_dir_all(&folder)
        .and_then(|()| write_whole(&folder, &name, &content))
        .map_err(|error| format!("inbox `{}` cannot be written: {error}", folder.display()))?;
    let answer = await_answer(run, &name, patience);
    let _ = fs::remove_file(folder.join(answer_name(&name)));
    answer
}

fn await_answer(run: &RunFolder, name: &str, patience: Duration) -> Result<Sent, String> {
    let path = run.inbox().join(answer_name(name));
    let mut waited = Duration::ZERO;
    loop {
        // Asked before the answer is looked for: a driver answers before it goes.
        let driven = run.driven_by().is_some();
        if let Some(answer) = read_answer(&path) {
            return Ok(Sent::Answered(answer));
        }
        let retract = || fs::remove_file(run.inbox().join(name)).is_ok();
        if !driven && retract() {
            return Ok(Sent::NobodyThere);
        }
        if waited >= patience {
            retract();
            return Err(format!(
                "run `{}` did not answer for {} s; its process may hang: look at `phasegate status {}`",
                run.id(),
                patience.as_secs(),
                run.id()
            ));
        }
        thread::sleep(GLANCE);
        waited += GLANCE;
    }
}

fn read_letter(path: &Path) -> Result<Letter, String> {
    let size = fs::metadata(path).map_err(|error| format!("the command could not be read: {error}"))?.len();
    if size > LONGEST {
        return Err(format!("the command has {size} bytes, more than {LONGEST}"));
    }
    let content = fs::read(path).map_err(|error| format!("the command could not be read: {error}"))?;
    serde_json::from_slice(&content).map_err(|error| format!("the command could not be understood: {error}"))
}

fn read_answer(path: &Path) -> Option<Answer> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Sorts by time; unique by process and thread.
fn letter_name() -> String {
    let now = SystemClock::new().now().0;
    format!("{now:020}-{}-{:?}.{LETTER}", std::process::id(), thread::current().id()).replace(['(', ')'], "")
}

fn answer_name(letter: &str) -> String {
    format!("{}{ANSWER}", letter.trim_end_matches(LETTER))
}

//! What effects answer, as typed data: written by the adapters, read by steps, targets and sources.
//!
//! Invariant: one shape for each effect, stated here only; texts in it are free of secrets and bounded.

use std::time::Duration;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::effect::Outcome;

/// Of `Effect::RunProcess`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProcessAnswer {
    pub stdout: String,
    #[serde(default)]
    pub stderr: String,
    /// 128 and the signal's number for a process that a signal ended, as shells have it.
    pub exit_code: i64,
    /// How many bytes in the middle of `stdout` were too many to keep.
    #[serde(default)]
    pub stdout_cut: u64,
}

/// Of `Effect::HttpRequest`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HttpAnswer {
    pub status: u16,
    /// Names in lower case; several of one name are joined with a comma.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Null when `text` is no JSON.
    #[serde(default)]
    pub body: serde_json::Value,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub took_s: f64,
}

/// Of `Effect::Socket` and `Effect::ReadFile`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TextAnswer {
    pub text: String,
}

/// Of `Effect::ReadTail`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TailAnswer {
    pub first: String,
    pub last: Vec<String>,
}

/// Of `Effect::ScoreDocuments`, in the order that was asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScoresAnswer {
    pub documents: Vec<DocumentScore>,
}

/// What a document earned by a rubric.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DocumentScore {
    pub file: String,
    pub score: f64,
    pub passed: bool,
    /// The points of each tier, by its name.
    pub tiers: IndexMap<String, f64>,
    /// The criteria that it got less than the full points for.
    pub short_of: Vec<String>,
}

/// The answer of an effect that was done.
///
/// # Errors
/// With the failure's message, or when the answer has another shape.
pub fn read_answer<T: DeserializeOwned>(outcome: &Outcome) -> Result<T, String> {
    match outcome {
        Outcome::Failed(failure) => Err(failure.message.clone()),
        Outcome::Done(json) if !json.is_object() => Err("the answer is no record of fields".to_owned()),
        Outcome::Done(json) => {
            T::deserialize(json).map_err(|error| format!("the answer is not what this effect gives: {error}"))
        }
    }
}

impl ProcessAnswer {
    /// What is wrong, for a person: the exit code and the end of what the process said.
    #[must_use]
    pub fn complaint(&self) -> String {
        let code = self.exit_code;
        let ended = match code {
            127 => "ended with exit code 127 (command not found)".to_owned(),
            126 => "ended with exit code 126 (not executable)".to_owned(),
            129..=159 => format!("was ended by signal {} (exit code {code})", code - 128),
            _ => format!("ended with exit code {code}"),
        };
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        match end_of(said) {
            tail if tail.is_empty() => format!("{ended} and said nothing"),
            tail => format!("{ended}: {tail}"),
        }
    }
}

impl HttpAnswer {
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    #[must_use]
    pub fn took(&self) -> Duration {
        Duration::try_from_secs_f64(self.took_s).unwrap_or_default()
    }

    /// What came instead of the wanted answer, for a person: the status and the beginning of the text.
    #[must_use]
    pub fn complaint(&self) -> String {
        match start_of(&self.text) {
            start if start.is_empty() => format!("answered {} without a text", self.status),
            start => format!("answered {}: {start}", self.status),
        }
    }
}

const QUOTED_LETTERS: usize = 400;
const QUOTED_LINES: usize = 6;

/// The first words of a text from outside, on one line.
#[must_use]
pub fn start_of(text: &str) -> String {
    let line = text.split_whitespace().take(QUOTED_LETTERS).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED_LETTERS) {
        Some((cut, _)) => format!("{} …", line[..cut].trim_end()),
        None => line,
    }
}

/// The last lines of a text from outside.
fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().rev().take(QUOTED_LINES).collect();
    let lines: Vec<&str> = lines.into_iter().rev().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let text = lines.join("\n");
    let surplus = text.chars().count().saturating_sub(QUOTED_LETTERS);
    if surplus == 0 {
        return text;
    }
    format!("… {}", text.chars().skip(surplus).collect::<String>().trim_start())
}

#[cfg(test)]
mod tests {
    use super::{HttpAnswer, ProcessAnswer, end_of, read_answer, start_of};
    use crate::contract::effect::Outcome;

    #[test]
    fn a_done_effect_is_read_by_its_shape_and_a_failed_one_gives_its_message() {
        let outcome = Outcome::Done(serde_json::json!({ "stdout": "ok\n", "exit_code": 0 }));
        let answer: ProcessAnswer = read_answer(&outcome).unwrap();
        assert_eq!((answer.stdout.as_str(), answer.exit_code), ("ok\n", 0));
        assert_eq!(read_answer::<ProcessAnswer>(&Outcome::failed("no answer")), Err("no answer".to_owned()));
        let odd = read_answer::<HttpAnswer>(&Outcome::Done(serde_json::json!({ "status": "x" })));
        assert!(odd.unwrap_err().starts_with("the answer is not what this effect gives"));
        assert!(read_answer::<HttpAnswer>(&Outcome::Done(serde_json::json!([1]))).is_err());
    }

    #[test]
    fn a_complaint_quotes_the_end_of_stderr_or_else_of_stdout() {
        let answer = ProcessAnswer { stderr: "one\ntwo\n".into(), exit_code: 2, ..ProcessAnswer::default() };
        assert_eq!(answer.complaint(), "ended with exit code 2: one\ntwo");
        let answer = ProcessAnswer { stdout: "only here".into(), exit_code: 1, ..ProcessAnswer::default() };
        assert_eq!(answer.complaint(), "ended with exit code 1: only here");
        let answer = ProcessAnswer { exit_code: 137, ..ProcessAnswer::default() };
        assert_eq!(answer.complaint(), "was ended by signal 9 (exit code 137) and said nothing");
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let long = "ü".repeat(1000);
        assert_eq!(start_of(&long).chars().count(), 402);
        assert!(end_of(&long).starts_with("… ü"));
        assert_eq!(start_of("a\n  b"), "a b");
    }
}

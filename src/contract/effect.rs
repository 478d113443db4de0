//! Effects as data, and what comes of them.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::switch::{SwitchAct, SwitchName};
use super::value::Value;
use crate::base::number::Number;

/// Text that may hold secrets: pieces are joined where the effect is performed, never before.
pub type SealedText = Vec<TextPiece>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPiece {
    Plain(String),
    /// The content of this secret.
    Secret(String),
}

/// The sealed form of a text or secret value; other values are written as the language writes them.
#[must_use]
pub fn seal(value: &Value) -> SealedText {
    match value {
        Value::Secret(name) => vec![TextPiece::Secret(name.clone())],
        Value::Text(text) => vec![TextPiece::Plain(text.clone())],
        other => vec![TextPiece::Plain(other.to_string())],
    }
}

/// A sealed text for people: secrets by their names.
#[must_use]
pub fn describe_sealed(text: &SealedText) -> String {
    let pieces = text.iter().map(|piece| match piece {
        TextPiece::Plain(plain) => plain.clone(),
        TextPiece::Secret(name) => Value::Secret(name.clone()).to_string(),
    });
    pieces.collect()
}

/// Something to do to the world. Imperative; performed by the runtime only after its request is durable.
///
/// All effects but `RunProcess`, `HttpRequest` and `Socket` may be performed twice under the same key without harm; mail
/// then comes twice under one id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Effect {
    /// Answers `{ stdout, stderr, exit_code }`; the process gets its own group, which dies with a cancel.
    RunProcess {
        program: Program,
        cwd: String,
        /// Which execution this is, the same after a crash: the environment variable `PHASEGATE_KEY` of the process.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        key: String,
    },
    /// Answers `{ status, headers, body, text, took_s }` for every HTTP status; fails when there is no answer.
    HttpRequest {
        method: String,
        url: SealedText,
        headers: Vec<(String, SealedText)>,
        body: Option<Body>,
    },
    /// Sends one line to a Unix socket (or `host:port`) and answers `{ text }`, all it sends until it closes.
    Socket {
        address: String,
        line: String,
    },
    /// Opens a TCP connection and closes it. Answers `{ took_s }`; fails when it does not stand in time.
    Connect {
        host: String,
        port: u16,
        within: Duration,
    },
    /// Answers `{ files, missing }`: the files that the patterns mean, by name, and the patterns that mean none.
    FindFiles {
        patterns: Vec<String>,
    },
    /// Finds one of the backups in the folder `from`: `previous`, an id, an archive, a date or a time. Answers
    /// `{ id, archive, created, sha256 }`; fails when there is none.
    FindBackup {
        which: String,
        from: String,
    },
    /// Answers `{ text }`; fails when there is no such file.
    ReadFile {
        path: String,
    },
    /// Scores JSON documents by a rubric, where they lie: what they hold is kept nowhere. Answers `{ documents }`, in this
    /// order; fails when one cannot be read, naming it.
    ScoreDocuments {
        /// As the plan holds it.
        rubric: serde_json::Value,
        files: Vec<String>,
    },
    /// The last `lines` lines and the first one (a CSV header): `{ first, last: [..] }`.
    ReadTail {
        path: String,
        lines: usize,
    },
    /// Keeps what is at `path` (or that nothing is) under `slot` in the run's folder; a slot once filled stays.
    SaveCopy {
        path: String,
        slot: String,
    },
    /// Puts back what `slot` holds, byte for byte, or removes the file when nothing was there.
    RestoreCopy {
        path: String,
        slot: String,
    },
    /// Atomic: all of it or nothing.
    WriteFile {
        path: String,
        content: SealedText,
    },
    CopyFile {
        from: String,
        to: String,
    },
    /// Answers `{ id, archive, sha256, files, size }`.
    CreateBackup {
        id: String,
        source: Vec<String>,
        to: String,
        retain: Duration,
    },
    /// Checks every byte of an archive against its manifest. Answers `{ id, files, sha256 }`.
    VerifyBackup {
        archive: String,
    },
    /// Verifies, makes an emergency backup of what is there now under `emergency_id`, then restores below `target`.
    /// Answers `{ restored, emergency }` (number of files, archive of the emergency backup).
    RestoreBackup {
        archive: String,
        target: String,
        emergency_id: String,
        to: String,
    },
    /// Undoes a restore: puts back what its emergency backup holds and removes what was not there before it. A missing
    /// emergency backup means that nothing had been overwritten yet, and is a failure only when `required`.
    RevertRestore {
        emergency: String,
        target: String,
        required: bool,
    },
    /// Removes an archive with what belongs to it; nothing there is well.
    RemoveBackup {
        archive: String,
    },
    /// Writes a fingerprint of files. Answers `{ fingerprint, path, files }`.
    FreezeVersion {
        version: String,
        files: Vec<String>,
        to: String,
    },
    /// Removes a file that a step of this run made; nothing there is well.
    RemoveFile {
        path: String,
    },
    /// Sets (`Some`) or unsets (`None`) a flag in a flagd file. Answers `{ previous }`: the flag's JSON that was there or
    /// null. What was there is durable under `slot` before the file changes; a slot once filled stays.
    SetFlag {
        file: String,
        feature: String,
        settings: Option<IndexMap<String, String>>,
        slot: String,
    },
    /// Puts back the flag as `slot` holds it, else as `previous` says it was (null: it was not there); with neither,
    /// the flag was never touched and stays.
    RestoreFlag {
        file: String,
        feature: String,
        slot: String,
        previous: Option<serde_json::Value>,
    },
    /// Waits; for steps that poll.
    Pause {
        duration: Duration,
    },
    /// Keeps or answers how a kill switch stands.
    Switch {
        name: SwitchName,
        #[serde(flatten)]
        act: SwitchAct,
    },
    /// Hands a message to a mail relay, each recipient by itself, under an id made from the key of the effect. Answers
    /// `{ status, sent }`; fails when a recipient is refused.
    SendMail {
        /// `smtp://…` or `smtps://…`
        relay: SealedText,
        from: String,
        to: Vec<String>,
        subject: String,
        text: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// Run by the shell of the platform.
    Shell(SealedText),
    /// Run directly.
    Argv(Vec<SealedText>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    Json(serde_json::Value),
    Text(SealedText),
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done(serde_json::Value),
    Failed(Failure),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// For people: what, where, why; without secrets.
    pub message: String,
    /// Cancelled by the engine (timeout, a failure beside it, an operator) before it ended.
    #[serde(default)]
    pub cancelled: bool,
}

impl Outcome {
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Failure { message: message.into(), cancelled: false })
    }
}

/// One effect of a step's execution, asked for and, unless it is the last one, answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Act {
    pub effect: Effect,
    pub outcome: Option<Outcome>,
}

/// What a step has done so far in one execution. An undo sees the forward acts in `done` and its own in `acts`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Stable and unique for this execution: `run-id/node/3`. Also what slots and backup ids are made from.
    pub key: String,
    pub acts: Vec<Act>,
    /// Of an undo: what the forward execution did (empty going forward).
    pub done: Vec<Act>,
    /// Of an undo: what the forward execution gave as output, if it got so far.
    pub output: Option<Value>,
}

impl History {
    /// The outcome of act `index`, when it is there and ended.
    #[must_use]
    pub fn outcome(&self, index: usize) -> Option<&Outcome> {
        self.acts.get(index).and_then(|act| act.outcome.as_ref())
    }

    /// How many acts have ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.acts.iter().filter(|act| act.outcome.is_some()).count()
    }
}

/// What a step wants next, given its history.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    Perform(Effect),
    Finish(Verdict),
}

impl Reaction {
    /// The end of a step: passed with its output, or failed with a reason.
    #[must_use]
    pub fn finish(result: Result<Value, String>) -> Self {
        Self::Finish(match result {
            Ok(output) => Verdict::Passed(output),
            Err(reason) => Verdict::Failed(reason),
        })
    }

    /// The next effect, or the end when it cannot be formed.
    #[must_use]
    pub fn perform(effect: Result<Effect, String>) -> Self {
        match effect {
            Ok(effect) => Self::Perform(effect),
            Err(reason) => Self::finish(Err(reason)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// With the step's output as its signature declares it.
    Passed(Value),
    Failed(String),
}

/// A traffic weight: a fraction 0..1 of all requests.
pub type Weight = Number;

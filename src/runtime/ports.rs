//! What the driver of a run needs from the outside, as traits: a clock, a journal, a world, an inbox, and an observer.

use std::fmt;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome};
use crate::engine::event::{Direction, Recorded};
use crate::engine::snapshot::Snapshot;
use crate::engine::state::State;
use crate::engine::turn::Command;

/// The time, never earlier than it said before.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Where events become durable. Used by one thread at a time.
pub trait Journal: Send {
    /// Makes all of `events` durable, or none.
    ///
    /// # Errors
    /// When they are not; the journal then stands as it was.
    fn append(&mut self, events: &mut dyn Iterator<Item = &Recorded>) -> Result<(), JournalError>;

    /// Keeps a snapshot of what the events so far make, and may drop what it makes superfluous.
    ///
    /// # Errors
    /// When it is not kept; the journal is as good as before.
    fn keep(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        let _ = snapshot;
        Ok(())
    }
}

/// Why a journal could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// Made by a later version of the program; it was not touched.
    Newer(String),
    /// Not a journal any more.
    Damaged(String),
    /// Full disk, read-only folder, no permission, in use.
    Unavailable(String),
}

/// For people: what, where, why.
impl fmt::Display for JournalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(message) | Self::Damaged(message) | Self::Unavailable(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for JournalError {}

/// One effect to perform, with what the outside may know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Errand {
    /// The same each time this effect is performed, also after a crash: `run-id/12/forward/0`.
    pub key: String,
    pub effect: Effect,
    /// Where output is kept; none for samples, notices and looks ahead.
    pub output: Option<OutputName>,
}

/// The `count`-th execution of a node, in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutputName {
    pub node: String,
    pub count: u32,
    pub direction: Direction,
}

/// Performs effects. Never panics and always answers; a cancelled effect answers soon.
pub trait World: Send + Sync {
    fn perform(&self, errand: Errand, cancel: CancellationToken) -> BoxFuture<'static, Outcome>;

    /// Whether a secret of this name can be had, or why not.
    ///
    /// # Errors
    /// When it cannot, in words for people.
    fn look_for_secret(&self, name: &str) -> Result<(), String>;

    /// Whether a program of this name can be started, or why not.
    ///
    /// # Errors
    /// When it cannot, in words for people.
    fn look_for_program(&self, name: &str) -> Result<(), String>;
}

/// A command from another process, as it lies in the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    pub command: Command,
    pub actor: String,
    pub reason: String,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Why the command was not obeyed; none: it was, durably.
    pub refusal: Option<String>,
}

/// Commands from other processes.
pub trait Inbox: Send {
    /// The letters that have come, oldest first, each with the name to answer under; each letter once.
    fn collect(&mut self) -> Vec<(String, Letter)>;

    /// Answers a letter and takes it away.
    fn answer(&mut self, name: &str, answer: &Answer);
}

/// Is shown what is durable, in order. Must not block for long, and may never fail.
pub trait Observer: Send {
    /// An event is durable. `state` holds it, and perhaps what came after it.
    fn happened(&mut self, state: &State, recorded: &Recorded);

    /// Something to say that is no event: how to resume, why a command was refused.
    fn note(&mut self, text: &str);

    /// Called a few times a second, for what moves by itself.
    fn breathe(&mut self, state: &State, now: Timestamp);
}

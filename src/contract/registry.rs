//! The tables through which the engine knows steps, targets and sources without importing them.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::effect::{Effect, History, Outcome, Reaction, Weight};
use super::samples::Sample;
use super::types::Type;
use super::value::Value;
use crate::base::time::Timestamp;

/// Arguments by name, resolved, defaults filled in.
pub type Args = IndexMap<String, Value>;

/// The text of an argument.
///
/// # Errors
/// When it is missing or no text, which a checked program does not have.
pub fn text_argument<'a>(args: &'a Args, name: &str) -> Result<&'a str, String> {
    args.get(name).and_then(Value::as_text).ok_or_else(|| format!("argument `{name}` is missing or no text"))
}

/// The duration that an argument gives, if it does.
#[must_use]
pub fn duration_argument(args: &Args, name: &str) -> Option<Duration> {
    args.get(name).and_then(Value::as_duration)
}

/// A built-in step. `react` and `undo` are pure functions of arguments and history.
#[derive(Debug, Clone, Copy)]
pub struct StepImpl {
    /// As in its signature: `backup.create`.
    pub name: &'static str,
    pub react: fn(&Args, &History) -> Reaction,
    pub undo: Option<fn(&Args, &History) -> Reaction>,
}

/// A ramp target. `read` finishes with a ratio value; `set` is done when the weight is in force.
#[derive(Debug, Clone, Copy)]
pub struct TargetImpl {
    pub name: &'static str,
    pub read: fn(&Args, &History) -> Reaction,
    pub set: fn(&Args, Weight, &History) -> Reaction,
}

/// What a metrics field reads: an extractor call of its group's source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldQuery {
    pub field: String,
    /// `query`, `json`, `column`, `match`.
    pub extractor: String,
    pub args: Args,
    pub ty: Type,
}

/// One effect, with the indices of the fields it serves.
pub type SourceRequest = (Vec<usize>, Effect);

/// A metric source: which requests one sample of a group takes, and how their answers are read.
#[derive(Debug, Clone, Copy)]
pub struct SourceImpl {
    pub name: &'static str,
    pub requests: fn(&Args, &[FieldQuery]) -> Vec<SourceRequest>,
    /// The sample of one field from the outcome of its request; what is too old at `now` is no sample.
    pub read: fn(&Args, &FieldQuery, &Outcome, Timestamp) -> Sample,
}

/// A kind of channel: how a message becomes an effect.
///
/// `notify.send` is the one step whose first effect the engine makes: from the channel it names. What follows (was it
/// accepted?) is decided by the step's own `react`, as for every other step.
#[derive(Debug, Clone, Copy)]
pub struct ChannelImpl {
    pub name: &'static str,
    pub send: fn(&Args, &str) -> Effect,
}

/// All that is built in.
#[derive(Debug, Clone, Copy)]
pub struct Registry {
    pub steps: &'static [StepImpl],
    pub targets: &'static [TargetImpl],
    pub sources: &'static [SourceImpl],
    pub channels: &'static [ChannelImpl],
}

impl Registry {
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&StepImpl> {
        self.steps.iter().find(|step| step.name == name)
    }

    #[must_use]
    pub fn target(&self, name: &str) -> Option<&TargetImpl> {
        self.targets.iter().find(|target| target.name == name)
    }

    #[must_use]
    pub fn source(&self, name: &str) -> Option<&SourceImpl> {
        self.sources.iter().find(|source| source.name == name)
    }

    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelImpl> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}

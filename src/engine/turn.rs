//! The engine's whole interface: one input in, events and requests out.

use super::event::{EffectKey, Event, Recorded};
use super::state::State;
use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome};
use crate::contract::registry::Registry;
use crate::contract::samples::Samples;
use crate::plan::program::{GroupIndex, Plan};

/// What the engine is told. What is large and rare stands apart: samples are most of it, and they are moved a lot.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin (only on an empty journal).
    Start {
        run_id: String,
        actor: String,
        jobs: u32,
    },
    /// Continue from a journal that is not empty: repeat what may be repeated, put the rest to a person.
    Recover,
    /// Time went on: the wake that was asked for.
    Tick,
    EffectEnded {
        key: EffectKey,
        outcome: Outcome,
    },
    /// The answer to [`Request::Sample`].
    Sampled {
        group: GroupIndex,
        tick: Timestamp,
        values: Samples,
    },
    Operator {
        command: Box<Command>,
        actor: String,
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The approval of this phase or node; none: the only one that waits.
    Approve {
        node: Option<String>,
        groups: Vec<String>,
    },
    Pause,
    Resume,
    Abort,
    Rollback,
    Resolve {
        node: String,
        answer: Answer,
        /// What the step gave, with `done`: raw, as the step itself would have given it.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
        output: Option<serde_json::Value>,
    },
}

/// A `null` that stands there was given, unlike one that does not stand there.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

/// What a person says about an effect in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It took place: take it as passed.
    Done,
    /// Do it again.
    Redo,
    /// Take it back and fail the phase. Of an undo: give it up.
    Undo,
}

impl Answer {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Redo => "redo",
            Self::Undo => "undo",
        }
    }
}

/// What the runtime has to do, only after the events of the same turn are durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Perform and answer with [`Input::EffectEnded`] under the same key.
    Perform { key: EffectKey, effect: Box<Effect> },
    /// Stop that effect; it is answered all the same (as cancelled, or with what it came to).
    Cancel { key: EffectKey },
    /// Read a group once and answer with [`Input::Sampled`], within ten seconds at the latest (then with reasons).
    Sample { group: GroupIndex, tick: Timestamp },
}

/// What came of one turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    pub events: Vec<Recorded>,
    pub requests: Vec<Request>,
    /// When the engine wants to be woken by [`Input::Tick`], if nothing happens before. None: only by an input.
    pub wake: Option<Timestamp>,
    /// A command that could not be obeyed, in words for the person who gave it.
    pub refusal: Option<String>,
}

/// One run as the engine holds it: the fold of its journal, and the way to go on.
pub struct Engine<'a> {
    pub(super) plan: &'a Plan,
    pub(super) registry: &'a Registry,
    pub(super) state: State,
}

impl<'a> Engine<'a> {
    /// A run without a past.
    #[must_use]
    pub fn new(plan: &'a Plan, registry: &'a Registry) -> Self {
        Self { plan, registry, state: State::new(plan) }
    }

    /// A run as a snapshot has it. Call [`Engine::turn`] with [`Input::Recover`] to go on.
    #[must_use]
    pub fn restored(plan: &'a Plan, registry: &'a Registry, state: State) -> Self {
        Self { plan, registry, state }
    }

    /// Folds one event of an existing journal. Call [`Engine::turn`] with [`Input::Recover`] behind the last one.
    pub fn replay(&mut self, recorded: &Recorded) {
        self.state.apply(self.plan, recorded);
    }

    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    #[must_use]
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// The last state, when nobody goes on.
    #[must_use]
    pub fn into_state(self) -> State {
        self.state
    }

    /// Takes one input at `now` and says what happened and what is to be done.
    pub fn turn(&mut self, input: Input, now: Timestamp) -> Decision {
        super::decide::decide(self, [input], now)
    }

    /// Takes inputs of one instant, each as [`Engine::turn`] does, and says what came of all of them.
    pub fn turns(&mut self, inputs: impl IntoIterator<Item = Input>, now: Timestamp) -> Decision {
        super::decide::decide(self, inputs, now)
    }

    /// Whether the run is over.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.state.outcome.is_some()
    }
}

/// Kept here so that every event passes through the fold before anyone sees it.
pub(super) fn record(engine: &mut Engine<'_>, decision: &mut Decision, now: Timestamp, event: Event) {
    let recorded = Recorded { seq: engine.state.next_seq(), at: now, event };
    engine.state.apply(engine.plan, &recorded);
    decision.events.push(recorded);
}

//! The engine in virtual time: a world answers at once, the clock jumps to whatever comes next. Pure.
//!
//! The same engine as the real run, so that what passes here passes there. A simulated hour costs nothing but its samples.
//!
//! `test` blocks: [`trial::run`] makes a world from what is given ([`script`], [`given`]), lets the run go through it and
//! judges what is expected ([`verdict`]). Invariants: no clock, no disk; recordings are handed in as text; the same test
//! gives the same run, noise included, which is a function of title, metric and time.

pub mod alarms;
mod composites;
mod computed;
mod constants;
pub mod coverage;
pub mod feed;
mod files;
pub mod given;
pub mod model;
mod names;
mod noise;
mod people;
mod reads;
pub mod recording;
pub mod script;
pub mod simulate;
mod stand_in;
pub mod story;
pub mod trial;
pub mod verdict;
mod watch;
pub mod world;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Failure, Outcome};
use crate::contract::registry::Registry;
use crate::contract::samples::Samples;
use crate::engine::event::{EffectKey, Event, Recorded};
use crate::engine::state::State;
use crate::engine::turn::{Command, Decision, Engine, Input, Request};
use crate::plan::program::{GroupIndex, Plan};

/// Steps that may run at one time: in virtual time nothing has to wait for a processor.
const JOBS: u32 = 10_000;

/// What answers the engine's requests.
pub trait World {
    /// What comes of an effect, and after how long.
    fn perform(&mut self, asked: Asked<'_>) -> (Outcome, Duration);
    /// The values of a group's extracted fields at a tick.
    fn sample(&mut self, plan: &Plan, group: GroupIndex, tick: Timestamp) -> Samples;
}

/// An effect that the engine wants.
#[derive(Clone, Copy)]
pub struct Asked<'s> {
    pub key: EffectKey,
    pub effect: &'s Effect,
    pub now: Timestamp,
    /// What the engine knows of the run.
    pub state: &'s State,
}

/// A run in virtual time.
pub struct Simulation<'a, W> {
    engine: Engine<'a>,
    plan: &'a Plan,
    world: W,
    now: Timestamp,
    queue: BinaryHeap<Reverse<(Timestamp, Class, u64)>>,
    inputs: FxHashMap<u64, Input>,
    /// Samples that were asked for in the last turn: their answers come before all else of this instant.
    samples: Vec<Input>,
    next: u64,
    wake: Option<Timestamp>,
    cancelled: BTreeMap<EffectKey, u64>,
    /// All that happened, in order; without the samples, if they are to be forgotten.
    pub events: Vec<Recorded>,
    /// How many events there were.
    pub count: usize,
    forgets_samples: bool,
}

/// What comes first at one instant, behind samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Effect,
    Operator,
}

impl<'a, W: World> Simulation<'a, W> {
    /// A run that begins at `now`.
    pub fn start(plan: &'a Plan, registry: &'a Registry, world: W, now: Timestamp) -> Self {
        let mut simulation = Self::empty(plan, registry, world, now);
        let start = Input::Start { run_id: "simulated".to_owned(), actor: "simulation".to_owned(), jobs: JOBS };
        simulation.turn(start);
        simulation
    }

    /// A run that goes on from a journal, after whatever wrote it was killed.
    pub fn recover(plan: &'a Plan, registry: &'a Registry, world: W, journal: &[Recorded]) -> Self {
        let now = journal.last().map_or(Timestamp::default(), |recorded| recorded.at);
        Self::recover_at(plan, registry, world, (journal.to_vec(), now))
    }

    /// The engine is killed: what it had in hand is lost, and another one goes on from the journal at the same instant.
    #[must_use]
    pub fn crash(self, registry: &'a Registry) -> Self {
        Self::recover_at(self.plan, registry, self.world, (self.events, self.now))
    }

    /// Samples are no longer kept among what happened: nobody can go on from it any more.
    pub fn forget_samples(&mut self) {
        self.forgets_samples = true;
    }

    fn recover_at(
        plan: &'a Plan,
        registry: &'a Registry,
        world: W,
        (journal, now): (Vec<Recorded>, Timestamp),
    ) -> Self {
        let mut simulation = Self::empty(plan, registry, world, now);
        journal.iter().for_each(|recorded| simulation.engine.replay(recorded));
        simulation.count = journal.len();
        simulation.events = journal;
        simulation.turn(Input::Recover);
        simulation
    }

    fn empty(plan: &'a Plan, registry: &'a Registry, world: W, now: Timestamp) -> Self {
        Self {
            engine: Engine::new(plan, registry),
            plan,
            world,
            now,
            queue: BinaryHeap::new(),
            inputs: FxHashMap::default(),
            samples: Vec::new(),
            next: 0,
            wake: None,
            cancelled: BTreeMap::new(),
            events: Vec::new(),
            count: 0,
            forgets_samples: false,
        }
    }

    /// An operator's command at a time to come.
    pub fn command(&mut self, at: Timestamp, command: Command) {
        let command = Box::new(command);
        let input = Input::Operator { command, actor: "operator".to_owned(), reason: String::new() };
        self.schedule(at, Class::Operator, input);
    }

    /// An operator's command at once, at `at` or at the present when that is later; the refusal, if it is one.
    pub fn obey(&mut self, at: Timestamp, command: Command, actor: &str) -> Option<String> {
        self.now = self.now.max(at);
        let command = Box::new(command);
        let input = Input::Operator { command, actor: actor.to_owned(), reason: String::new() };
        self.turn(input)
    }

    /// Runs until it is over, until nothing more will happen by itself, or until `end`: a paused run samples for ever.
    pub fn run_until(&mut self, end: Timestamp) {
        while !self.is_over() && self.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
    }

    /// The run has ended, and nothing is under way any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.engine.ended() && self.queue.is_empty() && self.samples.is_empty()
    }

    /// Whether an effect, a sample or a command is still to come.
    #[must_use]
    pub fn is_expecting(&self) -> bool {
        !self.inputs.is_empty() || !self.samples.is_empty()
    }

    /// Jumps to `at` when nothing happens before.
    pub fn pass_time(&mut self, at: Timestamp) {
        if self.next_at().is_none_or(|next| next > at) {
            self.now = self.now.max(at);
        }
    }

    #[must_use]
    pub fn state(&self) -> &State {
        self.engine.state()
    }

    #[must_use]
    pub fn world(&self) -> &W {
        &self.world
    }

    /// What is left when nobody goes on: the last state, the world, all that happened.
    #[must_use]
    pub fn into_parts(self) -> (State, W, Vec<Recorded>) {
        (self.engine.into_state(), self.world, self.events)
    }

    /// The present of this run.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When the next thing happens; now, when it should have happened already.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        if !self.samples.is_empty() {
            return Some(self.now);
        }
        let queued = self.queue.peek().map(|Reverse((at, _, _))| *at);
        let next = [queued, self.wake].into_iter().flatten().min()?;
        Some(next.max(self.now))
    }

    /// Lets the next thing happen.
    pub fn step(&mut self) {
        if !self.samples.is_empty() {
            let decision = self.engine.turns(self.samples.drain(..), self.now);
            self.take(decision);
            return;
        }
        let queued = self.queue.peek().map(|Reverse((at, _, _))| *at);
        let input = match (queued, self.wake) {
            (Some(at), wake) if wake.is_none_or(|wake| at <= wake) => {
                self.now = self.now.max(at);
                self.queue.pop().and_then(|Reverse((_, _, id))| self.inputs.remove(&id))
            }
            (_, Some(wake)) => {
                self.now = self.now.max(wake);
                self.wake = None;
                Some(Input::Tick)
            }
            (_, None) => None,
        };
        if let Some(input) = input {
            self.turn(input);
        }
    }

    fn turn(&mut self, input: Input) -> Option<String> {
        let decision = self.engine.turn(input, self.now);
        self.take(decision)
    }

    fn take(&mut self, decision: Decision) -> Option<String> {
        let Decision { mut events, requests, wake, refusal } = decision;
        self.count += events.len();
        if self.forgets_samples {
            events.retain(|recorded| !matches!(recorded.event, Event::Sampled { .. }));
        }
        self.events.append(&mut events);
        self.wake = wake;
        requests.into_iter().for_each(|request| self.serve(request));
        refusal
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Perform { key, effect } => {
                let (outcome, takes) = {
                    let asked = Asked { key, effect: &effect, now: self.now, state: self.engine.state() };
                    self.world.perform(asked)
                };
                let id = self.schedule(self.now.plus(takes), Class::Effect, Input::EffectEnded { key, outcome });
                self.cancelled.insert(key, id);
            }
            Request::Cancel { key } => {
                // What has not ended yet ends now, as cancelled.
                if self.cancelled.remove(&key).and_then(|id| self.inputs.remove(&id)).is_some() {
                    let failure = Failure { message: "cancelled".to_owned(), cancelled: true };
                    let outcome = Outcome::Failed(failure);
                    self.schedule(self.now, Class::Effect, Input::EffectEnded { key, outcome });
                }
            }
            Request::Sample { group, tick } => {
                let values = self.world.sample(self.plan, group, tick);
                self.samples.push(Input::Sampled { group, tick, values });
            }
        }
    }

    fn schedule(&mut self, at: Timestamp, class: Class, input: Input) -> u64 {
        let id = self.next;
        self.next += 1;
        self.queue.push(Reverse((at, class, id)));
        self.inputs.insert(id, input);
        id
    }
}

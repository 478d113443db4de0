//! Drives one run: inputs to the engine, its events to the journal, and only then its requests to the world.
//!
//! Invariants: one select loop, one engine, no lock. All inputs at hand are taken before one batch is handed over, and the
//! next may be decided while the last is being written: the journal's thread groups what gathers. Nothing is shown, answered or
//! begun before it is durable.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::flights::Flights;
use super::ports::{Answer, Clock, Errand, Inbox, Journal, JournalError, Observer, OutputName, World};
use super::sampling;
use super::writer::{Batch, Report, Writer};
use crate::base::time::Timestamp;
use crate::contract::effect::Effect;
use crate::contract::registry::Registry;
use crate::engine::event::{Direction, EffectKey, PauseCause, RunOutcome};
use crate::engine::snapshot::{self, Snapshot};
use crate::engine::turn::{Command, Engine, Input, Request};
use crate::plan::program::{GroupIndex, Plan};

/// How often the inbox is looked into and the view may move.
const GLANCE: Duration = Duration::from_millis(50);

/// A clock may be set: no sleep is longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// So many inputs at most become one batch.
const GROUP: usize = 512;

/// What a run is driven with.
pub struct Equipment {
    pub plan: Arc<Plan>,
    pub registry: Registry,
    pub clock: Arc<dyn Clock>,
    pub world: Arc<dyn World>,
    pub journal: Box<dyn Journal>,
    pub inbox: Option<Box<dyn Inbox>>,
    pub observer: Box<dyn Observer>,
    /// One message for each wish of the person at the terminal to stop: first a pause, then an abort.
    pub interrupts: mpsc::UnboundedReceiver<()>,
    /// Who sits at the terminal.
    pub actor: String,
    /// Leave at once when a person has to act on the run and nothing else can go on, until it has once gone on.
    pub leave_when_stuck: bool,
}

/// Why the driver returned.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    Ended(RunOutcome),
    /// Paused and left; it can be resumed.
    Left,
    /// The journal could not be written; what it holds can be resumed.
    Broken(JournalError),
}

/// Drives a run until it ends or is left. `opening` are the first inputs, each with the name of a letter if it is one.
///
/// # Errors
/// When the journal's thread cannot be started.
pub async fn drive(engine: &mut Engine<'_>, equipment: Equipment, opening: Vec<Input>) -> Result<Ending, JournalError> {
    let (writer, reports) = Writer::start(equipment.journal)?;
    let (inputs, arrivals) = mpsc::unbounded_channel();
    let mut pace = interval(GLANCE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let kept = engine.state().last_seq;
    let driver = Driver {
        flights: Flights::new(Arc::clone(&equipment.world), inputs.clone()),
        engine,
        plan: equipment.plan,
        registry: equipment.registry,
        clock: equipment.clock,
        world: equipment.world,
        inbox: equipment.inbox,
        observer: equipment.observer,
        actor: equipment.actor,
        writer,
        inputs,
        wake: None,
        unsettled: 0,
        interrupted: 0,
        leaving: false,
        leave_when_stuck: equipment.leave_when_stuck,
        broken: None,
        kept,
        over: CancellationToken::new(),
    };
    let sources = Sources { reports, arrivals, interrupts: equipment.interrupts, pace };
    Ok(driver.run(sources, opening).await)
}

/// Where things come from.
struct Sources {
    reports: mpsc::UnboundedReceiver<Report>,
    arrivals: mpsc::UnboundedReceiver<Input>,
    interrupts: mpsc::UnboundedReceiver<()>,
    pace: Interval,
}

struct Driver<'d, 'e> {
    engine: &'d mut Engine<'e>,
    plan: Arc<Plan>,
    registry: Registry,
    clock: Arc<dyn Clock>,
    world: Arc<dyn World>,
    inbox: Option<Box<dyn Inbox>>,
    observer: Box<dyn Observer>,
    actor: String,
    writer: Writer,
    inputs: mpsc::UnboundedSender<Input>,
    flights: Flights,
    wake: Option<Timestamp>,
    /// Batches handed over that have not come back.
    unsettled: usize,
    interrupted: u32,
    /// The person at the terminal wants to go, once the run stands still.
    leaving: bool,
    leave_when_stuck: bool,
    broken: Option<JournalError>,
    /// Behind which event the last snapshot was taken.
    kept: u64,
    /// Ends what still samples when the driver returns.
    over: CancellationToken,
}

impl Driver<'_, '_> {
    async fn run(mut self, mut sources: Sources, opening: Vec<Input>) -> Ending {
        let _over = self.over.clone().drop_guard();
        let mut terminal = true;
        self.decide(opening.into_iter().map(|input| (input, None)));
        loop {
            if let Some(ending) = self.ending() {
                return ending;
            }
            let wake = self.next_wake();
            tokio::select! {
                biased;
                Some(report) = sources.reports.recv() => self.take_report(report),
                Some(input) = sources.arrivals.recv() => {
                    let mut group = vec![input];
                    while group.len() < GROUP && let Ok(input) = sources.arrivals.try_recv() {
                        group.push(input);
                    }
                    self.take_arrivals(group);
                }
                wish = sources.interrupts.recv(), if terminal => match wish {
                    Some(()) => self.interrupt(),
                    None => terminal = false,
                },
                () = sleep_until(wake) => self.tick(),
                _ = sources.pace.tick() => self.glance(),
            }
        }
    }

    /// Why to return now, if so.
    fn ending(&mut self) -> Option<Ending> {
        if let Some(error) = self.broken.clone() {
            return self.flights.is_empty().then_some(Ending::Broken(error));
        }
        if self.unsettled > 0 || !self.flights.is_empty() {
            return None;
        }
        let state = self.engine.state();
        if let Some(outcome) = state.outcome {
            return Some(Ending::Ended(outcome));
        }
        if !state.is_paused() {
            self.leave_when_stuck = false;
            return None;
        }
        let for_a_person = |cause: &PauseCause| matches!(cause, PauseCause::Operator | PauseCause::InDoubt(_));
        let stuck = self.leave_when_stuck && state.pause.iter().all(for_a_person);
        (self.leaving || stuck).then_some(Ending::Left)
    }

    fn next_wake(&self) -> Instant {
        let now = self.clock.now();
        let pause = self.wake.map_or(LONGEST_SLEEP, |wake| wake.since(now).min(LONGEST_SLEEP));
        Instant::now() + pause
    }

    fn tick(&mut self) {
        if self.broken.is_none() && self.wake.is_some_and(|wake| wake <= self.clock.now()) {
            // Asked for again by the decision, if it is still wanted: no tick comes twice for one wake.
            self.wake = None;
            self.decide([(Input::Tick, None)].into_iter());
        }
    }

    fn take_arrivals(&mut self, group: Vec<Input>) {
        group.iter().for_each(|input| self.flights.landed(input));
        self.decide(group.into_iter().map(|input| (input, None)));
    }

    /// Some turns in a row, and one batch of all that came of them.
    fn decide(&mut self, inputs: impl Iterator<Item = (Input, Option<String>)>) {
        if self.broken.is_some() {
            return;
        }
        let mut batch = Batch::default();
        for (input, letter) in inputs {
            let decision = self.engine.turn(input, self.clock.now());
            batch.events.extend(decision.events);
            batch.requests.extend(decision.requests);
            self.wake = decision.wake;
            match (letter, decision.refusal) {
                (Some(letter), refusal) => batch.answers.push((letter, Answer { refusal })),
                (None, Some(refusal)) => self.observer.note(&refusal),
                (None, None) => {}
            }
        }
        if snapshot::is_due(self.engine.state(), self.kept) {
            self.kept = self.engine.state().last_seq;
            batch.snapshot = Snapshot::of(&self.plan, self.engine.state());
        }
        if !batch.events.is_empty() || !batch.requests.is_empty() || !batch.answers.is_empty() {
            self.unsettled += 1;
            self.writer.hand_over(batch);
        }
    }

    fn take_report(&mut self, report: Report) {
        match report {
            Report::Durable(batches) => self.settle(batches),
            Report::Trouble(error) => {
                self.observer.note(&format!("{error}; nothing new is begun until it can be written"))
            }
            Report::GaveUp(error) => {
                if !self.flights.is_empty() {
                    self.observer.note("waiting for what is running to end; Ctrl-C cancels it");
                }
                self.broken = Some(error);
            }
        }
    }

    /// Shows, answers and begins what has become durable.
    fn settle(&mut self, batches: Vec<Batch>) {
        self.unsettled = self.unsettled.saturating_sub(batches.len());
        let mut requests = Vec::new();
        for batch in batches {
            for recorded in &batch.events {
                self.observer.happened(self.engine.state(), recorded);
            }
            if let Some(inbox) = &mut self.inbox {
                batch.answers.iter().for_each(|(name, answer)| inbox.answer(name, answer));
            }
            requests.extend(batch.requests);
        }
        self.fulfil(requests);
    }

    fn fulfil(&mut self, requests: Vec<Request>) {
        let cancelled = |request: &Request| if let Request::Cancel { key } = request { Some(*key) } else { None };
        let cancelled: HashSet<EffectKey> = requests.iter().filter_map(cancelled).collect();
        for request in requests {
            match request {
                // Called off while its request was being written: never begun, and the answer says so.
                Request::Perform { key, .. } if cancelled.contains(&key) => self.flights.call_off(key),
                Request::Perform { key, effect } => self.begin(key, *effect),
                Request::Cancel { key } => self.flights.cancel(key),
                Request::Sample { group, tick } => self.sample(group, tick),
            }
        }
    }

    fn begin(&mut self, key: EffectKey, effect: Effect) {
        let run = &self.engine.state().run_id;
        let errand = match key {
            EffectKey::Act { exec, direction, act } => {
                let word = if direction == Direction::Undo { "undo" } else { "forward" };
                let execution = self.engine.state().exec(exec);
                let node = self.plan.node(execution.node).id.clone();
                let output = Some(OutputName { node, count: execution.n, direction });
                Errand { key: format!("{run}/{}/{word}/{act}", exec.0), effect, output }
            }
            EffectKey::Notice(number) => Errand { key: format!("{run}/notice/{number}"), effect, output: None },
        };
        self.flights.begin(key, errand);
    }

    fn sample(&self, group: GroupIndex, tick: Timestamp) {
        let (plan, registry) = (Arc::clone(&self.plan), self.registry);
        let (world, clock) = (Arc::clone(&self.world), Arc::clone(&self.clock));
        let (inputs, over) = (self.inputs.clone(), self.over.clone());
        tokio::spawn(async move {
            let reading = sampling::read_group(plan.group(group), &registry, &world, &*clock, &over).await;
            let _ = inputs.send(Input::Sampled { group, tick, values: reading.values });
        });
    }

    /// The person at the terminal wants it to stop: pause and leave, then abort.
    fn interrupt(&mut self) {
        self.interrupted += 1;
        if self.broken.is_some() {
            self.flights.cancel_all();
            return;
        }
        let (command, note) = match self.interrupted {
            1 if !self.engine.state().is_forward() => {
                self.observer.note("the run is stopping by itself; Ctrl-C again aborts, and leaves the rest as it is");
                return;
            }
            1 => (Command::Pause, "stopping: what is running may end, nothing new is begun; Ctrl-C again aborts"),
            2 => (Command::Abort, "aborting: what is running is cancelled, nothing is taken back"),
            _ => {
                self.observer.note("already aborting; what is running has been told to stop");
                return;
            }
        };
        self.observer.note(note);
        self.leaving = true;
        let input =
            Input::Operator { command: Box::new(command), actor: self.actor.clone(), reason: "interrupted".to_owned() };
        self.decide([(input, None)].into_iter());
    }

    fn glance(&mut self) {
        let letters = self.inbox.as_mut().map(|inbox| inbox.collect()).unwrap_or_default();
        if !letters.is_empty() {
            let inputs = letters.into_iter().map(|(name, letter)| {
                let command = Box::new(letter.command);
                let input = Input::Operator { command, actor: letter.actor, reason: letter.reason };
                (input, Some(name))
            });
            self.decide(inputs);
        }
        self.observer.breathe(self.engine.state(), self.clock.now());
    }
}

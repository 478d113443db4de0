//! A runtime in virtual time that can be killed at each of its boundaries, a world that outlives it, and the person who is asked.
//!
//! The world and the person know the truth; the machine knows its journal. Boundaries of a turn: decided and nothing durable ·
//! durable up to any event · durable and nothing performed · performed and not answered, for each effect.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Effect, Failure, Outcome};
use phasegate::contract::registry::Registry;
use phasegate::engine::doubt;
use phasegate::engine::event::{Direction, EffectKey, Event, Recorded, RunOutcome};
use phasegate::engine::state::State;
use phasegate::engine::turn::{Answer, Command, Decision, Engine, Input, Request};
use phasegate::plan::program::{NodeKind, PhaseIndex, Plan};
use phasegate::sim::World as _;
use phasegate::steps::registry;

use super::support::{START, Script};

/// How a runtime may be wrong. The matrix has to find each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    None,
    /// Effects are performed, and only then what asked for them is made durable.
    PerformsBeforeRecording,
    /// A batch counts as durable while it is still on its way to the disk.
    AcknowledgesTooEarly,
    /// What was asked for is not made durable, only what came of it.
    RecordsOutcomesOnly,
    /// A doubt is answered with `redo` by itself.
    Guesses,
    /// A doubt is answered with `done` by itself.
    GuessesDone,
    /// A command counts as obeyed before it is durable.
    ObeysBeforeRecording,
}

/// What is run, and what happens to it from outside.
pub struct Case {
    pub name: &'static str,
    pub plan: Plan,
    pub script: fn() -> Script,
    /// What a person does, in seconds from the start.
    pub commands: Vec<(u64, Command)>,
}

/// How a run came out, as far as people outside can tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub outcome: Option<RunOutcome>,
    pub phases: Vec<(String, &'static str)>,
    /// What may not be repeated, with how often it was done; of the rest, what was done at all.
    pub effects: BTreeMap<String, usize>,
    /// What was taken back, of each phase in order.
    pub undone: BTreeMap<String, Vec<String>>,
    pub weights: BTreeMap<String, String>,
    pub still_changed: Vec<String>,
}

/// A run with its kills.
pub struct Ran {
    pub seen: Seen,
    pub boundaries: usize,
    /// What must never happen, whatever the end.
    pub violations: Vec<String>,
    pub journal: Vec<Recorded>,
}

struct Performed {
    key: EffectKey,
    outcome: Outcome,
    takes: Duration,
    lines: Vec<String>,
}

struct Machine<'a> {
    case: &'a Case,
    registry: &'a Registry,
    bug: Bug,
    /// Boundaries at which it is killed, in order.
    kills: VecDeque<usize>,
    /// How long it stays dead.
    gap: Duration,
    boundary: usize,
    script: Script,
    journal: Vec<Recorded>,
    /// Of the batch that a lying disk has not written yet.
    unwritten: usize,
    performed: Vec<Performed>,
    log: Vec<(Option<PhaseIndex>, String)>,
    commands: VecDeque<(Timestamp, Command)>,
    now: Timestamp,
    violations: Vec<String>,
}

/// No case takes longer: one that does is stuck.
const HORIZON: Duration = Duration::from_secs(86_400);

/// The process is dead.
struct Killed;

/// Runs a case, killed at these boundaries.
pub fn run(case: &Case, kills: &[usize], bug: Bug) -> Ran {
    run_with_gap(case, kills, bug, Duration::ZERO)
}

pub fn run_with_gap(case: &Case, kills: &[usize], bug: Bug, gap: Duration) -> Ran {
    let registry = registry();
    let commands = case.commands.iter().map(|(at, command)| (START.plus(Duration::from_secs(*at)), command.clone()));
    let machine = Machine {
        case,
        registry: &registry,
        bug,
        kills: kills.iter().copied().collect(),
        gap,
        boundary: 0,
        script: (case.script)(),
        journal: Vec::new(),
        unwritten: 0,
        performed: Vec::new(),
        log: Vec::new(),
        commands: commands.collect(),
        now: START,
        violations: Vec::new(),
    };
    machine.go()
}

/// What is on its way to the engine.
struct Way {
    at: Timestamp,
    /// Samples before effects.
    class: u8,
    input: Input,
}

impl Machine<'_> {
    fn go(mut self) -> Ran {
        for _ in 0..20 {
            let mut engine = Engine::new(&self.case.plan, self.registry);
            self.journal.iter().for_each(|recorded| engine.replay(recorded));
            if self.live(&mut engine).is_ok() {
                let state = engine.into_state();
                self.note_guesses(&state);
                self.note_order();
                return Ran {
                    seen: self.seen(&state),
                    boundaries: self.boundary,
                    violations: self.violations,
                    journal: self.journal,
                };
            }
            self.now = self.now.plus(self.gap);
            if self.bug == Bug::AcknowledgesTooEarly {
                let kept = self.journal.len().saturating_sub(self.unwritten);
                self.journal.truncate(kept);
                self.unwritten = 0;
            }
            if self.bug == Bug::RecordsOutcomesOnly {
                let journal = std::mem::take(&mut self.journal);
                self.journal = journal.iter().filter(|recorded| !is_unanswered(&journal, recorded)).cloned().collect();
                (1u64..).zip(&mut self.journal).for_each(|(seq, recorded)| recorded.seq = seq);
            }
        }
        panic!("{}: it was killed more than twenty times", self.case.name);
    }

    /// One life of the process.
    fn live(&mut self, engine: &mut Engine<'_>) -> Result<(), Killed> {
        let mut ways: Vec<Way> = Vec::new();
        let first = if self.journal.is_empty() {
            Input::Start { run_id: "r".to_owned(), actor: "ada".to_owned(), jobs: 100 }
        } else {
            Input::Recover
        };
        let mut wake = self.turn(engine, first, &mut ways)?;
        for _ in 0..100_000 {
            let next = (0..ways.len()).min_by_key(|index| (ways[*index].at, ways[*index].class));
            let at = next.map(|index| ways[index].at.max(self.now));
            let person = self.commands.front().map(|(at, _)| (*at).max(self.now));
            let due = [at, wake.map(|wake| wake.max(self.now)), person].into_iter().flatten().min();
            let over = engine.ended() && ways.is_empty();
            match due {
                _ if over && person.is_none() => return Ok(()),
                Some(due) if due > START.plus(HORIZON) => return Ok(()),
                Some(due) if !over && at == Some(due) => {
                    self.now = due;
                    let way = ways.swap_remove(next.expect("there is one"));
                    wake = self.turn(engine, way.input, &mut ways)?;
                }
                Some(due) if !over && person != Some(due) && !self.is_asked(engine, &ways) => {
                    self.now = due;
                    wake = self.turn(engine, Input::Tick, &mut ways)?;
                }
                _ if self.is_asked(engine, &ways) => wake = self.answer(engine, &mut ways)?,
                Some(_) if person.is_some() => {
                    self.now = person.expect("there is one");
                    wake = self.command(engine, &mut ways)?;
                }
                _ => return Ok(()),
            }
        }
        panic!("{}: it does not come to an end", self.case.name);
    }

    /// A person is asked about a doubt, and everything of this instant has happened.
    fn is_asked(&self, engine: &Engine<'_>, ways: &[Way]) -> bool {
        ways.iter().all(|way| way.at > self.now) && !doubt::doubts(engine.state()).is_empty()
    }

    /// The person looks outside and says what is true.
    fn answer(&mut self, engine: &mut Engine<'_>, ways: &mut Vec<Way>) -> Result<Option<Timestamp>, Killed> {
        let doubts = doubt::doubts(engine.state());
        let doubt = doubts.first().expect("something is in doubt");
        let node = self.case.plan.node(doubt.exec.node);
        let key = key_of(doubt);
        let came =
            self.performed.iter().rev().find(|performed| performed.key == key).map(|performed| &performed.outcome);
        let (answer, output) = match (self.bug, came) {
            (Bug::Guesses, _) => (Answer::Redo, None),
            (Bug::GuessesDone, _) => (Answer::Done, Some(serde_json::Value::Null)),
            (_, Some(Outcome::Done(answer))) => (Answer::Done, Some(answer.clone())),
            _ => (Answer::Redo, None),
        };
        let gives = matches!(&node.kind, NodeKind::Step(step) if step.output.to_string() != "nothing");
        let forward = doubt.direction == Direction::Forward;
        let command = Command::Resolve {
            node: node.id.clone(),
            answer,
            output: output.filter(|_| forward && gives && answer == Answer::Done),
        };
        let input =
            Input::Operator { command: Box::new(command.clone()), actor: "ada".to_owned(), reason: String::new() };
        let before = engine.state().last_seq;
        let wake = self.turn(engine, input, ways)?;
        if engine.state().last_seq == before {
            self.violations.push(format!("{command:?} was refused"));
            self.kills.clear();
            self.commands.clear();
            panic!("{}: a true answer was refused: {command:?}", self.case.name);
        }
        Ok(wake)
    }

    /// The next command of the case; one that was never durable is given again.
    fn command(&mut self, engine: &mut Engine<'_>, ways: &mut Vec<Way>) -> Result<Option<Timestamp>, Killed> {
        let (_, command) = self.commands.front().cloned().expect("there is one");
        if self.bug == Bug::ObeysBeforeRecording {
            self.commands.pop_front();
        }
        let input = Input::Operator { command: Box::new(command), actor: "ada".to_owned(), reason: String::new() };
        self.turn(engine, input, ways)
    }

    fn turn(
        &mut self,
        engine: &mut Engine<'_>,
        input: Input,
        ways: &mut Vec<Way>,
    ) -> Result<Option<Timestamp>, Killed> {
        let by_person = matches!(input, Input::Operator { .. });
        let scheduled = by_person
            && !matches!(&input, Input::Operator { command, .. } if matches!(**command, Command::Resolve { .. }));
        let Decision { events, requests, wake, .. } = engine.turn(input, self.now);
        if self.bug == Bug::PerformsBeforeRecording {
            self.serve(engine.state(), requests.clone(), ways)?;
        }
        if !events.is_empty() {
            self.die_or_live()?;
            // The batch before is on the disk by now.
            self.unwritten = 0;
            // A command is durable as a whole or not at all; the rest may be cut anywhere.
            let pieces = if by_person { events.len() } else { 1 };
            for piece in events.chunks(pieces) {
                self.journal.extend_from_slice(piece);
                self.unwritten = self.unwritten.min(self.journal.len()) + piece.len();
                if piece.last() == events.last() && scheduled && self.bug != Bug::ObeysBeforeRecording {
                    self.commands.pop_front();
                }
                self.die_or_live()?;
            }
        } else if scheduled && self.bug != Bug::ObeysBeforeRecording {
            // Refused: whoever gave it was told so.
            self.commands.pop_front();
        }
        if self.bug != Bug::PerformsBeforeRecording {
            self.serve(engine.state(), requests, ways)?;
        }
        Ok(wake)
    }

    fn serve(&mut self, state: &State, requests: Vec<Request>, ways: &mut Vec<Way>) -> Result<(), Killed> {
        for request in requests {
            match request {
                Request::Perform { key, effect } => {
                    let (outcome, takes) = self.perform(state, key, &effect);
                    self.die_or_live()?;
                    let input = Input::EffectEnded { key, outcome };
                    ways.push(Way { at: self.now.plus(takes), class: 1, input });
                }
                Request::Cancel { key } => {
                    let way = ways
                        .iter_mut()
                        .find(|way| matches!(&way.input, Input::EffectEnded { key: ends, .. } if *ends == key));
                    if let Some(way) = way {
                        way.at = self.now;
                        let outcome = Outcome::Failed(Failure { message: "cancelled".to_owned(), cancelled: true });
                        way.input = Input::EffectEnded { key, outcome };
                    }
                }
                Request::Sample { group, tick } => {
                    let values = self.script.sample(&self.case.plan, group, tick);
                    ways.push(Way { at: self.now, class: 0, input: Input::Sampled { group, tick, values } });
                }
            }
        }
        Ok(())
    }

    /// The world does it, and remembers under which key: the same one comes to the same.
    fn perform(&mut self, state: &State, key: EffectKey, effect: &Effect) -> (Outcome, Duration) {
        let phase = match key {
            EffectKey::Act { exec, .. } => Some(state.exec(exec).phase),
            EffectKey::Notice(_) => None,
        };
        if let Some(before) = self.performed.iter().find(|performed| performed.key == key) {
            let (outcome, takes) = (before.outcome.clone(), before.takes);
            let harm = matches!(outcome, Outcome::Done(_));
            for line in before.lines.clone().into_iter().filter(|line| harm && may_not_be_repeated(line)) {
                self.violations.push(format!("`{line}` was done again"));
                self.log.push((phase, line));
            }
            return (outcome, takes);
        }
        let before = self.script.log().len();
        let (outcome, takes) = self.script.answer(effect);
        let lines = self.script.log().split_off(before);
        self.log.extend(lines.iter().map(|line| (phase, line.clone())));
        self.performed.push(Performed { key, outcome: outcome.clone(), takes, lines });
        (outcome, takes)
    }

    fn die_or_live(&mut self) -> Result<(), Killed> {
        let here = self.boundary;
        self.boundary += 1;
        if self.kills.front() == Some(&here) {
            self.kills.pop_front();
            return Err(Killed);
        }
        Ok(())
    }

    /// An end that the journal does not know of would be a half-truth.
    fn note_guesses(&mut self, state: &State) {
        let mut replayed = State::new(&self.case.plan);
        self.journal.iter().for_each(|recorded| replayed.apply(&self.case.plan, recorded));
        if replayed.outcome != state.outcome {
            self.violations.push(format!("the journal says {:?}, the run {:?}", replayed.outcome, state.outcome));
        }
        let gaps = (1u64..).zip(&self.journal).any(|(seq, recorded)| recorded.seq != seq);
        if gaps {
            self.violations.push("the journal has gaps".to_owned());
        }
    }

    fn undos(&self) -> impl Iterator<Item = (PhaseIndex, &String)> {
        self.log.iter().filter(|(_, line)| line.starts_with('-')).filter_map(|(phase, line)| Some(((*phase)?, line)))
    }

    /// What came later is taken back before what it came after.
    fn note_order(&mut self) {
        let undos: Vec<PhaseIndex> = self.undos().map(|(phase, _)| phase).collect();
        for (at, phase) in undos.iter().enumerate() {
            let later = undos[at..].iter().find(|later| self.case.plan.phase(**later).after.contains(phase));
            if let Some(later) = later {
                let (first, then) = (&self.case.plan.phase(*phase).id, &self.case.plan.phase(*later).id);
                self.violations.push(format!("`{first}` was taken back before `{then}`, which came after it"));
                return;
            }
        }
    }

    fn seen(&self, state: &State) -> Seen {
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        // A doubt is a pause more.
        for (_, line) in self.log.iter().filter(|(_, line)| line != "again paused") {
            let times = effects.entry(line.clone()).or_default();
            *times = if may_not_be_repeated(line) { *times + 1 } else { 1 };
        }
        let mut undone: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (phase, line) in self.undos() {
            let lines = undone.entry(self.case.plan.phase(phase).id.clone()).or_default();
            if may_not_be_repeated(line) || !lines.contains(line) {
                lines.push(line.clone());
            }
        }
        let weights = self.script.outside.borrow().weights.clone();
        Seen {
            outcome: state.outcome,
            phases: self
                .case
                .plan
                .phases
                .iter()
                .zip(&state.phases)
                .map(|(phase, state)| (phase.id.clone(), state.status.name()))
                .collect(),
            effects,
            undone,
            weights: weights.into_iter().map(|(url, weight)| (url, weight.to_string())).collect(),
            still_changed: state.still_changed.clone(),
        }
    }
}

fn is_unanswered(journal: &[Recorded], recorded: &Recorded) -> bool {
    let Event::EffectRequested { key, .. } = &recorded.event else { return false };
    !journal.iter().any(|other| matches!(&other.event, Event::EffectEnded { key: ended, .. } if ended == key))
}

fn key_of(doubt: &doubt::Doubt<'_>) -> EffectKey {
    let act = match doubt.direction {
        Direction::Forward => doubt.exec.forward.act_number(),
        Direction::Undo => doubt.exec.undo.as_ref().map_or(0, |undo| undo.work.act_number()),
    };
    EffectKey::Act { exec: doubt.exec.id, direction: doubt.direction, act }
}

/// By their names: `again …` may be repeated, and so may messages and weights.
fn may_not_be_repeated(line: &str) -> bool {
    !["again ", "-again ", "post ", "weight "].iter().any(|word| line.starts_with(word))
}

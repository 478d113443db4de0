//! A program as text, planned, and a scripted world for it in virtual time.
#![expect(dead_code, reason = "each test binary uses its own part")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexMap;
use phasegate::base::number::Number;
use phasegate::base::source::Sources;
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Body, Effect, Failure, Outcome, Program, SealedText, TextPiece};
use phasegate::contract::samples::Samples;
use phasegate::contract::switch::{Known, Standing, SwitchAct, SwitchAnswer, SwitchName, SwitchRecord};
use phasegate::contract::types::Type;
use phasegate::contract::value::{Unit, Value};
use phasegate::engine::event::Recorded;
use phasegate::plan::program::{GroupIndex, Plan};
use phasegate::plan::request::{PlanRequest, Surroundings};
use phasegate::sim::{Asked, World};
use serde_json::json;

/// When every test starts.
pub const START: Timestamp = Timestamp(1_736_157_600_000_000);

struct NoSurroundings;

impl Surroundings for NoSurroundings {
    fn read_file(&self, _: &str) -> Result<String, String> {
        Err("there is no such file".to_owned())
    }
    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// Plans a program that must be free of errors.
pub fn plan(source: &str) -> Plan {
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.as_bytes().to_vec());
    let analysis = phasegate::analysis::analyze(&mut load, "test.deploy", &mut sources).expect("the loader answers");
    let errors: Vec<_> = analysis
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity() == phasegate::base::diagnostic::Severity::Error)
        .collect();
    assert!(errors.is_empty(), "the program has errors: {errors:#?}");
    let params = IndexMap::new();
    let request = PlanRequest { pipeline: None, environment: None, params: &params, sources: &sources };
    phasegate::plan::build(&analysis.program, &request, &NoSurroundings).expect("the program can be planned")
}

/// How a command behaves.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    pub fails: u32,
    pub takes: Duration,
    pub stdout: String,
}

/// What was done to the world, in order, shared so that it survives a crash of the engine.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    pub log: Vec<String>,
    pub weights: BTreeMap<String, f64>,
    pub performed: BTreeMap<String, u32>,
    pub switches: BTreeMap<String, SwitchRecord>,
    kept: BTreeMap<String, SwitchAnswer>,
}

type Metrics = Rc<dyn Fn(&str, f64) -> Option<f64>>;

/// A world that does what a script says.
#[derive(Clone)]
pub struct Script {
    pub commands: BTreeMap<String, Behaviour>,
    pub outside: Rc<RefCell<Outside>>,
    metrics: Metrics,
}

impl Script {
    pub fn new() -> Self {
        Self { commands: BTreeMap::new(), outside: Rc::default(), metrics: Rc::new(|_, _| None) }
    }

    pub fn command(mut self, command: &str, behaviour: Behaviour) -> Self {
        self.commands.insert(command.to_owned(), behaviour);
        self
    }

    pub fn fails(self, command: &str, times: u32) -> Self {
        self.command(command, Behaviour { fails: times, ..Behaviour::default() })
    }

    pub fn takes(self, command: &str, seconds: u64) -> Self {
        self.command(command, Behaviour { takes: Duration::from_secs(seconds), ..Behaviour::default() })
    }

    /// The value of a metric field at a number of minutes from the start; `None` is missing data.
    pub fn metrics(mut self, metrics: impl Fn(&str, f64) -> Option<f64> + 'static) -> Self {
        self.metrics = Rc::new(metrics);
        self
    }

    pub fn log(&self) -> Vec<String> {
        self.outside.borrow().log.clone()
    }

    fn process(&mut self, command: &str) -> (Outcome, Duration) {
        let behaviour = self.commands.get(command).cloned().unwrap_or_default();
        let mut outside = self.outside.borrow_mut();
        outside.log.push(command.to_owned());
        let times = outside.performed.entry(command.to_owned()).or_default();
        *times += 1;
        if *times <= behaviour.fails {
            let failure = Failure { message: format!("`{command}` failed"), cancelled: false };
            return (Outcome::Failed(failure), behaviour.takes);
        }
        let answer = json!({ "stdout": behaviour.stdout, "stderr": "", "exit_code": 0 });
        (Outcome::Done(answer), behaviour.takes)
    }

    fn http(&mut self, method: &str, url: &str, body: Option<&Body>) -> Outcome {
        let mut outside = self.outside.borrow_mut();
        let weight = outside.weights.get(url).copied().unwrap_or(0.0);
        if let (true, Some(Body::Json(body))) = (method == "PUT", body) {
            let weight = body.get("weight").and_then(serde_json::Value::as_f64).expect("a weight");
            outside.weights.insert(url.to_owned(), weight);
            outside.log.push(format!("weight {}", weight * 100.0));
            return Outcome::Done(
                json!({ "status": 200, "headers": {}, "body": { "weight": weight }, "text": "", "took_s": 0 }),
            );
        }
        if method == "POST" {
            outside.log.push(format!("post {url}"));
        }
        Outcome::Done(json!({ "status": 200, "headers": {}, "body": { "weight": weight }, "text": "", "took_s": 0 }))
    }
}

impl Script {
    fn switch(&mut self, name: &SwitchName, act: &SwitchAct) -> Outcome {
        let mut outside = self.outside.borrow_mut();
        let key = act.key().unwrap_or_default();
        let known = Known { record: outside.switches.get(&name.switch).cloned(), kept: outside.kept.get(key).cloned() };
        let ruling = act.rule(name, known, START);
        if let Some(keep) = ruling.keep {
            outside.kept.insert(key.to_owned(), keep);
        }
        match ruling.record {
            Some(Some(record)) => drop(outside.switches.insert(name.switch.clone(), record)),
            Some(None) => drop(outside.switches.remove(&name.switch)),
            None => {}
        }
        ruling.answer.map_or_else(Outcome::failed, Outcome::Done)
    }

    /// What runs keep for themselves is another one's from now on.
    pub fn another_run(&self) {
        self.outside.borrow_mut().kept.clear();
    }

    /// How a kill switch stands.
    pub fn standing(&self, switch: &str) -> Standing {
        self.outside.borrow().switches.get(switch).map_or(Standing::AtRest, |record| record.standing)
    }
}

impl World for Script {
    fn perform(&mut self, asked: Asked<'_>) -> (Outcome, Duration) {
        self.answer(asked.effect)
    }

    fn sample(&mut self, plan: &Plan, group: GroupIndex, tick: Timestamp) -> Samples {
        let minutes = tick.since(START).as_secs_f64() / 60.0;
        let group = plan.group(group);
        let value = |field: &str, ty: &Type| match (self.metrics)(field, minutes) {
            None => Err("no data".to_owned()),
            Some(value) => Ok(Value::Quantity(Number::from_f64(value), ty.unit().unwrap_or(Unit::One))),
        };
        group.fields.iter().map(|query| (query.field.as_str(), value(&query.field, &query.ty))).collect()
    }
}

impl Script {
    /// What comes of an effect, and after how long.
    pub fn answer(&mut self, effect: &Effect) -> (Outcome, Duration) {
        match effect {
            Effect::RunProcess { program: Program::Shell(command), .. } => self.process(&plain(command)),
            Effect::RunProcess { program: Program::Argv(words), .. } => {
                let words: Vec<String> = words.iter().map(plain).collect();
                self.process(&words.join(" "))
            }
            Effect::HttpRequest { method, url, body, .. } => {
                (self.http(method, &plain(url), body.as_ref()), Duration::ZERO)
            }
            Effect::Switch { name, act } => (self.switch(name, act), Duration::ZERO),
            Effect::Pause { duration } => (Outcome::Done(serde_json::Value::Null), *duration),
            other => panic!("the script knows no {other:?}"),
        }
    }
}

fn plain(text: &SealedText) -> String {
    text.iter()
        .map(|piece| match piece {
            TextPiece::Plain(text) => text.clone(),
            TextPiece::Secret(name) => format!("<{name}>"),
        })
        .collect()
}

/// The names of the events, for assertions on order.
pub fn names(events: &[Recorded]) -> Vec<String> {
    let name = |recorded: &Recorded| {
        let json = serde_json::to_value(recorded).expect("events are JSON");
        json["event"].as_str().expect("events have names").to_owned()
    };
    events.iter().map(name).collect()
}

//! The world of a test: answers as the script says, and remembers what was asked of it. It outlives a crash of the engine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::feed::Feed;
use super::script::{Behaviour, Script};
use super::{Asked, World};
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome, Program, TextPiece};
use crate::contract::held::Held;
use crate::contract::samples::Samples;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::engine::event::{Direction, EffectKey, ExecId};
use crate::model::operations::is_turned_on;
use crate::model::phase::{RETURN, STANDS};
use crate::plan::program::{GroupIndex, NodeIndex, NodeKind, Plan, Step};

/// A step or an undo was set going: each attempt once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Performed {
    pub node: NodeIndex,
    pub exec: ExecId,
    pub direction: Direction,
    pub at: Timestamp,
    /// When it is over, unless it is called off before.
    pub until: Timestamp,
}

/// The fields of a group, and what is given for each of them.
struct Fields<'a> {
    names: Arc<[String]>,
    feeds: Vec<Option<Feed<'a>>>,
}

pub(super) struct ScriptedWorld<'a> {
    plan: &'a Plan,
    pub script: &'a Script,
    /// Of each target.
    weights: BTreeMap<String, Number>,
    attempts: HashMap<(NodeIndex, Direction), u32>,
    switches: Switches,
    /// Of each group of the plan.
    feeds: Vec<Fields<'a>>,
    pub performed: Vec<Performed>,
}

impl<'a> ScriptedWorld<'a> {
    pub fn new(plan: &'a Plan, script: &'a Script) -> Self {
        let feeds = plan.groups.iter().map(|group| {
            let names = group.fields.iter().map(|field| &field.field);
            let feeds = names.clone().map(|field| script.feed(&group.name, field)).collect();
            Fields { names: names.cloned().collect(), feeds }
        });
        Self {
            feeds: feeds.collect(),
            plan,
            script,
            weights: BTreeMap::new(),
            attempts: HashMap::new(),
            switches: Switches::default(),
            performed: Vec::new(),
        }
    }

    fn step(&mut self, asked: Asked<'_>, node: NodeIndex, step: &Step, direction: Direction) -> (Outcome, Duration) {
        let EffectKey::Act { exec, .. } = asked.key else { return (Outcome::Done(Json::Null), Duration::ZERO) };
        let given = match direction {
            Direction::Forward => self.script.steps.get(&node),
            Direction::Undo => self.script.undos.get(&node),
        };
        let nothing = Behaviour::default();
        let behaviour = given.unwrap_or(&nothing);
        let until = asked.now.plus(behaviour.takes);
        self.performed.push(Performed { node, exec, direction, at: asked.now, until });
        let attempt = self.attempts.entry((node, direction)).or_default();
        *attempt += 1;
        let outcome = if behaviour.fails.is_some_and(|fails| fails.fails(*attempt)) {
            Outcome::failed("it fails, as given")
        } else if direction == Direction::Undo {
            self.switches.put_back(exec);
            Outcome::Done(Json::Null)
        } else {
            Outcome::Done(self.answer(asked, step, behaviour.output.as_ref()))
        };
        (outcome, behaviour.takes)
    }

    /// What a built-in step would have found out, as raw data.
    fn answer(&mut self, asked: Asked<'_>, step: &Step, given: Option<&Json>) -> Json {
        let args = match asked.key {
            EffectKey::Act { exec, .. } => Some(&asked.state.exec(exec).args),
            EffectKey::Notice(_) => None,
        };
        let argument = |name: &str| args.and_then(|args| args.get(name));
        let file = || argument("path").and_then(Value::as_text).and_then(|path| self.script.files.get(path));
        let raw = match (step.call.name.as_str(), given) {
            ("notify.send", _) => return json!({ "status": 200 }),
            (_, Some(given)) => filled(&step.output, Some(given)),
            (RETURN, None) => argument("value").map_or(Json::Null, Value::to_json),
            ("read.text", None) if file().is_some() => file().into(),
            ("read.json", None) if file().is_some() => {
                file().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Json::Null)
            }
            (STANDS, None) => {
                let on = argument("on").and_then(Value::as_bool);
                json!({ "already": argument("switch").and_then(Value::as_text).map(|it| self.switches.is_on(it)) == on })
            }
            (name, None) => match (is_turned_on(name), asked.key, argument("switch").and_then(Value::as_text)) {
                (Some(on), EffectKey::Act { exec, .. }, Some(switch)) => self.switches.turn(exec, switch, on),
                _ => filled(&step.output, None),
            },
        };
        if step.typed { json!({ "stdout": raw.to_string() }) } else { raw }
    }

    fn ramp(&mut self, target: &str, effect: &Effect) -> Outcome {
        let weight = match effect {
            Effect::RunProcess { program: Program::Argv(words), .. } => match words.first().map(Vec::as_slice) {
                Some([TextPiece::Plain(weight)]) => Number::parse(weight),
                _ => None,
            },
            _ => None,
        };
        match weight {
            Some(weight) => {
                self.weights.insert(target.to_owned(), weight);
                Outcome::Done(Json::Null)
            }
            None => {
                let weight = self.weights.get(target).copied().unwrap_or(Number::ZERO);
                Outcome::Done(weight.to_string().into())
            }
        }
    }
}

/// The kill switches that are tripped: in a test none is, before its run trips it.
#[derive(Default)]
struct Switches {
    tripped: BTreeSet<String>,
    /// Of each turn the switch, and whether it was tripped.
    found: HashMap<ExecId, (String, bool)>,
}

impl Switches {
    /// The raw output of the step that begins a turn.
    fn turn(&mut self, exec: ExecId, switch: &str, on: bool) -> Json {
        let before = self.is_on(switch);
        self.found.entry(exec).or_insert((switch.to_owned(), before));
        self.set(switch, on);
        json!({ "already": false })
    }

    fn is_on(&self, switch: &str) -> bool {
        self.tripped.contains(switch)
    }

    fn put_back(&mut self, exec: ExecId) {
        if let Some((switch, before)) = self.found.remove(&exec) {
            self.set(&switch, before);
        }
    }

    fn set(&mut self, switch: &str, on: bool) {
        if on {
            self.tripped.insert(switch.to_owned());
        } else {
            self.tripped.remove(switch);
        }
    }
}

impl World for ScriptedWorld<'_> {
    fn perform(&mut self, asked: Asked<'_>) -> (Outcome, Duration) {
        let plan = self.plan;
        match asked.key {
            EffectKey::Notice(_) => (Outcome::Done(json!({ "status": 200 })), Duration::ZERO),
            EffectKey::Act { exec, direction, .. } => {
                let node = asked.state.exec(exec).node;
                match &plan.node(node).kind {
                    NodeKind::Step(step) => self.step(asked, node, step, direction),
                    NodeKind::Ramp { target, .. } => {
                        let target = crate::engine::describe_target(target);
                        (self.ramp(&target, asked.effect), Duration::ZERO)
                    }
                    _ => (Outcome::Done(Json::Null), Duration::ZERO),
                }
            }
        }
    }

    fn sample(&mut self, plan: &Plan, group: GroupIndex, tick: Timestamp) -> Samples {
        let start = self.script.start;
        let Some(Fields { names, feeds }) = self.feeds.get_mut(group.0 as usize) else { return Samples::default() };
        let mut feeds = feeds.iter_mut();
        Samples::of(names, |name| match feeds.next() {
            Some(Some(feed)) => feed.sample(start, tick),
            _ => Held::missing(format!("nothing is given for `{}.{name}`", plan.group(group).name)),
        })
    }
}

/// What is given with something in place of all that is not, so that it can be read as its type. Who reads what nobody
/// gave is told so by `reads`.
pub(super) fn filled(ty: &Type, given: Option<&Json>) -> Json {
    match (ty.plain(), given) {
        (Type::Record(record), given) if given.is_none_or(Json::is_object) => {
            let fields = record.fields.iter();
            let fields = fields.map(|(name, ty)| (name.clone(), filled(ty, given.and_then(|given| given.get(name)))));
            Json::Object(fields.collect::<Map<_, _>>())
        }
        (Type::List(inner), Some(Json::Array(items))) => items.iter().map(|item| filled(inner, Some(item))).collect(),
        (Type::Map(inner), Some(Json::Object(entries))) => {
            let entries = entries.iter().map(|(name, entry)| (name.clone(), filled(inner, Some(entry))));
            Json::Object(entries.collect())
        }
        (Type::Optional(inner), Some(given)) if !given.is_null() => filled(inner, Some(given)),
        (_, Some(given)) => given.clone(),
        (Type::Bool, None) => false.into(),
        (Type::List(_), None) => Json::Array(Vec::new()),
        (Type::Map(_), None) => Json::Object(Map::new()),
        (Type::Time, None) => "1970-01-01T00:00:00Z".into(),
        (ty, None) if ty.unit().is_some() => 0.into(),
        (ty, None) if ty.is_textual() => "".into(),
        (_, None) => Json::Null,
    }
}

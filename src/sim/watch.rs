//! What a test watches while its run goes on: conditions that must hold always or never, and reads of what nobody gave.

use std::collections::BTreeMap;

use super::constants::Constants;
use super::names;
use super::people::Run;
use super::reads::{self, Reading};
use super::story::Onlooker;
use crate::base::number::Number;
use crate::base::time::Timestamp;
use crate::contract::value::{Unit, Value};
use crate::engine::event::{Event, Recorded};
use crate::engine::scene::Scene;
use crate::eval::{Evaluated, Unknown, World, evaluate, truth};
use crate::model::expr::{Expr, ExprKind, LocalId, OutputRef, RunField};
use crate::model::phase::PhaseRef;
use crate::model::scenario::{ExpectationKind, Test};
use crate::plan::program::{NodeKind, Plan};

/// How an `always` or `never` has fared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Watched {
    /// When it was broken first, and the values then.
    pub broken: Option<(Timestamp, String)>,
    /// It has had a value at least once.
    pub known: bool,
}

pub(super) struct Watch<'t> {
    test: &'t Test,
    constants: &'t Constants<'t>,
    /// Something has happened since the conditions were judged.
    changed: bool,
    /// Events that have been looked at.
    seen: usize,
    /// How many there had been then, with the samples that nobody keeps.
    count: usize,
    /// Of each target.
    pub weights: BTreeMap<String, Number>,
    /// By the place of the expectation.
    pub watched: Vec<Watched>,
    pub reading: Option<(Timestamp, Reading)>,
}

impl<'t> Watch<'t> {
    pub fn new(test: &'t Test, constants: &'t Constants<'t>) -> Self {
        let watched = vec![Watched::default(); test.expect.len()];
        Self { test, constants, changed: false, seen: 0, count: 0, weights: BTreeMap::new(), watched, reading: None }
    }

    fn judge(&mut self, run: &Run<'_>) {
        let scene = Scene { plan: run.plan, state: run.state(), frame: None, at: run.now() };
        let world = Bystander { scene, weights: &self.weights, constants: self.constants };
        for (watched, expectation) in self.watched.iter_mut().zip(&self.test.expect) {
            let (condition, wanted) = match &expectation.kind {
                ExpectationKind::Always(condition) => (condition, true),
                ExpectationKind::Never(condition) => (condition, false),
                _ => continue,
            };
            if watched.broken.is_some() {
                continue;
            }
            if let Ok(verdict) = truth(condition, &world) {
                watched.known = true;
                if verdict != wanted {
                    watched.broken = Some((run.now(), evidence(condition, &world)));
                }
            }
        }
    }
}

impl Onlooker for Watch<'_> {
    fn see(&mut self, run: &Run<'_>) {
        let mut moved = false;
        let events: &[Recorded] = run.events.get(self.seen..).unwrap_or_default();
        self.seen = run.events.len();
        for recorded in events {
            if let Event::WeightSet { target, weight, .. } | Event::WeightRestored { target, weight, .. } =
                &recorded.event
            {
                self.weights.insert(target.clone(), *weight);
                moved = true;
            }
            if self.reading.is_none() && !matches!(recorded.event, Event::Sampled { .. }) {
                let reading = reads::of_event(run.plan, run.world().script, run.state(), recorded);
                self.reading = reading.map(|reading| (recorded.at, reading));
            }
        }
        // Traffic counts however short it flows; of metrics only what an instant ends with.
        let settled = run.next_at().is_none_or(|next| next > run.now());
        self.changed |= run.count != std::mem::replace(&mut self.count, run.count);
        if self.changed && (moved || settled) {
            self.changed = false;
            self.judge(run);
        }
    }

    fn has_seen_enough(&self) -> bool {
        self.reading.is_some()
    }
}

/// `traffic = 100%, search.p99 = 400ms`
fn evidence(condition: &Expr, world: &Bystander<'_>) -> String {
    let mut parts = Vec::new();
    collect(condition, world, &mut parts);
    parts.join(", ")
}

fn collect(expr: &Expr, world: &Bystander<'_>, parts: &mut Vec<String>) {
    let name = match &*expr.kind {
        ExprKind::Metric { group, field } => Some(format!("{group}.{field}")),
        ExprKind::Call(function, args) if function == "traffic" => {
            let of = args.iter().find_map(|(_, arg)| arg.as_literal()?.as_text());
            Some(of.map_or_else(|| "traffic".to_owned(), |phase| format!("traffic({phase})")))
        }
        _ => None,
    };
    match name {
        Some(name) => {
            let value = evaluate(expr, world).map_or_else(|_| "unknown".to_owned(), |value| value.to_string());
            let part = format!("{name} = {value}");
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        None => expr.children().into_iter().for_each(|child| collect(child, world, parts)),
    }
}

/// A scene in which traffic can be seen.
struct Bystander<'a> {
    scene: Scene<'a>,
    weights: &'a BTreeMap<String, Number>,
    constants: &'a Constants<'a>,
}

impl Bystander<'_> {
    fn traffic(&self, args: &[(String, Expr)]) -> Evaluated {
        let phase = args.iter().find_map(|(_, arg)| arg.as_literal()?.as_text());
        let target = target_of(self.scene.plan, phase);
        let weight = target.and_then(|target| self.weights.get(&target)).copied();
        Ok(Value::Quantity(weight.unwrap_or(Number::ZERO), Unit::Ratio))
    }
}

/// The target that is ramped in a phase, or the only one.
fn target_of(plan: &Plan, phase: Option<&str>) -> Option<String> {
    let target = |kind: &NodeKind| match kind {
        NodeKind::Ramp { target, .. } => Some(crate::engine::describe_target(target)),
        _ => None,
    };
    match phase {
        None => plan.nodes.iter().find_map(|node| target(&node.kind)),
        Some(phase) => {
            let (name, element) = match phase.split_once('[') {
                Some((name, element)) => (name, Some(element.trim_end_matches(']').to_owned())),
                None => (phase, None),
            };
            let meant = names::phases(plan, &PhaseRef { name: name.to_owned(), element });
            let ramps = meant.into_iter().flat_map(|phase| names::ramps(plan, phase));
            ramps.into_iter().find_map(|ramp| target(&plan.node(ramp).kind))
        }
    }
}

impl World for Bystander<'_> {
    fn local(&self, id: LocalId) -> Evaluated {
        self.scene.local(id)
    }

    fn environment(&self, key: &str) -> Evaluated {
        self.constants.environment(key)
    }

    fn run(&self, field: RunField) -> Evaluated {
        self.scene.run(field)
    }

    fn output(&self, output: &OutputRef) -> Evaluated {
        match self.scene.output(output)? {
            // A step that was skipped or failed has no output.
            Value::Null => Err(Unknown("it has no output".to_owned())),
            value => Ok(value),
        }
    }

    fn metric(&self, group: &str, field: &str) -> Evaluated {
        self.scene.metric(group, field)
    }

    fn stage_weight(&self) -> Evaluated {
        self.scene.stage_weight()
    }

    fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        if function == "traffic" { Some(self.traffic(args)) } else { self.scene.call(function, args) }
    }
}

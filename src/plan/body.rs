//! Statements to nodes and blocks, with their ids.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use indexmap::IndexSet;

use super::expand::{Expansion, Instance};
use super::limits;
use super::metrics::{Metrics, constant_args};
use super::parts::{each_part, each_value, map_outputs};
use super::places::Places;
use super::program::{
    Block, BlockIndex, Call, Condition, Item, Node, NodeIndex, NodeKind, PhaseIndex, Step, Sustain, Target, Trigger,
};
use super::request::PlanError;
use super::scope::Scope;
use crate::base::number::Number;
use crate::base::span::Location;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::Expr;
use crate::model::phase as model;
use crate::model::phase::{StatementKind, TriggerAction};

const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Grows the parts of a plan, phase by phase.
pub struct Builder<'a, 's> {
    pub scope: &'s Scope<'a>,
    pub expansion: &'s Expansion<'a>,
    pub metrics: Metrics<'a>,
    pub nodes: Vec<Node>,
    pub blocks: Vec<Block>,
    pub secrets: BTreeSet<String>,
    /// The channels in use, by name.
    pub channels: IndexSet<String>,
    /// The rubrics in use, by name.
    pub rubrics: IndexSet<String>,
    pub places: Places,
}

/// The phase, hook or pipeline that is being built.
pub struct Place<'s, 'a> {
    pub instance: Option<&'s Instance<'a>>,
    pub phase: PhaseIndex,
    /// `deploy[eu].`, `on success.`; of the pipeline empty.
    prefix: String,
    /// `x.` in a composite step that is called `x`.
    within: String,
    /// Where the composite step around it is called.
    called_at: Option<Location>,
    /// Names of steps, which numbers have to leave alone.
    taken: HashSet<String>,
    numbers: HashMap<&'static str, u32>,
}

impl<'s, 'a> Place<'s, 'a> {
    pub fn new(instance: Option<&'s Instance<'a>>, phase: PhaseIndex, id: &str) -> Self {
        let prefix = if id.is_empty() { String::new() } else { format!("{id}.") };
        let within = String::new();
        Self { instance, phase, prefix, within, called_at: None, taken: HashSet::new(), numbers: HashMap::new() }
    }

    /// `freeze.gate1`: unnamed ones are counted per kind through the whole phase, those of a composite step by themselves.
    fn numbered(&mut self, kind: &'static str) -> String {
        loop {
            let number = self.numbers.entry(kind).or_default();
            *number += 1;
            let name = format!("{}{kind}{number}", self.within);
            if !self.taken.contains(&name) {
                return format!("{}{name}", self.prefix);
            }
        }
    }
}

impl<'a> Builder<'a, '_> {
    /// A whole phase, hook or pipeline scope.
    pub fn body(&mut self, block: &model::Block, place: &mut Place) -> BlockIndex {
        self.take_names(block, place);
        self.block(block, false, place)
    }

    pub fn add_block(&mut self, block: Block) -> BlockIndex {
        self.blocks.push(block);
        BlockIndex(index_of(self.blocks.len() - 1))
    }

    pub fn add_node(&mut self, node: Node) -> NodeIndex {
        self.nodes.push(node);
        NodeIndex(index_of(self.nodes.len() - 1))
    }

    /// The expression with all that is known put in, its outputs qualified, and note taken of what it uses.
    pub fn expr(&mut self, expr: &Expr, place: &Place) -> Option<Expr> {
        let known = limits::choose(self.scope.known(expr)?, self.metrics.program, self.scope)?;
        self.note(&known);
        if known.as_literal().is_some() {
            return Some(known);
        }
        self.metrics.reads_of(&known);
        let mut fault = None;
        let qualified = map_outputs(&known, &mut |output| {
            self.expansion.qualify(output, place.instance).unwrap_or_else(|message| {
                fault = Some(message);
                output.clone()
            })
        });
        if let Some(message) = fault {
            self.scope.fail(PlanError::program(expr.at, message));
            return None;
        }
        Some(qualified)
    }

    /// A condition that may be settled already.
    pub fn decision(&mut self, when: &Expr, place: &Place) -> Option<Decision> {
        let expr = self.expr(when, place)?;
        match expr.as_literal() {
            None => Some(Decision::AtRunTime(expr)),
            Some(Value::Bool(value)) => Some(Decision::Now(*value)),
            Some(other) => {
                let message = format!("`when` wants a condition, and `{other}` is neither true nor false");
                self.scope.fail(PlanError::program(when.at, message));
                None
            }
        }
    }

    pub fn note_value(&mut self, value: &Value) {
        each_value(value, &mut |part| match part {
            Value::Secret(name) => {
                self.secrets.insert(name.clone());
            }
            Value::Channel(name) => {
                self.channels.insert(name.clone());
            }
            _ => {}
        });
    }

    fn note(&mut self, expr: &Expr) {
        each_part(expr, &mut |part| {
            if let Some(value) = part.as_literal() {
                self.note_value(value);
            }
        });
    }

    fn take_names(&mut self, block: &model::Block, place: &mut Place) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Step(step) => self.take_name(step, statement.at, place),
                StatementKind::Ramp { body: inner, .. }
                | StatementKind::Parallel(inner)
                | StatementKind::Scope(inner) => self.take_names(inner, place),
                _ => {}
            }
        }
    }

    fn take_name(&mut self, step: &model::Step, at: Location, place: &mut Place) {
        let Some(name) = &step.name else { return };
        if !place.taken.insert(name.clone()) {
            self.scope.fail(PlanError::program(at, format!("there are two steps `{}{name}`", place.prefix)));
        }
    }

    fn block(&mut self, block: &model::Block, parallel: bool, place: &mut Place) -> BlockIndex {
        let triggers = block.triggers.iter().filter_map(|trigger| self.trigger(trigger, place)).collect();
        let items = block.statements.iter().filter_map(|statement| self.statement(statement, place)).collect();
        self.add_block(Block { items, triggers, parallel, ..Block::default() })
    }

    /// A component, or a composite step: its block is skipped as a whole when it is not wanted.
    fn scope(&mut self, block: &model::Block, place: &mut Place) -> Option<BlockIndex> {
        let Some(composite) = &block.composite else { return Some(self.block(block, false, place)) };
        let when = match &composite.when {
            None => None,
            Some(when) => match self.decision(when, place)? {
                Decision::Now(true) => None,
                Decision::Now(false) => Some(Expr::literal(Value::Bool(false), when.ty.clone(), when.at)),
                Decision::AtRunTime(expr) => Some(expr),
            },
        };
        let outside = std::mem::replace(&mut place.within, format!("{}.", composite.label));
        let counted = std::mem::take(&mut place.numbers);
        let first = self.nodes.len();
        let index = self.block(block, false, place);
        (place.within, place.numbers) = (outside, counted);
        if when.as_ref().is_some_and(|when| when.as_literal().is_some()) {
            switch_off(&mut self.nodes[first..], when.as_ref());
        }
        let built = &mut self.blocks[index.0 as usize];
        (built.when, built.continues) = (when, composite.continues);
        Some(index)
    }

    fn trigger(&mut self, trigger: &model::Trigger, place: &mut Place) -> Option<Trigger> {
        let id = place.numbered("trigger");
        if let TriggerAction::Notify(channel) = &trigger.action {
            self.channels.insert(channel.clone());
        }
        let condition = self.condition(&trigger.condition, place)?;
        self.places.triggers.insert(id.clone(), trigger.at);
        Some(Trigger { id, action: trigger.action.clone(), condition })
    }

    fn statement(&mut self, statement: &model::Statement, place: &mut Place) -> Option<Item> {
        let (id, title) = match &statement.kind {
            StatementKind::Parallel(inner) => return Some(Item::Block(self.block(inner, true, place))),
            StatementKind::Scope(inner) => {
                let outside = place.called_at;
                if inner.composite.is_some() {
                    place.called_at = outside.or(Some(statement.at));
                }
                let built = self.scope(inner, place).map(Item::Block);
                place.called_at = outside;
                return built;
            }
            StatementKind::Step(model::Step { name: Some(name), .. }) => (format!("{}{name}", place.prefix), None),
            StatementKind::Step(_) => (place.numbered("step"), None),
            StatementKind::Gate { title, .. } => (place.numbered("gate"), title.as_ref()),
            StatementKind::Hold { .. } => (place.numbered("hold"), None),
            StatementKind::Ramp { .. } => (place.numbered("ramp"), None),
            StatementKind::Approve { .. } => (place.numbered("approve"), None),
            StatementKind::Wait(_) => (place.numbered("wait"), None),
        };
        let title = match title {
            Some(title) => Some(self.scope.text(title, "the title of this gate")?),
            None => None,
        };
        // Its place in the list is before that of what stands in it; its kind follows.
        let node = Node { id, phase: place.phase, title, doc: statement.doc.clone(), kind: NodeKind::Phase };
        let index = self.add_node(node);
        self.places.nodes.insert(index, place.called_at.unwrap_or(statement.at));
        let kind = self.kind(statement, place)?;
        self.nodes[index.0 as usize].kind = kind;
        Some(Item::Node(index))
    }

    fn kind(&mut self, statement: &model::Statement, place: &mut Place) -> Option<NodeKind> {
        match &statement.kind {
            StatementKind::Step(step) => self.step(step, place).map(|step| NodeKind::Step(Box::new(step))),
            StatementKind::Gate { conditions, .. } => Some(NodeKind::Gate(self.conditions(conditions, place)?)),
            StatementKind::Hold { duration, every, conditions } => Some(NodeKind::Hold {
                duration: self.scope.duration(duration, "the duration of this hold")?,
                every: self.optional(every.as_ref(), |scope, it| scope.interval(it, "`every` of this hold"))?,
                conditions: self.conditions(conditions, place)?,
            }),
            StatementKind::Ramp { target, weights, body } => Some(NodeKind::Ramp {
                target: self.target(target, &format!("`{}`", target.name))?,
                weights: self.weights(weights)?,
                body: self.block(body, false, place),
            }),
            StatementKind::Approve { who, by, within, otherwise } => Some(NodeKind::Approve {
                who: self.scope.text(who, "what is to be approved")?,
                by: self.optional(by.as_ref(), |scope, it| scope.text(it, "`by` of this approval"))?,
                within: self.optional(within.as_ref(), |scope, it| scope.duration(it, "`within` of this approval"))?,
                otherwise: *otherwise,
            }),
            StatementKind::Wait(duration) => {
                Some(NodeKind::Wait(self.scope.duration(duration, "the duration of this wait")?))
            }
            // Blocks are no nodes.
            StatementKind::Parallel(_) | StatementKind::Scope(_) => None,
        }
    }

    /// Outer none: it failed. Inner none: it is not there.
    #[expect(clippy::option_option, reason = "absent and failed are different answers")]
    fn optional<T>(&self, expr: Option<&Expr>, read: impl Fn(&Scope, &Expr) -> Option<T>) -> Option<Option<T>> {
        match expr {
            Some(expr) => read(self.scope, expr).map(Some),
            None => Some(None),
        }
    }

    fn step(&mut self, step: &model::Step, place: &Place) -> Option<Step> {
        let when = match &step.when {
            None => None,
            Some(when) => match self.decision(when, place)? {
                Decision::Now(true) => None,
                Decision::Now(false) => Some(Expr::literal(Value::Bool(false), when.ty.clone(), when.at)),
                Decision::AtRunTime(expr) => Some(expr),
            },
        };
        let undo = match &step.undo {
            Some(undo) => Some(self.call(undo, place)?),
            None => None,
        };
        Some(Step {
            name: step.name.clone(),
            call: self.call(&step.call, place)?,
            output: step.output.clone(),
            typed: step.typed,
            effect: step.effect,
            idempotent: step.idempotent,
            timeout: self.optional(step.timeout.as_ref(), |scope, it| scope.duration(it, "`timeout` of this step"))?,
            retry: self
                .optional(step.retry.as_ref(), |scope, it| scope.count(it, "`retry` of this step", 0))?
                .unwrap_or(0),
            backoff: self.optional(step.backoff.as_ref(), backoff)?.unwrap_or(BACKOFF),
            when,
            undo,
            has_undo: step.has_undo,
            continues: step.continues,
        })
    }

    fn call(&mut self, call: &model::Call, place: &Place) -> Option<Call> {
        let rubrics = call.args.iter().filter(|(_, arg)| arg.ty == Type::Rubric);
        self.rubrics.extend(rubrics.filter_map(|(_, arg)| arg.as_literal()?.as_text().map(str::to_owned)));
        let args: Vec<Option<(String, Expr)>> =
            call.args.iter().map(|(name, arg)| Some((name.clone(), self.expr(arg, place)?))).collect();
        let args = args.into_iter().collect::<Option<_>>()?;
        Some(Call { name: call.name.clone(), args, written: call.written, repeatable: is_repeatable(&call.name) })
    }

    pub fn target(&mut self, call: &model::Call, whose: &str) -> Option<Target> {
        let args = constant_args(call, whose, self.scope)?;
        args.values().for_each(|value| self.note_value(value));
        Some(Target { name: call.name.clone(), args })
    }

    fn weights(&self, weights: &[Expr]) -> Option<Vec<Number>> {
        let mut rising: Vec<Number> = Vec::new();
        for expr in weights {
            let value = self.scope.constant(expr, "a weight of this ramp")?;
            let weight = value.as_number().filter(|weight| (0.0..=1.0).contains(&weight.to_f64()));
            let above = |weight: &Number| rising.last().is_none_or(|last| last.to_f64() < weight.to_f64());
            match weight.filter(above) {
                Some(weight) => rising.push(weight),
                None => {
                    let message = format!("`{value}` cannot come here: weights rise strictly and lie in 0%..100%");
                    self.scope.fail(PlanError::program(expr.at, message));
                    return None;
                }
            }
        }
        Some(rising)
    }

    fn conditions(&mut self, conditions: &[model::Condition], place: &Place) -> Option<Vec<Condition>> {
        let built: Vec<Option<Condition>> =
            conditions.iter().map(|condition| self.condition(condition, place)).collect();
        built.into_iter().collect()
    }

    fn condition(&mut self, condition: &model::Condition, place: &Place) -> Option<Condition> {
        let expr = self.expr(&condition.expr, place)?;
        let reads = self.metrics.reads_of(&expr);
        let reason = match &condition.reason {
            Some(reason) => Some(self.expr(reason, place)?),
            None => None,
        };
        Some(Condition {
            expr,
            text: condition.text.clone(),
            warns: condition.warns,
            sustain: self.sustain(condition.sustain.as_ref(), "`for`")?,
            after: self.sustain(condition.after.as_ref(), "`after`")?,
            missing: condition.missing,
            reason,
            reads,
        })
    }

    #[expect(clippy::option_option, reason = "absent and failed are different answers")]
    fn sustain(&self, sustain: Option<&model::Sustain>, what: &str) -> Option<Option<Sustain>> {
        match sustain {
            None => Some(None),
            Some(model::Sustain::Time(length)) => Some(Some(Sustain::Time(self.scope.duration(length, what)?))),
            Some(model::Sustain::Samples(count)) => Some(Some(Sustain::Samples(self.scope.count(count, what, 1)?))),
        }
    }
}

/// What became of a `when`.
pub enum Decision {
    Now(bool),
    AtRunTime(Expr),
}

/// The steps of a composite one that never runs.
fn switch_off(nodes: &mut [Node], when: Option<&Expr>) {
    for node in nodes {
        if let NodeKind::Step(step) = &mut node.kind {
            step.when = when.cloned();
        }
    }
}

fn backoff(scope: &Scope, expr: &Expr) -> Option<(Duration, Duration)> {
    let value = scope.constant(expr, "`backoff` of this step")?;
    let ends = match &value {
        Value::Range(first, last) => first.as_duration().zip(last.as_duration()),
        single => single.as_duration().map(|pause| (pause, pause)),
    };
    let ends = ends.filter(|(first, last)| first <= last);
    if ends.is_none() {
        let message = format!("`backoff` cannot be `{value}`: a rising range such as `1s..1m` is wanted");
        scope.fail(PlanError::program(expr.at, message));
    }
    ends
}

/// Whether an undo may be done again when nobody knows if it was done: what starts a process or sends something may not.
fn is_repeatable(step: &str) -> bool {
    let sends = step.starts_with("http.") && step != "http.get";
    !sends && !matches!(step, "shell" | "exec")
}

pub fn index_of(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

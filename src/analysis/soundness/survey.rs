//! Every gate, hold and trigger of the pipelines, with what stands around it and what its conditions come to.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexSet;
use rustc_hash::FxHashSet;

use crate::base::span::Location;
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind, LocalId};
use crate::model::phase::{Block, Condition, Phase, StatementKind, Sustain, Trigger};
use crate::model::program::{FieldValue, LocalKind, Pipeline, Program};
use crate::model::walk::{expressions, pipeline_expressions};

use super::super::constants::Constants;
use super::super::durations::{pipeline_bound, running};
use super::super::graph::Order;
use super::reading::{Reader, Standpoint};
use super::sets::{Cell, Formula, cells};
use super::standing::{Beside, Watched};
use super::table::Table;

/// Cells of all conditions of a pipeline in one environment; about what is beyond them nothing is said.
const MOST_CELLS: usize = 100_000;

/// A pipeline of a program, or what stands outside of them.
pub struct Survey<'p> {
    pub pipelines: Vec<Surveyed<'p>>,
    pub standing: Watched<'p>,
}

/// One pipeline. Conditions have numbers; their meaning in an environment stands in its world.
pub struct Surveyed<'p> {
    pub pipeline: &'p Pipeline,
    /// One for each environment; a single one when they make no difference.
    pub worlds: Vec<World<'p>>,
    pub places: Vec<Place<'p>>,
    pub watches: Vec<Watch<'p>>,
    pub looks: Vec<Look<'p>>,
}

/// A block, and what is around it; the first is the pipeline's own scope.
pub struct Place<'p> {
    pub parent: Option<usize>,
    pub block: &'p Block,
    pub phase: Option<usize>,
    /// The ramp's body around it or that it is; 0 outside of ramps.
    pub ramp: usize,
    /// How often its ramp runs it.
    pub weights: usize,
    /// The statement of the parent that it belongs to.
    pub position: usize,
    /// Its triggers are those from here …
    pub first_watch: usize,
    /// … to before here.
    pub end_watch: usize,
}

/// A trigger.
pub struct Watch<'p> {
    pub trigger: &'p Trigger,
    pub place: usize,
    pub condition: usize,
}

/// A gate or a hold.
pub struct Look<'p> {
    pub conditions: &'p [Condition],
    /// The number of its first condition; the others follow.
    pub first: usize,
    pub place: usize,
    /// Which statement of its block it is.
    pub position: usize,
    pub hold: Option<Hold<'p>>,
    pub at: Location,
}

#[derive(Clone, Copy)]
pub struct Hold<'p> {
    pub duration: &'p Expr,
    pub every: Option<&'p Expr>,
}

/// A pipeline in one environment.
pub struct World<'p> {
    pub constants: Constants<'p>,
    pub table: Rc<Table>,
    /// By the number of the condition.
    pub readings: Rc<[Reading]>,
    /// Whether each phase may run.
    pub runs: Vec<bool>,
    /// ` in `production``, when not all environments are the same.
    pub name: Option<String>,
    order: Rc<Order<'p>>,
    lasts: OnceCell<Option<Duration>>,
}

/// A condition as a set.
#[derive(Debug, Default)]
pub struct Reading {
    /// Where it is true; none when that is not known.
    pub truth: Option<Vec<Cell>>,
    /// Where it is false.
    pub falsehood: Option<Vec<Cell>>,
    pub is_never: bool,
    /// True whenever it is known.
    pub is_always: bool,
    /// It is true and looks at nothing.
    pub is_constant: bool,
}

impl<'p> Survey<'p> {
    /// Of a pipeline alone.
    #[must_use]
    pub fn of(program: &'p Program, pipeline: &'p Pipeline, order: &Rc<Order<'p>>) -> Self {
        let pipelines = vec![Surveyed::new(program, pipeline, order)];
        Self { pipelines, standing: Watched::default() }
    }

    /// Of what stands outside of pipelines.
    #[must_use]
    pub fn outside(program: &'p Program, beside: Beside<'p>) -> Self {
        Self { pipelines: Vec::new(), standing: Watched::new(program, beside) }
    }
}

impl<'p> Surveyed<'p> {
    fn new(program: &'p Program, pipeline: &'p Pipeline, order: &Rc<Order<'p>>) -> Self {
        let mut surveyor = Surveyor::default();
        surveyor.add_place(&pipeline.scope, None, None);
        for (index, phase) in pipeline.phases.iter().enumerate() {
            surveyor.walk(&phase.body, 0, Some(index));
        }
        let mut constants = Constants::of(program, pipeline);
        let groups_differ = constants.len() > 1 && groups_differ(program, pipeline);
        let all_alike = constants.len() > 1 && !(groups_differ || mentions_environment(pipeline));
        if all_alike {
            constants.truncate(1);
        }
        let several = constants.len() > 1;
        let read_alike = !groups_differ && !conditions_differ(pipeline, &surveyor.conditions);
        let mut worlds: Vec<World<'p>> = Vec::with_capacity(constants.len());
        for constants in constants {
            let name = constants.environment.filter(|_| several || !all_alike).map(|found| found.name.clone());
            let first = worlds.first().filter(|_| read_alike);
            let world = match first {
                Some(first) => World::like(first, constants, name),
                None => World::new(program, constants, &surveyor.conditions, name, order.clone()),
            };
            worlds.push(world);
        }
        Self { pipeline, worlds, places: surveyor.places, watches: surveyor.watches, looks: surveyor.looks }
    }

    /// The block and all around it, from the inside out.
    pub fn around(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(place), |place| self.places[*place].parent)
    }

    #[must_use]
    pub fn phase(&self, place: usize) -> Option<&'p Phase> {
        self.places[place].phase.map(|phase| &self.pipeline.phases[phase])
    }

    /// The worlds in which the block may run.
    pub fn worlds_of(&self, place: usize) -> impl Iterator<Item = &World<'p>> {
        let phase = self.places[place].phase;
        self.worlds.iter().filter(move |world| phase.is_none_or(|phase| world.runs[phase]))
    }

    /// Whether something is so in every environment in which the block may run, and it may in one.
    pub fn everywhere(&self, place: usize, mut holds: impl FnMut(&World<'p>) -> bool) -> bool {
        let mut any = false;
        self.worlds_of(place).all(|world| {
            any = true;
            holds(world)
        }) && any
    }

    /// ` in `staging` and `production`` for the environments in which something is so; empty when it is so in all.
    #[must_use]
    pub fn names(&self, found: &[&World<'p>]) -> String {
        names(found, self.worlds.len())
    }
}

/// The environments of `found`, when those are not all of several.
#[must_use]
pub fn names(found: &[&World<'_>], all: usize) -> String {
    let names: Vec<&str> = found.iter().filter_map(|world| world.name.as_deref()).collect();
    if names.is_empty() || (found.len() == all && all > 1) {
        return String::new();
    }
    format!(" in `{}`", names.join("` and `"))
}

impl<'p> World<'p> {
    pub fn new(
        program: &'p Program,
        constants: Constants<'p>,
        conditions: &[(&'p Condition, Standpoint)],
        name: Option<String>,
        order: Rc<Order<'p>>,
    ) -> Self {
        let mut reader = Reader::new(program, constants.clone());
        let formulas: Vec<_> = conditions
            .iter()
            .map(|(condition, standpoint)| {
                let sound = condition.expr.ty != Type::Error;
                sound.then(|| reader.condition(&condition.expr, *standpoint))
            })
            .collect();
        let table = reader.finish();
        let mut work = MOST_CELLS;
        let readings = formulas.into_iter().map(|formula| {
            let reading =
                formula.filter(|_| work > 0).map_or_else(Reading::default, |formula| Reading::new(&formula, &table));
            work = work.saturating_sub(reading.size());
            reading
        });
        let readings = readings.collect();
        let runs = running(constants.pipeline, &order, &constants);
        Self { constants, table: Rc::new(table), readings, runs, name, order, lasts: OnceCell::new() }
    }

    /// Another environment, in which the conditions mean the same.
    fn like(other: &Self, constants: Constants<'p>, name: Option<String>) -> Self {
        let runs = running(constants.pipeline, &other.order, &constants);
        let (table, readings) = (other.table.clone(), other.readings.clone());
        Self { constants, table, readings, runs, name, order: other.order.clone(), lasts: OnceCell::new() }
    }
}

impl World<'_> {
    /// How long the whole pipeline lasts at most.
    #[must_use]
    pub fn lasts(&self) -> Option<Duration> {
        let pipeline = self.constants.pipeline;
        *self.lasts.get_or_init(|| pipeline_bound(pipeline, self.order.predecessors(), &self.constants))
    }
}

impl Reading {
    fn size(&self) -> usize {
        let size = |cells: &Option<Vec<Cell>>| cells.as_ref().map_or(0, Vec::len);
        size(&self.truth) + size(&self.falsehood)
    }

    fn new(formula: &Formula, table: &Table) -> Self {
        let truth = cells(formula, true);
        let falsehood = cells(formula, false);
        let is_empty = |cells: &Option<Vec<Cell>>| {
            cells.as_ref().is_some_and(|cells| cells.iter().all(|cell| cell.is_empty(table)))
        };
        let (is_never, is_always) = (is_empty(&truth), is_empty(&falsehood));
        let is_constant = matches!(formula, Formula::Known(true));
        Self { truth, falsehood, is_never, is_always: is_always && !is_never, is_constant }
    }
}

/// Numbers blocks, triggers and conditions from the outside in.
#[derive(Default)]
struct Surveyor<'p> {
    places: Vec<Place<'p>>,
    watches: Vec<Watch<'p>>,
    looks: Vec<Look<'p>>,
    conditions: Vec<(&'p Condition, Standpoint)>,
}

impl<'p> Surveyor<'p> {
    fn add_place(&mut self, block: &'p Block, parent: Option<(usize, usize)>, phase: Option<usize>) -> usize {
        let place = self.places.len();
        let ramp = parent.map_or(0, |(parent, _)| self.places[parent].ramp);
        self.add_place_in(block, parent, phase, (ramp, 1));
        place
    }

    fn add_place_in(
        &mut self,
        block: &'p Block,
        parent: Option<(usize, usize)>,
        phase: Option<usize>,
        (ramp, weights): (usize, usize),
    ) {
        let place = self.places.len();
        let first_watch = self.watches.len();
        for trigger in &block.triggers {
            let condition = self.add_condition(&trigger.condition, Standpoint { ramp, block: place });
            self.watches.push(Watch { trigger, place, condition });
        }
        self.places.push(Place {
            parent: parent.map(|(parent, _)| parent),
            block,
            phase,
            ramp,
            weights,
            position: parent.map_or(0, |(_, position)| position),
            first_watch,
            end_watch: self.watches.len(),
        });
    }

    fn add_condition(&mut self, condition: &'p Condition, standpoint: Standpoint) -> usize {
        self.conditions.push((condition, standpoint));
        self.conditions.len() - 1
    }

    fn walk(&mut self, block: &'p Block, parent: usize, phase: Option<usize>) {
        let place = self.add_place(block, Some((parent, 0)), phase);
        self.statements(block, place, phase);
    }

    fn statements(&mut self, block: &'p Block, place: usize, phase: Option<usize>) {
        for (position, statement) in block.statements.iter().enumerate() {
            match &statement.kind {
                StatementKind::Gate { conditions, .. } => self.look(conditions, (place, position), None, statement.at),
                StatementKind::Hold { duration, every, conditions } => {
                    let hold = Some(Hold { duration, every: every.as_ref() });
                    self.look(conditions, (place, position), hold, statement.at);
                }
                StatementKind::Ramp { weights, body, .. } => {
                    let inner = self.places.len();
                    self.add_place_in(body, Some((place, position)), phase, (inner, weights.len().max(1)));
                    self.statements(body, inner, phase);
                }
                StatementKind::Parallel(body) | StatementKind::Scope(body) => {
                    let inner = self.add_place(body, Some((place, position)), phase);
                    self.statements(body, inner, phase);
                }
                StatementKind::Step(_) | StatementKind::Approve { .. } | StatementKind::Wait(_) => {}
            }
        }
    }

    fn look(
        &mut self,
        conditions: &'p [Condition],
        (place, position): (usize, usize),
        hold: Option<Hold<'p>>,
        at: Location,
    ) {
        let standpoint = Standpoint { ramp: self.places[place].ramp, block: place };
        let first = self.conditions.len();
        for condition in conditions {
            self.add_condition(condition, standpoint);
        }
        self.looks.push(Look { conditions, first, place, position, hold, at });
    }
}

/// Whether figures or conditions differ between environments. What steps are called with does not matter here.
fn mentions_environment(pipeline: &Pipeline) -> bool {
    let mut found = false;
    let mut look =
        |expr: &Expr| expressions(expr, &mut |expr| found |= matches!(&*expr.kind, ExprKind::Environment(_)));
    for local in &pipeline.locals {
        if let LocalKind::Value(value) = &local.kind {
            look(value);
        }
    }
    pipeline.timeout.iter().for_each(&mut look);
    look_into(&pipeline.scope, &mut look);
    for phase in &pipeline.phases {
        phase.when.iter().for_each(&mut look);
        phase.each.iter().for_each(|each| {
            look(&each.list);
            each.at_once.iter().for_each(&mut look);
        });
        look_into(&phase.body, &mut look);
    }
    found
}

/// Whether what is compared in conditions differs between environments, `let`s included that they name.
fn conditions_differ(pipeline: &Pipeline, conditions: &[(&Condition, Standpoint)]) -> bool {
    let mut found = false;
    let mut seen: FxHashSet<LocalId> = FxHashSet::default();
    let mut open: Vec<&Expr> = conditions.iter().map(|(condition, _)| &condition.expr).collect();
    while let Some(expr) = open.pop() {
        expressions(expr, &mut |expr| match &*expr.kind {
            ExprKind::Environment(_) => found = true,
            ExprKind::Local(id) if seen.insert(*id) => {
                let local = pipeline.locals.get(id.0 as usize);
                if let Some(LocalKind::Value(value)) = local.map(|local| &local.kind) {
                    open.push(value);
                }
            }
            _ => {}
        });
    }
    found
}

fn look_into(block: &Block, look: &mut dyn FnMut(&Expr)) {
    for trigger in &block.triggers {
        look_at(&trigger.condition, look);
    }
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Step(step) => {
                let clauses = step.timeout.iter().chain(&step.retry).chain(&step.backoff);
                clauses.for_each(&mut *look);
            }
            StatementKind::Gate { conditions, .. } => conditions.iter().for_each(|condition| look_at(condition, look)),
            StatementKind::Hold { duration, every, conditions } => {
                std::iter::once(duration).chain(every).for_each(&mut *look);
                conditions.iter().for_each(|condition| look_at(condition, look));
            }
            StatementKind::Ramp { weights, body, .. } => {
                weights.iter().for_each(&mut *look);
                look_into(body, look);
            }
            StatementKind::Approve { within, .. } => within.iter().for_each(&mut *look),
            StatementKind::Wait(duration) => look(duration),
            StatementKind::Parallel(body) | StatementKind::Scope(body) => look_into(body, look),
        }
    }
}

fn look_at(condition: &Condition, look: &mut dyn FnMut(&Expr)) {
    look(&condition.expr);
    for sustain in condition.sustain.iter().chain(&condition.after) {
        match sustain {
            Sustain::Time(expr) | Sustain::Samples(expr) => look(expr),
        }
    }
}

/// Whether how its metrics are read or computed differs between environments.
fn groups_differ(program: &Program, pipeline: &Pipeline) -> bool {
    let mut named: IndexSet<&str> = IndexSet::new();
    pipeline_expressions(pipeline, &mut |expr| {
        if let ExprKind::Metric { group, .. } = &*expr.kind {
            named.insert(group);
        }
    });
    let (mut found, mut next) = (false, 0);
    while let Some(group) = named.get_index(next).map(|name| program.groups.get(*name)) {
        next += 1;
        let derived =
            group.into_iter().flat_map(|group| group.fields.values()).filter_map(|field| match &field.value {
                FieldValue::Derived(value) => Some(value),
                FieldValue::Extract(_) => None,
            });
        for expr in group.iter().flat_map(|group| group.every.iter().chain(&group.lag)).chain(derived) {
            expressions(expr, &mut |expr| match &*expr.kind {
                ExprKind::Environment(_) => found = true,
                ExprKind::Metric { group, .. } => drop(named.insert(group)),
                _ => {}
            });
        }
    }
    found
}

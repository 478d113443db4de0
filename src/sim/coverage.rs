//! Which decisions of a program its tests have seen made.
//!
//! A point is one way one place can go: a gate passed, a trigger fired. A component counts once, however often it runs; a
//! composite step counts as the one step it is called as.

use std::collections::{BTreeMap, HashSet};

use super::story::Story;
use crate::base::span::Location;
use crate::engine::event::{Event, PauseCause, Recorded};
use crate::engine::state::PhaseStatus;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::{Block, Condition, FailurePolicy, Phase, Statement, StatementKind, Step, Trigger};
use crate::model::program::{Pipeline, Program};
use crate::model::signature::EffectClass;
use crate::model::walk;
use crate::plan::program::{NodeIndex, NodeKind, PhaseIndex};

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Gate,
    Trigger,
    Undo,
    Branch,
    MissingData,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Gate, Self::Trigger, Self::Undo, Self::Branch, Self::MissingData];

    /// As a row is headed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gate => "gates",
            Self::Trigger => "triggers",
            Self::Undo => "undo paths",
            Self::Branch => "branches",
            Self::MissingData => "missing data",
        }
    }

    /// Whether it counts for the share that `--min-coverage` asks for: gates, triggers and undo paths do.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Gate | Self::Trigger | Self::Undo)
    }
}

/// What may become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    Passed,
    Failed,
    Unknown,
    Fired,
    Undone,
    Taken,
    Skipped,
    Missing,
}

impl Way {
    /// `never …`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Fired => "fired",
            Self::Undone => "undone",
            Self::Taken => "taken",
            Self::Skipped => "skipped",
            Self::Missing => "without data",
        }
    }
}

/// One way that one place can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub kind: Kind,
    pub way: Way,
    pub at: Location,
    /// `gate "no regression"`
    pub what: String,
}

/// Ways that places went in a run.
pub type Reached = HashSet<(Location, Kind, Way)>;

/// Every point of the pipelines of a program and of those its tests run, in the order of places.
#[must_use]
pub fn points(program: &Program) -> Vec<Point> {
    let mut points = Points::default();
    let launched = program.tests.iter().filter_map(|test| program.imported.get(&test.launch.pipeline));
    for pipeline in program.pipelines.values().chain(launched) {
        points.pipeline(pipeline);
    }
    points.found.into_iter().map(|((at, kind, way), what)| Point { kind, way, at, what }).collect()
}

#[derive(Default)]
struct Points {
    found: BTreeMap<(Location, Kind, Way), String>,
}

impl Points {
    fn add(&mut self, at: Location, kind: Kind, ways: &[Way], what: &str) {
        for way in ways {
            self.found.entry((at, kind, *way)).or_insert_with(|| what.to_owned());
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.block(&pipeline.scope);
        for phase in &pipeline.phases {
            self.phase(phase);
        }
    }

    fn phase(&mut self, phase: &Phase) {
        if phase.when.is_some() {
            self.add(phase.name_at, Kind::Branch, &[Way::Taken, Way::Skipped], &format!("phase `{}`", phase.name));
        }
        if let Some(policy) = phase.on_failure {
            let policy = match policy {
                FailurePolicy::Rollback => "rollback",
                FailurePolicy::Stop => "stop",
                FailurePolicy::Continue => "continue",
            };
            let what = format!("`on failure {policy}` of phase `{}`", phase.name);
            self.add(phase.name_at, Kind::Branch, &[Way::Failed], &what);
        }
        self.block(&phase.body);
    }

    fn block(&mut self, block: &Block) {
        block.triggers.iter().for_each(|trigger| self.trigger(trigger));
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn trigger(&mut self, trigger: &Trigger) {
        let what = format!("`{} when {}`", trigger.action.name(), trigger.condition.text);
        self.add(trigger.at, Kind::Trigger, &[Way::Fired], &what);
        if reads_metrics(&trigger.condition.expr) {
            self.add(trigger.at, Kind::MissingData, &[Way::Missing], &what);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let at = statement.at;
        match &statement.kind {
            StatementKind::Step(step) => self.step(step, at),
            StatementKind::Gate { title, conditions } => {
                let title = title.as_ref().and_then(|title| title.as_literal()?.as_text());
                let what = title.map_or_else(|| "this gate".to_owned(), |title| format!("gate \"{title}\""));
                self.conditions(conditions, at, &what, Way::Unknown);
            }
            StatementKind::Hold { conditions, .. } => {
                self.conditions(conditions, at, "this hold", Way::Missing);
            }
            StatementKind::Ramp { target, body, .. } => {
                self.add(at, Kind::Undo, &[Way::Undone], &format!("the ramp of `{}`", target.name));
                self.block(body);
            }
            StatementKind::Scope(block) if block.composite.is_some() => self.composite(block, at),
            StatementKind::Scope(block) | StatementKind::Parallel(block) => self.block(block),
            StatementKind::Approve { .. } | StatementKind::Wait(_) => {}
        }
    }

    /// `blind` is what want of data does to it: a gate is unknown, a hold pauses the run.
    fn conditions(&mut self, conditions: &[Condition], at: Location, what: &str, blind: Way) {
        let required = || conditions.iter().filter(|condition| !condition.warns);
        if conditions.is_empty() {
            return;
        }
        self.add(at, Kind::Gate, &[Way::Passed], what);
        if required().next().is_some() {
            self.add(at, Kind::Gate, &[Way::Failed], what);
        }
        if required().any(|condition| reads_metrics(&condition.expr)) {
            self.add(at, Kind::MissingData, &[blind], what);
        }
    }

    fn step(&mut self, step: &Step, at: Location) {
        let what = step.name.as_ref().map_or_else(|| format!("`{}`", step.call.name), |name| format!("step `{name}`"));
        if step.effect == EffectClass::Changes && (step.has_undo || step.undo.is_some()) {
            self.add(at, Kind::Undo, &[Way::Undone], &what);
        }
        if step.when.is_some() {
            self.add(at, Kind::Branch, &[Way::Taken, Way::Skipped], &what);
        }
        if step.continues {
            self.add(at, Kind::Branch, &[Way::Failed], &format!("`on failure continue` of {what}"));
        }
    }

    fn composite(&mut self, block: &Block, at: Location) {
        let Some(composite) = &block.composite else { return };
        let what = format!("step `{}`", composite.label);
        let mut inside = Self::default();
        inside.block(block);
        if inside.found.keys().any(|(_, kind, _)| *kind == Kind::Undo) {
            self.add(at, Kind::Undo, &[Way::Undone], &what);
        }
        if composite.when.is_some() {
            self.add(at, Kind::Branch, &[Way::Taken, Way::Skipped], &what);
        }
        if composite.continues {
            self.add(at, Kind::Branch, &[Way::Failed], &format!("`on failure continue` of {what}"));
        }
    }
}

fn reads_metrics(expr: &Expr) -> bool {
    let mut found = false;
    walk::expressions(expr, &mut |part| found |= matches!(&*part.kind, ExprKind::Metric { .. }));
    found
}

/// Where a run went.
#[must_use]
pub fn reached(pipeline: Option<&Pipeline>, story: &Story) -> Reached {
    let mut reached = Reached::new();
    let named_at = |phase: PhaseIndex| {
        let name = &story.plan.phase(phase).name;
        pipeline
            .and_then(|pipeline| pipeline.phases.iter().find(|phase| phase.name == *name))
            .map(|phase| phase.name_at)
    };
    for recorded in &story.events {
        event(story, recorded, &named_at, &mut reached);
    }
    for (index, phase) in story.plan.dag() {
        let is = story.state.phase(index).status;
        let own = !phase.after.iter().any(|before| story.state.phase(*before).status == PhaseStatus::Skipped);
        let by_condition = is == PhaseStatus::Skipped && (phase.skipped || phase.when.is_some()) && own;
        if let Some(at) = named_at(index).filter(|_| by_condition) {
            reached.insert((at, Kind::Branch, Way::Skipped));
        }
    }
    blind(story, &mut reached);
    reached
}

fn event(story: &Story, recorded: &Recorded, named_at: &dyn Fn(PhaseIndex) -> Option<Location>, reached: &mut Reached) {
    let at = |node: NodeIndex| story.places.nodes.get(&node).copied();
    let node_way = |node: NodeIndex, kind: Kind, way: Way, reached: &mut Reached| {
        reached.extend(at(node).map(|at| (at, kind, way)));
    };
    match &recorded.event {
        Event::PhaseStarted { phase } => reached.extend(named_at(*phase).map(|at| (at, Kind::Branch, Way::Taken))),
        Event::PhaseFailed { phase, .. } => reached.extend(named_at(*phase).map(|at| (at, Kind::Branch, Way::Failed))),
        Event::NodeStarted { node, .. } => node_way(*node, Kind::Branch, Way::Taken, reached),
        Event::NodeSkipped { node, .. } => node_way(*node, Kind::Branch, Way::Skipped, reached),
        Event::BlockSkipped { block, .. } => {
            let first = story.plan.block(*block).items.iter().find_map(|item| match item {
                crate::plan::program::Item::Node(node) => Some(*node),
                crate::plan::program::Item::Block(_) => None,
            });
            first.into_iter().for_each(|node| node_way(node, Kind::Branch, Way::Skipped, reached));
        }
        Event::NodePassed { node, .. } => node_way(*node, Kind::Gate, Way::Passed, reached),
        Event::NodeFailed { node, .. } => {
            node_way(*node, Kind::Gate, Way::Failed, reached);
            node_way(*node, Kind::Branch, Way::Failed, reached);
        }
        Event::UndoPassed { node, .. } => node_way(*node, Kind::Undo, Way::Undone, reached),
        Event::TriggerFired { trigger, .. } => {
            reached.extend(story.places.triggers.get(trigger).map(|at| (*at, Kind::Trigger, Way::Fired)));
        }
        Event::Paused { cause } => paused(story, cause, reached),
        _ => {}
    }
}

fn paused(story: &Story, cause: &PauseCause, reached: &mut Reached) {
    let node = |exec: crate::engine::event::ExecId| story.places.nodes.get(&story.state.exec(exec).node).copied();
    match cause {
        PauseCause::Gate(exec) => reached.extend(node(*exec).map(|at| (at, Kind::MissingData, Way::Unknown))),
        PauseCause::MissingForHold(exec, _) => {
            reached.extend(node(*exec).map(|at| (at, Kind::MissingData, Way::Missing)));
        }
        PauseCause::MissingForTrigger(frame, index) => {
            let triggers = &story.plan.block(story.state.frame(*frame).block).triggers;
            let at = triggers.get(*index as usize).and_then(|trigger| story.places.triggers.get(&trigger.id));
            reached.extend(at.map(|at| (*at, Kind::MissingData, Way::Missing)));
        }
        PauseCause::Operator | PauseCause::Trigger(_) | PauseCause::InDoubt(_) => {}
    }
}

/// Policies other than a pause leave no event: they are seen when something they read was missing while they were watching.
fn blind(story: &Story, reached: &mut Reached) {
    let missing_in = |condition: &crate::plan::program::Condition, from, to| {
        condition.reads.iter().any(|read| {
            let group = story.plan.group(read.group);
            let mut points = story.script.turning_points();
            points.insert(from);
            let missing = |at| story.script.sample(&group.name, &read.field, at).value().is_err();
            let known = group.fields.iter().any(|field| field.field == read.field);
            known && points.into_iter().any(|at| at >= from && at <= to && missing(at))
        })
    };
    let end = story.end.at();
    for frame in &story.state.frames {
        for trigger in &story.plan.block(frame.block).triggers {
            let policy = trigger.condition.missing != crate::model::phase::MissingPolicy::Pause;
            if policy && missing_in(&trigger.condition, frame.started_at, end) {
                let at = story.places.triggers.get(&trigger.id);
                reached.extend(at.map(|at| (*at, Kind::MissingData, Way::Missing)));
            }
        }
    }
    for exec in &story.state.execs {
        let NodeKind::Hold { conditions, .. } = &story.plan.node(exec.node).kind else { continue };
        let mut policies =
            conditions.iter().filter(|condition| condition.missing != crate::model::phase::MissingPolicy::Pause);
        let until = exec.ended_at.unwrap_or(end);
        if policies.any(|condition| missing_in(condition, exec.started_at, until)) {
            let at = story.places.nodes.get(&exec.node);
            reached.extend(at.map(|at| (*at, Kind::MissingData, Way::Missing)));
        }
    }
}

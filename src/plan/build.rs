//! From a program to the plan of one of its pipelines.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

use super::body::{Builder, Decision, Place, index_of};
use super::by_hand::{self, Turn};
use super::choice::{choose_environment, choose_params, choose_pipeline, launched_params};
use super::expand::{Expansion, Instance};
use super::fingerprint::{fingerprint, hash};
use super::graph::{Graph, build_graph, predecessors_of, topological_order};
use super::metrics::Metrics;
use super::places::Places;
use super::program::{Block, Inputs, Node, NodeIndex, NodeKind, PLAN_VERSION, Phase, PhaseIndex, Plan, Target};
use super::request::{PlanError, PlanRequest, Surroundings};
use super::scope::Scope;
use super::switches;
use crate::base::source::Sources;
use crate::contract::value::Value;
use crate::contract::window::{Freeze, Window};
use crate::model::expr::Expr;
use crate::model::operations;
use crate::model::phase as model;
use crate::model::program::{Environment, Hook, HookEvent, Pipeline, Program};

/// The plan of one pipeline in one environment.
///
/// # Errors
/// Everything that keeps it from being made: what was asked for wrongly, what could not be read, what should be known
/// before the run and is not.
pub fn build(
    program: &Program,
    request: &PlanRequest,
    surroundings: &dyn Surroundings,
) -> Result<Plan, Vec<PlanError>> {
    let pipeline = choose_pipeline(program, request).map_err(|error| vec![error])?;
    let (environment, given) = both(choose_environment(program, request), choose_params(pipeline, request))?;
    let whole = switches::put_in(program, pipeline, environment)?;
    let scope = Scope::new(&whole, environment, given, surroundings);
    finish(build_in(program, &whole, environment, request.sources, &scope), scope).map(|(plan, _)| plan)
}

/// The plan of the run that a test or a schedule starts, and where in the program its parts stand.
///
/// # Errors
/// As [`build`].
pub fn build_launch(
    program: &Program,
    launch: &operations::Launch,
    sources: &Sources,
    surroundings: &dyn Surroundings,
) -> Result<(Plan, Places), Vec<PlanError>> {
    let missing = || vec![PlanError::program(launch.at, format!("there is no pipeline `{}`", launch.pipeline))];
    let pipeline = program.launched(&launch.pipeline).ok_or_else(missing)?;
    let environment = launch.environment.as_deref();
    let request = PlanRequest { pipeline: None, environment, params: &IndexMap::new(), sources };
    let (environment, given) = both(choose_environment(program, &request), launched_params(pipeline, launch))?;
    let whole = switches::put_in(program, pipeline, environment)?;
    let scope = Scope::new(&whole, environment, given, surroundings);
    finish(build_in(program, &whole, environment, sources, &scope), scope)
}

/// The plan of a kill switch that is turned by hand.
///
/// # Errors
/// As [`build`], and when there is no such switch.
pub fn build_turn(
    program: &Program,
    turn: &Turn<'_>,
    request: &PlanRequest,
    surroundings: &dyn Surroundings,
) -> Result<Plan, Vec<PlanError>> {
    let pipeline = by_hand::pipeline(program, turn).map_err(|error| vec![error]);
    let (environment, pipeline) = both(choose_environment(program, request), pipeline)?;
    let whole = switches::put_in(program, &pipeline, environment)?;
    let scope = Scope::new(&whole, environment, IndexMap::new(), surroundings);
    finish(build_in(program, &whole, environment, request.sources, &scope), scope).map(|(plan, _)| plan)
}

fn both<L, R>(left: Result<L, PlanError>, right: Result<R, Vec<PlanError>>) -> Result<(L, R), Vec<PlanError>> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (left, right) => {
            let mut errors: Vec<PlanError> = left.err().into_iter().collect();
            errors.extend(right.err().into_iter().flatten());
            Err(errors)
        }
    }
}

fn finish<T>(built: Option<T>, scope: Scope) -> Result<T, Vec<PlanError>> {
    match built {
        Some(built) if !scope.has_failed() => Ok(built),
        _ => Err(scope.into_errors()),
    }
}

fn build_in<'a>(
    program: &'a Program,
    pipeline: &'a Pipeline,
    environment: Option<&Environment>,
    sources: &Sources,
    scope: &Scope<'a>,
) -> Option<(Plan, Places)> {
    let params = scope.params();
    let expansion = Expansion::new(pipeline, scope);
    let graph = build_graph(&expansion, scope);
    let order = topological_order(&graph, &expansion).map_err(|error| scope.fail(error)).ok()?;
    let mut builder = Builder {
        scope,
        expansion: &expansion,
        metrics: Metrics::new(program),
        nodes: Vec::new(),
        blocks: Vec::new(),
        secrets: BTreeSet::new(),
        channels: IndexSet::new(),
        rubrics: IndexSet::new(),
        places: Places::default(),
    };
    let pipeline_scope = builder.body(&pipeline.scope, &mut Place::new(None, PhaseIndex(0), ""));
    let window = pipeline.window.as_ref().and_then(|window| builder.window(window));
    let mut phases = build_phases(&mut builder, &graph, &order, window.as_ref());
    build_hooks(&mut builder, pipeline, &mut phases);
    let lock = pipeline.lock.as_ref().and_then(|lock| scope.text(lock, "the name of the lock"));
    let timeout = pipeline.timeout.as_ref().and_then(|it| scope.duration(it, "`timeout` of the pipeline"));
    let channels = build_channels(&mut builder, program);
    let used = builder.rubrics.iter();
    let rubrics = used.filter_map(|name| Some((name.clone(), program.rubrics.get(name)?.clone()))).collect();
    let groups = builder.metrics.build(scope);
    let values = groups
        .iter()
        .flat_map(|group| group.args.values().chain(group.fields.iter().flat_map(|field| field.args.values())));
    values.for_each(|value| builder.note_value(value));
    let inputs = Inputs {
        program: sources.iter().map(|file| (file.name.clone(), hash(file.text.as_bytes()))).collect(),
        environment: environment.map(|environment| environment.name.clone()),
        params: params.clone(),
        files: scope.reads.file_hashes(),
        variables: scope.reads.variable_hashes(),
    };
    let plan = Plan {
        version: PLAN_VERSION,
        fingerprint: fingerprint(&inputs),
        pipeline: pipeline.name.clone(),
        doc: pipeline.doc.clone(),
        environment: inputs.environment.clone(),
        inputs,
        params,
        lock,
        timeout,
        freezes: build_freezes(program, scope),
        groups,
        channels,
        rubrics,
        phases,
        nodes: builder.nodes,
        blocks: builder.blocks,
        scope: pipeline_scope,
        secrets: builder.secrets.into_iter().collect(),
    };
    Some((plan, builder.places))
}

fn build_phases(builder: &mut Builder, graph: &Graph, order: &[usize], window: Option<&Window>) -> Vec<Phase> {
    let mut position = vec![PhaseIndex(0); order.len()];
    for (at, instance) in order.iter().enumerate() {
        position[*instance] = PhaseIndex(index_of(at));
    }
    let mut phases: Vec<Phase> = Vec::with_capacity(order.len());
    for (at, instance) in order.iter().enumerate() {
        let mut after: Vec<PhaseIndex> = predecessors_of(graph, *instance).map(|before| position[before]).collect();
        after.sort_unstable();
        let index = PhaseIndex(index_of(at));
        let is_cut_off = after.iter().any(|before| phases[before.0 as usize].skipped);
        for before in &after {
            phases[before.0 as usize].before.push(index);
        }
        let expansion = builder.expansion;
        let mut phase = build_phase(builder, &expansion.instances[*instance], index, after, is_cut_off);
        phase.windows.extend(window.cloned());
        phases.push(phase);
    }
    builder.scope.bind(None);
    phases
}

fn build_phase(
    builder: &mut Builder,
    instance: &Instance,
    index: PhaseIndex,
    after: Vec<PhaseIndex>,
    is_cut_off: bool,
) -> Phase {
    let phase = instance.phase;
    builder.scope.bind(instance.element.as_ref().map(|element| (element.variable, element.value.clone())));
    let mut place = Place::new(Some(instance), index, &instance.id);
    let title = phase.title.as_ref().and_then(|title| builder.scope.text(title, "the title of this phase"));
    let (when, switched_off) = settle_when(builder, phase.when.as_ref(), is_cut_off, &place);
    let node = Node {
        id: instance.id.clone(),
        phase: index,
        title: title.clone(),
        doc: phase.doc.clone(),
        kind: NodeKind::Phase,
    };
    let node = builder.add_node(node);
    let windows = phase.window.iter().filter_map(|window| builder.window(window)).collect();
    let first = builder.nodes.len();
    let body = if switched_off { builder.add_block(Block::default()) } else { builder.body(&phase.body, &mut place) };
    let changes = builder.nodes[first..].iter().any(|node| node.kind.changes());
    Phase {
        id: instance.id.clone(),
        name: phase.name.clone(),
        title,
        doc: phase.doc.clone(),
        after,
        before: Vec::new(),
        when,
        skipped: switched_off,
        on_failure: phase.on_failure,
        windows,
        changes,
        at_once: instance.at_once,
        body,
        node,
        hook: None,
    }
}

impl Builder<'_, '_> {
    /// A window whose text is known by now.
    fn window(&self, written: &Expr) -> Option<Window> {
        let text = self.scope.text(written, "`window`")?;
        let failed = |reason: String| self.scope.fail(PlanError::program(written.at, reason));
        Window::parse(&text).map_err(failed).ok()
    }
}

/// The condition that is left for the run, and whether the phase is switched off.
fn settle_when(builder: &mut Builder, when: Option<&Expr>, is_cut_off: bool, place: &Place) -> (Option<Expr>, bool) {
    if is_cut_off {
        return (None, true);
    }
    match when.and_then(|when| builder.decision(when, place)) {
        None | Some(Decision::Now(true)) => (None, false),
        Some(Decision::Now(false)) => (None, true),
        Some(Decision::AtRunTime(expr)) => (Some(expr), false),
    }
}

/// Every freeze of the program, in the order in which they begin.
fn build_freezes(program: &Program, scope: &Scope) -> Vec<Freeze> {
    let time = |expr: &Expr, what: &str| match scope.constant(expr, what)? {
        Value::Time(time) => Some(time),
        other => {
            scope.fail(PlanError::program(expr.at, format!("{what} cannot be `{other}`: a time is wanted")));
            None
        }
    };
    let read = |freeze: &operations::Freeze| {
        let from = time(&freeze.from, "the begin of a freeze")?;
        let to = time(&freeze.to, "the end of a freeze")?;
        Some(Freeze { name: freeze.name.clone(), from, to })
    };
    let mut freezes: Vec<Freeze> = program.freezes.values().filter_map(read).collect();
    freezes.sort_by_key(|freeze| freeze.from);
    freezes
}

/// Hooks of one event become one phase behind the DAG.
fn build_hooks(builder: &mut Builder, pipeline: &Pipeline, phases: &mut Vec<Phase>) {
    let mut by_event: IndexMap<HookEvent, model::Block> = IndexMap::new();
    for Hook { event, body, .. } in &pipeline.hooks {
        let merged = by_event.entry(*event).or_default();
        merged.statements.extend(body.statements.iter().cloned());
        merged.triggers.extend(body.triggers.iter().cloned());
    }
    for (event, body) in by_event {
        let id = hook_id(event).to_owned();
        let index = PhaseIndex(index_of(phases.len()));
        let node = Node { id: id.clone(), phase: index, title: None, doc: None, kind: NodeKind::Phase };
        let node: NodeIndex = builder.add_node(node);
        let body = builder.body(&body, &mut Place::new(None, index, &id));
        phases.push(Phase {
            name: id.clone(),
            id,
            title: None,
            doc: None,
            after: Vec::new(),
            before: Vec::new(),
            when: None,
            skipped: false,
            on_failure: None,
            windows: Vec::new(),
            changes: false,
            at_once: None,
            body,
            node,
            hook: Some(event),
        });
    }
}

/// The id of the phase that the hooks of an event become.
pub(super) fn hook_id(event: HookEvent) -> &'static str {
    match event {
        HookEvent::Start => "on start",
        HookEvent::Success => "on success",
        HookEvent::Failure => "on failure",
        HookEvent::Rollback => "on rollback",
        HookEvent::Pause => "on pause",
        HookEvent::End => "on end",
    }
}

fn build_channels(builder: &mut Builder, program: &Program) -> IndexMap<String, Target> {
    let used: Vec<String> = builder.channels.iter().cloned().collect();
    let mut channels = IndexMap::new();
    for name in used {
        match program.channels.get(&name) {
            Some(call) => {
                if let Some(target) = builder.target(call, &format!("channel `{name}`")) {
                    channels.insert(name, target);
                }
            }
            None => builder.scope.fail(PlanError::usage(format!("there is no channel `{name}`"))),
        }
    }
    channels
}

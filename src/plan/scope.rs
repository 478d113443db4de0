//! What names stand for while a plan is made: parameters, `let`s, loop variables, the environment.
//!
//! Invariants: a fault is reported once, where it is; whoever depends on it gets `None` and says nothing more. Locals are
//! settled on demand and without recursion, so that a `let` nobody reaches (in a phase that is switched off) reads no file
//! and a long chain of `let`s needs no stack.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::order::visit_needed_first;
use super::parts::{each_part, measure};
use super::reads::{Reads, is_read};
use super::request::{Cause, PlanError, Surroundings};
use super::shape::{holds_json, shape, wants_a_shape};
use crate::base::span::Location;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::eval::reduce::{Known, Problem, constant, reduce};
use crate::eval::{Evaluated, plain_text};
use crate::model::expr::{Expr, ExprKind, LocalId, RunField};
use crate::model::program::{Environment, Local, LocalKind, Pipeline};

/// Parts a settled `let` may have: each use is a copy of it.
const LARGEST: usize = 5_000;
/// Levels a settled `let` may have: evaluation descends through them.
const DEEPEST: usize = 200;

pub struct Scope<'a> {
    pipeline: &'a Pipeline,
    environment: Option<&'a Environment>,
    given: IndexMap<LocalId, Value>,
    pub reads: Reads<'a>,
    /// The locals that each local is made from.
    needs: Vec<Vec<LocalId>>,
    /// Whether a local depends on a loop variable, so that it is another one in each phase.
    looped: Vec<bool>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// The loop variable of the phase that is being built.
    bound: Option<(LocalId, Value)>,
    settled: HashMap<LocalId, Option<Expr>>,
    settled_in_loop: HashMap<LocalId, Option<Expr>>,
    /// `env.KEY`
    keys: HashMap<String, Key>,
    errors: Vec<PlanError>,
}

/// How far a key of the environment is known.
#[derive(Clone)]
enum Key {
    BeingSettled,
    Failed,
    Known(Value),
}

impl<'a> Scope<'a> {
    pub fn new(
        pipeline: &'a Pipeline,
        environment: Option<&'a Environment>,
        given: IndexMap<LocalId, Value>,
        surroundings: &'a dyn Surroundings,
    ) -> Self {
        let needs: Vec<Vec<LocalId>> = pipeline.locals.iter().map(|local| needed_by(&local.kind)).collect();
        let looped = depending_on_loops(pipeline, &needs);
        Self { pipeline, environment, given, reads: Reads::new(surroundings), needs, looped, state: RefCell::default() }
    }

    /// From here on the loop variable has this value.
    pub fn bind(&self, variable: Option<(LocalId, Value)>) {
        let mut state = self.state.borrow_mut();
        state.bound = variable;
        state.settled_in_loop.clear();
    }

    pub fn fail(&self, error: PlanError) {
        let mut state = self.state.borrow_mut();
        if !state.errors.contains(&error) {
            state.errors.push(error);
        }
    }

    pub fn has_failed(&self) -> bool {
        !self.state.borrow().errors.is_empty()
    }

    pub fn into_errors(self) -> Vec<PlanError> {
        self.state.into_inner().errors
    }

    /// The values of all parameters.
    pub fn params(&self) -> IndexMap<String, Value> {
        let params = self.pipeline.params();
        let known = params.filter_map(|(id, param)| {
            let expr = Expr::new(ExprKind::Local(id), param.ty.clone(), param.at);
            let value = self.constant(&expr, &format!("the default of parameter `{}`", param.name))?;
            Some((param.name.clone(), value))
        });
        known.collect()
    }

    /// The locals an expression is made from, directly and through others.
    pub fn each_local_behind(&self, expr: &Expr, visit: &mut dyn FnMut(&'a Expr)) {
        let mut seen = std::collections::HashSet::new();
        let mut open = locals_of(expr);
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                let kind = self.pipeline.locals.get(id.0 as usize).map(|local| &local.kind);
                if let Some(LocalKind::Value(value) | LocalKind::Param(Some(value))) = kind {
                    visit(value);
                }
                open.extend(self.needs_of(id));
            }
        }
    }

    /// The expression with everything put in that is known now.
    pub fn known(&self, expr: &Expr) -> Option<Expr> {
        if expr.as_literal().is_none() {
            for id in locals_of(expr) {
                self.settle(id);
            }
        }
        let reduced = self.reduced(expr)?;
        if reduced.as_literal().is_none() && !self.may_stay(&reduced) {
            return None;
        }
        self.typed(reduced, &expr.ty)
    }

    /// The value of an expression that has to be known now; `what` names it in a complaint: `the duration of this hold`.
    pub fn constant(&self, expr: &Expr, what: &str) -> Option<Value> {
        let known = self.known(expr)?;
        if let Some(value) = known.as_literal() {
            return Some(value.clone());
        }
        let message = match (what_it_waits_for(&known), constant(&known)) {
            (Some(cause), _) => format!("{what} must be known when the plan is made, but depends on {cause}"),
            (None, Err(reason)) => format!("{what} has no value: {}", reason.0),
            (None, Ok(value)) => return Some(value),
        };
        self.fail(PlanError::program(expr.at, message));
        None
    }

    pub fn duration(&self, expr: &Expr, what: &str) -> Option<Duration> {
        let value = self.constant(expr, what)?;
        let duration = value.as_duration();
        if duration.is_none() {
            self.fail(PlanError::program(expr.at, format!("{what} cannot be `{value}`: a length of time is wanted")));
        }
        duration
    }

    /// A duration above zero.
    pub fn interval(&self, expr: &Expr, what: &str) -> Option<Duration> {
        let duration = self.duration(expr, what)?;
        if duration.is_zero() {
            self.fail(PlanError::program(expr.at, format!("{what} cannot be `0s`: nothing happens that often")));
            return None;
        }
        Some(duration)
    }

    pub fn text(&self, expr: &Expr, what: &str) -> Option<String> {
        self.constant(expr, what).map(|value| plain_text(&value))
    }

    /// A whole number from `least` on.
    pub fn count(&self, expr: &Expr, what: &str, least: u32) -> Option<u32> {
        let value = self.constant(expr, what)?;
        let count =
            value.as_number().and_then(crate::base::number::Number::to_i64).and_then(|it| u32::try_from(it).ok());
        let count = count.filter(|count| *count >= least);
        if count.is_none() {
            let message = format!("{what} cannot be `{value}`: a whole number from {least} on is wanted");
            self.fail(PlanError::program(expr.at, message));
        }
        count
    }

    fn needs_of(&self, id: LocalId) -> Vec<LocalId> {
        self.needs.get(id.0 as usize).cloned().unwrap_or_default()
    }

    fn is_looped(&self, id: LocalId) -> bool {
        self.looped.get(id.0 as usize).copied().unwrap_or(false)
    }

    fn is_settled(&self, id: LocalId) -> bool {
        let state = self.state.borrow();
        if self.is_looped(id) { state.settled_in_loop.contains_key(&id) } else { state.settled.contains_key(&id) }
    }

    fn settle(&self, id: LocalId) {
        let is_settled = |id: &LocalId| self.is_settled(*id);
        visit_needed_first(
            id,
            is_settled,
            |id| self.needs_of(*id),
            |id| {
                let settled = self.settle_one(*id);
                let mut state = self.state.borrow_mut();
                let table = if self.is_looped(*id) { &mut state.settled_in_loop } else { &mut state.settled };
                table.insert(*id, settled);
            },
        );
    }

    fn settle_one(&self, id: LocalId) -> Option<Expr> {
        let local = self.pipeline.locals.get(id.0 as usize)?;
        if let Some(value) = self.given.get(&id) {
            return Some(Expr::literal(value.clone(), local.ty.clone(), local.at));
        }
        match &local.kind {
            LocalKind::Loop => {
                let bound = self.state.borrow().bound.clone();
                match bound {
                    Some((variable, value)) if variable == id => Some(Expr::literal(value, local.ty.clone(), local.at)),
                    _ => {
                        let message = format!("loop variable `{}` is used outside its phase", local.name);
                        self.fail(PlanError::program(local.at, message));
                        None
                    }
                }
            }
            // That it is missing was said when the parameters were chosen.
            LocalKind::Param(None) => None,
            LocalKind::Param(Some(value)) | LocalKind::Value(value) => {
                let reduced = self.reduced(value)?;
                if !self.is_rid_of_locals(local, &reduced) {
                    return None;
                }
                let typed = self.typed(reduced, &local.ty)?;
                self.within_limits(&local.name, local.at, typed)
            }
        }
    }

    /// What is left of other locals has failed and was reported, unless this is a circle.
    fn is_rid_of_locals(&self, local: &Local, expr: &Expr) -> bool {
        let left = locals_of(expr);
        if left.iter().any(|id| !self.is_settled(*id)) {
            self.fail(PlanError::program(local.at, format!("`{}` is made from itself", local.name)));
        }
        left.is_empty()
    }

    fn within_limits(&self, name: &str, at: Location, expr: Expr) -> Option<Expr> {
        let (size, depth) = measure(&expr, LARGEST);
        if size <= LARGEST && depth <= DEEPEST {
            return Some(expr);
        }
        let message = format!("`{name}` grows too large when everything it is made from is put in");
        self.fail(PlanError::program(at, message).help("compute it in a step and use its output"));
        None
    }

    /// Locals must be settled before.
    fn reduced(&self, expr: &Expr) -> Option<Expr> {
        if expr.as_literal().is_some() {
            return Some(expr.clone());
        }
        let mut problems = Vec::new();
        let reduced = reduce(expr, self, &mut problems);
        let failed = !problems.is_empty();
        for Problem { at, message } in problems {
            // What the outside did not give is for whoever asked to put right.
            self.fail(PlanError { cause: Cause::Usage, ..PlanError::program(at, message) });
        }
        (!failed).then_some(reduced)
    }

    /// Whether only the run is left to be waited for.
    fn may_stay(&self, expr: &Expr) -> bool {
        let mut fine = true;
        each_part(expr, &mut |part| match &*part.kind {
            // Reported where it was found to have no value.
            ExprKind::Local(_) | ExprKind::Environment(_) => fine = false,
            ExprKind::Result => {
                fine = false;
                self.fail(PlanError::program(part.at, "`result` stands for the answer of a probe, and this is none"));
            }
            ExprKind::Call(function, _) if is_read(function) => {
                let cause = part.children().into_iter().find_map(what_it_waits_for);
                fine = false;
                if let Some(cause) = cause {
                    let message = format!("`{function}` is called when the plan is made, but depends on {cause}");
                    self.fail(PlanError::program(part.at, message));
                }
            }
            _ => {}
        });
        fine
    }

    /// Raw JSON becomes a value of the type it meets.
    fn typed(&self, expr: Expr, ty: &Type) -> Option<Expr> {
        let Some(value) = expr.as_literal() else {
            if matches!(expr.ty.plain(), Type::Json) && wants_a_shape(ty) {
                let message = format!("this is JSON that only the run knows, so it cannot become `{ty}` here");
                self.fail(
                    PlanError::program(expr.at, message).help("give the step that makes it a type: `step name: T = …`"),
                );
                return None;
            }
            return Some(expr);
        };
        if !holds_json(value) {
            return Some(expr);
        }
        match shape(value, ty) {
            Ok(shaped) => Some(Expr::literal(shaped, ty.clone(), expr.at)),
            Err(error) => {
                let message = format!("the data read here is no `{ty}`: {error}");
                self.fail(PlanError { cause: Cause::Usage, ..PlanError::program(expr.at, message) });
                None
            }
        }
    }

    fn environment_value(&self, key: &str) -> Key {
        let known = self.state.borrow().keys.get(key).cloned();
        match known {
            Some(Key::BeingSettled) => {
                self.fail(PlanError::usage(format!("`env.{key}` is made from itself")));
                return Key::Failed;
            }
            Some(known) => return known,
            None => {}
        }
        self.state.borrow_mut().keys.insert(key.to_owned(), Key::BeingSettled);
        let value = self.environment.and_then(|environment| environment.values.get(key));
        if value.is_none() {
            self.fail(PlanError::usage(format!("the environment has no `{key}`")));
        }
        let settled = value.and_then(|expr| self.constant(expr, &format!("`env.{key}`")));
        let settled = settled.map_or(Key::Failed, Key::Known);
        self.state.borrow_mut().keys.insert(key.to_owned(), settled.clone());
        settled
    }
}

impl Known for Scope<'_> {
    fn local(&self, id: LocalId) -> Option<Expr> {
        let state = self.state.borrow();
        let table = if self.is_looped(id) { &state.settled_in_loop } else { &state.settled };
        table.get(&id).cloned().flatten()
    }

    fn environment(&self, key: &str) -> Option<Evaluated> {
        match (key, self.environment) {
            ("name", Some(environment)) => Some(Ok(Value::text(&environment.name))),
            _ => match self.environment_value(key) {
                Key::Known(value) => Some(Ok(value)),
                Key::BeingSettled | Key::Failed => None,
            },
        }
    }

    fn read(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        self.reads.call(function, args)
    }
}

fn needed_by(kind: &LocalKind) -> Vec<LocalId> {
    match kind {
        LocalKind::Param(Some(value)) | LocalKind::Value(value) => locals_of(value),
        LocalKind::Param(None) | LocalKind::Loop => Vec::new(),
    }
}

fn locals_of(expr: &Expr) -> Vec<LocalId> {
    let mut found = Vec::new();
    each_part(expr, &mut |part| {
        if let ExprKind::Local(id) = &*part.kind {
            found.push(*id);
        }
    });
    found
}

fn depending_on_loops(pipeline: &Pipeline, needs: &[Vec<LocalId>]) -> Vec<bool> {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (user, needed) in needs.iter().enumerate() {
        for id in needed {
            if let Some(of) = users.get_mut(id.0 as usize) {
                of.push(user);
            }
        }
    }
    let mut looped = vec![false; needs.len()];
    let is_loop = |at: &usize| matches!(pipeline.locals[*at].kind, LocalKind::Loop);
    let mut open: Vec<usize> = (0..needs.len()).filter(is_loop).collect();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut looped[at], true) {
            open.extend(&users[at]);
        }
    }
    looped
}

/// What of the run an expression needs, in words.
fn what_it_waits_for(expr: &Expr) -> Option<String> {
    let mut cause = None;
    each_part(expr, &mut |part| {
        let found = match &*part.kind {
            ExprKind::Output(output) => format!("the output of `{}.{}`", output.phase, output.step),
            ExprKind::Metric { group, field } => format!("metric `{group}.{field}`"),
            ExprKind::Run(field) => format!("`run.{}`", run_field(*field)),
            ExprKind::StageWeight => "`stage.weight`".to_owned(),
            _ => return,
        };
        cause.get_or_insert(found);
    });
    cause
}

fn run_field(field: RunField) -> &'static str {
    match field {
        RunField::Id => "id",
        RunField::StartedAt => "started_at",
        RunField::Actor => "actor",
        RunField::Reason => "reason",
        RunField::Environment => "environment",
    }
}

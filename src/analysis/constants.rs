//! What is known before anything runs, in one environment: literals, keys of the environment, and what follows from them.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use crate::contract::value::Value;
use crate::eval::{Evaluated, Unknown, World, evaluate};
use crate::model::expr::{Expr, LocalId, OutputRef, RunField};
use crate::model::program::{Environment, LocalKind, Pipeline, Program};

use super::functions;

/// One environment of a pipeline, or none where the program declares none.
#[derive(Debug, Clone)]
pub struct Constants<'p> {
    pub pipeline: &'p Pipeline,
    pub environment: Option<&'p Environment>,
    /// Each local is evaluated once, however often others use it.
    locals: Rc<[OnceCell<Evaluated>]>,
}

impl<'p> Constants<'p> {
    /// One for each environment of the program.
    pub fn of(program: &'p Program, pipeline: &'p Pipeline) -> Vec<Self> {
        let environments = program.environments.values().map(Some);
        let none = program.environments.is_empty().then_some(None);
        environments.chain(none).map(|environment| Self::new(pipeline, environment)).collect()
    }

    pub fn new(pipeline: &'p Pipeline, environment: Option<&'p Environment>) -> Self {
        Self { pipeline, environment, locals: pipeline.locals.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The value, when it is the same in every run in this environment.
    pub fn value(&self, expr: &Expr) -> Option<Value> {
        evaluate(expr, self).ok()
    }

    pub fn truth(&self, expr: &Expr) -> Option<bool> {
        self.value(expr)?.as_bool()
    }

    pub fn duration(&self, expr: &Expr) -> Option<Duration> {
        self.value(expr)?.as_duration()
    }

    pub fn integer(&self, expr: &Expr) -> Option<i64> {
        self.value(expr)?.as_number()?.to_i64()
    }

    /// ` in `production``, for messages; empty without environments.
    pub fn place(&self) -> String {
        self.environment.map(|environment| format!(" in `{}`", environment.name)).unwrap_or_default()
    }
}

fn unknown() -> Unknown {
    Unknown("not known before the run".to_owned())
}

impl World for Constants<'_> {
    fn local(&self, id: LocalId) -> Evaluated {
        let index = id.0 as usize;
        let Some(LocalKind::Value(value)) = self.pipeline.locals.get(index).map(|local| &local.kind) else {
            return Err(unknown());
        };
        let Some(known) = self.locals.get(index) else { return Err(unknown()) };
        if let Some(known) = known.get() {
            return known.clone();
        }
        let found = evaluate(value, self);
        // A value that is already there is the same.
        known.set(found.clone()).ok();
        found
    }

    fn environment(&self, key: &str) -> Evaluated {
        let environment = self.environment.ok_or_else(unknown)?;
        if key == "name" {
            return Ok(Value::text(environment.name.as_str()));
        }
        environment.values.get(key).ok_or_else(unknown).and_then(|value| evaluate(value, self))
    }

    fn run(&self, _field: RunField) -> Evaluated {
        Err(unknown())
    }

    fn output(&self, _output: &OutputRef) -> Evaluated {
        Err(unknown())
    }

    fn metric(&self, _group: &str, _field: &str) -> Evaluated {
        Err(unknown())
    }

    fn stage_weight(&self) -> Evaluated {
        Err(unknown())
    }

    fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        let reads = matches!(function, "env_var" | "secret" | "read.json" | "read.text");
        let first = args.first().map(|(name, _)| name.as_str());
        let over_metrics = functions::forms(function)
            .into_iter()
            .any(|form| form.is_over_metrics() && form.parameters.first().map(|parameter| parameter.name) == first);
        (reads || over_metrics).then(|| Err(unknown()))
    }
}

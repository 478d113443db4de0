//! What is known before anything runs, in one environment: literals, keys of the environment, and what follows from them.

use std::time::Duration;

use crate::contract::value::Value;
use crate::eval::{Evaluated, Unknown, World, evaluate};
use crate::model::expr::{Expr, LocalId, OutputRef, RunField};
use crate::model::program::{Environment, LocalKind, Pipeline, Program};

use super::functions;

/// One environment of a pipeline, or none where the program declares none.
#[derive(Debug, Clone, Copy)]
pub struct Constants<'p> {
    pub pipeline: &'p Pipeline,
    pub environment: Option<&'p Environment>,
}

impl<'p> Constants<'p> {
    /// One for each environment of the program.
    pub fn of(program: &'p Program, pipeline: &'p Pipeline) -> Vec<Self> {
        if program.environments.is_empty() {
            return vec![Self { pipeline, environment: None }];
        }
        program.environments.values().map(|environment| Self { pipeline, environment: Some(environment) }).collect()
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
        match self.pipeline.locals.get(id.0 as usize).map(|local| &local.kind) {
            Some(LocalKind::Value(value)) => evaluate(value, self),
            _ => Err(unknown()),
        }
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

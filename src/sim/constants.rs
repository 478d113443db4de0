//! What the expressions of a test may stand on: literals and the environment it runs in.

use std::cell::Cell;

use crate::contract::value::Value;
use crate::eval::{Evaluated, Unknown, World, evaluate, plain_text};
use crate::model::expr::{Expr, LocalId, OutputRef, RunField};
use crate::model::program::Environment;

/// Keys of an environment that are made from each other, one after the other.
const DEEPEST: u32 = 50;

pub(super) struct Constants<'a> {
    environment: Option<&'a Environment>,
    depth: Cell<u32>,
}

impl<'a> Constants<'a> {
    pub fn new(environment: Option<&'a Environment>) -> Self {
        Self { environment, depth: Cell::new(0) }
    }

    /// The value, or why there is none.
    pub fn value(&self, expr: &Expr) -> Result<Value, String> {
        evaluate(expr, self).map_err(|Unknown(reason)| reason)
    }

    pub fn text(&self, expr: &Expr) -> Result<String, String> {
        self.value(expr).map(|value| plain_text(&value))
    }

    pub fn duration(&self, expr: &Expr) -> Result<std::time::Duration, String> {
        let value = self.value(expr)?;
        value.as_duration().ok_or_else(|| format!("`{value}` is no length of time"))
    }

    /// A whole number from 0 on.
    pub fn count(&self, expr: &Expr) -> Result<u32, String> {
        let value = self.value(expr)?;
        let whole = value.as_number().and_then(crate::base::number::Number::to_i64);
        whole.and_then(|whole| u32::try_from(whole).ok()).ok_or_else(|| format!("`{value}` is no number of times"))
    }
}

fn not_here<T>() -> Result<T, Unknown> {
    Err(Unknown("this is only known while the run goes on".to_owned()))
}

impl World for Constants<'_> {
    fn local(&self, _: LocalId) -> Evaluated {
        not_here()
    }

    fn environment(&self, key: &str) -> Evaluated {
        let environment = self.environment.ok_or_else(|| Unknown("there is no environment".to_owned()))?;
        if key == "name" {
            return Ok(Value::text(&environment.name));
        }
        let known = environment.values.get(key);
        let expr = known.ok_or_else(|| Unknown(format!("the environment has no `{key}`")))?;
        if self.depth.get() >= DEEPEST {
            return Err(Unknown(format!("`env.{key}` is made from itself")));
        }
        self.depth.set(self.depth.get() + 1);
        let value = evaluate(expr, self);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn run(&self, _: RunField) -> Evaluated {
        not_here()
    }

    fn output(&self, _: &OutputRef) -> Evaluated {
        not_here()
    }

    fn metric(&self, _: &str, _: &str) -> Evaluated {
        not_here()
    }

    fn stage_weight(&self) -> Evaluated {
        not_here()
    }

    fn call(&self, _: &str, _: &[(String, Expr)]) -> Option<Evaluated> {
        None
    }
}

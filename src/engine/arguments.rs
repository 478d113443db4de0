//! The arguments of a call by name, in a world that knows what stands in them.

use std::time::Duration;

use super::scene::Scene;
use crate::base::number::Number;
use crate::contract::value::Value;
use crate::eval::{Unknown, World, evaluate};
use crate::model::expr::{Expr, ExprKind};

/// A call in a scene.
pub struct Arguments<'a> {
    pub scene: &'a Scene<'a>,
    pub args: &'a [(String, Expr)],
    /// The arithmetic is wanted in words, too.
    pub in_words: bool,
}

impl<'a> Arguments<'a> {
    pub fn named(&self) -> Named<'a> {
        Named { world: self.scene, args: self.args }
    }
}

/// The arguments alone: in the world of constants, before the run begins, they are what they are in any scene.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    pub world: &'a dyn World,
    pub args: &'a [(String, Expr)],
}

impl<'a> Named<'a> {
    /// Group and field of the first metric among them.
    pub fn metric(self) -> Option<(&'a str, &'a str)> {
        self.args.iter().find_map(|(_, arg)| match &*arg.kind {
            ExprKind::Metric { group, field } => Some((group.as_str(), field.as_str())),
            _ => None,
        })
    }

    pub fn expr(self, name: &str) -> Option<&'a Expr> {
        self.args.iter().find(|(candidate, _)| candidate == name).map(|(_, arg)| arg)
    }

    pub fn value(self, name: &str) -> Option<Value> {
        self.expr(name).and_then(|arg| evaluate(arg, self.world).ok())
    }

    pub fn duration(self, name: &str) -> Result<Duration, Unknown> {
        let duration = self.value(name).and_then(|value| value.as_duration());
        duration.ok_or_else(|| Unknown(format!("`{name}` is no duration")))
    }

    pub fn exact(self, name: &str) -> Result<Number, Unknown> {
        let number = self.value(name).and_then(|value| value.as_number());
        number.ok_or_else(|| Unknown(format!("`{name}` is no number")))
    }

    pub fn number(self, name: &str) -> Result<f64, Unknown> {
        self.exact(name).map(Number::to_f64)
    }

    pub fn number_or(self, name: &str, default: f64) -> Result<f64, Unknown> {
        if self.expr(name).is_some() { self.number(name) } else { Ok(default) }
    }
}

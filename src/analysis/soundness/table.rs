//! What changes while a run goes on, as the conditions of one environment name it.

use rustc_hash::FxHashMap;
use std::rc::Rc;

use crate::contract::value::{Unit, Value};

use super::exact::Fraction;
use super::linear::{Linear, Row, Variable};

/// The values that something can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Real,
    Whole,
    Truth,
    Text,
    /// Nothing is known about them.
    Other,
}

/// What is certain about a variable, whatever the data are.
#[derive(Debug, Clone)]
pub struct Facts {
    /// As people write it.
    pub name: String,
    pub values: Values,
    pub unit: Unit,
    pub low: Option<Fraction>,
    pub high: Option<Fraction>,
    /// The metrics it is computed from, as `group.field`.
    pub metrics: Vec<String>,
    /// The steps it is computed from, as `phase.step`.
    pub steps: Vec<String>,
    /// Its metric can give it any value in its range.
    pub is_free: bool,
}

#[derive(Debug, Default)]
pub struct Table {
    facts: Vec<Facts>,
    keys: FxHashMap<String, Variable>,
    /// Variables that are one sum divided by another.
    quotients: FxHashMap<Variable, (Rc<Linear>, Rc<Linear>)>,
}

impl Table {
    /// The variable with this key; the same key means the same at every instant.
    pub fn variable(&mut self, key: String, facts: impl FnOnce() -> Facts) -> Variable {
        let next = Variable(u32::try_from(self.facts.len()).unwrap_or(u32::MAX));
        *self.keys.entry(key).or_insert_with(|| {
            self.facts.push(facts());
            next
        })
    }

    #[must_use]
    pub fn facts(&self, variable: Variable) -> &Facts {
        &self.facts[variable.0 as usize]
    }

    pub fn facts_mut(&mut self, variable: Variable) -> &mut Facts {
        &mut self.facts[variable.0 as usize]
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    pub fn set_quotient(&mut self, variable: Variable, above: Rc<Linear>, below: Rc<Linear>) {
        self.quotients.insert(variable, (above, below));
    }

    #[must_use]
    pub fn quotient(&self, variable: Variable) -> Option<&(Rc<Linear>, Rc<Linear>)> {
        self.quotients.get(&variable)
    }

    /// What its range says about a variable.
    pub fn domain(&self, variable: Variable) -> impl Iterator<Item = Row> {
        let facts = self.facts(variable);
        let low = facts.low.and_then(Fraction::negate).map(|limit| (Fraction::whole(-1), limit));
        let high = facts.high.map(|limit| (Fraction::ONE, limit));
        low.into_iter().chain(high).map(move |(factor, limit)| Row {
            terms: vec![(variable, factor)],
            limit,
            strict: false,
        })
    }

    /// Whether a sum is never below zero.
    #[must_use]
    pub fn is_never_negative(&self, linear: &Linear) -> bool {
        let rises = |(variable, factor): &(Variable, Fraction)| {
            factor.sign() > 0 && self.facts(*variable).low.is_some_and(|low| low.sign() >= 0)
        };
        linear.constant.sign() >= 0 && linear.terms.iter().all(rises)
    }

    /// `api.p95 = 1.2s`
    #[must_use]
    pub fn assignment(&self, variable: Variable, value: Fraction) -> Option<String> {
        let facts = self.facts(variable);
        Some(format!("{} = {}", facts.name, Value::Quantity(value.to_number()?, facts.unit)))
    }
}

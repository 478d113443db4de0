//! Phases of the model to phases of the plan: one for each element of a `for`.

use std::collections::HashMap;

use super::request::PlanError;
use super::scope::Scope;
use crate::base::suggest::nearest;
use crate::contract::value::Value;
use crate::eval::plain_text;
use crate::model::expr::{LocalId, OutputRef};
use crate::model::phase::{Each, Phase};
use crate::model::program::Pipeline;

/// One phase to be.
pub struct Instance<'a> {
    pub phase: &'a Phase,
    /// `deploy` or `deploy[eu]`
    pub id: String,
    pub element: Option<Element>,
    pub at_once: Option<usize>,
}

#[derive(Clone)]
pub struct Element {
    pub variable: LocalId,
    pub value: Value,
    /// Between the brackets.
    pub label: String,
}

/// All phases to be, in the order they were declared.
pub struct Expansion<'a> {
    pub instances: Vec<Instance<'a>>,
    /// Of each declared name: its instances.
    by_name: HashMap<&'a str, Vec<usize>>,
    by_id: HashMap<String, usize>,
}

impl<'a> Expansion<'a> {
    pub fn new(pipeline: &'a Pipeline, scope: &Scope) -> Self {
        let mut expansion = Self { instances: Vec::new(), by_name: HashMap::new(), by_id: HashMap::new() };
        for phase in &pipeline.phases {
            expansion.by_name.entry(&phase.name).or_default();
            match &phase.each {
                None => expansion.add(phase, None, None, scope),
                Some(each) => {
                    let at_once = at_once(each, scope);
                    for element in elements(phase, each, scope) {
                        expansion.add(phase, Some(element), at_once, scope);
                    }
                }
            }
        }
        expansion
    }

    fn add(&mut self, phase: &'a Phase, element: Option<Element>, at_once: Option<usize>, scope: &Scope) {
        let id = phase_id(&phase.name, element.as_ref().map(|element| element.label.as_str()));
        let index = self.instances.len();
        if self.by_id.insert(id.clone(), index).is_some() {
            scope.fail(PlanError::program(phase.name_at, format!("there are two phases `{id}`")));
            return;
        }
        self.by_name.entry(&phase.name).or_default().push(index);
        self.instances.push(Instance { phase, id, element, at_once });
    }

    /// The phases that a name, or a name with an element, stands for. An unknown element is an error in words.
    pub fn find(&self, name: &str, element: Option<&str>) -> Result<&[usize], String> {
        let all = self.by_name.get(name).ok_or_else(|| format!("there is no phase `{name}`"))?;
        let Some(element) = element else { return Ok(all) };
        match self.by_id.get(&phase_id(name, Some(element))) {
            Some(index) => Ok(std::slice::from_ref(all.iter().find(|at| *at == index).unwrap_or(index))),
            None => {
                let labels = all.iter().filter_map(|at| self.instances[*at].element.as_ref());
                let labels: Vec<&str> = labels.map(|element| element.label.as_str()).collect();
                let nearest = nearest(element, labels.iter().copied());
                let hint = nearest.map_or(String::new(), |nearest| format!("; did you mean `{name}[{nearest}]`?"));
                Err(format!("phase `{name}` has no element `{element}` here{hint}"))
            }
        }
    }

    /// The output with the element of its phase filled in, seen from `here`.
    pub fn qualify(&self, output: &OutputRef, here: Option<&Instance>) -> Result<OutputRef, String> {
        // In a hook: no phase has a name of two words.
        if output.phase.contains(' ') && here.is_none() {
            return Ok(output.clone());
        }
        let element = match (&output.element, here) {
            (None, Some(here)) if here.phase.name == output.phase => here.element.as_ref().map(|it| it.label.clone()),
            (element, _) => element.clone(),
        };
        let all = self.find(&output.phase, element.as_deref())?;
        let is_expanded = all.iter().any(|at| self.instances[*at].element.is_some());
        if element.is_none() && is_expanded {
            return Err(format!(
                "phase `{}` stands for several: say which one, as `{}`",
                output.phase, self.instances[all[0]].id
            ));
        }
        Ok(OutputRef { phase: output.phase.clone(), element, step: output.step.clone() })
    }
}

fn phase_id(name: &str, element: Option<&str>) -> String {
    element.map_or_else(|| name.to_owned(), |element| format!("{name}[{element}]"))
}

fn at_once(each: &Each, scope: &Scope) -> Option<usize> {
    let count = each.at_once.as_ref().and_then(|count| scope.count(count, "`max … at once`", 1));
    count.and_then(|count| usize::try_from(count).ok())
}

fn elements(phase: &Phase, each: &Each, scope: &Scope) -> Vec<Element> {
    let Some(list) = scope.constant(&each.list, &format!("the list that phase `{}` goes through", phase.name)) else {
        return Vec::new();
    };
    let values = match list {
        Value::List(values) => values,
        Value::Json(serde_json::Value::Array(items)) => items.into_iter().map(Value::Json).collect(),
        other => {
            scope.fail(PlanError::program(each.list.at, format!("a phase goes through a list, not `{other}`")));
            Vec::new()
        }
    };
    let elements = values.into_iter().map(|value| {
        let label = plain_text(&value);
        Element { variable: each.variable, value, label }
    });
    elements.collect()
}

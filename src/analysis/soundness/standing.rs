//! Conditions outside of pipelines: alerts, and what trips kill switches and takes that back.

use std::rc::Rc;
use std::sync::LazyLock;

use crate::base::span::Location;
use crate::model::operations::{Alert, Sentinel};
use crate::model::phase::Condition;
use crate::model::program::{MetricsGroup, Pipeline, Program};

use super::super::constants::Constants;
use super::super::graph::Order;
use super::survey::World;

/// What has conditions outside of pipelines has no parameters and no phases.
pub static NOWHERE: LazyLock<Pipeline> = LazyLock::new(|| Pipeline::empty("", Location::default()));

/// What is judged that is no pipeline.
#[derive(Clone, Copy)]
pub enum Beside<'p> {
    Nothing,
    Environments,
    Group(&'p MetricsGroup),
    Alert(&'p Alert),
    Sentinel(&'p Sentinel),
}

/// A condition that is watched as long as the program is served.
pub struct Standing<'p> {
    pub condition: &'p Condition,
    /// `this alert`
    pub what: &'static str,
}

/// Those of one item, and what they come to in each environment, by their place in the list.
#[derive(Default)]
pub struct Watched<'p> {
    pub conditions: Vec<Standing<'p>>,
    pub worlds: Vec<World<'p>>,
}

impl<'p> Watched<'p> {
    #[must_use]
    pub fn new(program: &'p Program, beside: Beside<'p>) -> Self {
        let standing = |what: &'static str| move |condition: &'p Condition| Standing { condition, what };
        let conditions: Vec<Standing<'p>> = match beside {
            Beside::Nothing | Beside::Environments | Beside::Group(_) => Vec::new(),
            Beside::Alert(alert) => alert.conditions.iter().map(standing("this alert")).collect(),
            Beside::Sentinel(sentinel) => {
                let trips = sentinel.trips.iter().flat_map(|trip| &trip.conditions).map(standing("this sentinel"));
                trips.chain(sentinel.recovers.iter().map(standing("this recovery"))).collect()
            }
        };
        let worlds = if conditions.is_empty() { Vec::new() } else { worlds(program, &conditions) };
        Self { conditions, worlds }
    }
}

fn worlds<'p>(program: &'p Program, standing: &[Standing<'p>]) -> Vec<World<'p>> {
    let conditions: Vec<_> = standing.iter().map(|standing| (standing.condition, Default::default())).collect();
    let worlds = Constants::of(program, &NOWHERE).into_iter().map(|constants| {
        let name = constants.environment.map(|found| found.name.clone());
        World::new(program, constants, &conditions, name, Rc::new(Order::of(&NOWHERE)))
    });
    worlds.collect()
}

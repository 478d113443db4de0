//! Conditions outside of pipelines: alerts, and what trips kill switches and takes that back.

use std::rc::Rc;
use std::sync::LazyLock;

use crate::base::span::Location;
use crate::model::phase::Condition;
use crate::model::program::{Pipeline, Program};

use super::super::constants::Constants;
use super::super::graph::Order;
use super::survey::World;

/// What has conditions outside of pipelines has no parameters and no phases.
pub static NOWHERE: LazyLock<Pipeline> = LazyLock::new(|| Pipeline::empty("", Location::default()));

/// A condition that is watched as long as the program is served.
pub struct Standing<'p> {
    pub condition: &'p Condition,
    /// `this alert`
    pub what: &'static str,
}

/// All of them, and what they come to in each environment, by their place in the list.
#[derive(Default)]
pub struct Watched<'p> {
    pub conditions: Vec<Standing<'p>>,
    pub worlds: Vec<World<'p>>,
}

impl<'p> Watched<'p> {
    #[must_use]
    pub fn new(program: &'p Program) -> Self {
        let alerts = program.alerts.values().flat_map(|alert| &alert.conditions);
        let alerts = alerts.map(|condition| Standing { condition, what: "this alert" });
        let trips = program.sentinels.values().flat_map(|sentinel| &sentinel.trips).flat_map(|trip| &trip.conditions);
        let trips = trips.map(|condition| Standing { condition, what: "this sentinel" });
        let recovers = program.sentinels.values().flat_map(|sentinel| &sentinel.recovers);
        let recovers = recovers.map(|condition| Standing { condition, what: "this recovery" });
        let conditions: Vec<Standing<'p>> = alerts.chain(trips).chain(recovers).collect();
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

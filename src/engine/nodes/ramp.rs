//! Ramps: read the weight there is, then for each weight set it and run the body.

use std::time::Duration;

use super::super::decide::Turn;
use super::super::event::{Event, ExecId};
use super::super::exec::{Detail, RampStage, TARGET_TIMEOUT};
use super::act::{Attempts, proceed};
use super::{FORWARD, fail, pass, stands_still};
use crate::contract::effect::History;
use crate::contract::value::Value;
use crate::plan::program::{NodeKind, Target};

/// A weight is asked for again a few times before the phase fails.
const SETTING: Attempts =
    Attempts { retry: 2, backoff: (Duration::from_secs(1), Duration::from_secs(10)), timeout: Some(TARGET_TIMEOUT) };

/// Putting a weight back is worth more patience.
pub const RESTORING: Attempts =
    Attempts { retry: 5, backoff: (Duration::from_secs(1), Duration::from_secs(10)), timeout: Some(TARGET_TIMEOUT) };

pub fn look(turn: &mut Turn<'_, '_>, id: ExecId) {
    let plan = turn.plan();
    let exec = turn.state().exec(id);
    let node = exec.node;
    let NodeKind::Ramp { target, weights, .. } = &plan.node(node).kind else { return };
    let Detail::Ramp(ramp) = &exec.detail else { return };
    let stage = ramp.stage;
    if !exec.forward.in_flight {
        if exec.forward.cancel.as_ref().is_some_and(|cancel| !cancel.fails) {
            return turn.record(Event::NodeCancelled { node, exec: id });
        }
        if stands_still(turn, id) {
            return;
        }
    }
    if matches!(stage, RampStage::Body(_) | RampStage::Done) {
        return;
    }
    let args = exec.args.clone();
    let registry = turn.engine.registry;
    let Some(operations) = registry.target(&target.name) else {
        return fail(turn, id, format!("there is no target `{}` in this version", target.name), Vec::new());
    };
    match stage {
        RampStage::Reading => {
            let read = |history: &History| (operations.read)(&args, history);
            match proceed(turn, (id, FORWARD), SETTING, &read) {
                None => {}
                Some(Ok(value)) => match value.as_number() {
                    Some(weight) => turn.record(Event::WeightRead { node, exec: id, weight }),
                    None => fail(turn, id, format!("the target gave no weight but `{value}`"), Vec::new()),
                },
                Some(Err(reason)) => fail(turn, id, format!("cannot read the weight: {reason}"), Vec::new()),
            }
        }
        RampStage::Setting(index) => {
            let Some(weight) = weights.get(index as usize).copied() else { return pass(turn, id, Value::Null) };
            let set = |history: &History| (operations.set)(&args, weight, history);
            match proceed(turn, (id, FORWARD), SETTING, &set) {
                None => {}
                Some(Ok(_)) => turn.record(Event::WeightSet { node, exec: id, target: describe(target), weight }),
                Some(Err(reason)) => fail(turn, id, format!("cannot set the weight: {reason}"), Vec::new()),
            }
        }
        RampStage::Body(_) | RampStage::Done => {}
    }
}

/// `traffic.haproxy("/run/haproxy.sock", "search", "v2")`: without the texts at the end that were left empty.
#[must_use]
pub fn describe(target: &Target) -> String {
    let is_empty = |value: &Value| value.as_text() == Some("");
    let given = target.args.values().rposition(|value| !is_empty(value)).map_or(0, |last| last + 1);
    let args: Vec<String> = target.args.values().take(given).map(Value::to_string).collect();
    format!("{}({})", target.name, args.join(", "))
}

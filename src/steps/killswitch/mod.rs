//! Steps about kill switches.
//!
//! A plan has a switch's own steps between `trip` or `reset`, which begin the turn, and `turned`, which ends it, unless
//! `stands` says that there is nothing to do (`plan/switches.rs`). What stands here keeps the record of it.

pub mod reset;
pub mod stands;
pub mod status;
pub mod trip;
pub mod turned;
pub mod way_back;

use super::protocol::{Attempt, argument, forward_act, in_turn, pass_json, text, undo_with};
use crate::contract::effect::{Act, Effect, History, Reaction};
use crate::contract::registry::Args;
use crate::contract::switch::{Side, SwitchAct, SwitchName};
use crate::contract::value::Value;

/// The switch that the arguments name.
fn name(args: &Args) -> Result<SwitchName, String> {
    let environment = match argument(args, "environment")? {
        Value::Null => None,
        _ => Some(text(args, "environment")?),
    };
    Ok(SwitchName { switch: text(args, "switch")?, environment })
}

fn begin(args: &Args, history: &History, to: Side) -> Attempt {
    let (reason, actor, key) = (text(args, "reason")?, text(args, "actor")?, history.key.clone());
    let effect = Effect::Switch { name: name(args)?, act: SwitchAct::Begin { to, reason, actor, key } };
    in_turn(history, [effect], |answer| Ok(pass_json(answer.clone())))
}

/// The record as it was before this run touched it.
fn restore(history: &History) -> Reaction {
    let begun = |act: &Act| match &act.effect {
        Effect::Switch { name, act: SwitchAct::Begin { key, .. } } => {
            Some(Effect::Switch { name: name.clone(), act: SwitchAct::Restore { key: key.clone() } })
        }
        _ => None,
    };
    undo_with(history, forward_act(history, begun))
}

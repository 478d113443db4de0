//! `way_back`: stands before the steps of a kill switch that bring no undo of their own, and carries one of the other side's
//! steps as its undo. Going forward it changes nothing; that it asks for an effect makes it count as begun.

use std::time::Duration;

use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{in_turn, pass_without_output, settle};

pub const WAY_BACK: StepImpl = StepImpl { name: "way_back", react, undo: None };

fn react(_: &Args, history: &History) -> Reaction {
    settle(in_turn(history, [Effect::Pause { duration: Duration::ZERO }], |_| Ok(pass_without_output())))
}

#[cfg(test)]
mod tests {
    use super::{Args, Duration, Effect, History, Reaction, WAY_BACK};

    #[test]
    fn it_counts_as_begun_and_does_nothing() {
        let effect = Effect::Pause { duration: Duration::ZERO };
        assert_eq!((WAY_BACK.react)(&Args::new(), &History::default()), Reaction::Perform(effect));
    }
}

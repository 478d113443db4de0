//! `flags.unset`

use super::{change, restore};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::settle;

pub const UNSET: StepImpl = StepImpl { name: "flags.unset", react, undo: Some(|_, history| restore(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(change(args, history, None))
}

#[cfg(test)]
mod tests {
    use super::{Args, History, Reaction, UNSET};
    use crate::contract::effect::Effect;
    use crate::contract::value::Value;

    #[test]
    fn the_flag_is_taken_out_of_the_file() {
        let args: Args =
            [("feature".to_owned(), Value::text("dedup")), ("file".to_owned(), Value::text("flags.json"))].into();
        let effect = Effect::SetFlag {
            file: "flags.json".to_owned(),
            feature: "dedup".to_owned(),
            settings: None,
            slot: "r/off/1".to_owned(),
        };
        let history = History { key: "r/off/1".to_owned(), ..History::default() };
        assert_eq!((UNSET.react)(&args, &history), Reaction::Perform(effect));
    }
}

//! `killswitch.reset`: the turn to `off` begins.

use super::{begin, restore};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::switch::Side;
use crate::steps::protocol::settle;

pub const RESET: StepImpl = StepImpl { name: "killswitch.reset", react, undo: Some(|_, history| restore(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(begin(args, history, Side::Off))
}

#[cfg(test)]
mod tests {
    use super::{Args, History, RESET, Reaction, Side};
    use crate::contract::effect::{Effect, Verdict};
    use crate::contract::switch::{SwitchAct, SwitchName};
    use crate::contract::value::Value;

    #[test]
    fn it_turns_to_the_other_side() {
        let args: Args = ["switch", "reason", "environment", "actor"]
            .into_iter()
            .map(|name| (name.to_owned(), Value::text(name)))
            .collect();
        let history = History { key: "r/a.back.reset/1".to_owned(), ..History::default() };
        let act = SwitchAct::Begin {
            to: Side::Off,
            reason: "reason".to_owned(),
            actor: "actor".to_owned(),
            key: "r/a.back.reset/1".to_owned(),
        };
        let name = SwitchName { switch: "switch".to_owned(), environment: Some("environment".to_owned()) };
        assert_eq!((RESET.react)(&args, &history), Reaction::Perform(Effect::Switch { name, act }));
    }

    #[test]
    fn a_plan_changed_by_hand_fails_in_words() {
        let reaction = (RESET.react)(&Args::new(), &History::default());
        let expected = Verdict::Failed("the argument `reason` is missing".to_owned());
        assert_eq!(reaction, Reaction::Finish(expected));
    }
}

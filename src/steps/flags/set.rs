//! `flags.set`

use super::{change, restore};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{settle, text_map};

pub const SET: StepImpl = StepImpl { name: "flags.set", react, undo: Some(|_, history| restore(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(text_map(args, "settings").and_then(|settings| change(args, history, Some(settings))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, History, Reaction, SET};
    use crate::contract::effect::{Act, Effect, Outcome};
    use crate::contract::value::Value;
    use crate::steps::protocol::pass;

    fn args() -> Args {
        let settings = Value::Record([("margin".to_owned(), Value::text("0.12"))].into());
        [
            ("feature".to_owned(), Value::text("early_exit")),
            ("settings".to_owned(), settings),
            ("file".to_owned(), Value::text("flags.json")),
        ]
        .into()
    }

    fn act(outcome: Option<Outcome>) -> Act {
        let effect = Effect::SetFlag {
            file: "flags.json".to_owned(),
            feature: "early_exit".to_owned(),
            settings: Some([("margin".to_owned(), "0.12".to_owned())].into()),
            slot: "r/a.enable/1".to_owned(),
        };
        Act { effect, outcome }
    }

    fn history(acts: Vec<Act>) -> History {
        History { key: "r/a.enable/1".to_owned(), acts, ..History::default() }
    }

    fn restore(previous: Option<serde_json::Value>) -> Reaction {
        Reaction::Perform(Effect::RestoreFlag {
            file: "flags.json".to_owned(),
            feature: "early_exit".to_owned(),
            slot: "r/a.enable/1".to_owned(),
            previous,
        })
    }

    #[test]
    fn the_flag_is_set_and_what_was_before_is_the_output() {
        assert_eq!((SET.react)(&args(), &history(vec![])), Reaction::Perform(act(None).effect));
        let none_before = history(vec![act(Some(Outcome::Done(json!({ "previous": null }))))]);
        let output = Value::Record([("previous".to_owned(), Value::Null)].into());
        assert_eq!((SET.react)(&args(), &none_before), pass(output));
    }

    #[test]
    fn undo_restores_from_the_slot_also_when_the_answer_was_never_recorded() {
        let undo = SET.undo.expect("flags.set has an undo");
        let undoing = |done| History { key: "r/a.enable.undo/1".to_owned(), done, ..History::default() };
        assert_eq!(undo(&args(), &undoing(vec![act(None)])), restore(None));
        let flag = json!({ "state": "DISABLED" });
        let answered = act(Some(Outcome::Done(json!({ "previous": flag }))));
        assert_eq!(undo(&args(), &undoing(vec![answered])), restore(Some(flag)));
    }
}

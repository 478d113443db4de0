//! `killswitch.trip`: the turn to `on` begins.

use super::{begin, restore};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::switch::Side;
use crate::steps::protocol::settle;

pub const TRIP: StepImpl = StepImpl { name: "killswitch.trip", react, undo: Some(|_, history| restore(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(begin(args, history, Side::On))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, History, Reaction, TRIP};
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::switch::{Side, SwitchAct, SwitchName};
    use crate::contract::value::Value;
    use crate::steps::protocol::{pass_json, pass_without_output};

    fn args(environment: Value) -> Args {
        [
            ("switch".to_owned(), Value::text("basic_search")),
            ("reason".to_owned(), Value::text("too slow")),
            ("environment".to_owned(), environment),
            ("actor".to_owned(), Value::text("ada@host")),
        ]
        .into()
    }

    fn name() -> SwitchName {
        SwitchName { switch: "basic_search".to_owned(), environment: Some("staging".to_owned()) }
    }

    fn begun() -> Effect {
        let act = SwitchAct::Begin {
            to: Side::On,
            reason: "too slow".to_owned(),
            actor: "ada@host".to_owned(),
            key: "r/brake.pulled.trip/1".to_owned(),
        };
        Effect::Switch { name: name(), act }
    }

    fn history(acts: Vec<Act>) -> History {
        History { key: "r/brake.pulled.trip/1".to_owned(), acts, ..History::default() }
    }

    #[test]
    fn the_turn_is_recorded_and_answers_whether_there_is_anything_to_do() {
        let args = args(Value::text("staging"));
        assert_eq!((TRIP.react)(&args, &history(vec![])), Reaction::Perform(begun()));
        let done = Act { effect: begun(), outcome: Some(Outcome::Done(json!({ "already": true }))) };
        assert_eq!((TRIP.react)(&args, &history(vec![done])), pass_json(json!({ "already": true })));
        let failed = Act { effect: begun(), outcome: Some(Outcome::failed("the disk is full")) };
        let expected = Reaction::Finish(Verdict::Failed("the disk is full".to_owned()));
        assert_eq!((TRIP.react)(&args, &history(vec![failed])), expected);
    }

    #[test]
    fn a_program_without_environments_has_switches_too() {
        let Reaction::Perform(Effect::Switch { name, .. }) = (TRIP.react)(&args(Value::Null), &history(vec![])) else {
            panic!("it is recorded")
        };
        assert_eq!(name.environment, None);
    }

    #[test]
    fn undo_puts_the_record_back_also_when_the_answer_was_never_recorded() {
        let undo = TRIP.undo.expect("it has an undo");
        let undoing = |done| History { key: "r/brake.pulled.trip/1".to_owned(), done, ..History::default() };
        let restored = SwitchAct::Restore { key: "r/brake.pulled.trip/1".to_owned() };
        let act = Act { effect: begun(), outcome: None };
        let expected = Reaction::Perform(Effect::Switch { name: name(), act: restored });
        assert_eq!(undo(&args(Value::Null), &undoing(vec![act])), expected);
        assert_eq!(undo(&args(Value::Null), &undoing(vec![])), pass_without_output());
    }
}

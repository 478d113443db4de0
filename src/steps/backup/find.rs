//! `backup.find`

use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, in_turn, pass_json, settle, text};

pub const FIND: StepImpl = StepImpl { name: "backup.find", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(find(args, history))
}

fn find(args: &Args, history: &History) -> Attempt {
    let effect = Effect::FindBackup { which: text(args, "which")?, from: text(args, "from")? };
    in_turn(history, [effect], |answer| Ok(pass_json(answer.clone())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, FIND, History, Reaction};
    use crate::contract::effect::{Act, Outcome, Verdict};
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_json;

    #[test]
    fn what_is_found_is_the_output_and_nothing_is_a_failure() {
        let args: Args =
            [("which".to_owned(), Value::text("previous")), ("from".to_owned(), Value::text("backups"))].into();
        let effect = Effect::FindBackup { which: "previous".to_owned(), from: "backups".to_owned() };
        assert_eq!((FIND.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let after = |outcome| {
            let acts = vec![Act { effect: effect.clone(), outcome: Some(outcome) }];
            (FIND.react)(&args, &History { acts, ..History::default() })
        };
        let found = json!({ "id": "b1" });
        assert_eq!(after(Outcome::Done(found.clone())), pass_json(found));
        let none = after(Outcome::failed("there is no backup"));
        assert_eq!(none, Reaction::Finish(Verdict::Failed("there is no backup".to_owned())));
    }
}

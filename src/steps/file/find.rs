//! `file.find`

use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{in_turn, pass_json, settle, texts};

pub const FIND: StepImpl = StepImpl { name: "file.find", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(texts(args, "patterns").and_then(|patterns| {
        in_turn(history, [Effect::FindFiles { patterns }], |answer| Ok(pass_json(answer.clone())))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, FIND, History, Reaction};
    use crate::contract::effect::{Act, Outcome};
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_json;

    #[test]
    fn what_is_found_and_what_is_missing_is_the_output() {
        let args: Args = [("patterns".to_owned(), Value::List(vec![Value::text("docs/*.md")]))].into();
        let effect = Effect::FindFiles { patterns: vec!["docs/*.md".to_owned()] };
        assert_eq!((FIND.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let found = json!({ "files": [], "missing": ["docs/*.md"] });
        let acts = vec![Act { effect, outcome: Some(Outcome::Done(found.clone())) }];
        assert_eq!((FIND.react)(&args, &History { acts, ..History::default() }), pass_json(found));
    }
}

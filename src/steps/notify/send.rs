//! `notify.send`: a message to a declared channel.

use crate::contract::answer::{HttpAnswer, read_answer};
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;

pub const SEND: StepImpl = StepImpl { name: "notify.send", react, undo: None };

/// The engine makes the request from the channel; whether it was accepted is judged here.
fn react(_args: &Args, history: &History) -> Reaction {
    let Some(outcome) = history.outcome(0) else {
        return Reaction::finish(Err("the channel of this message is not declared".to_owned()));
    };
    let accepted = read_answer::<HttpAnswer>(outcome).and_then(|answer| {
        if answer.is_success() { Ok(Value::Null) } else { Err(format!("the channel {}", answer.complaint())) }
    });
    Reaction::finish(accepted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::SEND;
    use crate::contract::effect::{Act, Effect, History, Outcome, Reaction};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    fn after(outcome: Outcome) -> History {
        let effect = Effect::Pause { duration: std::time::Duration::ZERO };
        History { acts: vec![Act { effect, outcome: Some(outcome) }], ..History::default() }
    }

    #[test]
    fn an_accepted_message_passes_and_a_refused_one_says_why() {
        let accepted = after(Outcome::Done(json!({ "status": 204 })));
        assert_eq!((SEND.react)(&Args::new(), &accepted), Reaction::finish(Ok(Value::Null)));
        let refused = after(Outcome::Done(json!({ "status": 404, "text": "no_team" })));
        let reason = "the channel answered 404: no_team";
        assert_eq!((SEND.react)(&Args::new(), &refused), Reaction::finish(Err(reason.into())));
        let silent = after(Outcome::failed("no answer"));
        assert_eq!((SEND.react)(&Args::new(), &silent), Reaction::finish(Err("no answer".into())));
    }
}

//! `killswitch.status`: how a kill switch stands.

use serde_json::json;

use super::name;
use crate::contract::answer::read_answer;
use crate::contract::effect::{Effect, History, Outcome, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::switch::{Standing, SwitchAct, SwitchAnswer};
use crate::steps::protocol::{Attempt, pass_json, settle};

pub const STATUS: StepImpl = StepImpl { name: "killswitch.status", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(match history.outcome(0) {
        None => name(args).map(|name| Reaction::Perform(Effect::Switch { name, act: SwitchAct::Look })),
        Some(outcome) => answer(outcome),
    })
}

/// A switch that is on its way is neither here nor there.
fn answer(outcome: &Outcome) -> Attempt {
    let record = read_answer::<SwitchAnswer>(outcome)?.record;
    match record {
        Some(record) if record.standing == Standing::Tripped => {
            Ok(pass_json(json!({ "tripped": true, "since": record.since, "reason": record.reason })))
        }
        Some(record) if record.standing != Standing::AtRest => Err(format!(
            "the kill switch `{}` is {}: run `{}` began to turn it and has not ended; trip or reset it again",
            record.name.switch,
            record.standing.name(),
            record.run
        )),
        _ => Ok(pass_json(json!({ "tripped": false, "since": null, "reason": null }))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, History, Outcome, Reaction, STATUS, Standing, SwitchAct};
    use crate::contract::effect::{Act, Verdict};
    use crate::contract::switch::SwitchName;
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_json;

    fn after(answer: Outcome) -> Reaction {
        let name = SwitchName { switch: "basic".to_owned(), environment: None };
        let args: Args = [("switch".to_owned(), Value::text("basic")), ("environment".to_owned(), Value::Null)].into();
        let effect = Effect::Switch { name, act: SwitchAct::Look };
        assert_eq!((STATUS.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let acts = vec![Act { effect, outcome: Some(answer) }];
        (STATUS.react)(&args, &History { acts, ..History::default() })
    }

    fn standing(standing: Standing) -> Reaction {
        let since = "2025-01-06T10:00:00Z";
        let record = json!({
            "switch": "basic", "standing": standing, "since": since, "reason": "slow", "actor": "ada", "run": "r-1",
        });
        after(Outcome::Done(json!({ "record": record })))
    }

    #[test]
    fn what_is_not_known_is_a_failure_and_not_an_answer() {
        let at_rest = pass_json(json!({ "tripped": false, "since": null, "reason": null }));
        assert_eq!(after(Outcome::Done(json!({ "record": null }))), at_rest);
        assert_eq!(standing(Standing::AtRest), at_rest);
        let tripped = json!({ "tripped": true, "since": "2025-01-06T10:00:00Z", "reason": "slow" });
        assert_eq!(standing(Standing::Tripped), pass_json(tripped));
        for (half, word) in [(Standing::Tripping, "half tripped"), (Standing::Resetting, "half reset")] {
            let Reaction::Finish(Verdict::Failed(reason)) = standing(half) else { panic!("{half:?} is no answer") };
            assert!(reason.contains(word) && reason.contains("`r-1`"), "{reason}");
        }
        let unreadable = after(Outcome::failed("the record is damaged"));
        assert_eq!(unreadable, Reaction::Finish(Verdict::Failed("the record is damaged".to_owned())));
    }
}

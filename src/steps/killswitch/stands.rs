//! `stands`: whether a kill switch stands already where it is to be turned to. One that is half way does not.

use serde_json::json;

use super::name;
use crate::contract::answer::read_answer;
use crate::contract::effect::{Effect, History, Outcome, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::switch::{Side, Standing, SwitchAct, SwitchAnswer};
use crate::steps::protocol::{Attempt, argument, pass_json, settle};

pub const STANDS: StepImpl = StepImpl { name: "stands", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(match history.outcome(0) {
        None => name(args).map(|name| Reaction::Perform(Effect::Switch { name, act: SwitchAct::Look })),
        Some(outcome) => answer(args, outcome),
    })
}

fn answer(args: &Args, outcome: &Outcome) -> Attempt {
    let on = argument(args, "on")?.as_bool().ok_or("the argument `on` must be true or false")?;
    let wanted = if on { Side::On } else { Side::Off };
    let record = read_answer::<SwitchAnswer>(outcome)?.record;
    let standing = record.map_or(Standing::AtRest, |record| record.standing);
    Ok(pass_json(json!({ "already": standing == wanted.reached() })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, History, Outcome, Reaction, STANDS, Standing, SwitchAct};
    use crate::contract::effect::Act;
    use crate::contract::switch::SwitchName;
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_json;

    fn already(on: bool, standing: Option<Standing>) -> Reaction {
        let args: Args = [
            ("switch".to_owned(), Value::text("basic")),
            ("environment".to_owned(), Value::Null),
            ("on".to_owned(), Value::Bool(on)),
        ]
        .into();
        let name = SwitchName { switch: "basic".to_owned(), environment: None };
        let effect = Effect::Switch { name, act: SwitchAct::Look };
        assert_eq!((STANDS.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let record = standing.map(|standing| {
            let since = "2025-01-06T10:00:00Z";
            json!({
                "switch": "basic", "standing": standing, "since": since, "reason": "", "actor": "ada", "run": "r-1",
            })
        });
        let outcome = Some(Outcome::Done(json!({ "record": record })));
        (STANDS.react)(&args, &History { acts: vec![Act { effect, outcome }], ..History::default() })
    }

    #[test]
    fn one_that_is_half_way_stands_nowhere() {
        let table = [
            (None, false, true),
            (Some(Standing::AtRest), false, true),
            (Some(Standing::Tripped), true, false),
            (Some(Standing::Tripping), false, false),
            (Some(Standing::Resetting), false, false),
        ];
        for (standing, tripped, at_rest) in table {
            assert_eq!(already(true, standing), pass_json(json!({ "already": tripped })), "{standing:?}");
            assert_eq!(already(false, standing), pass_json(json!({ "already": at_rest })), "{standing:?}");
        }
    }
}

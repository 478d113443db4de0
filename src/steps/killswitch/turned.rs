//! `turned`: the steps of a kill switch are done, and it stands where it was turned to. Undo says that this is no longer
//! sure: what was done is being taken back.

use super::name;
use crate::contract::effect::{Act, Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::switch::{Side, SwitchAct};
use crate::steps::protocol::{Attempt, argument, forward_act, in_turn, pass_without_output, settle, text, undo_with};

pub const TURNED: StepImpl = StepImpl { name: "turned", react, undo: Some(|_, history| undo(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(end(args, history))
}

fn end(args: &Args, history: &History) -> Attempt {
    let on = argument(args, "on")?.as_bool().ok_or("the argument `on` must be true or false")?;
    let act = SwitchAct::End {
        to: if on { Side::On } else { Side::Off },
        reason: text(args, "reason")?,
        actor: text(args, "actor")?,
        key: history.key.clone(),
    };
    let effect = Effect::Switch { name: name(args)?, act };
    in_turn(history, [effect], |_| Ok(pass_without_output()))
}

fn undo(history: &History) -> Reaction {
    let ended = |act: &Act| match &act.effect {
        Effect::Switch { name, act: SwitchAct::End { to, key, .. } } => {
            let act = SwitchAct::Waver { back_from: *to, key: key.clone() };
            Some(Effect::Switch { name: name.clone(), act })
        }
        _ => None,
    };
    undo_with(history, forward_act(history, ended))
}

#[cfg(test)]
mod tests {
    use super::{Act, Args, Effect, History, Reaction, Side, SwitchAct, TURNED};
    use crate::contract::effect::Outcome;
    use crate::contract::switch::SwitchName;
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_without_output;

    fn args() -> Args {
        [
            ("switch".to_owned(), Value::text("basic")),
            ("on".to_owned(), Value::Bool(true)),
            ("reason".to_owned(), Value::text("slow")),
            ("environment".to_owned(), Value::Null),
            ("actor".to_owned(), Value::text("ada")),
        ]
        .into()
    }

    fn effect(act: SwitchAct) -> Effect {
        Effect::Switch { name: SwitchName { switch: "basic".to_owned(), environment: None }, act }
    }

    fn ended() -> Effect {
        let (reason, actor, key) = ("slow".to_owned(), "ada".to_owned(), "r/a.x.turned/1".to_owned());
        effect(SwitchAct::End { to: Side::On, reason, actor, key })
    }

    #[test]
    fn the_end_is_recorded_and_taken_back_first() {
        let history = |acts| History { key: "r/a.x.turned/1".to_owned(), acts, ..History::default() };
        assert_eq!((TURNED.react)(&args(), &history(vec![])), Reaction::Perform(ended()));
        let done = Act { effect: ended(), outcome: Some(Outcome::Done(serde_json::Value::Null)) };
        assert_eq!((TURNED.react)(&args(), &history(vec![done.clone()])), pass_without_output());
        let undoing = History { done: vec![done], ..history(vec![]) };
        let waver = SwitchAct::Waver { back_from: Side::On, key: "r/a.x.turned/1".to_owned() };
        let undo = TURNED.undo.expect("it has an undo");
        assert_eq!(undo(&args(), &undoing), Reaction::Perform(effect(waver)));
    }
}

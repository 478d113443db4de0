//! `file.copy`

use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, in_turn, pass_without_output, restore_copy, settle, text};

pub const COPY: StepImpl = StepImpl { name: "file.copy", react, undo: Some(|_, history| restore_copy(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(copy(args, history))
}

fn copy(args: &Args, history: &History) -> Attempt {
    let (from, to) = (text(args, "from")?, text(args, "to")?);
    let save = Effect::SaveCopy { path: to.clone(), slot: history.key.clone() };
    in_turn(history, [save, Effect::CopyFile { from, to }], |_| Ok(pass_without_output()))
}

#[cfg(test)]
mod tests {
    use super::{Args, COPY, Effect, History, Reaction};
    use crate::contract::effect::{Act, Outcome};
    use crate::contract::value::Value;

    #[test]
    fn the_target_is_kept_then_overwritten_and_put_back_by_the_undo() {
        let args: Args = [("from".to_owned(), Value::text("new")), ("to".to_owned(), Value::text("live"))].into();
        let mut history = History { key: "r/copy/1".to_owned(), ..History::default() };
        let save = Effect::SaveCopy { path: "live".to_owned(), slot: "r/copy/1".to_owned() };
        assert_eq!((COPY.react)(&args, &history), Reaction::Perform(save.clone()));
        history.acts.push(Act { effect: save, outcome: Some(Outcome::Done(serde_json::Value::Null)) });
        let copy = Effect::CopyFile { from: "new".to_owned(), to: "live".to_owned() };
        assert_eq!((COPY.react)(&args, &history), Reaction::Perform(copy));
        let undoing = History { key: "r/copy.undo/1".to_owned(), done: history.acts, ..History::default() };
        let restore = Effect::RestoreCopy { path: "live".to_owned(), slot: "r/copy/1".to_owned() };
        assert_eq!(COPY.undo.expect("file.copy has an undo")(&args, &undoing), Reaction::Perform(restore));
    }
}

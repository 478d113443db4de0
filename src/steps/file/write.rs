//! `file.write`

use crate::contract::effect::{Effect, History, Reaction, seal};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, argument, in_turn, pass_without_output, restore_copy, settle, text};

pub const WRITE: StepImpl = StepImpl { name: "file.write", react, undo: Some(|_, history| restore_copy(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(write(args, history))
}

fn write(args: &Args, history: &History) -> Attempt {
    let path = text(args, "path")?;
    let content = seal(argument(args, "content")?);
    let save = Effect::SaveCopy { path: path.clone(), slot: history.key.clone() };
    in_turn(history, [save, Effect::WriteFile { path, content }], |_| Ok(pass_without_output()))
}

#[cfg(test)]
mod tests {
    use super::{Args, Effect, History, Reaction, WRITE};
    use crate::contract::effect::{Act, Outcome, TextPiece};
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_without_output;

    fn args(content: Value) -> Args {
        [("path".to_owned(), Value::text("app.conf")), ("content".to_owned(), content)].into()
    }

    fn saved(outcome: Option<Outcome>) -> Act {
        Act { effect: Effect::SaveCopy { path: "app.conf".to_owned(), slot: "r/write/1".to_owned() }, outcome }
    }

    fn history(acts: Vec<Act>) -> History {
        History { key: "r/write/1".to_owned(), acts, ..History::default() }
    }

    fn done() -> Option<Outcome> {
        Some(Outcome::Done(serde_json::Value::Null))
    }

    #[test]
    fn what_was_there_is_kept_before_the_file_is_written() {
        let args = args(Value::text("a=1\n"));
        assert_eq!((WRITE.react)(&args, &history(vec![])), Reaction::Perform(saved(None).effect));
        let write =
            Effect::WriteFile { path: "app.conf".to_owned(), content: vec![TextPiece::Plain("a=1\n".to_owned())] };
        assert_eq!((WRITE.react)(&args, &history(vec![saved(done())])), Reaction::Perform(write.clone()));
        let written = Act { effect: write, outcome: done() };
        assert_eq!((WRITE.react)(&args, &history(vec![saved(done()), written])), pass_without_output());
    }

    #[test]
    fn a_secret_stays_a_name() {
        let Reaction::Perform(Effect::WriteFile { content, .. }) =
            (WRITE.react)(&args(Value::Secret("TOKEN".to_owned())), &history(vec![saved(done())]))
        else {
            panic!("a write is expected")
        };
        assert_eq!(content, [TextPiece::Secret("TOKEN".to_owned())]);
    }

    #[test]
    fn undo_puts_back_what_was_kept_even_when_the_write_did_not_end() {
        let undo = WRITE.undo.expect("file.write has an undo");
        let history = |done| History { key: "r/undo/9".to_owned(), done, ..History::default() };
        let args = args(Value::text(""));
        let restore = Effect::RestoreCopy { path: "app.conf".to_owned(), slot: "r/write/1".to_owned() };
        assert_eq!(undo(&args, &history(vec![saved(done())])), Reaction::Perform(restore));
        assert_eq!(undo(&args, &history(vec![saved(None)])), pass_without_output());
        assert_eq!(undo(&args, &history(vec![])), pass_without_output());
    }
}

//! `read.text`

use super::read_file;
use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;
use crate::steps::protocol::{pass, settle};

pub const TEXT: StepImpl = StepImpl { name: "read.text", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(read_file(args, history, |_, text| Ok(pass(Value::text(text)))))
}

#[cfg(test)]
mod tests {
    use super::{Args, History, TEXT, Value, pass};
    use crate::contract::effect::{Act, Effect, Outcome, Reaction, Verdict};

    #[test]
    fn the_text_of_the_file_is_the_output_and_a_missing_file_fails() {
        let args: Args = [("path".to_owned(), Value::text("notes.txt"))].into();
        let effect = Effect::ReadFile { path: "notes.txt".to_owned() };
        assert_eq!((TEXT.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let after = |outcome| History {
            acts: vec![Act { effect: effect.clone(), outcome: Some(outcome) }],
            ..History::default()
        };
        let read = after(Outcome::Done(serde_json::json!({ "text": "hello\n" })));
        assert_eq!((TEXT.react)(&args, &read), pass(Value::text("hello\n")));
        let failed = Reaction::Finish(Verdict::Failed("no such file".to_owned()));
        assert_eq!((TEXT.react)(&args, &after(Outcome::failed("no such file"))), failed);
    }
}

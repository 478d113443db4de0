//! `exec`: a program with its arguments, run directly; nothing in them is read by a shell.

use super::{output, run};
use crate::contract::answer::start_of;
use crate::contract::effect::{History, Program, Reaction, SealedText, describe_sealed, seal};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;

pub const EXEC: StepImpl = StepImpl { name: "exec", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    let argv: Vec<SealedText> = match args.get("argv").and_then(Value::as_list) {
        Some(words) if !words.is_empty() => words.iter().map(seal).collect(),
        _ => return Reaction::finish(Err("argument `argv` is empty: its first element names the program".to_owned())),
    };
    match history.outcome(0) {
        None => Reaction::perform(run(args, Program::Argv(argv), history)),
        Some(outcome) => Reaction::finish(output(args, &command_line(&argv), outcome)),
    }
}

fn command_line(argv: &[SealedText]) -> String {
    start_of(&argv.iter().map(describe_sealed).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::EXEC;
    use crate::contract::effect::{Act, Effect, History, Outcome, Program, Reaction, TextPiece};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    fn args(words: &[Value]) -> Args {
        Args::from([("argv".to_owned(), Value::List(words.to_vec())), ("cwd".to_owned(), Value::text("."))])
    }

    #[test]
    fn each_word_is_one_argument_and_secrets_stay_sealed() {
        let args = args(&[Value::text("curl"), Value::text("a b"), Value::Secret("TOKEN".into())]);
        let word = |text: &str| vec![TextPiece::Plain(text.into())];
        let argv = vec![word("curl"), word("a b"), vec![TextPiece::Secret("TOKEN".into())]];
        let expected =
            Reaction::Perform(Effect::RunProcess { program: Program::Argv(argv), cwd: ".".into(), key: String::new() });
        assert_eq!((EXEC.react)(&args, &History::default()), expected);
    }

    #[test]
    fn a_failure_names_the_command_with_secrets_by_name() {
        let args = args(&[Value::text("login"), Value::Secret("TOKEN".into())]);
        let effect = Effect::RunProcess { program: Program::Argv(Vec::new()), cwd: ".".into(), key: String::new() };
        let outcome = Some(Outcome::Done(json!({ "stdout": "", "stderr": "denied", "exit_code": 1 })));
        let history = History { acts: vec![Act { effect, outcome }], ..History::default() };
        let failed = Reaction::finish(Err("`login secret(\"TOKEN\")` ended with exit code 1: denied".into()));
        assert_eq!((EXEC.react)(&args, &history), failed);
    }

    #[test]
    fn nothing_to_run_is_a_failure() {
        assert!(matches!((EXEC.react)(&args(&[]), &History::default()), Reaction::Finish(_)));
    }
}

//! `shell`: a command line, read by the shell of the platform.

use super::{output, run};
use crate::contract::answer::start_of;
use crate::contract::effect::{History, Program, Reaction, describe_sealed, seal};
use crate::contract::registry::{Args, StepImpl};

pub const SHELL: StepImpl = StepImpl { name: "shell", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    let Some(command) = args.get("command").map(seal) else {
        return Reaction::finish(Err("argument `command` is missing".to_owned()));
    };
    match history.outcome(0) {
        None => Reaction::perform(run(args, Program::Shell(command), history)),
        Some(outcome) => Reaction::finish(output(args, &start_of(&describe_sealed(&command)), outcome)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::SHELL;
    use crate::contract::effect::{Act, Effect, History, Outcome, Program, Reaction, TextPiece};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    fn args(pairs: &[(&str, Value)]) -> Args {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn after(outcome: Outcome) -> History {
        let program = Program::Shell(vec![TextPiece::Plain("make".into())]);
        let effect = Effect::RunProcess { program, cwd: ".".into(), key: String::new() };
        History { acts: vec![Act { effect, outcome: Some(outcome) }], ..History::default() }
    }

    #[test]
    fn the_command_is_run_in_its_folder() {
        let args = args(&[("command", Value::text("make")), ("cwd", Value::text("web"))]);
        let program = Program::Shell(vec![TextPiece::Plain("make".into())]);
        let expected = Reaction::Perform(Effect::RunProcess { program, cwd: "web".into(), key: String::new() });
        assert_eq!((SHELL.react)(&args, &History::default()), expected);
    }

    #[test]
    fn an_exit_code_of_zero_passes_with_the_output_and_another_fails_with_the_end_of_stderr() {
        let args = args(&[("command", Value::text("make"))]);
        let done = after(Outcome::Done(json!({ "stdout": "ok\n", "stderr": "", "exit_code": 0 })));
        let output = [("stdout".to_owned(), Value::text("ok\n")), ("exit_code".to_owned(), Value::int(0))];
        let passed = Reaction::finish(Ok(Value::Record(output.into_iter().collect())));
        assert_eq!((SHELL.react)(&args, &done), passed);

        let broken = after(Outcome::Done(json!({ "stdout": "", "stderr": "no rule\n", "exit_code": 2 })));
        let failed = Reaction::finish(Err("`make` ended with exit code 2: no rule".into()));
        assert_eq!((SHELL.react)(&args, &broken), failed);
    }

    #[test]
    fn exit_codes_that_the_step_expects_pass() {
        let codes = Value::List(vec![Value::int(0), Value::int(3)]);
        let args = args(&[("command", Value::text("diff")), ("expect", codes)]);
        let done = after(Outcome::Done(json!({ "stdout": "", "exit_code": 3 })));
        assert!(matches!(
            (SHELL.react)(&args, &done),
            Reaction::Finish(crate::contract::effect::Verdict::Passed(Value::Record(fields)))
                if fields["exit_code"] == Value::int(3)
        ));
    }

    #[test]
    fn answers_of_another_shape_and_missing_arguments_fail_with_words() {
        let odd = (SHELL.react)(&args(&[("command", Value::text("x"))]), &after(Outcome::Done(json!("odd"))));
        assert!(matches!(odd, Reaction::Finish(crate::contract::effect::Verdict::Failed(_))));
        let missing = (SHELL.react)(&Args::new(), &History::default());
        assert_eq!(missing, Reaction::finish(Err("argument `command` is missing".into())));
    }
}

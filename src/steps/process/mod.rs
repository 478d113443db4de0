//! `shell` and `exec`: commands of the machine that the run is on.

pub mod exec;
pub mod shell;

use indexmap::IndexMap;

use crate::contract::answer::{ProcessAnswer, read_answer};
use crate::contract::effect::{Effect, History, Outcome, Program};
use crate::contract::registry::{Args, text_argument};
use crate::contract::value::Value;

fn run(args: &Args, program: Program, history: &History) -> Result<Effect, String> {
    let cwd = text_argument(args, "cwd").unwrap_or(".").to_owned();
    Ok(Effect::RunProcess { program, cwd, key: history.key.clone() })
}

/// The output of a process that ended as `expect` allows.
fn output(args: &Args, command: &str, outcome: &Outcome) -> Result<Value, String> {
    let answer: ProcessAnswer = read_answer(outcome)?;
    if !allowed_codes(args).contains(&answer.exit_code) {
        return Err(format!("`{command}` {}", answer.complaint()));
    }
    Ok(Value::Record(IndexMap::from([
        ("stdout".to_owned(), Value::Text(answer.stdout)),
        ("exit_code".to_owned(), Value::int(answer.exit_code)),
    ])))
}

fn allowed_codes(args: &Args) -> Vec<i64> {
    let Some(codes) = args.get("expect").and_then(Value::as_list) else { return vec![0] };
    codes.iter().filter_map(|code| code.as_number()?.to_i64()).collect()
}

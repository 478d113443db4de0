//! Stand-ins for all that is built in: a step is one effect whose outcome is what the test gives.
//!
//! Each asks for a process: the one effect that nobody may repeat unasked. So what a crash caught running is repeated or
//! put in doubt by what the step declares, not by how it is built.

use std::sync::OnceLock;

use crate::base::number::Number;
use crate::contract::effect::{Effect, History, Outcome, Program, Reaction, TextPiece, Verdict, Weight};
use crate::contract::registry::{Args, Registry, StepImpl, TargetImpl};
use crate::contract::value::{Unit, Value};
use crate::model::phase::UNDONE_WITH;

/// The real table with every step and target replaced; sources are never asked in virtual time, channels are answered.
#[must_use]
pub fn registry(real: &Registry) -> &'static Registry {
    static STAND_INS: OnceLock<Registry> = OnceLock::new();
    STAND_INS.get_or_init(|| {
        let steps: Vec<StepImpl> = real.steps.iter().map(step).collect();
        let targets: Vec<TargetImpl> =
            real.targets.iter().map(|target| TargetImpl { name: target.name, read, set }).collect();
        Registry { steps: steps.leak(), targets: targets.leak(), ..*real }
    })
}

fn step(real: &StepImpl) -> StepImpl {
    if real.name == UNDONE_WITH {
        return *real;
    }
    StepImpl { name: real.name, react: perform, undo: real.undo.map(|_| perform as fn(&Args, &History) -> Reaction) }
}

fn perform(_: &Args, history: &History) -> Reaction {
    once(history, Vec::new(), |answer| Ok(Value::Json(answer.clone())))
}

fn read(_: &Args, history: &History) -> Reaction {
    once(history, Vec::new(), |answer| {
        let weight = answer.as_str().and_then(Number::parse);
        weight.map(|weight| Value::Quantity(weight, Unit::Ratio)).ok_or_else(|| "the target gave no weight".to_owned())
    })
}

/// The weight is the only argument of the process.
fn set(_: &Args, weight: Weight, history: &History) -> Reaction {
    once(history, vec![vec![TextPiece::Plain(weight.to_string())]], |_| Ok(Value::Null))
}

fn once(
    history: &History,
    argv: Vec<Vec<TextPiece>>,
    output: fn(&serde_json::Value) -> Result<Value, String>,
) -> Reaction {
    match history.outcome(0) {
        None => Reaction::Perform(Effect::RunProcess {
            program: Program::Argv(argv),
            cwd: String::new(),
            key: history.key.clone(),
        }),
        Some(Outcome::Done(answer)) => Reaction::finish(output(answer)),
        Some(Outcome::Failed(failure)) => Reaction::Finish(Verdict::Failed(failure.message.clone())),
    }
}

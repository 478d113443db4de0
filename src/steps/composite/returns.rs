//! `return`: the output of a composite step is its argument.

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;

pub const RETURN: StepImpl = StepImpl { name: "return", react, undo: None };

fn react(args: &Args, _: &History) -> Reaction {
    Reaction::finish(Ok(args.get("value").cloned().unwrap_or(Value::Null)))
}

#[cfg(test)]
mod tests {
    use super::RETURN;
    use crate::contract::effect::{History, Reaction};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    #[test]
    fn the_value_is_the_output_at_once() {
        let args = Args::from([("value".to_owned(), Value::text("r3"))]);
        assert_eq!((RETURN.react)(&args, &History::default()), Reaction::finish(Ok(Value::text("r3"))));
    }
}

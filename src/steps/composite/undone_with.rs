//! `undone_with`: the undo of a change that another change's undo takes back as well. There is nothing left to do.

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::value::Value;

pub const UNDONE_WITH: StepImpl = StepImpl { name: "undone_with", react, undo: None };

fn react(_: &Args, _: &History) -> Reaction {
    Reaction::finish(Ok(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::UNDONE_WITH;
    use crate::contract::effect::{History, Reaction};
    use crate::contract::registry::Args;
    use crate::contract::value::Value;

    #[test]
    fn nothing_is_done() {
        assert_eq!((UNDONE_WITH.react)(&Args::new(), &History::default()), Reaction::finish(Ok(Value::Null)));
    }
}

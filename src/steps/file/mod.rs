//! Steps that write files; their undo puts back what was there, or removes the file where nothing was.

pub mod copy;
pub mod write;

use super::protocol::{answer, forward_act, undo_with};
use crate::contract::effect::{Act, Effect, History, Reaction};

/// Puts back what the forward execution kept before it wrote. Without a finished copy nothing was written.
fn restore_copy(history: &History) -> Reaction {
    let kept = |act: &Act| match &act.effect {
        Effect::SaveCopy { path, slot } if answer(act).is_some() => Some((path.clone(), slot.clone())),
        _ => None,
    };
    undo_with(history, forward_act(history, kept).map(|(path, slot)| Effect::RestoreCopy { path, slot }))
}

//! `backup.restore`

use super::archive_path;
use crate::contract::effect::{Act, Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::types::Type;
use crate::steps::naming::file_name;
use crate::steps::protocol::{Attempt, answer, forward_act, in_turn, pass, record, settle, text, undo_with};

pub const RESTORE: StepImpl = StepImpl { name: "backup.restore", react, undo: Some(undo) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(restore(args, history))
}

fn restore(args: &Args, history: &History) -> Attempt {
    let effect = Effect::RestoreBackup {
        archive: text(args, "archive")?,
        target: text(args, "target")?,
        emergency_id: format!("emergency.{}", file_name(&history.key)),
        to: text(args, "to")?,
    };
    in_turn(history, [effect], |answer| record(answer, &[("restored", Type::Int), ("emergency", Type::Path)]).map(pass))
}

fn undo(_: &Args, history: &History) -> Reaction {
    let restored = |act: &Act| match &act.effect {
        Effect::RestoreBackup { target, emergency_id, to, .. } => Some(Effect::RevertRestore {
            emergency: archive_path(to, emergency_id),
            target: target.clone(),
            required: answer(act).is_some(),
        }),
        _ => None,
    };
    undo_with(history, forward_act(history, restored))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Act, Args, Effect, History, RESTORE, Reaction};
    use crate::contract::effect::Outcome;
    use crate::contract::value::Value;

    fn args() -> Args {
        let args = [("archive", "a.tar.zst"), ("target", "."), ("to", "backups")];
        args.map(|(name, text)| (name.to_owned(), Value::text(text))).into()
    }

    fn act(outcome: Option<Outcome>) -> Act {
        let effect = Effect::RestoreBackup {
            archive: "a.tar.zst".to_owned(),
            target: ".".to_owned(),
            emergency_id: "emergency.r.back.1".to_owned(),
            to: "backups".to_owned(),
        };
        Act { effect, outcome }
    }

    #[test]
    fn the_emergency_backup_is_named_after_the_execution() {
        let history = History { key: "r/back/1".to_owned(), ..History::default() };
        assert_eq!((RESTORE.react)(&args(), &history), Reaction::Perform(act(None).effect));
    }

    #[test]
    fn undo_restores_the_emergency_backup_which_must_be_there_once_the_restore_was_done() {
        let undo = RESTORE.undo.expect("backup.restore has an undo");
        let revert = |required| {
            let emergency = "backups/emergency.r.back.1.tar.zst".to_owned();
            Reaction::Perform(Effect::RevertRestore { emergency, target: ".".to_owned(), required })
        };
        let undoing = |done| undo(&args(), &History { done: vec![done], ..History::default() });
        let answer = json!({ "restored": 1, "emergency": "backups/emergency.r.back.1.tar.zst" });
        assert_eq!(undoing(act(Some(Outcome::Done(answer)))), revert(true));
        assert_eq!(undoing(act(Some(Outcome::failed("the disk is full")))), revert(false));
        assert_eq!(undoing(act(None)), revert(false));
    }
}

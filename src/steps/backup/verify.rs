//! `backup.verify`

use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::types::Type;
use crate::steps::protocol::{Attempt, in_turn, pass, record, settle, text};

pub const VERIFY: StepImpl = StepImpl { name: "backup.verify", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(verify(args, history))
}

fn verify(args: &Args, history: &History) -> Attempt {
    let archive = text(args, "archive")?;
    in_turn(history, [Effect::VerifyBackup { archive }], |answer| {
        record(answer, &[("id", Type::String), ("files", Type::Int), ("sha256", Type::String)]).map(pass)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, History, Reaction, VERIFY};
    use crate::contract::effect::{Act, Outcome, Verdict};
    use crate::contract::value::Value;

    #[test]
    fn a_sound_archive_passes_and_a_damaged_one_fails_with_its_words() {
        let args: Args = [("archive".to_owned(), Value::text("a.tar.zst"))].into();
        let effect = Effect::VerifyBackup { archive: "a.tar.zst".to_owned() };
        assert_eq!((VERIFY.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let after = |outcome| {
            let acts = vec![Act { effect: effect.clone(), outcome: Some(outcome) }];
            (VERIFY.react)(&args, &History { acts, ..History::default() })
        };
        let sound = after(Outcome::Done(json!({ "id": "a", "files": 2, "sha256": "ab" })));
        assert!(matches!(sound, Reaction::Finish(Verdict::Passed(_))), "{sound:?}");
        let damaged = after(Outcome::failed("`a.tar.zst` is damaged"));
        assert_eq!(damaged, Reaction::Finish(Verdict::Failed("`a.tar.zst` is damaged".to_owned())));
    }
}

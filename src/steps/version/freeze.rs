//! `version.freeze`

use crate::contract::effect::{Act, Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::types::Type;
use crate::steps::protocol::{Attempt, answer, forward_act, in_turn, pass, record, settle, text, texts, undo_with};

pub const FREEZE: StepImpl = StepImpl { name: "version.freeze", react, undo: Some(undo) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(freeze(args, history))
}

fn freeze(args: &Args, history: &History) -> Attempt {
    let (version, files, to) = (text(args, "version")?, texts(args, "files")?, text(args, "to")?);
    let path = format!("{}/config_fingerprint_{version}.json", to.trim_end_matches('/'));
    // A version may have been frozen before by another run: that file must come back, not vanish.
    let save = Effect::SaveCopy { path, slot: history.key.clone() };
    in_turn(history, [save, Effect::FreezeVersion { version, files, to }], |answer| {
        let fields = [("fingerprint", Type::String), ("path", Type::Path), ("files", Type::Int)];
        record(answer, &fields).map(pass)
    })
}

fn undo(_: &Args, history: &History) -> Reaction {
    let kept = |act: &Act| match &act.effect {
        Effect::SaveCopy { path, slot } if answer(act).is_some() => {
            Some(Effect::RestoreCopy { path: path.clone(), slot: slot.clone() })
        }
        _ => None,
    };
    undo_with(history, forward_act(history, kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Act, Args, Effect, FREEZE, History, Reaction};
    use crate::contract::effect::{Outcome, Verdict};
    use crate::contract::value::Value;

    #[test]
    fn a_fingerprint_is_written_and_the_undo_restores_what_was_in_its_place() {
        let args: Args = [
            ("version".to_owned(), Value::text("1.2.3")),
            ("files".to_owned(), Value::List(vec![Value::text("config/**")])),
            ("to".to_owned(), Value::text(".phasegate/versions")),
        ]
        .into();
        let path = ".phasegate/versions/config_fingerprint_1.2.3.json".to_owned();
        let mut history = History { key: "r/freeze.artifact/1".to_owned(), ..History::default() };
        let save = Effect::SaveCopy { path: path.clone(), slot: history.key.clone() };
        assert_eq!((FREEZE.react)(&args, &history), Reaction::Perform(save.clone()));
        history.acts.push(Act { effect: save, outcome: Some(Outcome::Done(json!(null))) });
        let Reaction::Perform(effect) = (FREEZE.react)(&args, &history) else { panic!("a freeze is expected") };
        assert!(matches!(&effect, Effect::FreezeVersion { version, .. } if version == "1.2.3"));
        let answer = json!({ "fingerprint": "ab", "path": path, "files": 2 });
        history.acts.push(Act { effect, outcome: Some(Outcome::Done(answer)) });
        let Reaction::Finish(Verdict::Passed(output)) = (FREEZE.react)(&args, &history) else { panic!("it passes") };
        assert_eq!(output.to_json()["files"], json!(2));
        let undoing = History { done: history.acts, ..History::default() };
        let restore = Effect::RestoreCopy { path, slot: "r/freeze.artifact/1".to_owned() };
        assert_eq!(FREEZE.undo.expect("version.freeze has an undo")(&args, &undoing), Reaction::Perform(restore));
    }
}

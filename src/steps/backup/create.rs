//! `backup.create`

use super::archive_path;
use crate::contract::effect::{Act, Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::contract::types::Type;
use crate::steps::naming::file_name;
use crate::steps::protocol::{Attempt, duration, forward_act, in_turn, pass, record, settle, text, texts, undo_with};

pub const CREATE: StepImpl = StepImpl { name: "backup.create", react, undo: Some(undo) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(create(args, history))
}

fn create(args: &Args, history: &History) -> Attempt {
    let effect = Effect::CreateBackup {
        id: file_name(&history.key),
        source: texts(args, "source")?,
        to: text(args, "to")?,
        retain: duration(args, "retain")?,
    };
    in_turn(history, [effect], |answer| {
        let fields = [
            ("id", Type::String),
            ("archive", Type::Path),
            ("sha256", Type::String),
            ("files", Type::Int),
            ("size", Type::Bytes),
        ];
        record(answer, &fields).map(pass)
    })
}

fn undo(_: &Args, history: &History) -> Reaction {
    let made = |act: &Act| match &act.effect {
        Effect::CreateBackup { id, to, .. } => Some(Effect::RemoveBackup { archive: archive_path(to, id) }),
        _ => None,
    };
    undo_with(history, forward_act(history, made))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Act, Args, CREATE, Effect, History, Reaction};
    use crate::contract::effect::{Outcome, Verdict};
    use crate::contract::value::Value;

    fn args() -> Args {
        [
            ("source".to_owned(), Value::List(vec![Value::text("config/")])),
            ("to".to_owned(), Value::text(".phasegate/backups")),
            ("retain".to_owned(), Value::duration(Duration::from_secs(90 * 86_400))),
        ]
        .into()
    }

    fn effect() -> Effect {
        Effect::CreateBackup {
            id: "run-7.freeze.snapshot.1".to_owned(),
            source: vec!["config/".to_owned()],
            to: ".phasegate/backups".to_owned(),
            retain: Duration::from_secs(90 * 86_400),
        }
    }

    #[test]
    fn the_archive_is_named_after_the_execution_and_described_in_the_output() {
        let mut history = History { key: "run-7/freeze.snapshot/1".to_owned(), ..History::default() };
        assert_eq!((CREATE.react)(&args(), &history), Reaction::Perform(effect()));
        let answer = json!({ "id": "x", "archive": "a.tar.zst", "sha256": "ab", "files": 3, "size": 1024 });
        history.acts.push(Act { effect: effect(), outcome: Some(Outcome::Done(answer)) });
        let Reaction::Finish(Verdict::Passed(output)) = (CREATE.react)(&args(), &history) else { panic!("it passes") };
        assert_eq!(output.as_record().expect("a record")["size"].to_string(), "1KiB");
    }

    #[test]
    fn undo_removes_the_archive_also_when_its_making_was_cut_short() {
        let undo = CREATE.undo.expect("backup.create has an undo");
        let undoing = History { done: vec![Act { effect: effect(), outcome: None }], ..History::default() };
        let archive = ".phasegate/backups/run-7.freeze.snapshot.1.tar.zst".to_owned();
        assert_eq!(undo(&args(), &undoing), Reaction::Perform(Effect::RemoveBackup { archive }));
    }
}

//! What every step shares: reading its arguments, doing effects one after another, reading its output from an answer.
//!
//! Invariant: total. An argument of another type than the signature's (a plan edited by hand) fails the step with words.

use indexmap::IndexMap;

use crate::contract::answer::{TextAnswer, read_answer};
use crate::contract::effect::{Act, Effect, History, Outcome, Reaction, TextPiece, Verdict};
use crate::contract::registry::Args;
use crate::contract::types::{RecordType, Type, decode};
use crate::contract::value::Value;

/// What a step wants next, or why it cannot go on.
pub type Attempt = Result<Reaction, String>;

/// The reaction of an attempt: a fault ends the step as failed.
#[must_use]
pub fn settle(attempt: Attempt) -> Reaction {
    attempt.unwrap_or_else(|message| Reaction::Finish(Verdict::Failed(message)))
}

/// Passed, with this output.
#[must_use]
pub fn pass(output: Value) -> Reaction {
    Reaction::Finish(Verdict::Passed(output))
}

/// Passed, without output.
#[must_use]
pub fn pass_without_output() -> Reaction {
    pass(Value::Null)
}

/// Does `effects` in order, each when the one before it is done; then `finish` makes the verdict of the last answer.
pub fn in_turn(
    history: &History,
    effects: impl IntoIterator<Item = Effect>,
    finish: impl FnOnce(&serde_json::Value) -> Attempt,
) -> Attempt {
    let mut last = &serde_json::Value::Null;
    for (index, effect) in effects.into_iter().enumerate() {
        match history.outcome(index) {
            None => return Ok(Reaction::Perform(effect)),
            Some(Outcome::Failed(failure)) => return Err(failure.message.clone()),
            Some(Outcome::Done(answer)) => last = answer,
        }
    }
    finish(last)
}

/// Reads files one after another; then `finish` sees their texts.
pub fn with_files(history: &History, paths: &[String], finish: impl FnOnce(&[String]) -> Attempt) -> Attempt {
    let mut texts = Vec::with_capacity(paths.len());
    for (index, path) in paths.iter().enumerate() {
        match history.outcome(index) {
            None => return Ok(Reaction::Perform(Effect::ReadFile { path: path.clone() })),
            Some(outcome) => texts.push(read_answer::<TextAnswer>(outcome)?.text),
        }
    }
    finish(&texts)
}

/// Passed, with an output that the type of the signature reads.
#[must_use]
pub fn pass_json(output: serde_json::Value) -> Reaction {
    pass(Value::Json(output))
}

/// Puts back what the forward execution kept before it wrote. Without a finished copy nothing was written.
#[must_use]
pub fn restore_copy(history: &History) -> Reaction {
    let kept = |act: &Act| match &act.effect {
        Effect::SaveCopy { path, slot } if answer(act).is_some() => Some((path.clone(), slot.clone())),
        _ => None,
    };
    undo_with(history, forward_act(history, kept).map(|(path, slot)| Effect::RestoreCopy { path, slot }))
}

/// Keeps what is at `path` under a slot of its own, then writes `content` there.
#[must_use]
pub fn kept_and_written(history: &History, path: String, content: String) -> [Effect; 2] {
    let slot = format!("{}/{path}", history.key);
    let content = vec![TextPiece::Plain(content)];
    [Effect::SaveCopy { path: path.clone(), slot }, Effect::WriteFile { path, content }]
}

/// Puts back everything that the forward execution kept before it wrote, the last first.
#[must_use]
pub fn restore_copies(history: &History) -> Reaction {
    let kept = |act: &Act| match &act.effect {
        Effect::SaveCopy { path, slot } if answer(act).is_some() => {
            Some(Effect::RestoreCopy { path: path.clone(), slot: slot.clone() })
        }
        _ => None,
    };
    let restores: Vec<Effect> = history.done.iter().rev().filter_map(kept).collect();
    settle(in_turn(history, restores, |_| Ok(pass_without_output())))
}

/// An undo of one effect; `None` when there is nothing to take back.
#[must_use]
pub fn undo_with(history: &History, effect: Option<Effect>) -> Reaction {
    settle(in_turn(history, effect, |_| Ok(pass_without_output())))
}

/// The first act of the forward execution whose effect `pick` knows.
pub fn forward_act<T>(history: &History, pick: impl Fn(&Act) -> Option<T>) -> Option<T> {
    history.done.iter().find_map(pick)
}

/// The answer of an act that was done.
#[must_use]
pub fn answer(act: &Act) -> Option<&serde_json::Value> {
    match &act.outcome {
        Some(Outcome::Done(answer)) => Some(answer),
        Some(Outcome::Failed(_)) | None => None,
    }
}

/// Reads an answer as a record with these fields.
///
/// # Errors
/// When the answer is not of that form.
pub fn record(answer: &serde_json::Value, fields: &[(&str, Type)]) -> Result<Value, String> {
    let fields = fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect();
    decode(answer, &Type::from(RecordType { name: None, fields })).map_err(|error| error.to_string())
}

/// # Errors
/// When the argument is absent or of another type; so for all that follow.
pub fn text(args: &Args, name: &str) -> Result<String, String> {
    argument(args, name)?.as_text().map(str::to_owned).ok_or_else(|| wrong(args, name, "text"))
}

/// # Errors
/// As [`text`].
pub fn texts(args: &Args, name: &str) -> Result<Vec<String>, String> {
    let items = argument(args, name)?.as_list().ok_or_else(|| wrong(args, name, "a list"))?;
    let items = items.iter().map(|item| item.as_text().map(str::to_owned));
    items.collect::<Option<_>>().ok_or_else(|| wrong(args, name, "a list of texts"))
}

/// # Errors
/// As [`text`].
pub fn text_map(args: &Args, name: &str) -> Result<IndexMap<String, String>, String> {
    let entries = argument(args, name)?.as_record().ok_or_else(|| wrong(args, name, "a map"))?;
    let entries = entries.iter().map(|(key, value)| value.as_text().map(|text| (key.clone(), text.to_owned())));
    entries.collect::<Option<_>>().ok_or_else(|| wrong(args, name, "a map of texts"))
}

/// # Errors
/// As [`text`].
pub fn duration(args: &Args, name: &str) -> Result<std::time::Duration, String> {
    argument(args, name)?.as_duration().ok_or_else(|| wrong(args, name, "a duration"))
}

/// A finite number.
///
/// # Errors
/// As [`text`].
pub fn number(args: &Args, name: &str) -> Result<f64, String> {
    let number = argument(args, name)?.as_number().map(crate::base::number::Number::to_f64);
    number.filter(|number| number.is_finite()).ok_or_else(|| wrong(args, name, "a number"))
}

/// A finite number that may be left out.
///
/// # Errors
/// When it is there and of another type.
pub fn optional_number(args: &Args, name: &str) -> Result<Option<f64>, String> {
    match args.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => number(args, name).map(Some),
    }
}

/// A whole number from `range`.
///
/// # Errors
/// As [`text`], and when it is another one.
pub fn whole(args: &Args, name: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let found = number(args, name)?;
    let fits = found.fract() == 0.0 && (*range.start() as f64..=*range.end() as f64).contains(&found);
    let (least, most) = (range.start(), range.end());
    if fits { Ok(found as usize) } else { Err(format!("`{name}` is {found}; it lies between {least} and {most}")) }
}

/// # Errors
/// When the argument is absent.
pub fn argument<'a>(args: &'a Args, name: &str) -> Result<&'a Value, String> {
    args.get(name).ok_or_else(|| format!("the argument `{name}` is missing"))
}

fn wrong(args: &Args, name: &str, wanted: &str) -> String {
    let found = args.get(name).map(Value::to_string).unwrap_or_default();
    format!("the argument `{name}` must be {wanted}, found `{found}`")
}

#[cfg(test)]
mod tests {
    use super::{Args, History, in_turn, pass_without_output, settle, text, text_map, texts};
    use crate::contract::effect::{Act, Effect, Outcome, Reaction, Verdict};
    use crate::contract::value::Value;

    fn effect(path: &str) -> Effect {
        Effect::RemoveFile { path: path.to_owned() }
    }

    fn act(path: &str, outcome: Option<Outcome>) -> Act {
        Act { effect: effect(path), outcome }
    }

    fn react(acts: Vec<Act>) -> Reaction {
        let history = History { acts, ..History::default() };
        settle(in_turn(&history, [effect("a"), effect("b")], |_| Ok(pass_without_output())))
    }

    #[test]
    fn effects_are_done_in_order_and_a_failure_ends_the_step() {
        let done = || Some(Outcome::Done(serde_json::Value::Null));
        assert_eq!(react(vec![]), Reaction::Perform(effect("a")));
        assert_eq!(react(vec![act("a", None)]), Reaction::Perform(effect("a")));
        assert_eq!(react(vec![act("a", done())]), Reaction::Perform(effect("b")));
        assert_eq!(react(vec![act("a", done()), act("b", done())]), pass_without_output());
        let failed = vec![act("a", Some(Outcome::failed("the disk is full")))];
        assert_eq!(react(failed), Reaction::Finish(Verdict::Failed("the disk is full".to_owned())));
    }

    #[test]
    fn arguments_of_the_wrong_kind_are_named() {
        let args: Args = [("a".to_owned(), Value::int(1)), ("b".to_owned(), Value::List(vec![Value::int(2)]))].into();
        assert_eq!(text(&args, "c").unwrap_err(), "the argument `c` is missing");
        assert_eq!(text(&args, "a").unwrap_err(), "the argument `a` must be text, found `1`");
        assert_eq!(texts(&args, "b").unwrap_err(), "the argument `b` must be a list of texts, found `[2]`");
        assert_eq!(text_map(&args, "a").unwrap_err(), "the argument `a` must be a map, found `1`");
    }
}

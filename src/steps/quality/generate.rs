//! `quality.generate`

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::fixes::Place;
use crate::contract::effect::{Effect, History, Outcome, Reaction, TextPiece};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::stream::Stream;
use crate::steps::protocol::{Attempt, argument, pass_json, restore_copies, settle, text, whole};

pub const GENERATE: StepImpl =
    StepImpl { name: "quality.generate", react, undo: Some(|_, history| restore_copies(history)) };

/// The journal keeps every document that is written.
const MOST: usize = 1_000;

/// One entry of `faults`.
#[derive(Debug, Clone, Deserialize)]
struct Fault {
    title: String,
    at: String,
    share: f64,
    value: Option<Json>,
}

fn react(args: &Args, history: &History) -> Reaction {
    settle(generate(args, history))
}

fn generate(args: &Args, history: &History) -> Attempt {
    let (count, seed) = (whole(args, "documents", 1..=MOST)?, whole(args, "seed", 0..=(1 << 53))?);
    let (to, like) = (text(args, "to")?, argument(args, "like")?.to_json());
    let faults = faults(args)?;
    let named = |at: usize| format!("{}/document-{:04}.json", to.trim_end_matches('/'), at + 1);
    for act in 0..2 * count {
        match history.outcome(act) {
            None => {
                let (path, at) = (named(act / 2), act / 2);
                return Ok(Reaction::Perform(if act % 2 == 0 {
                    Effect::SaveCopy { path, slot: format!("{}/{at}", history.key) }
                } else {
                    let document = document(&like, &faults, (seed, at)).0;
                    Effect::WriteFile { path, content: vec![TextPiece::Plain(format!("{document:#}\n"))] }
                }));
            }
            Some(Outcome::Failed(failure)) => return Err(failure.message.clone()),
            Some(Outcome::Done(_)) => {}
        }
    }
    let mut made = vec![0_usize; faults.len()];
    for at in 0..count {
        for fault in document(&like, &faults, (seed, at)).1 {
            made[fault] += 1;
        }
    }
    let made: serde_json::Map<String, Json> =
        faults.iter().zip(made).map(|((fault, _), times)| (fault.title.clone(), json!(times))).collect();
    Ok(pass_json(json!({ "documents": count, "folder": to, "faults": made })))
}

fn faults(args: &Args) -> Result<Vec<(Fault, Place)>, String> {
    let faults: Vec<Fault> = serde_json::from_value(argument(args, "faults")?.to_json())
        .map_err(|error| format!("the argument `faults` cannot be read: {error}"))?;
    let placed = faults.into_iter().map(|fault| {
        if !(0.0..=1.0).contains(&fault.share) {
            return Err(format!("the fault \"{}\" has a share of {}, which is none", fault.title, fault.share));
        }
        let place = Place::parse(&fault.at)?;
        Ok((fault, place))
    });
    placed.collect()
}

/// The document of this number, and which faults it has; the same for the same seed.
fn document(like: &Json, faults: &[(Fault, Place)], (seed, at): (usize, usize)) -> (Json, Vec<usize>) {
    let mut stream = Stream::new((seed as u64) ^ (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (mut document, mut made) = (like.clone(), Vec::new());
    for (index, (fault, place)) in faults.iter().enumerate() {
        if stream.next_share() < fault.share {
            place.set(&mut document, fault.value.clone().filter(|value| !value.is_null()));
            made.push(index);
        }
    }
    (document, made)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Args, Effect, GENERATE, History, Reaction};
    use crate::contract::effect::{Act, Outcome, TextPiece, Verdict};
    use crate::contract::value::Value;

    fn made(share: f64) -> (Vec<Json>, Json) {
        let args: Args = [
            ("like", Value::Json(json!({ "id": "a", "slots": ["x"] }))),
            ("to", Value::text("set/")),
            ("documents", Value::int(40)),
            ("seed", Value::int(7)),
            ("faults", Value::Json(json!([{ "title": "no slots", "at": "$.slots", "share": share }]))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let mut history = History { key: "k".to_owned(), ..History::default() };
        let mut documents = Vec::new();
        loop {
            match (GENERATE.react)(&args, &history) {
                Reaction::Perform(effect) => {
                    if let Effect::WriteFile { content, .. } = &effect {
                        let [TextPiece::Plain(text)] = content.as_slice() else { panic!("plain text") };
                        documents.push(serde_json::from_str(text).expect("JSON"));
                    }
                    history.acts.push(Act { effect, outcome: Some(Outcome::Done(Json::Null)) });
                }
                Reaction::Finish(Verdict::Passed(Value::Json(output))) => return (documents, output),
                Reaction::Finish(other) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn documents_have_their_share_of_faults_and_are_the_same_every_time() {
        let (documents, output) = made(0.5);
        assert_eq!(documents.len(), 40);
        let broken = documents.iter().filter(|document| document.get("slots").is_none()).count();
        assert!((10..=30).contains(&broken), "{broken}");
        assert_eq!(output["faults"]["no slots"], json!(broken));
        assert_eq!(made(0.5).0, documents);
        assert!(made(0.0).0.iter().all(|document| document["id"] == "a" && document["slots"][0] == "x"));
        assert!(made(1.0).0.iter().all(|document| document.get("slots").is_none()));
    }
}

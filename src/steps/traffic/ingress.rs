//! `traffic.ingress`: the weight of a canary ingress of ingress-nginx, an annotation that `kubectl` reads and sets.

use crate::base::number::Number;
use crate::contract::answer::{ProcessAnswer, read_answer};
use crate::contract::effect::{Effect, History, Outcome, Program, Reaction, TextPiece, Weight};
use crate::contract::registry::{Args, TargetImpl, text_argument};
use crate::contract::value::{Unit, Value};

pub const INGRESS: TargetImpl = TargetImpl { name: "traffic.ingress", read, set };

const ANNOTATION: &str = "nginx.ingress.kubernetes.io/canary-weight";
/// The same in JSONPath, and whether the ingress is a canary at all.
const BOTH: &str = "jsonpath={.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/canary}\
                    /{.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/canary-weight}";

fn read(args: &Args, history: &History) -> Reaction {
    match history.outcome(0) {
        None => Reaction::perform(kubectl(args, history, &["get", "--output", BOTH])),
        Some(outcome) => Reaction::finish(weight(args, outcome).map(ratio)),
    }
}

/// Sets, then reads back: what the server took is what is in force.
fn set(args: &Args, wanted: Weight, history: &History) -> Reaction {
    let hundred = (wanted.to_f64() * 100.0).round();
    if (wanted.to_f64() * 100.0 - hundred).abs() > 1e-9 {
        let message = format!("ingress-nginx has weights of whole per cents, and {} is none", ratio(wanted));
        return Reaction::finish(Err(message));
    }
    let Some(set) = history.outcome(0) else {
        let annotation = format!("{ANNOTATION}={hundred}");
        return Reaction::perform(kubectl(args, history, &["annotate", "--overwrite", &annotation]));
    };
    if let Err(reason) = said(args, set) {
        return Reaction::finish(Err(reason));
    }
    let Some(read) = history.outcome(1) else {
        return Reaction::perform(kubectl(args, history, &["get", "--output", BOTH]));
    };
    Reaction::finish(weight(args, read).and_then(|found| {
        if (found.to_f64() * 100.0).round() == hundred {
            return Ok(Value::Null);
        }
        Err(format!("{} was set to {}, but then says {}", name(args), ratio(wanted), ratio(found)))
    }))
}

/// `words` are a verb and what stands behind the name.
fn kubectl(args: &Args, history: &History, words: &[&str]) -> Result<Effect, String> {
    let (ingress, namespace) = (text_argument(args, "ingress")?, text_argument(args, "namespace")?);
    let (verb, rest) = words.split_first().ok_or("there is nothing to ask for")?;
    let before = ["kubectl", "--namespace", namespace, verb, "ingress", ingress];
    let argv = before.iter().chain(rest).map(|word| vec![TextPiece::Plain((*word).to_owned())]).collect();
    Ok(Effect::RunProcess { program: Program::Argv(argv), cwd: ".".to_owned(), key: history.key.clone() })
}

fn said(args: &Args, outcome: &Outcome) -> Result<String, String> {
    let answer: ProcessAnswer = read_answer(outcome)?;
    if answer.exit_code == 0 {
        Ok(answer.stdout)
    } else {
        Err(format!("{}: `kubectl` {}", name(args), answer.complaint()))
    }
}

/// `true/25`; a canary without a weight has none of the traffic.
fn weight(args: &Args, outcome: &Outcome) -> Result<Number, String> {
    let text = said(args, outcome)?;
    let (canary, weight) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
    if canary != "true" {
        return Err(format!("{} is no canary: it lacks the annotation `canary: \"true\"`", name(args)));
    }
    let weight = if weight.is_empty() { "0" } else { weight };
    let percent = weight.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent
        .map(|percent| Number::from_f64(percent / 100.0))
        .ok_or_else(|| format!("{} has the weight `{weight}`, which is none from 0 to 100", name(args)))
}

fn ratio(weight: Number) -> Value {
    Value::Quantity(weight, Unit::Ratio)
}

fn name(args: &Args) -> String {
    format!("ingress `{}`", text_argument(args, "ingress").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, Effect, History, INGRESS, Number, Outcome, Program, Reaction, Value, ratio};
    use crate::contract::effect::{Act, Verdict, describe_sealed};

    fn args() -> Args {
        [("ingress", "chat-canary"), ("namespace", "prod")]
            .map(|(name, value)| (name.to_owned(), Value::text(value)))
            .into()
    }

    fn line(reaction: &Reaction) -> String {
        let Reaction::Perform(Effect::RunProcess { program: Program::Argv(words), .. }) = reaction else {
            panic!("it runs kubectl: {reaction:?}")
        };
        words.iter().map(describe_sealed).collect::<Vec<_>>().join(" ")
    }

    fn history(answers: &[&str]) -> History {
        let effect = Effect::RunProcess { program: Program::Argv(Vec::new()), cwd: ".".into(), key: String::new() };
        let act = |text: &&str| Act {
            effect: effect.clone(),
            outcome: Some(Outcome::Done(json!({ "stdout": text, "exit_code": 0 }))),
        };
        History { acts: answers.iter().map(act).collect(), ..History::default() }
    }

    #[test]
    fn the_annotation_is_read_and_set_and_read_back() {
        let get = line(&(INGRESS.read)(&args(), &history(&[])));
        assert!(get.starts_with("kubectl --namespace prod get ingress chat-canary --output jsonpath="), "{get}");
        let quarter = Number::from_f64(0.25);
        assert_eq!((INGRESS.read)(&args(), &history(&["true/25"])), Reaction::finish(Ok(ratio(quarter))));
        let set = line(&(INGRESS.set)(&args(), quarter, &history(&[])));
        assert!(set.ends_with("--overwrite nginx.ingress.kubernetes.io/canary-weight=25"), "{set}");
        assert_eq!((INGRESS.set)(&args(), quarter, &history(&["ok", "true/25"])), Reaction::finish(Ok(Value::Null)));
    }

    #[test]
    fn what_is_no_canary_and_what_did_not_take_the_weight_fails() {
        let failed = |reaction: Reaction| matches!(reaction, Reaction::Finish(Verdict::Failed(_)));
        assert!(failed((INGRESS.read)(&args(), &history(&["/"]))));
        assert!(failed((INGRESS.read)(&args(), &history(&["true/abc"]))));
        assert!(failed((INGRESS.set)(&args(), Number::from_f64(0.25), &history(&["ok", "true/10"]))));
        assert!(failed((INGRESS.set)(&args(), Number::from_f64(0.255), &history(&[]))));
    }
}

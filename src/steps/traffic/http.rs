//! `traffic.http`: a splitter with a weight address; `GET` answers `{"weight": 0.05}`, `PUT` sets it.

use serde_json::json;

use crate::base::number::Number;
use crate::contract::answer::{HttpAnswer, read_answer};
use crate::contract::effect::{Body, Effect, History, Outcome, Reaction, Weight, describe_sealed, seal};
use crate::contract::registry::{Args, TargetImpl};
use crate::contract::value::{Unit, Value};

pub const HTTP: TargetImpl = TargetImpl { name: "traffic.http", read, set };

/// Splitters keep weights as floats.
const TOLERANCE: f64 = 1e-6;

fn read(args: &Args, history: &History) -> Reaction {
    match history.outcome(0) {
        None => Reaction::perform(request(args, "GET", None)),
        Some(outcome) => Reaction::finish(weight(args, outcome).map(|weight| Value::Quantity(weight, Unit::Ratio))),
    }
}

/// Sets, then reads back: an accepted request is no proof of a weight in force.
fn set(args: &Args, wanted: Weight, history: &History) -> Reaction {
    let Some(put) = history.outcome(0) else {
        return Reaction::perform(request(args, "PUT", Some(wanted)));
    };
    if let Err(reason) = accepted(args, put) {
        return Reaction::finish(Err(reason));
    }
    let Some(get) = history.outcome(1) else {
        return Reaction::perform(request(args, "GET", None));
    };
    Reaction::finish(weight(args, get).and_then(|found| {
        if (found.to_f64() - wanted.to_f64()).abs() <= TOLERANCE {
            return Ok(Value::Null);
        }
        let [found, wanted] = [found, wanted].map(|weight| Value::Quantity(weight, Unit::Ratio));
        Err(format!("{} took the weight {wanted}, but then says {found}", address(args)))
    }))
}

fn request(args: &Args, method: &str, weight: Option<Weight>) -> Result<Effect, String> {
    let url = args.get("url").map(seal).ok_or("argument `url` is missing")?;
    let body = weight.map(|weight| Body::Json(json!({ "weight": weight.to_f64() })));
    Ok(Effect::HttpRequest { method: method.to_owned(), url, headers: Vec::new(), body })
}

fn accepted(args: &Args, outcome: &Outcome) -> Result<HttpAnswer, String> {
    let answer: HttpAnswer = read_answer(outcome)?;
    if answer.is_success() { Ok(answer) } else { Err(format!("{} {}", address(args), answer.complaint())) }
}

fn weight(args: &Args, outcome: &Outcome) -> Result<Number, String> {
    let answer = accepted(args, outcome)?;
    let weight = answer.body.get("weight").and_then(serde_json::Value::as_f64);
    weight.filter(|weight| (0.0..=1.0).contains(weight)).map(Number::from_f64).ok_or_else(|| {
        format!(
            "{} should answer {{\"weight\": 0.05}} with a number from 0 to 1, it {}",
            address(args),
            answer.complaint()
        )
    })
}

fn address(args: &Args) -> String {
    format!("`{}`", args.get("url").map(|url| describe_sealed(&seal(url))).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::HTTP;
    use crate::base::number::Number;
    use crate::contract::effect::{Act, Body, Effect, History, Outcome, Reaction, TextPiece};
    use crate::contract::registry::Args;
    use crate::contract::value::{Unit, Value};

    fn args() -> Args {
        Args::from([("url".to_owned(), Value::text("http://splitter/weight"))])
    }

    fn effect(method: &str, body: Option<Body>) -> Effect {
        let url = vec![TextPiece::Plain("http://splitter/weight".into())];
        Effect::HttpRequest { method: method.into(), url, headers: Vec::new(), body }
    }

    fn after(answers: &[Json]) -> History {
        let act = |answer: &Json| Act { effect: effect("GET", None), outcome: Some(Outcome::Done(answer.clone())) };
        History { acts: answers.iter().map(act).collect(), ..History::default() }
    }

    fn quarter() -> Number {
        Number::parse("0.25").unwrap()
    }

    #[test]
    fn reading_asks_once_and_gives_a_ratio() {
        assert_eq!((HTTP.read)(&args(), &after(&[])), Reaction::Perform(effect("GET", None)));
        let answered = after(&[json!({ "status": 200, "body": { "weight": 0.25 } })]);
        assert_eq!((HTTP.read)(&args(), &answered), Reaction::finish(Ok(Value::Quantity(quarter(), Unit::Ratio))));
    }

    #[test]
    fn setting_puts_reads_back_and_is_done_when_they_agree() {
        let put = effect("PUT", Some(Body::Json(json!({ "weight": 0.25 }))));
        assert_eq!((HTTP.set)(&args(), quarter(), &after(&[])), Reaction::Perform(put));
        let accepted = json!({ "status": 204 });
        assert_eq!(
            (HTTP.set)(&args(), quarter(), &after(std::slice::from_ref(&accepted))),
            Reaction::Perform(effect("GET", None))
        );
        let confirmed = after(&[accepted.clone(), json!({ "status": 200, "body": { "weight": 0.25 } })]);
        assert_eq!((HTTP.set)(&args(), quarter(), &confirmed), Reaction::finish(Ok(Value::Null)));
        let other = after(&[accepted, json!({ "status": 200, "body": { "weight": 0.05 } })]);
        let reason = "`http://splitter/weight` took the weight 25%, but then says 5%";
        assert_eq!((HTTP.set)(&args(), quarter(), &other), Reaction::finish(Err(reason.into())));
    }

    #[test]
    fn answers_that_are_no_weight_fail_with_what_was_answered() {
        for (answer, word) in [
            (json!({ "status": 500, "text": "broken" }), "answered 500: broken"),
            (json!({ "status": 200, "body": { "weight": 5 }, "text": "{\"weight\":5}" }), "from 0 to 1"),
            (json!({ "status": 200, "body": null, "text": "<html>" }), "answered 200: <html>"),
            (json!([]), "the answer is no record"),
        ] {
            let Reaction::Finish(verdict) = (HTTP.read)(&args(), &after(&[answer])) else { panic!("not finished") };
            assert!(format!("{verdict:?}").replace('\\', "").contains(word), "{verdict:?}");
        }
    }
}

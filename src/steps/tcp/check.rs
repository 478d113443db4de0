//! `tcp.check`

use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::protocol::{Attempt, duration, in_turn, number, pass_json, settle, text};

pub const CHECK: StepImpl = StepImpl { name: "tcp.check", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(check(args, history))
}

fn check(args: &Args, history: &History) -> Attempt {
    let (host, port, within) = (text(args, "host")?, number(args, "port")?, duration(args, "within")?);
    if port.fract() != 0.0 || !(1.0..=65_535.0).contains(&port) {
        return Err(format!("{port} is no port: it goes from 1 to 65535"));
    }
    if within.is_zero() {
        return Err("`within` is above zero".to_owned());
    }
    let effect = Effect::Connect { host, port: port as u16, within };
    in_turn(history, [effect], |answer| {
        let took = answer.get("took_s").and_then(serde_json::Value::as_f64).ok_or("the answer says no time")?;
        Ok(pass_json(serde_json::json!({ "took": took })))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Args, CHECK, Effect, History, Reaction};
    use crate::contract::effect::{Act, Outcome, Verdict};
    use crate::contract::value::Value;
    use crate::steps::protocol::pass_json;

    fn args(port: i64, within: Duration) -> Args {
        let values = [Value::text("redis"), Value::int(port), Value::duration(within)];
        ["host", "port", "within"].map(str::to_owned).into_iter().zip(values).collect()
    }

    #[test]
    fn a_connection_that_stands_passes_with_its_time() {
        let args = args(6379, Duration::from_secs(5));
        let effect = Effect::Connect { host: "redis".to_owned(), port: 6379, within: Duration::from_secs(5) };
        assert_eq!((CHECK.react)(&args, &History::default()), Reaction::Perform(effect.clone()));
        let after = |outcome| {
            let acts = vec![Act { effect: effect.clone(), outcome: Some(outcome) }];
            (CHECK.react)(&args, &History { acts, ..History::default() })
        };
        assert_eq!(after(Outcome::Done(json!({ "took_s": 0.25 }))), pass_json(json!({ "took": 0.25 })));
        let refused = after(Outcome::failed("nobody listens there"));
        assert_eq!(refused, Reaction::Finish(Verdict::Failed("nobody listens there".to_owned())));
    }

    #[test]
    fn ports_and_times_that_cannot_be_are_refused() {
        for args in [args(0, Duration::from_secs(1)), args(70_000, Duration::from_secs(1)), args(80, Duration::ZERO)] {
            assert!(matches!((CHECK.react)(&args, &History::default()), Reaction::Finish(Verdict::Failed(_))));
        }
    }
}

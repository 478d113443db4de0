//! `traffic.haproxy`: the weights of a backend's servers, through HAProxy's runtime API.
//!
//! Setting is three acts: look (who else is there, is the canary up), set all weights in one line so that no request
//! meets half of a change, look again. HAProxy answers nothing when a change is taken and a text when it is not.

use super::haproxy_shares::{choose_shares, fraction};
use super::haproxy_state::{Server, parse_servers};
use crate::base::number::Number;
use crate::contract::answer::{TextAnswer, read_answer, start_of};
use crate::contract::effect::{Effect, History, Outcome, Reaction, Weight};
use crate::contract::registry::{Args, TargetImpl, text_argument};
use crate::contract::value::{Unit, Value};

pub const HAPROXY: TargetImpl = TargetImpl { name: "traffic.haproxy", read, set };

fn read(args: &Args, history: &History) -> Reaction {
    match history.outcome(0) {
        None => Reaction::perform(look(args)),
        Some(outcome) => Reaction::finish(Backend::parse(args, outcome).map(|backend| {
            let (canary, others) = backend.weights();
            let share = Number::from(i64::from(canary)).divide(Number::from(i64::from(canary) + i64::from(others)));
            Value::Quantity(share.unwrap_or(Number::ZERO), Unit::Ratio)
        })),
    }
}

fn set(args: &Args, weight: Weight, history: &History) -> Reaction {
    let share = weight.to_f64();
    let Some(before) = history.outcome(0) else { return Reaction::perform(look(args)) };
    let Some(answer) = history.outcome(1) else {
        let change = Backend::parse(args, before).and_then(|backend| backend.change(args, share));
        return Reaction::perform(change);
    };
    if let Err(reason) = taken(answer) {
        return Reaction::finish(Err(reason));
    }
    match history.outcome(2) {
        None => Reaction::perform(look(args)),
        Some(after) => Reaction::finish(confirmed(args, share, after)),
    }
}

fn look(args: &Args) -> Result<Effect, String> {
    let line = format!("show servers state {}", name_argument(args, "backend")?);
    Ok(Effect::Socket { address: text_argument(args, "socket")?.to_owned(), line })
}

fn taken(outcome: &Outcome) -> Result<(), String> {
    let answer: TextAnswer = read_answer(outcome)?;
    match start_of(&answer.text) {
        said if said.is_empty() => Ok(()),
        said => Err(format!("haproxy did not take the weights: {said}")),
    }
}

fn confirmed(args: &Args, share: f64, outcome: &Outcome) -> Result<Value, String> {
    let backend = Backend::parse(args, outcome)?;
    let others: Vec<&Server> = backend.others.iter().collect();
    let wanted = choose_shares(share, &others)?.fraction();
    let (canary, others) = backend.weights();
    let found = fraction(canary, others);
    if (found - wanted).abs() > 1e-9 {
        return Err(format!(
            "haproxy took the weights, but `{}` now has {:.2}% instead of {:.2}%: something else changes them too",
            backend.canary.name,
            found * 100.0,
            wanted * 100.0
        ));
    }
    Ok(Value::Null)
}

/// The servers that share the traffic.
struct Backend {
    canary: Server,
    others: Vec<Server>,
}

impl Backend {
    fn parse(args: &Args, outcome: &Outcome) -> Result<Self, String> {
        let (backend, canary) = (name_argument(args, "backend")?, name_argument(args, "canary")?);
        let answer: TextAnswer = read_answer(outcome)?;
        let servers = parse_servers(&answer.text, backend)?;
        let known: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        let stable = stable_names(args)?;
        for wanted in stable.iter().chain([&canary]) {
            if !known.contains(wanted) {
                return Err(format!("backend `{backend}` has no server `{wanted}`, only {}", known.join(", ")));
            }
        }
        let (canaries, others): (Vec<Server>, Vec<Server>) =
            servers.into_iter().partition(|server| server.name == canary);
        let others: Vec<Server> =
            others.into_iter().filter(|other| stable.is_empty() || stable.contains(&other.name.as_str())).collect();
        if others.is_empty() {
            return Err(format!("backend `{backend}` has no server beside `{canary}` to share the traffic with"));
        }
        let canary = canaries.into_iter().next().ok_or("the canary is not listed")?;
        Ok(Self { canary, others })
    }

    fn weights(&self) -> (u32, u32) {
        (self.canary.weight, self.others.iter().fold(0, |sum, server| sum.saturating_add(server.weight)))
    }

    /// The line that sets all weights, those that stay without any last: at no instant is there nobody to serve. A
    /// canary that is down gets no more than it has: its share would be nobody's.
    fn change(&self, args: &Args, share: f64) -> Result<Effect, String> {
        let backend = name_argument(args, "backend")?;
        let (canary, others) = self.weights();
        if !self.canary.up && share > fraction(canary, others) {
            return Err(format!(
                "server `{}` of backend `{backend}` is down, it cannot take traffic",
                self.canary.name
            ));
        }
        let servers: Vec<&Server> = self.others.iter().collect();
        let shares = choose_shares(share, &servers)?;
        let weights = [(&self.canary, shares.canary)].into_iter().chain(self.others.iter().zip(shares.others));
        let (serving, idle): (Vec<_>, Vec<_>) = weights.partition(|(_, weight)| *weight > 0);
        let commands = serving
            .into_iter()
            .chain(idle)
            .map(|(server, weight)| format!("set server {backend}/{} weight {weight}", server.name));
        let line = commands.collect::<Vec<_>>().join("; ");
        Ok(Effect::Socket { address: text_argument(args, "socket")?.to_owned(), line })
    }
}

/// Names separated by commas; none means every server but the canary.
fn stable_names(args: &Args) -> Result<Vec<&str>, String> {
    let names = args.get("stable").and_then(Value::as_text).unwrap_or("").split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(|name| require_name(name, "stable")).collect()
}

fn name_argument<'a>(args: &'a Args, argument: &str) -> Result<&'a str, String> {
    require_name(text_argument(args, argument)?, argument)
}

/// What HAProxy takes as a name. Anything else could end the command and begin another.
fn require_name<'a>(name: &'a str, argument: &str) -> Result<&'a str, String> {
    let valid = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    if name.is_empty() || !name.chars().all(valid) {
        return Err(format!("`{name}` is no name of haproxy's (argument `{argument}`): letters, digits and `-_.:`"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::HAPROXY;
    use crate::base::number::Number;
    use crate::contract::effect::{Act, Effect, History, Outcome, Reaction, Verdict};
    use crate::contract::registry::Args;
    use crate::contract::value::{Unit, Value};

    fn args(canary: &str) -> Args {
        let pairs = [("socket", "/run/h.sock"), ("backend", "search"), ("canary", canary), ("stable", "")];
        pairs.iter().map(|(name, text)| ((*name).to_owned(), Value::text(*text))).collect()
    }

    fn state(v1: u32, v2: u32, up: u8) -> String {
        format!(
            "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n\
             3 search 1 v1 127.0.0.1 2 0 {v1} 100\n3 search 2 v2 127.0.0.1 {up} 0 {v2} 100\n"
        )
    }

    fn after(texts: &[&str]) -> History {
        let effect = Effect::Socket { address: String::new(), line: String::new() };
        let act = |text: &&str| Act { effect: effect.clone(), outcome: Some(Outcome::Done(json!({ "text": text }))) };
        History { acts: texts.iter().map(act).collect(), ..History::default() }
    }

    fn line(line: &str) -> Reaction {
        Reaction::Perform(Effect::Socket { address: "/run/h.sock".into(), line: line.into() })
    }

    fn weight(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    fn reason(reaction: Reaction) -> String {
        match reaction {
            Reaction::Finish(Verdict::Failed(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reading_gives_the_canarys_exact_part_of_all_weights() {
        let args = args("v2");
        assert_eq!((HAPROXY.read)(&args, &after(&[])), line("show servers state search"));
        let read = (HAPROXY.read)(&args, &after(&[&state(19, 1, 2)]));
        assert_eq!(read, Reaction::finish(Ok(Value::Quantity(weight("0.05"), Unit::Ratio))));
        let nobody = (HAPROXY.read)(&args, &after(&[&state(0, 0, 2)]));
        assert_eq!(nobody, Reaction::finish(Ok(Value::Quantity(Number::ZERO, Unit::Ratio))));
    }

    #[test]
    fn setting_looks_sets_all_servers_in_one_line_and_looks_again() {
        let (args, share) = (args("v2"), weight("0.05"));
        assert_eq!((HAPROXY.set)(&args, share, &after(&[])), line("show servers state search"));
        let before = state(100, 0, 2);
        let change = (HAPROXY.set)(&args, share, &after(&[&before]));
        assert_eq!(change, line("set server search/v2 weight 13; set server search/v1 weight 247"));
        assert_eq!((HAPROXY.set)(&args, share, &after(&[&before, "\n"])), line("show servers state search"));
        let done = (HAPROXY.set)(&args, share, &after(&[&before, "\n", &state(19, 1, 2)]));
        assert_eq!(done, Reaction::finish(Ok(Value::Null)));
    }

    #[test]
    fn a_refusal_and_a_change_by_another_hand_are_told() {
        let (args, share, before) = (args("v2"), weight("0.05"), state(100, 0, 2));
        let refused = (HAPROXY.set)(&args, share, &after(&[&before, "Permission denied\n"]));
        assert_eq!(reason(refused), "haproxy did not take the weights: Permission denied");
        let other = (HAPROXY.set)(&args, share, &after(&[&before, "", &state(50, 50, 2)]));
        assert!(reason(other).contains("now has 50.00% instead of 5.00%"));
    }

    #[test]
    fn a_canary_that_is_down_gets_nothing_more_but_may_be_taken_back() {
        let (args, down) = (args("v2"), state(19, 1, 0));
        let more = (HAPROXY.set)(&args, weight("0.25"), &after(&[&down]));
        assert_eq!(reason(more), "server `v2` of backend `search` is down, it cannot take traffic");
        let back = (HAPROXY.set)(&args, Number::ZERO, &after(&[&down]));
        assert_eq!(back, line("set server search/v1 weight 100; set server search/v2 weight 0"));
    }

    #[test]
    fn names_that_are_not_there_or_could_be_commands_are_refused() {
        let unknown = (HAPROXY.read)(&args("v3"), &after(&[&state(1, 1, 2)]));
        assert_eq!(reason(unknown), "backend `search` has no server `v3`, only v1, v2");
        let mut odd = args("v2");
        odd.insert("backend".into(), Value::text("search; shutdown sessions"));
        assert!(reason((HAPROXY.read)(&odd, &after(&[]))).contains("is no name of haproxy's"));
        assert!(reason((HAPROXY.read)(&Args::new(), &after(&[]))).contains("`backend` is missing"));
    }
}

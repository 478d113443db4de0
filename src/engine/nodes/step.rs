//! Steps: arguments, effects, output.

use std::borrow::Cow;

use super::super::decide::Turn;
use super::super::event::{Event, ExecId, FrameId};
use super::super::phases;
use super::super::scene::Scene;
use super::act::{Attempts, proceed};
use super::{FORWARD, begin, pass, stands_still};
use crate::contract::effect::{History, Outcome, Reaction, Verdict};
use crate::contract::registry::{Args, Registry};
use crate::contract::types::{Type, decode};
use crate::contract::value::Value;
use crate::eval::{Unknown, evaluate, truth};
use crate::plan::program::{Call, NodeIndex, NodeKind, Plan, Step};

/// Starts a step, or skips it when its `when` is false.
pub fn start(turn: &mut Turn<'_, '_>, step: &Step, (node, frame, item): (NodeIndex, FrameId, u32)) {
    let scene = Scene { plan: turn.plan(), state: turn.state(), frame: Some(frame), at: turn.now };
    let wanted = step.when.as_ref().map_or(Ok(true), |when| truth(when, &scene));
    let args = arguments(&step.call, &scene);
    match (wanted, args) {
        (Ok(false), _) => {
            let reason = "its `when` is false".to_owned();
            turn.record(Event::NodeSkipped { node, frame, item, reason });
        }
        (Ok(true), Ok(args)) => {
            begin(turn, (node, frame, item), args);
        }
        (Err(Unknown(reason)), _) => {
            fail_at_once(turn, step, (node, frame, item), format!("its `when` is unknown: {reason}"))
        }
        (_, Err(reason)) => fail_at_once(turn, step, (node, frame, item), reason),
    }
}

fn fail_at_once(turn: &mut Turn<'_, '_>, step: &Step, place: (NodeIndex, FrameId, u32), reason: String) {
    let exec = begin(turn, place, Args::new());
    fail(turn, step, exec, reason);
}

/// The arguments of a call, evaluated.
pub fn arguments(call: &Call, scene: &Scene<'_>) -> Result<Args, String> {
    let evaluated = call.args.iter().map(|(name, expr)| match evaluate(expr, scene) {
        Ok(value) => Ok((name.clone(), value)),
        Err(Unknown(reason)) => Err(format!("argument `{name}` of `{}` has no value: {reason}", call.name)),
    });
    evaluated.collect()
}

/// Goes on with a running step.
pub fn look(turn: &mut Turn<'_, '_>, id: ExecId) {
    let plan = turn.plan();
    let exec = turn.state().exec(id);
    let NodeKind::Step(step) = &plan.node(exec.node).kind else { return };
    if !exec.forward.in_flight {
        if exec.forward.cancel.as_ref().is_some_and(|cancel| !cancel.fails) {
            let node = exec.node;
            return turn.record(Event::NodeCancelled { node, exec: id });
        }
        // A pause lets a running step finish, but no attempt begins.
        if exec.forward.acts.is_empty() && stands_still(turn, id) {
            return;
        }
    }
    let args = exec.args.clone();
    let registry = turn.engine.registry;
    let react = |history: &History| react(plan, registry, &step.call.name, &args, history);
    match proceed(turn, (id, FORWARD), attempts(step), &react) {
        None => {}
        Some(Err(reason)) => fail(turn, step, id, reason),
        Some(Ok(value)) => match output(step, &value) {
            Ok(output) => pass(turn, id, output),
            Err(reason) => fail(turn, step, id, reason),
        },
    }
}

#[must_use]
pub fn attempts(step: &Step) -> Attempts {
    Attempts { retry: step.retry, backoff: step.backoff, timeout: step.timeout }
}

/// The next move of a built-in step by name.
pub fn react(plan: &Plan, registry: &Registry, name: &str, args: &Args, history: &History) -> Reaction {
    if name == "notify.send" {
        return send(plan, registry, args, history);
    }
    match registry.step(name) {
        Some(step) => (step.react)(&with_rubric(plan, name, args), history),
        None => Reaction::Finish(Verdict::Failed(format!("there is no step `{name}` in this version"))),
    }
}

/// Rubrics are known to the plan: the step gets the one that its argument names.
fn with_rubric<'a>(plan: &Plan, name: &str, args: &'a Args) -> Cow<'a, Args> {
    let named = if name.starts_with("quality.") { args.get("rubric").and_then(Value::as_text) } else { None };
    let rubric = named.and_then(|named| plan.rubrics.get(named)).and_then(|rubric| serde_json::to_value(rubric).ok());
    match rubric {
        Some(rubric) => {
            let mut args = args.clone();
            args.insert("rubric".to_owned(), Value::Json(rubric));
            Cow::Owned(args)
        }
        None => Cow::Borrowed(args),
    }
}

/// Channels are known to the plan, so the message is made here.
fn send(plan: &Plan, registry: &Registry, args: &Args, history: &History) -> Reaction {
    if let Some(outcome) = history.outcome(0) {
        return Reaction::Finish(delivered(outcome));
    }
    let text = args.get("text").map(crate::eval::plain_text).unwrap_or_default();
    match args.get("channel") {
        Some(Value::Channel(channel)) => match message(plan, registry, channel, &text) {
            Ok(effect) => Reaction::Perform(effect),
            Err(reason) => Reaction::Finish(Verdict::Failed(reason)),
        },
        _ => Reaction::Finish(Verdict::Failed("`notify.send` needs a channel".to_owned())),
    }
}

/// A message to a channel, as an effect.
pub fn message(
    plan: &Plan,
    registry: &Registry,
    channel: &str,
    text: &str,
) -> Result<crate::contract::effect::Effect, String> {
    let target = plan.channels.get(channel).ok_or_else(|| format!("there is no channel `{channel}`"))?;
    let kind =
        registry.channel(&target.name).ok_or_else(|| format!("there is no `{}` in this version", target.name))?;
    Ok((kind.send)(&target.args, text))
}

fn delivered(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Failed(failure) => Verdict::Failed(failure.message.clone()),
        Outcome::Done(answer) => match answer.get("status").and_then(serde_json::Value::as_i64) {
            Some(status) if !(200..300).contains(&status) => {
                Verdict::Failed(format!("the channel answered with status {status}"))
            }
            _ => Verdict::Passed(Value::Null),
        },
    }
}

/// Gives the output its type: a typed step's JSON is read through the encodings its type declares.
fn output(step: &Step, value: &Value) -> Result<Value, String> {
    if step.output == Type::Nothing {
        return Ok(Value::Null);
    }
    let raw = value.to_json();
    if !step.typed {
        return decoded(step, &raw).map_err(|error| format!("its output is not as declared: {error}"));
    }
    let json = match (raw.get("stdout"), raw.get("body")) {
        (Some(serde_json::Value::String(text)), _) => {
            serde_json::from_str(text.trim()).map_err(|error| format!("its output is no JSON: {error}"))?
        }
        (_, Some(body)) => body.clone(),
        _ => raw,
    };
    decoded(step, &json).map_err(|error| format!("its output is no `{}`: {error}", step.output))
}

/// Raw data as the step's output, read through the encodings its type declares.
pub fn decoded(step: &Step, raw: &serde_json::Value) -> Result<Value, String> {
    decode(raw, &step.output).map_err(|error| error.to_string())
}

fn fail(turn: &mut Turn<'_, '_>, step: &Step, id: ExecId, reason: String) {
    if step.continues {
        let node = turn.state().exec(id).node;
        return turn.record(Event::NodeFailed { node, exec: id, reason });
    }
    if phases::is_live(turn, id) {
        super::fail(turn, id, reason, Vec::new());
    }
}

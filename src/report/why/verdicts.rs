//! The verdicts of gates, holds and triggers, with their arithmetic.

use std::time::Duration;

use super::watch::{Place, Watched, watch};
use super::{Part, Subject, Weighed};
use crate::base::counted::counted;
use crate::base::time::{Timestamp, format_duration};
use crate::engine::event::{Event, ExecId, Judgement, Recorded};
use crate::engine::exec::{Detail, Exec, ExecStatus};
use crate::engine::judge::MISSING_LIMIT;
use crate::model::phase::MissingPolicy;
use crate::plan::program::{Condition, NodeKind, Sustain, Trigger};
use crate::report::run::amounts::spent;

/// A trigger that goes on is explained for so many of the times it fired.
const MOST_FIRINGS: usize = 3;

/// A trigger: each time it fired, or how far it was from firing.
#[must_use]
pub fn trigger(subject: Subject<'_>, (block, index): (u32, u32), trigger: &Trigger) -> Vec<Part> {
    let place = Place::Trigger(block, index);
    let seen_up_to = |end: usize| {
        let mut watched = watch(subject.plan, subject.base, &subject.events[subject.first.min(end)..end], &[place]);
        watched.remove(&place).and_then(|mut watched| watched.pop())
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut more = 0usize;
    for (number, recorded) in subject.events.iter().enumerate() {
        if let Event::TriggerFired { trigger: id, action, reason, .. } = &recorded.event
            && *id == trigger.id
        {
            if parts.len() == MOST_FIRINGS {
                more += 1;
                continue;
            }
            let mut words = vec![format!("it asks for: {action}, because {reason}")];
            words.extend(consequence(subject, recorded));
            // What it had seen when it fired, and not what came after.
            parts.push(trigger_part(trigger, ("fired", Some(recorded)), words, seen_up_to(number + 1)));
        }
    }
    if let Some(last) = parts.last_mut().filter(|_| more > 0) {
        last.words.push(format!("it fired {} more", counted(more, "time")));
    }
    if parts.is_empty() {
        let watched = seen_up_to(subject.events.len());
        let never = watched.as_ref().is_none_or(|watched| watched.since.is_none());
        let verdict = if never { "never watched" } else { "did not fire" };
        let words = if never { vec!["the block it stands in never began".to_owned()] } else { Vec::new() };
        parts.push(trigger_part(trigger, (verdict, None), words, watched));
    }
    parts
}

fn trigger_part(
    trigger: &Trigger,
    (verdict, event): (&str, Option<&Recorded>),
    words: Vec<String>,
    watched: Option<Watched>,
) -> Part {
    let fired = event.is_some();
    let conditions = watched.map(|watched| weighed(&trigger.condition, &watched, (true, fired))).into_iter().collect();
    Part {
        id: trigger.id.clone(),
        kind: "trigger",
        at: event.map(|recorded| recorded.at),
        seq: event.map(|recorded| recorded.seq),
        verdict: verdict.to_owned(),
        source: format!("{} when {}", trigger.action.name(), clauses(&trigger.condition)),
        words,
        conditions,
    }
}

fn consequence(subject: Subject<'_>, fired: &Recorded) -> Option<String> {
    let after = subject.events.iter().skip_while(|recorded| recorded.seq <= fired.seq);
    after.take_while(|recorded| recorded.at == fired.at).find_map(|recorded| match &recorded.event {
        Event::StopRequested { .. } => Some("forward work stopped with it".to_owned()),
        Event::PhaseFailed { phase, .. } => Some(format!("phase `{}` failed with it", subject.plan.phase(*phase).id)),
        Event::Paused { .. } => Some("the run paused with it".to_owned()),
        Event::NoticeRequested { channel, .. } => Some(format!("`{channel}` was told")),
        _ => None,
    })
}

/// A gate or a hold.
#[must_use]
pub fn judged(subject: Subject<'_>, exec: &Exec) -> Part {
    let node = subject.plan.node(exec.node);
    let place = Place::Exec(exec.id);
    let watched = watch(subject.plan, subject.base, &subject.events[subject.first..], &[place])
        .remove(&place)
        .unwrap_or_default();
    match (&node.kind, &exec.detail) {
        (NodeKind::Gate(conditions), Detail::Gate(gate)) => {
            gate_part(subject, exec, conditions, (&gate.judgements, &watched))
        }
        (NodeKind::Hold { duration, every, conditions }, Detail::Hold(hold)) => {
            let mut part = part(subject, exec, "hold");
            let every = every.map_or(String::new(), |every| format!(" every {}", format_duration(every)));
            part.source = format!("hold {}{every}", format_duration(*duration));
            let end = exec.ended_at.unwrap_or(subject.state.last_at);
            let held = held(subject, exec, hold.paused, end).min(*duration);
            part.words.push(format!("held for {} of {}", spent(held), format_duration(*duration)));
            if !hold.paused.is_zero() {
                part.words.push(format!("{} of pause do not count", spent(hold.paused)));
            }
            if exec.status == ExecStatus::Running && hold.overdue {
                part.words.push("its time is over; it waits for what it has to know".to_owned());
            }
            let of = |(condition, watched): (&Condition, &Watched)| {
                weighed(condition, watched, (false, matches!(exec.status, ExecStatus::Failed(_))))
            };
            part.conditions = conditions.iter().zip(&watched).map(of).collect();
            part
        }
        _ => part(subject, exec, node.kind.name()),
    }
}

/// What was held up to `end`: a run that is over has no pause any more.
fn held(subject: Subject<'_>, exec: &Exec, paused: Duration, end: Timestamp) -> Duration {
    if exec.ended_at.is_some() {
        return end.since(exec.started_at).saturating_sub(paused);
    }
    subject.state.held(exec, paused, end)
}

fn gate_part(
    subject: Subject<'_>,
    exec: &Exec,
    conditions: &[Condition],
    (judgements, watched): (&[Judgement], &[Watched]),
) -> Part {
    let mut part = part(subject, exec, "gate");
    let looks: Vec<u64> =
        subject.events.iter().filter(|recorded| is_judged(recorded, exec.id)).map(|it| it.seq).collect();
    part.source = format!("gate of {}", counted(conditions.len(), "condition"));
    part.seq = looks.last().copied().or(part.seq);
    match looks.len() {
        0 => part.words.push("it has not been looked at".to_owned()),
        1 => part.words.push("looked at once".to_owned()),
        times => part.words.push(format!("looked at {times} times; this is the last one")),
    }
    if exec.status == ExecStatus::Running && judgements.iter().any(|judgement| judgement.verdict.is_none()) {
        part.verdict = "undecided".to_owned();
        let resume = format!(
            "unknown does not promote: a person resumes, and it looks again (phasegate resume {})",
            subject.state.run_id
        );
        part.words.push(resume);
    }
    for (number, judgement) in judgements.iter().enumerate() {
        let mut words = vec![meaning(judgement).to_owned()];
        words.extend(judgement.reason.iter().filter(|_| judgement.verdict != Some(true)).cloned());
        part.conditions.push(Weighed {
            condition: conditions.get(number).map_or_else(|| judgement.condition.clone(), clauses),
            verdict: judgement.verdict,
            evidence: judgement.evidence.clone(),
            words,
            courses: watched.get(number).map(|watched| watched.courses.clone()).unwrap_or_default(),
        });
    }
    part
}

fn is_judged(recorded: &Recorded, id: ExecId) -> bool {
    matches!(&recorded.event, Event::GateJudged { exec, .. } if *exec == id)
}

fn meaning(judgement: &Judgement) -> &'static str {
    match (judgement.verdict, judgement.warns) {
        (Some(true), _) => "met",
        (Some(false), true) => "not met, which only warns",
        (Some(false), false) => "not met: this fails the gate",
        (None, true) => "unknown, which only warns",
        (None, false) => "unknown: this keeps the gate from passing",
    }
}

/// The frame of a part about an execution: when and how it ended.
#[must_use]
pub fn part(subject: Subject<'_>, exec: &Exec, kind: &'static str) -> Part {
    let node = subject.plan.node(exec.node);
    let verdict = match &exec.status {
        ExecStatus::Running if subject.state.outcome.is_some() => "left running",
        ExecStatus::Running => "running",
        ExecStatus::Passed => "passed",
        ExecStatus::Failed(_) => "failed",
        ExecStatus::Cancelled => "cancelled",
    };
    let several = subject.state.execs.iter().filter(|other| other.node == exec.node).count() > 1;
    let mut words = Vec::new();
    if several {
        words.push(format!("execution {}", exec.n));
    }
    if let ExecStatus::Failed(reason) = &exec.status {
        words.push(format!("failed: {reason}"));
    }
    Part {
        id: node.id.clone(),
        kind,
        at: exec.ended_at.or(Some(exec.started_at)),
        seq: exec.ended_seq.or(Some(exec.started_seq)),
        verdict: verdict.to_owned(),
        source: String::new(),
        words,
        conditions: Vec::new(),
    }
}

/// A condition that was watched. `is_bad`: it speaks against promotion when it is true; `decided`: it may have decided.
fn weighed(condition: &Condition, watched: &Watched, (is_bad, decided): (bool, bool)) -> Weighed {
    let judge = &watched.judge;
    // A judge counts what is bad; a `require` is bad when it is false.
    let bad = judge.last.and_then(|(_, bad)| bad);
    let verdict = bad.map(|bad| bad == is_bad);
    let mut words = vec![looks(watched, is_bad)];
    words.extend(sustained(condition, watched, (is_bad, decided)));
    words.extend(warm_up(condition, watched));
    words.extend(missing(condition, watched));
    Weighed {
        condition: clauses(condition),
        verdict,
        evidence: judge.evidence.clone(),
        words,
        courses: watched.courses.clone(),
    }
}

fn looks(watched: &Watched, is_bad: bool) -> String {
    let [good, bad, unknown] = watched.looks;
    let (good_word, bad_word) = if is_bad { ("false", "true") } else { ("true", "false") };
    let counts = [(bad, bad_word), (good, good_word), (unknown, "unknown")];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{word} at {count}")).collect();
    match good + bad + unknown {
        0 => "never looked at".to_owned(),
        1 => format!("looked at once: {}", counts.join("").split(' ').next().unwrap_or_default()),
        all => format!("looked at {all} times: {}", counts.join(", ")),
    }
}

/// How long it has to be bad, and how long it was.
fn sustained(condition: &Condition, watched: &Watched, (is_bad, decided): (bool, bool)) -> Option<String> {
    let word = if is_bad { "true" } else { "false" };
    let judge = &watched.judge;
    let bad_now = matches!(judge.last, Some((_, Some(true))));
    let (reached, longest, wanted) = match condition.sustain? {
        Sustain::Time(wanted) => (spent(judge.held), spent(watched.longest.0), format_duration(wanted)),
        Sustain::Samples(wanted) => {
            (judge.count.to_string(), watched.longest.1.to_string(), counted(wanted, "evaluation"))
        }
    };
    let decide = if matches!(condition.sustain, Some(Sustain::Samples(1))) { "decides" } else { "decide" };
    Some(match (decided && bad_now, bad_now) {
        (true, _) => format!("{word} for {reached} without a break, {wanted} {decide}"),
        (false, true) => format!("{word} for {reached} so far, {wanted} would decide"),
        (false, false) => format!("{word} for {longest} at the longest, {wanted} would decide"),
    })
}

fn warm_up(condition: &Condition, watched: &Watched) -> Option<String> {
    let since = watched.since?;
    Some(match condition.after? {
        Sustain::Time(after) => format!("not judged before {}", since.plus(after)),
        Sustain::Samples(after) => format!("not judged before sample {after}; {} came", watched.judge.seen),
    })
}

fn missing(condition: &Condition, watched: &Watched) -> Option<String> {
    let unknown = watched.judge.unknown_run;
    if unknown == 0 {
        return None;
    }
    let policy = match condition.missing {
        MissingPolicy::Pause => format!("{MISSING_LIMIT} pause the run"),
        MissingPolicy::Breach => format!("from {MISSING_LIMIT} on it counts as bad"),
        MissingPolicy::Ok => "which is let pass".to_owned(),
    };
    Some(format!("unknown {} in a row; {policy}", counted(unknown, "time")))
}

/// `search.p99 > 400ms for 10m after 5m else "slow"`
#[must_use]
pub fn clauses(condition: &Condition) -> String {
    let mut text = condition.text.clone();
    let mut clause = |word: &str, sustain: Option<Sustain>| {
        text.push_str(&match sustain {
            None => String::new(),
            Some(Sustain::Time(duration)) => format!(" {word} {}", format_duration(duration)),
            Some(Sustain::Samples(samples)) => format!(" {word} {samples} samples"),
        });
    };
    clause("for", condition.sustain);
    clause("after", condition.after);
    match condition.missing {
        MissingPolicy::Pause => {}
        MissingPolicy::Breach => text.push_str(" missing breach"),
        MissingPolicy::Ok => text.push_str(" missing ok"),
    }
    text
}

/// The conditions of a gate or hold that was not reached, as the plan has them.
#[must_use]
pub fn unreached(kind: &NodeKind) -> Vec<Weighed> {
    let conditions = match kind {
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => conditions.as_slice(),
        _ => &[],
    };
    let blank = |condition: &Condition| Weighed {
        condition: clauses(condition),
        verdict: None,
        evidence: String::new(),
        words: vec!["never looked at".to_owned()],
        courses: Vec::new(),
    };
    conditions.iter().map(blank).collect()
}

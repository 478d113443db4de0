//! `simulate --format json`

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::Simulated;
use crate::sim::simulate::record::{Guards, Record};
use crate::sim::simulate::summary::{GuardSummary, Share, Spread, Summary};

/// `{"runs":[…],"summary":{…},…}`, in pieces: a thousand runs are long.
pub fn render(simulated: &Simulated<'_>, say: &mut dyn FnMut(&str)) {
    say("{\"runs\":[");
    for (place, record) in simulated.runs.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        say(&format!("{comma}{}", run(record)));
    }
    say("]");
    let setup = simulated.setup;
    let assumed = setup
        .assumed
        .iter()
        .map(|assumed| json!({ "place": assumed.place, "condition": assumed.condition, "output": assumed.output }));
    let shifts = setup.shifts.iter().map(|shift| {
        json!({
            "metric": format!("{}.{}", shift.group, shift.field),
            "by": shift.by,
            "sigmas": shift.sigmas,
            "at_s": seconds(shift.at),
        })
    });
    let rest = json!({
        "pipeline": setup.plan.pipeline,
        "environment": setup.plan.environment,
        "start": setup.start().to_string(),
        "seed": simulated.seed,
        "shifts": shifts.collect::<Vec<_>>(),
        "without_samples": setup.silent,
        "assumed": assumed.collect::<Vec<_>>(),
        "notes": setup.notes,
        "summary": simulated.summary.map(|summary| summarized(summary, simulated.guards)),
    });
    for (name, value) in rest.as_object().into_iter().flatten() {
        say(&format!(",{}:{value}", Json::from(name.as_str())));
    }
    say("}\n");
}

/// `{"outcome","at_s","because","phases":[…],"traffic":[…],"events":n}`
fn run(record: &Record) -> Json {
    let phases = record.phases.iter().map(|phase| {
        json!({
            "id": phase.id,
            "state": phase.state,
            "started_s": phase.started.map(seconds),
            "ended_s": phase.ended.map(seconds),
        })
    });
    let traffic = record.traffic.iter();
    let traffic = traffic.map(|step| json!({ "at_s": seconds(step.at), "target": step.target, "weight": step.weight }));
    json!({
        "outcome": record.outcome,
        "at_s": seconds(record.at),
        "because": record.because,
        "phases": phases.collect::<Vec<_>>(),
        "traffic": traffic.collect::<Vec<_>>(),
        "events": record.events,
        "met_bad": record.met.map(|met| json!({ "share": met.share, "full_traffic_s": met.seconds })),
    })
}

fn summarized(summary: &Summary, guards: &Guards) -> Json {
    let outcomes = |outcomes: &[(String, Share, Spread)]| {
        let named = outcomes.iter().map(|(name, runs, at)| {
            let mut counted = share(*runs);
            counted["at_s"] = spread(at);
            (name.clone(), counted)
        });
        Json::Object(named.collect::<Map<_, _>>())
    };
    json!({
        "outcomes": outcomes(&summary.outcomes),
        "duration_s": spread(&summary.duration),
        "false_stops": share(summary.false_stops),
        "healthy_outcomes": summary.healthy.as_deref().map(outcomes),
        "seen": summary.seen.map(share),
        "delay_s": summary.delay.as_ref().map(spread),
        "met_bad": summary.met.as_ref().map(|(shares, seconds)| {
            json!({ "share": spread(shares), "full_traffic_s": spread(seconds) })
        }),
        "guards": summary.guards.iter().map(|guard| guarded(guard, guards)).collect::<Vec<_>>(),
    })
}

fn guarded(summary: &GuardSummary, guards: &Guards) -> Json {
    let guard = guards.all.get(summary.place);
    json!({
        "id": guard.map(|guard| guard.id.as_str()),
        "kind": guard.map(|guard| guard.kind.name()),
        "condition": guard.map(|guard| guard.text.as_str()),
        "fired": share(summary.fired),
        "false_alarms": share(summary.falsely),
        "seen": summary.seen.as_ref().map(|(seen, _)| share(*seen)),
        "delay_s": summary.seen.as_ref().and_then(|(_, delay)| delay.as_ref()).map(spread),
    })
}

fn share(share: Share) -> Json {
    json!({ "runs": share.count, "of": share.of, "share": share.value(), "low": share.low, "high": share.high })
}

fn spread(spread: &Spread) -> Json {
    json!({
        "min": whole(spread.least),
        "p10": whole(spread.p10),
        "median": whole(spread.median),
        "p90": whole(spread.p90),
        "max": whole(spread.most),
    })
}

/// Whole amounts as whole numbers.
fn whole(amount: f64) -> Json {
    if amount.fract() == 0.0 && amount.abs() < 9e15 { (amount as i64).into() } else { amount.into() }
}

fn seconds(duration: Duration) -> Json {
    if duration.subsec_nanos() == 0 { duration.as_secs().into() } else { duration.as_secs_f64().into() }
}

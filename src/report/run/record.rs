//! Events as JSON, one object each: what `run --format json` prints.
//!
//! The journal's own form refers to the plan by index; here every reference is an id, every value plain.

use serde_json::{Map, Value as Json, json};

use crate::contract::held::Held;
use crate::contract::registry::Args;
use crate::contract::samples::Samples;
use crate::contract::value::Value;
use crate::engine::event::{Event, Recorded};
use crate::plan::program::{GroupIndex, NodeIndex, PhaseIndex, Plan};

/// `{"seq","at","run","event",…}`
#[must_use]
pub fn to_json(plan: &Plan, run_id: &str, recorded: &Recorded) -> Json {
    let mut line = Map::new();
    line.insert("seq".to_owned(), recorded.seq.into());
    line.insert("at".to_owned(), recorded.at.to_string().into());
    line.insert("run".to_owned(), run_id.into());
    // Events are plain data with names for keys: they always have a JSON form.
    if let Ok(Json::Object(fields)) = serde_json::to_value(&recorded.event) {
        line.extend(fields);
    }
    name_references(plan, &mut line);
    name_values(&recorded.event, &mut line);
    Json::Object(line)
}

fn name_references(plan: &Plan, line: &mut Map<String, Json>) {
    let index = |value: &Json| value.as_u64().and_then(|index| u32::try_from(index).ok());
    if let Some(node) = line.get("node").and_then(index).and_then(|node| plan.nodes.get(NodeIndex(node).0 as usize)) {
        line.insert("node".to_owned(), node.id.as_str().into());
        let phase = plan.phases.get(node.phase.0 as usize).map_or("", |phase| phase.id.as_str());
        line.insert("phase".to_owned(), phase.into());
    }
    if let Some(phase) = line.get("phase").and_then(index).and_then(|it| plan.phases.get(PhaseIndex(it).0 as usize)) {
        line.insert("phase".to_owned(), phase.id.as_str().into());
    }
    if let Some(group) = line.get("group").and_then(index).and_then(|it| plan.groups.get(GroupIndex(it).0 as usize)) {
        line.insert("group".to_owned(), group.name.as_str().into());
    }
}

fn name_values(event: &Event, line: &mut Map<String, Json>) {
    match event {
        Event::NodeStarted { args, .. } | Event::UndoStarted { args, .. } => {
            line.insert("args".to_owned(), plain_args(args));
        }
        Event::NodePassed { output, .. } => {
            line.insert("output".to_owned(), output.to_json());
        }
        Event::Sampled { values, tick, .. } => {
            line.insert("tick".to_owned(), tick.to_string().into());
            line.insert("values".to_owned(), plain_samples(values));
        }
        Event::WeightRead { weight, .. } | Event::WeightSet { weight, .. } | Event::WeightRestored { weight, .. } => {
            line.insert("weight".to_owned(), json!(weight.to_f64()));
        }
        Event::AttemptFailed { retry_at, .. } => {
            line.insert("retry_at".to_owned(), retry_at.to_string().into());
        }
        Event::ApprovalAsked { deadline: Some(deadline), .. } => {
            line.insert("deadline".to_owned(), deadline.to_string().into());
        }
        _ => {}
    }
}

fn plain_args(args: &Args) -> Json {
    Json::Object(args.iter().map(|(name, value)| (name.clone(), Value::to_json(value))).collect())
}

/// `{"p95": 0.12, "rate": {"missing": "why"}}`
fn plain_samples(values: &Samples) -> Json {
    let plain = |sample: &Held| match sample.value() {
        Ok(value) => value.to_json(),
        Err(reason) => json!({ "missing": reason }),
    };
    Json::Object(values.iter().map(|(field, sample)| (field.to_owned(), plain(sample))).collect())
}

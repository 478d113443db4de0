//! Reads a metric group once: all its requests side by side, every field with a value or a reason.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::ports::{Clock, Errand, World};
use crate::contract::answer::{HttpAnswer, ProcessAnswer, read_answer};
use crate::contract::effect::{Effect, Outcome};
use crate::contract::registry::{FieldQuery, Registry};
use crate::contract::samples::{Sample, Samples};
use crate::plan::program::Group;

/// No sample takes longer, however rarely it is taken.
const LONGEST: Duration = Duration::from_secs(10);

/// What one reading of a group came to.
#[derive(Debug, Clone)]
pub struct Reading {
    /// One per field, in the order of the group.
    pub values: Samples,
    /// The source did not answer, or answered that it cannot: field and reason. Data that are not there yet are no fault.
    pub faults: Vec<(String, String)>,
}

/// Reads `group` once. Never takes longer than the group's interval, nor ten seconds.
pub async fn read_group(
    group: &Group,
    registry: &Registry,
    world: &Arc<dyn World>,
    clock: &dyn Clock,
    cancel: &CancellationToken,
) -> Reading {
    let Some(source) = registry.source(&group.source) else {
        return without_source(group);
    };
    let limit = group.every.min(LONGEST).max(Duration::from_millis(1));
    let requests = (source.requests)(&group.args, &group.fields);
    let answers = requests.into_iter().map(|(fields, effect)| {
        let errand = Errand { key: format!("sample/{}", group.name), effect, output: None };
        answer(world, errand, fields, cancel.child_token(), limit)
    });
    let answers = join_all(answers).await;
    let now = clock.now();
    let mut faults = Vec::new();
    let sample = |(index, query): (usize, &FieldQuery)| {
        let outcome = answers.iter().find(|(fields, _)| fields.contains(&index)).map(|(_, outcome)| outcome);
        let sample = match outcome {
            Some(outcome) => (source.read)(&group.args, query, outcome, now),
            None => Err(format!("source `{}` asks nothing for it", group.source)),
        };
        if let (Err(reason), Some(true)) = (&sample, outcome.map(is_fault)) {
            faults.push((query.field.clone(), reason.clone()));
        }
        (query.field.clone(), sample)
    };
    let values = group.fields.iter().enumerate().map(sample).collect();
    Reading { values, faults }
}

async fn answer(
    world: &Arc<dyn World>,
    errand: Errand,
    fields: Vec<usize>,
    cancel: CancellationToken,
    limit: Duration,
) -> (Vec<usize>, Outcome) {
    let asked = asked(&errand.effect);
    // Dropping the guard on a timeout takes a hanging command with it.
    let _guard = cancel.clone().drop_guard();
    let outcome = match tokio::time::timeout(limit, world.perform(errand, cancel)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::failed(format!("{asked} did not answer within {} s", limit.as_secs_f64())),
    };
    (fields, outcome)
}

fn asked(effect: &Effect) -> &'static str {
    match effect {
        Effect::HttpRequest { .. } => "the server",
        Effect::RunProcess { .. } => "the command",
        _ => "the source",
    }
}

/// Whether the source itself could not be had, in contrast to having no data.
fn is_fault(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(_))
        || read_answer::<HttpAnswer>(outcome).is_ok_and(|answer| answer.status >= 400)
        || read_answer::<ProcessAnswer>(outcome).is_ok_and(|answer| answer.exit_code != 0)
}

fn without_source(group: &Group) -> Reading {
    let reason = format!("there is no metric source `{}`", group.source);
    let each = |query: &FieldQuery| (query.field.clone(), reason.clone());
    Reading {
        values: group.fields.iter().map(each).map(|(field, reason)| (field, Sample::Err(reason))).collect(),
        faults: group.fields.iter().map(each).collect(),
    }
}

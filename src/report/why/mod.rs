//! Why a run went as it did: what was seen, what it was compared with, and what followed. Pure.
//!
//! An [`Explanation`] is plain data made from the plan and the journal; [`text`] and [`json`] show it. Invariants: nothing is
//! guessed, every number comes from the engine's own judgement of the recorded samples; whatever a chart shows is said in
//! words as well.

mod cause;
mod chart;
mod course;
pub mod json;
mod nodes;
pub mod text;
mod verdicts;
mod watch;

use jiff::tz::TimeZone;

use crate::base::suggest::Suggestion;
use crate::base::time::Timestamp;
use crate::engine::event::Recorded;
use crate::engine::state::State;
use crate::plan::program::{NodeIndex, Plan, Trigger};
use course::Course;

pub use chart::Canvas;

/// A run whose journal has been read.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub plan: &'a Plan,
    /// The run before the first event behind which all are kept.
    pub base: &'a State,
    /// Every event that is kept, in order.
    pub events: &'a [Recorded],
    /// Where those behind `base` begin among them.
    pub first: usize,
    /// The run behind the last of them.
    pub state: &'a State,
    /// Where the reader is.
    pub zone: &'a TimeZone,
}

/// The answer to `why`.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub run: String,
    /// What was asked about; none: the whole run.
    pub node: Option<String>,
    /// How the run stands, or ended.
    pub headline: String,
    pub parts: Vec<Part>,
    /// What cannot be told any more.
    pub notes: Vec<String>,
}

/// One decision, or one node.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub id: String,
    pub kind: &'static str,
    /// When it was decided, and the number of the event that says so.
    pub at: Option<Timestamp>,
    pub seq: Option<u64>,
    /// `fired`, `passed`, `failed`, `not reached`.
    pub verdict: String,
    /// How the program has it: `rollback when search.p99 > 400ms for 10m`.
    pub source: String,
    pub words: Vec<String>,
    pub conditions: Vec<Weighed>,
}

/// A condition with its arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    pub condition: String,
    /// None: unknown.
    pub verdict: Option<bool>,
    /// The values it saw last.
    pub evidence: String,
    pub words: Vec<String>,
    pub courses: Vec<Course>,
}

/// No node or trigger has the name; those that are near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownNode {
    pub suggestion: Suggestion,
    pub known: Vec<String>,
}

/// Explains a run, or one node or trigger of it.
///
/// # Errors
/// When the plan has nothing of that name.
pub fn explain(subject: Subject<'_>, node: Option<&str>) -> Result<Explanation, UnknownNode> {
    let parts = match node {
        None => cause::parts(subject),
        Some(node) => find(subject, node)?,
    };
    Ok(Explanation {
        run: subject.state.run_id.clone(),
        node: node.map(str::to_owned),
        headline: cause::headline(subject),
        parts,
        notes: notes(subject),
    })
}

/// Samples that were dropped are missing in the looks that are counted and in what is drawn.
fn notes(subject: Subject<'_>) -> Vec<String> {
    if !subject.base.started {
        return Vec::new();
    }
    let from = subject.base.last_at;
    vec![format!("the samples up to {from} were dropped: looks are counted and drawn from then on")]
}

fn find(subject: Subject<'_>, name: &str) -> Result<Vec<Part>, UnknownNode> {
    let plan = subject.plan;
    for (block, index, trigger) in triggers(plan) {
        if trigger.id == name {
            return Ok(verdicts::trigger(subject, (block, index), trigger));
        }
    }
    let nodes = (0u32..).zip(&plan.nodes);
    if let Some((index, _)) = nodes.into_iter().find(|(_, node)| node.id == name) {
        return Ok(nodes::parts(subject, NodeIndex(index)));
    }
    let known: Vec<String> = plan
        .nodes
        .iter()
        .map(|node| node.id.clone())
        .chain(triggers(plan).into_iter().map(|(_, _, trigger)| trigger.id.clone()))
        .collect();
    Err(UnknownNode { suggestion: Suggestion::of(name, known.iter().map(String::as_str)), known })
}

/// Every trigger with the block it stands in and its number there.
fn triggers(plan: &Plan) -> Vec<(u32, u32, &Trigger)> {
    let blocks = (0u32..).zip(&plan.blocks);
    blocks
        .flat_map(|(block, it)| (0u32..).zip(&it.triggers).map(move |(index, trigger)| (block, index, trigger)))
        .collect()
}

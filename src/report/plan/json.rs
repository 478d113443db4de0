//! A plan for programs, as the contract of `plan --format json` has it, and the file that `--out` saves.
//!
//! Beyond the contract's fields: `skipped` of a phase or step that is switched off, `starts` of a phase, `weights` of a
//! ramp, `conditions` of a gate or hold, and `hooks`, whose steps are no part of the DAG.

use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value as Json;

use super::calls::{call_text, expr_text, target_text};
use super::rollback::{Share, each_reach, share_of};
use super::structure::{Structure, triggers_of};
use super::timing::{Span, Timing};
use crate::base::time::format_duration;
use crate::contract::value::{Unit, Value};
use crate::contract::window::Window;
use crate::model::phase::TriggerAction;
use crate::plan::program::{Condition, MetricRef, Node, NodeIndex, NodeKind, PhaseIndex, Plan, Sustain, Trigger};
use crate::syntax::ast::SignatureKind;

/// Text is handed over in pieces of about this size.
const PIECE: usize = 64 * 1024;

/// What a saved plan needs beside the plan to be made again.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Origin<'a> {
    /// The path of the program as it was given.
    pub source: &'a str,
    /// The parameters as they were given.
    pub set: &'a IndexMap<String, String>,
}

/// The dry run as one JSON object, in pieces.
pub fn render(plan: &Plan, write: &mut dyn FnMut(&str)) {
    let mut pieces = Pieces { text: String::new(), write };
    write_report(plan, &mut pieces);
    pieces.add("}\n");
    pieces.flush();
}

/// The same with what differs from an earlier plan, which is JSON already.
pub fn render_against(plan: &Plan, against: &str, write: &mut dyn FnMut(&str)) {
    let mut pieces = Pieces { text: String::new(), write };
    write_report(plan, &mut pieces);
    pieces.add(",\"against\":");
    pieces.add(against);
    pieces.add("}\n");
    pieces.flush();
}

/// The same with the plan itself in it, to be run later.
pub fn render_saved(plan: &Plan, origin: Origin, write: &mut dyn FnMut(&str)) {
    let mut pieces = Pieces { text: String::new(), write };
    write_report(plan, &mut pieces);
    pieces.add(",\"source\":");
    pieces.add_json(&origin.source);
    pieces.add(",\"set\":");
    pieces.add_json(origin.set);
    pieces.add(",\"plan\":");
    pieces.add_json(plan);
    pieces.add("}\n");
    pieces.flush();
}

struct Pieces<'a> {
    text: String,
    write: &'a mut dyn FnMut(&str),
}

impl Pieces<'_> {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        if self.text.len() >= PIECE {
            self.flush();
        }
    }

    fn add_json(&mut self, value: &impl Serialize) {
        // Everything here is text, numbers and lists of them, which always have a JSON form.
        self.add(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
    }

    /// A list of values that are written one by one.
    fn add_list<T>(&mut self, items: impl Iterator<Item = T>, mut add: impl FnMut(&mut Self, T)) {
        self.add("[");
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.add(",");
            }
            add(self, item);
        }
        self.add("]");
    }

    fn flush(&mut self) {
        (self.write)(&self.text);
        self.text.clear();
    }
}

/// Everything but the closing brace.
fn write_report(plan: &Plan, pieces: &mut Pieces) {
    let report = Report { plan, structure: Structure::new(plan), timing: Timing::new(plan) };
    pieces.add("{\"fingerprint\":");
    pieces.add_json(&plan.fingerprint);
    pieces.add(",\"pipeline\":");
    pieces.add_json(&plan.pipeline);
    pieces.add(",\"environment\":");
    pieces.add_json(&plan.environment);
    pieces.add(",\"params\":");
    let params: IndexMap<&str, Json> =
        plan.params.iter().map(|(name, value)| (name.as_str(), value.to_json())).collect();
    pieces.add_json(&params);
    pieces.add(",\"nodes\":");
    let hooks = plan.phases.iter().filter(|phase| phase.hook.is_some()).map(|phase| phase.node.0).min();
    let first_hook = hooks.map_or(plan.nodes.len(), |node| node as usize);
    pieces.add_list(0..first_hook, |pieces, at| pieces.add_json(&report.entry(at)));
    pieces.add(",\"triggers\":");
    pieces.add_list(triggers_of(plan).into_iter(), |pieces, (phase, trigger)| {
        pieces.add_json(&report.trigger(phase, trigger));
    });
    pieces.add(",\"critical_path\":");
    pieces.add_list(report.timing.critical_path.iter(), |pieces, phase| pieces.add_json(&plan.phase(*phase).id));
    pieces.add(",\"rollback\":");
    write_rollback(plan, pieces);
    pieces.add(",\"hooks\":");
    pieces.add_list(first_hook..plan.nodes.len(), |pieces, at| pieces.add_json(&report.entry(at)));
}

/// The lists of a phase repeat those of the phases before it, so their text is made once.
fn write_rollback(plan: &Plan, pieces: &mut Pieces) {
    let shares: Vec<Share> = (0..).map(PhaseIndex).zip(&plan.phases).map(|(index, _)| share_of(plan, index)).collect();
    let text = |nodes: fn(&Share) -> &Vec<NodeIndex>| -> Vec<String> {
        let quoted = |node: &NodeIndex| format!("{},", Json::from(plan.node(*node).id.as_str()));
        shares.iter().map(|share| nodes(share).iter().map(quoted).collect()).collect()
    };
    let (ramps, undoes, keeps) = (text(|share| &share.ramps), text(|share| &share.undoes), text(|share| &share.keeps));
    let has_ramps = ramps.iter().any(|text| !text.is_empty());
    let mut first = true;
    pieces.add("[");
    each_reach(plan, &shares, |index, before| {
        let own = index.0 as usize;
        pieces.add(if first { "{\"from\":" } else { ",{\"from\":" });
        first = false;
        pieces.add_json(&plan.phase(index).id);
        pieces.add(",\"undoes\":[");
        let backwards = || std::iter::once(own).chain(before.iter().rev().map(|phase| *phase as usize));
        let weights = if has_ramps { Some(backwards()) } else { None };
        let undone = weights.into_iter().flatten().map(|phase| &ramps[phase]);
        add_joined(pieces, undone.chain(backwards().map(|phase| &undoes[phase])));
        pieces.add("],\"keeps\":[");
        let forwards = before.iter().map(|phase| *phase as usize).chain(std::iter::once(own));
        add_joined(pieces, forwards.map(|phase| &keeps[phase]));
        pieces.add("]}");
    });
    pieces.add("]");
}

/// Texts that end in commas, without the last comma.
fn add_joined<'t>(pieces: &mut Pieces, texts: impl Iterator<Item = &'t String>) {
    // Flushing now, so that what is added here stays until the last comma is gone.
    pieces.flush();
    let mut last_is_comma = false;
    for text in texts {
        if last_is_comma && pieces.text.len() >= PIECE {
            pieces.text.pop();
            pieces.flush();
            pieces.text.push(',');
        }
        pieces.text.push_str(text);
        last_is_comma |= !text.is_empty();
    }
    if last_is_comma {
        pieces.text.pop();
    }
}

struct Report<'a> {
    plan: &'a Plan,
    structure: Structure,
    timing: Timing,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    kind: &'static str,
    phase: &'a str,
    title: Option<&'a str>,
    after: Vec<&'a str>,
    effect: Option<&'static str>,
    call: Option<String>,
    undo: Option<String>,
    expected: Bounds,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    skipped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<Bounds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<Vec<Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<&'a str>,
}

/// Seconds; no greatest when there is no end.
#[derive(Serialize)]
struct Bounds {
    min_s: Json,
    max_s: Json,
}

impl From<Span> for Bounds {
    fn from(span: Span) -> Self {
        Self { min_s: seconds(span.min), max_s: span.max.map_or(Json::Null, seconds) }
    }
}

fn seconds(duration: Duration) -> Json {
    if duration.subsec_nanos() == 0 { duration.as_secs().into() } else { duration.as_secs_f64().into() }
}

#[derive(Serialize)]
struct TriggerEntry<'a> {
    id: &'a str,
    phase: Option<&'a str>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    when: &'a str,
    r#for: Option<String>,
    after: Option<String>,
    missing: crate::model::phase::MissingPolicy,
    reason: Option<String>,
    reads: Vec<String>,
}

impl<'a> Report<'a> {
    fn entry(&self, at: usize) -> Entry<'a> {
        let plan = self.plan;
        let node: &Node = &plan.nodes[at];
        let index = NodeIndex(u32::try_from(at).unwrap_or(u32::MAX));
        let phase = plan.phase(node.phase);
        let mut entry = Entry {
            id: &node.id,
            kind: node.kind.name(),
            phase: &phase.id,
            title: node.title.as_deref(),
            after: self.structure.after(index).iter().map(|before| plan.node(*before).id.as_str()).collect(),
            effect: None,
            call: None,
            undo: None,
            expected: self.timing.node(index).into(),
            skipped: false,
            when: None,
            starts: None,
            weights: None,
            conditions: None,
            windows: Vec::new(),
        };
        let texts =
            |conditions: &[Condition]| Some(conditions.iter().map(|condition| condition.text.clone()).collect());
        match &node.kind {
            NodeKind::Phase => {
                entry.skipped = phase.skipped;
                entry.when = phase.when.as_ref().map(expr_text);
                entry.windows = phase.windows.iter().map(Window::text).collect();
                entry.starts = phase.hook.is_none().then(|| self.timing.start(node.phase).into());
            }
            NodeKind::Step(step) => {
                entry.effect = Some(step.effect.name());
                entry.call = Some(call_text(&step.call));
                entry.undo = match &step.undo {
                    Some(undo) => Some(call_text(undo)),
                    None => step.can_undo().then(|| "built in".to_owned()),
                };
                entry.skipped = step.is_switched_off();
                entry.when = step.when.as_ref().filter(|_| !entry.skipped).map(expr_text);
            }
            NodeKind::Ramp { target, weights, .. } => {
                entry.effect = Some("changes");
                entry.call = Some(target_text(SignatureKind::Target, target));
                entry.undo = Some("built in".to_owned());
                entry.weights =
                    Some(weights.iter().map(|weight| Value::Quantity(*weight, Unit::Ratio).to_json()).collect());
            }
            NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => entry.conditions = texts(conditions),
            NodeKind::Wait(_) | NodeKind::Approve { .. } => {}
        }
        entry
    }

    fn trigger(&self, phase: Option<PhaseIndex>, trigger: &'a Trigger) -> TriggerEntry<'a> {
        let plan = self.plan;
        let condition = &trigger.condition;
        let read = |read: &MetricRef| format!("{}.{}", plan.group(read.group).name, read.field);
        TriggerEntry {
            id: &trigger.id,
            phase: phase.map(|phase| plan.phase(phase).id.as_str()),
            action: trigger.action.name(),
            channel: if let TriggerAction::Notify(channel) = &trigger.action { Some(channel) } else { None },
            when: &condition.text,
            r#for: condition.sustain.map(sustain_text),
            after: condition.after.map(sustain_text),
            missing: condition.missing,
            reason: condition.reason.as_ref().map(expr_text),
            reads: condition.reads.iter().map(read).collect(),
        }
    }
}

/// `10m`, `3 samples`
pub fn sustain_text(sustain: Sustain) -> String {
    match sustain {
        Sustain::Time(duration) => format_duration(duration),
        Sustain::Samples(count) => format!("{count} samples"),
    }
}

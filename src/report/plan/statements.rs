//! One line for each statement of a plan, as every picture of it shows.

use super::calls::{call_text, expr_text, target_text};
use super::json::sustain_text;
use crate::base::time::format_duration;
use crate::contract::value::{Unit, Value, escape};
use crate::model::phase::{Expiry, MissingPolicy, TriggerAction};
use crate::plan::program::{Condition, Node, NodeKind, Step, Trigger};
use crate::syntax::ast::SignatureKind;

/// `step snapshot = backup.create(source: ["config/"])`, `hold 24h every 1m`
pub fn headline(node: &Node) -> String {
    match &node.kind {
        NodeKind::Phase => format!("phase {}", node.id),
        NodeKind::Step(step) => match &step.name {
            Some(name) => format!("step {name} = {}", call_text(&step.call)),
            None => format!("step {}", call_text(&step.call)),
        },
        NodeKind::Gate(_) => match &node.title {
            Some(title) => format!("gate \"{}\"", escape(title)),
            None => "gate".to_owned(),
        },
        NodeKind::Hold { duration, every: Some(every), .. } => {
            format!("hold {} every {}", format_duration(*duration), format_duration(*every))
        }
        NodeKind::Hold { duration, .. } => format!("hold {}", format_duration(*duration)),
        NodeKind::Ramp { target, weights, .. } => {
            let weights: Vec<String> =
                weights.iter().map(|weight| Value::Quantity(*weight, Unit::Ratio).to_string()).collect();
            format!("ramp {} through {}", target_text(SignatureKind::Target, target), weights.join(", "))
        }
        NodeKind::Wait(duration) => format!("wait {}", format_duration(*duration)),
        NodeKind::Approve { who, by, within, otherwise } => {
            let by = by.as_ref().map_or(String::new(), |by| format!(" by \"{}\"", escape(by)));
            let within = within.map_or(String::new(), |within| format!(" within {}", format_duration(within)));
            let otherwise = match otherwise {
                None => "",
                Some(Expiry::Rollback) => " else rollback",
                Some(Expiry::Abort) => " else abort",
            };
            format!("approve \"{}\"{by}{within}{otherwise}", escape(who))
        }
    }
}

/// The clauses behind a step: `timeout 1h retry 3 when …`.
pub fn clauses(step: &Step) -> String {
    let mut clauses = Vec::new();
    if let Some(timeout) = step.timeout {
        clauses.push(format!("timeout {}", format_duration(timeout)));
    }
    if step.retry > 0 {
        let (first, last) = step.backoff;
        clauses.push(format!("retry {} backoff {}..{}", step.retry, format_duration(first), format_duration(last)));
    }
    if step.is_switched_off() {
        clauses.push("switched off".to_owned());
    } else if let Some(when) = &step.when {
        clauses.push(format!("when {}", expr_text(when)));
    }
    if step.continues {
        clauses.push("on failure continue".to_owned());
    }
    clauses.join(" ")
}

/// `changes, undone by file.copy(…)`
pub fn effect(step: &Step) -> String {
    let effect = step.effect.name();
    match &step.undo {
        Some(undo) if step.changes() => format!("{effect}, undone by {}", call_text(undo)),
        _ if step.can_undo() => format!("{effect}, undo built in"),
        _ if step.changes() => format!("{effect}, cannot be undone"),
        _ => effect.to_owned(),
    }
}

/// `require p99 <= 2s for 10m else "slow"`
pub fn condition(condition: &Condition) -> String {
    let word = if condition.warns { "warn" } else { "require" };
    format!("{word} {}", with_clauses(condition))
}

/// `rollback when p99 > 2s for 10m else "slow"`
pub fn trigger(trigger: &Trigger) -> String {
    let action = match &trigger.action {
        TriggerAction::Notify(channel) => format!("notify {channel}"),
        action => action.name().to_owned(),
    };
    format!("{action} when {}", with_clauses(&trigger.condition))
}

fn with_clauses(condition: &Condition) -> String {
    let mut text = condition.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (word, sustain) in [("for", condition.sustain), ("after", condition.after)] {
        if let Some(sustain) = sustain {
            text.push_str(&format!(" {word} {}", sustain_text(sustain)));
        }
    }
    match condition.missing {
        MissingPolicy::Pause => {}
        MissingPolicy::Breach => text.push_str(" missing breach"),
        MissingPolicy::Ok => text.push_str(" missing ok"),
    }
    if let Some(reason) = &condition.reason {
        text.push_str(&format!(" else {}", expr_text(reason)));
    }
    text
}

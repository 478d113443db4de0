//! How far back something in a plan looks, for each field.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Series;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::plan::probes::probe_read;
use crate::plan::program::{Condition, NodeKind, Plan};

/// How long the samples of a field are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Keep {
    pub window: Duration,
    /// From the start of a block, and from the window before it.
    pub all: bool,
}

impl Keep {
    /// Nothing looks further back than to the latest sample.
    pub fn is_latest_only(self) -> bool {
        self.window.is_zero() && !self.all
    }
}

/// All expressions of a plan that look at samples while the run goes on.
pub fn conditions(plan: &Plan) -> Vec<&Expr> {
    let triggers = plan.blocks.iter().flat_map(|block| &block.triggers).flat_map(|trigger| of(&trigger.condition));
    let nodes = plan.nodes.iter().flat_map(|node| match &node.kind {
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => conditions.iter().flat_map(of).collect(),
        NodeKind::Step(step) => {
            let undo = step.undo.iter().flat_map(|undo| &undo.args);
            step.call.args.iter().chain(undo).map(|(_, arg)| arg).chain(&step.when).collect()
        }
        _ => Vec::new(),
    });
    let whens = plan.phases.iter().filter_map(|phase| phase.when.as_ref());
    let whens = whens.chain(plan.blocks.iter().filter_map(|block| block.when.as_ref()));
    let derived = plan.groups.iter().flat_map(|group| &group.derived).map(|derived| &derived.expr);
    triggers.chain(nodes).chain(whens).chain(derived).collect()
}

fn of(condition: &Condition) -> impl Iterator<Item = &Expr> {
    std::iter::once(&condition.expr).chain(&condition.reason)
}

/// Widens what is kept for each function call in `expr` that looks back.
pub fn widen(expr: &Expr, series: &mut Series) {
    if let ExprKind::Call(function, args) = &*expr.kind {
        let windows = args.iter().filter_map(|(_, arg)| arg.as_literal().and_then(Value::as_duration));
        let window = windows.max().unwrap_or(Duration::ZERO);
        let all = matches!(function.as_str(), "ewma" | "cusum" | "baseline" | "worse" | "failures");
        let probe = probe_read(function, args);
        let metrics = args.iter().filter_map(|(_, arg)| match &*arg.kind {
            ExprKind::Metric { group, field } => Some((group.as_str(), field.as_str())),
            _ => None,
        });
        let probed = probe.iter().map(|(group, field)| (group.as_str(), field.as_str()));
        for (group, field) in metrics.chain(probed) {
            if let Some(keep) = series.keep_of(group, field) {
                keep.window = keep.window.max(window);
                keep.all |= all;
            }
        }
    }
    expr.each_child(&mut |child| widen(child, series));
}

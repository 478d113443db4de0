//! A plan as a Mermaid flowchart: a box for each phase with its statements from top to bottom.

use super::statements::headline;
use super::structure::{Structure, lines_of};
use crate::plan::program::{NodeIndex, NodeKind, Plan};
use crate::report::escape::{mermaid, shorten};

/// Characters of a label.
const WIDTH: usize = 60;

#[must_use]
pub fn render(plan: &Plan) -> String {
    let structure = Structure::new(plan);
    let mut text = String::from("flowchart TD\n");
    for (index, phase) in plan.dag() {
        let title = phase.title.as_ref().map_or(String::new(), |title| format!("<br/>{}", label(title)));
        let name = format!("{}{title}", label(&phase.id));
        let lines = lines_of(plan, index);
        if lines.is_empty() {
            let class = if phase.skipped { ":::skipped" } else { "" };
            text.push_str(&format!("  p{}[\"{name}\"]{class}\n", index.0));
            continue;
        }
        text.push_str(&format!("  subgraph p{}[\"{name}\"]\n    direction TB\n", index.0));
        for line in &lines {
            text.push_str(&format!("    n{}{}\n", line.node.0, shape(plan, line.node)));
        }
        for line in &lines {
            for before in structure.after(line.node) {
                text.push_str(&format!("    n{} --> n{}\n", before.0, line.node.0));
            }
        }
        text.push_str("  end\n");
    }
    for (index, phase) in plan.dag() {
        for before in &phase.after {
            text.push_str(&format!("  p{} --> p{}\n", before.0, index.0));
        }
    }
    text.push_str("  classDef skipped stroke-dasharray: 4 4,opacity: 0.6\n");
    text.push_str("  classDef guard stroke-width: 2px\n");
    text
}

fn label(text: &str) -> String {
    mermaid(&shorten(text, WIDTH))
}

fn shape(plan: &Plan, node: NodeIndex) -> String {
    let node = plan.node(node);
    let text = label(&headline(node));
    match &node.kind {
        NodeKind::Gate(_) => format!("{{{{\"{text}\"}}}}:::guard"),
        NodeKind::Approve { .. } => format!("[/\"{text}\"/]:::guard"),
        NodeKind::Hold { .. } | NodeKind::Wait(_) => format!("([\"{text}\"])"),
        NodeKind::Ramp { .. } => format!("[[\"{text}\"]]"),
        NodeKind::Step(step) if step.is_switched_off() => format!("[\"{text}\"]:::skipped"),
        NodeKind::Step(_) | NodeKind::Phase => format!("[\"{text}\"]"),
    }
}

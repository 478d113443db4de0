//! A plan for Graphviz: a box for each phase, its statements as lines in it.

use super::statements::headline;
use super::structure::lines_of;
use crate::plan::program::{PhaseIndex, Plan};
use crate::report::escape::{dot, shorten};

/// Characters of a line.
const WIDTH: usize = 70;

#[must_use]
pub fn render(plan: &Plan) -> String {
    let mut text = format!("digraph \"{}\" {{\n", dot(&plan.pipeline));
    text.push_str("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];\n");
    for (index, phase) in plan.dag() {
        let style = if phase.skipped { ", style=\"rounded,dashed\"" } else { "" };
        text.push_str(&format!("  p{} [label=\"{}\"{style}];\n", index.0, label(plan, index)));
    }
    for (index, phase) in plan.dag() {
        for before in &phase.after {
            text.push_str(&format!("  p{} -> p{};\n", before.0, index.0));
        }
    }
    text.push_str("}\n");
    text
}

/// Lines that end in `\l` stand at the left.
fn label(plan: &Plan, index: PhaseIndex) -> String {
    let phase = plan.phase(index);
    let line = |text: &str| dot(&shorten(text, WIDTH));
    let mut label = line(&phase.id);
    if let Some(title) = &phase.title {
        label.push_str(&format!("\\n{}", line(title)));
    }
    label.push_str("\\n");
    for each in lines_of(plan, index) {
        label.push_str(&format!("{}{}\\l", "  ".repeat(each.depth), line(&headline(plan.node(each.node)))));
    }
    label
}

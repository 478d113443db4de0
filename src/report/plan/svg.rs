//! A plan as a picture that stands for itself: no scripts, no fonts, nothing fetched, readable on light and dark.
//!
//! `data-node` of a card and of each of its lines is the id of the node, for a page that shows the picture.

use super::layout::{Layout, Point, Size, arrange};
use super::statements::headline;
use super::structure::lines_of;
use super::text_parts::span_text;
use super::timing::Timing;
use crate::model::signature::EffectClass;
use crate::plan::program::{Node, NodeKind, PhaseIndex, Plan};
use crate::report::escape::{shorten, xml};

/// Characters of a line, and how much room one takes.
const WIDTH: usize = 52;
const LETTER: f64 = 7.3;
const LINE: f64 = 18.0;
const PADDING: f64 = 12.0;
const HEAD: f64 = 26.0;

const STYLE: &str = "\
:root{--page:#ffffff;--card:#f6f8fa;--line:#d0d7de;--text:#1f2328;--soft:#59636e;--edge:#818b98;--path:#0969da;\
--change:#9a6700;--danger:#cf222e;--guard:#1a7f37}\
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#151b23;--line:#3d444d;--text:#f0f6fc;--soft:#9198a1;\
--edge:#656c76;--path:#4493f8;--change:#d29922;--danger:#f85149;--guard:#3fb950}}\
.page{fill:var(--page)}.card{fill:var(--card);stroke:var(--line)}.card.path{stroke:var(--path);stroke-width:2}\
.card.skipped{stroke-dasharray:5 4;opacity:.6}\
.edge{fill:none;stroke:var(--edge);stroke-width:1.5}.edge.path{stroke:var(--path);stroke-width:2}\
.tip{fill:var(--edge)}\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--text);white-space:pre}\
.name{font-weight:600;font-size:13px}.soft{fill:var(--soft)}.change{fill:var(--change)}.danger{fill:var(--danger)}\
.guard{fill:var(--guard)}";

/// One line of a card, and the node it is about.
struct Row<'p> {
    node: &'p str,
    text: String,
    class: &'static str,
}

struct Card<'p> {
    phase: &'p str,
    rows: Vec<Row<'p>>,
    size: Size,
    class: &'static str,
}

#[must_use]
pub fn render(plan: &Plan) -> String {
    let timing = Timing::new(plan);
    let cards: Vec<Card<'_>> = plan.dag().map(|(index, _)| card(plan, index, &timing)).collect();
    let sizes: Vec<Size> = cards.iter().map(|card| card.size).collect();
    let edges: Vec<(usize, usize)> = plan
        .dag()
        .flat_map(|(index, phase)| phase.after.iter().map(move |before| (before.0 as usize, index.0 as usize)))
        .collect();
    let layout = arrange(&sizes, &edges);
    let place = plan.environment.as_ref().map_or(String::new(), |environment| format!(" in {environment}"));
    let title = xml(&format!("Plan of {}{place}", plan.pipeline));
    let Size { width, height } = layout.size;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"tip\" d=\"M0 0 8 4 0 8z\"/></marker></defs>\n\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n"
    );
    draw_edges(&edges, &layout, &timing, &mut text);
    for (card, corner) in cards.iter().zip(&layout.places) {
        draw_card(card, *corner, &mut text);
    }
    text.push_str("</svg>\n");
    text
}

fn card<'p>(plan: &'p Plan, index: PhaseIndex, timing: &Timing) -> Card<'p> {
    let phase = plan.phase(index);
    let takes = if phase.skipped { "switched off".to_owned() } else { span_text(timing.node(phase.node)) };
    let id = phase.id.as_str();
    let mut rows = vec![Row { node: id, text: format!("{}  {takes}", shorten(id, WIDTH)), class: "name" }];
    if let Some(title) = &phase.title {
        rows.push(Row { node: id, text: shorten(title, WIDTH), class: "soft" });
    }
    for line in lines_of(plan, index) {
        let node = plan.node(line.node);
        let text = shorten(&format!("{}{}", "  ".repeat(line.depth), headline(node)), WIDTH);
        rows.push(Row { node: &node.id, text, class: class_of(node) });
    }
    let letters = rows.iter().map(|row| row.text.chars().count()).max().unwrap_or(0);
    let size = Size {
        width: letters as f64 * LETTER + 2.0 * PADDING + 8.0,
        height: HEAD + (rows.len() - 1) as f64 * LINE + PADDING,
    };
    let on_path = timing.critical_path.binary_search(&index).is_ok();
    let class = match (phase.skipped, on_path) {
        (true, _) => "card skipped",
        (false, true) => "card path",
        (false, false) => "card",
    };
    Card { phase: id, rows, size, class }
}

fn class_of(node: &Node) -> &'static str {
    match &node.kind {
        NodeKind::Step(step) => match step.effect {
            EffectClass::Reads | EffectClass::Tells => "soft",
            EffectClass::Changes if step.can_undo() => "change",
            EffectClass::Changes | EffectClass::Permanent => "danger",
        },
        NodeKind::Ramp { .. } => "change",
        NodeKind::Gate(_) | NodeKind::Hold { .. } | NodeKind::Approve { .. } => "guard",
        NodeKind::Wait(_) | NodeKind::Phase => "soft",
    }
}

fn draw_card(card: &Card<'_>, corner: Point, text: &mut String) {
    let Point { x, y } = corner;
    let Size { width, height } = card.size;
    text.push_str(&format!(
        "<g transform=\"translate({x:.1} {y:.1})\" data-node=\"{}\"><rect class=\"{}\" width=\"{width:.1}\" \
         height=\"{height:.1}\" rx=\"8\"/>",
        xml(card.phase),
        card.class
    ));
    for (at, row) in card.rows.iter().enumerate() {
        let baseline = HEAD - 7.0 + at as f64 * LINE;
        let (node, content) = (xml(row.node), xml(&row.text));
        text.push_str(&format!(
            "<text class=\"{}\" data-node=\"{node}\" x=\"{PADDING}\" y=\"{baseline:.1}\">{content}</text>",
            row.class
        ));
    }
    text.push_str("</g>\n");
}

fn draw_edges(edges: &[(usize, usize)], layout: &Layout, timing: &Timing, text: &mut String) {
    let path: std::collections::HashSet<(usize, usize)> =
        timing.critical_path.windows(2).map(|pair| (pair[0].0 as usize, pair[1].0 as usize)).collect();
    for (edge, route) in edges.iter().zip(&layout.routes) {
        let class = if path.contains(edge) { "edge path" } else { "edge" };
        text.push_str(&format!("<path class=\"{class}\" marker-end=\"url(#tip)\" d=\"{}\"/>\n", curve(route)));
    }
}

/// Curves between layers, straight lines through them.
fn curve(route: &[Point]) -> String {
    let mut d = String::new();
    for (at, point) in route.iter().enumerate() {
        let Point { x, y } = *point;
        if at == 0 {
            d.push_str(&format!("M{x:.1} {y:.1}"));
        } else if at % 2 == 1 {
            let before = route[at - 1];
            let middle = f64::midpoint(before.x, x);
            d.push_str(&format!("C{middle:.1} {:.1} {middle:.1} {y:.1} {x:.1} {y:.1}", before.y));
        } else {
            d.push_str(&format!("L{x:.1} {y:.1}"));
        }
    }
    d
}

//! The dry run for people.

use std::time::Duration;

use super::calls::target_text;
use super::openings::{Wait, waits};
use super::rollback::{Share, share_of, why_kept};
use super::statements::{clauses, condition, effect, headline, trigger};
use super::structure::{Line, lines_of, triggers_of};
use super::text_parts::{BOLD, CHANGE, DANGER, DIM, GOOD, PATH, Page, pad, span_text};
use super::timing::Timing;
use crate::base::time::{Timestamp, format_duration};
use crate::contract::value::escape;
use crate::model::signature::EffectClass;
use crate::plan::program::{Node, NodeIndex, NodeKind, Phase, PhaseIndex, Plan};
use crate::report::diagnostics::text::Look;
use crate::syntax::ast::SignatureKind;
use anstyle::Style;

const PLAIN: Style = Style::new();
/// Names beyond this many are counted, not listed.
const LISTED: usize = 12;
/// Columns of the time line's bars.
const BAR: usize = 32;
/// Columns for names of phases.
const NAME: usize = 28;

/// The whole plan. `now` is when the run would start, for what it would wait for.
#[must_use]
pub fn render(plan: &Plan, look: Look, now: Timestamp) -> String {
    let timing = Timing::new(plan);
    let mut page = Page { look, text: String::new() };
    draw_head(plan, &mut page);
    draw_phases(plan, &timing, &mut page);
    draw_hooks(plan, &mut page);
    draw_triggers(plan, &mut page);
    draw_time_line(plan, &timing, &mut page);
    draw_waits(plan, &waits(plan, &timing, now), &mut page);
    draw_rollback(plan, &mut page);
    draw_needs(plan, &mut page);
    page.text
}

fn draw_head(plan: &Plan, page: &mut Page) {
    let place = plan.environment.as_ref().map_or(String::new(), |environment| format!(" in {environment}"));
    page.line(&[(BOLD, "Plan of "), (BOLD, &plan.pipeline), (BOLD, &place)]);
    if let Some(doc) = &plan.doc {
        page.line(&[(PLAIN, "  "), (DIM, doc)]);
    }
    let mut facts: Vec<(&str, String)> = vec![("fingerprint", plan.fingerprint.clone())];
    facts.extend(plan.params.iter().map(|(name, value)| (name.as_str(), value.to_string())));
    facts.extend(plan.lock.iter().map(|lock| ("lock", lock.clone())));
    facts.extend(plan.timeout.map(|timeout| ("timeout", format_duration(timeout))));
    let width = column(facts.iter().map(|(name, _)| *name));
    for (name, value) in &facts {
        page.whole_line(&[(DIM, &format!("  {}  ", pad(name, width))), (PLAIN, value)]);
    }
}

fn draw_phases(plan: &Plan, timing: &Timing, page: &mut Page) {
    let mut stage_of: Vec<usize> = Vec::with_capacity(plan.phases.len());
    let mut stages: Vec<Vec<PhaseIndex>> = Vec::new();
    for (index, phase) in plan.dag() {
        let stage = phase.after.iter().map(|before| stage_of[before.0 as usize] + 1).max().unwrap_or(0);
        stage_of.push(stage);
        if stages.len() <= stage {
            stages.push(Vec::new());
        }
        stages[stage].push(index);
    }
    for (stage, phases) in stages.iter().enumerate() {
        let beside = if phases.len() > 1 { format!(", {} phases side by side", phases.len()) } else { String::new() };
        page.heading(&format!("Stage {}{beside}", stage + 1));
        for index in phases {
            draw_phase(plan, *index, timing, page);
        }
    }
}

fn draw_phase(plan: &Plan, index: PhaseIndex, timing: &Timing, page: &mut Page) {
    let phase = plan.phase(index);
    let title = phase.title.as_ref().map_or(String::new(), |title| format!("  \"{}\"", escape(title)));
    let after = names(plan, phase.after.iter().map(|before| plan.phase(*before).node), ", ");
    let after = if after.is_empty() { after } else { format!("  after {after}") };
    let on_path = timing.critical_path.binary_search(&index).is_ok();
    let name = if phase.skipped {
        DIM
    } else if on_path {
        PATH
    } else {
        BOLD
    };
    let takes =
        if phase.skipped { "  switched off".to_owned() } else { format!("  {}", span_text(timing.node(phase.node))) };
    let mark = page.glyph(if phase.skipped { "○" } else { "●" }, if phase.skipped { "o" } else { "*" });
    page.line(&[(name, &format!("  {mark} {}", phase.id)), (PLAIN, &title), (DIM, &after), (DIM, &takes)]);
    if let Some(doc) = &phase.doc {
        page.line(&[(PLAIN, "      "), (DIM, doc)]);
    }
    if let Some(when) = &phase.when {
        page.line(&[(DIM, &format!("      when {}", super::calls::expr_text(when)))]);
    }
    for window in &phase.windows {
        page.line(&[(DIM, &format!("      starts only {}", window.text()))]);
    }
    if let Some(places) = phase.at_once {
        page.line(&[(DIM, &format!("      {places} of `{}` at once", phase.name))]);
    }
    draw_lines(plan, index, page);
}

/// What windows and freezes would hold up if the run started now.
fn draw_waits(plan: &Plan, waits: &[Wait], page: &mut Page) {
    if waits.is_empty() {
        return;
    }
    page.heading("Would wait, if it started now");
    for wait in waits {
        let text = format!("  {} until {} for `{}`", plan.phase(wait.phase).id, wait.until, wait.waits_for);
        let ready = format!(", ready {}", wait.ready);
        page.line(&[(PLAIN, &text), (DIM, &ready)]);
    }
}

fn draw_lines(plan: &Plan, index: PhaseIndex, page: &mut Page) {
    for line in lines_of(plan, index) {
        draw_line(plan.node(line.node), line, page);
    }
}

fn draw_line(node: &Node, line: Line, page: &mut Page) {
    let indent = "  ".repeat(line.depth);
    let guide = if line.parallel { page.glyph("║", "|") } else { page.glyph("│", "|") };
    let start = format!("    {indent}{guide} ");
    let below = format!("{start}  ");
    page.line(&[(DIM, &start), (PLAIN, &headline(node))]);
    match &node.kind {
        NodeKind::Step(step) => {
            let style = match step.effect {
                EffectClass::Reads | EffectClass::Tells => DIM,
                EffectClass::Changes if step.can_undo() => CHANGE,
                EffectClass::Changes | EffectClass::Permanent => DANGER,
            };
            let clauses = clauses(step);
            let gap = if clauses.is_empty() { "" } else { "  " };
            page.line(&[(DIM, &below), (style, &effect(step)), (PLAIN, gap), (DIM, &clauses)]);
        }
        NodeKind::Gate(conditions) | NodeKind::Hold { conditions, .. } => {
            for each in conditions {
                page.line(&[(DIM, &below), (DIM, &condition(each))]);
            }
        }
        NodeKind::Ramp { .. } => page.line(&[(DIM, &below), (CHANGE, "changes, undo built in")]),
        NodeKind::Phase | NodeKind::Wait(_) | NodeKind::Approve { .. } => {}
    }
}

fn draw_hooks(plan: &Plan, page: &mut Page) {
    for (index, phase) in (0..).map(PhaseIndex).zip(&plan.phases) {
        if phase.hook.is_some() {
            page.heading(&capitalised(&phase.id));
            draw_lines(plan, index, page);
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn draw_triggers(plan: &Plan, page: &mut Page) {
    let triggers = triggers_of(plan);
    if triggers.is_empty() {
        return;
    }
    page.heading("Triggers");
    let place = |phase: Option<PhaseIndex>| phase.map_or("whole run", |phase| plan.phase(phase).id.as_str());
    let width = column(triggers.iter().map(|(phase, _)| place(*phase)));
    for (phase, each) in &triggers {
        page.line(&[(DIM, &format!("  {}  ", pad(place(*phase), width))), (PLAIN, &trigger(each))]);
    }
}

fn draw_time_line(plan: &Plan, timing: &Timing, page: &mut Page) {
    let phases: Vec<(PhaseIndex, &Phase)> = plan.dag().filter(|(_, phase)| !phase.skipped).collect();
    if phases.is_empty() {
        return;
    }
    page.heading("Time line");
    page.line(&[(DIM, "  known time is counted: holds, waits, deadlines and timeouts; `open` has no end")]);
    let starts: Vec<String> = phases.iter().map(|(index, _)| span_text(timing.start(*index))).collect();
    let takes: Vec<String> = phases.iter().map(|(_, phase)| span_text(timing.node(phase.node))).collect();
    let name_width = column(phases.iter().map(|(_, phase)| phase.id.as_str())).max(5);
    let start_width = column(starts.iter().map(String::as_str)).max(6);
    let takes_width = column(takes.iter().map(String::as_str)).max(5);
    let head = format!("  {}  {}  {}", pad("phase", name_width), pad("starts", start_width), pad("takes", takes_width));
    page.line(&[(DIM, head.trim_end())]);
    for ((index, phase), (start, takes)) in phases.iter().zip(starts.iter().zip(&takes)) {
        let name = format!("  {}  ", pad(&phase.id, name_width));
        let times = format!("{}  {}  ", pad(start, start_width), pad(takes, takes_width));
        let bar = bar(timing.start(*index).min, timing.node(phase.node).min, timing.total.min, page);
        let style = if timing.critical_path.binary_search(index).is_ok() { PATH } else { PLAIN };
        page.line(&[(style, &name), (PLAIN, &times), (style, &bar)]);
    }
    let path: Vec<NodeIndex> = timing.critical_path.iter().map(|phase| plan.phase(*phase).node).collect();
    let arrow = page.glyph(" → ", " -> ");
    page.line(&[(BOLD, "  critical path  "), (PATH, &names(plan, path.into_iter(), arrow))]);
    page.line(&[(BOLD, "  whole run      "), (PLAIN, &span_text(timing.total))]);
}

/// From the earliest start for as long as it takes at least.
fn bar(start: Duration, takes: Duration, total: Duration, page: &Page) -> String {
    if total.is_zero() {
        return String::new();
    }
    let scale = |time: Duration| (time.as_secs_f64() / total.as_secs_f64() * BAR as f64).round() as usize;
    let (from, to) = (scale(start).min(BAR), scale(start.saturating_add(takes)).min(BAR));
    let full = page.glyph("█", "#").repeat(to.saturating_sub(from));
    let drawn = if full.is_empty() { page.glyph("▏", "|").to_owned() } else { full };
    format!("{}{drawn}", " ".repeat(from.min(BAR - 1)))
}

/// What a rollback adds at each phase; the rest is as from the phases before it.
fn draw_rollback(plan: &Plan, page: &mut Page) {
    let phases: Vec<(PhaseIndex, &Phase)> = plan.dag().filter(|(_, phase)| !phase.skipped).collect();
    let shares: Vec<Share> = phases.iter().map(|(index, _)| share_of(plan, *index)).collect();
    if shares.iter().all(Share::is_empty) {
        return;
    }
    page.heading("Rollback");
    let width = column(phases.iter().map(|(_, phase)| phase.id.as_str()));
    for ((_, phase), share) in phases.iter().zip(&shares) {
        let mut parts = Vec::new();
        if !share.ramps.is_empty() {
            parts.push(format!("weights of {} at once", names(plan, share.ramps.iter().copied(), ", ")));
        }
        if !share.undoes.is_empty() {
            parts.push(format!("undoes {}", names(plan, share.undoes.iter().copied(), ", ")));
        }
        let before = names(plan, phase.after.iter().map(|before| plan.phase(*before).node), ", ");
        match (parts.is_empty(), before.is_empty()) {
            (true, true) => parts.push("nothing to undo".to_owned()),
            (true, false) => parts.push(format!("as from {before}")),
            (false, false) => parts.push(format!("then as from {before}")),
            (false, true) => {}
        }
        page.whole_line(&[(DIM, &format!("  from {}  ", pad(&phase.id, width))), (PLAIN, &parts.join(", "))]);
    }
    let kept: Vec<NodeIndex> = shares.iter().flat_map(|share| share.keeps.iter().copied()).collect();
    if kept.is_empty() {
        page.line(&[(GOOD, "  everything this plan changes can be taken back")]);
        return;
    }
    page.line(&[(DANGER, "  cannot be taken back:")]);
    let width = column(kept.iter().take(LISTED).map(|node| plan.node(*node).id.as_str()));
    for node in kept.iter().take(LISTED) {
        let id = format!("    {}  ", pad(&plan.node(*node).id, width));
        let call = if let NodeKind::Step(step) = &plan.node(*node).kind {
            super::calls::call_text(&step.call)
        } else {
            String::new()
        };
        page.line(&[(DANGER, &id), (DIM, &format!("{}: ", why_kept(plan, *node))), (PLAIN, &call)]);
    }
    if kept.len() > LISTED {
        page.line(&[(DANGER, &format!("    and {} more", kept.len() - LISTED))]);
    }
}

/// What the run will look for before its first change.
fn draw_needs(plan: &Plan, page: &mut Page) {
    let mut needs: Vec<(&str, String)> = Vec::new();
    for group in &plan.groups {
        let fields: Vec<&str> = group.fields.iter().map(|field| field.field.as_str()).collect();
        let source = crate::plan::program::Target { name: group.source.clone(), args: group.args.clone() };
        let every = format_duration(group.every);
        needs.push((
            "metrics",
            format!(
                "{} ({}) every {every} from {}",
                group.name,
                fields.join(", "),
                target_text(SignatureKind::Source, &source)
            ),
        ));
    }
    needs.extend(
        plan.channels
            .iter()
            .map(|(name, target)| ("channel", format!("{name} = {}", target_text(SignatureKind::Channel, target)))),
    );
    needs.extend(plan.secrets.iter().map(|name| ("secret", name.clone())));
    needs.extend(plan.inputs.files.keys().map(|path| ("read file", path.clone())));
    needs.extend(plan.inputs.variables.keys().map(|name| ("variable", name.clone())));
    if needs.is_empty() {
        return;
    }
    page.heading("Uses");
    let width = column(needs.iter().map(|(kind, _)| *kind));
    for (kind, what) in &needs {
        page.whole_line(&[(DIM, &format!("  {}  ", pad(kind, width))), (PLAIN, what)]);
    }
}

/// Ids with `between` between them; of many only the first ones.
fn names(plan: &Plan, nodes: impl Iterator<Item = NodeIndex>, between: &str) -> String {
    let all: Vec<NodeIndex> = nodes.collect();
    let listed: Vec<&str> = all.iter().take(LISTED).map(|node| plan.node(*node).id.as_str()).collect();
    let more = all.len().saturating_sub(LISTED);
    let rest = if more > 0 { format!("{between}{more} more") } else { String::new() };
    format!("{}{rest}", listed.join(between))
}

/// The width of a column of names.
fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0).min(NAME)
}

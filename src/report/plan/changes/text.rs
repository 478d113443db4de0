//! What differs between two plans, for people.

use anstyle::Style;
use similar::{Algorithm, ChangeTag, capture_diff_slices};

use super::super::text_parts::{BOLD, DANGER, DIM, GOOD, Page, pad};
use super::{Against, Change, Changes, Kind, Risk, place, sum_up};
use crate::plan::program::Plan;
use crate::report::diagnostics::text::Look;

const PLAIN: Style = Style::new();
/// Lines of one change that are compared one by one: it takes their square.
const LONGEST: usize = 1_000;

/// The whole comparison.
#[must_use]
pub fn render(changes: &Changes, plan: &Plan, against: Against<'_>, look: Look) -> String {
    let mut page = Page { look, text: String::new() };
    let head = format!("Plan of {}{} against {}", plan.pipeline, place(plan), against.label());
    page.whole_line(&[(BOLD, &head)]);
    for remark in against.remarks {
        page.whole_line(&[(DIM, "  "), (DIM, remark)]);
    }
    if let Some(reason) = against.nothing {
        page.whole_line(&[(PLAIN, "  "), (PLAIN, reason), (PLAIN, ", so all of it is new")]);
    } else if changes.is_empty() {
        page.line(&[(GOOD, "  nothing changes")]);
        return page.text;
    } else {
        page.line(&[(PLAIN, "  "), (PLAIN, &sum_up(changes))]);
        draw_notes("Riskier", DANGER, Risk::Riskier, changes, &mut page);
        draw_notes("Safer", GOOD, Risk::Safer, changes, &mut page);
    }
    draw_changes(changes, &mut page);
    draw_timing(changes, &mut page);
    page.text
}

fn draw_notes(heading: &str, style: Style, risk: Risk, changes: &Changes, page: &mut Page) {
    let mut notes = changes.notes(risk).peekable();
    if notes.peek().is_none() {
        return;
    }
    page.heading(heading);
    let mark = if risk == Risk::Riskier { "  ! " } else { "  + " };
    notes.for_each(|note| page.whole_line(&[(style, mark), (PLAIN, &note.words)]));
}

fn draw_changes(changes: &Changes, page: &mut Page) {
    let mut section: Option<&Option<String>> = None;
    for change in &changes.changes {
        if section != Some(&change.phase) {
            section = Some(&change.phase);
            page.heading(&change.phase.as_ref().map_or("Whole run".to_owned(), |phase| format!("In {phase}")));
        }
        draw_change(change, page);
    }
}

fn draw_change(change: &Change, page: &mut Page) {
    for (mark, line) in side_by_side(&change.before, &change.after) {
        let style = match mark {
            '-' => DANGER,
            '+' => GOOD,
            _ => DIM,
        };
        page.whole_line(&[(style, &format!("  {mark} ")), (style, line)]);
    }
    if change.before == change.after || change.kind == Kind::Changed {
        let words = change.notes.iter().filter(|note| note.risk == Risk::Neither);
        words.for_each(|note| page.whole_line(&[(DIM, "    "), (DIM, &note.words)]));
    }
}

/// Both versions line by line, with `-`, `+` or a blank for what stays.
pub fn side_by_side<'a>(before: &'a [String], after: &'a [String]) -> Vec<(char, &'a str)> {
    if before.len() + after.len() > LONGEST {
        let gone = before.iter().map(|line| ('-', line.as_str()));
        return gone.chain(after.iter().map(|line| ('+', line.as_str()))).collect();
    }
    let operations = capture_diff_slices(Algorithm::Myers, before, after);
    let changes = operations.iter().flat_map(|operation| operation.iter_changes(before, after));
    changes
        .map(|change| {
            let mark = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.old_index().and_then(|at| before.get(at));
            (mark, line.or_else(|| after.get(change.new_index()?)).map_or("", String::as_str))
        })
        .collect()
}

fn draw_timing(changes: &Changes, page: &mut Page) {
    if changes.timing.is_empty() {
        return;
    }
    page.heading("Timing");
    let name = |phase: &Option<String>| phase.clone().unwrap_or_else(|| "whole run".to_owned());
    let width = changes.timing.iter().map(|takes| name(&takes.phase).chars().count()).max().unwrap_or(0);
    let arrow = page.glyph("→", "->");
    for takes in &changes.timing {
        let words = format!("{} {arrow} {}", takes.before, takes.after);
        page.line(&[(DIM, &format!("  {}  ", pad(&name(&takes.phase), width))), (PLAIN, &words)]);
    }
}

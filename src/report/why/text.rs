//! An explanation for people: words, and charts where there is somebody to see them.

use super::chart::{Canvas, draw};
use super::{Explanation, Part, UnknownNode, Weighed};
use crate::report::run::amounts::date_and_time;

/// The whole explanation. Without a canvas (for who listens) there are words only.
#[must_use]
pub fn render(explanation: &Explanation, canvas: Option<Canvas<'_>>, zone: &jiff::tz::TimeZone) -> String {
    let mut lines = vec![printable(&explanation.headline)];
    for part in &explanation.parts {
        lines.push(String::new());
        lines.extend(render_part(part, canvas, zone));
    }
    lines.extend(explanation.notes.iter().map(|note| format!("\nnote: {note}")));
    lines.join("\n") + "\n"
}

fn render_part(part: &Part, canvas: Option<Canvas<'_>>, zone: &jiff::tz::TimeZone) -> Vec<String> {
    let at = part.at.map_or(String::new(), |at| format!(", {}", date_and_time(at, zone)));
    let seq = part.seq.map_or(String::new(), |seq| format!(" (event {seq})"));
    let kind = if part.kind == "run" { String::new() } else { format!("{} ", part.kind) };
    let mut lines = vec![printable(&format!("{kind}{}: {}{at}{seq}", part.id, part.verdict))];
    if !part.source.is_empty() {
        lines.push(format!("  {}", printable(&part.source)));
    }
    lines.extend(part.words.iter().map(|words| format!("  {}", printable(words))));
    for condition in &part.conditions {
        lines.extend(render_condition(condition, canvas));
    }
    lines
}

fn render_condition(weighed: &Weighed, canvas: Option<Canvas<'_>>) -> Vec<String> {
    let verdict = match weighed.verdict {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    };
    let mut lines = vec![format!("  {}: {verdict}", printable(&weighed.condition))];
    if !weighed.evidence.is_empty() {
        lines.push(format!("    {}", printable(&weighed.evidence)));
    }
    lines.extend(weighed.words.iter().map(|words| format!("    {}", printable(words))));
    for course in &weighed.courses {
        lines.push(format!("    {}", printable(&course.in_words())));
        if let Some(canvas) = canvas {
            let narrower = Canvas { width: canvas.width.saturating_sub(6), ..canvas };
            lines.extend(draw(course, narrower).into_iter().map(|line| format!("      {line}")));
        }
    }
    lines
}

/// What is said where a name is unknown.
#[must_use]
pub fn unknown(run: &str, name: &str, unknown: &UnknownNode) -> (String, Option<String>) {
    let message = format!("run `{run}` has no `{}`", printable(name));
    let help = unknown.suggestion.question().or_else(|| {
        let names = unknown.known.iter().take(12).map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let more = if unknown.known.len() > names.len() { ", …" } else { "" };
        (!names.is_empty()).then(|| format!("there are {}{more}", names.join(", ")))
    });
    (message, help)
}

/// Nothing that steers a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

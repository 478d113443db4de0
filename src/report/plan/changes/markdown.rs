//! A plan, and what differs in it, as Markdown: for a comment on a change under review.
//!
//! Invariants: at most as many bytes as were asked for; what the user wrote stands in code only, so that it can neither draw,
//! link nor call anybody.

use super::super::mermaid;
use super::super::text as drawn;
use super::text::side_by_side;
use super::{Against, Change, Changes, Kind, Risk, sum_up};
use crate::base::time::Timestamp;
use crate::plan::program::Plan;
use crate::report::diagnostics::text::Look;
use crate::report::escape::{printable, shorten};

/// Comments on GitHub end at 65,536.
pub const COMMENT: usize = 60_000;
/// Columns of the plan in a comment.
const WIDTH: usize = 120;
/// Notes that are listed above the fold.
const LISTED: usize = 25;
/// Bytes of a sentence above the fold.
const LONGEST_NOTE: usize = 600;

/// What a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub plan: &'a Plan,
    /// What the program is called, as it was given.
    pub source: &'a str,
    /// When the run would start, for what it would wait for.
    pub now: Timestamp,
}

/// A page with what has changed on top, folded as far as it goes into `limit` bytes: what does not fit is left out, the least
/// important first, and said so.
#[must_use]
pub fn render(subject: Subject<'_>, comparison: Option<(&Changes, Against<'_>)>, limit: usize) -> String {
    let mut page = head(subject, comparison);
    if let Some((changes, against)) = comparison {
        page.push_str(&notes(changes, against));
    }
    let mut left_out = Vec::new();
    let mut add = |title: &str, content: String| {
        // Room for saying what is left out.
        if page.len() + content.len() + 400 <= limit {
            page.push_str(&content);
        } else {
            left_out.push(title.to_owned());
        }
    };
    if let Some((changes, _)) = comparison.filter(|(changes, _)| !changes.is_empty()) {
        let title = format!("Changes ({})", changes.changes.len());
        add("the changes", fold(&title, &fence("diff", &diff(changes))));
        if !changes.timing.is_empty() {
            add("the timing", fold("Timing", &timing(changes)));
        }
    }
    let look = Look { colour: false, unicode: true, width: WIDTH, spoken: false };
    let plan = drawn::render(subject.plan, look, subject.now);
    add("the plan", fold("The whole plan", &fence("text", &plan)));
    add("the graph", fold("Graph", &fence("mermaid", &mermaid::render(subject.plan))));
    if !left_out.is_empty() {
        let source = code(subject.source);
        page.push_str(&format!(
            "\nToo long for a comment, and left out: {}. See `phasegate plan` of {source}.\n",
            left_out.join(", ")
        ));
    }
    cut(page, limit)
}

fn head(subject: Subject<'_>, comparison: Option<(&Changes, Against<'_>)>) -> String {
    let plan = subject.plan;
    let place = plan.environment.as_ref().map_or(String::new(), |environment| format!(" in {}", code(environment)));
    let mut page = format!("### Plan of {}{place}\n\n{}", code(&plan.pipeline), code(subject.source));
    if let Some((_, against)) = comparison {
        page.push_str(&format!(" against {}", code(against.name)));
        if let Some(commit) =
            against.commit.and_then(|commit| commit.get(..10)).filter(|commit| !against.name.starts_with(commit))
        {
            page.push_str(&format!(" ({})", code(commit)));
        }
    }
    page.push_str("\n\n");
    page
}

fn notes(changes: &Changes, against: Against<'_>) -> String {
    let mut text = String::new();
    for remark in against.remarks {
        text.push_str(&format!("{}\n\n", sentence(remark)));
    }
    if let Some(reason) = against.nothing {
        text.push_str(&format!("{}, so all of it is new.\n", sentence(reason)));
        return text;
    }
    if changes.is_empty() {
        return text + "Nothing changes.\n";
    }
    text.push_str(&format!("**{}**\n", sum_up(changes)));
    for (heading, risk) in [("Riskier", Risk::Riskier), ("Safer", Risk::Safer)] {
        let all: Vec<_> = changes.notes(risk).collect();
        if all.is_empty() {
            continue;
        }
        text.push_str(&format!("\n**{heading}**\n\n"));
        for note in all.iter().take(LISTED) {
            text.push_str(&format!("- {}\n", sentence(&note.words)));
        }
        if all.len() > LISTED {
            text.push_str(&format!("- and {} more\n", all.len() - LISTED));
        }
    }
    text
}

fn diff(changes: &Changes) -> String {
    let mut text = String::new();
    let mut section: Option<&Option<String>> = None;
    for change in &changes.changes {
        if section != Some(&change.phase) {
            section = Some(&change.phase);
            let place =
                change.phase.as_ref().map_or("whole run".to_owned(), |phase| format!("in {}", printable(phase)));
            text.push_str(&format!("@@ {place} @@\n"));
        }
        add_change(change, &mut text);
    }
    text
}

fn add_change(change: &Change, text: &mut String) {
    for (mark, line) in side_by_side(&change.before, &change.after) {
        text.push_str(&format!("{mark} {}\n", printable(line)));
    }
    if change.kind == Kind::Changed {
        for note in change.notes.iter().filter(|note| note.risk == Risk::Neither) {
            text.push_str(&format!("#   {}\n", printable(&note.words)));
        }
    }
}

fn timing(changes: &Changes) -> String {
    let mut text = "| | was | is |\n|---|---|---|\n".to_owned();
    for takes in &changes.timing {
        let name = takes.phase.as_ref().map_or("whole run".to_owned(), |phase| code(phase));
        text.push_str(&format!("| {name} | {} | {} |\n", takes.before, takes.after));
    }
    text
}

fn fold(title: &str, content: &str) -> String {
    format!("\n<details><summary>{title}</summary>\n\n{content}\n</details>\n")
}

/// A block that nothing in the content ends.
fn fence(language: &str, content: &str) -> String {
    let marks = "`".repeat(longest_run(content).max(2) + 1);
    let end = if content.ends_with('\n') { "" } else { "\n" };
    format!("{marks}{language}\n{content}{end}{marks}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

/// Code in a line of text; bars would end a cell of a table.
fn code(text: &str) -> String {
    let text = printable(text).replace('|', "\\u{7c}");
    let marks = "`".repeat(longest_run(&text) + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{marks}{gap}{text}{gap}{marks}")
}

/// A sentence of ours with the user's text in backticks: that text stays code whatever stands in it, the words between are
/// made harmless.
fn sentence(words: &str) -> String {
    let words = shorten(&printable(words), LONGEST_NOTE);
    let parts: Vec<&str> = words.split('`').collect();
    // An odd number of marks: somebody's text has one of its own, and which is which cannot be told.
    if parts.len().is_multiple_of(2) {
        return code(&words);
    }
    let mut text = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at % 2 {
            1 if part.is_empty() => {}
            1 => text.push_str(&format!("`{part}`")),
            _ => part.chars().for_each(|letter| push_plain(letter, &mut text)),
        }
    }
    text
}

fn push_plain(letter: char, text: &mut String) {
    match letter {
        '<' => text.push_str("&lt;"),
        '>' => text.push_str("&gt;"),
        '&' => text.push_str("&amp;"),
        // Zero-width: `@name` would call somebody, `#1` would link to something.
        '@' | '#' => text.push_str(&format!("{letter}\u{200b}")),
        '\\' | '*' | '_' | '[' | ']' | '!' | '|' | '~' => text.push_str(&format!("\\{letter}")),
        letter => text.push(letter),
    }
}

/// The last resort, when even the head is too long.
fn cut(page: String, limit: usize) -> String {
    if page.len() <= limit {
        return page;
    }
    let end = (0..=limit.saturating_sub(8)).rev().find(|at| page.is_char_boundary(*at)).unwrap_or(0);
    let end = page[..end].rfind('\n').map_or(end, |line| line + 1);
    format!("{}\n…\n", &page[..end])
}

#[cfg(test)]
mod tests {
    use super::{code, cut, fence, sentence};

    #[test]
    fn what_the_user_wrote_stays_code() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a\\u{7c}b`");
        assert_eq!(fence("text", "a\n```\n<b>"), "````text\na\n```\n<b>\n````\n");
    }

    #[test]
    fn words_between_are_harmless() {
        assert_eq!(sentence("gate `a<b>` is @x <img>"), "gate `a<b>` is @\u{200b}x &lt;img&gt;");
        assert_eq!(sentence("a `b"), "``a `b``");
    }

    #[test]
    fn a_page_is_cut_at_a_line() {
        assert_eq!(cut("ab\ncd\n".repeat(10), 30).len(), 21 + 5);
        assert_eq!(cut("ü\n".to_owned(), 10), "ü\n");
    }
}

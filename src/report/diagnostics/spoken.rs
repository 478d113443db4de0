//! Diagnostics as sentences, a line each, for who listens to the screen instead of looking at it.
//!
//! Invariants: nothing is drawn, nothing stands under anything, and no line depends on another one's columns.

use super::window::printable;
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceFile, Sources};
use crate::base::span::Span;

/// Of a line of the file no more is read out.
const LONGEST_LINE: usize = 200;
/// Of what a diagnostic points at no more is read out.
const LONGEST_PIECE: usize = 60;

/// One diagnostic, ending in an empty line.
#[must_use]
pub fn render(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let file = sources.get(diagnostic.at.file);
    let severity = diagnostic.severity().name();
    let code = diagnostic.code;
    let whereabouts = |file: &SourceFile| format!(" in file {}, {}", file.name, place(file, diagnostic.at.span));
    let beginning = file.map_or_else(String::new, whereabouts);
    let mut lines = vec![format!("{severity} {} {}{beginning}: {}", code.id(), code.name(), diagnostic.message)];
    if let Some(file) = file {
        let line = file.slice(file.line_span(file.line_column(diagnostic.at.span.start as usize).line)).trim();
        if !line.is_empty() {
            lines.push(format!("the line is: {}", shortened(line, LONGEST_LINE)));
        }
        if let Some(piece) = piece(file, diagnostic.at.span) {
            let word = if diagnostic.label.is_empty() { String::new() } else { format!(": {}", diagnostic.label) };
            lines.push(format!("it is about `{piece}`{word}"));
        }
    }
    for label in &diagnostic.labels {
        let Some(file) = sources.get(label.at.file) else { continue };
        let elsewhere =
            if label.at.file == diagnostic.at.file { String::new() } else { format!("in file {}, ", file.name) };
        let at = format!("{elsewhere}{}", place(file, label.at.span));
        let piece = piece(file, label.at.span).map(|piece| format!(", `{piece}`")).unwrap_or_default();
        lines.push(format!("see also {at}{piece}: {}", label.message));
    }
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.extend(diagnostic.fix.iter().map(|fix| format!("a fix is known: {}", fix.title)));
    let mut text = printable(&lines.join("\n"));
    text.push_str("\n\n");
    text
}

/// `line 3, column 7`, with the end when it is on another line.
fn place(file: &SourceFile, span: Span) -> String {
    let last = span.start as usize + file.slice(span).trim_end().len();
    let (start, end) = (file.line_column(span.start as usize), file.line_column(last));
    let through = if end.line > start.line { format!(", to line {}", end.line) } else { String::new() };
    format!("line {}, column {}{through}", start.line, start.column)
}

fn piece(file: &SourceFile, span: Span) -> Option<String> {
    let text = file.slice(span).trim();
    (!text.is_empty()).then(|| shortened(text, LONGEST_PIECE))
}

/// On one line, with single spaces.
fn shortened(text: &str, longest: usize) -> String {
    // No more is looked at than may be shown: a file may be one line of megabytes.
    let mut words: String = text.chars().take(longest * 4).collect();
    words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = words.chars().take(longest).collect();
    if shown.len() < words.len() || text.chars().nth(longest * 4).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::base::diagnostic::{Code, Diagnostic};
    use crate::base::source::{SourceFile, Sources};
    use crate::base::span::{FileId, Location, Span};

    fn at(file: u32, start: usize, end: usize) -> Location {
        Location::new(FileId(file), Span::new(start, end))
    }

    #[test]
    fn a_diagnostic_is_a_row_of_sentences() {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "rollout.deploy", "pipeline a {\n  wait 5\n}\n"));
        sources.add(|id| SourceFile::new(id, "slo.deploy", "type A = {}\n"));
        let diagnostic = Diagnostic::new(Code::PG202, at(0, 20, 21), "`wait` takes a duration")
            .label("this is a number")
            .also(at(0, 0, 24), "in this pipeline")
            .also(at(1, 5, 6), "and there")
            .help("write a unit, as in `5m`")
            .fix("write `5m`", Span::new(20, 21), "5m");
        let expected = "\
error PG202 unit-mismatch in file rollout.deploy, line 2, column 8: `wait` takes a duration
the line is: wait 5
it is about `5`: this is a number
see also line 1, column 1, to line 3, `pipeline a { wait 5 }`: in this pipeline
see also in file slo.deploy, line 1, column 6, `A`: and there
help: write a unit, as in `5m`
a fix is known: write `5m`

";
        assert_eq!(render(&sources, &diagnostic), expected);
    }

    #[test]
    fn what_is_long_or_steers_a_terminal_is_cut() {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "a.deploy", "x\u{1b}[2J ".repeat(100_000)));
        let text = render(&sources, &Diagnostic::new(Code::PG001, at(0, 0, 400_000), "unexpected"));
        assert!(text.len() < 2_000 && !text.contains('\u{1b}'), "{text}");
    }
}

//! Diagnostics for programs, as `check --format json` promises: lines and columns from 1, columns in Unicode scalar
//! values, offsets in bytes.

use serde::Serialize;

use super::Summary;
use crate::base::diagnostic::{Diagnostic, Edit, Fix, Label};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::{Location, Span};

/// The whole report as one line of JSON.
#[must_use]
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], summary: Summary) -> String {
    let report =
        Report { diagnostics: diagnostics.iter().map(|diagnostic| Entry::new(sources, diagnostic)).collect(), summary };
    let mut text = serde_json::to_string(&report).expect("plain data of texts and numbers");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Entry<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    name: &'a str,
    severity: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    file: &'a str,
    start: Position,
    end: Position,
    labels: Vec<LabelEntry<'a>>,
    fix: Option<FixEntry<'a>>,
}

#[derive(Serialize)]
struct LabelEntry<'a> {
    message: &'a str,
    file: &'a str,
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct FixEntry<'a> {
    title: &'a str,
    edits: Vec<EditEntry<'a>>,
}

#[derive(Serialize)]
struct EditEntry<'a> {
    start: Position,
    end: Position,
    text: &'a str,
}

#[derive(Serialize, Default)]
struct Position {
    line: usize,
    column: usize,
    offset: usize,
}

impl<'a> Entry<'a> {
    fn new(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Self {
        let (file, start, end) = place(sources, diagnostic.at);
        Self {
            code: diagnostic.code.id(),
            name: diagnostic.code.name(),
            severity: diagnostic.severity().name(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            file,
            start,
            end,
            labels: diagnostic.labels.iter().map(|label| LabelEntry::new(sources, label)).collect(),
            fix: diagnostic.fix.as_ref().map(|fix| FixEntry::new(sources.get(diagnostic.at.file), fix)),
        }
    }
}

impl<'a> LabelEntry<'a> {
    fn new(sources: &'a Sources, label: &'a Label) -> Self {
        let (file, start, end) = place(sources, label.at);
        Self { message: &label.message, file, start, end }
    }
}

impl<'a> FixEntry<'a> {
    fn new(file: Option<&SourceFile>, fix: &'a Fix) -> Self {
        let edit = |edit: &'a Edit| {
            let (start, end) = file.map(|file| ends(file, edit.span)).unwrap_or_default();
            EditEntry { start, end, text: &edit.text }
        };
        Self { title: &fix.title, edits: fix.edits.iter().map(edit).collect() }
    }
}

fn place(sources: &Sources, at: Location) -> (&str, Position, Position) {
    match sources.get(at.file) {
        Some(file) => {
            let (start, end) = ends(file, at.span);
            (&file.name, start, end)
        }
        None => ("", Position::default(), Position::default()),
    }
}

fn ends(file: &SourceFile, span: Span) -> (Position, Position) {
    let position = |offset: u32| {
        let offset = (offset as usize).min(file.text.len());
        let place = file.line_column(offset);
        Position { line: place.line, column: place.column, offset }
    };
    (position(span.start), position(span.end))
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::base::diagnostic::{Code, Diagnostic};
    use crate::base::source::{SourceFile, Sources};
    use crate::base::span::{FileId, Location, Span};
    use crate::report::diagnostics::Summary;

    #[test]
    fn a_report_has_the_promised_fields_in_order() {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "a.deploy", "é\nwait 5min\n"));
        let at = |start, end| Location::new(FileId(0), Span::new(start, end));
        let diagnostic = Diagnostic::new(Code::PG005, at(8, 12), "`min` is no unit")
            .also(at(3, 7), "of this")
            .help("minutes are `m`")
            .fix("write `5m`", Span::new(8, 12), "5m");
        let diagnostics = [diagnostic];
        let text = render(&sources, &diagnostics, Summary::new(&diagnostics, 1));
        let expected = concat!(
            r#"{"diagnostics":[{"code":"PG005","name":"invalid-number-or-unit","severity":"error","#,
            r#""message":"`min` is no unit","help":"minutes are `m`","file":"a.deploy","#,
            r#""start":{"line":2,"column":6,"offset":8},"end":{"line":2,"column":10,"offset":12},"#,
            r#""labels":[{"message":"of this","file":"a.deploy","start":{"line":2,"column":1,"offset":3},"#,
            r#""end":{"line":2,"column":5,"offset":7}}],"fix":{"title":"write `5m`","edits":["#,
            r#"{"start":{"line":2,"column":6,"offset":8},"end":{"line":2,"column":10,"offset":12},"text":"5m"}]}}],"#,
            r#""summary":{"errors":1,"warnings":0,"files":1}}"#,
            "\n"
        );
        assert_eq!(text, expected);
    }
}

//! Diagnostics drawn for people, with the lines they speak about.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, ThemeCharacters, ThemeStyles};

use super::window::{CONTEXT, Mark, Window, printable};
use super::{Summary, spoken};
use crate::base::counted::counted;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::source::{SourceFile, Sources};

/// What the place can show that the text is drawn for.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub colour: bool,
    /// Whether lines may be drawn with more than ASCII.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Sentences instead of drawings, for screen readers.
    pub spoken: bool,
}

/// Narrower than this is not drawn for: lines wrap then.
const NARROWEST: usize = 40;
const WIDEST: usize = 160;
/// Columns that line numbers and the gutter take.
const GUTTER: usize = 10;

/// One diagnostic, ending in an empty line.
#[must_use]
pub fn render(sources: &Sources, diagnostic: &Diagnostic, look: Look) -> String {
    if look.spoken {
        return spoken::render(sources, diagnostic);
    }
    let width = look.width.clamp(NARROWEST, WIDEST);
    let drawing = Drawing::new(sources, diagnostic, width - GUTTER);
    let handler = GraphicalReportHandler::new_themed(theme(look))
        .with_width(width)
        .with_context_lines(CONTEXT)
        .with_links(false)
        .without_syntax_highlighting();
    let mut text = String::new();
    if handler.render_report(&mut text, &drawing).is_err() {
        // A report that cannot be drawn is still said.
        text = format!("{} {}\n", diagnostic.code.id(), printable(&diagnostic.message));
    }
    text.push('\n');
    text
}

/// What a check found, in one line.
#[must_use]
pub fn render_summary(summary: Summary) -> String {
    let Summary { errors, warnings, files } = summary;
    let found = match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (errors, 0) => counted(errors, "error"),
        (0, warnings) => counted(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    format!("{found} in {}\n", counted(files, "file"))
}

fn theme(look: Look) -> GraphicalTheme {
    let mut characters = if look.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    if !look.unicode {
        characters.error = "x".to_owned();
        characters.warning = "!".to_owned();
    }
    GraphicalTheme { characters, styles: if look.colour { ThemeStyles::ansi() } else { ThemeStyles::none() } }
}

/// A diagnostic in the shape that miette draws.
#[derive(Debug)]
struct Drawing {
    code: String,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    window: Option<Window>,
    labels: Vec<LabeledSpan>,
}

impl Drawing {
    fn new(sources: &Sources, diagnostic: &Diagnostic, columns: usize) -> Self {
        let mut drawing = Self {
            code: format!("{} {}", diagnostic.code.id(), diagnostic.code.name()),
            severity: match diagnostic.severity() {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            message: printable(&diagnostic.message),
            help: help(sources, diagnostic),
            window: None,
            labels: Vec::new(),
        };
        if let Some(file) = sources.get(diagnostic.at.file) {
            let mut marks = marks(diagnostic);
            let (window, labels) = Window::new(file, &marks, columns);
            let long: Vec<usize> =
                (0..marks.len()).filter(|index| window.overflows(&labels[*index], columns)).collect();
            drawing.labels = labels;
            if !long.is_empty() {
                for index in &long {
                    drawing.labels[*index] = wordless(&drawing.labels[*index]);
                }
                let words = long.into_iter().map(|index| said_apart(file, &mut marks[index]));
                let words: Vec<String> = words.chain(drawing.help.take()).collect();
                drawing.help = Some(printable(&words.join("\n")));
            }
            drawing.window = Some(window);
        }
        drawing
    }
}

/// The marks in the diagnostic's own file; miette draws one file.
fn marks(diagnostic: &Diagnostic) -> Vec<Mark> {
    let primary = Mark { span: diagnostic.at.span, word: diagnostic.label.clone(), primary: true };
    let near = diagnostic.labels.iter().filter(|label| label.at.file == diagnostic.at.file);
    let others = near.map(|label| Mark { span: label.at.span, word: label.message.clone(), primary: false });
    std::iter::once(primary).chain(others).collect()
}

fn wordless(label: &LabeledSpan) -> LabeledSpan {
    let span = *label.inner();
    if label.primary() {
        LabeledSpan::new_primary_with_span(None, span)
    } else {
        LabeledSpan::new_with_span(None, span)
    }
}

/// The word of a mark that has no room beside it.
fn said_apart(file: &SourceFile, mark: &mut Mark) -> String {
    let place = file.line_column(mark.span.start as usize);
    let word = std::mem::take(&mut mark.word);
    if mark.primary { word } else { format!("{word} at line {}, column {}", place.line, place.column) }
}

/// What to do, what a fix would do, and the places in other files.
fn help(sources: &Sources, diagnostic: &Diagnostic) -> Option<String> {
    let far = diagnostic.labels.iter().filter(|label| label.at.file != diagnostic.at.file).filter_map(|label| {
        let file = sources.get(label.at.file)?;
        let place = file.line_column(label.at.span.start as usize);
        Some(format!("{} at {}:{}:{}", label.message, file.name, place.line, place.column))
    });
    let fix = diagnostic.fix.iter().map(|fix| format!("fix: {}", fix.title));
    let lines: Vec<String> = diagnostic.help.iter().cloned().chain(fix).chain(far).collect();
    if lines.is_empty() { None } else { Some(printable(&lines.join("\n"))) }
}

impl fmt::Display for Drawing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Drawing {}

impl miette::Diagnostic for Drawing {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.window.as_ref().map(|window| window as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, render, render_summary};
    use crate::base::diagnostic::{Code, Diagnostic};
    use crate::base::source::{SourceFile, Sources};
    use crate::base::span::{FileId, Location, Span};
    use crate::report::diagnostics::Summary;
    use proptest::prelude::{any, prop, proptest};

    const PLAIN: Look = Look { colour: false, unicode: true, width: 80, spoken: false };

    fn one_file(text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "rollout.deploy", text));
        sources
    }

    fn at(start: usize, end: usize) -> Location {
        Location::new(FileId(0), Span::new(start, end))
    }

    #[test]
    fn a_diagnostic_is_drawn_on_its_line() {
        let sources = one_file("pipeline a {\n  wait 5\n}\n");
        let diagnostic = Diagnostic::new(Code::PG202, at(20, 21), "`wait` takes a duration")
            .label("this is a number")
            .also(at(0, 8), "in this pipeline")
            .help("write a unit, as in `5m`");
        let expected = "\
PG202 unit-mismatch

  × `wait` takes a duration
   ╭─[rollout.deploy:2:8]
 1 │ pipeline a {
   · ────┬───
   ·     ╰── in this pipeline
 2 │   wait 5
   ·        ┬
   ·        ╰── this is a number
 3 │ }
   ╰────
  help: write a unit, as in `5m`

";
        assert_eq!(render(&sources, &diagnostic, PLAIN), expected);
    }

    #[test]
    fn ascii_is_enough_where_there_is_no_more() {
        let sources = one_file("wait 5\n");
        let text = render(&sources, &Diagnostic::new(Code::PG410, at(0, 4), "why"), Look { unicode: false, ..PLAIN });
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn colours_are_escapes_and_absent_without() {
        let sources = one_file("wait 5\n");
        let diagnostic = Diagnostic::new(Code::PG202, at(0, 4), "why");
        assert!(render(&sources, &diagnostic, Look { colour: true, ..PLAIN }).contains('\u{1b}'));
        assert!(!render(&sources, &diagnostic, PLAIN).contains('\u{1b}'));
    }

    #[test]
    fn a_place_in_another_file_is_named_in_words() {
        let mut sources = one_file("type A = {}\n");
        let other = sources.add(|id| SourceFile::new(id, "slo.deploy", "\n  type A = {}\n"));
        let diagnostic = Diagnostic::new(Code::PG102, at(5, 6), "`A` is declared twice")
            .also(Location::new(other, Span::new(8, 9)), "first declared here");
        let text = render(&sources, &diagnostic, PLAIN);
        assert!(text.contains("first declared here at slo.deploy:2:8"), "{text}");
    }

    #[test]
    fn an_empty_file_can_be_complained_about() {
        let text = render(&one_file(""), &Diagnostic::new(Code::PG001, at(0, 0), "nothing here"), PLAIN);
        assert!(text.contains("rollout.deploy:1:1"), "{text}");
    }

    #[test]
    fn the_summary_counts_in_words() {
        assert_eq!(render_summary(Summary { errors: 2, warnings: 1, files: 1 }), "2 errors and 1 warning in 1 file\n");
        assert_eq!(render_summary(Summary { errors: 0, warnings: 0, files: 3 }), "no problems in 3 files\n");
    }

    proptest! {
        #[test]
        fn any_marks_on_any_text_are_drawn(
            text in "[ a-c\té世\r\n\u{1b}\u{202e}]{0,200}",
            spans in prop::collection::vec((0usize..300, 0usize..300), 1..6),
            width in any::<u8>(),
        ) {
            let mut diagnostic = Diagnostic::new(Code::PG202, at(spans[0].0, spans[0].1), "m").label("w");
            for (start, end) in &spans[1..] {
                diagnostic = diagnostic.also(at(*start, *end), "also");
            }
            let look = Look { width: usize::from(width), ..PLAIN };
            assert!(render(&one_file(&text), &diagnostic, look).contains("rollout.deploy:"));
        }
    }
}

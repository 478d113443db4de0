//! Diagnostics as workflow commands, which GitHub shows on the lines of a change.

use crate::base::diagnostic::Diagnostic;
use crate::base::source::Sources;

/// One annotation, one line.
#[must_use]
pub fn render(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let place = sources.get(diagnostic.at.file).map_or_else(String::new, |file| {
        let start = file.line_column(diagnostic.at.span.start as usize);
        let end = file.line_column(diagnostic.at.span.end as usize);
        let name = escape_property(&file.name);
        let columns = if start.line == end.line {
            format!(",col={},endColumn={}", start.column, end.column)
        } else {
            format!(",col={}", start.column)
        };
        format!("file={name},line={},endLine={}{columns},", start.line, end.line)
    });
    let title = escape_property(&format!("{} {}", diagnostic.code.id(), diagnostic.code.name()));
    let words: Vec<&str> = std::iter::once(diagnostic.message.as_str()).chain(diagnostic.help.as_deref()).collect();
    format!("::{} {place}title={title}::{}\n", diagnostic.severity().name(), escape_data(&words.join("\n")))
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::base::diagnostic::{Code, Diagnostic};
    use crate::base::source::{SourceFile, Sources};
    use crate::base::span::{FileId, Location, Span};

    #[test]
    fn an_annotation_is_one_escaped_line() {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "a,b.deploy", "wait 5\n"));
        let at = Location::new(FileId(0), Span::new(5, 6));
        let diagnostic = Diagnostic::new(Code::PG202, at, "100% wrong").help("write\na unit");
        assert_eq!(
            render(&sources, &diagnostic),
            "::error file=a%2Cb.deploy,line=1,endLine=1,col=6,endColumn=7,title=PG202 unit-mismatch\
             ::100%25 wrong%0Awrite%0Aa unit\n"
        );
    }
}

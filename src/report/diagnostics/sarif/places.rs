//! Spans as SARIF counts them, and paths as URIs.

use super::log::Region;
use crate::base::source::SourceFile;
use crate::base::span::Span;

/// A file with the number of characters before each of its lines.
pub struct Places<'s> {
    file: &'s SourceFile,
    before_line: Vec<usize>,
}

impl<'s> Places<'s> {
    pub fn new(file: &'s SourceFile) -> Self {
        let mut sum = 0;
        let before_line = file.text.split_inclusive('\n').map(|line| {
            let before = sum;
            sum += line.chars().count();
            before
        });
        let mut before_line: Vec<usize> = before_line.collect();
        before_line.push(sum);
        Self { file, before_line }
    }

    pub fn region(&self, span: Span) -> Region {
        let length = self.file.text.len();
        let (start, end) = ((span.start as usize).min(length), (span.end.max(span.start) as usize).min(length));
        let (first, last) = (self.file.line_column(start), self.file.line_column(end));
        let characters = |line: usize, column: usize| self.before_line.get(line - 1).map_or(0, |sum| sum + column - 1);
        let char_offset = characters(first.line, first.column);
        let same_bytes = self.file.first_bad_byte.is_none();
        Region {
            start_line: first.line,
            start_column: first.column,
            end_line: last.line,
            end_column: last.column,
            char_offset,
            char_length: characters(last.line, last.column).saturating_sub(char_offset),
            byte_offset: same_bytes.then_some(start),
            byte_length: same_bytes.then_some(end - start),
        }
    }
}

/// A relative path as a relative reference: `a b/c.deploy` → `a%20b/c.deploy`.
pub fn relative_uri(path: &str) -> String {
    let tidy = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::with_capacity(tidy.len());
    for byte in tidy.bytes() {
        // RFC 3986: a colon in the first segment would make it a scheme, so it is encoded too.
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// An absolute path as a `file` URI, without a slash at its end.
pub fn file_uri(path: &str) -> String {
    let path = relative_uri(path.trim_end_matches('/'));
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    format!("file://{slash}{path}")
}

#[cfg(test)]
mod tests {
    use super::{Places, Region, file_uri, relative_uri};
    use crate::base::source::SourceFile;
    use crate::base::span::{FileId, Span};

    #[test]
    fn regions_count_characters_and_bytes() {
        let file = SourceFile::new(FileId(0), "a.deploy", "é世\nwait 😀 5\n");
        let expected = Region {
            start_line: 2,
            start_column: 8,
            end_line: 2,
            end_column: 9,
            char_offset: 10,
            char_length: 1,
            byte_offset: Some(16),
            byte_length: Some(1),
        };
        let at = file.text.find('5').expect("it is there");
        assert_eq!(Places::new(&file).region(Span::new(at, at + 1)), expected);
    }

    #[test]
    fn a_region_at_the_end_is_inside_the_file() {
        let file = SourceFile::new(FileId(0), "a.deploy", "wait\n");
        let region = Places::new(&file).region(Span::new(90, 95));
        assert_eq!((region.start_line, region.start_column, region.char_offset, region.char_length), (2, 1, 5, 0));
    }

    #[test]
    fn bytes_are_not_named_where_the_file_is_not_utf_8() {
        let file = SourceFile::from_bytes(FileId(0), "a.deploy", b"a\xffb");
        let region = Places::new(&file).region(Span::new(4, 5));
        assert_eq!((region.char_offset, region.byte_offset), (2, None));
    }

    #[test]
    fn paths_are_percent_encoded() {
        let rows = [
            ("a.deploy", "a.deploy"),
            ("./a b/ü.deploy", "a%20b/%C3%BC.deploy"),
            ("../c:d#?.deploy", "../c%3Ad%23%3F.deploy"),
            ("100%.deploy", "100%25.deploy"),
        ];
        for (path, uri) in rows {
            assert_eq!(relative_uri(path), uri);
        }
        assert_eq!(file_uri("/x y/z"), "file:///x%20y/z");
        assert_eq!(file_uri("/"), "file://");
    }
}

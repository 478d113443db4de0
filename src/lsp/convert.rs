//! Between places in the protocol (lines and units of a negotiated encoding) and places in text (bytes).

use std::cell::Cell;
use std::path::{Path, PathBuf};

use gen_lsp_types::{Position, Range, Uri};
use url::Url;

use crate::base::source::SourceFile;
use crate::base::span::Span;

/// How columns are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

impl Encoding {
    /// What the client offers: bytes if it can, else what every client can.
    pub fn choose(offered: &[String]) -> Self {
        let offers = |name: &str| offered.iter().any(|offer| offer == name);
        if offers("utf-8") {
            Self::Utf8
        } else if offers("utf-32") && !offers("utf-16") {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Utf32 => "utf-32",
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::Utf32 => 1,
        }
    }

    /// How long a text is.
    pub fn length(self, text: &str) -> u32 {
        let units = if self == Self::Utf8 { text.len() } else { text.chars().map(|one| self.width(one)).sum() };
        u32::try_from(units).unwrap_or(u32::MAX)
    }
}

pub fn range(source: &SourceFile, span: Span, encoding: Encoding) -> Range {
    Ruler::new(source, encoding).range(span)
}

/// Places of one file as positions. Those that follow each other on a line are counted on from the one before, so that all of
/// a line of megabytes cost no more than the line.
pub struct Ruler<'s> {
    source: &'s SourceFile,
    encoding: Encoding,
    /// The last place, with where its line begins and its units in it.
    last: Cell<(usize, usize, u32)>,
}

impl<'s> Ruler<'s> {
    pub fn new(source: &'s SourceFile, encoding: Encoding) -> Self {
        Self { source, encoding, last: Cell::new((0, 0, 0)) }
    }

    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.source.text.len());
        while !self.source.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.source.line_column(offset).line;
        let start = self.source.line_span(line).start as usize;
        let (from, units) = match self.last.get() {
            (last_start, last, units) if last_start == start && last <= offset => (last, units),
            _ => (start, 0),
        };
        let more = self.encoding.length(self.source.text.get(from..offset).unwrap_or_default());
        let character = units.saturating_add(more);
        self.last.set((start, offset, character));
        Position { line: u32::try_from(line - 1).unwrap_or(u32::MAX), character }
    }

    pub fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start as usize), end: self.position(span.end as usize) }
    }
}

/// The byte at a position; beyond its line the end of the line, beyond the text the end of the text.
pub fn offset(source: &SourceFile, position: Position, encoding: Encoding) -> usize {
    let line = position.line as usize + 1;
    if line > source.line_count() {
        return source.text.len();
    }
    let span = source.line_span(line);
    let text = source.slice(span).trim_end_matches('\r');
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units >= position.character as usize {
            return span.start as usize + at;
        }
        units += encoding.width(character);
    }
    span.start as usize + text.len()
}

pub fn span(source: &SourceFile, range: Range, encoding: Encoding) -> Span {
    let (start, end) = (offset(source, range.start, encoding), offset(source, range.end, encoding));
    Span::new(start.min(end), end.max(start))
}

/// The file that a URI names, under the one name it has; what is no file keeps its URI.
pub fn path_of(uri: &str) -> PathBuf {
    let path = Url::parse(uri).ok().filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok());
    match path {
        Some(path) => identity(&path),
        None => PathBuf::from(uri),
    }
}

pub fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

pub fn uri_of(path: &Path) -> Uri {
    match Url::from_file_path(path) {
        Ok(url) => Uri(url.to_string()),
        Err(()) => Uri(path.to_string_lossy().into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Ruler, offset};
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;

    #[test]
    fn positions_go_there_and_back_in_every_encoding() {
        let source = SourceFile::new(FileId(0), "a.deploy", "aé😀z\r\nsecond\n");
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let ruler = Ruler::new(&source, encoding);
            for (at, _) in source.text.char_indices().filter(|(_, one)| *one != '\n') {
                let alone = Ruler::new(&source, encoding).position(at);
                assert_eq!(ruler.position(at), alone, "{at} {encoding:?}");
                assert_eq!(offset(&source, alone, encoding), at, "{at} {encoding:?}");
            }
        }
        let end = Ruler::new(&source, Encoding::Utf16).position(7);
        assert_eq!((end.line, end.character), (0, 4));
        let beyond = gen_lsp_types::Position { line: 0, character: 99 };
        assert_eq!(offset(&source, beyond, Encoding::Utf8), 8);
        assert_eq!(offset(&source, gen_lsp_types::Position { line: 77, character: 0 }, Encoding::Utf8), 17);
    }
}

//! Between places in the protocol (lines and units of a negotiated encoding) and places in text (bytes).

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

pub fn position(source: &SourceFile, offset: usize, encoding: Encoding) -> Position {
    let mut offset = offset.min(source.text.len());
    while !source.text.is_char_boundary(offset) {
        offset -= 1;
    }
    let line = source.line_column(offset).line;
    let start = source.line_span(line).start as usize;
    let before = source.text.get(start..offset).unwrap_or_default();
    Position { line: u32::try_from(line - 1).unwrap_or(u32::MAX), character: encoding.length(before) }
}

pub fn range(source: &SourceFile, span: Span, encoding: Encoding) -> Range {
    Range { start: position(source, span.start as usize, encoding), end: position(source, span.end as usize, encoding) }
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
    use super::{Encoding, offset, position};
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;

    #[test]
    fn positions_go_there_and_back_in_every_encoding() {
        let source = SourceFile::new(FileId(0), "a.deploy", "aé😀z\r\nsecond\n");
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (at, _) in source.text.char_indices().filter(|(_, one)| *one != '\n') {
                assert_eq!(offset(&source, position(&source, at, encoding), encoding), at, "{at} {encoding:?}");
            }
        }
        let end = position(&source, 7, Encoding::Utf16);
        assert_eq!((end.line, end.character), (0, 4));
        let beyond = gen_lsp_types::Position { line: 0, character: 99 };
        assert_eq!(offset(&source, beyond, Encoding::Utf8), 8);
        assert_eq!(offset(&source, gen_lsp_types::Position { line: 77, character: 0 }, Encoding::Utf8), 17);
    }
}

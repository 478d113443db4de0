//! Source files with a line index, so that any offset becomes line and column cheaply.

use super::span::{FileId, Span};

/// One file as it was read. `text` is always valid UTF-8; bytes that were not are U+FFFD in it.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub id: FileId,
    /// The name shown to people: the path as the user gave it.
    pub name: String,
    pub text: String,
    /// Offset of the first byte that was not UTF-8, if any (PG010).
    pub first_bad_byte: Option<usize>,
    line_starts: Vec<u32>,
    /// Characters before each block of bytes; only for files with a line that is longer than a block.
    blocks: Vec<u32>,
}

/// Bytes after which characters are counted anew, so that columns in a line of megabytes are cheap too.
const BLOCK: usize = 4_096;

/// A place as people count it: both from 1, columns in Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    pub line: usize,
    pub column: usize,
}

impl SourceFile {
    #[must_use]
    pub fn new(id: FileId, name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
        let line_starts: Vec<u32> =
            std::iter::once(0).chain(newlines.map(|at| Span::new(at + 1, at + 1).start)).collect();
        let end = Span::new(text.len(), text.len()).end;
        let is_long = |start: u32, next: u32| next.saturating_sub(start) as usize > BLOCK;
        let last = line_starts.last().copied().unwrap_or(0);
        let any_long = line_starts.windows(2).any(|pair| is_long(pair[0], pair[1])) || is_long(last, end);
        let blocks = if any_long { count_blocks(&text) } else { Vec::new() };
        Self { id, name: name.into(), text, first_bad_byte: None, line_starts, blocks }
    }

    /// Reads bytes that need not be UTF-8: what is not becomes U+FFFD and its offset is kept.
    #[must_use]
    pub fn from_bytes(id: FileId, name: impl Into<String>, bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::new(id, name, text),
            Err(error) => {
                let mut file = Self::new(id, name, String::from_utf8_lossy(bytes));
                file.first_bad_byte = Some(error.valid_up_to());
                file
            }
        }
    }

    /// The same text as another file.
    #[must_use]
    pub fn renamed(&self, id: FileId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), ..self.clone() }
    }

    /// Line and column of a byte offset; offsets beyond the end are the end.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_starts.partition_point(|start| *start as usize <= offset);
        let start = self.line_starts[line - 1] as usize;
        LineColumn { line, column: self.characters_between(start, offset) + 1 }
    }

    fn characters_between(&self, start: usize, end: usize) -> usize {
        let (first, last) = (start / BLOCK, end / BLOCK);
        let bytes = self.text.as_bytes();
        match (self.blocks.get(first), self.blocks.get(last)) {
            (Some(before), Some(then)) if first < last => {
                let counted = (then - before) as usize + characters_in(&bytes[last * BLOCK..end]);
                counted - characters_in(&bytes[first * BLOCK..start])
            }
            _ => characters_in(&bytes[start..end]),
        }
    }

    /// The bytes of line `line` (from 1) without its line break; empty beyond the end.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|index| self.line_starts.get(index)) else {
            return Span::new(self.text.len(), self.text.len());
        };
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| *next as usize - 1);
        Span::new(*start as usize, end.max(*start as usize))
    }

    /// What to delete so that the text at `span` goes without a trace: its whole line when nothing else stands on it, else
    /// the blanks before it too when it ends its line.
    #[must_use]
    pub fn removal(&self, span: Span) -> Span {
        let start = self.line_span(self.line_column(span.start as usize).line).start as usize;
        let end = self.line_span(self.line_column(span.end as usize).line).end as usize;
        let blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
        let before = self.text.get(start..span.start as usize);
        if !blank(self.text.get(span.end as usize..end)) {
            return span;
        }
        if blank(before) {
            return Span::new(start, (end + 1).min(self.text.len()));
        }
        let kept = before.map_or(0, |before| before.trim_end().len());
        Span::new(start + kept, span.end as usize)
    }

    #[must_use]
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The text a span covers; a span that does not fit this file covers nothing.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// Bytes that begin a character.
fn characters_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// How many characters begin before each block.
fn count_blocks(text: &str) -> Vec<u32> {
    let mut sum = 0;
    let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
        let before = sum;
        sum += u32::try_from(characters_in(block)).unwrap_or(u32::MAX);
        before
    });
    let mut blocks: Vec<u32> = blocks.collect();
    blocks.push(sum);
    blocks
}

/// All files of one program.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file made by `build`, which is given the id it will have.
    pub fn add(&mut self, build: impl FnOnce(FileId) -> SourceFile) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(build(id));
        id
    }

    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, SourceFile};
    use crate::base::span::{FileId, Span};

    #[test]
    fn columns_count_characters_in_lines_of_any_length() {
        for text in
            ["é世x", "", &"aé世😀".repeat(3_000), &format!("ab\n{}\nz", "é".repeat(BLOCK * 3)), &"x\n".repeat(9_000)]
        {
            let file = SourceFile::new(FileId(0), "a.deploy", text);
            let (mut line, mut column) = (1, 1);
            for (at, character) in text.char_indices() {
                if at % 7 == 0 || at % BLOCK < 8 {
                    let found = file.line_column(at);
                    assert_eq!((found.line, found.column), (line, column), "at {at}");
                }
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            let end = file.line_column(text.len() + 9);
            assert_eq!((end.line, end.column), (line, column));
        }
    }

    #[test]
    fn what_is_removed_takes_its_line_or_its_blanks_with_it() {
        let file = SourceFile::new(FileId(0), "a.deploy", "one\n  two  \nthree four // five\n");
        let removed = |start: usize, end: usize| {
            let span = file.removal(Span::new(start, end)).range();
            format!("{}{}", &file.text[..span.start], &file.text[span.end..])
        };
        assert_eq!(removed(6, 9), "one\nthree four // five\n");
        assert_eq!(removed(23, 30), "one\n  two  \nthree four\n");
        assert_eq!(removed(12, 17), "one\n  two  \n four // five\n");
    }
}

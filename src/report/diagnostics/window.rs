//! The few lines of a file that a diagnostic is drawn on.
//!
//! Invariants: building a window costs what it shows, not what the file holds. Every shown line is cropped to the
//! room there is and has no control characters, so that drawing neither panics nor breaks a terminal. Line numbers
//! and columns stay those of the file.

use std::collections::BTreeSet;
use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use unicode_width::UnicodeWidthChar;

use crate::base::source::SourceFile;
use crate::base::span::Span;

/// Lines shown before and behind each mark.
pub const CONTEXT: usize = 1;

/// A mark over more lines than this is drawn on its first line only.
const TALLEST_MARK: usize = 6;

/// Columns of a tab, at most.
const TAB: usize = 4;

/// Columns of what leads from a mark to its word.
const ARROW: usize = 4;

/// A span with a word on it.
#[derive(Debug, Clone)]
pub struct Mark {
    pub span: Span,
    pub word: String,
    pub primary: bool,
}

#[derive(Debug)]
pub struct Window {
    name: String,
    text: String,
    lines: Vec<Line>,
}

/// A shown line: its place in the window's text, and which character of the file stands where.
#[derive(Debug)]
struct Line {
    /// From 0, as miette counts.
    number: usize,
    start: usize,
    /// Behind the line break.
    end: usize,
    /// The column (from 0) of the first character that was kept.
    first_column: usize,
    /// Offset in the file and in the window of every kept character, and of what follows the last one.
    places: Vec<(usize, usize)>,
}

impl Window {
    /// The window on `marks` with lines of at most `columns` characters, and the marks as places in it.
    #[must_use]
    pub fn new(file: &SourceFile, marks: &[Mark], columns: usize) -> (Self, Vec<LabeledSpan>) {
        let spans: Vec<Span> = marks.iter().map(|mark| drawable(file, mark.span)).collect();
        let mut window = Self { name: printable(&file.name), text: String::new(), lines: Vec::new() };
        for number in shown_lines(file, &spans) {
            window.push_line(file, number, &spans, columns);
        }
        let labels = marks.iter().zip(spans).map(|(mark, span)| window.label(mark, span)).collect();
        (window, labels)
    }

    fn push_line(&mut self, file: &SourceFile, number: usize, spans: &[Span], columns: usize) {
        let span = file.line_span(number);
        let text = file.slice(span).trim_end_matches('\r');
        let offset = span.start as usize;
        let first_mark = spans.iter().map(|mark| mark.start as usize).filter(|at| span.range().contains(at)).min();
        let shown = crop(text, first_mark.map_or(0, |at| at - offset), columns);
        let start = self.text.len();
        let mut places = Vec::new();
        if shown.start > 0 {
            self.text.push('…');
        }
        for (at, character) in text[shown.clone()].char_indices() {
            places.push((offset + shown.start + at, self.text.len()));
            self.text.push(if harmless(character) { character } else { '\u{fffd}' });
        }
        places.push((offset + shown.end, self.text.len()));
        if shown.end < text.len() {
            self.text.push('…');
        }
        self.text.push('\n');
        let first_column = if shown.start == 0 { 0 } else { file.line_column(offset + shown.start).column - 1 };
        self.lines.push(Line { number: number - 1, start, end: self.text.len(), first_column, places });
    }

    /// Whether the word of a label would run over the right edge.
    #[must_use]
    pub fn overflows(&self, label: &LabeledSpan, columns: usize) -> bool {
        let Some(word) = label.label() else { return false };
        let Some(line) = self.line_at(label.offset()).map(|index| &self.lines[index]) else { return false };
        let before = self.text.get(line.start..label.offset()).map_or(0, columns_of);
        let middle = self.text.get(label.offset()..label.offset() + label.len()).map_or(0, columns_of).min(columns) / 2;
        before + middle + ARROW + columns_of(word) > columns
    }

    fn label(&self, mark: &Mark, span: Span) -> LabeledSpan {
        let start = self.place(span.start as usize);
        let length = self.place(span.end as usize).saturating_sub(start);
        let word = if mark.word.is_empty() { None } else { Some(printable(&mark.word)) };
        if mark.primary {
            LabeledSpan::new_primary_with_span(word, (start, length))
        } else {
            LabeledSpan::new_with_span(word, (start, length))
        }
    }

    /// Where an offset of the file stands in the window; what was cropped away is where the crop begins.
    fn place(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|line| line.places.first().is_some_and(|(first, _)| *first <= offset));
        let Some(line) = self.lines.get(line.saturating_sub(1)) else { return 0 };
        let next = line.places.partition_point(|(at, _)| *at <= offset);
        line.places.get(next.saturating_sub(1)).map_or(line.start, |(_, place)| *place)
    }

    fn line_at(&self, place: usize) -> Option<usize> {
        self.lines.iter().position(|line| (line.start..line.end).contains(&place))
    }

    /// Whether line `index` and the next one are neighbours in the file too.
    fn joined(&self, index: usize) -> bool {
        matches!((self.lines.get(index), self.lines.get(index + 1)), (Some(line), Some(next)) if line.number + 1 == next.number)
    }
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let last_place = span.offset() + span.len().saturating_sub(1);
        let (Some(mut first), Some(mut last)) = (self.line_at(span.offset()), self.line_at(last_place)) else {
            return Err(MietteError::OutOfBounds);
        };
        if (first..last).any(|index| !self.joined(index)) {
            return Err(MietteError::OutOfBounds);
        }
        let top = &self.lines[first];
        let column = top.first_column + top.places.iter().take_while(|(_, place)| *place < span.offset()).count();
        for _ in 0..before {
            first = if first > 0 && self.joined(first - 1) { first - 1 } else { first };
        }
        for _ in 0..after {
            last = if self.joined(last) { last + 1 } else { last };
        }
        let range = self.lines[first].start..self.lines[last].end;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[range.clone()],
            (range.start, range.len()).into(),
            self.lines[first].number,
            if before == 0 { column } else { 0 },
            last - first + 1,
        )))
    }
}

/// The part of a line that fits into `columns` with what stands at `mark` in it: all of it, or a piece with a third of
/// the room before the mark. Costs what it shows.
fn crop(line: &str, mark: usize, columns: usize) -> Range<usize> {
    if line.len() <= columns * 4 && columns_of(line) <= columns {
        return 0..line.len();
    }
    let mark = floor_boundary(line, mark);
    let before = |from: usize, room: usize| from - fitting(line[..from].chars().rev(), room);
    let start = before(mark, columns / 3);
    let end = start + fitting(line[start..].chars(), columns);
    // At the end of the line there is room before the piece.
    if end == line.len() { before(end, columns)..end } else { start..end }
}

/// Bytes of the characters that fit into so many columns.
fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> usize {
    let mut taken = 0;
    let fits = |character: &char| {
        taken += width_of(*character);
        taken <= columns
    };
    // Characters without width could be any number.
    characters.take(columns * 4).take_while(fits).map(char::len_utf8).sum()
}

/// Columns that a text takes on a terminal.
#[must_use]
pub fn columns_of(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// A tab counts as the most it can take.
fn width_of(character: char) -> usize {
    if character == '\t' { TAB } else { character.width().unwrap_or(1) }
}

/// Text of the user that may be shown: without what steers a terminal. Line breaks stay.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\n' || harmless(character) { character } else { '\u{fffd}' })
        .collect()
}

/// Neither a control character nor one that reorders the text around it.
fn harmless(character: char) -> bool {
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    character == '\t' || !(character.is_control() || reorders)
}

/// The span as it can be drawn: inside the file, on whole characters, not too tall, and never behind the last line.
fn drawable(file: &SourceFile, span: Span) -> Span {
    let text = file.text.as_str();
    let visible = text.trim_end();
    let start = floor_boundary(text, span.start as usize);
    let end = floor_boundary(text, (span.end as usize).max(start));
    if start >= visible.len() {
        let last = visible.char_indices().next_back().map_or(0, |(at, _)| at);
        return Span::new(last, visible.len());
    }
    let first_line = file.line_column(start).line;
    let last_line = file.line_column(end).line;
    if last_line - first_line < TALLEST_MARK {
        return Span::new(start, start + text[start..end].trim_end().len());
    }
    let line_end = file.line_span(first_line).end as usize;
    Span::new(start, start + text[start..line_end.max(start)].trim_end().len())
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn shown_lines(file: &SourceFile, spans: &[Span]) -> BTreeSet<usize> {
    let ends_with_break = file.text.ends_with('\n');
    let last_line = if ends_with_break { file.line_count() - 1 } else { file.line_count() };
    let mut lines = BTreeSet::new();
    for span in spans {
        let first = file.line_column(span.start as usize).line;
        let last = file.line_column(span.end as usize).line;
        lines.extend(first.saturating_sub(CONTEXT).max(1)..=(last + CONTEXT).min(last_line.max(last)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Mark, Window};
    use crate::base::source::SourceFile;
    use crate::base::span::{FileId, Span};
    use miette::SourceCode;

    fn window(text: &str, spans: &[(usize, usize)], columns: usize) -> (Window, Vec<(usize, usize)>) {
        let file = SourceFile::new(FileId(0), "a.deploy", text);
        let marks: Vec<Mark> = spans
            .iter()
            .map(|(start, end)| Mark { span: Span::new(*start, *end), word: String::new(), primary: true })
            .collect();
        let (window, labels) = Window::new(&file, &marks, columns);
        let places = labels.iter().map(|label| (label.offset(), label.offset() + label.len())).collect();
        (window, places)
    }

    #[test]
    fn a_mark_shows_its_line_and_its_neighbours() {
        let (window, places) = window("one\ntwo\nthree\nfour\n", &[(4, 7)], 80);
        assert_eq!(window.text, "one\ntwo\nthree\n");
        assert_eq!(&window.text[places[0].0..places[0].1], "two");
    }

    #[test]
    fn a_long_line_is_cropped_around_its_mark() {
        let text = format!("{}needle{}", "a".repeat(100_000), "b".repeat(100_000));
        let (window, places) = window(&text, &[(100_000, 100_006)], 60);
        assert!(window.text.chars().count() < 70, "{}", window.text.len());
        assert_eq!(&window.text[places[0].0..places[0].1], "needle");
        let header = window.read_span(&(places[0].0, 6).into(), 0, 0).expect("inside");
        assert_eq!(header.column(), 100_000);
    }

    #[test]
    fn a_mark_at_the_end_of_the_file_points_at_the_last_character() {
        let (window, places) = window("abc {\n\n", &[(7, 7)], 80);
        assert_eq!(&window.text[places[0].0..places[0].1], "{");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let (window, _) = window("a\u{1b}[31m\u{202e}b", &[(0, 1)], 80);
        assert_eq!(window.text, "a\u{fffd}[31m\u{fffd}b\n");
    }

    #[test]
    fn distant_marks_are_separate_pieces() {
        let text = "line\n".repeat(1000);
        let (window, places) = window(&text, &[(0, 4), (2500, 2504)], 80);
        assert_eq!(window.lines.len(), 5);
        let across = (places[0].0, places[1].1 - places[0].0);
        assert!(window.read_span(&across.into(), 1, 1).is_err());
    }
}

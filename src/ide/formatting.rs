//! The style of `fmt`, for the whole file, a part of it, or what was just typed.
//!
//! Formatting only moves what stands between the words: edits are cut out of the formatted text gap by gap, so that any
//! part of them can be taken without the others and nothing that somebody wrote is ever replaced.

use rowan::NodeOrToken;

use crate::base::diagnostic::Edit;
use crate::base::source::SourceFile;
use crate::base::span::Span;
use crate::format::{Formatted, Refused, format};
use crate::syntax::tree::{SyntaxKind, tree};

/// One level of blocks.
const INDENT: &str = "  ";

/// What makes the file look as `fmt` would write it. What does not parse stays as it is.
///
/// # Errors
/// When the formatter refuses its own result.
pub fn whole(source: &SourceFile) -> Result<Vec<Edit>, Refused> {
    let Formatted { text, .. } = format(source)?;
    let Some(new) = text else { return Ok(Vec::new()) };
    let all = || vec![Edit { span: Span::new(0, source.text.len()), text: new.clone() }];
    Ok(gaps(&source.text, &new).unwrap_or_else(all))
}

/// The edits of [`whole`] that change only these lines.
///
/// # Errors
/// When the formatter refuses its own result.
pub fn part(source: &SourceFile, range: Span) -> Result<Vec<Edit>, Refused> {
    let Formatted { text, .. } = format(source)?;
    let Some(new) = text else { return Ok(Vec::new()) };
    // Nothing typed was moved only where the words are the same.
    let Some(edits) = gaps(&source.text, &new) else { return Ok(Vec::new()) };
    let lines = lines_of(source, range);
    Ok(edits.into_iter().filter_map(|edit| within(source, lines, edit)).collect())
}

/// Behind a closing brace its block; behind a line break the line that was left, and where the new one begins.
///
/// # Errors
/// When the formatter refuses its own result.
pub fn typed(source: &SourceFile, offset: usize, character: &str) -> Result<Vec<Edit>, Refused> {
    match character {
        "}" => {
            let start = opening(source, offset).unwrap_or(offset);
            part(source, Span::new(start, offset))
        }
        "\n" => {
            let line = source.line_column(offset).line;
            let here = source.line_span(line);
            let mut edits = match line.checked_sub(1).filter(|before| *before > 0) {
                Some(before) => part(source, source.line_span(before))?,
                None => Vec::new(),
            };
            edits.retain(|edit| edit.span.end < here.start);
            edits.extend(indentation(source, here));
            Ok(edits)
        }
        _ => Ok(Vec::new()),
    }
}

/// A new line begins where its block is.
fn indentation(source: &SourceFile, line: Span) -> Option<Edit> {
    let text = source.slice(line);
    if !text.trim().is_empty() {
        return None;
    }
    let depth = open_brackets(source, line.start as usize)?.len();
    let wanted = INDENT.repeat(depth);
    (text.trim_end_matches('\r') != wanted).then(|| {
        let end = line.start as usize + text.trim_end_matches('\r').len();
        Edit { span: Span::new(line.start as usize, end), text: wanted }
    })
}

/// Where the bracket stands that the one right before `offset` closes.
fn opening(source: &SourceFile, offset: usize) -> Option<usize> {
    let before = offset.checked_sub(1)?;
    open_brackets(source, before)?.pop()
}

/// The brackets that are open at a place; none inside of texts and comments.
fn open_brackets(source: &SourceFile, offset: usize) -> Option<Vec<usize>> {
    let mut open = Vec::new();
    for element in tree(source).descendants_with_tokens() {
        let NodeOrToken::Token(token) = element else { continue };
        let (start, end) = (usize::from(token.text_range().start()), usize::from(token.text_range().end()));
        if start >= offset {
            break;
        }
        let is_text = matches!(token.kind(), SyntaxKind::Comment | SyntaxKind::DocComment | SyntaxKind::StringText);
        if end > offset && is_text {
            return None;
        }
        match token.text() {
            "{" | "[" | "(" => open.push(start),
            "}" | "]" | ")" => drop(open.pop()),
            _ => {}
        }
    }
    Some(open)
}

fn lines_of(source: &SourceFile, range: Span) -> Span {
    let line = |offset: u32| source.line_span(source.line_column(offset as usize).line);
    let (first, last) = (line(range.start), line(range.end));
    // A selection that ends where a line begins does not mean that line.
    let ends_before = range.end > range.start && range.end == last.start;
    let end = if ends_before { last.start.saturating_sub(1) } else { last.end };
    Span { start: first.start, end: end.max(first.start) }
}

/// As much of the edit as changes these lines.
fn within(source: &SourceFile, lines: Span, edit: Edit) -> Option<Edit> {
    if edit.span.end > lines.end || edit.span.end < lines.start {
        return None;
    }
    if edit.span.start >= lines.start {
        return Some(edit);
    }
    // What stands before the first of the lines is left: only where the line begins may change.
    let indent = edit.text.rsplit_once('\n').map(|(_, indent)| indent.to_owned())?;
    let line = source.line_span(source.line_column(edit.span.end as usize).line);
    let span = Span { start: line.start, end: edit.span.end };
    (line.start >= lines.start && source.slice(span).trim().is_empty() && source.slice(span) != indent)
        .then_some(Edit { span, text: indent })
}

/// The gaps between words that differ. None when the words do.
fn gaps(old: &str, new: &str) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let (mut left, mut right) = (Words { text: old, at: 0 }, Words { text: new, at: 0 });
    loop {
        let (from, written) = (left.at, right.at);
        left.skip();
        right.skip();
        let (was, is) = (&old[from..left.at], &new[written..right.at]);
        if was != is {
            edits.push(Edit { span: Span::new(from, left.at), text: is.to_owned() });
        }
        match (left.character(), right.character()) {
            (None, None) => return Some(edits),
            (Some(one), Some(other)) if one == other => {
                left.at += one.len_utf8();
                right.at += other.len_utf8();
            }
            (Some('±'), Some('+')) if right.text[right.at..].starts_with("+-") => {
                edits.push(Edit { span: Span::new(left.at, left.at + '±'.len_utf8()), text: "+-".to_owned() });
                left.at += '±'.len_utf8();
                right.at += 2;
            }
            _ => return None,
        }
    }
}

/// The characters of a text but for blanks and commas: the formatter puts those where they belong.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl Words<'_> {
    fn skip(&mut self) {
        let rest = &self.text[self.at..];
        let words = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
        self.at += rest.len() - words.len();
    }

    fn character(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }
}

#[cfg(test)]
mod tests {
    use super::{part, typed, whole};
    use crate::base::diagnostic::Edit;
    use crate::base::source::SourceFile;
    use crate::base::span::{FileId, Span};
    use crate::format::format;

    const MESSY: &str = "/// It is.\npipeline   p {\n  // one\n phase a{wait   5m // two\n}\n\n\n\n    phase b after   a { gate {require 1 < 2\n warn   2<3 /* three */ } }\n  phase c { = = }\n}\n";

    fn source(text: &str) -> SourceFile {
        SourceFile::new(FileId(0), "a.deploy", text)
    }

    fn applied(text: &str, edits: &[Edit]) -> String {
        let mut text = text.to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.span.range(), &edit.text);
        }
        text
    }

    fn formatted(text: &str) -> String {
        format(&source(text)).expect("formatted").text.unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn a_file_becomes_what_fmt_writes() {
        let edits = whole(&source(MESSY)).expect("formatted");
        assert!(edits.len() > 3, "{edits:?}");
        assert_eq!(applied(MESSY, &edits), formatted(MESSY));
    }

    #[test]
    fn any_part_can_be_formatted_alone_and_nothing_is_lost() {
        for start in (0..MESSY.len()).step_by(3) {
            for end in (start..MESSY.len()).step_by(7) {
                let edits = part(&source(MESSY), Span::new(start, end)).expect("formatted");
                let text = applied(MESSY, &edits);
                assert_eq!(formatted(&text), formatted(MESSY), "{start}..{end}: {text}");
            }
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        let text = "pipeline p {\n     phase a { wait   1m }\n     phase b { wait   2m }\n}\n";
        let at = text.find("phase a").expect("there");
        let edits = part(&source(text), Span::new(at, at)).expect("formatted");
        assert_eq!(applied(text, &edits), "pipeline p {\n  phase a { wait 1m }\n     phase b { wait   2m }\n}\n");
    }

    #[test]
    fn a_closing_brace_formats_its_block_and_a_line_break_its_line() {
        let text = "pipeline p {\n  lock   \"x\"\n  phase a {\n   wait   1m\n      wait 2m\n  }\n}\n";
        let brace = text.find("\n}").expect("there");
        let edits = typed(&source(text), brace, "}").expect("formatted");
        assert_eq!(
            applied(text, &edits),
            "pipeline p {\n  lock   \"x\"\n  phase a {\n    wait 1m\n    wait 2m\n  }\n}\n"
        );
        let text = "pipeline p {\n  phase a {\n   wait   1m\n\n  }\n}\n";
        let edits = typed(&source(text), text.find("\n\n").expect("there") + 1, "\n").expect("formatted");
        assert_eq!(applied(text, &edits), "pipeline p {\n  phase a {\n    wait 1m\n    \n  }\n}\n");
    }
}

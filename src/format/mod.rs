//! One canonical style. `docs/formatting.md` says what it is.
//!
//! Invariants: the meaning never changes and no comment is lost: every result is read again and compared with its
//! source, and formatted again, before it is given. What does not parse is kept as it is. Linear in the source.
//!
//! The way of a text: [`writer`] puts the elements of the source into a [`document`] in their order, as the layouts in
//! [`items`], [`lists`], [`parts`] and [`expressions`] separate them and with the comments that [`remarks`] keeps in
//! place; [`measure`] knows how wide everything is, [`runs`] aligns what stands below one another, [`print`] breaks lines.

mod document;
mod expressions;
mod faults;
mod items;
mod lists;
mod measure;
mod parts;
mod print;
mod remarks;
mod runs;
mod verify;
mod writer;

use std::borrow::Cow;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::SourceFile;
use crate::syntax::elements::{Element, Written, read, read_sound};
use crate::syntax::parse;

use self::measure::Measure;
use self::verify::{Version, same};
use self::writer::Writer;

/// What became of a file.
#[derive(Debug)]
pub struct Formatted {
    /// The whole new text; nothing when it is what the file has.
    pub text: Option<String>,
    /// What does not parse and is therefore as it was.
    pub diagnostics: Vec<Diagnostic>,
}

/// The result did not say what the source says: a fault of the formatter, so nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Formats a file. One that is not UTF-8 is left as it is.
///
/// # Errors
/// When the check of the result fails on a file without faults.
pub fn format(source: &SourceFile) -> Result<Formatted, Refused> {
    if source.first_bad_byte.is_some() {
        return Ok(Formatted { text: None, diagnostics: parse(source).diagnostics });
    }
    let ends = LineEnds::of(&source.text);
    let body = ends.body(&source.text);
    let moved = body.len() != source.text.len();
    let piece = moved.then(|| SourceFile::new(source.id, "", body.as_ref()));
    let written = read(piece.as_ref().unwrap_or(source));
    let result = lay_out_checked(&body, &written)?;
    let diagnostics =
        if moved && !written.diagnostics.is_empty() { parse(source).diagnostics } else { written.diagnostics };
    let text = result.map_or_else(|| Some(ends.restore(&body)), |text| Some(ends.restore(&text)));
    Ok(Formatted { text: text.filter(|text| *text != source.text), diagnostics })
}

/// The new text; nothing if the text is to stay as it is.
fn lay_out_checked(text: &str, written: &Written) -> Result<Option<String>, Refused> {
    if written.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::PG009) {
        return Ok(None);
    }
    let result = lay_out(text, written);
    if result == text {
        return Ok(None);
    }
    let again = SourceFile::new(crate::base::span::FileId(0), "", result.as_str());
    // When both have one tree and one has no faults, neither has the other; when they differ it is refused anyhow.
    let again = if written.diagnostics.is_empty() { read_sound(&again) } else { read(&again) };
    let before = Version { text, elements: &written.elements };
    let after = Version { text: &result, elements: &again.elements };
    if same(before, after) && lay_out(&result, &again) == result {
        return Ok(Some(result));
    }
    if written.diagnostics.is_empty() { Err(Refused) } else { Ok(None) }
}

fn lay_out(text: &str, written: &Written) -> String {
    let kept = faults::kept(&written.elements, &written.diagnostics);
    let elements: &[Element] = &written.elements;
    let mut writer = Writer::new(text, elements, &kept);
    writer.file();
    let (mut ops, mut runs) = writer.finish();
    let mut measure = Measure::new(&ops, text);
    runs.settle(&mut ops, &measure);
    measure.look_ahead(&ops, text);
    let mut result = print::print(&ops, &measure, text);
    let open = written.diagnostics.iter().any(|one| matches!(one.code, Code::PG002 | Code::PG003));
    if open && !text.ends_with('\n') && result.ends_with('\n') {
        // A string or a comment that nothing closes ends with the file: a line break would belong to it.
        result.pop();
    }
    result
}

/// How the lines of a file end, and whether it begins with a byte order mark. Neither is changed.
struct LineEnds {
    windows: bool,
    mark: bool,
}

const MARK: char = '\u{FEFF}';

impl LineEnds {
    /// The line ends that the file has most.
    fn of(text: &str) -> Self {
        let windows = text.matches("\r\n").count();
        let all = if windows > 0 { text.matches('\n').count() } else { 0 };
        Self { windows: windows * 2 > all, mark: text.starts_with(MARK) }
    }

    /// The text without its mark, every line ending in `\n`.
    fn body<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = if self.mark { &text[MARK.len_utf8()..] } else { text };
        if text.contains("\r\n") { Cow::Owned(with_plain_ends(text)) } else { Cow::Borrowed(text) }
    }

    fn restore(&self, body: &str) -> String {
        let mark = if self.mark { "\u{FEFF}" } else { "" };
        let lines = if self.windows { Cow::Owned(body.replace('\n', "\r\n")) } else { Cow::Borrowed(body) };
        format!("{mark}{lines}")
    }
}

/// All carriage returns before a line feed belong to the end of the line: one that was left would make the next line feed
/// look like an end of its own.
fn with_plain_ends(text: &str) -> String {
    let (lines, last) = text.rsplit_once('\n').map_or((None, text), |(lines, last)| (Some(lines), last));
    let lines = lines.into_iter().flat_map(|lines| lines.split('\n'));
    lines.flat_map(|line| [line.trim_end_matches('\r'), "\n"]).chain([last]).collect()
}

//! Fixes put into a text: as many at once as do not touch each other, and none that makes the text read worse.

use crate::base::diagnostic::{Diagnostic, Edit};
use crate::base::source::SourceFile;
use crate::syntax::parse;

/// Taking fixes apart one by one parses the file for each; beyond this many, those that are left wait for the next round.
const MOST_TRIED_ALONE: usize = 200;

/// A text with fixes in it.
#[derive(Debug, Clone)]
pub struct Fixed<'d> {
    pub text: String,
    /// What was fixed, in the order of the text.
    pub fixed: Vec<&'d Diagnostic>,
}

/// The file with the fixes of its diagnostics; `None` when nothing can be fixed. Of two that touch, the first in the
/// text is taken. Fixes after which the file would have more faults of syntax are dropped.
#[must_use]
pub fn apply<'d>(file: &SourceFile, diagnostics: &[&'d Diagnostic]) -> Option<Fixed<'d>> {
    if file.first_bad_byte.is_some() {
        return None;
    }
    let chosen = choose(file, diagnostics);
    if chosen.is_empty() {
        return None;
    }
    let faults = faults(file, &file.text);
    let whole = put_in(file, &chosen);
    if self::faults(file, &whole) <= faults {
        return Some(Fixed { text: whole, fixed: chosen });
    }
    let mut kept: Vec<&'d Diagnostic> = Vec::new();
    let mut text = None;
    for diagnostic in chosen.into_iter().take(MOST_TRIED_ALONE) {
        kept.push(diagnostic);
        let tried = put_in(file, &kept);
        if self::faults(file, &tried) <= faults {
            text = Some(tried);
        } else {
            kept.pop();
        }
    }
    text.map(|text| Fixed { text, fixed: kept })
}

fn faults(file: &SourceFile, text: &str) -> usize {
    parse(&SourceFile::new(file.id, file.name.as_str(), text)).diagnostics.len()
}

/// Diagnostics whose fixes fit the text and do not touch, in the order of the text.
fn choose<'d>(file: &SourceFile, diagnostics: &[&'d Diagnostic]) -> Vec<&'d Diagnostic> {
    let fits = |edit: &Edit| edit.span.start <= edit.span.end && file.text.get(edit.span.range()).is_some();
    let mut fixable: Vec<&'d Diagnostic> = diagnostics.to_vec();
    fixable.retain(|diagnostic| diagnostic.fix.as_ref().is_some_and(|fix| fix.edits.iter().all(fits)));
    fixable.sort_by_key(|diagnostic| (diagnostic.at, diagnostic.code));
    let mut taken: Vec<&Edit> = Vec::new();
    fixable.retain(|diagnostic| {
        let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits);
        let free = edits.clone().all(|edit| is_free(&taken, edit));
        if free {
            for edit in edits {
                let place = taken.partition_point(|other| other.span < edit.span);
                taken.insert(place, edit);
            }
        }
        free
    });
    fixable
}

/// Whether no edit that was taken touches this one; two may ask for the very same.
fn is_free(taken: &[&Edit], edit: &Edit) -> bool {
    let place = taken.partition_point(|other| other.span < edit.span);
    let apart =
        |other: &&&Edit| other.span.end < edit.span.start || other.span.start > edit.span.end || **other == edit;
    taken[..place].last().is_none_or(|other| apart(&other)) && taken.get(place).is_none_or(|other| apart(&other))
}

/// The text with all edits; inserted line breaks are those of the file.
fn put_in(file: &SourceFile, diagnostics: &[&Diagnostic]) -> String {
    let mut edits: Vec<&Edit> =
        diagnostics.iter().filter_map(|one| one.fix.as_ref()).flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| edit.span);
    edits.dedup();
    let windows = file.text.contains("\r\n");
    let mut text = String::with_capacity(file.text.len() + 64);
    let mut done = 0;
    for edit in edits {
        let span = edit.span.range();
        text.push_str(file.text.get(done..span.start).unwrap_or_default());
        if windows {
            text.push_str(&edit.text.replace('\n', "\r\n"));
        } else {
            text.push_str(&edit.text);
        }
        done = span.end;
    }
    text.push_str(file.text.get(done..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::apply;
    use crate::base::diagnostic::{Code, Diagnostic};
    use crate::base::source::SourceFile;
    use crate::base::span::{FileId, Location, Span};

    fn fix(start: usize, end: usize, text: &str) -> Diagnostic {
        let at = Location::new(FileId(0), Span::new(start, end));
        Diagnostic::new(Code::PG005, at, "wrong").fix("write it", at.span, text)
    }

    fn fixed(text: &str, diagnostics: &[Diagnostic]) -> Option<String> {
        let file = SourceFile::new(FileId(0), "a.deploy", text);
        apply(&file, &diagnostics.iter().collect::<Vec<_>>()).map(|fixed| fixed.text)
    }

    #[test]
    fn all_that_do_not_touch_are_put_in_at_once() {
        let text = "type A = { a: itn, b: strin }\n";
        let both = [fix(22, 27, "string"), fix(14, 17, "int")];
        assert_eq!(fixed(text, &both).as_deref(), Some("type A = { a: int, b: string }\n"));
    }

    #[test]
    fn of_two_that_touch_the_first_is_taken() {
        let text = "type A = { a: itn }\n";
        assert_eq!(fixed(text, &[fix(15, 17, "nt"), fix(14, 17, "int")]).as_deref(), Some("type A = { a: int }\n"));
    }

    #[test]
    fn the_same_edit_asked_for_twice_is_made_once() {
        let text = "type A = { a: int }\n";
        let twice = [fix(0, 0, "use std.shell\n"), fix(0, 0, "use std.shell\n")];
        assert_eq!(fixed(text, &twice).as_deref(), Some("use std.shell\ntype A = { a: int }\n"));
    }

    #[test]
    fn what_would_read_worse_is_dropped() {
        let text = "type A = { a: itn, b: int }\n";
        let worse = [fix(9, 10, ""), fix(14, 17, "int")];
        assert_eq!(fixed(text, &worse).as_deref(), Some("type A = { a: int, b: int }\n"));
        assert_eq!(fixed(text, &worse[..1]), None);
    }

    #[test]
    fn line_breaks_stay_those_of_the_file() {
        let text = "type A = { a: int }\r\n";
        assert_eq!(
            fixed(text, &[fix(0, 0, "use std.shell\n")]).as_deref(),
            Some("use std.shell\r\ntype A = { a: int }\r\n")
        );
    }

    #[test]
    fn spans_that_do_not_fit_are_passed_over() {
        assert_eq!(fixed("é\n", &[fix(1, 2, "e"), fix(90, 95, "x")]), None);
    }
}

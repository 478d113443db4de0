//! A text that was scanned before it was edited: only what the edit touches is scanned again.
//!
//! Invariant: what comes out is what [`scan`] gives. It starts anew at a line break before an item where no bracket is open, as
//! nothing above one has a say in what follows; and it ends at such a line break behind the edit, if there was one before too.

use crate::base::span::Span;

use super::scan::{Comment, LookAlike, OpenString, Scan, Scanner, scan};

/// Scans `text`, which begins and ends with so many bytes of the one that `before` is of.
pub(super) fn rescan(before: &Scan, text: &str, (start, end): (usize, usize)) -> Scan {
    let first = before.fresh_starts.partition_point(|at| *at < start).checked_sub(1);
    let Some(from) = first.filter(|_| before.too_deep.is_none()).map(|first| before.fresh_starts[first]) else {
        return scan(text, true);
    };
    let behind = text.len() - end;
    let then = |at: usize| at + before.prepared.len() - text.len();
    let mut scanner = Scanner::new(text, true, from, until(before, from));
    scanner.run(|scanner| {
        scanner.at >= behind
            && scanner.nesting.is_outside()
            && before.fresh_starts.binary_search(&then(scanner.at)).is_ok()
    });
    let to = scanner.at;
    let (Ok(between), None) = (std::str::from_utf8(&scanner.bytes[from..to]), scanner.found.too_deep) else {
        return scan(text, true);
    };
    let mut found = scanner.found;
    found.prepared.reserve_exact(text.len() - from);
    found.prepared.push_str(between);
    if to < text.len() {
        append(&mut found, before, then(to), to);
    } else {
        found.tokens.finish(to);
    }
    found
}

/// What is in a text before one of its fresh starts.
fn until(scan: &Scan, end: usize) -> Scan {
    fn take<T: Clone>(found: &[T], is_before: impl Fn(&T) -> bool) -> Vec<T> {
        found[..found.partition_point(is_before)].to_vec()
    }
    let is_before = |at: Span| (at.start as usize) < end;
    Scan {
        prepared: scan.prepared[..end].to_owned(),
        tokens: scan.tokens.before_mark(end),
        comments: take(&scan.comments, |comment| is_before(comment.at)),
        open_strings: take(&scan.open_strings, |string| is_before(string.at)),
        look_alikes: take(&scan.look_alikes, |sign| is_before(sign.at)),
        braces: take(&scan.braces, |at| *at < end),
        too_deep: None,
        fresh_starts: take(&scan.fresh_starts, |at| *at < end),
    }
}

/// Goes on as another text does from one of its fresh starts, which stood at `from` there and stands at `to` here.
fn append(found: &mut Scan, other: &Scan, from: usize, to: usize) {
    fn rest<T>(found: &[T], is_before: impl Fn(&T) -> bool) -> &[T] {
        &found[found.partition_point(is_before)..]
    }
    let is_before = |at: Span| (at.start as usize) < from;
    let moved = |at: usize| at - from + to;
    let moved_span = |at: Span| Span::new(moved(at.start as usize), moved(at.end as usize));
    found.prepared.push_str(&other.prepared[from..]);
    found.tokens.append_from_mark(&other.tokens, from, to);
    let comments = rest(&other.comments, |comment| is_before(comment.at)).iter();
    found.comments.extend(comments.map(|comment| Comment { at: moved_span(comment.at), ..*comment }));
    let strings = rest(&other.open_strings, |string| is_before(string.at)).iter();
    found.open_strings.extend(strings.map(|string| OpenString {
        at: moved_span(string.at),
        hole: string.hole.map(moved),
        ..*string
    }));
    let signs = rest(&other.look_alikes, |sign| is_before(sign.at)).iter();
    found.look_alikes.extend(signs.map(|sign| LookAlike { at: moved_span(sign.at), ..*sign }));
    found.braces.extend(rest(&other.braces, |at| *at < from).iter().copied().map(moved));
    found.fresh_starts.extend(rest(&other.fresh_starts, |at| *at < from).iter().copied().map(moved));
}

#[cfg(test)]
mod tests {
    use super::{rescan, scan};

    /// Each piece put in at each place, and each place taken out, of texts that are scanned again and again.
    #[test]
    fn what_is_scanned_again_is_what_is_scanned() {
        let texts = [
            "use std.exec\n\n/// Doc.\npipeline p {\n  step a = f(x)\n    .y // …\n}\ntype T = int\nmetrics m from s {\n  a: int = \"é\"\n}\nalert b\n",
            "\u{FEFF}// first\r\npipeline p {\r\n  gate { require a ≤ 1 }\r\n}\r\ntype A = “b”\r\ntype C = int\r\n",
            "pipeline p { if x\ntype A = int\n}\n}\ntype B = \"\"\"\ntype no\n\"\"\"\ntype C = /*\n*/ int\n",
        ];
        let pieces = ["{", "}", "\"", "\"\"\"", "/*", "*/", "\n", "\ntype D = 1\n", "é", "”", "if ", "."];
        for text in texts {
            let before = scan(text, true);
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                let next = (at + 1..=text.len()).find(|next| text.is_char_boundary(*next)).unwrap_or(at);
                let edited = pieces.iter().map(|piece| (format!("{}{piece}{}", &text[..at], &text[at..]), at));
                let cut = (format!("{}{}", &text[..at], &text[next..]), next);
                for (edited, from) in edited.chain([cut]) {
                    let again = rescan(&before, &edited, (at, text.len() - from));
                    assert_eq!(format!("{again:?}"), format!("{:?}", scan(&edited, true)), "{edited}");
                }
            }
        }
    }
}
